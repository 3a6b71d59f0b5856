//! Label and field selectors. Upstream: k8s.io/apimachinery/pkg/labels/selector.go and fields/selector.go.

use serde_json::Value;
use world::Labels;

use crate::refusal::Refusal;

/// Which objects a list or watch is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Selector {
    pub(crate) fn parse(labels: &str, fields: &str) -> Result<Self, Refusal> {
        let mut selector = Self::default();
        for part in split(labels) {
            selector.labels.push(Requirement::parse(part.trim())?);
        }
        for part in fields.split(',').filter(|p| !p.trim().is_empty()) {
            let (name, equal, value) = part
                .split_once("!=")
                .map(|(n, v)| (n, false, v))
                .or_else(|| part.split_once("==").or_else(|| part.split_once('=')).map(|(n, v)| (n, true, v)))
                .ok_or_else(|| Refusal::BadRequest(format!("invalid field selector; can't understand '{part}'")))?;
            selector.fields.push((name.trim().into(), equal, value.trim().into()));
        }
        Ok(selector)
    }

    pub(crate) fn is_all(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Refuses fields that this kind cannot be selected by.
    pub(crate) fn fits(&self, plural: &str) -> Result<(), Refusal> {
        let known = |field: &str| {
            matches!(field, "metadata.name" | "metadata.namespace")
                || (plural == "pods"
                    && matches!(field, "spec.nodeName" | "status.phase" | "status.podIP" | "spec.serviceAccountName"))
                || (plural == "events"
                    && (field.starts_with("involvedObject.")
                        || matches!(field, "reason" | "type" | "reportingComponent")))
        };
        match self.fields.iter().find(|(field, _, _)| !known(field)) {
            Some((field, _, _)) => Err(Refusal::BadRequest(format!("field label not supported: {field}"))),
            None => Ok(()),
        }
    }

    /// Whether an object is meant. `body` is called only where a field outside the metadata is asked for.
    pub(crate) fn matches(&self, labels: &Labels, (namespace, name): (&str, &str), body: impl Fn() -> Value) -> bool {
        self.labels.iter().all(|r| r.matches(labels))
            && self.fields.iter().all(|(field, equal, value)| {
                let found = match field.as_str() {
                    "metadata.name" => name.to_owned(),
                    "metadata.namespace" => namespace.to_owned(),
                    other => {
                        let pointer = format!("/{}", other.replace('.', "/"));
                        body().pointer(&pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
                    }
                };
                (found == *value) == *equal
            })
    }
}

/// Splits at the commas that are outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.retain(|p| !p.trim().is_empty());
    parts
}

impl Requirement {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let one = |value: &str| vec![value.trim().to_owned()];
        if let Some((key, value)) = text.split_once("!=") {
            return Ok(Self::NotIn(key.trim().into(), one(value)));
        }
        if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
            return Ok(Self::In(key.trim().into(), one(value)));
        }
        if let Some(key) = text.strip_prefix('!') {
            return Ok(Self::Absent(key.trim().into()));
        }
        let mut words = text.splitn(3, char::is_whitespace);
        let (key, operator, rest) = (words.next().unwrap_or_default(), words.next(), words.next().unwrap_or_default());
        let Some(operator) = operator else { return Ok(Self::Exists(key.into())) };
        let bad = |found: &str| {
            Refusal::BadRequest(format!("unable to parse requirement: found '{found}', expected: ',' or ')'"))
        };
        let inside = format!("{operator} {rest}");
        let (word, set) = inside.trim().split_once('(').ok_or_else(|| bad(operator))?;
        let set = set.trim_end().strip_suffix(')').ok_or_else(|| bad(""))?;
        let values = set.split(',').map(|v| v.trim().to_owned()).collect();
        match word.trim() {
            "in" => Ok(Self::In(key.into(), values)),
            "notin" => Ok(Self::NotIn(key.into(), values)),
            other => Err(bad(other)),
        }
    }

    fn matches(&self, labels: &Labels) -> bool {
        match self {
            Self::In(key, values) => labels.get(key).is_some_and(|v| values.iter().any(|value| value == v)),
            Self::NotIn(key, values) => labels.get(key).is_none_or(|v| !values.iter().any(|value| value == v)),
            Self::Exists(key) => labels.contains_key(key),
            Self::Absent(key) => !labels.contains_key(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        let labels = Labels::from([("app", "reviews"), ("version", "v1")]);
        for (text, expected) in [
            ("", true),
            ("app=reviews", true),
            ("app==reviews,version!=v2", true),
            ("app in (a, reviews), version notin (v2,v3)", true),
            ("app", true),
            ("!app", false),
            ("!tier", true),
            ("app in (a)", false),
            ("tier=x", false),
            ("tier!=x", true),
        ] {
            let selector = Selector::parse(text, "").unwrap();
            assert_eq!(selector.matches(&labels, ("", ""), || Value::Null), expected, "{text}");
        }
        assert!(Selector::parse("a in (b", "").is_err());
    }

    #[test]
    fn fields() {
        let selector = Selector::parse("", "metadata.name=a,status.phase!=Running").unwrap();
        assert!(selector.fits("pods").is_ok() && selector.fits("services").is_err());
        let body = || serde_json::json!({"status": {"phase": "Pending"}});
        assert!(selector.matches(&Labels::new(), ("ns", "a"), body));
        assert!(!selector.matches(&Labels::new(), ("ns", "b"), body));
    }
}
