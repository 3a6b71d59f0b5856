//! What differs between two texts, line by line, and between two values, field by field.

use std::time::Duration;

use serde_json::Value;
use similar::{Algorithm, ChangeTag, TextDiff};

/// Which text a line stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffSide {
    /// In both.
    Same,
    /// In the old one alone.
    Before,
    /// In the new one alone.
    After,
}

/// One line of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// Which text it stands in.
    pub side: DiffSide,
    /// From 1, in the text of its side (in the new one for `Same`).
    pub line: usize,
    /// Without its line feed.
    pub text: String,
}

/// One field whose value changed. An empty text stands for a field that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// `spec.http[1].route[0].weight`
    pub path: String,
    /// Its value before.
    pub before: String,
    /// Its value after.
    pub after: String,
}

/// The lines of both texts in order. Hostile texts get a coarser diff, not a longer wait.
pub fn diff(before: &str, after: &str) -> Vec<DiffLine> {
    const PATIENCE: Duration = Duration::from_millis(200);
    let diff = TextDiff::configure().algorithm(Algorithm::Myers).timeout(PATIENCE).diff_lines(before, after);
    let lines = diff.iter_all_changes().map(|change| {
        let (side, index) = match change.tag() {
            ChangeTag::Equal => (DiffSide::Same, change.new_index()),
            ChangeTag::Delete => (DiffSide::Before, change.old_index()),
            ChangeTag::Insert => (DiffSide::After, change.new_index()),
        };
        let text = change.value().trim_end_matches(['\r', '\n']).to_owned();
        DiffLine { side, line: index.unwrap_or_default() + 1, text }
    });
    lines.collect()
}

/// The fields that differ. Lists are compared place by place; a map or list that is new or gone is one change.
pub fn fields(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare(Some(before), Some(after), String::new(), &mut changes);
    changes
}

fn compare(before: Option<&Value>, after: Option<&Value>, path: String, changes: &mut Vec<FieldChange>) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let added = new.keys().filter(|name| !old.contains_key(*name));
            for name in old.keys().chain(added) {
                compare(old.get(name), new.get(name), child(&path, name), changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for at in 0..old.len().max(new.len()) {
                compare(old.get(at), new.get(at), format!("{path}[{at}]"), changes);
            }
        }
        _ => changes.push(FieldChange { path, before: say(before), after: say(after) }),
    }
}

/// Names with dots, as those of annotations have them, go in brackets: `metadata.annotations["a.b/c"]`.
pub(super) fn child(path: &str, name: &str) -> String {
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    match (plain, path.is_empty()) {
        (true, true) => name.to_owned(),
        (true, false) => format!("{path}.{name}"),
        (false, _) => format!("{path}[{name:?}]"),
    }
}

pub(super) fn say(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
