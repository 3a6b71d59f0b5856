//! Both readers hold the same of every text, and what is usual is plain.

use proptest::prelude::*;

use super::super::read::{carefully, located};
use super::super::{values, write};
use super::{document, pieces};

const SHOP: &str = include_str!("../../../../../../tests/worlds/shop.yaml");

fn is_plain(text: &str) -> bool {
    pieces(text).is_some_and(|all| all.iter().all(|piece| document(piece.text, &mut 0).is_some()))
}

fn same(text: &str) {
    assert_eq!(located(text, "x"), carefully(text, "x"), "{text}");
}

#[test]
fn what_is_usual_is_plain() {
    let text = "# a note\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: a\n  data:\n    text: |\n      one: {\n\n      # two\n    \
                other: \"*.x\"\n    third: |-\n      x\n      y\n    fourth: 0400\n- apiVersion: x.y/v1\n  kind: X\n  metadata: {}\n  spec:\n    a:\n      - 1\n      - - b: 'c'\n    d:\n\
                ---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: -x\n";
    assert!(is_plain(text));
    same(text);
    assert_eq!(located(text, "x").0.iter().map(|(_, line)| *line).collect::<Vec<_>>(), [5, 28]);
    let shop = values(SHOP).unwrap();
    let plain = shop.iter().filter(|value| is_plain(&write(value))).count();
    assert!(plain * 10 >= shop.len() * 8, "as we write it, {plain} of {} objects", shop.len());
    same(SHOP);
}

#[test]
fn what_is_not_plain_is_read_with_care() {
    let hard = [
        "a: b\n c\n",
        "a: b: c\n",
        "a: b # c\n",
        "a: {b: c}\n",
        "a: [b]\n",
        "a: &b c\n",
        "a: *b\n",
        "a: !!str b\n",
        "a: \"b\\n\"\n",
        "a: 'b''c'\n",
        "a: >\n  b\n",
        "a: |+\n  b\n\n",
        "a: |2\n    b\n",
        "a: |\n\n  b\n",
        "a: |\n  b\n \n",
        "a: |\n  b",
        "a: |\n  b\n c: d\n",
        "? a\n: b\n",
        "on: a\n",
        "1: a\n",
        "a: é\n",
        "a:\tb\n",
        "a: b\r\n",
        "a: 1\na: 2\n",
        "- a\n",
        "a\n",
        "a:\n    b: 1\n  c: 2\n",
        "-\n",
        "a:\n-\n- b\n",
        "--- a\n",
        "a: 1\n...\n",
        "%YAML 1.2\n---\na: 1\n",
        "a: .inf\n",
        "a: -\n",
        "a: @\n",
        "<<: {}\n",
        "a: b:\n",
        "\"a\": b\n",
        " a: b\n",
    ];
    for text in hard {
        assert!(!is_plain(text), "{text:?}");
        same(text);
        same(&format!("kind: A\napiVersion: v1\nmetadata:\n  name: a\n---\n{text}---\nb: 1\n"));
    }
}

/// Lines of which plain text is made, and some of another make.
fn line() -> impl Strategy<Value = String> {
    let content = prop::sample::select(vec![
        "a:",
        "b: 1",
        "c: x",
        "d: \"q\"",
        "e: 'q'",
        "- x",
        "- a: 1",
        "- b:",
        "- - y",
        "-",
        "f: |",
        "g: |-",
        "# n",
        "",
        "h: {}",
        "i: []",
        "j: a b",
        "k: a:b",
        "items:",
        "kind: List",
        "kind: A",
        "apiVersion: v1",
        "metadata:",
        "name: a",
        "l: on",
        "m: 0x1f",
        "n: 1e3",
        "o: |+",
        "p: b # c",
        "q: {a: 1}",
        "r: &x y",
        "s: *x",
        "é: 1",
        "---",
        "u: \"",
        "- \"z\"",
        "v: +1",
        "w: -a",
        "x: >",
        "- |",
    ]);
    (0usize..5, content)
        .prop_map(|(indent, content)| format!("{}{content}\n", "  ".repeat(indent / 2) + &" ".repeat(indent % 2)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_lines(lines in prop::collection::vec(line(), 0..14)) {
        let text = lines.concat();
        prop_assert_eq!(located(&text, "x"), carefully(&text, "x"));
    }

    #[test]
    fn the_shop_without_some_of_it(from in 0..SHOP.len(), length in 0usize..300, more in prop::collection::vec(line(), 0..3)) {
        let mut text: String = SHOP.chars().take(from).collect();
        text.extend(more);
        text.extend(SHOP.chars().skip(from + length));
        let text: String = text.chars().skip(from.saturating_sub(600)).take(1200).collect();
        prop_assert_eq!(located(&text, "x"), carefully(&text, "x"));
    }

    #[test]
    fn what_we_write(value in any_object()) {
        let text = write(&value);
        prop_assert_eq!(located(&text, "x"), carefully(&text, "x"));
    }
}

/// An object with anything inside.
fn any_object() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<i32>().prop_map(serde_json::Value::from),
        "[a-z :#*-]{0,8}".prop_map(serde_json::Value::from),
        "[a-z]{1,3}\n[ a-z#-]{0,6}\n{0,2}[a-z]{0,3}\n{0,2}".prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    let inner = leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[a-z/.]{1,4}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    inner.prop_map(|spec| {
        serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": spec, "items": []})
    })
}
