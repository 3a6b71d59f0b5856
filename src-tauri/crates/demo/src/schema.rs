//! The structural schema of a kind: how it merges, which fields it knows, and its defaults.

use std::sync::OnceLock;

use kube::core::cel::{CompiledSchema, compile_schema};
use serde_json::{Map, Value, json};

/// A schema as its CRD gives it, and with the fields that every object has.
pub(crate) struct Schema {
    raw: Value,
    whole: Value,
    rules: OnceLock<CompiledSchema>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schema").finish_non_exhaustive()
    }
}

/// How the items of a list are told apart when two hands write it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ListType {
    Atomic,
    Set,
    Map(Vec<String>),
}

/// The type of a value at some place; `None` where the schema says nothing, and the value itself tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Type<'a>(pub(crate) Option<&'a Value>);

impl Schema {
    pub(crate) fn new(raw: Value) -> Self {
        let mut whole = raw.clone();
        whole["type"] = "object".into();
        let text = json!({"type": "string"});
        for (name, schema) in [("apiVersion", text.clone()), ("kind", text), ("metadata", metadata())] {
            whole["properties"][name] = schema;
        }
        Self { raw, whole, rules: OnceLock::new() }
    }

    /// As the CRD gives it.
    pub(crate) fn raw(&self) -> &Value {
        &self.raw
    }

    /// The type of a whole object.
    pub(crate) fn root(&self) -> Type<'_> {
        Type(Some(&self.whole))
    }

    /// Its CEL rules.
    pub(crate) fn rules(&self) -> &CompiledSchema {
        self.rules.get_or_init(|| compile_schema(&self.raw))
    }
}

/// What every object's `metadata` may hold.
pub(crate) fn metadata() -> Value {
    let text = json!({"type": "string"});
    let number = json!({"type": "integer", "format": "int64"});
    let map = json!({"type": "object", "additionalProperties": text});
    let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({"type": "object", "properties": {"name": text, "generateName": text, "namespace": text, "uid": text,
        "resourceVersion": text, "generation": number, "creationTimestamp": text, "deletionTimestamp": text,
        "deletionGracePeriodSeconds": number, "selfLink": text, "labels": map, "annotations": map,
        "finalizers": {"type": "array", "items": text, "x-kubernetes-list-type": "set"},
        "ownerReferences": {"type": "array", "items": open, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["uid"]},
        "managedFields": {"type": "array", "items": open}}})
}

impl<'a> Type<'a> {
    fn get(self, key: &str) -> Option<&'a Value> {
        self.0.and_then(|schema| schema.get(key))
    }

    /// The schema declares this very field, rather than allowing any name.
    pub(crate) fn declares(self, field: &str) -> bool {
        self.get("properties").is_some_and(|p| p.get(field).is_some())
    }

    /// The type of a field.
    pub(crate) fn field(self, field: &str) -> Type<'a> {
        let declared = self.get("properties").and_then(|p| p.get(field));
        Type(declared.or_else(|| self.get("additionalProperties").filter(|a| a.is_object())))
    }

    pub(crate) fn items(self) -> Type<'a> {
        Type(self.get("items"))
    }

    /// Fields that are not declared are kept.
    pub(crate) fn is_open(self) -> bool {
        let Some(schema) = self.0 else { return true };
        let flag = |key: &str| schema.get(key).and_then(Value::as_bool) == Some(true);
        flag("x-kubernetes-preserve-unknown-fields")
            || schema.get("additionalProperties").is_some_and(|a| a.is_object() || a == &Value::Bool(true))
            || (schema.get("properties").is_none() && schema.get("type").is_none())
    }

    pub(crate) fn is_atomic_map(self) -> bool {
        self.get("x-kubernetes-map-type").and_then(Value::as_str) == Some("atomic")
    }

    pub(crate) fn list(self) -> ListType {
        match self.get("x-kubernetes-list-type").and_then(Value::as_str) {
            Some("set") => ListType::Set,
            Some("map") => {
                let keys = self.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
                let keys = keys.map(|k| k.iter().filter_map(|k| k.as_str().map(str::to_owned)).collect());
                ListType::Map(keys.unwrap_or_default())
            }
            _ => ListType::Atomic,
        }
    }

    /// The declared JSON type; `None` where anything goes.
    pub(crate) fn name(self) -> Option<&'a str> {
        self.get("type").and_then(Value::as_str)
    }

    pub(crate) fn nullable(self) -> bool {
        self.get("nullable").and_then(Value::as_bool) == Some(true)
    }

    pub(crate) fn default(self) -> Option<&'a Value> {
        self.get("default")
    }
}

