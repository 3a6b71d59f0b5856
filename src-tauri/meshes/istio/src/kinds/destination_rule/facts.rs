//! Settings of a DestinationRule that no single request shows, in words.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Facts, Tls};

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

/// Told as well: it stands beside ports alone.
pub(crate) const RETRY_BUDGET: Field = Field { name: "retryBudget", of: |_| None, words: "retries are limited" };

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
        let said: Vec<String> = all.into_iter().map(|(name, value)| format!("{name} {value}")).collect();
        format!("{}: {}", self.field.words, said.join(", "))
    }

    /// Each setting by its path in the policy; several values of one path together.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let mut all = Vec::new();
        branches(self.field.name, self.value, &mut all);
        together(all)
    }
}

fn branches(path: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(field, value)| branches(&format!("{path}.{field}"), value, out));
        }
        other => leaves(path, other, out),
    }
}

fn leaves(name: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(field, value)| leaves(field, value, out)),
        Value::Array(items) => items.iter().for_each(|item| leaves(name, item, out)),
        Value::String(text) => out.push((name.to_owned(), text.clone())),
        Value::Null => {}
        other => out.push((name.to_owned(), other.to_string())),
    }
}

fn together(all: Vec<(String, String)>) -> BTreeMap<String, String> {
    let mut settings: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in all {
        settings.entry(name).and_modify(|kept| *kept = format!("{kept}, {value}")).or_insert(value);
    }
    settings
}

impl Tls {
    /// What it says besides the mode, which the way of a request shows.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let texts = [
            ("tls.sni", &self.sni),
            ("tls.credentialName", &self.credential_name),
            ("tls.clientCertificate", &self.client_certificate),
            ("tls.caCertificates", &self.ca_certificates),
        ];
        let names = self.subject_alt_names.iter().map(|name| ("tls.subjectAltNames", name));
        let written = texts.into_iter().chain(names).filter(|(_, value)| !value.is_empty());
        together(written.map(|(name, value)| (name.to_owned(), value.clone())).collect())
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
        let settings: Vec<_> = fact.settings().into_iter().collect();
        assert_eq!(
            settings,
            [
                ("connectionPool.tcp.connectTimeout".into(), "2s".into()),
                ("connectionPool.tcp.maxConnections".into(), "1".into())
            ]
        );
    }
}
