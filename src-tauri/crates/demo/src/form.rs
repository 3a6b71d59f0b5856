//! How objects are written: whole, their metadata alone, or as a table for `kubectl get`.

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kinds::Kind;
use crate::store::Stored;

/// What the client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Whole,
    Metadata,
    Table,
}

impl Form {
    /// The first form of the `Accept` header that is known here.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let accept = headers.get(http::header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
        accept
            .split(',')
            .find_map(|media| {
                let mut parts = media.split(';').map(str::trim);
                let json = matches!(parts.next(), Some("application/json" | "*/*" | "application/*"));
                let form = parts.find_map(|p| p.strip_prefix("as="));
                match form {
                    None if json => Some(Self::Whole),
                    Some("Table") if json => Some(Self::Table),
                    Some("PartialObjectMetadata" | "PartialObjectMetadataList") if json => Some(Self::Metadata),
                    _ => None,
                }
            })
            .unwrap_or(Self::Whole)
    }
}

/// One object, to stand alone or in a watch event.
pub(crate) fn object(stored: &Stored, kind: &Kind, version: &str, form: Form) -> Vec<u8> {
    match form {
        Form::Whole => stored.text(kind, version),
        Form::Metadata => partial(stored, kind, version).to_string().into_bytes(),
        Form::Table => {
            let mut table = table_head(kind, version);
            table["rows"] = json!([row(stored, kind, version)]);
            table.to_string().into_bytes()
        }
    }
}

/// A page of a list.
pub(crate) struct Page<'a> {
    pub(crate) objects: &'a [std::sync::Arc<Stored>],
    pub(crate) revision: u64,
    /// The token of the next page, and how many are left where they can be counted.
    pub(crate) next: Option<(String, Option<usize>)>,
}

/// A list, written piece by piece: the parts of 10,000 objects are copied once.
pub(crate) fn list(page: &Page<'_>, kind: &Kind, version: &str, form: Form) -> Vec<u8> {
    let mut metadata = json!({"resourceVersion": page.revision.to_string()});
    if let Some((next, left)) = &page.next {
        metadata["continue"] = next.clone().into();
        if let Some(left) = left {
            metadata["remainingItemCount"] = (*left).into();
        }
    }
    if form == Form::Table {
        let mut table = table_head(kind, version);
        table["metadata"] = metadata;
        table["rows"] = page.objects.iter().map(|o| row(o, kind, version)).collect();
        return table.to_string().into_bytes();
    }
    let (api_version, list_kind) = match form {
        Form::Metadata => ("meta.k8s.io/v1".to_owned(), "PartialObjectMetadataList".to_owned()),
        _ => (kind.api_version(version), format!("{}List", kind.kind)),
    };
    let mut text =
        format!("{{\"kind\":\"{list_kind}\",\"apiVersion\":\"{api_version}\",\"metadata\":{metadata},\"items\":[")
            .into_bytes();
    text.reserve(page.objects.iter().map(|o| o.tail.len() + 64).sum());
    for (at, stored) in page.objects.iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        match form {
            Form::Metadata => text.extend(partial(stored, kind, version).to_string().into_bytes()),
            // Lists of core kinds leave the type of their items out.
            _ if !kind.is_custom() => {
                text.push(b'{');
                text.extend_from_slice(&stored.tail);
            }
            _ => text.extend(stored.text(kind, version)),
        }
    }
    text.extend_from_slice(b"]}");
    text
}

fn partial(stored: &Stored, kind: &Kind, version: &str) -> Value {
    let mut body = stored.body(kind, version);
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": body["metadata"].take()})
}

