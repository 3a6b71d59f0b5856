//! Any text as YAML: no panic, whatever is asked of it; what is edited means the edit.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "an unwrap in a test is an assertion; a long run says what it did, and a failure its seed"
)]

mod target;

use proptest::prelude::*;
use target::target;
use world::yaml::{Edit, apply, diff, documents, edit, line_of, read, split, value, write};

/// Parts of which YAML is made, in the right order now and then.
fn part() -> impl Strategy<Value = String> {
    let parts = [
        "a: ",
        "b:\n",
        "  c: 1\n",
        "- x\n",
        "  - y: z\n",
        "- - 1\n",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "\"",
        "'",
        "|\n",
        ">-\n",
        "  text\n",
        "&a ",
        "*a",
        "!!str ",
        "<<: *a\n",
        "? ",
        ": ",
        "---\n",
        "...\n",
        "# note\n",
        " # note\n",
        "\n",
        "  ",
        "\t",
        "~",
        "on",
        "0400",
        "1e3",
        "\\",
        "\r\n",
        "é",
        "\u{0}",
        "%YAML 1.2\n",
        "kind: List\nitems:\n",
        "apiVersion: v1\n",
        "kind: Service\n",
        "metadata:\n  name: a\n",
        "spec:\n  ports:\n  - port: 80\n",
    ];
    prop_oneof![9 => prop::sample::select(parts.to_vec()).prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn text() -> impl Strategy<Value = String> {
    let shop = include_str!("../../../../tests/worlds/shop.yaml");
    let cut = (0..shop.len(), 0..shop.len(), prop::collection::vec(part(), 0..6)).prop_map(|(from, to, parts)| {
        let mut text: String = shop.chars().take(from).collect();
        text.extend(parts);
        text.extend(shop.chars().skip(to));
        text
    });
    prop_oneof![3 => prop::collection::vec(part(), 0..40).prop_map(|parts| parts.concat()), 1 => cut]
}

#[test]
fn texts_of_any_form() {
    target("texts_of_any_form", &(text(), text()), |(text, other)| {
        let reading = read(&text);
        let (objects, problems) = documents(&text, "any");
        prop_assert!(objects.len() <= text.len() && problems.len() <= text.len() + 1);
        for piece in split(&text) {
            line_of(piece, "/metadata/name");
        }
        diff(&text, &other);
        let name = Edit::set("/metadata/name", "b");
        for change in [Edit::set("/a", 1), Edit::remove("/a/0"), Edit::insert("/items/-", "x"), name] {
            if let Ok(after) = edit(&text, std::slice::from_ref(&change)) {
                prop_assert_eq!(value(&after).unwrap(), apply(&reading.value, &change).unwrap());
            }
        }
        prop_assert!(reading.value.is_null() || value(&write(&reading.value)).is_ok());
        Ok(())
    });
}
