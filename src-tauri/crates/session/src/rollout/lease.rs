//! Who drives a service: an annotation on its route that anybody can see with kubectl, so that two operators do not.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use rollout::{Pause, Plan, Said};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The annotation.
pub(crate) const ANNOTATION: &str = "netloft.dev/rollout";
/// A step that waits for a person may wait so long.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Beyond what a step needs.
const SPARE: Duration = Duration::from_secs(600);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lease {
    /// The plan's name.
    pub plan: String,
    /// Who began it.
    pub by: String,
    /// Which program drives it.
    pub holder: String,
    /// When the rollout began, to the nanosecond: with the plan it tells one rollout from another, whichever program drives it.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// When it may be taken for abandoned.
    pub until: Timestamp,
}

impl Lease {
    /// The lease on an object; `None` where there is none that can be read.
    pub fn of(object: &Value) -> Option<Self> {
        let text = object.pointer("/metadata/annotations")?.get(ANNOTATION)?.as_str()?;
        serde_json::from_str(text).ok()
    }

    /// The lease of another rollout on an object, as long as it has not run out.
    pub fn of_another(&self, object: &Value, now: Timestamp) -> Option<Self> {
        let is_ours = |one: &Self| one.holder == self.holder || (&one.plan, one.since) == (&self.plan, self.since);
        Self::of(object).filter(|one| one.until > now && !is_ours(one))
    }

    /// Until when a step of a plan may take.
    pub fn until(plan: &Plan, step: usize, now: Timestamp) -> Timestamp {
        let needed = match plan.steps.get(step).map(|step| step.pause) {
            Some(Pause::For(time)) => time,
            Some(Pause::Manual) => DAY,
            None => Duration::ZERO,
        };
        let needed = needed.saturating_add(plan.ripe());
        now.checked_add(needed.saturating_add(plan.patience).saturating_add(SPARE)).unwrap_or(Timestamp::MAX)
    }

    /// Puts the lease on an object, in place of any other; `None` takes it off.
    pub fn put(lease: Option<&Self>, object: &mut Value) {
        let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
        match lease.and_then(|lease| serde_json::to_string(lease).ok()) {
            Some(text) => {
                let annotations = metadata.entry("annotations").or_insert(Value::Null);
                if !annotations.is_object() {
                    *annotations = json!({});
                }
                annotations[ANNOTATION] = Value::String(text);
            }
            None => {
                let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) else { return };
                annotations.shift_remove(ANNOTATION);
                if annotations.is_empty() {
                    metadata.shift_remove("annotations");
                }
            }
        }
    }
}

/// Who drives what, in words.
impl Lease {
    /// Who drives, in both languages.
    pub fn said(&self) -> Said {
        let Self { by, plan, until, .. } = self;
        Said::new(self.to_string(), format!("{by} 正在此驱动“{plan}”，最迟到 {until:.0}"))
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, plan, since, until, .. } = self;
        write!(f, "{by} drives “{plan}” here")?;
        if let Some(since) = since {
            write!(f, " since {since:.0}")?;
        }
        write!(f, ", until {until:.0} at the latest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_put_found_and_taken_off() {
        let before = json!({"metadata": {"name": "reviews"}});
        let until = "2026-11-26T08:00:00Z".parse().unwrap();
        let lease = Lease { plan: "p".into(), by: "ann".into(), holder: "x".into(), since: None, until };
        let mut object = before.clone();
        Lease::put(Some(&lease), &mut object);
        assert_eq!(Lease::of(&object).as_ref(), Some(&lease));
        Lease::put(None, &mut object);
        assert_eq!(object, before);
        object["metadata"]["annotations"] = json!({ANNOTATION: "not ours"});
        assert_eq!(Lease::of(&object), None);
        object["metadata"]["annotations"] = json!("none");
        Lease::put(Some(&lease), &mut object);
        assert_eq!(Lease::of(&object), Some(lease));
    }

    #[test]
    fn another_rollout_is_told_from_the_same_under_another_driver() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (since, now) = (Some(at("2026-11-26T08:00:00.123Z")), at("2026-11-26T08:01:00Z"));
        let until = at("2026-11-26T09:00:00.5Z");
        let ann = Lease { plan: "p".into(), by: "ann".into(), holder: "x".into(), since, until };
        let mut object = json!({"metadata": {"name": "reviews"}});
        assert_eq!(ann.of_another(&object, now), None);
        Lease::put(Some(&ann), &mut object);
        let again = Lease { holder: "y".into(), ..ann.clone() };
        assert_eq!(again.of_another(&object, now), None, "it was taken over");
        for other in [Lease { plan: "q".into(), ..again.clone() }, Lease { since: Some(now), ..again.clone() }] {
            assert_eq!(other.of_another(&object, now).as_ref(), Some(&ann));
            assert_eq!(other.of_another(&object, until), None, "it has run out");
        }
        assert_eq!(
            ann.to_string(),
            "ann drives “p” here since 2026-11-26T08:00:00Z, until 2026-11-26T09:00:00Z at the latest"
        );
    }
}
