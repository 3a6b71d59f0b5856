//! Settings of a DestinationRule that no single request shows, in words.

use serde_json::Value;

use super::Facts;

/// A field of a policy.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub name: &'static str,
    pub of: fn(&Facts) -> Option<&Value>,
    words: &'static str,
}

/// Those that are told.
pub(crate) const FIELDS: [Field; 3] = [
    Field { name: "connectionPool", of: |f| f.connection_pool.as_ref(), words: "connections are limited" },
    Field {
        name: "outlierDetection",
        of: |f| f.outlier_detection.as_ref(),
        words: "pods that fail are left out for a time",
    },
    Field { name: "loadBalancer", of: |f| f.load_balancer.as_ref(), words: "pods are chosen" },
];

/// What a field says.
#[derive(Clone, Copy)]
pub(crate) struct Fact<'a> {
    pub field: Field,
    pub value: &'a Value,
}

impl Fact<'_> {
    /// In words: what it is about, and each setting as it is written.
    pub fn words(&self) -> String {
        let mut all = Vec::new();
        leaves("", self.value, &mut all);
        format!("{}: {}", self.field.words, all.join(", "))
    }
}

fn leaves(name: &str, value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(field, value)| leaves(field, value, out)),
        Value::Array(items) => items.iter().for_each(|item| leaves(name, item, out)),
        Value::String(text) => out.push(format!("{name} {text}")),
        Value::Null => {}
        other => out.push(format!("{name} {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let value = serde_json::json!({"tcp": {"maxConnections": 1, "connectTimeout": "2s"}, "http": {"x": null}});
        let fact = Fact { field: FIELDS[0], value: &value };
        assert_eq!(fact.words(), "connections are limited: maxConnections 1, connectTimeout 2s");
    }
}
