//! From text to a tree in which every value knows its bytes. One parser serves reading and editing, so that an edit
//! lands where the value was read.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value};
use serde_saphyr::granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, StructureStyle, Tag, options};

use super::Problem;
use super::scalar::{resolve, resolve_tagged};
use super::scanner;
use crate::{Said, said};

/// Nesting that is still read; kubectl's own objects stay below 40.
pub(super) const MAX_DEPTH: usize = 128;
/// Bytes of one text.
pub(super) const MAX_BYTES: usize = 64 << 20;
/// Values in one text, as written.
pub(super) const MAX_NODES: usize = 6_000_000;
/// Values that the aliases of one document stand for; a few lines can stand for billions.
const MAX_ALIASED: usize = 200_000;

/// One value where it stands in the text.
#[derive(Debug)]
pub(super) struct Node {
    /// From its first byte to behind its last; quotes and brackets included, anchor, tag and block header not.
    pub span: Range<usize>,
    /// From 1.
    pub line: usize,
    /// It carries an anchor.
    pub anchored: bool,
    /// It carries a tag.
    pub tagged: bool,
    pub kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar {
        value: Value,
        text: String,
        style: ScalarStyle,
    },
    Sequence {
        flow: bool,
        items: Vec<Node>,
    },
    Mapping {
        flow: bool,
        entries: Vec<Entry>,
    },
    /// Stands for an anchored value.
    Alias(Arc<Value>),
}

/// A key and its value.
#[derive(Debug)]
pub(super) struct Entry {
    /// The key as JSON has it; none for `<<`, which merges.
    pub name: Option<String>,
    pub key: Node,
    pub value: Node,
}

/// One document of a text.
#[derive(Debug)]
pub(super) struct Document {
    pub root: Node,
    /// Its comments, from `#` to the end of the line.
    pub comments: Vec<Range<usize>>,
    /// Where its markers and content begin.
    pub start: usize,
}

impl Document {
    /// Nothing stands in it.
    pub fn is_empty(&self) -> bool {
        self.root.span.is_empty() && matches!(self.root.kind, Kind::Scalar { .. })
    }
}

impl Node {
    /// The child that one part of a JSON pointer names. Merged keys have no place of their own and are not found.
    pub fn child(&self, part: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Sequence { items, .. } => items.get(index(part)?),
            Kind::Mapping { entries, .. } => {
                entries.iter().find(|e| e.name.as_deref() == Some(part)).map(|entry| &entry.value)
            }
            Kind::Scalar { .. } | Kind::Alias(_) => None,
        }
    }

    /// The value that it says.
    pub fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar { value, .. } => value.clone(),
            Kind::Alias(value) => Value::clone(value),
            Kind::Sequence { items, .. } => items.iter().map(Node::value).collect(),
            Kind::Mapping { entries, .. } => Value::Object(merged(entries)),
        }
    }
}

/// An index as JSON pointers write it: digits without a leading zero.
pub(super) fn index(part: &str) -> Option<usize> {
    let plain = part == "0" || !part.starts_with('0');
    (plain && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok()).flatten()
}

/// Own keys win over merged ones, earlier merges over later ones (YAML 1.1 `<<`).
fn merged(entries: &[Entry]) -> Map<String, Value> {
    let mut map = Map::new();
    for entry in entries {
        if let Some(name) = &entry.name {
            map.insert(name.clone(), entry.value.value());
        }
    }
    for entry in entries.iter().filter(|e| e.name.is_none()) {
        let sources = match entry.value.value() {
            Value::Array(items) => items,
            one => vec![one],
        };
        for (name, value) in sources.into_iter().filter_map(into_object).flatten() {
            map.entry(name).or_insert(value);
        }
    }
    map
}

fn into_object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// The next byte from here that is neither blank nor in a comment.
pub(super) fn skip(text: &str, comments: &[Range<usize>], mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        match comments.binary_search_by_key(&at, |comment| comment.start) {
            Ok(found) => at = comments[found].end.max(at + 1),
            Err(_) => return at,
        }
    }
}

/// Reads every document of a text, in order; stops at the first that is broken.
pub(super) fn documents(text: &str, mut each: impl FnMut(Document)) -> Result<(), Problem> {
    if text.len() > MAX_BYTES {
        let (has, most) = (text.len() >> 20, MAX_BYTES >> 20);
        let message =
            said!("the text has {has} MiB; at most {most} MiB are read", "文本有 {has} MiB；最多读取 {most} MiB");
        return Err(Problem { line: 1, column: 1, message, error: true });
    }
    let mut builder = Builder::new(text);
    for next in Parser::new_from_str_with_options(text, limits()) {
        let (event, span) = next.map_err(|error| broken(&error))?;
        if let Some(document) = builder.take(event, &span)? {
            each(document);
        }
    }
    Ok(())
}

