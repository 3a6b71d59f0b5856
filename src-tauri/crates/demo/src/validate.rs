//! Whether an object keeps to its schema and its CEL rules. Messages are worded as the genuine server words them
//! (k8s.io/kube-openapi/pkg/validation/errors, k8s.io/apiextensions-apiserver/pkg/apiserver/validation).

use kube::core::cel::{ErrorKind, Validator};
use regex::Regex;
use serde_json::Value;

use crate::refusal::Cause;
use crate::schema::{ListType, Schema, Type, keys_of};

const UNCHECKED: &str = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

/// Everything wrong with an object. `old` is what it replaces.
pub(crate) fn validate(schema: &Schema, object: &Value, old: Option<&Value>) -> Vec<Cause> {
    let mut causes = Vec::new();
    check(object, schema.root(), "", &mut causes);
    if !causes.is_empty() {
        causes.push(Cause::invalid("<nil>", &Value::Null, UNCHECKED));
        return causes;
    }
    duplicates(object, schema.root(), "", &mut causes);
    if let Err(errors) = Validator::new().validate_compiled(schema.rules(), object, old) {
        for error in errors.into_vec() {
            let value = at_path(object, &error.field_path);
            let mut cause = Cause::invalid(error.field_path.clone(), value, &error.message);
            match (error.kind, error.reason.as_deref()) {
                // A rule that this evaluator cannot run says nothing about the object.
                (ErrorKind::CompilationFailure | ErrorKind::InvalidRule | ErrorKind::UnsupportedReference, _) => {
                    tracing::warn!(rule = error.rule, error = error.message, "a rule could not be run");
                    continue;
                }
                (_, Some("FieldValueForbidden")) => cause = Cause::forbidden(error.field_path.clone(), &error.message),
                (_, Some("FieldValueRequired")) => cause = Cause::required(error.field_path.clone(), &error.message),
                _ => {}
            }
            causes.push(cause);
        }
    }
    causes
}

fn at_path<'a>(object: &'a Value, path: &str) -> &'a Value {
    let mut at = object;
    for part in path.split(['.', '[']).filter(|p| !p.is_empty()) {
        let part = part.trim_end_matches(']');
        at = match at {
            Value::Array(items) => part.parse::<usize>().ok().and_then(|n| items.get(n)).unwrap_or(&Value::Null),
            other => other.get(part).unwrap_or(&Value::Null),
        };
    }
    at
}

fn joined(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn fits(value: &Value, wanted: &str) -> bool {
    match type_name(value) {
        "integer" => matches!(wanted, "integer" | "number"),
        found => found == wanted,
    }
}

/// Checks a value against its schema.
fn check(value: &Value, r#type: Type<'_>, path: &str, causes: &mut Vec<Cause>) {
    let Some(schema) = r#type.0 else { return };
    if value.is_null() && r#type.nullable() {
        return;
    }
    let int_or_string = schema.get("x-kubernetes-int-or-string").and_then(Value::as_bool) == Some(true);
    if let Some(wanted) = r#type.name().filter(|wanted| !fits(value, wanted) && !int_or_string) {
        let found = type_name(value);
        let message = format!("Invalid value: \"{found}\": {path} in body must be of type {wanted}: \"{found}\"");
        causes.push(Cause { reason: "FieldValueTypeInvalid", message, field: path.into() });
        return;
    }
    bounds(value, schema, path, causes);
    branches(value, schema, path, causes);
    match value {
        Value::Object(map) => {
            for required in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
                if let Some(name) = required.as_str().filter(|name| !map.contains_key(*name)) {
                    causes.push(Cause::required(joined(path, name), ""));
                }
            }
            for (name, child) in map {
                check(child, r#type.field(name), &joined(path, name), causes);
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                check(item, r#type.items(), &format!("{path}[{number}]"), causes);
            }
        }
        _ => {}
    }
}

/// Enumerations, lengths, ranges and patterns.
fn bounds(value: &Value, schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    let number = |key: &str| schema.get(key).and_then(Value::as_f64);
    let size = |key: &str| schema.get(key).and_then(Value::as_u64);
    let mut should =
        |detail: String| causes.push(Cause::invalid(path, value, &format!("{path} in body should {detail}")));
    match value {
        Value::Number(n) => {
            let n = n.as_f64().unwrap_or_default();
            if let Some(least) = number("minimum").filter(|least| n < *least) {
                should(format!("be greater than or equal to {least}"));
            }
            if let Some(most) = number("maximum").filter(|most| n > *most) {
                should(format!("be less than or equal to {most}"));
            }
        }
        Value::String(text) => {
            if let Some(least) = size("minLength").filter(|least| (text.chars().count() as u64) < *least) {
                should(format!("be at least {least} chars long"));
            }
            let pattern = schema.get("pattern").and_then(Value::as_str);
            if let Some(pattern) = pattern.filter(|p| Regex::new(p).is_ok_and(|r| !r.is_match(text))) {
                should(format!("match '{pattern}'"));
            }
        }
        Value::Array(items) => {
            if let Some(least) = size("minItems").filter(|least| (items.len() as u64) < *least) {
                should(format!("have at least {least} items"));
            }
        }
        Value::Object(map) => {
            if let Some(least) = size("minProperties").filter(|least| (map.len() as u64) < *least) {
                should(format!("have at least {least} properties"));
            }
        }
        _ => {}
    }
    too_many(value, &size, path, causes);
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array).filter(|allowed| !allowed.contains(value)) {
        let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
        let message = format!("Unsupported value: {value}: supported values: {}", allowed.join(", "));
        causes.push(Cause { reason: "FieldValueNotSupported", message, field: path.into() });
    }
}

