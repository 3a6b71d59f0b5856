//! One change of a text, at the bytes of the value that it names. Nothing here is trusted: `edit` reads the result
//! again, so each function may answer `None`, or even wrongly, where a text is stranger than it knows.

use std::ops::Range;

use serde_json::{Map, Value};
use serde_saphyr::granit_parser::ScalarStyle;

use super::read::single;
use super::scalar::{Quotes, literal, scalar, string};
use super::tree::{Document, Entry, Kind, Node, index, skip};
use super::write::{Layout, after_key, block, flow, write};

/// A change of one place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// The value at a path becomes another one.
    Replace(Vec<String>, Value),
    /// A map gets a key.
    AddKey(Vec<String>, String, Value),
    /// A list gets an item before an index, or at its end.
    AddItem(Vec<String>, usize, Value),
    /// The entry or item at a path goes.
    Delete(Vec<String>),
    /// An item of a list moves.
    MoveItem(Vec<String>, usize, usize),
}

/// The text with one step.
pub(super) fn step(text: &str, step: &Step) -> Option<String> {
    let document = single(text).ok()??;
    let page = Page::new(text, &document);
    match step {
        Step::Replace(path, value) => page.replace(path, value),
        Step::AddKey(path, name, value) => page.add_key(path, name, value),
        Step::AddItem(path, at, value) => page.add_item(path, *at, value),
        Step::Delete(path) => page.delete(path),
        Step::MoveItem(path, from, to) => page.move_item(path, *from, *to),
    }
}

/// The text with every alias and every `<<` written out, so that a value that is shared can be changed in one place.
pub(super) fn without_aliases(text: &str, document: &Document) -> Option<String> {
    let page = Page::new(text, document);
    let mut changes = Vec::new();
    page.expand(&document.root, &mut changes)?;
    let mut text = text.to_owned();
    for (range, with) in changes.into_iter().rev() {
        text.replace_range(range, &with);
    }
    Some(text)
}

/// Where a value stands: behind a colon, behind a dash, between brackets, or alone.
struct Place<'d> {
    node: &'d Node,
    /// Behind the colon or dash that leads to it.
    lead: usize,
    /// Column of the key or dash that leads to it.
    column: usize,
    seat: Seat,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seat {
    Root,
    Entry,
    Item,
    Flow,
}

struct Page<'a> {
    text: &'a str,
    document: &'a Document,
    layout: Layout,
    line_feed: &'static str,
}

impl<'a> Page<'a> {
    fn new(text: &'a str, document: &'a Document) -> Self {
        let line_feed = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut page = Self { text, document, layout: Layout::default(), line_feed };
        page.layout.dash =
            page.offset_of(&document.root, &|kind| matches!(kind, Kind::Sequence { flow: false, .. })).unwrap_or(0);
        page.layout.step = page
            .offset_of(&document.root, &|kind| matches!(kind, Kind::Mapping { flow: false, .. }))
            .filter(|step| *step > 0)
            .unwrap_or(2);
        page
    }

