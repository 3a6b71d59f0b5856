//! The terms of a write: its options, the form of its patch, and what counts as a name and as a change.

use jiff::Timestamp;
use serde_json::Value;

use crate::ask::{Ask, Target};
use crate::kinds::Kind;
use crate::managed::Hand;
use crate::refusal::{Cause, Refusal};

/// The options of a write.
pub(crate) struct Options {
    pub(crate) dry_run: bool,
    pub(crate) strictness: Strictness,
    pub(crate) force: bool,
    pub(crate) hand: Hand,
}

/// What becomes of unknown fields.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Strictness {
    Ignore,
    Warn,
    Strict,
}

/// A patch, by its content type.
pub(crate) enum Patch {
    Json(json_patch::Patch),
    Merge(Value),
    Apply(Value),
}

pub(crate) fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Options {
    pub(crate) fn read(ask: &Ask, target: &Target, of: &str) -> Result<Self, Refusal> {
        let unsupported = |field: &str, value: String, allowed: &str| {
            let message = format!("Unsupported value: {value}: supported values: {allowed}");
            Refusal::options(of, Cause { reason: "FieldValueNotSupported", message, field: field.into() })
        };
        let dry_run = match ask.option("dryRun") {
            "" => false,
            "All" => true,
            other => return Err(unsupported("dryRun", format!("[{other:?}]"), "\"All\"")),
        };
        let strictness = match ask.option("fieldValidation") {
            "Ignore" => Strictness::Ignore,
            "" | "Warn" => Strictness::Warn,
            "Strict" => Strictness::Strict,
            other => {
                let allowed = "\"Ignore\", \"Warn\", \"Strict\"";
                return Err(unsupported("fieldValidation", format!("{other:?}"), allowed));
            }
        };
        let hand = Hand {
            manager: ask.manager(),
            applies: false,
            api_version: target.kind.api_version(&target.version),
            subresource: target.subresource.clone().unwrap_or_default(),
        };
        Ok(Self { dry_run, strictness, force: ask.flag("force"), hand })
    }
}

/// Nothing changed but, at most, when somebody last wrote.
pub(crate) fn same(live: &Value, next: &Value) -> bool {
    let strip = |o: &Value| {
        let mut o = o.clone();
        if let Some(metadata) = o.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.shift_remove("resourceVersion");
            for entry in metadata.get_mut("managedFields").and_then(Value::as_array_mut).into_iter().flatten() {
                entry.as_object_mut().map(|e| e.shift_remove("time"));
            }
        }
        o
    };
    strip(live) == strip(next)
}

pub(crate) fn read_patch(ask: &Ask) -> Result<Patch, Refusal> {
    let content = ask.headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let bad = |error: String| Refusal::BadRequest(error);
    match content.split(';').next().unwrap_or_default() {
        "application/json-patch+json" => {
            serde_json::from_slice(&ask.body).map(Patch::Json).map_err(|e| bad(format!("error decoding patch: {e}")))
        }
        "application/merge-patch+json" => {
            serde_json::from_slice(&ask.body).map(Patch::Merge).map_err(|e| bad(format!("error decoding patch: {e}")))
        }
        "application/apply-patch+yaml" => {
            let text = String::from_utf8_lossy(&ask.body);
            world::yaml::value(&text).map(Patch::Apply).map_err(|e| bad(format!("error decoding YAML: {e}")))
        }
        _ => Err(Refusal::UnsupportedMediaType(
            "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
        )),
    }
}

pub(crate) fn counts_generations(kind: &Kind) -> bool {
    kind.is_custom() || matches!(kind.group.as_str(), "apps" | "batch") || kind.kind == "Pod"
}

pub(crate) const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start \
    and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

pub(crate) fn is_subdomain(name: &str) -> bool {
    let label = |part: &str| {
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        edge(part.chars().next())
            && edge(part.chars().last())
            && part.chars().all(|c| c == '-' || c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    name.len() <= 253 && name.split('.').all(label)
}