fn too_many(value: &Value, size: &impl Fn(&str) -> Option<u64>, path: &str, causes: &mut Vec<Cause>) {
    let (count, most, what) = match value {
        Value::String(text) => (text.chars().count(), size("maxLength"), ""),
        Value::Array(items) => (items.len(), size("maxItems"), "items"),
        Value::Object(map) => (map.len(), size("maxProperties"), "properties"),
        _ => return,
    };
    let Some(most) = most.filter(|most| count as u64 > *most) else { return };
    let (reason, message) = match what {
        "" => ("FieldValueTooLong", format!("Too long: may not be more than {most} bytes")),
        what => ("FieldValueTooMany", format!("Too many: {count}: must have at most {most} {what}")),
    };
    causes.push(Cause { reason, message, field: path.into() });
}

/// `allOf`, `anyOf`, `oneOf` and `not`.
fn branches(value: &Value, schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    let all = |key: &str| schema.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let holds = |branch: &Value| {
        let mut inner = Vec::new();
        check(value, Type(Some(branch)), path, &mut inner);
        inner.is_empty()
    };
    for branch in all("allOf") {
        check(value, Type(Some(branch)), path, causes);
    }
    let mut must = |detail: &str| causes.push(Cause::invalid(path, value, &format!("{path} in body must {detail}")));
    if !all("anyOf").is_empty() && !all("anyOf").iter().any(holds) {
        must("validate at least one schema (anyOf)");
    }
    if !all("oneOf").is_empty() {
        match all("oneOf").iter().filter(|b| holds(b)).count() {
            0 => must("validate one and only one schema (oneOf). Found none valid"),
            1 => {}
            many => must(&format!("validate one and only one schema (oneOf). Found {many} valid alternatives")),
        }
    }
    if schema.get("not").is_some_and(holds) {
        must("not validate the schema (not)");
    }
}

/// Items of a set, and keys of a list map, are there once.
fn duplicates(value: &Value, r#type: Type<'_>, path: &str, causes: &mut Vec<Cause>) {
    match value {
        Value::Object(map) => {
            for (name, child) in map {
                duplicates(child, r#type.field(name), &joined(path, name), causes);
            }
        }
        Value::Array(items) => {
            let mut seen: Vec<String> = Vec::new();
            for (number, item) in items.iter().enumerate() {
                let key = match r#type.list() {
                    ListType::Atomic => None,
                    ListType::Set => Some(item.to_string()),
                    ListType::Map(keys) => keys_of(item, &keys, r#type.items()).map(|k| Value::Object(k).to_string()),
                };
                if let Some(key) = key {
                    if seen.contains(&key) {
                        let (message, field) = (format!("Duplicate value: {key}"), format!("{path}[{number}]"));
                        causes.push(Cause { reason: "FieldValueDuplicate", message, field });
                    }
                    seen.push(key);
                }
                duplicates(item, r#type.items(), &format!("{path}[{number}]"), causes);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::Kinds;

    fn causes(kind: &str, spec: Value) -> Vec<String> {
        let kinds = Kinds::read("").unwrap();
        let group = ["networking.istio.io", "security.istio.io", "gateway.networking.k8s.io"]
            .into_iter()
            .find(|g| kinds.of(g, kind).is_some())
            .unwrap();
        let schema = kinds.of(group, kind).unwrap().schema("v1").unwrap().clone();
        let object = json!({"apiVersion": "x/v1", "kind": kind, "metadata": {"name": "a"}, "spec": spec});
        validate(&schema, &object, None).into_iter().map(|c| format!("{}: {}", c.field, c.message)).collect()
    }

    /// Recorded from kube-apiserver 1.36 with the same CRDs.
    #[test]
    fn refusals_are_worded_as_by_the_genuine_server() {
        let unchecked = format!("<nil>: Invalid value: null: {UNCHECKED}");
        assert_eq!(
            causes("VirtualService", json!({"hosts": "a"})),
            ["spec.hosts: Invalid value: \"string\": spec.hosts in body must be of type array: \"string\"", &unchecked]
        );
        assert_eq!(causes("DestinationRule", json!({})), ["spec.host: Required value", &unchecked]);
        assert_eq!(
            causes("DestinationRule", json!({"host": "a", "trafficPolicy": {"tls": {"mode": "WRONG"}}})),
            [
                "spec.trafficPolicy.tls.mode: Unsupported value: \"WRONG\": supported values: \"DISABLE\", \"SIMPLE\", \"MUTUAL\", \
                 \"ISTIO_MUTUAL\"",
                &unchecked
            ]
        );
        assert_eq!(
            causes(
                "PeerAuthentication",
                json!({"mtls": {"mode": "STRICT"}, "portLevelMtls": {"8080": {"mode": "DISABLE"}}})
            ),
            ["spec: Invalid value: portLevelMtls requires selector"]
        );
        let ports = json!([{"name": "a", "number": 80}, {"name": "a", "number": 0}]);
        let mut found = causes("ServiceEntry", json!({"hosts": ["*"], "ports": ports}));
        found.sort();
        assert_eq!(
            found,
            [
                "spec.hosts[0]: Invalid value: \"*\": hostname cannot be wildcard",
                "spec.ports[1].number: Invalid value: 0: port must be between 1-65535",
                "spec.ports[1]: Duplicate value: {\"name\":\"a\"}",
            ]
        );
    }

    #[test]
    fn every_rule_compiles() {
        for kind in Kinds::read("").unwrap().iter() {
            for version in &kind.versions {
                let schema = kind.schema(&version.name).unwrap();
                assert!(
                    !schema.rules().has_errors(),
                    "{} {}: {:?}",
                    kind.kind,
                    version.name,
                    schema.rules().compilation_errors()
                );
            }
        }
    }
}