    /// How far the first value of this kind stands to the right of its key: the hand of the text's author.
    fn offset_of(&self, node: &Node, wanted: &dyn Fn(&Kind) -> bool) -> Option<usize> {
        match &node.kind {
            Kind::Mapping { flow: false, entries } => entries.iter().find_map(|entry| {
                let below = wanted(&entry.value.kind) && entry.value.line > entry.key.line;
                let here =
                    below.then(|| self.column(entry.value.span.start).checked_sub(self.column(entry.key.span.start)));
                here.flatten().or_else(|| self.offset_of(&entry.value, wanted))
            }),
            Kind::Sequence { flow: false, items } => items.iter().find_map(|item| self.offset_of(item, wanted)),
            _ => None,
        }
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |feed| feed + 1)
    }

    /// Before the line break, or at the end of the text.
    fn line_end(&self, at: usize) -> usize {
        let end = self.text[at..].find('\n').map_or(self.text.len(), |feed| at + feed);
        if end > at && self.text[..end].ends_with('\r') { end - 1 } else { end }
    }

    /// Behind the line break, or at the end of the text.
    fn next_line(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |feed| at + feed + 1)
    }

    fn column(&self, at: usize) -> usize {
        self.text[self.line_start(at)..at].chars().count()
    }

    fn first_on_line(&self, at: usize) -> bool {
        self.text[self.line_start(at)..at].bytes().all(|b| b == b' ')
    }

    /// The next byte that is neither blank nor comment.
    fn skip(&self, at: usize) -> usize {
        skip(self.text, &self.document.comments, at)
    }

    /// Behind this byte, if it is the next one that means something.
    fn behind(&self, at: usize, byte: u8) -> Option<usize> {
        let at = self.skip(at);
        (self.text.as_bytes().get(at) == Some(&byte)).then_some(at + 1)
    }

    fn with(&self, range: Range<usize>, new: &str) -> String {
        format!("{}{new}{}", &self.text[..range.start], &self.text[range.end..])
    }

    fn feeds(&self, text: &str) -> String {
        if self.line_feed == "\n" { text.to_owned() } else { text.replace('\n', self.line_feed) }
    }

    fn node(&self, path: &[String]) -> Option<&'a Node> {
        path.iter().try_fold(&self.document.root, |node, part| node.child(part))
    }

    fn place(&self, path: &[String]) -> Option<Place<'a>> {
        let node = self.node(path)?;
        let Some((last, parents)) = path.split_last() else {
            return Some(Place { node, lead: self.skip(self.document.start), column: 0, seat: Seat::Root });
        };
        match &self.node(parents)?.kind {
            Kind::Mapping { flow, entries } => {
                let entry = entries.iter().find(|e| e.name.as_ref() == Some(last))?;
                let lead = self.behind(entry.key.span.end, b':');
                let lead = if *flow { lead.unwrap_or(entry.key.span.end) } else { lead? };
                let column = self.column(entry.key.span.start);
                Some(Place { node, lead, column, seat: if *flow { Seat::Flow } else { Seat::Entry } })
            }
            Kind::Sequence { flow: true, .. } => {
                Some(Place { node, lead: node.span.start, column: 0, seat: Seat::Flow })
            }
            Kind::Sequence { items, .. } => {
                let dash = self.dash(self.node(parents)?, items, index(last)?)?;
                Some(Place { node, lead: dash + 1, column: self.column(dash), seat: Seat::Item })
            }
            Kind::Scalar { .. } | Kind::Alias(_) => None,
        }
    }

    /// The dash of an item in a block list.
    fn dash(&self, list: &Node, items: &[Node], at: usize) -> Option<usize> {
        let from = match at.checked_sub(1) {
            None => list.span.start,
            Some(before) => items.get(before)?.span.end,
        };
        self.behind(from, b'-').map(|behind| behind - 1)
    }

    /// The bytes of a value with its anchor, tag and block header; empty behind the lead where there is none.
    fn whole(&self, place: &Place<'_>) -> Range<usize> {
        let node = place.node;
        let scalar = matches!(node.kind, Kind::Scalar { .. });
        if scalar && node.span.is_empty() && !node.anchored && !node.tagged && !is_block_scalar(node) {
            return place.lead..place.lead;
        }
        let start =
            if place.seat == Seat::Flow && place.lead == node.span.start { place.lead } else { self.skip(place.lead) };
        let end = if is_block_scalar(node) { node.span.end.max(self.line_end(start)) } else { node.span.end };
        start..end.max(start)
    }

    fn replace(&self, path: &[String], value: &Value) -> Option<String> {
        let Some(place) = self.place(path) else {
            let (name, parents) = path.split_last()?;
            return self.add_key(parents, name, value);
        };
        let whole = self.whole(&place);
        let quotes = self.quotes_of(place.node);
        match place.seat {
            Seat::Root => Some(self.with(whole.start..self.next_line(whole.end), &self.feeds(&write(value)))),
            Seat::Flow => {
                let gap =
                    if whole.is_empty() { if self.text[..place.lead].ends_with(':') { " " } else { ": " } } else { "" };
                Some(self.with(whole, &format!("{gap}{}", flow(value, quotes))))
            }
            Seat::Item if is_filled(value) => {
                let mut text = String::new();
                block(value, Layout { indent: place.column + 2, ..self.layout }, &mut text);
                let text = text.strip_suffix('\n').unwrap_or(&text);
                let (head, body) = text.split_once('\n').unwrap_or((text, ""));
                Some(self.put(&place, &whole, head, &self.feeds(body)))
            }
            Seat::Entry | Seat::Item => {
                let (head, body) = self.render(value, place.column, quotes);
                Some(self.put(&place, &whole, &head, &body))
            }
        }
    }

    /// What stands on the line of the lead, and what below it.
    fn render(&self, value: &Value, column: usize, quotes: Quotes) -> (String, String) {
        let multi_line = value.as_str().is_some_and(|text| literal(text).is_some());
        if !multi_line && !is_filled(value) {
            return (scalar_or_empty(value, quotes), String::new());
        }
        let mut text = String::new();
        after_key(value, Layout { indent: column, ..self.layout }, &mut text);
        let (head, body) = text.split_once('\n').unwrap_or((&text, ""));
        (head.trim_start().to_owned(), self.feeds(body.strip_suffix('\n').unwrap_or(body)))
    }

    /// Puts a value behind its lead: its head on the lead's line, where a comment stays, its body on the next lines.
    fn put(&self, place: &Place<'_>, whole: &Range<usize>, head: &str, body: &str) -> String {
        let line = self.line_end(place.lead);
        let below = whole.start > line;
        let (before, after) = (&self.text[..place.lead], self.line_end(whole.end).max(line));
        let gap = if head.is_empty() { "" } else { " " };
        if body.is_empty() {
            return match (below, whole.is_empty()) {
                (_, true) => self.with(place.lead..place.lead, &format!("{gap}{head}")),
                (true, _) if !matches!(place.node.kind, Kind::Scalar { .. }) || is_block_scalar(place.node) => {
                    format!("{before}{gap}{head}{}{}", &self.text[place.lead..line], &self.text[after..])
                }
                _ => self.with(whole.clone(), head),
            };
        }
        let comment = match () {
            () if below || whole.is_empty() => &self.text[place.lead..line],
            () if whole.end <= line => &self.text[whole.end..line],
            () => "",
        };
        format!("{before}{gap}{head}{}{}{body}{}", comment.trim_end(), self.line_feed, &self.text[after..])
    }

    /// How a new text in the place of an old one is quoted: as the old one, as far as that is safe.
    fn quotes_of(&self, node: &Node) -> Quotes {
        match &node.kind {
            Kind::Scalar { style: ScalarStyle::SingleQuoted, .. } => Quotes::Single,
            Kind::Scalar { style: ScalarStyle::DoubleQuoted, .. } => Quotes::Double,
            _ if self.is_json() => Quotes::Double,
            _ => Quotes::Plain,
        }
    }

    /// A text in JSON's style gets names and texts in double quotes.
    fn is_json(&self) -> bool {
        self.text[self.document.start..].trim_start().starts_with(['{', '['])
            && matches!(&self.document.root.kind, Kind::Mapping { flow: true, entries }
                if entries.iter().all(|e| self.quotes_of_key(e) == Quotes::Double))
    }

    fn quotes_of_key(&self, entry: &Entry) -> Quotes {
        match &entry.key.kind {
            Kind::Scalar { style: ScalarStyle::DoubleQuoted, .. } => Quotes::Double,
            Kind::Scalar { style: ScalarStyle::SingleQuoted, .. } => Quotes::Single,
            _ => Quotes::Plain,
        }
    }

    fn add_key(&self, path: &[String], name: &str, value: &Value) -> Option<String> {
        let map = self.node(path)?;
        let Kind::Mapping { flow: in_flow, entries } = &map.kind else {
            return self.replace(path, &Value::Object(Map::from_iter([(name.to_owned(), value.clone())])));
        };
        let Some(last) = entries.last() else {
            return self.replace(path, &Value::Object(Map::from_iter([(name.to_owned(), value.clone())])));
        };
        let key_quotes = if *in_flow { self.quotes_of_key(last) } else { Quotes::Plain };
        if *in_flow {
            let quotes = if key_quotes == Quotes::Double { Quotes::Double } else { Quotes::Plain };
            let entry = format!("{}: {}", string(name, key_quotes, true), flow(value, quotes));
            return Some(self.add_in_brackets(last.key.span.start, last.value.span.end.max(last.key.span.end), &entry));
        }
        let column = self.column(entries.first()?.key.span.start);
        let mut text = format!("\n{:column$}{}:", "", string(name, key_quotes, false));
        after_key(value, Layout { indent: column, ..self.layout }, &mut text);
        let at = self.line_end(map.span.end);
        Some(self.with(at..at, &self.feeds(text.strip_suffix('\n').unwrap_or(&text))))
    }

    /// Behind the last entry, on a line of its own where that one has one.
    fn add_in_brackets(&self, start: usize, end: usize, new: &str) -> String {
        let own_line = self.first_on_line(start);
        let gap = if own_line { format!("{}{:2$}", self.line_feed, "", self.column(start)) } else { " ".into() };
        self.with(end..end, &format!(",{gap}{new}"))
    }

    fn add_item(&self, path: &[String], at: usize, value: &Value) -> Option<String> {
        let list = self.node(path)?;
        let Kind::Sequence { flow: in_flow, items } = &list.kind else {
            return self.replace(path, &Value::Array(vec![value.clone()]));
        };
        let Some(last) = items.last() else {
            return self.replace(path, &Value::Array(vec![value.clone()]));
        };
        if *in_flow {
            let entry = flow(value, self.quotes_of(last));
            return Some(match items.get(at) {
                None => self.add_in_brackets(last.span.start, last.span.end, &entry),
                Some(next) if self.first_on_line(next.span.start) => {
                    let gap = format!("{}{:2$}", self.line_feed, "", self.column(next.span.start));
                    self.with(next.span.start..next.span.start, &format!("{entry},{gap}"))
                }
                Some(next) => self.with(next.span.start..next.span.start, &format!("{entry}, ")),
            });
        }
        let column = self.column(self.dash(list, items, 0)?);
        let mut text = String::new();
        block(&Value::Array(vec![value.clone()]), Layout { indent: column, ..self.layout }, &mut text);
        let text = self.feeds(text.strip_suffix('\n').unwrap_or(&text));
        if at >= items.len() {
            let end = self.line_end(list.span.end);
            return Some(self.with(end..end, &format!("{}{:column$}{text}", self.line_feed, "")));
        }
        let dash = self.dash(list, items, at)?;
        Some(if self.first_on_line(dash) {
            let start = self.with_comments(dash, self.floor(list, items, at));
            self.with(start..start, &format!("{:column$}{text}{}", "", self.line_feed))
        } else {
            self.with(dash..dash, &format!("{text}{}{:column$}", self.line_feed, ""))
        })
    }

    /// Above this nothing belongs to the item.
    fn floor(&self, list: &Node, items: &[Node], at: usize) -> usize {
        at.checked_sub(1).and_then(|before| items.get(before)).map_or(list.span.start, |before| before.span.end)
    }

    /// The start of the line of an entry, or of the comments right above it that stand in its column.
    fn with_comments(&self, at: usize, floor: usize) -> usize {
        let column = self.column(at);
        let mut start = self.line_start(at);
        while start > floor {
            let above = self.line_start(start - 1);
            let text = above + column;
            let comment = above > floor && self.document.comments.iter().any(|c| c.start == text);
            if !comment || !self.first_on_line(text) {
                break;
            }
            start = above;
        }
        start
    }

    fn delete(&self, path: &[String]) -> Option<String> {
        let (last, parents) = path.split_last()?;
        let parent = self.node(parents)?;
        match &parent.kind {
            Kind::Mapping { entries, .. } if entries.len() == 1 => {
                entries.first()?.name.as_ref().filter(|name| *name == last)?;
                self.replace(parents, &Value::Object(Map::new()))
            }
            Kind::Sequence { items, .. } if items.len() == 1 => {
                items.get(index(last)?)?;
                self.replace(parents, &Value::Array(Vec::new()))
            }
            Kind::Mapping { flow, entries } => {
                let at = entries.iter().position(|e| e.name.as_ref() == Some(last))?;
                let spans: Vec<_> =
                    entries.iter().map(|e| e.key.span.start..e.value.span.end.max(e.key.span.end)).collect();
                self.cut(parent, &spans, at, *flow)
            }
            Kind::Sequence { flow, items } => {
                let at = index(last)?;
                let mut spans = Vec::with_capacity(items.len());
                for (at, item) in items.iter().enumerate() {
                    let start = if *flow { item.span.start } else { self.dash(parent, items, at)? };
                    spans.push(start..item.span.end.max(start + 1));
                }
                self.cut(parent, &spans, at, *flow)
            }
            Kind::Scalar { .. } | Kind::Alias(_) => None,
        }
    }

    /// Cuts one of several entries out of its block or brackets.
    fn cut(&self, parent: &Node, spans: &[Range<usize>], at: usize, flow: bool) -> Option<String> {
        let span = spans.get(at)?;
        let before = at.checked_sub(1).and_then(|before| spans.get(before));
        if flow {
            return match (before, spans.get(at + 1)) {
                (Some(before), _) => Some(self.with(before.end..span.end, "")),
                (None, Some(next)) => Some(self.with(span.start..next.start, "")),
                (None, None) => None,
            };
        }
        if !self.first_on_line(span.start) {
            let end = self.next_line(span.end);
            let next = end + self.text[end..].len() - self.text[end..].trim_start().len();
            return Some(self.with(span.start..next, ""));
        }
        let floor = before.map_or_else(|| parent.span.start.min(span.start), |before| before.end);
        let floor = if at == 0 { self.floor_of_first(span.start) } else { floor };
        let (start, end) = (self.with_comments(span.start, floor), self.next_line(span.end));
        if end == self.text.len() && !self.text.ends_with('\n') && start > 0 {
            return Some(self.text[..self.line_end(start - 1)].to_owned());
        }
        Some(self.with(start..end, ""))
    }

    /// The comments between a lead and the first entry of its block may go with that entry, nothing above them.
    fn floor_of_first(&self, start: usize) -> usize {
        let mut line = self.line_start(start);
        while line > 0 {
            let above = self.line_start(line - 1);
            if !self.text[above..line].trim_start().starts_with('#') {
                break;
            }
            line = above;
        }
        line.saturating_sub(1)
    }

    fn move_item(&self, path: &[String], from: usize, to: usize) -> Option<String> {
        let list = self.node(path)?;
        let Kind::Sequence { flow, items } = &list.kind else { return None };
        if *flow {
            let mut texts: Vec<_> = items.iter().map(|item| &self.text[item.span.clone()]).collect();
            let item = texts.remove(from);
            texts.insert(to, item);
            let mut text = self.text.to_owned();
            for (item, new) in items.iter().zip(texts).rev() {
                text.replace_range(item.span.clone(), new);
            }
            return Some(text);
        }
        let mut starts = Vec::with_capacity(items.len() + 1);
        for at in 0..items.len() {
            let dash = self.dash(list, items, at).filter(|dash| self.first_on_line(*dash))?;
            let floor = if at == 0 { self.floor_of_first(dash) } else { self.floor(list, items, at) };
            starts.push(self.with_comments(dash, floor));
        }
        starts.push(self.next_line(list.span.end));
        let mut texts: Vec<_> = starts.windows(2).map(|pair| self.text[pair[0]..pair[1]].to_owned()).collect();
        let open_end = !texts.last()?.ends_with('\n');
        if open_end {
            texts.last_mut()?.push_str(self.line_feed);
        }
        let item = texts.remove(from);
        texts.insert(to, item);
        let moved = texts.concat();
        let moved = if open_end { moved.trim_end_matches(['\r', '\n']) } else { &moved };
        Some(self.with(*starts.first()?..*starts.last()?, moved))
    }

    fn expand(&self, node: &Node, changes: &mut Vec<(Range<usize>, String)>) -> Option<()> {
        match &node.kind {
            Kind::Alias(value) => changes.push((node.span.clone(), flow(value, Quotes::Plain))),
            Kind::Scalar { .. } => {}
            Kind::Sequence { items, .. } => {
                for item in items {
                    self.expand(item, changes)?;
                }
            }
            Kind::Mapping { flow: here, entries } => {
                for entry in entries {
                    if entry.name.is_some() {
                        self.expand(&entry.value, changes)?;
                        continue;
                    }
                    changes.push((entry.key.span.start..entry.value.span.end, self.merged(node, entry, *here)?));
                }
            }
        }
        Some(())
    }

    /// What a `<<` adds to its map, as entries.
    fn merged(&self, map: &Node, merge: &Entry, in_flow: bool) -> Option<String> {
        let Value::Object(mut added) = map.value() else { return None };
        added.retain(|name, _| map.child(name).is_none());
        let added = Some(Value::Object(added)).filter(is_filled)?;
        if in_flow {
            return flow(&added, Quotes::Plain).strip_prefix('{')?.strip_suffix('}').map(str::to_owned);
        }
        let mut text = String::new();
        block(&added, Layout { indent: self.column(merge.key.span.start), ..self.layout }, &mut text);
        Some(self.feeds(text.strip_suffix('\n')?))
    }
}

fn is_block_scalar(node: &Node) -> bool {
    matches!(node.kind, Kind::Scalar { style: ScalarStyle::Literal | ScalarStyle::Folded, .. })
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

fn scalar_or_empty(value: &Value, quotes: Quotes) -> String {
    if value.is_object() || value.is_array() { flow(value, quotes) } else { scalar(value, quotes, false) }
}
