//! Who owned which field before us. A way back that left our name in `managedFields` would not be one: the true owner's next
//! apply would then conflict with a manager that changed nothing.

use cluster::{ApiError, Connection};
use serde_json::{Value, json};
use world::ObjectKey;

use super::plan::strict;

/// The managers that an object shall have again once it is taken from `after` back to `before`: those of before, and of the
/// status whoever writes it now. `None` where somebody else has written since, for then theirs counts, or where there is
/// nothing to put back.
pub(crate) fn restored(before: &Value, after: &Value, live: &Value) -> Option<Value> {
    let written = |object| entries(object).filter(|entry| !is_status(entry)).map(timeless).collect::<Vec<Value>>();
    let were: Vec<Value> = entries(before).filter(|entry| !is_status(entry)).cloned().collect();
    if were.is_empty() || written(after) != written(live) {
        return None;
    }
    Some(were.into_iter().chain(entries(live).filter(|entry| is_status(entry)).cloned()).collect())
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

/// Puts the managers back on an object that we just wrote, and answers it as it is then. A write of its own: a server
/// gives every field that a write changes to the writer, whatever managers the same write names (kubernetes,
/// staging/src/k8s.io/apimachinery/pkg/util/managedfields/internal/structuredmerge.go, `Update`).
pub(crate) async fn put_back(
    connection: &Connection,
    key: &ObjectKey,
    written: &Value,
    managers: &Value,
) -> Result<Value, ApiError> {
    let patch = json!([
        {"op": "test", "path": "/metadata/resourceVersion", "value": written["metadata"]["resourceVersion"]},
        {"op": "replace", "path": "/metadata/managedFields", "value": managers},
    ]);
    connection.json_patch(key, &patch, &strict(false)).await.map(|answer| answer.object)
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
