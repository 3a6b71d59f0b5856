//! Sets of fields, as `managedFields` writes them. Upstream: sigs.k8s.io/structured-merge-diff/v6/fieldpath.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A set of fields as a tree. Each step is written as in `fieldsV1`: `f:name`, `k:{"name":"x"}`, `v:"x"`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields {
    /// The place itself is in the set.
    pub(crate) member: bool,
    pub(crate) below: BTreeMap<String, Fields>,
}

impl Fields {
    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.below.values().all(Fields::is_empty)
    }

    /// The set below a step; empty where there is none.
    pub(crate) fn at(&self, step: &str) -> Option<&Fields> {
        self.below.get(step)
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut result = self.clone();
        result.member |= other.member;
        for (step, theirs) in &other.below {
            let merged = result.below.get(step).map_or_else(|| theirs.clone(), |ours| ours.union(theirs));
            result.below.insert(step.clone(), merged);
        }
        result
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let both = self.below.iter().filter_map(|(step, ours)| {
            let both = ours.intersection(other.below.get(step)?);
            (!both.is_empty()).then(|| (step.clone(), both))
        });
        Self { member: self.member && other.member, below: both.collect() }
    }

    /// What is here and not there, path by path.
    pub(crate) fn difference(&self, other: &Self) -> Self {
        let kept = self.below.iter().filter_map(|(step, ours)| {
            let kept = other.below.get(step).map_or_else(|| ours.clone(), |theirs| ours.difference(theirs));
            (!kept.is_empty()).then(|| (step.clone(), kept))
        });
        Self { member: self.member && !other.member, below: kept.collect() }
    }

    /// Without a top-level field and all below it.
    pub(crate) fn without(mut self, field: &str) -> Self {
        self.below.remove(&format!("f:{field}"));
        self
    }

    /// Every path in the set, as conflicts print it: `.spec.ports[port=80,protocol="TCP"].name`.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect("", &mut paths);
        paths
    }

    fn collect(&self, prefix: &str, into: &mut Vec<String>) {
        if self.member && !prefix.is_empty() {
            into.push(prefix.to_owned());
        }
        for (step, below) in &self.below {
            below.collect(&format!("{prefix}{}", printed(step)), into);
        }
    }

    /// `fieldsV1`
    pub(crate) fn write(&self) -> Value {
        let mut map = Map::new();
        for (step, below) in &self.below {
            let mut inner = below.write();
            if below.member
                && let Some(inner) = inner.as_object_mut().filter(|inner| !inner.is_empty())
            {
                inner.insert(".".into(), json!({}));
                inner.sort_keys();
            }
            map.insert(step.clone(), inner);
        }
        map.into()
    }

    /// From `fieldsV1`.
    pub(crate) fn read(value: &Value) -> Self {
        let mut fields = Self::default();
        for (step, inner) in value.as_object().into_iter().flatten() {
            if step == "." {
                continue;
            }
            let mut below = Self::read(inner);
            below.member = inner.as_object().is_none_or(|o| o.is_empty() || o.contains_key("."));
            fields.below.insert(step.clone(), below);
        }
        fields
    }
}

fn printed(step: &str) -> String {
    let (kind, rest) = step.split_once(':').unwrap_or(("f", step));
    match kind {
        "k" => {
            let keys: Map<String, Value> = serde_json::from_str(rest).unwrap_or_default();
            let keys: Vec<String> = keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("[{}]", keys.join(","))
        }
        "v" => format!("[={rest}]"),
        "i" => format!("[{rest}]"),
        _ => format!(".{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(value: Value) -> Fields {
        Fields::read(&value)
    }

    #[test]
    fn written_as_read() {
        let written = json!({"f:spec": {".": {}, "f:host": {}, "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}}}}});
        let fields = set(written.clone());
        assert_eq!(fields.write(), written);
        assert_eq!(
            fields.paths(),
            [
                ".spec",
                ".spec.host",
                ".spec.ports[port=80,protocol=\"TCP\"]",
                ".spec.ports[port=80,protocol=\"TCP\"].name"
            ]
        );
    }

    #[test]
    fn sets() {
        let a = set(json!({"f:spec": {"f:a": {}, "f:b": {"f:c": {}}}}));
        let b = set(json!({"f:spec": {"f:a": {}, "f:b": {"f:d": {}}}}));
        assert_eq!(a.intersection(&b), set(json!({"f:spec": {"f:a": {}}})));
        assert_eq!(a.difference(&b), set(json!({"f:spec": {"f:b": {"f:c": {}}}})));
        assert_eq!(a.union(&b), set(json!({"f:spec": {"f:a": {}, "f:b": {"f:c": {}, "f:d": {}}}})));
        assert!(a.difference(&a).is_empty() && a.clone().without("spec").is_empty());
    }
}
