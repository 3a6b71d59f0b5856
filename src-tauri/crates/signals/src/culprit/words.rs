//! What a refusal names, to be looked for in objects.

use serde_json::Value;
use world::ObjectKey;

use crate::dump::{Origin, of_path, of_policy};

/// Shortest word that may tell one object from another.
const SHORTEST: usize = 4;

/// What Envoy and Istio say of themselves, whatever was refused: options that they advise, their own listeners, and `'false'`.
const FIXED: [&str; 8] = [
    "true",
    "false",
    "enable_reuse_port",
    "resolver_name",
    "STRICT_DNS",
    "LOGICAL_DNS",
    "virtualInbound",
    "virtualOutbound",
];

/// Everything that an object says: names of fields and texts, a line each.
pub(super) fn all_said(value: &Value, out: &mut String) {
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                out.push_str(name);
                out.push('\n');
                all_said(value, out);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| all_said(item, out)),
        Value::String(text) => line(text),
        Value::Number(number) => line(&number.to_string()),
        Value::Null | Value::Bool(_) => {}
    }
}

/// What a refusal names: texts in quotes, names with dots, fields (`ConnectTimeout` as `connect_timeout` and `connectTimeout` too), and what
/// stands after the last colon: `missing ): /a(b`.
pub(super) fn of(text: &str) -> Vec<String> {
    let quoted = text.split(['\'', '"']).skip(1).step_by(2);
    let named = text
        .split(|c: char| !(c.is_alphanumeric() || "._-".contains(c)))
        .flat_map(|word| word.split("Error."))
        .filter(|word| word.contains(['.', '_']) || word.chars().skip(1).any(char::is_uppercase));
    let ends = text.split("; ").filter_map(|line| line.rsplit(": ").next().filter(|end| !end.contains(' ')));
    let mut words: Vec<String> = quoted
        .chain(named)
        .chain(ends)
        .map(|word| word.trim_matches(|c: char| ".:… ".contains(c)))
        .filter(|word| !FIXED.contains(word))
        .flat_map(|word| [word.to_owned(), snake(word), lower_camel(word)])
        .filter(|word| word.len() >= SHORTEST)
        .collect();
    words.sort();
    words.dedup();
    words
}

/// The port of a listener that was refused: `15001` of `0.0.0.0_15001`.
pub(super) fn port(resource: &str) -> Option<&str> {
    let (_, port) = resource.rsplit_once('_')?;
    (port.len() >= 2 && port.bytes().all(|b| b.is_ascii_digit())).then_some(port)
}

/// The host of a cluster that was refused: `reviews.shop.svc.cluster.local` of `outbound|9080|v1|reviews.shop.svc.cluster.local`.
pub(super) fn host(resource: &str) -> Option<&str> {
    let host = resource.rsplit('|').next().filter(|host| host.len() < resource.len())?;
    (host.len() >= SHORTEST).then_some(host)
}

/// Objects that a refusal names as such: what Istio writes into the metadata of what it makes, or calls it.
pub(crate) fn objects(text: &str) -> Vec<ObjectKey> {
    let paths = text.match_indices("\"/apis/").filter_map(|(at, _)| of_path(text[at + 1..].split('"').next()?));
    let policies = text.match_indices("ns[").filter_map(|(at, _)| of_policy(&text[at..]));
    let mut all: Vec<ObjectKey> = Vec::new();
    for origin in policies.chain(paths) {
        if let Origin::Object(key) = origin
            && !all.contains(&key)
        {
            all.push(key);
        }
    }
    all
}

fn snake(word: &str) -> String {
    let mut out = String::new();
    for c in word.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn lower_camel(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
