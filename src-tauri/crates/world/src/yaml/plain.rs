//! The plain part of YAML, read many times faster than all of it: block maps and lists of scalars on one line and literal blocks, as kubectl
//! and charts print them. What is not plain beyond doubt is left to the careful reader ([`super::tree`]); what is means the same to both, and
//! tests hold them together.

use serde_json::{Map, Value};

use super::scalar::resolve;
use super::tree::{MAX_BYTES, MAX_NODES};

/// Nesting that is still plain.
const DEPTH: usize = 64;
/// Bytes of a key that is still plain.
const KEY: usize = 256;

/// The text of one document, with the number of lines before it.
pub(super) struct Piece<'a> {
    pub text: &'a str,
    pub before: usize,
}

/// What a document says. Lines are from 1, in its own text.
pub(super) struct Said {
    pub value: Value,
    pub line: usize,
    /// Where each of its `items` begins.
    pub items: Vec<usize>,
}

/// The documents of a text. `None` where more than lines of `---` tells them apart.
pub(super) fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let (mut all, mut start, mut before, mut at) = (Vec::new(), 0, 0, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let content = line.strip_suffix('\n').unwrap_or(line);
        if content == "---" {
            all.push(Piece { text: text.get(start..at)?, before });
            (start, before) = (at + line.len(), number + 1);
        } else if content.starts_with("---") || content.starts_with("...") || content.starts_with('%') {
            return None;
        }
        at += line.len();
    }
    all.push(Piece { text: text.get(start..)?, before });
    Some(all)
}

/// What a document says, if anything; `None` where it is not plain. Its values are counted on from `nodes`, keys included.
pub(super) fn document(text: &str, nodes: &mut usize) -> Option<Option<Said>> {
    let mut reader = Reader { rest: text, number: 0, line: None, nodes, begun: Vec::new(), items: Vec::new() };
    reader.advance()?;
    let Some(first) = reader.line else { return Some(None) };
    if first.indent != 0 || first.is_item() {
        return None;
    }
    let value = reader.map(0, 0)?;
    let said = Said { value, line: first.number, items: reader.items };
    reader.line.is_none().then_some(Some(said))
}

/// A line that says something.
#[derive(Clone, Copy)]
struct Line<'a> {
    indent: usize,
    content: &'a str,
    number: usize,
}

impl<'a> Line<'a> {
    fn is_item(&self) -> bool {
        self.content == "-" || self.content.starts_with("- ")
    }

    /// The key, and what follows it on the line.
    fn entry(&self) -> Option<(&'a str, &'a str)> {
        let (key, rest) = self.content.split_once(':')?;
        let name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/');
        let begins = key.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
        let ends = rest.is_empty() || rest.starts_with(' ');
        (begins && ends && key.len() < KEY && key.bytes().all(name)).then(|| (key, rest.trim_start()))
    }
}

struct Reader<'a, 'n> {
    rest: &'a str,
    number: usize,
    /// The line that is next, unless the text is at its end.
    line: Option<Line<'a>>,
    nodes: &'n mut usize,
    /// Where the items of the last list of the outermost map began.
    begun: Vec<usize>,
    items: Vec<usize>,
}