fn limits() -> Options {
    options! {
        max_buffered_comment_events: MAX_NODES,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    }
}

fn broken(error: &ScanError) -> Problem {
    let (line, column) = (error.marker().line().max(1), error.marker().col() + 1);
    Problem { line, column, message: scanner::said(&error.info()), error: true }
}

fn problem(span: &Span, message: impl Into<Said>) -> Problem {
    Problem { line: span.start.line().max(1), column: span.start.col() + 1, message: message.into(), error: true }
}

/// A collection that is still open.
struct Open {
    node: Node,
    anchor: usize,
    /// The key that waits for its value.
    key: Option<(Option<String>, Node)>,
    /// Lines of the keys so far.
    seen: HashMap<Option<String>, usize>,
    /// Values inside, those behind aliases included.
    size: usize,
}

/// Length of a block scalar's lines without the last line break and without blank lines that mean nothing.
fn block_length(lines: &str, meaning: &str) -> usize {
    let trimmed = lines.trim_end_matches(['\n', '\r', ' ']).len();
    let kept = meaning.len() - meaning.trim_end_matches('\n').len();
    match kept {
        0 | 1 => trimmed,
        _ => lines.strip_suffix('\n').map_or(lines.len(), |rest| rest.trim_end_matches('\r').len()),
    }
}

struct Builder<'a> {
    text: &'a str,
    stack: Vec<Open>,
    anchors: HashMap<usize, (Arc<Value>, usize)>,
    comments: Vec<Range<usize>>,
    root: Option<Node>,
    start: usize,
    nodes: usize,
    aliased: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            stack: Vec::new(),
            anchors: HashMap::new(),
            comments: Vec::new(),
            root: None,
            start: 0,
            nodes: 0,
            aliased: 0,
        }
    }

    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<Option<Document>, Problem> {
        let range = span.byte_range().unwrap_or_default();
        match event {
            Event::DocumentStart(..) => {
                self.start = range.start;
                self.anchors.clear();
                self.aliased = 0;
            }
            Event::Comment(..) => self.comments.push(range),
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), span)?,
            Event::Alias(anchor) => self.alias(anchor, span)?,
            Event::SequenceStart(style, anchor, tag) => {
                let kind = Kind::Sequence { flow: style == StructureStyle::Flow, items: Vec::new() };
                self.open(kind, anchor, tag.is_some(), span)?;
            }
            Event::MappingStart(style, anchor, tag) => {
                let kind = Kind::Mapping { flow: style == StructureStyle::Flow, entries: Vec::new() };
                self.open(kind, anchor, tag.is_some(), span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&range, span)?,
            Event::DocumentEnd => {
                let comments = std::mem::take(&mut self.comments);
                return Ok(self.root.take().map(|root| Document { root, comments, start: self.start }));
            }
            _ => {}
        }
        Ok(None)
    }

    fn node(&mut self, span: &Span, anchor: usize, tagged: bool, kind: Kind) -> Result<Node, Problem> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(problem(
                span,
                said!("more than {MAX_NODES} values in one text", "一个文本中超过 {MAX_NODES} 个值"),
            ));
        }
        let mut range = span.byte_range().unwrap_or_default();
        if let Kind::Scalar { text, style: ScalarStyle::Literal | ScalarStyle::Folded, .. } = &kind {
            range.end = range.start + block_length(self.text.get(range.clone()).unwrap_or_default(), text);
        }
        Ok(Node { span: range, line: span.start.line(), anchored: anchor != 0, tagged, kind })
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: &Span,
    ) -> Result<(), Problem> {
        let empty = span.byte_range().is_some_and(|range| range.is_empty());
        let text = if empty && style == ScalarStyle::Plain { "" } else { text };
        let plain = style == ScalarStyle::Plain;
        let own = tag.and_then(|tag| tag.suffix_in_namespace("tag:yaml.org,2002:"));
        let value = match own {
            Some(kind) => resolve_tagged(&kind, text).map_err(|why| problem(span, why.said()))?,
            None if plain && tag.is_none_or(Tag::is_custom) => {
                resolve(text).map_err(|why| problem(span, why.said()))?
            }
            None => Value::from(text),
        };
        let kind = Kind::Scalar { value, text: text.to_owned(), style };
        let node = self.node(span, anchor, tag.is_some(), kind)?;
        self.done(node, anchor, 1, span)
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Result<(), Problem> {
        let Some((value, size)) = self.anchors.get(&anchor).cloned() else {
            return Err(problem(span, ("an alias stands inside the value that it names", "别名位于它所指的值之内")));
        };
        self.aliased += size;
        if self.aliased > MAX_ALIASED {
            return Err(problem(
                span,
                said!("the aliases stand for more than {MAX_ALIASED} values", "别名所代表的值超过 {MAX_ALIASED} 个"),
            ));
        }
        let node = self.node(span, 0, false, Kind::Alias(value))?;
        self.done(node, 0, size, span)
    }

    fn open(&mut self, kind: Kind, anchor: usize, tagged: bool, span: &Span) -> Result<(), Problem> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(problem(span, said!("nested deeper than {MAX_DEPTH} levels", "嵌套超过 {MAX_DEPTH} 层")));
        }
        let mut node = self.node(span, anchor, tagged, kind)?;
        if let Some(dash) = self.first_dash(&node) {
            node.line -= self.text[dash..node.span.start].matches('\n').count();
            node.span.start = dash;
        }
        self.stack.push(Open { node, anchor, key: None, seen: HashMap::new(), size: 1 });
        Ok(())
    }

    /// The first dash of a list that stands in the column of its key: the parser's mark is behind it.
    fn first_dash(&self, list: &Node) -> Option<usize> {
        let Kind::Sequence { flow: false, .. } = list.kind else { return None };
        let (_, key) = self.stack.last()?.key.as_ref()?;
        let mut at = skip(self.text, &self.comments, key.span.end);
        loop {
            let rest = &self.text[at..list.span.start.max(at)];
            match rest.as_bytes().first()? {
                b':' => at += 1,
                b'&' | b'!' => at += rest.find(char::is_whitespace)?,
                b'-' => return Some(at),
                _ => return None,
            }
            at = skip(self.text, &self.comments, at);
        }
    }

    fn close(&mut self, range: &Range<usize>, span: &Span) -> Result<(), Problem> {
        let Some(Open { mut node, anchor, key, size, .. }) = self.stack.pop() else { return Ok(()) };
        if let Some((_, key)) = key {
            return Err(Problem {
                line: key.line,
                column: 1,
                message: ("a key without a value", "键没有值").into(),
                error: true,
            });
        }
        node.span.end = match &node.kind {
            Kind::Sequence { flow: false, items } => items.last().map(|item| item.span.end),
            Kind::Mapping { flow: false, entries } => entries.last().map(|e| e.value.span.end.max(e.key.span.end)),
            _ => Some(range.end),
        }
        .unwrap_or(node.span.end)
        .max(node.span.start);
        self.done(node, anchor, size, span)
    }

    /// A value is complete: it goes to its parent.
    fn done(&mut self, node: Node, anchor: usize, size: usize, span: &Span) -> Result<(), Problem> {
        if anchor != 0 {
            self.anchors.insert(anchor, (Arc::new(node.value()), size));
        }
        let Some(parent) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        parent.size = parent.size.saturating_add(size);
        match &mut parent.node.kind {
            Kind::Sequence { items, .. } => items.push(node),
            Kind::Mapping { entries, .. } => match parent.key.take() {
                Some((name, key)) => {
                    check_merge(name.as_deref(), &node, span)?;
                    entries.push(Entry { name, key, value: node });
                }
                None => {
                    let name = key_name(&node, self.text, span)?;
                    if let Some(first) = parent.seen.insert(name.clone(), node.line) {
                        let name = name.as_deref().unwrap_or("<<");
                        return Err(problem(
                            span,
                            said!(
                                "the key {name:?} is already set on line {first}",
                                "键 {name:?} 已在第 {first} 行设置"
                            ),
                        ));
                    }
                    parent.key = Some((name, node));
                }
            },
            Kind::Scalar { .. } | Kind::Alias(_) => {}
        }
        Ok(())
    }
}

