//! Merging, comparing and pruning objects by their schema. Upstream: sigs.k8s.io/structured-merge-diff/v6/typed.

use serde_json::{Map, Value};

use crate::fields::Fields;
use crate::schema::{ListType, Type, keys_of};

/// Fields that differ between two objects.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    pub(crate) removed: Fields,
    /// Added or modified: what a writer of the new object comes to own.
    pub(crate) changed: Fields,
}

/// Why an object that is to be applied does not fit its schema.
#[derive(Debug, PartialEq)]
pub(crate) struct Misfit(pub(crate) String);

/// The step to a list item; `None` where the list is atomic or the item lacks a key.
fn item_step(item: &Value, list: &ListType, items: Type<'_>) -> Option<String> {
    match list {
        ListType::Atomic => None,
        ListType::Set => Some(format!("v:{item}")),
        ListType::Map(keys) => keys_of(item, keys, items).map(|keys| format!("k:{}", Value::Object(keys))),
    }
}

/// The items of a list by their steps; `None` where it is to be taken as one value.
fn items_of<'v>(list: &'v [Value], r#type: Type<'_>) -> Option<Vec<(String, &'v Value)>> {
    let kind = r#type.list();
    if kind == ListType::Atomic {
        return None;
    }
    list.iter().map(|item| Some((item_step(item, &kind, r#type.items())?, item))).collect()
}

/// Refuses fields that the schema does not declare, and values of another type than it says.
pub(crate) fn fits(value: &Value, r#type: Type<'_>, path: &str) -> Result<(), Misfit> {
    let go = |value: &Value| match value {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    };
    match (r#type.name(), value) {
        (_, Value::Null) => Ok(()),
        (Some("object"), Value::Object(map)) => {
            for (name, child) in map {
                let (field, at) = (r#type.field(name), format!("{path}.{name}"));
                if field.0.is_none() && !r#type.is_open() {
                    return Err(Misfit(format!("{at}: field not declared in schema")));
                }
                if field.0.is_some() {
                    fits(child, field, &at)?;
                }
            }
            Ok(())
        }
        (Some("array"), Value::Array(items)) => {
            items.iter().enumerate().try_for_each(|(n, item)| fits(item, r#type.items(), &format!("{path}[{n}]")))
        }
        (Some("object"), other) => Err(Misfit(format!("{path}: expected map, got &{{{}}}", go(other)))),
        (Some("array"), other) => Err(Misfit(format!("{path}: expected list, got &{{{}}}", go(other)))),
        (Some("string"), Value::Number(_) | Value::Bool(_) | Value::Object(_) | Value::Array(_)) => {
            Err(Misfit(format!("{path}: expected string, got &value.valueUnstructured{{Value:{}}}", go(value))))
        }
        _ => Ok(()),
    }
}

/// The fields that an applied object is about.
pub(crate) fn fields_of(value: &Value, r#type: Type<'_>) -> Fields {
    let mut fields = Fields::default();
    match value {
        Value::Object(map) if !r#type.is_atomic_map() => {
            for (name, child) in map {
                let mut below = fields_of(child, r#type.field(name));
                let bare = child.is_null() || child.as_object().is_some_and(Map::is_empty);
                below.member |= bare || !r#type.declares(name) && r#type.0.is_some();
                fields.below.insert(format!("f:{name}"), below);
            }
        }
        Value::Array(list) => match items_of(list, r#type) {
            None => fields.member = true,
            Some(items) => {
                for (step, item) in items {
                    let mut below = fields_of(item, r#type.items());
                    below.member = true;
                    fields.below.insert(step, below);
                }
            }
        },
        _ => fields.member = true,
    }
    fields
}

/// What differs from one object to another.
pub(crate) fn compare(old: Option<&Value>, new: Option<&Value>, r#type: Type<'_>) -> Difference {
    let mut difference = Difference::default();
    compare_at(old, new, r#type, &mut difference.removed, &mut difference.changed);
    difference
}

fn compare_at(old: Option<&Value>, new: Option<&Value>, r#type: Type<'_>, removed: &mut Fields, changed: &mut Fields) {
    let empty = Map::new();
    let map = |value: Option<&Value>| value.map_or(Some(empty.clone()), |v| v.as_object().cloned());
    let both = (map(old), map(new));
    match both {
        (Some(before), Some(after)) if !r#type.is_atomic_map() && (!before.is_empty() || !after.is_empty()) => {
            let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
            for name in names {
                descend(format!("f:{name}"), before.get(name), after.get(name), r#type.field(name), removed, changed);
            }
            mark(old, new, removed, changed);
        }
        _ => compare_lists(old, new, r#type, removed, changed),
    }
}

fn compare_lists(
    old: Option<&Value>,
    new: Option<&Value>,
    r#type: Type<'_>,
    removed: &mut Fields,
    changed: &mut Fields,
) {
    let items = |value: Option<&Value>| match value {
        None => Some(Vec::new()),
        Some(Value::Array(list)) => items_of(list, r#type).map(|items| owned(&items)),
        Some(_) => None,
    };
    match (items(old), items(new)) {
        (Some(before), Some(after)) if !before.is_empty() || !after.is_empty() => {
            let find =
                |items: &[(String, Value)], step: &str| items.iter().find(|(s, _)| s == step).map(|(_, v)| v.clone());
            let steps = before
                .iter()
                .map(|(s, _)| s)
                .chain(after.iter().map(|(s, _)| s).filter(|s| find(&before, s).is_none()));
            for step in steps {
                let (was, is) = (find(&before, step), find(&after, step));
                descend(step.clone(), was.as_ref(), is.as_ref(), r#type.items(), removed, changed);
            }
            mark(old, new, removed, changed);
        }
        _ if old == new => {}
        _ if new.is_none() => removed.member = true,
        _ => changed.member = true,
    }
}

fn owned(items: &[(String, &Value)]) -> Vec<(String, Value)> {
    items.iter().map(|(step, value)| (step.clone(), (*value).clone())).collect()
}

fn mark(old: Option<&Value>, new: Option<&Value>, removed: &mut Fields, changed: &mut Fields) {
    if old.is_none() {
        changed.member = true;
    } else if new.is_none() {
        removed.member = true;
    }
}

fn descend(
    step: String,
    old: Option<&Value>,
    new: Option<&Value>,
    r#type: Type<'_>,
    removed: &mut Fields,
    changed: &mut Fields,
) {
    let (mut gone, mut here) = (Fields::default(), Fields::default());
    compare_at(old, new, r#type, &mut gone, &mut here);
    if !gone.is_empty() {
        removed.below.insert(step.clone(), gone);
    }
    if !here.is_empty() {
        changed.below.insert(step, here);
    }
}

/// The live object with the applied one laid over it.
pub(crate) fn merge(live: &Value, applied: &Value, r#type: Type<'_>) -> Value {
    match (live, applied) {
        (Value::Object(ours), Value::Object(theirs)) if !r#type.is_atomic_map() => {
            let mut merged = ours.clone();
            for (name, value) in theirs {
                let value =
                    merged.get(name).map_or_else(|| value.clone(), |live| merge(live, value, r#type.field(name)));
                merged.insert(name.clone(), value);
            }
            merged.into()
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            let (Some(before), Some(after)) = (items_of(ours, r#type), items_of(theirs, r#type)) else {
                return applied.clone();
            };
            let mut merged: Vec<(String, Value)> = owned(&before);
            for (step, item) in after {
                match merged.iter_mut().find(|(s, _)| *s == step) {
                    Some((_, live)) => *live = merge(live, item, r#type.items()),
                    None => merged.push((step, item.clone())),
                }
            }
            merged.into_iter().map(|(_, value)| value).collect()
        }
        _ => applied.clone(),
    }
}

/// Takes out what the last apply owned and nobody owns now; what holds nothing any more goes too.
pub(crate) fn remove(value: &mut Value, r#type: Type<'_>, last: &Fields, kept: &Fields) {
    let none = Fields::default();
    match value {
        Value::Object(map) if !r#type.is_atomic_map() => {
            for name in map.keys().cloned().collect::<Vec<_>>() {
                let step = format!("f:{name}");
                let Some(was) = last.at(&step) else { continue };
                let still = kept.at(&step).unwrap_or(&none);
                if let Some(child) = map.get_mut(&name)
                    && !survives(child, r#type.field(&name), was, still)
                {
                    map.shift_remove(&name);
                }
            }
        }
        Value::Array(list) => {
            let kind = r#type.list();
            list.retain_mut(|item| {
                let Some(step) = item_step(item, &kind, r#type.items()) else { return true };
                let Some(was) = last.at(&step) else { return true };
                survives(item, r#type.items(), was, kept.at(&step).unwrap_or(&none))
            });
        }
        _ => {}
    }
}

/// Removes below a place, and tells whether the place itself stays.
fn survives(value: &mut Value, r#type: Type<'_>, was: &Fields, still: &Fields) -> bool {
    let held = !is_bare(value);
    remove(value, r#type, was, still);
    if !still.is_empty() {
        return true;
    }
    let leaf = was.below.is_empty() && was.member;
    !leaf && (!held || !is_bare(value)) && !only_keys(value, r#type, was)
}

fn is_bare(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

/// A list item of which nobody owns anything is gone, whatever default is left in it.
fn only_keys(value: &Value, r#type: Type<'_>, was: &Fields) -> bool {
    let Some(map) = value.as_object() else { return false };
    was.member && map.iter().all(|(name, left)| r#type.field(name).default() == Some(left))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::Schema;

    fn schema() -> Schema {
        let port = json!({"type": "object", "properties": {"port": {"type": "integer"}, "name": {"type": "string"},
            "protocol": {"type": "string", "default": "TCP"}}});
        Schema::new(json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "host": {"type": "string"},
            "http": {"type": "array", "items": {"type": "object"}},
            "ports": {"type": "array", "items": port, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"]},
            "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "tls": {"type": "object", "properties": {"mode": {"type": "string"}}}}}}}))
    }

    #[test]
    fn fields_follow_the_list_types() {
        let schema = schema();
        let object = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"host": "h", "http": [{"x": 1}], "ports": [{"port": 80, "name": "http"}],
            "tags": ["x"], "tls": {}}});
        assert_eq!(
            fields_of(&object, schema.root()).write(),
            json!({"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:host": {}, "f:http": {},
                "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}, "f:port": {}}},
                "f:tags": {"v:\"x\"": {}}, "f:tls": {}}})
        );
    }

    #[test]
    fn a_comparison_names_what_came_went_and_changed() {
        let schema = schema();
        let old = json!({"spec": {"host": "h", "http": [1], "tls": {"mode": "A"}}});
        let new = json!({"spec": {"host": "i", "http": [1], "ports": [{"port": 80}]}});
        let difference = compare(Some(&old), Some(&new), schema.root());
        assert_eq!(difference.removed.paths(), [".spec.tls", ".spec.tls.mode"]);
        assert_eq!(
            difference.changed.paths(),
            [
                ".spec.host",
                ".spec.ports",
                ".spec.ports[port=80,protocol=\"TCP\"]",
                ".spec.ports[port=80,protocol=\"TCP\"].port"
            ]
        );
        assert!(compare(Some(&old), Some(&old), schema.root()).changed.is_empty());
    }

    #[test]
    fn granular_lists_merge_and_atomic_ones_are_replaced() {
        let schema = schema();
        let live = json!({"spec": {"http": [1, 2], "ports": [{"port": 80, "protocol": "TCP", "name": "a"}, {"port": 81}], "tags": ["x"]}});
        let applied = json!({"spec": {"http": [3], "ports": [{"port": 80, "name": "b"}], "tags": ["y"]}});
        let expected = json!({"spec": {"http": [3], "ports": [{"port": 80, "protocol": "TCP", "name": "b"}, {"port": 81}], "tags": ["x", "y"]}});
        assert_eq!(merge(&live, &applied, schema.root()), expected);
    }

    #[test]
    fn what_nobody_owns_any_more_goes() {
        let schema = schema();
        let last = json!({"spec": {"host": "h", "tls": {"mode": "A"}, "ports": [{"port": 80}], "tags": ["x", "y"]}});
        let mut object = json!({"spec": {"host": "h", "tls": {"mode": "A"}, "ports": [{"port": 80, "protocol": "TCP"}, {"port": 81}], "tags": ["x", "y"], "http": []}});
        let kept = fields_of(&json!({"spec": {"host": "h", "tags": ["y"]}}), schema.root());
        remove(&mut object, schema.root(), &fields_of(&last, schema.root()), &kept);
        assert_eq!(object, json!({"spec": {"host": "h", "ports": [{"port": 81}], "tags": ["y"], "http": []}}));
    }

    #[test]
    fn what_does_not_fit_is_worded_as_upstream() {
        let schema = schema();
        let misfit = |value: Value| fits(&value, schema.root(), "").unwrap_err().0;
        assert_eq!(misfit(json!({"spec": {"nope": 1}})), ".spec.nope: field not declared in schema");
        assert_eq!(misfit(json!({"spec": {"http": "x"}})), ".spec.http: expected list, got &{x}");
    }
}
