//! Objects as texts of their own: documents with their comments, and items of lists as if they stood alone.

use std::collections::BTreeMap;

use serde_json::Value;
use world::yaml;

/// An object as a text of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alone {
    /// The text.
    pub text: String,
    /// The line (from 1) of the document on which the object itself begins.
    pub line: usize,
}

/// The objects of a text by the line (from 1) on which each begins.
pub(super) fn by_line(text: &str) -> BTreeMap<usize, String> {
    let (mut before, mut lines) = (0, 0);
    let mut found = BTreeMap::new();
    for document in yaml::split(text) {
        // A document is a piece of the text: how far in it stands says on which line.
        let offset = document.as_ptr().addr() - text.as_ptr().addr();
        lines += text.get(before..offset).map_or(0, |between| between.matches('\n').count());
        before = offset;
        found.extend(objects(document).into_iter().map(|one| (lines + one.line, one.text)));
    }
    found
}

/// The objects of a document: it is one, or a list of them. What has nothing in it has none.
pub(crate) fn objects(document: &str) -> Vec<Alone> {
    let reading = yaml::read(document);
    let line = |pointer: &str| reading.lines.get(pointer).copied();
    if reading.value.is_null() {
        return Vec::new();
    }
    if !is_list(&reading.value) {
        let first = reading.lines.values().min().copied().unwrap_or(1);
        return vec![Alone { text: unmarked(document).to_owned(), line: first }];
    }
    let items = items(&reading.value).iter().enumerate();
    let alone = items.map(|(at, value)| {
        let line = line(&format!("/items/{at}")).unwrap_or(1);
        // Written anew where the text of it says something else alone, as with an anchor that stands outside it.
        let text = item(document, line).filter(|text| yaml::read(text).value == *value);
        Alone { text: text.unwrap_or_else(|| yaml::write(value)), line }
    });
    alone.collect()
}

fn is_list(value: &Value) -> bool {
    let named = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    named && value.get("items").is_some_and(Value::is_array)
}

/// The items of `kind: List`, or of any kind whose name ends so; none of anything else.
pub(crate) fn items(value: &Value) -> &[Value] {
    let items = value.get("items").and_then(Value::as_array).filter(|_| is_list(value));
    items.map(Vec::as_slice).unwrap_or_default()
}

/// The item of a list in block style that begins on this line, moved to the left margin.
fn item(document: &str, line: usize) -> Option<String> {
    let mut lines = document.split_inclusive('\n').skip(line - 1);
    let first = lines.next()?;
    let behind = first.trim_start_matches(' ').strip_prefix('-')?;
    let column = first.len() - behind.trim_start_matches(' ').len();
    let mut text = first.get(column..)?.to_owned();
    for line in lines {
        let indent = line.len() - line.trim_start_matches(' ').len();
        match line.trim().is_empty() {
            true => text.push_str(line.trim_start_matches(' ')),
            false if indent >= column => text.push_str(line.get(column..)?),
            false => break,
        }
    }
    Some(text)
}

/// A document without the marks that part it from others.
fn unmarked(document: &str) -> &str {
    let text = document.trim_start_matches(['\u{feff}', '\r', '\n']);
    let after = |mark: &str| text.strip_prefix(mark).map(|rest| rest.trim_start_matches(['\r', '\n']));
    let text = after("---\n").or_else(|| after("---\r\n")).unwrap_or(text);
    ["---\n", "---\r\n", "---"].into_iter().find_map(|mark| text.strip_suffix(mark)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(document: &str) -> Vec<(usize, String)> {
        objects(document).into_iter().map(|one| (one.line, one.text)).collect()
    }

    #[test]
    fn documents_stand_alone() {
        for text in ["a: 1\n", "---\na: 1\n", "a: 1\n---\n", "\n\na: 1\n", "---\r\na: 1\n"] {
            assert_eq!(texts(text)[0].1, "a: 1\n", "{text:?}");
        }
        assert_eq!(texts("# about it\na: 1 # one\n"), [(2, "# about it\na: 1 # one\n".to_owned())]);
        assert_eq!(texts("# nothing\n"), []);
    }

    #[test]
    fn an_item_of_a_list_keeps_its_comments() {
        let list = "kind: List\nitems:\n# the first\n- a: 1 # one\n  b:\n  - 2\n\n- b: |\n    two\n\n    three\n  # after\n- {a: 3}\nmore: 1\n";
        let expected = [(4, "a: 1 # one\nb:\n- 2\n\n"), (8, "b: |\n  two\n\n  three\n# after\n"), (13, "{a: 3}\n")];
        assert_eq!(texts(list), expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn an_item_that_does_not_stand_alone_is_written_anew() {
        let shared = "kind: List\nitems:\n- a: &x {b: 1}\n- a: *x\n- {c: 1,\n   d: 2}\n";
        assert_eq!(texts(shared)[1].1, "a:\n  b: 1\n");
        assert_eq!(yaml::read(&texts(shared)[2].1).value, serde_json::json!({"c": 1, "d": 2}));
        assert_eq!(texts("{\"kind\": \"List\", \"items\": [{\"a\": 1}]}")[0].1, "a: 1\n");
    }

    #[test]
    fn objects_are_found_by_their_line() {
        let text = "# head\n---\n# one\na: 1\n---\n---\nkind: FooList\nitems:\n- b: 1\n- b: 2\n";
        let found: Vec<_> = by_line(text).into_iter().collect();
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4, 9, 10]);
        assert_eq!(found[2].1, "b: 2\n");
    }
}
