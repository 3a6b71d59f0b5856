//! Any document, in any hand, with any edit: the meaning is the old one with the edit, and only the lines of what was
//! named change.
#![cfg(test)]

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use world::yaml::{DiffSide, Edit, Op, apply, diff, edit, read, write};

/// A document in some author's hand: styles, comments, blank lines and indentation by lot.
struct Hand {
    lots: Vec<u8>,
    next: usize,
    step: usize,
    dash: usize,
    comments: usize,
}

impl Hand {
    fn new(lots: Vec<u8>) -> Self {
        let step = if lots.first().is_some_and(|lot| lot % 3 == 0) { 4 } else { 2 };
        let dash = if lots.get(1).is_some_and(|lot| lot % 2 == 0) { 0 } else { step };
        Self { lots, next: 2, step, dash, comments: 0 }
    }

    fn one_in(&mut self, n: u8) -> bool {
        self.next += 1;
        self.lots[self.next % self.lots.len()].wrapping_add(self.next as u8).is_multiple_of(n)
    }

    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# c{}.", self.comments)
    }

    fn string(&mut self, text: &str, flow: bool) -> String {
        let plain = !text.is_empty() && text.chars().all(|c| c.is_alphabetic()) && read(text).value == text;
        match () {
            () if plain && !self.one_in(4) => text.to_owned(),
            () if self.one_in(2) && text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) => {
                format!("'{}'", text.replace('\'', "''"))
            }
            () if !flow && self.one_in(2) && text.contains('\n') => serde_json::to_string(text).unwrap(),
            () => serde_json::to_string(text).unwrap(),
        }
    }

    fn flow(&mut self, value: &Value) -> String {
        match value {
            Value::Object(map) => {
                let entries: Vec<_> =
                    map.iter().map(|(k, v)| format!("{}: {}", self.string(k, true), self.flow(v))).collect();
                format!("{{{}}}", entries.join(", "))
            }
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::String(text) => self.string(text, true),
            other => other.to_string(),
        }
    }

    fn above(&mut self, indent: usize, out: &mut String) {
        if self.one_in(9) {
            out.push('\n');
        }
        if self.one_in(5) {
            let comment = self.comment();
            out.push_str(&format!("{:indent$}{comment}\n", ""));
        }
    }

    fn beside(&mut self, out: &mut String) {
        if self.one_in(5) {
            let comment = self.comment();
            out.push_str(&format!("  {comment}"));
        }
        out.push('\n');
    }

    /// Behind a key or dash: the same line, or the lines below.
    fn value(&mut self, value: &Value, indent: usize, below: usize, dash: usize, out: &mut String) {
        let block = match value {
            Value::Object(map) => !map.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => false,
        };
        if let Value::String(text) = value
            && text.ends_with('\n')
            && text.trim_end().len() + 1 == text.len()
            && !text.starts_with([' ', '\n'])
            && text.lines().all(|line| line.chars().all(|c| c.is_alphanumeric()))
            && self.one_in(2)
        {
            out.push_str(" |\n");
            for line in text.lines() {
                out.push_str(&format!("{:below$}{line}\n", "", below = indent + self.step));
            }
            return;
        }
        if !block || self.one_in(4) {
            let text = self.flow(value);
            out.push_str(&format!(" {text}"));
            self.beside(out);
            return;
        }
        self.beside(out);
        self.block(value, if value.is_array() { dash } else { below }, out);
    }

    fn block(&mut self, value: &Value, indent: usize, out: &mut String) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    self.above(indent, out);
                    let key = self.string(key, false);
                    out.push_str(&format!("{:indent$}{key}:", ""));
                    self.value(value, indent, indent + self.step, indent + self.dash, out);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.above(indent, out);
                    out.push_str(&format!("{:indent$}-", ""));
                    match item {
                        Value::Object(map) if !map.is_empty() && self.one_in(2) => {
                            let mut inner = String::new();
                            self.block(item, indent + 2, &mut inner);
                            // The first key beside the dash, where no comment or blank line comes first.
                            match inner.strip_prefix(&" ".repeat(indent + 2)) {
                                Some(rest) if !rest.starts_with('#') => out.push_str(&format!(" {rest}")),
                                _ => out.push_str(&format!("\n{inner}")),
                            }
                        }
                        _ => self.value(item, indent, indent + self.step, indent + self.step, out),
                    }
                }
            }
            _ => {}
        }
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1000i32..1000).prop_map(|n| json!(f64::from(n) / 8.0 + 0.0625)),
        "[a-z]{1,6}".prop_map(Value::from),
        "(on|yes|y|null|~|0x1|1_0|1e3|012|2024-01-01| x|a: b|- a|# x|a #b|'|\"|a\\\\b)".prop_map(Value::from),
        "[a-z]{1,4}\n[a-z]{0,4}\n".prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ]
}

fn document() -> impl Strategy<Value = Value> {
    let key = prop_oneof![4 => "[a-z]{1,5}", 1 => "(on|y|a b|a\\.b/c|~|1|#x|'q)"];
    let tree = scalar().prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..5)
                .prop_map(|entries| Value::Object(Map::from_iter(entries))),
        ]
    });
    prop::collection::vec(("[a-z]{1,6}", tree), 1..5).prop_map(|entries| Value::Object(Map::from_iter(entries)))
}

