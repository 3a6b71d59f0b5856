//! Whether a sentence says the same in both languages, as far as a machine can tell.

use std::collections::BTreeSet;

use world::{Said, World};

/// Fails unless the Chinese is Chinese, and has in it every name that the English has: what is quoted, what no English word is written like,
/// and what is called so in this world. A rule that passes on what a controller or a library says tells that as it is.
pub fn in_both(said: &Said, world: &World, of: &str, passed_on: &[&str]) {
    if passed_on.contains(&of) {
        assert!(!said.en.is_empty() && said.en == said.zh, "{of}: {said:?}");
        return;
    }
    let han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    assert!(said.zh.chars().any(han), "{of} is not told in Chinese: {}", said.en);
    assert!(!said.zh.contains('{') || said.en.contains('{'), "{of}: a value is missing: {}", said.zh);
    let called = called(world);
    for name in names(&said.en, &called) {
        assert!(said.zh.contains(name), "{of} leaves {name} out in Chinese: {} | {}", said.en, said.zh);
    }
}

fn names<'a>(english: &'a str, called: &BTreeSet<String>) -> Vec<&'a str> {
    let quoted = english.match_indices(" '").map(|(at, _)| at + 2).chain(english.starts_with('\'').then_some(1));
    let quoted = quoted.filter_map(|at| english[at..].split_once('\'')).map(|(inner, _)| inner);
    let marked = |word: &&str| {
        word.chars().any(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || "/._=@*[]<>%~".contains(c))
            || called.contains(*word)
    };
    // A mark of the sentence is none of the name's; nor is the s of several, or of whose something is.
    let bare = |word: &'a str| {
        let word = word.trim_matches(|c: char| ",;:()'\"…".contains(c)).trim_end_matches('.');
        let whole = word.strip_suffix("'s").unwrap_or(word);
        if called.contains(whole) { whole } else { whole.strip_suffix('s').filter(|one| is_kind(one)).unwrap_or(whole) }
    };
    quoted.chain(english.split_whitespace().map(bare).filter(marked)).collect()
}

/// `RequestAuthentication`
fn is_kind(word: &str) -> bool {
    let inner = word.chars().skip(1).any(|c| c.is_ascii_uppercase());
    inner
        && word.chars().all(|c| c.is_ascii_alphabetic())
        && word.chars().last().is_some_and(|c| c.is_ascii_lowercase())
}

/// What objects and namespaces of a world are called; names that a sentence may have as words are left out.
fn called(world: &World) -> BTreeSet<String> {
    const WORDS: [&str; 9] = ["default", "mesh", "other", "out", "two", "own", "route", "token", "local"];
    let documents = world.documents().flat_map(|d| [d.key.name.clone(), d.key.namespace.clone()]);
    let services = world.services().flat_map(|s| [s.name.clone(), s.namespace.clone()]);
    documents.chain(services).filter(|name| name.len() > 2 && !WORDS.contains(&name.as_str())).collect()
}