impl<'a> Reader<'a, '_> {
    /// The next line as it stands, with its break; `None` where it is not plain.
    fn raw(&mut self) -> Option<&'a str> {
        let end = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
        let (line, rest) = self.rest.split_at(end);
        (self.rest, self.number) = (rest, self.number + 1);
        let content = line.strip_suffix('\n').unwrap_or(line);
        content.bytes().all(|b| (b' '..=b'~').contains(&b)).then_some(line)
    }

    /// Goes on to the next line that says something; `None` where a line is not plain.
    fn advance(&mut self) -> Option<()> {
        self.line = None;
        while !self.rest.is_empty() {
            let line = self.raw()?.trim_end_matches(['\n', ' ']);
            let content = line.trim_start_matches(' ');
            if !content.is_empty() && !content.starts_with('#') {
                self.line = Some(Line { indent: line.len() - content.len(), content, number: self.number });
                break;
            }
        }
        Some(())
    }

    fn count(&mut self) -> Option<()> {
        *self.nodes += 1;
        (*self.nodes <= MAX_NODES).then_some(())
    }

    /// What stands deeper than this, or null.
    fn below(&mut self, indent: usize, depth: usize) -> Option<Value> {
        match self.line {
            Some(line) if line.indent > indent => self.block(line, depth + 1),
            _ => self.count().map(|()| Value::Null),
        }
    }

    fn block(&mut self, line: Line<'a>, depth: usize) -> Option<Value> {
        if line.is_item() { self.list(line.indent, depth) } else { self.map(line.indent, depth) }
    }

    fn map(&mut self, indent: usize, depth: usize) -> Option<Value> {
        let mut map = Map::new();
        self.count()?;
        while let Some(line) = self.line.filter(|line| line.indent == indent) {
            let (key, rest) = line.entry().filter(|_| depth < DEPTH)?;
            let Value::String(name) = resolve(key).ok()? else { return None };
            self.count()?;
            let value = self.value(rest, indent, depth)?;
            if depth == 0 && key == "items" {
                self.items = std::mem::take(&mut self.begun);
            }
            if map.insert(name, value).is_some() {
                return None;
            }
        }
        self.ends(indent)?;
        Some(Value::Object(map))
    }

    /// What a key says, of which this stands on its line.
    fn value(&mut self, rest: &str, indent: usize, depth: usize) -> Option<Value> {
        if rest.starts_with('|') {
            return self.literal(rest, indent);
        }
        self.advance()?;
        match self.line {
            _ if !rest.is_empty() => self.scalar(rest, indent),
            // A list may stand in the column of its key.
            Some(next) if next.indent == indent && next.is_item() => self.list(indent, depth + 1),
            _ => self.below(indent, depth),
        }
    }

    fn list(&mut self, indent: usize, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        self.count()?;
        if depth == 1 {
            self.begun.clear();
        }
        while let Some(line) = self.line.filter(|line| line.indent == indent && line.is_item()) {
            if depth >= DEPTH {
                return None;
            }
            if depth == 1 {
                self.begun.push(line.number);
            }
            let rest = line.content.get(1..)?.trim_start();
            let inner = Line { indent: indent + line.content.len() - rest.len(), content: rest, ..line };
            if rest.is_empty() {
                return None;
            }
            if inner.is_item() || inner.entry().is_some() {
                self.line = Some(inner);
                items.push(self.block(inner, depth + 1)?);
                continue;
            }
            self.advance()?;
            items.push(self.scalar(rest, indent)?);
        }
        self.ends(indent)?;
        Some(Value::Array(items))
    }

    /// What comes next stands no deeper.
    fn ends(&self, indent: usize) -> Option<()> {
        self.line.is_none_or(|line| line.indent <= indent).then_some(())
    }

    fn scalar(&mut self, text: &str, indent: usize) -> Option<Value> {
        self.count()?;
        // Deeper lines would go on with it.
        self.ends(indent)?;
        let quoted = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        match text.as_bytes() {
            b"{}" => return Some(Value::Object(Map::new())),
            b"[]" => return Some(Value::Array(Vec::new())),
            [b'"', ..] => return quoted('"').filter(|inner| !inner.contains(['"', '\\'])).map(Value::from),
            [b'\'', ..] => return quoted('\'').filter(|inner| !inner.contains('\'')).map(Value::from),
            [b'-' | b'+', second, ..] if second.is_ascii_alphanumeric() => {}
            [first, ..] if first.is_ascii_alphanumeric() || matches!(first, b'/' | b'.' | b'_' | b'(' | b'$') => {}
            _ => return None,
        }
        let plain = !text.contains(": ") && !text.contains(" #") && !text.ends_with(':');
        resolve(text).ok().filter(|_| plain)
    }

    /// A literal block behind a key, with `|` or `|-` at its head.
    fn literal(&mut self, head: &str, indent: usize) -> Option<Value> {
        self.count()?;
        let (mut text, mut blank, mut column) = (String::new(), 0, None);
        while !self.rest.is_empty() {
            let (rest, number) = (self.rest, self.number);
            let line = self.raw()?;
            let content = line.trim_start_matches(' ');
            if content == "\n" {
                blank += 1;
                // Blank lines in front, and such as hold blanks, are for the careful reader.
                (column.is_some() && line == content).then_some(())?;
                continue;
            }
            let column = *column.get_or_insert(line.len() - content.len());
            if column <= indent {
                return None;
            }
            if line.len() - content.len() < column {
                (self.rest, self.number) = (rest, number);
                break;
            }
            text.extend(std::iter::repeat_n('\n', blank));
            blank = 0;
            text.push_str(line.get(column..).filter(|line| line.ends_with('\n'))?);
        }
        self.advance()?;
        self.ends(indent)?;
        match head {
            "|" if !text.is_empty() => Some(text.into()),
            "|-" if !text.is_empty() => Some(text.trim_end_matches('\n').into()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
