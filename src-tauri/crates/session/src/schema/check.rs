//! Whether an object keeps to its schema, told at the place of each fault. What needs the server (its CEL rules and webhooks) the
//! dry-run of the review says.

use regex::Regex;
use serde_json::Value;

use super::fields::{choices, is_authored, kind, text};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The schema does not know the field: the server would drop it, or refuse the object.
    Unknown,
    /// Another type belongs here; `wanted` names it.
    Type,
    /// It has to be there.
    Missing,
    /// None of the allowed values; `wanted` lists them.
    NotAllowed,
    /// Less, or fewer, than `wanted`.
    TooSmall,
    /// More than `wanted`.
    TooLarge,
    /// Not of the form `wanted`, a regular expression.
    Pattern,
    /// More than one of the fields `wanted`.
    Both,
}

/// A fault and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// JSON pointer.
    pub pointer: String,
    /// What is wrong.
    pub fault: Fault,
    /// What was wanted.
    pub wanted: String,
}

struct Check {
    found: Vec<Problem>,
    pointer: String,
}

/// Everything in which an object departs from its schema.
pub(super) fn check(schema: &Value, object: &Value) -> Vec<Problem> {
    let mut check = Check { found: Vec::new(), pointer: String::new() };
    check.names(schema, object);
    for (name, value) in object.as_object().into_iter().flatten().filter(|(name, _)| is_authored(name)) {
        check.field(schema, name, value);
    }
    check.found
}

impl Check {
    fn report(&mut self, fault: Fault, wanted: impl Into<String>) {
        self.found.push(Problem { pointer: self.pointer.clone(), fault, wanted: wanted.into() });
    }

    fn below(&mut self, part: &str, then: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
        then(self);
        self.pointer.truncate(length);
    }

    fn value(&mut self, schema: &Value, value: &Value) {
        if value.is_null() || !self.has_type(schema, value) {
            return;
        }
        self.bounds(schema, value);
        self.choices(schema, value);
        match value {
            Value::Object(map) => {
                self.names(schema, value);
                for (name, child) in map {
                    self.field(schema, name, child);
                }
            }
            Value::Array(items) if schema["items"].is_object() => {
                for (index, item) in items.iter().enumerate() {
                    self.below(&index.to_string(), |check| check.value(&schema["items"], item));
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, schema: &Value, name: &str, value: &Value) {
        let declared = schema["properties"].get(name);
        let of_map = schema.get("additionalProperties").filter(|values| values.is_object());
        match declared.or(of_map) {
            Some(below) => self.below(name, |check| check.value(below, value)),
            None if is_open(schema) => {}
            None => self.below(name, |check| check.report(Fault::Unknown, "")),
        }
    }

    /// Fields that have to be there.
    fn names(&mut self, schema: &Value, value: &Value) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let defaulted = schema["properties"][name].get("default").is_some();
            if value.get(name).is_none_or(Value::is_null) && !defaulted {
                self.below(name, |check| check.report(Fault::Missing, ""));
            }
        }
    }

    fn has_type(&mut self, schema: &Value, value: &Value) -> bool {
        let wanted = kind(schema);
        let fits = match wanted {
            "string" | "duration" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" | "map" => value.is_object(),
            "int-or-string" => value.is_string() || value.is_i64() || value.is_u64(),
            _ => true,
        };
        if !fits {
            self.report(Fault::Type, wanted);
        }
        fits
    }

    fn bounds(&mut self, schema: &Value, value: &Value) {
        let (size, least, most) = match value {
            Value::Number(number) => (number.as_f64().unwrap_or_default(), "minimum", "maximum"),
            Value::String(text) => (text.chars().count() as f64, "minLength", "maxLength"),
            Value::Array(items) => (items.len() as f64, "minItems", "maxItems"),
            Value::Object(map) => (map.len() as f64, "minProperties", "maxProperties"),
            _ => return self.allowed(schema, value),
        };
        if let Some(least) = schema[least].as_f64().filter(|least| size < *least) {
            self.report(Fault::TooSmall, least.to_string());
        }
        if let Some(most) = schema[most].as_f64().filter(|most| size > *most) {
            self.report(Fault::TooLarge, most.to_string());
        }
        self.allowed(schema, value);
    }

    fn allowed(&mut self, schema: &Value, value: &Value) {
        let allowed: Vec<String> = schema["enum"].as_array().into_iter().flatten().map(text).collect();
        if !allowed.is_empty() && !allowed.contains(&text(value)) {
            self.report(Fault::NotAllowed, allowed.join(", "));
        }
        if let (Some(pattern), Some(words)) = (schema["pattern"].as_str(), value.as_str())
            && Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(words))
        {
            self.report(Fault::Pattern, pattern);
        }
    }

    fn choices(&mut self, schema: &Value, value: &Value) {
        for choice in choices(schema).iter().filter(|choice| choice.by.is_empty()) {
            let taken =
                choice.alternatives.iter().filter(|one| one.fields.iter().all(|name| value.get(name).is_some()));
            let taken: Vec<String> = taken.map(|one| one.fields.join(" + ")).collect();
            if taken.len() > 1 {
                self.report(Fault::Both, taken.join(", "));
            }
        }
    }
}

/// Fields that the schema does not name are kept.
fn is_open(schema: &Value) -> bool {
    schema["x-kubernetes-preserve-unknown-fields"] == true
        || schema["additionalProperties"] == true
        || schema.get("properties").is_none()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_fault_is_told_at_its_place() {
        let schema = json!({"required": ["spec"], "properties": {"spec": {"type": "object", "required": ["host", "mode"],
            "allOf": [{"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}], "properties": {
                "host": {"type": "string", "minLength": 1},
                "mode": {"type": "string", "default": "X"},
                "port": {"type": "integer", "minimum": 1, "maximum": 9},
                "tls": {"type": "string", "enum": ["ON", "OFF"]},
                "time": {"type": "string", "pattern": "^[0-9]+s$"},
                "a": {"type": "boolean"}, "b": {"type": "boolean"},
                "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "list": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "number"}}}}}}}});
        let told = |spec: Value| -> Vec<String> {
            let object =
                json!({"apiVersion": "x/v1", "kind": "X", "metadata": {"odd": 1}, "spec": spec, "status": {"odd": 1}});
            let each = |p: Problem| format!("{} {:?} {}", p.pointer, p.fault, p.wanted).trim().to_owned();
            check(&schema, &object).into_iter().map(each).collect()
        };
        assert_eq!(told(json!({"host": "h", "any": {"x": 1}, "labels": {"free": "y"}, "list": [{"n": 1.5}]})), [""; 0]);
        assert_eq!(told(json!({})), ["/spec/host Missing"]);
        assert_eq!(told(json!({"host": "", "port": 10})), ["/spec/host TooSmall 1", "/spec/port TooLarge 9"]);
        assert_eq!(told(json!({"host": 1, "port": "1"})), ["/spec/host Type string", "/spec/port Type integer"]);
        assert_eq!(
            told(json!({"host": "h", "tls": "MAYBE", "time": "5"})),
            ["/spec/tls NotAllowed ON, OFF", "/spec/time Pattern ^[0-9]+s$"]
        );
        assert_eq!(told(json!({"host": "h", "a": true, "b": true})), ["/spec Both a, b"]);
        assert_eq!(
            told(json!({"host": "h", "labels": {"a/b": 1}, "list": [{}, {"m": 1}]})),
            ["/spec/labels/a~1b Type string", "/spec/list/1/m Unknown"]
        );
        assert_eq!(check(&schema, &json!({}))[0].pointer, "/spec");
    }
}