fn table_head(kind: &Kind, version: &str) -> Value {
    let column = |name: &str, r#type: &str, priority: i32| {
        let format = if name == "Name" { "name" } else { "" };
        json!({"name": name, "type": r#type, "format": format, "description": "", "priority": priority})
    };
    let mut columns = vec![column("Name", "string", 0)];
    for own in kind.version(version).map(|v| v.columns.as_slice()).unwrap_or_default() {
        columns.push(column(&own.name, &own.r#type, own.priority));
    }
    if !has_age(kind, version) {
        columns.push(column("Age", "string", 0));
    }
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "columnDefinitions": columns, "rows": []})
}

fn has_age(kind: &Kind, version: &str) -> bool {
    kind.version(version).is_some_and(|v| v.columns.iter().any(|c| c.name == "Age"))
}

fn row(stored: &Stored, kind: &Kind, version: &str) -> Value {
    let body = stored.body(kind, version);
    let created = body.pointer("/metadata/creationTimestamp").cloned().unwrap_or_default();
    let mut cells = vec![json!(stored.names.1)];
    for column in kind.version(version).map(|v| v.columns.as_slice()).unwrap_or_default() {
        let found = at_json_path(&body, &column.json_path).cloned().unwrap_or_default();
        cells.push(match (column.r#type.as_str(), &found) {
            ("date", found) => age(found).into(),
            ("string", Value::Array(_) | Value::Object(_)) => found.to_string().into(),
            _ => found,
        });
    }
    if !has_age(kind, version) {
        cells.push(age(&created).into());
    }
    json!({"cells": cells, "object": partial(stored, kind, version)})
}

/// The plain paths that printer columns use: `.spec.host`, `.status.conditions[?(@.type=="Ready")].status`.
fn at_json_path<'a>(body: &'a Value, path: &str) -> Option<&'a Value> {
    let mut at = body;
    for part in path.trim_start_matches('.').split(['.', '[']).filter(|p| !p.is_empty()) {
        // The split took the dot of `@.type` away with it.
        if part == "?(@" {
            continue;
        }
        if let Some((field, value)) = part.trim_end_matches(")]").split_once("==") {
            let value = value.trim_matches(['"', '\'']);
            at = at.as_array()?.iter().find(|item| item.get(field).and_then(Value::as_str) == Some(value))?;
        } else if let Some(index) = part.strip_suffix(']') {
            at = at.get(index.parse::<usize>().ok()?)?;
        } else {
            at = at.get(part)?;
        }
    }
    Some(at)
}

/// `5m`, `3h12m`, as kubectl counts. Upstream: k8s.io/apimachinery/pkg/util/duration/duration.go.
fn age(created: &Value) -> String {
    let Some(then) = created.as_str().and_then(|t| t.parse::<Timestamp>().ok()) else { return "<unknown>".into() };
    human(Timestamp::now().as_second() - then.as_second())
}

fn human(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |big: i64, unit: &str, small: i64, small_unit: &str| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{small_unit}") }
    };
    match seconds {
        ..=-2 => "<invalid>".into(),
        -1..=0 => "0s".into(),
        1..=119 => format!("{seconds}s"),
        120..=599 => two(minutes, "m", seconds % 60, "s"),
        600..=10_799 => format!("{minutes}m"),
        10_800..=28_799 => two(hours, "h", minutes % 60, "m"),
        28_800..=172_799 => format!("{hours}h"),
        172_800..=691_199 => two(days, "d", hours % 24, "h"),
        _ => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn accepted_forms() {
        for (accept, expected) in [
            ("application/json", Form::Whole),
            ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Form::Table),
            ("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", Form::Metadata),
            ("application/vnd.kubernetes.protobuf;as=Table,application/json", Form::Whole),
            ("*/*", Form::Whole),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(http::header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(Form::of(&headers), expected, "{accept}");
        }
    }

    #[test]
    fn ages() {
        for (seconds, expected) in
            [(0, "0s"), (90, "90s"), (150, "2m30s"), (3600, "60m"), (11_000, "3h3m"), (90_000, "25h"), (864_000, "10d")]
        {
            assert_eq!(human(seconds), expected);
        }
    }

    #[test]
    fn paths_of_columns() {
        let body = json!({"spec": {"a": [1, 2]}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        assert_eq!(at_json_path(&body, ".spec.a[1]"), Some(&json!(2)));
        assert_eq!(at_json_path(&body, ".status.conditions[?(@.type==\"Ready\")].status"), Some(&json!("True")));
        assert_eq!(at_json_path(&body, ".spec.none"), None);
    }
}
