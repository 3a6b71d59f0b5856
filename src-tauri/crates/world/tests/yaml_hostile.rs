//! Texts made to hurt: each ends soon, without a panic, with a value or with one clear problem.
#![cfg(test)]

use std::time::{Duration, Instant};

use serde_json::json;
use world::yaml::{Edit, diff, documents, edit, read, split};

/// Debug builds on a busy machine; the figures themselves are some hundred times smaller.
const SOON: Duration = Duration::from_secs(20);

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
        let start = Instant::now();
        let reading = read(&text);
        let took = start.elapsed();
        assert!(took < SOON, "{what} took {took:?}");
        if let [problem] = &reading.problems[..] {
            assert!(problem.message.contains(words), "{what}: {}", problem.message);
            assert!(problem.message.len() < 300, "{what}: {}", problem.message.len());
            assert!(edit(&text, &[Edit::set("/a", 1)]).is_err(), "{what}");
        } else {
            assert!(
                words.is_empty() && matches!(what, "control" | "python" | "utf-16" | "nul"),
                "{what} was read: {}",
                reading.value
            );
        }
        let _ = (split(&text), documents(&text, "x"));
        assert!(start.elapsed() < SOON * 2, "{what} took {:?}", start.elapsed());
    }
}

#[test]
fn read_for_all_its_size() {
    let keys: String = (0..100_000).map(|n| format!("key-{n}: {n}\n")).collect();
    let many = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n".repeat(1025);
    let start = Instant::now();
    assert_eq!(read(&format!("a: {}\n", "x".repeat(10 << 20))).value["a"].as_str().map(str::len), Some(10 << 20));
    assert_eq!(read(&keys).value["key-99999"], 99_999);
    assert_eq!(documents(&many, "many").0.len(), 1025);
    assert_eq!(split(&many).len(), 1025);
    assert_eq!(read(&"# c\n".repeat(100_000)).problems, []);
    assert_eq!(read(&format!("{}a: 1\n", "# c\n".repeat(100_000))).value, json!({"a": 1}));
    assert_eq!(read(&format!("a: [{}]\n", "1, ".repeat(100_000))).value["a"].as_array().map(Vec::len), Some(100_000));
    assert_eq!(read("\u{feff}a: 1\r\nb: |\r\n  x\r\n  y\r\n").value, json!({"a": 1, "b": "x\ny\n"}));
    assert_eq!(read("a: \"\\ud83d\\ude00\"\n").value["a"], "\u{1F600}", "a pair, as JSON writes it");
    assert_eq!(read("a: \"\\ud83d\"\n").problems.len(), 1, "half a pair");
    assert!(start.elapsed() < SOON * 2, "{:?}", start.elapsed());
}

#[test]
fn edited_for_all_its_size() {
    let keys: String = (0..20_000).map(|n| format!("key-{n}: {n} # {n}\n")).collect();
    let start = Instant::now();
    let after = edit(&keys, &[Edit::set("/key-10000", "x"), Edit::remove("/key-10001"), Edit::set("/new", 1)]).unwrap();
    assert_eq!(
        after.len(),
        keys.len() - "key-10001: 10001 # 10001\n".len() - "10000".len() + "x".len() + "new: 1\n".len()
    );
    let long = format!("a: {}\nb: 1\n", "x".repeat(10 << 20));
    assert!(edit(&long, &[Edit::set("/b", 2)]).unwrap().ends_with("\nb: 2\n"));
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[test]
fn a_diff_of_strangers_ends() {
    let text = |salt: u64| -> String {
        let mut n = salt;
        let mut lines = String::new();
        for _ in 0..30_000 {
            n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            lines.push_str(&format!("{}\n", n >> 52));
        }
        lines
    };
    let start = Instant::now();
    assert!(diff(&text(1), &text(2)).len() >= 30_000);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}
