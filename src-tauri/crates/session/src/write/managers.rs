//! Who owned which field before us. A way back that left our name in `managedFields` would not be one: the true owner's next
//! apply would then conflict with a manager that changed nothing.

use cluster::{ApiError, Connection};
use serde_json::{Value, json};
use world::ObjectKey;

use super::plan::{read, strict};
use crate::change::touched::desired;

/// The managers that an object shall have again once it is taken from `after` back to `before`: those of before, and of the
/// status whoever writes it now. `None` where somebody else has written since, for then theirs counts, or where there is
/// nothing to put back.
pub(crate) fn restored(before: &Value, after: &Value, live: &Value) -> Option<Value> {
    let were: Vec<Value> = entries(before).filter(|entry| !is_status(entry)).cloned().collect();
    if were.is_empty() || written_by(after) != written_by(live) {
        return None;
    }
    Some(were.into_iter().chain(entries(live).filter(|entry| is_status(entry)).cloned()).collect())
}

/// Whether nothing but the status of an object has moved between two looks at it. Controllers write it whenever they like (istiod
/// gives a new ServiceEntry its addresses), and each such write is a new version.
pub(crate) fn only_status_moved(before: &Value, after: &Value) -> bool {
    before["metadata"]["uid"] == after["metadata"]["uid"]
        && desired(before) == desired(after)
        && written_by(before) == written_by(after)
}

/// Who wrote what besides the status, whenever that was.
fn written_by(object: &Value) -> Vec<Value> {
    entries(object).filter(|entry| !is_status(entry)).map(timeless).collect()
}

fn entries(object: &Value) -> impl Iterator<Item = &Value> {
    object.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten()
}

fn is_status(entry: &Value) -> bool {
    entry.get("subresource").is_some()
}

fn timeless(entry: &Value) -> Value {
    let mut entry = entry.clone();
    if let Some(entry) = entry.as_object_mut() {
        entry.shift_remove("time");
    }
    entry
}

/// How often the managers are put back on an object whose status keeps moving.
const TRIES: usize = 5;

/// Puts the managers back on an object that we just wrote, and answers it as it is then. A write of its own: a server
/// gives every field that a write changes to the writer, whatever managers the same write names (kubernetes,
/// staging/src/k8s.io/apimachinery/pkg/util/managedfields/internal/structuredmerge.go, `Update`).
pub(crate) async fn put_back(
    connection: &Connection,
    key: &ObjectKey,
    written: &Value,
    managers: &Value,
) -> Result<Value, ApiError> {
    let own = |entry: &&Value| !is_status(entry);
    let mut now = written.clone();
    let mut tries = 0;
    loop {
        tries += 1;
        let all =
            managers.as_array().into_iter().flatten().filter(own).chain(entries(&now).filter(|entry| !own(entry)));
        let patch = json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": now["metadata"]["resourceVersion"]},
            {"op": "replace", "path": "/metadata/managedFields", "value": all.collect::<Vec<&Value>>()},
        ]);
        let error = match connection.json_patch(key, &patch, &strict(false)).await {
            Ok(answer) => return Ok(answer.object),
            Err(error) => error,
        };
        match read(connection, key).await {
            Ok(Some(moved)) if tries < TRIES && moved != now && only_status_moved(written, &moved) => now = moved,
            _ => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(managers: &[(&str, &str, &str)]) -> Value {
        let entry = |(manager, field, time): &(&str, &str, &str)| {
            let mut entry = json!({"manager": manager, "operation": "Apply", "time": time, "fieldsV1": {*field: {}}});
            if *field == "f:status" {
                entry["subresource"] = json!("status");
            }
            entry
        };
        json!({"metadata": {"managedFields": managers.iter().map(entry).collect::<Vec<_>>()}})
    }

    #[test]
    fn those_of_before_come_back_unless_somebody_wrote_since() {
        let before = object(&[("helm", "f:spec", "1"), ("istiod", "f:status", "1")]);
        let after = object(&[("netloft", "f:spec", "2"), ("istiod", "f:status", "1")]);
        let live = object(&[("netloft", "f:spec", "2"), ("istiod", "f:status", "3")]);
        let back = object(&[("helm", "f:spec", "1"), ("istiod", "f:status", "3")]);
        assert_eq!(restored(&before, &after, &live).as_ref(), back.pointer("/metadata/managedFields"));

        let third = object(&[("netloft", "f:spec", "2"), ("argocd", "f:metadata", "3")]);
        assert_eq!(restored(&before, &after, &third), None);
        assert_eq!(restored(&json!({}), &after, &live), None, "a journal of before this knew no managers");
    }
}