/// Takes out what the schema does not know, and tells the paths: `spec.http[0].nope`.
pub(crate) fn prune(value: &mut Value, r#type: Type<'_>, path: &str, unknown: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let names: Vec<String> = map.keys().cloned().collect();
            for name in names {
                let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let field = r#type.field(&name);
                if field.0.is_none() && !r#type.is_open() {
                    map.shift_remove(&name);
                    unknown.push(at);
                } else if let Some(child) = map.get_mut(&name)
                    && field.0.is_some()
                {
                    prune(child, field, &at, unknown);
                }
            }
        }
        Value::Array(items) if r#type.items().0.is_some() => {
            for (number, item) in items.iter_mut().enumerate() {
                prune(item, r#type.items(), &format!("{path}[{number}]"), unknown);
            }
        }
        _ => {}
    }
}

/// Fills in the defaults and drops nulls where no null is allowed, as the server does before it validates.
/// Upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting.
pub(crate) fn complete(value: &mut Value, r#type: Type<'_>) {
    match value {
        Value::Object(map) => {
            let dropped = |(name, child): (&String, &Value)| {
                let field = r#type.field(name);
                (child.is_null() && field.0.is_some() && !field.nullable()).then(|| name.clone())
            };
            for name in map.iter().filter_map(dropped).collect::<Vec<_>>() {
                map.shift_remove(&name);
            }
            if let Some(properties) = r#type.get("properties").and_then(Value::as_object) {
                for (name, schema) in properties {
                    if !map.contains_key(name)
                        && let Some(default) = Type(Some(schema)).default()
                    {
                        map.insert(name.clone(), default.clone());
                    }
                }
            }
            for (name, child) in map.iter_mut() {
                if r#type.field(name).0.is_some() {
                    complete(child, r#type.field(name));
                }
            }
        }
        Value::Array(items) if r#type.items().0.is_some() => {
            items.iter_mut().for_each(|item| complete(item, r#type.items()));
        }
        _ => {}
    }
}

/// Values of a list item's keys, defaults included; `None` where one is missing.
pub(crate) fn keys_of(item: &Value, keys: &[String], items: Type<'_>) -> Option<Map<String, Value>> {
    let mut found = Map::new();
    let mut sorted: Vec<&String> = keys.iter().collect();
    sorted.sort();
    for key in sorted {
        let value = item.get(key).or_else(|| items.field(key).default())?;
        found.insert(key.clone(), value.clone());
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        Schema::new(json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "host": {"type": "string"},
            "mode": {"type": "string", "default": "A"},
            "maybe": {"type": "string", "nullable": true},
            "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "http": {"type": "array", "items": {"type": "object", "properties": {"port": {"type": "integer", "default": 80}}}}}}}}))
    }

    #[test]
    fn unknown_fields_are_told_by_their_path_and_taken_out() {
        let mut object = json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "a", "odd": 1},
            "spec": {"host": "h", "hostz": 1, "any": {"x": 1}, "labels": {"free": "y"}, "http": [{"port": 1}, {"nope": 1}]}});
        let mut unknown = Vec::new();
        prune(&mut object, schema().root(), "", &mut unknown);
        assert_eq!(unknown, ["metadata.odd", "spec.hostz", "spec.http[1].nope"]);
        let spec = json!({"host": "h", "any": {"x": 1}, "labels": {"free": "y"}, "http": [{"port": 1}, {}]});
        assert_eq!(object["spec"], spec);
    }

    #[test]
    fn defaults_fill_in_and_nulls_go() {
        let mut object = json!({"spec": {"host": null, "maybe": null, "http": [{}]}});
        complete(&mut object, schema().root());
        assert_eq!(object, json!({"spec": {"maybe": null, "http": [{"port": 80}], "mode": "A"}}));
    }
}
