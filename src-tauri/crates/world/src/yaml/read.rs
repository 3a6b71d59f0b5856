//! From text to values, objects and lines.

use std::collections::BTreeMap;

use serde_json::Value;

use super::plain;
use super::tree::{self, Document, Kind, Node};
use crate::{Object, Origin, Said};

/// Something wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// One sentence for the person who wrote the text.
    pub message: Said,
    /// The text cannot be used as it is.
    pub error: bool,
}

impl Problem {
    /// The whole of it in both languages.
    pub fn said(&self) -> Said {
        Said::new(self.to_string(), format!("第 {} 行：{}", self.line, self.message.zh))
    }

    fn at_line(line: usize, message: impl Into<Said>) -> Self {
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
        Some(line) => Err(Problem::at_line(
            line,
            ("a second document starts here; this text may hold only one", "从这里开始第二个文档；此处只能有一个"),
        )),
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
pub fn escape(part: &str) -> String {
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

/// Objects, each with the line (from 1) on which it begins, and what is wrong with the rest.
type Found = (Vec<(Object, usize)>, Vec<Problem>);

/// The same, each object with the line (from 1) on which it begins.
pub fn located(text: &str, path: &str) -> Found {
    quickly(text, path).unwrap_or_else(|| carefully(text, path))
}

/// What has been found so far.
#[derive(Default)]
struct Taken<'a> {
    path: &'a str,
    found: Found,
}

/// All of a text by the reader that knows all of YAML.
pub(super) fn carefully(text: &str, path: &str) -> Found {
    let mut taken = Taken { path, ..Taken::default() };
    let broken = tree::documents(text, |document| taken.document(&document, 0));
    taken.found.1.extend(broken.err());
    taken.found
}

/// The same, each document by the fastest reader that will do. `None` where one is broken: what is wrong depends on the whole text.
fn quickly(text: &str, path: &str) -> Option<Found> {
    let mut taken = Taken { path, ..Taken::default() };
    let mut nodes = 0;
    for piece in plain::pieces(text)? {
        match plain::document(piece.text, &mut nodes) {
            Some(said) => said.map_or(Some(()), |said| taken.said(said, piece.before))?,
            None => {
                // No text says more than this.
                nodes += 2 * piece.text.len();
                tree::documents(piece.text, |document| taken.document(&document, piece.before)).ok()?;
            }
        }
        if nodes > tree::MAX_NODES {
            return None;
        }
    }
    Some(taken.found)
}

impl Taken<'_> {
    /// A document that stands behind this many lines.
    fn document(&mut self, document: &Document, before: usize) {
        if !document.is_empty() {
            self.node(&document.root, before);
        }
    }

    fn node(&mut self, node: &Node, before: usize) {
        match items_of_list(node) {
            Some(items) => items.iter().for_each(|item| self.node(item, before)),
            None => self.value(node.value(), node.line + before),
        }
    }

    /// `None` for a list of lists, which says too little of its lines.
    fn said(&mut self, said: plain::Said, before: usize) -> Option<()> {
        let mut value = said.value;
        if !is_list(&value) {
            self.value(value, said.line + before);
            return Some(());
        }
        let Some(Value::Array(items)) = value.get_mut("items").map(Value::take) else { return None };
        if items.iter().any(is_list) {
            return None;
        }
        items.into_iter().zip(said.items).for_each(|(item, line)| self.value(item, line + before));
        Some(())
    }

    fn value(&mut self, value: Value, line: usize) {
        match Object::read(value, Origin::File { path: self.path.to_owned(), line }) {
            Ok(object) => self.found.0.push((object, line)),
            Err(error) => self.found.1.push(Problem::at_line(line, error.said())),
        }
    }
}

/// What [`items_of_list`] takes for one.
fn is_list(value: &Value) -> bool {
    let named = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    named && value.get("items").is_some_and(Value::is_array)
}

/// The items of `kind: List`, or of any kind whose name ends so and that has items: `kubectl get -o yaml` prints both.
fn items_of_list(node: &Node) -> Option<&[Node]> {
    let Some(Kind::Scalar { text: kind, .. }) = node.child("kind").map(|n| &n.kind) else { return None };
    match &node.child("items")?.kind {
        Kind::Sequence { items, .. } if kind.ends_with("List") => Some(items),
        _ => None,
    }
}