fn pointers(value: &Value, here: String, all: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                pointers(value, format!("{here}/{}", name.replace('~', "~0").replace('/', "~1")), all);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                pointers(value, format!("{here}/{at}"), all);
            }
        }
        _ => {}
    }
    all.push(here);
}

/// An edit that fits the document, chosen by lot.
fn some_edit(value: &Value, (what, place, other): (u8, usize, usize), new: Value) -> Edit {
    let mut all = Vec::new();
    pointers(value, String::new(), &mut all);
    let pick = |wanted: &dyn Fn(&str) -> bool, lot: usize| {
        let fitting: Vec<_> = all.iter().filter(|pointer| wanted(pointer)).collect();
        (!fitting.is_empty()).then(|| fitting[lot % fitting.len()].clone())
    };
    let at = |pointer: &str| value.pointer(pointer).unwrap();
    let is_item = |pointer: &str| pointer.rsplit_once('/').is_some_and(|(parent, _)| at(parent).is_array());
    match what % 5 {
        0 => pick(&|p| !p.is_empty(), place).map(|p| Edit::set(&p, new.clone())),
        1 => pick(&|p| at(p).is_object(), place).map(|p| Edit::set(&format!("{p}/novel"), new.clone())),
        2 => pick(&|p| at(p).is_array(), place).map(|p| {
            let length = at(&p).as_array().map_or(0, Vec::len);
            Edit::insert(&format!("{p}/{}", other % (length + 1)), new.clone())
        }),
        3 => pick(&|p| !p.is_empty(), place).map(|p| Edit::remove(&p)),
        _ => pick(&is_item, place).map(|p| {
            let length = p.rsplit_once('/').and_then(|(parent, _)| at(parent).as_array()).map_or(1, Vec::len);
            Edit::shift(&p, other % length)
        }),
    }
    .unwrap_or_else(|| Edit::set("/novel", new))
}

/// Whole floats and integers are one to YAML and JSON alike.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn comments(text: &str) -> usize {
    text.matches("# c").count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_edit_means_itself_and_touches_nothing_else(
        value in document(),
        lots in prop::collection::vec(any::<u8>(), 16..64),
        choice in any::<(u8, usize, usize)>(),
        new in prop_oneof![3 => scalar(), 1 => document()],
    ) {
        let mut text = String::new();
        let windows = lots.last().is_some_and(|lot| lot % 5 == 0);
        Hand::new(lots).block(&value, 0, &mut text);
        if windows {
            text = text.replace('\n', "\r\n");
        }
        let reading = read(&text);
        prop_assert_eq!(&reading.problems, &[], "{}", text);
        prop_assert!(same(&reading.value, &value), "{}\n{}", text, value);
        prop_assert_eq!(edit(&text, &[]), Ok(text.clone()));

        let change = some_edit(&reading.value, choice, new);
        let wanted = apply(&reading.value, &change).unwrap();
        let after = edit(&text, std::slice::from_ref(&change));
        prop_assert!(after.is_ok(), "{:?} {:?}\n{}", after, change, text);
        let after = after.unwrap();
        prop_assert!(same(&read(&after).value, &wanted), "{:?}\n{}\n---\n{}", change, text, after);
        let second: Result<Value, _> = serde_saphyr::from_str(&after);
        prop_assert!(second.is_ok(), "another parser: {:?} {:?}\n{}", second, change, after);

        let lines = diff(&text, &after);
        let gone = lines.iter().filter(|line| line.side == DiffSide::Before).count();
        let old = reading.value.pointer(&change.pointer);
        let single = |value: &Value| !matches!(value, Value::Array(_) | Value::Object(_)) && !value.to_string().contains("\\n");
        if change.op == Op::Set && old.is_some_and(single) && single(&change.value) {
            prop_assert!(gone <= 1, "{:?} {} lines\n{}\n---\n{}", change, gone, text, after);
        }
        if change.op == Op::Insert || change.op == Op::Set && old.is_none() {
            prop_assert!(gone <= 1, "{:?} {} lines\n{}\n---\n{}", change, gone, text, after);
        }
        if change.op != Op::Remove && old.is_none_or(single) || change.op == Op::Move {
            prop_assert!(comments(&after) >= comments(&text), "{:?} lost a comment\n{}\n---\n{}", change, text, after);
        }
    }

    #[test]
    fn what_is_written_is_read(value in document()) {
        let text = write(&value);
        prop_assert!(same(&read(&text).value, &value), "{}\n{}", text, value);
        let second: Value = serde_saphyr::from_str(&text).unwrap();
        prop_assert!(same(&second, &value), "serde-saphyr: {}\n{}", text, second);
    }

    #[test]
    fn no_text_panics(text in "[-a-c:#&*!|>'\"%@`{}\\[\\], \n\t?~0-9\u{feff}é]{0,60}", other in any::<String>()) {
        for text in [text, other] {
            let reading = read(&text);
            let _ = world::yaml::split(&text);
            let mut all = Vec::new();
            pointers(&reading.value, String::new(), &mut all);
            for pointer in all.iter().filter(|p| !p.is_empty()).take(4) {
                for change in [Edit::set(pointer, "x"), Edit::remove(pointer), Edit::set(&format!("{pointer}/k"), 1), Edit::shift(pointer, 0)] {
                    if let (Ok(after), Ok(wanted)) = (edit(&text, std::slice::from_ref(&change)), apply(&reading.value, &change)) {
                        prop_assert!(same(&read(&after).value, &wanted), "{:?} {:?} {:?}", change, text, after);
                    }
                }
            }
        }
    }
}
