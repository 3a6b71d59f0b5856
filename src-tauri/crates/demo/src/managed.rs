//! Who owns which fields: `metadata.managedFields`, updates and applies.
//! Upstream: sigs.k8s.io/structured-merge-diff/v6/merge/update.go, k8s.io/apimachinery/pkg/util/managedfields.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::fields::Fields;
use crate::merge;
use crate::refusal::{Cause, Refusal};
use crate::schema::Type;

/// One hand that writes, as managedFields tells them apart. The order is that of conflicts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hand {
    pub(crate) manager: String,
    /// Server-side apply, rather than a plain update.
    pub(crate) applies: bool,
    pub(crate) api_version: String,
    pub(crate) subresource: String,
}

/// All owners of an object's fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owners(BTreeMap<Hand, (Fields, String)>);

/// Fields of the metadata that nobody owns.
const UNOWNED: [&str; 10] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "generation",
    "managedFields",
    "resourceVersion",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

fn owned(fields: Fields) -> Fields {
    let mut fields = fields.without("apiVersion").without("kind");
    fields.member = false;
    if let Some(metadata) = fields.below.get_mut("f:metadata") {
        metadata.member = false;
        for field in UNOWNED {
            metadata.below.remove(&format!("f:{field}"));
        }
        if metadata.is_empty() {
            fields.below.remove("f:metadata");
        }
    }
    fields
}

impl Owners {
    /// From `metadata.managedFields`.
    pub(crate) fn read(object: &Value) -> Self {
        let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
        let read = |entry: &Value| {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let hand = Hand {
                manager: text("manager"),
                applies: text("operation") == "Apply",
                api_version: text("apiVersion"),
                subresource: text("subresource"),
            };
            (hand, (Fields::read(&entry["fieldsV1"]), text("time")))
        };
        Self(entries.map(|all| all.iter().map(read).collect()).unwrap_or_default())
    }

    /// As `metadata.managedFields`: applies first, then by time.
    pub(crate) fn write(&self) -> Value {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_by(|(a, (_, a_time)), (b, (_, b_time))| (!a.applies, a_time).cmp(&(!b.applies, b_time)));
        let write = |(hand, (fields, time)): (&Hand, &(Fields, String))| {
            let operation = if hand.applies { "Apply" } else { "Update" };
            let mut entry = json!({"apiVersion": hand.api_version, "fieldsType": "FieldsV1", "fieldsV1": fields.write(),
                "manager": hand.manager, "operation": operation});
            if !hand.subresource.is_empty() {
                entry["subresource"] = hand.subresource.clone().into();
            }
            entry["time"] = time.clone().into();
            entry
        };
        entries.into_iter().map(write).collect()
    }

    fn all(&self) -> Fields {
        self.0.values().fold(Fields::default(), |all, (fields, _)| all.union(fields))
    }

    fn drop_empty(&mut self) {
        self.0.retain(|_, (fields, _)| !fields.is_empty());
    }

    /// Records that `hand` turned one object into another without asking.
    pub(crate) fn update(&mut self, old: Option<&Value>, new: &Value, r#type: Type<'_>, hand: &Hand, time: &str) {
        let difference = merge::compare(old, Some(new), r#type);
        let (removed, changed) = (owned(difference.removed), owned(difference.changed));
        if removed.is_empty() && changed.is_empty() {
            return;
        }
        for (fields, _) in self.0.iter_mut().filter(|(other, _)| *other != hand).map(|(_, entry)| entry) {
            *fields = fields.difference(&changed).difference(&removed);
        }
        let (fields, since) = self.0.entry(hand.clone()).or_default();
        *fields = fields.difference(&removed).union(&changed);
        time.clone_into(since);
        self.drop_empty();
    }

    /// Applies an object over the live one: what it becomes, or whose fields it would take.
    pub(crate) fn apply(
        &mut self,
        live: &Value,
        applied: &Value,
        r#type: Type<'_>,
        hand: &Hand,
        (force, time): (bool, &str),
    ) -> Result<Value, Refusal> {
        let mut merged = merge::merge(live, applied, r#type);
        let now = owned(merge::fields_of(applied, r#type));
        let last = self.0.insert(hand.clone(), (now.clone(), time.to_owned()));
        if let Some((last, since)) = &last {
            if *last == now
                && let Some(entry) = self.0.get_mut(hand)
            {
                // The same apply again changes nothing, not even the time.
                entry.1.clone_from(since);
            }
            merge::remove(&mut merged, r#type, last, &self.all());
        }
        let difference = merge::compare(Some(live), Some(&merged), r#type);
        let (removed, changed) = (owned(difference.removed), owned(difference.changed));
        let conflicts: Vec<(Hand, Fields)> = self
            .0
            .iter()
            .filter(|(other, _)| *other != hand)
            .map(|(other, (fields, _))| (other.clone(), fields.intersection(&changed)))
            .filter(|(_, fields)| !fields.is_empty())
            .collect();
        if !force && !conflicts.is_empty() {
            return Err(refusal(&conflicts));
        }
        for (other, (fields, _)) in &mut self.0 {
            if other != hand {
                *fields = fields.difference(&changed).difference(&removed);
            }
        }
        self.drop_empty();
        Ok(merged)
    }
}

/// Upstream: k8s.io/apimachinery/pkg/util/managedfields/internal/conflict.go.
fn refusal(conflicts: &[(Hand, Fields)]) -> Refusal {
    let named = |hand: &Hand| {
        let mut text = format!("{:?}", hand.manager);
        if !hand.subresource.is_empty() {
            text.push_str(&format!(" with subresource {:?}", hand.subresource));
        }
        if !hand.applies {
            text.push_str(&format!(" using {}", hand.api_version));
        }
        text
    };
    let mut causes = Vec::new();
    let mut groups = Vec::new();
    for (hand, fields) in conflicts {
        let paths = fields.paths();
        groups.push(format!("conflicts with {}:\n- {}", named(hand), paths.join("\n- ")));
        for field in paths {
            let message = format!("conflict with {}", named(hand));
            causes.push(Cause { reason: "FieldManagerConflict", message, field });
        }
    }
    let message = match causes.as_slice() {
        [one] => format!("Apply failed with 1 conflict: {}: {}", one.message, one.field),
        many => format!("Apply failed with {} conflicts: {}", many.len(), groups.join("\n")),
    };
    Refusal::Owned { message, causes }
}
