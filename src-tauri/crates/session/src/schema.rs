//! Fields of a kind as the cluster's own schema has them, flat.

use serde_json::Value;
use world::ObjectKey;

use crate::{Error, Result, Session};

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// `spec.http[].route[].weight`
    pub path: String,
    /// `string`, `integer`, `number`, `boolean`, `object`, `array`, `duration`
    pub kind: String,
    /// Allowed values.
    pub allowed: Vec<String>,
    /// Default, or empty.
    pub default: String,
    /// It has to be there.
    pub required: bool,
}

/// A schema that goes deeper refers to itself.
const DEEPEST: usize = 24;

impl Session {
    /// The fields of a kind.
    ///
    /// # Errors
    /// Where the kind is not served, or its schema cannot be read.
    pub async fn schema(&self, group: &str, kind: &str) -> Result<Vec<Field>> {
        let apis = self.connection().apis().await?;
        let api = apis.find(group, kind).ok_or_else(|| Error::gone(ObjectKey::new(group, kind, "", "")))?;
        let schema = self.connection().openapi(group, &api.version, kind).await?;
        let mut fields = Vec::new();
        flatten(&schema, "", 0, &mut fields);
        // What the server keeps is no field of an author.
        fields.retain(|field| !field.path.starts_with("status") && !field.path.starts_with("metadata"));
        Ok(fields)
    }
}

fn flatten(schema: &Value, path: &str, depth: usize, found: &mut Vec<Field>) {
    if depth > DEEPEST {
        return;
    }
    let required = |name: &str| schema["required"].as_array().is_some_and(|list| list.iter().any(|r| r == name));
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        found.push(Field {
            path: at.clone(),
            kind: kind(property),
            allowed: property["enum"].as_array().into_iter().flatten().map(text).collect(),
            default: property.get("default").map(text).unwrap_or_default(),
            required: required(name),
        });
        below(property, &at, depth, found);
    }
}

/// What lies in an object, the items of a list, the values of a map.
fn below(property: &Value, at: &str, depth: usize, found: &mut Vec<Field>) {
    flatten(property, at, depth + 1, found);
    if property["items"].is_object() {
        let items = format!("{at}[]");
        below(&property["items"], &items, depth + 1, found);
    }
    if property["additionalProperties"].is_object() {
        let values = format!("{at}.*");
        below(&property["additionalProperties"], &values, depth + 1, found);
    }
}

fn kind(property: &Value) -> String {
    let rules = property["x-kubernetes-validations"].as_array();
    let duration =
        rules.into_iter().flatten().any(|rule| rule["rule"].as_str().is_some_and(|r| r.contains("duration(")));
    if duration || property["format"] == "duration" {
        return "duration".into();
    }
    property["type"].as_str().unwrap_or("object").to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_of_lists_and_maps_are_named() {
        let schema = json!({"properties": {"spec": {"type": "object", "required": ["hosts"], "properties": {
            "hosts": {"type": "array", "items": {"type": "string"}},
            "http": {"type": "array", "items": {"type": "object", "properties": {
                "timeout": {"type": "string", "x-kubernetes-validations": [{"rule": "duration(self) >= duration('1ms')"}]},
                "mode": {"type": "string", "enum": ["A", "B"], "default": "A"}}}},
            "labels": {"type": "object", "additionalProperties": {"type": "object", "properties": {"x": {"type": "integer"}}}}}}}});
        let mut fields = Vec::new();
        flatten(&schema, "", 0, &mut fields);
        let short: Vec<_> =
            fields.iter().map(|f| format!("{} {}{}", f.path, f.kind, if f.required { "!" } else { "" })).collect();
        assert_eq!(
            short,
            [
                "spec object",
                "spec.hosts array!",
                "spec.http array",
                "spec.http[].timeout duration",
                "spec.http[].mode string",
                "spec.labels object",
                "spec.labels.*.x integer",
            ]
        );
        assert_eq!((&fields[4].allowed[..], fields[4].default.as_str()), (&["A".to_owned(), "B".to_owned()][..], "A"));
    }
}
