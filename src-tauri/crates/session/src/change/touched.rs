//! Which fields two forms of an object differ in. Maps are compared field by field, lists as one value: Istio's lists
//! are atomic in server-side apply, and an index does not say which item is meant once somebody moved one.

use journal::Change;
use serde_json::{Map, Value, json};
use world::yaml::escape;

/// One field that a change touches.
#[derive(Clone, Debug, PartialEq)]
pub struct Touched {
    /// JSON pointer.
    pub path: String,
    /// The value before; `None` where the field was not there.
    pub before: Option<Value>,
    /// The value after; `None` where the field is gone.
    pub after: Option<Value>,
}

/// Metadata that the user owns; the rest is the server's.
const OWN_METADATA: [&str; 4] = ["labels", "annotations", "finalizers", "ownerReferences"];

/// The object as its author means it: without status and without the metadata that the server keeps.
pub fn desired(object: &Value) -> Value {
    let mut kept = Map::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        match name.as_str() {
            "status" => {}
            "metadata" => drop(kept.insert(name.clone(), desired_metadata(value))),
            _ => drop(kept.insert(name.clone(), value.clone())),
        }
    }
    Value::Object(kept)
}

/// The object as a change of it means it: as its author does, or its status where that is what was written.
pub fn meant(change: Change, object: &Value) -> Value {
    match change {
        Change::Create | Change::Update | Change::Delete => desired(object),
        Change::Order => json!({"status": object["status"]}),
    }
}

fn desired_metadata(metadata: &Value) -> Value {
    let kept = metadata.as_object().into_iter().flatten().filter(|(name, value)| match name.as_str() {
        "name" | "namespace" => true,
        // `null` and `{}` are how Go and people write "none".
        name => OWN_METADATA.contains(&name) && !is_empty(value),
    });
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// The fields in which two forms differ, in the order of the first.
pub fn touched(before: &Value, after: &Value) -> Vec<Touched> {
    let mut found = Vec::new();
    compare(&desired(before), &desired(after), &mut String::new(), &mut found);
    // The version an object is written at names no field of it.
    found.retain(|field| field.path != "/apiVersion");
    found
}

fn compare(before: &Value, after: &Value, path: &mut String, found: &mut Vec<Touched>) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        if before != after {
            found.push(Touched { path: path.clone(), before: Some(before.clone()), after: Some(after.clone()) });
        }
        return;
    };
    let length = path.len();
    let added = new.keys().filter(|name| !old.contains_key(*name));
    for name in old.keys().chain(added) {
        path.push('/');
        path.push_str(&escape(name));
        match (old.get(name), new.get(name)) {
            (Some(was), Some(is)) => compare(was, is, path, found),
            (was, is) => found.push(Touched { path: path.clone(), before: was.cloned(), after: is.cloned() }),
        }
        path.truncate(length);
    }
}

/// A JSON pointer as people write a field: `spec.http`, `metadata.labels[app.kubernetes.io/name]`.
pub fn dotted(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        if name.contains(['.', '/']) || name.parse::<usize>().is_ok() {
            path.push('[');
            path.push_str(&name);
            path.push(']');
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&name);
        }
    }
    path
}

/// The JSON patch that takes these fields from `before` to `after`, of an object at exactly this version.
/// Each field is tested to be what it was: a patch that meets anything else changes nothing.
pub fn patch(resource_version: &str, fields: &[Touched], live: &Value) -> Value {
    let mut steps = vec![json!({"op": "test", "path": "/metadata/resourceVersion", "value": resource_version})];
    for field in fields {
        match (&field.before, &field.after) {
            (Some(was), Some(is)) => {
                steps.push(json!({"op": "test", "path": field.path, "value": was}));
                steps.push(json!({"op": "replace", "path": field.path, "value": is}));
            }
            (Some(was), None) => {
                steps.push(json!({"op": "test", "path": field.path, "value": was}));
                steps.push(json!({"op": "remove", "path": field.path}));
            }
            (None, Some(is)) => {
                // A parent that the object does not have (labels of an object without any) is made first.
                let parent = field.path.rsplit_once('/').map_or("", |(parent, _)| parent);
                let planned = steps.iter().any(|step| step["op"] == "add" && step["path"] == parent);
                if !parent.is_empty() && live.pointer(parent).is_none_or(Value::is_null) && !planned {
                    steps.push(json!({"op": "add", "path": parent, "value": {}}));
                }
                steps.push(json!({"op": "add", "path": field.path, "value": is}));
            }
            (None, None) => {}
        }
    }
    Value::Array(steps)
}

/// The same fields, taken back.
pub fn reversed(fields: &[Touched]) -> Vec<Touched> {
    let back = |field: &Touched| Touched {
        path: field.path.clone(),
        before: field.after.clone(),
        after: field.before.clone(),
    };
    fields.iter().map(back).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(labels: Value, spec: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "K", "metadata": {"name": "n", "resourceVersion": "7", "uid": "u", "labels": labels}, "spec": spec, "status": {"x": 1}})
    }

    #[test]
    fn a_field_is_named_where_it_differs() {
        let before = object(json!({"a": "1"}), json!({"http": [1, 2], "hosts": ["a"], "gone": true}));
        let after = object(json!({"a": "1", "b/c": "2"}), json!({"http": [1, 3], "hosts": ["a"]}));
        let paths: Vec<String> = touched(&before, &after).iter().map(|f| dotted(&f.path)).collect();
        assert_eq!(paths, ["metadata.labels[b/c]", "spec.http", "spec.gone"]);
    }

    #[test]
    fn what_the_server_keeps_is_no_change() {
        let mut after = object(json!({}), json!({}));
        after["metadata"] =
            json!({"name": "n", "resourceVersion": "8", "generation": 3, "managedFields": [], "annotations": null});
        after["status"] = json!({"x": 2});
        assert_eq!(touched(&object(json!(null), json!({})), &after), []);
    }

    #[test]
    fn a_patch_tests_what_it_changes_and_makes_missing_parents_once() {
        let before = object(json!(null), json!({"w": 90}));
        let after = object(json!({"a": "1", "b": "2"}), json!({"w": 80}));
        let fields = touched(&before, &after);
        let steps = patch("7", &fields, &before);
        let ops: Vec<String> = steps
            .as_array()
            .unwrap()
            .iter()
            .map(|s| format!("{} {}", s["op"].as_str().unwrap(), s["path"].as_str().unwrap()))
            .collect();
        assert_eq!(ops, ["test /metadata/resourceVersion", "add /metadata/labels", "test /spec/w", "replace /spec/w"]);
    }
}
