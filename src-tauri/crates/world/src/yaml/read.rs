//! From text to values, objects and lines.

use std::collections::BTreeMap;

use serde_json::Value;

use super::tree::{self, Document, Kind, Node};
use crate::{Object, Origin};

/// Something wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// One sentence for the person who wrote the text.
    pub message: String,
    /// The text cannot be used as it is.
    pub error: bool,
}

impl Problem {
    fn at_line(line: usize, message: impl Into<String>) -> Self {
        Self { line, column: 1, message: message.into(), error: true }
    }
}

/// A text and its meaning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// What it says, as kubectl reads it; null where it is empty or broken.
    pub value: Value,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// Line (from 1) of each JSON pointer that stands in the text: a map entry's is that of its key.
    pub lines: BTreeMap<String, usize>,
}

/// Reads a text with one document. Never panics; a broken text gives null and the problem.
pub fn read(text: &str) -> Reading {
    match single(text) {
        Ok(None) => Reading::default(),
        Ok(Some(document)) => {
            let mut lines = BTreeMap::new();
            collect_lines(&document.root, &mut String::new(), &mut lines);
            Reading { value: document.root.value(), problems: Vec::new(), lines }
        }
        Err(problem) => Reading { problems: vec![problem], ..Reading::default() },
    }
}

/// The only document of a text that is not empty.
pub(super) fn single(text: &str) -> Result<Option<Document>, Problem> {
    let (mut first, mut more) = (None, None);
    tree::documents(text, |document| match () {
        () if document.is_empty() => {}
        () if first.is_none() => first = Some(document),
        () => more = more.or(Some(document.root.line)),
    })?;
    match more {
        Some(line) => Err(Problem::at_line(line, "a second document starts here; this text may hold only one")),
        None => Ok(first),
    }
}

fn collect_lines(node: &Node, pointer: &mut String, lines: &mut BTreeMap<String, usize>) {
    let length = pointer.len();
    match &node.kind {
        Kind::Mapping { entries, .. } => {
            for entry in entries {
                let Some(name) = &entry.name else { continue };
                pointer.push('/');
                pointer.push_str(&escape(name));
                lines.insert(pointer.clone(), entry.key.line);
                collect_lines(&entry.value, pointer, lines);
                pointer.truncate(length);
            }
        }
        Kind::Sequence { items, .. } => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                lines.insert(pointer.clone(), item.line);
                collect_lines(item, pointer, lines);
                pointer.truncate(length);
            }
        }
        Kind::Scalar { .. } | Kind::Alias(_) => {}
    }
    if length == 0 {
        lines.insert(String::new(), node.line);
    }
}

/// One part of a JSON pointer, escaped (RFC 6901).
pub(super) fn escape(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

/// The parts of a JSON pointer. `None` where it does not start with a slash.
pub(super) fn parts(pointer: &str) -> Option<Vec<String>> {
    let unescape = |part: &str| part.replace("~1", "/").replace("~0", "~");
    match pointer {
        "" => Some(Vec::new()),
        _ => pointer.strip_prefix('/').map(|rest| rest.split('/').map(unescape).collect()),
    }
}

/// The line (from 1) on which a pointer's value stands; of its nearest parent where it has none of its own, as inside
/// an alias or for a field that is missing. `None` for a broken text.
pub fn line_of(text: &str, pointer: &str) -> Option<usize> {
    let document = single(text).ok()??;
    let mut node = &document.root;
    let mut line = node.line;
    for part in parts(pointer)? {
        let Some(child) = node.child(&part) else { break };
        line = match &node.kind {
            Kind::Mapping { entries, .. } => {
                entries.iter().find(|e| e.name.as_ref() == Some(&part)).map_or(child.line, |entry| entry.key.line)
            }
            _ => child.line,
        };
        node = child;
    }
    Some(line)
}

/// The documents of a text as texts, each with its comments; empty ones are left out. Lines that separate (`---`,
/// `...`) belong to none. A `---` inside a block of text separates nothing.
pub fn split(text: &str) -> Vec<&str> {
    let mut starts = Vec::new();
    let whole = tree::documents(text, |document| starts.push((document.start, document.is_empty())));
    if whole.is_err() || starts.len() < 2 {
        return if text.trim().is_empty() { Vec::new() } else { vec![text] };
    }
    let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([text.len()]);
    let mut begin = 0;
    let mut pieces = Vec::new();
    for (end, (_, empty)) in ends.zip(&starts) {
        let piece = text.get(begin..end).unwrap_or_default();
        begin = end;
        if !empty {
            pieces.push(without_markers(piece));
        }
    }
    pieces
}

fn without_markers(piece: &str) -> &str {
    let body = piece.trim_start_matches(['\u{feff}', '\r', '\n']);
    let body = body.strip_prefix("---").map_or(body, |rest| {
        let rest = rest.trim_start_matches([' ', '\t']);
        rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest)
    });
    let end = body.trim_end();
    end.strip_suffix("\n...").map_or(body, |kept| &body[..kept.len() + 1])
}

/// The value of a text with one document; null where it is empty.
///
/// # Errors
/// The problem of a broken text.
pub fn value(text: &str) -> Result<Value, Problem> {
    Ok(single(text)?.map_or(Value::Null, |document| document.root.value()))
}

/// The values of every document that is not empty, in order.
///
/// # Errors
/// The first problem of a broken text.
pub fn values(text: &str) -> Result<Vec<Value>, Problem> {
    let mut values = Vec::new();
    tree::documents(text, |document| {
        if !document.is_empty() {
            values.push(document.root.value());
        }
    })?;
    Ok(values)
}

/// Reads the objects of a file: one or many documents, YAML or JSON, `List` objects taken apart. What is no object
/// becomes a problem with its line; the rest is still read.
pub fn documents(text: &str, path: &str) -> (Vec<Object>, Vec<Problem>) {
    let (objects, problems) = located(text, path);
    (objects.into_iter().map(|(object, _)| object).collect(), problems)
}

/// The same, each object with the line (from 1) on which it begins.
pub fn located(text: &str, path: &str) -> (Vec<(Object, usize)>, Vec<Problem>) {
    let (mut objects, mut problems) = (Vec::new(), Vec::new());
    let broken = tree::documents(text, |document| {
        if !document.is_empty() {
            take(&document.root, path, &mut objects, &mut problems);
        }
    });
    problems.extend(broken.err());
    (objects, problems)
}

fn take(node: &Node, path: &str, objects: &mut Vec<(Object, usize)>, problems: &mut Vec<Problem>) {
    if let Some(items) = items_of_list(node) {
        for item in items {
            take(item, path, objects, problems);
        }
        return;
    }
    let origin = Origin::File { path: path.to_owned(), line: node.line };
    match Object::read(node.value(), origin) {
        Ok(object) => objects.push((object, node.line)),
        Err(error) => problems.push(Problem::at_line(node.line, error.to_string())),
    }
}

/// The items of `kind: List`, or of any kind whose name ends so and that has items: `kubectl get -o yaml` prints both.
fn items_of_list(node: &Node) -> Option<&[Node]> {
    let Some(Kind::Scalar { text: kind, .. }) = node.child("kind").map(|n| &n.kind) else { return None };
    match &node.child("items")?.kind {
        Kind::Sequence { items, .. } if kind.ends_with("List") => Some(items),
        _ => None,
    }
}
