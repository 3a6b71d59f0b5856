//! A whole configuration for somebody else: without what is secret, an item of a list at a time, so that no more of it is ever built.

use std::fmt::Write as _;
use std::ops::Range;

use serde_json::{Map, Value};

use crate::json::Scanner;
use crate::redact;

/// How deep lists are walked: those of a `config_dump` stand in the members of the items of its `configs`. No header stands so far out, whose name says
/// what to hide beside it.
const DEPTH: usize = 4;

/// A configuration without what is secret, indented as what stands behind a member of an object; `None` where it is no JSON or ends early.
pub fn redacted(body: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(body.len());
    let range = Scanner::new(body).range()?;
    write(body, range, (1, DEPTH), &mut out)?;
    Some(out)
}

/// Writes a value, the first line without its indentation.
fn write(body: &[u8], range: Range<usize>, (indent, left): (usize, usize), out: &mut String) -> Option<()> {
    let first = body.get(range.start)?;
    if left == 0 || !matches!(first, b'{' | b'[') {
        return built(&body[range], indent, out);
    }
    let mut scanner = Scanner::new(&body[range.clone()]);
    let within = |at: Range<usize>| range.start + at.start..range.start + at.end;
    let (mut begun, is_object) = (false, *first == b'{');
    let (open, close) = if is_object { ('{', '}') } else { ('[', ']') };
    out.push(open);
    let mut next = |out: &mut String| {
        out.push_str(if std::mem::replace(&mut begun, true) { ",\n" } else { "\n" });
        margin(indent + 1, out);
    };
    if is_object {
        scanner.object(|scanner, name| {
            next(out);
            let value = within(scanner.range()?);
            let named = serde_json::to_string(name).ok()?;
            if redact::is_secret(name) {
                return member(name, &body[value], indent + 1, out);
            }
            let _ = write!(out, "{named}: ");
            write(body, value, (indent + 1, left - 1), out)
        })?;
    } else {
        scanner.list(|scanner| {
            next(out);
            write(body, within(scanner.range()?), (indent + 1, left - 1), out)
        })?;
    }
    if begun {
        out.push('\n');
        margin(indent, out);
    }
    out.push(close);
    Some(())
}

fn margin(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", indent));
}

/// A value that is built whole.
fn built(raw: &[u8], indent: usize, out: &mut String) -> Option<()> {
    let mut value: Value = serde_json::from_slice(raw).ok()?;
    redact::redact(&mut value);
    indented(&value, indent, out)
}

/// A member whose name says that it is secret.
fn member(name: &str, raw: &[u8], indent: usize, out: &mut String) -> Option<()> {
    let mut object = Value::Object(Map::from_iter([(name.to_owned(), serde_json::from_slice(raw).ok()?)]));
    redact::redact(&mut object);
    let _ = write!(out, "{}: ", serde_json::to_string(name).ok()?);
    indented(object.get(name)?, indent, out)
}

fn indented(value: &Value, indent: usize, out: &mut String) -> Option<()> {
    for (n, line) in serde_json::to_string_pretty(value).ok()?.lines().enumerate() {
        if n > 0 {
            out.push('\n');
            margin(indent, out);
        }
        out.push_str(line);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            "[a-z \\\\\"\n]*".prop_map(Value::from)
        ];
        let name =
            prop_oneof!["[a-z]{0,4}", Just("password".to_owned()), Just("key".to_owned()), Just("value".to_owned())];
        leaf.prop_recursive(5, 60, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(name.clone(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Whatever stands where: piece by piece as much is hidden as of the whole, and nothing else is lost.
        #[test]
        fn as_the_whole_would_be(value in any_value()) {
            let (text, mut whole) = (value.to_string(), value);
            redact::redact(&mut whole);
            let written = redacted(text.as_bytes()).unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), whole);
        }
    }

    #[test]
    fn it_is_indented_as_what_stands_behind_a_member() {
        let body = json!({"configs": [{"clusters": [{"name": "a"}], "none": []}]}).to_string();
        let whole = format!("{{\n  \"configuration\": {}\n}}", redacted(body.as_bytes()).unwrap());
        let value: Value = serde_json::from_str(&whole).unwrap();
        assert_eq!(whole, serde_json::to_string_pretty(&value).unwrap());
        for half in ["", "{\"configs\": [", "{\"a\": nothing}"] {
            assert_eq!(redacted(half.as_bytes()), None, "{half}");
        }
    }
}