fn check_merge(name: Option<&str>, value: &Node, span: &Span) -> Result<(), Problem> {
    let mergeable = |value: &Value| value.is_object();
    let fits = name.is_some()
        || match value.value() {
            Value::Array(items) => items.iter().all(mergeable),
            one => mergeable(&one),
        };
    if fits {
        Ok(())
    } else {
        Err(problem(span, ("`<<` merges only maps and lists of maps", "`<<` 只能合并映射和映射的列表")))
    }
}

/// The key as kubectl turns it into JSON: numbers and booleans become their words. `None` for a plain `<<`.
/// Upstream: kubernetes-sigs/yaml yaml.go convertToJSONableObject.
fn key_name(node: &Node, text: &str, span: &Span) -> Result<Option<String>, Problem> {
    let plain = matches!(node.kind, Kind::Scalar { style: ScalarStyle::Plain, .. });
    if plain && !node.tagged && text.get(node.span.clone()) == Some("<<") {
        return Ok(None);
    }
    match node.value() {
        Value::String(name) => Ok(Some(name)),
        value @ (Value::Number(_) | Value::Bool(_)) => Ok(Some(value.to_string())),
        Value::Null => {
            Err(problem(span, ("a key that is null: quote it if it is a name", "键为 null：如果它是名称，请加引号")))
        }
        Value::Array(_) | Value::Object(_) => Err(problem(span, ("a key that is a list or a map", "键是列表或映射"))),
    }
}
