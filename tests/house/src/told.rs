//! What rules say, they say in both languages.

use crate::{files, none, text};

/// A text in quotes: where it begins, and what it holds.
type Literal<'a> = (usize, &'a str);

/// The texts in quotes of Rust code, outside comments; raw ones hold no sentences and are left out.
fn literals(code: &str) -> Vec<Literal<'_>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(next) = code[at..].find(['"', '/', '\'']) {
        at += next;
        let rest = &code[at..];
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if code[..at].ends_with("r#") {
            at += rest.find("\"#").map_or(rest.len(), |end| end + 2);
        } else if rest.starts_with("'\"'") {
            at += 3;
        } else if rest.starts_with('"') {
            let escaped = |end: usize| rest[..end].bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1;
            let end = rest.match_indices('"').map(|(end, _)| end).find(|end| *end > 0 && !escaped(*end)).unwrap();
            found.push((at, &rest[1..end]));
            at += end + 1;
        } else {
            at += 1;
        }
    }
    found
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Two plain words in a row.
fn is_sentence(text: &str) -> bool {
    let plain =
        |word: &&str| word.len() > 1 && word.trim_end_matches([',', ':', ';']).bytes().all(|b| b.is_ascii_lowercase());
    let words: Vec<&str> = text.split(' ').collect();
    !is_chinese(text) && words.windows(2).any(|pair| pair.iter().all(&plain))
}

/// A rule's own words stand beside their Chinese in `zh`; reasons of attributes are for us.
fn is_told_elsewhere(before: &str) -> bool {
    ["what:", "why:", "fix:", "reason ="].iter().any(|field| before.trim_end().ends_with(field))
}

#[test]
fn a_sentence_of_a_rule_has_its_chinese_behind_it() {
    let own = |file: &String| {
        let place = file.contains("/src/rules/") || file.contains("/src/valid/");
        place && file.ends_with(".rs") && !file.ends_with("/cases.rs") && !file.ends_with("/foreign.rs")
    };
    let (mut breaches, mut sentences) = (Vec::new(), 0);
    for file in files().into_iter().filter(own) {
        let whole = text(&file).unwrap();
        let code = whole.split("#[cfg(test)]\nmod tests").next().unwrap();
        let all = literals(code);
        for (n, (at, said)) in all.iter().enumerate().filter(|(_, (_, said))| is_sentence(said)) {
            if is_told_elsewhere(&code[..*at]) {
                continue;
            }
            sentences += 1;
            if !all.get(n + 1).is_some_and(|(_, next)| is_chinese(next)) {
                let line = code[..*at].lines().count();
                breaches.push(format!("{file}:{line}: {said}"));
            }
        }
    }
    assert!(sentences > 300, "sentences of rules are found: {sentences}");
    none(breaches, "sentences of rules without Chinese behind them");
}
