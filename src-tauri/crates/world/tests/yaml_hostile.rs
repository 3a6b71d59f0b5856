//! Texts made to hurt: each ends soon, without a panic, with a value or with one clear problem.
#![cfg(test)]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use world::yaml::{Edit, diff, documents, edit, read, split};

/// Bytes of the usual text that others are held against.
const USUAL: usize = 128 << 10;

fn keys(bytes: usize) -> String {
    // No line is shorter than twelve bytes, or longer than twice that.
    (0..bytes / 12).map(|n| format!("key-{n}: {n}\n")).collect()
}

fn time(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

/// It takes at most so many times what another takes at the same hour: whatever else the machine does, one attempt of some shows it.
fn at_most(times: u32, what: &str, other: impl Fn(), run: impl Fn()) {
    let mut last = (Duration::ZERO, Duration::ZERO);
    for _ in 0..6 {
        last = (time(&other), time(&run));
        if last.1 <= last.0 * times {
            return;
        }
    }
    panic!("{what} took {:?}, and {times} times {:?} is its measure", last.1, last.0);
}

/// It costs at most some times as much as usual text of its size.
fn is_cheap(what: &str, bytes: usize, run: impl Fn()) {
    let usual = keys(USUAL);
    let sizes = u32::try_from(bytes / USUAL).unwrap() + 1;
    at_most(8 * sizes, what, || drop(read(&usual)), run);
}

fn bomb(levels: usize) -> String {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..=levels {
        let inner = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    text
}

fn chain_of_merges(length: usize) -> String {
    let mut text = "a0: &a0 {k0: 1}\n".to_owned();
    for n in 1..=length {
        text.push_str(&format!("a{n}: &a{n}\n  <<: *a{}\n  k{n}: 1\n", n - 1));
    }
    text
}

#[test]
fn refused_with_a_reason() {
    let table: Vec<(&str, String, &str)> = vec![
        ("alias bomb", bomb(9), "aliases stand for more"),
        ("merge chain", chain_of_merges(5000), "aliases stand for more"),
        ("deep block", (0..20_000).map(|n| format!("{:n$}a:\n", "")).take(3000).collect(), ""),
        ("deep flow", "[".repeat(20_000), ""),
        ("deep flow, closed", format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)), ""),
        ("deep dashes", "- ".repeat(20_000), ""),
        ("deep maps", "{a: ".repeat(20_000), ""),
        ("too long", "a: ".to_owned() + &"x".repeat(65 << 20), "MiB"),
        ("self reference", "a: &a\n  b: *a\n".into(), "alias"),
        ("nul", "a: \0\n".into(), ""),
        ("control", "a: \u{1}\n".into(), ""),
        ("tab", "a:\n\t- b\n".into(), "tab"),
        ("utf-16", "\u{fffe}a: 1\n".into(), ""),
        ("python", "a: !!python/object/apply:os.system [x]\n".into(), ""),
        ("unclosed", "a: \"".into(), ""),
        ("binary", "a: !!binary aGVsbG8=\n".into(), "!!binary"),
        ("directive", "%YAML 9.9\n---\na: 1\n%TAG\n".into(), ""),
        ("duplicate", "a: 1\n".repeat(2), "already set on line 1"),
        ("1,025 documents", "---\na: 1\n".repeat(1025), "second document"),
    ];
    for (what, text, words) in table {
        let reading = read(&text);
        if let [problem] = &reading.problems[..] {
            assert!(problem.message.en.contains(words), "{what}: {}", problem.message);
            assert!(problem.message.en.len() < 300, "{what}: {}", problem.message.en.len());
            assert!(edit(&text, &[Edit::set("/a", 1)]).is_err(), "{what}");
        } else {
            assert!(
                words.is_empty() && matches!(what, "control" | "python" | "utf-16" | "nul"),
                "{what} was read: {}",
                reading.value
            );
        }
        is_cheap(what, text.len(), || drop((read(&text), split(&text), documents(&text, "x"))));
    }
}

#[test]
fn read_for_all_its_size() {
    let length = |value: &Value| value["a"].as_str().map(str::len).or(value["a"].as_array().map(Vec::len));
    let table = [
        ("a long line", format!("a: {}\n", "x".repeat(10 << 20)), Some(10 << 20)),
        ("a long list", format!("a: [{}]\n", "1, ".repeat(100_000)), Some(100_000)),
        ("comments", "# c\n".repeat(100_000), None),
        ("comments above", format!("{}a: x\n", "# c\n".repeat(100_000)), Some(1)),
        ("many keys", format!("{}a: x\n", keys(1 << 20)), Some(1)),
    ];
    for (what, text, expected) in table {
        let reading = read(&text);
        assert_eq!((length(&reading.value), reading.problems.len()), (expected, 0), "{what}");
        is_cheap(what, text.len(), || drop(read(&text)));
    }
    let many = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n".repeat(1025);
    assert_eq!((documents(&many, "many").0.len(), split(&many).len()), (1025, 1025));
    is_cheap("many documents", many.len(), || drop((documents(&many, "many"), split(&many))));
}

#[test]
fn odd_marks() {
    assert_eq!(read("\u{feff}a: 1\r\nb: |\r\n  x\r\n  y\r\n").value, json!({"a": 1, "b": "x\ny\n"}));
    assert_eq!(read("a: \"\\ud83d\\ude00\"\n").value["a"], "\u{1F600}", "a pair, as JSON writes it");
    assert_eq!(read("a: \"\\ud83d\"\n").problems.len(), 1, "half a pair");
}

#[test]
fn edited_for_all_its_size() {
    let keys: String = (0..20_000).map(|n| format!("key-{n}: {n} # {n}\n")).collect();
    let edits = [Edit::set("/key-10000", "x"), Edit::remove("/key-10001"), Edit::set("/new", 1)];
    let after = edit(&keys, &edits).unwrap();
    assert_eq!(
        after.len(),
        keys.len() - "key-10001: 10001 # 10001\n".len() - "10000".len() + "x".len() + "new: 1\n".len()
    );
    at_most(20, "three edits of many keys", || drop(read(&keys)), || drop(edit(&keys, &edits)));
    let long = format!("a: {}\nb: 1\n", "x".repeat(10 << 20));
    assert!(edit(&long, &[Edit::set("/b", 2)]).unwrap().ends_with("\nb: 2\n"));
    at_most(20, "an edit behind a long line", || drop(read(&long)), || drop(edit(&long, &[Edit::set("/b", 2)])));
}

#[test]
fn a_diff_of_strangers_ends() {
    let text = |salt: u64, lines: usize| -> String {
        let step = |n: &u64| Some(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        std::iter::successors(Some(salt), step).skip(1).take(lines).map(|n| format!("{}\n", n >> 52)).collect()
    };
    let [few, others, many, strangers] =
        [(1, 7500), (2, 7500), (1, 30_000), (2, 30_000)].map(|(n, lines)| text(n, lines));
    assert!(diff(&many, &strangers).len() >= 30_000);
    // Four times the lines: the square of that, at most.
    at_most(32, "a diff of 30,000 lines", || drop(diff(&few, &others)), || drop(diff(&many, &strangers)));
}
