//! From values to text, for new documents and for those that came as JSON.

use serde_json::{Map, Value};

use super::scalar::{Quotes, literal, scalar, string};

/// One document in block style, as kubectl prints it but with the fields in their own order, `apiVersion`, `kind` and
/// `metadata` first.
pub fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if is_object(map) => {
            let first = ["apiVersion", "kind", "metadata", "spec"];
            let mut ordered = Map::new();
            for name in first.iter().copied().chain(map.keys().map(String::as_str)) {
                if let Some(value) = map.get(name) {
                    ordered.entry(name).or_insert_with(|| value.clone());
                }
            }
            block(&Value::Object(ordered), Layout::default(), &mut out);
        }
        _ => block(value, Layout::default(), &mut out),
    }
    out
}

fn is_object(map: &Map<String, Value>) -> bool {
    map.contains_key("apiVersion") && map.contains_key("kind")
}

/// Where and how a block is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Column of its keys and dashes.
    pub indent: usize,
    /// Columns from a key to the keys of its value.
    pub step: usize,
    /// Columns from a key to the dashes of its value; kubectl writes 0.
    pub dash: usize,
}

impl Default for Layout {
    fn default() -> Self {
        Self { indent: 0, step: 2, dash: 0 }
    }
}

/// A value whose first line goes at `indent`, which the caller has written (or is 0); ends with a line feed.
pub(super) fn block(value: &Value, layout: Layout, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (at, (name, value)) in map.iter().enumerate() {
                pad(if at == 0 { 0 } else { layout.indent }, out);
                out.push_str(&string(name, Quotes::Plain, false));
                out.push(':');
                after_key(value, layout, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                pad(if at == 0 { 0 } else { layout.indent }, out);
                out.push_str("- ");
                match item {
                    Value::String(text) => string_block(text, Layout { indent: layout.indent, ..layout }, out),
                    _ => block(item, Layout { indent: layout.indent + 2, ..layout }, out),
                }
            }
        }
        Value::String(text) => string_block(text, layout, out),
        other => {
            out.push_str(&flow(other, Quotes::Plain));
            out.push('\n');
        }
    }
}

/// What follows a colon: the same line for scalars and empty collections, the next lines for others.
pub(super) fn after_key(value: &Value, layout: Layout, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            let layout = Layout { indent: layout.indent + layout.step, ..layout };
            pad(layout.indent, out);
            block(value, layout, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            let layout = Layout { indent: layout.indent + layout.dash, ..layout };
            pad(layout.indent, out);
            block(value, layout, out);
        }
        _ => {
            out.push(' ');
            block(value, layout, out);
        }
    }
}

/// A string behind a key or a dash at `indent`.
fn string_block(text: &str, layout: Layout, out: &mut String) {
    let Some((header, lines)) = literal(text) else {
        out.push_str(&string(text, Quotes::Plain, false));
        out.push('\n');
        return;
    };
    out.push_str(header);
    out.push('\n');
    for line in lines {
        if !line.is_empty() {
            pad(layout.indent + layout.step.max(2), out);
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// A value on one line, in brackets.
pub(super) fn flow(value: &Value, quotes: Quotes) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<_> =
                map.iter().map(|(k, v)| format!("{}: {}", string(k, quotes, true), flow(v, quotes))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| flow(item, quotes)).collect();
            format!("[{}]", items.join(", "))
        }
        other => scalar(other, quotes, true),
    }
}

fn pad(columns: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', columns));
}
