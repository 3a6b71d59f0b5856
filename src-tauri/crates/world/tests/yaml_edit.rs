//! Edits change what they name and nothing else.
#![cfg(test)]

use serde_json::{Value, json};
use world::yaml::{DiffSide, Edit, EditError, apply, diff, edit, read};

const ROUTE: &str = "\
# Owned by the shop team
apiVersion: networking.istio.io/v1
kind: VirtualService # routes
metadata:
  name: reviews
  labels: {team: \"shop\", tier: web}
spec:
  hosts:
  - reviews # the service
  - reviews.example.com
  http:
  # people of the inside first
  - match:
    - headers:
        end-user: {exact: jason}
    route:
    - destination: {host: reviews, subset: v2}
  # everyone else
  - name: default
    route:
      - destination:
          host: reviews
          subset: v1
        weight: 90   # most
      - destination:
          host: reviews
          subset: v3
        weight: 10

    timeout: '5s'
  novel: |
    kept
      as it is
";

/// The lines that an edit takes away (-) and brings (+).
fn changed(text: &str, edits: &[Edit]) -> Vec<String> {
    let after = edit(text, edits).unwrap_or_else(|e| panic!("{e}\n{edits:?}\n{text}"));
    let meaning = edits.iter().fold(read(text).value, |value, e| apply(&value, e).unwrap());
    assert_eq!(read(&after).value, meaning, "{after}");
    diff(text, &after)
        .into_iter()
        .filter(|l| l.side != DiffSide::Same)
        .map(|l| format!("{}{}", if l.side == DiffSide::Before { '-' } else { '+' }, l.text))
        .collect()
}

#[test]
fn no_edit_changes_no_byte() {
    for text in [ROUTE, "", "\u{feff}a: 1\r\n", "a: 1", "# only a comment", "--- # x\na: 1\n...\n"] {
        assert_eq!(edit(text, &[]).as_deref(), Ok(text));
    }
    assert_eq!(changed(ROUTE, &[Edit::set("/spec/http/1/route/0/weight", 90)]), Vec::<String>::new());
}

#[test]
fn one_edit_on_a_route() {
    let table: Vec<(Edit, &[&str])> = vec![
        (
            Edit::set("/spec/http/1/route/0/weight", 80),
            &["-        weight: 90   # most", "+        weight: 80   # most"],
        ),
        (Edit::set("/spec/http/1/timeout", "7s"), &["-    timeout: '5s'", "+    timeout: '7s'"]),
        (Edit::set("/kind", "yes"), &["-kind: VirtualService # routes", "+kind: \"yes\" # routes"]),
        (
            Edit::set("/metadata/labels/team", "1e3"),
            &["-  labels: {team: \"shop\", tier: web}", "+  labels: {team: \"1e3\", tier: web}"],
        ),
        (
            Edit::set("/metadata/labels/app.kubernetes.io~1name", "on"),
            &[
                "-  labels: {team: \"shop\", tier: web}",
                "+  labels: {team: \"shop\", tier: web, app.kubernetes.io/name: \"on\"}",
            ],
        ),
        (Edit::set("/metadata/annotations/note", "x"), &["+  annotations:", "+    note: x"]),
        (Edit::set("/spec/http/1/retries/attempts", 3), &["+    retries:", "+      attempts: 3"]),
        (Edit::remove("/spec/hosts/0"), &["-  - reviews # the service"]),
        (Edit::insert("/spec/hosts/-", "*.shop"), &["+  - \"*.shop\""]),
        (Edit::insert("/spec/hosts/0", "first"), &["+  - first"]),
        (Edit::remove("/metadata/labels/team"), &["-  labels: {team: \"shop\", tier: web}", "+  labels: {tier: web}"]),
        (
            Edit::remove("/metadata/labels/tier"),
            &["-  labels: {team: \"shop\", tier: web}", "+  labels: {team: \"shop\"}"],
        ),
        (
            Edit::remove("/spec/http/0"),
            &[
                "-  # people of the inside first",
                "-  - match:",
                "-    - headers:",
                "-        end-user: {exact: jason}",
                "-    route:",
                "-    - destination: {host: reviews, subset: v2}",
            ],
        ),
        (
            Edit::insert("/spec/http/1/route/-", json!({"destination": {"host": "reviews"}, "weight": 0})),
            &["+      - destination:", "+          host: reviews", "+        weight: 0"],
        ),
        (Edit::insert("/spec/http/1", json!({"name": "mid"})), &["+  - name: mid"]),
        (Edit::set("/spec/novel", "one\ntwo\n"), &["-    kept", "-      as it is", "+    one", "+    two"]),
        (Edit::set("/spec/novel", 5), &["-  novel: |", "-    kept", "-      as it is", "+  novel: 5"]),
        (Edit::remove("/spec/novel"), &["-  novel: |", "-    kept", "-      as it is"]),
        (Edit::remove("/spec/http/1/name"), &["-  - name: default", "-    route:", "+  - route:"]),
    ];
    for (edit, lines) in table {
        assert_eq!(changed(ROUTE, std::slice::from_ref(&edit)), lines, "{edit:?}");
    }
}

#[test]
fn an_item_moves_with_its_comment() {
    let after = edit(ROUTE, &[Edit::shift("/spec/http/1", 0)]).unwrap();
    let at = |text: &str| after.find(text).unwrap_or_else(|| panic!("{text} is gone:\n{after}"));
    assert!(at("# everyone else") < at("- name: default"));
    assert!(at("timeout: '5s'") < at("# people of the inside first"));
    assert!(at("# people of the inside first") < at("- match:"));
    assert!(at("# most") < at("- match:"));
    assert_eq!(read(&after).value["spec"]["http"][0]["name"], "default");
    assert_eq!(edit(&after, &[Edit::shift("/spec/http/0", 1)]).unwrap(), ROUTE, "and back again");
}

#[test]
fn small_texts() {
    let table: Vec<(&str, Edit, &str)> = vec![
        ("a:\n", Edit::set("/a", 1), "a: 1\n"),
        ("a: # why\nb: 1\n", Edit::set("/a/x", 1), "a: # why\n  x: 1\nb: 1\n"),
        ("a: {}\n", Edit::set("/a/x", 1), "a:\n  x: 1\n"),
        ("a: [] # none\n", Edit::insert("/a/0", "x"), "a: # none\n- x\n"),
        ("a:\n  x: 1\nb: 2", Edit::remove("/a/x"), "a: {}\nb: 2"),
        ("a: # why\n  x: 1\n", Edit::remove("/a/x"), "a: {} # why\n"),
        ("a:\n- 1\n", Edit::remove("/a/0"), "a: []\n"),
        ("a: 1", Edit::set("/b", 2), "a: 1\nb: 2"),
        ("a: 1\r\nb: 2\r\n", Edit::set("/a", 3), "a: 3\r\nb: 2\r\n"),
        ("a: 1\r\nb: 2\r\n", Edit::set("/c/d", 3), "a: 1\r\nb: 2\r\nc:\r\n  d: 3\r\n"),
        ("a: 1\r\nb: 2\r\n", Edit::remove("/a"), "b: 2\r\n"),
        ("a: 1\nb: 2", Edit::remove("/b"), "a: 1"),
        ("- 1\n- 2", Edit::shift("/0", 1), "- 2\n- 1"),
        ("[1, 2, 3]", Edit::shift("/0", 2), "[2, 3, 1]"),
        ("[1, 2, 3]\n", Edit::remove("/1"), "[1, 3]\n"),
        ("a: [1]\n", Edit::remove("/a/0"), "a: []\n"),
        ("- - 1\n  - 2\n", Edit::remove("/0/0"), "- - 2\n"),
        ("- - 1\n  - 2\n", Edit::insert("/0/0", 0), "- - 0\n  - 1\n  - 2\n"),
        ("", Edit::set("/a/b", 1), "a:\n  b: 1\n"),
        ("# note\n", Edit::set("/a", 1), "# note\na: 1\n"),
        ("a: !!str 5\n", Edit::set("/a", "6"), "a: \"6\"\n"),
        ("a: >-\n  x\n  y\nb: 1\n", Edit::set("/a", "z"), "a: z\nb: 1\n"),
        ("a: x\n", Edit::set("/a", "l1\nl2\n"), "a: |\n  l1\n  l2\n"),
        ("a: x # c\n", Edit::set("/a", json!({"b": [1]})), "a: # c\n  b:\n  - 1\n"),
        (
            "a:\n    b:\n      - 1\n",
            Edit::set("/c", json!({"d": [1]})),
            "a:\n    b:\n      - 1\nc:\n    d:\n      - 1\n",
        ),
        ("a: &x 1\nb: *x\n", Edit::set("/a", 2), "a: 2\nb: 1\n"),
        ("a: &x {k: 1}\nb: *x\n", Edit::set("/b/k", 2), "a: &x {k: 1}\nb:\n  k: 2\n"),
        ("a: &x\n  k: 1\nb:\n  <<: *x\n", Edit::set("/b/k", 2), "a: &x\n  k: 1\nb:\n  <<: *x\n  k: 2\n"),
        ("a: &x\n  k: 1\n  l: 2\nb:\n  <<: *x\n", Edit::remove("/b/k"), "a: &x\n  k: 1\n  l: 2\nb:\n  l: 2\n"),
        (
            "{\n  \"a\": 1,\n  \"b\": \"x\"\n}\n",
            Edit::set("/c", "y"),
            "{\n  \"a\": 1,\n  \"b\": \"x\",\n  \"c\": \"y\"\n}\n",
        ),
        ("{\"a\": [1]}", Edit::insert("/a/0", "y"), "{\"a\": [\"y\", 1]}"),
        ("---\na: 1\n---\n", Edit::set("/a", 2), "---\na: 2\n---\n"),
        ("\u{feff}a: 1\n", Edit::set("/a", 2), "\u{feff}a: 2\n"),
        ("a: 1\n# the b\nb: 2\n", Edit::remove("/b"), "a: 1\n"),
        ("a: 1\n\n# head\n\nb: 2\n", Edit::remove("/b"), "a: 1\n\n# head\n\n"),
        ("? a\n: 1\n", Edit::set("/a", 2), "? a\n: 2\n"),
        ("\"a\": 1\n'b': 2\n", Edit::set("/b", 3), "\"a\": 1\n'b': 3\n"),
        ("a:\n- x: 1\n  y: 2\n", Edit::remove("/a/0/x"), "a:\n- y: 2\n"),
        ("a:\n- x: 1\n  # of y\n  y: 2\n", Edit::remove("/a/0/x"), "a:\n- # of y\n  y: 2\n"),
        ("a: {b, c: 1}\n", Edit::set("/a/b", 2), "a: {b: 2, c: 1}\n"),
        ("a: |+\n  x\n\nb: 1\n", Edit::set("/c", 1), "a: |+\n  x\n\nb: 1\nc: 1\n"),
        ("b: 1\na: |+\n  x\n\n", Edit::set("/c", 1), "b: 1\na: |+\n  x\n\nc: 1\n"),
        ("b: 1\na: |\n  # no comment\nd: 1\n", Edit::remove("/d"), "b: 1\na: |\n  # no comment\n"),
        ("a: [1,\n  2, # two\n  3]\n", Edit::remove("/a/2"), "a: [1,\n  2]\n"),
    ];
    for (text, change, after) in table {
        let got = edit(text, std::slice::from_ref(&change)).unwrap_or_else(|e| panic!("{e}: {change:?} in {text:?}"));
        assert_eq!(got, after, "{change:?} in {text:?}");
    }
}

#[test]
fn what_cannot_be_edited_says_why() {
    let table: Vec<(&str, Edit, &str)> = vec![
        ("a: [", Edit::set("/a", 1), "line 1: unclosed bracket"),
        ("a: 1\n---\nb: 1\n", Edit::set("/a", 2), "second document"),
        ("a: 1\n", Edit::set("a", 2), "starts with a slash"),
        ("a: 1\n", Edit::remove("/b"), "nothing here"),
        ("a: 1\n", Edit::set("/a/b", 1), "no parts"),
        ("a: [1]\n", Edit::insert("/a/7", 1), "no such place"),
        ("a: [1]\n", Edit::shift("/a/0", 3), "no such place"),
        ("a: [1]\n", Edit::set("/a/x", 3), "numbers, not names"),
    ];
    for (text, change, because) in table {
        let error: EditError = edit(text, std::slice::from_ref(&change)).unwrap_err();
        assert!(error.to_string().contains(because), "{error} of {change:?}");
    }
}

#[test]
fn strings_that_others_misread_are_quoted() {
    for text in [
        "on",
        "Yes",
        "y",
        "N",
        "off",
        "1_000",
        "0x1",
        "1e3",
        "~",
        "null",
        "2024-01-01",
        "12:30",
        "0o7",
        "012",
        ".5",
        "+1",
        "",
        " x",
        "x ",
        "a: b",
        "a #b",
        "- a",
        "*",
        "&a",
        "!x",
        "%a",
        "@a",
        "`a",
        "{a",
        "[a",
        "#a",
        "a:",
        "x\ty",
        "\u{202e}x",
        "=",
        "<<",
        ".inf",
        "1e400",
        "tRue",
        "---",
        "--- a",
        "? x",
        "a\u{2028}b",
        "\u{feff}",
        "\0",
        "a\r\nb",
        " \n",
        "\n",
        "é: x",
    ] {
        let got = edit("a: b\n", &[Edit::set("/a", text)]).unwrap();
        assert!(got.starts_with("a: \"") || got.starts_with("a: '"), "{got}");
        let second: Value = serde_yaml::from_str(&got).unwrap();
        assert_eq!(second["a"], text, "as serde_yaml reads it");
        let third: Value = serde_saphyr::from_str(&got).unwrap();
        assert_eq!(third["a"], text, "as serde-saphyr reads it");
    }
    for text in ["v1", "5s", "a-b", "reviews.shop.svc.cluster.local", "a:b", "x#y", "10.0.0.1", "1.2.3", "héllo", "a,b"]
    {
        assert_eq!(edit("a: b\n", &[Edit::set("/a", text)]).unwrap(), format!("a: {text}\n"));
    }
}
