//! Findings as SARIF 2.1.0, the form in which code hosts and editors read them.
//!
//! Source: OASIS, Static Analysis Results Interchange Format 2.1.0, sections 3.13 to 3.52.

use mesh::{Level, Rule, Unknown};
use serde_json::{Value, json};
use session::findings::{Located, Quiet};

/// Where the schema of the form is published.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// One run: what was looked for, what was found and what could not be looked at.
pub fn report<'a>(
    located: &[Located],
    quiet: &[Quiet],
    unknown: &[Unknown],
    rules: impl Iterator<Item = &'a Rule>,
) -> Value {
    let rules: Vec<&Rule> = rules.collect();
    let silenced = quiet.iter().map(|quiet| {
        let mut result = result(&quiet.located, &rules);
        result["suppressions"] = json!([{"kind": "inSource", "status": "accepted", "justification": quiet.by}]);
        result
    });
    let results: Vec<Value> = located.iter().map(|located| result(located, &rules)).chain(silenced).collect();
    let driver = json!({"name": "netloft", "version": env!("CARGO_PKG_VERSION"),
        "rules": rules.iter().map(|rule| described(rule)).collect::<Vec<_>>()});
    let invocation = json!({"executionSuccessful": true,
        "toolExecutionNotifications": unknown.iter().map(|unknown| notification(unknown, &rules)).collect::<Vec<_>>()});
    json!({"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "invocations": [invocation],
        "columnKind": "unicodeCodePoints", "results": results}]})
}

fn described(rule: &Rule) -> Value {
    let help = format!("{} {}", rule.why, rule.fix);
    let other = match rule.aliases {
        [] => String::new(),
        aliases => format!("\n\nOther tools: {}.", aliases.join(", ")),
    };
    let markdown = format!("**Why it matters.** {}\n\n**What to do.** {}{other}", rule.why, rule.fix);
    json!({"id": rule.name, "name": rule.name, "shortDescription": {"text": rule.what},
        "fullDescription": {"text": format!("{} {}", rule.what, rule.why)},
        "help": {"text": help, "markdown": markdown}, "defaultConfiguration": {"level": level(rule.level)},
        "properties": {"tags": ["service-mesh"], "aliases": rule.aliases}})
}

fn result(located: &Located, rules: &[&Rule]) -> Value {
    let finding = &located.finding;
    let (object, path) = (finding.object.to_string(), &finding.path);
    let full = if path.is_empty() { object.clone() } else { format!("{object} {path}") };
    let mut place =
        json!({"logicalLocations": [{"name": finding.object.name, "fullyQualifiedName": full, "kind": "resource"}]});
    if let Some(file) = &located.file {
        place["physicalLocation"] =
            json!({"artifactLocation": {"uri": uri(file)}, "region": {"startLine": located.line.unwrap_or(1)}});
    }
    let mut result = json!({"ruleId": finding.rule, "level": level(finding.level),
        "message": {"text": format!("{object}: {}", finding.message)}, "locations": [place],
        // What stays the same when lines move, so that a host knows an old finding again.
        "partialFingerprints": {"netloft/v1": format!("{} {full}", finding.rule)}});
    if let Some(at) = rules.iter().position(|rule| rule.name == finding.rule) {
        result["ruleIndex"] = json!(at);
    }
    result
}

/// A rule that could not be asked is no success and no finding: it is said beside them.
fn notification(unknown: &Unknown, rules: &[&Rule]) -> Value {
    let mut said = json!({"level": "warning", "message": {"text": format!("{}: {}", unknown.about, unknown.because)}});
    if rules.iter().any(|rule| rule.name == unknown.about.en) {
        said["associatedRule"] = json!({"id": unknown.about.en});
    }
    said
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "note",
    }
}

/// A path as a URI reference: everything but unreserved characters and slashes is escaped.
fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            b'\\' if cfg!(windows) => uri.push('/'),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uri_references() {
        for (path, expected) in [
            ("a/b.yaml", "a/b.yaml"),
            ("/tmp/a b#1.yaml", "file:///tmp/a%20b%231.yaml"),
            ("ünder/100%.yaml", "%C3%BCnder/100%25.yaml"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }
}
