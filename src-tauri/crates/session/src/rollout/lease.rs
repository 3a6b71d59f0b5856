//! Who drives a service: an annotation on its route that anybody can see with kubectl, so that two operators do not.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use rollout::{Cohort, Interrupted, Pause, Plan, RouteKind, Said, Service, Step};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use world::{ObjectKey, said};

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
    /// What becomes of the split when its driver is gone; earlier versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Interrupted>,
    /// What it moves; earlier versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves: Option<Moves>,
}

/// What a rollout moves, as far as somebody without its plan has to know to send everything back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moves {
    pub service: Service,
    pub stable: String,
    pub canary: String,
    /// Who all goes to the canary now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<Cohort>,
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

    /// As much of the plan for this route as it takes to send everything back; `None` where the lease does not say it.
    pub fn way_back(&self, route: &ObjectKey) -> Option<Plan> {
        let Moves { service, stable, canary, cohort } = self.moves.as_ref()?;
        let kind = RouteKind::ALL.into_iter().find(|kind| kind.object(&route.namespace, &route.name) == *route)?;
        let step = Step { weight: 0, mirror: 0, cohort: cohort.clone(), pause: Pause::default() };
        let written = json!({"name": self.plan, "service": service, "stable": stable, "canary": canary, "steps": [step],
            "route": {"kind": kind, "namespace": route.namespace, "name": route.name}});
        let plan: Plan = serde_json::from_value(written).ok()?;
        plan.sense().is_ok().then_some(plan)
    }

    /// Its driver is gone: nobody may be taken to drive it any more.
    pub fn has_run_out(&self, now: Timestamp) -> bool {
        self.until <= now
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
    /// Whose it was that has run out, in both languages.
    pub fn abandoned(&self) -> Said {
        let Self { by, plan, .. } = self;
        said!("{by} drove “{plan}” here and never ended it", "{by} 曾在此驱动“{plan}”，但没有结束它")
    }

    /// Who drives, in both languages.
    pub fn said(&self) -> Said {
        let Self { by, plan, until, .. } = self;
        let then = match (self.then, &self.moves) {
            (None, _) => String::new(),
            (Some(Interrupted::Hold), _) => "；之后分流保持不变，由人决定".to_owned(),
            (Some(Interrupted::Return), None) => "；之后应全部退回稳定版本，发现者均可执行".to_owned(),
            (Some(Interrupted::Return), Some(moves)) => format!("；之后应全部退回 {}，发现者均可执行", moves.stable),
        };
        Said::new(self.to_string(), format!("{by} 正在此驱动“{plan}”，最迟到 {until:.0}{then}"))
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, plan, since, until, .. } = self;
        write!(f, "{by} drives “{plan}” here")?;
        if let Some(since) = since {
            write!(f, " since {since:.0}")?;
        }
        write!(f, ", until {until:.0} at the latest")?;
        match (self.then, &self.moves) {
            (None, _) => Ok(()),
            (Some(Interrupted::Hold), _) => write!(f, "; then the split stays, and a person decides"),
            (Some(Interrupted::Return), None) => {
                write!(f, "; then everything shall return to the stable version, by whoever finds it so")
            }
            (Some(Interrupted::Return), Some(moves)) => {
                write!(f, "; then everything shall return to {}, by whoever finds it so", moves.stable)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann(until: Timestamp) -> Lease {
        let service = Service { namespace: "prod".into(), name: "reviews".into() };
        let cohort = Some(Cohort { header: "x-user".into(), value: "tester".into() });
        let moves = Some(Moves { service, stable: "v1".into(), canary: "v3".into(), cohort });
        let (plan, by, holder) = ("p".into(), "ann".into(), "x".into());
        Lease { plan, by, holder, since: None, until, then: Some(Interrupted::Return), moves }
    }

    #[test]
    fn says_what_becomes_of_it_and_is_enough_for_the_way_back() {
        let until = "2026-11-26T08:00:00Z".parse().unwrap();
        let mut object = json!({"metadata": {"name": "reviews"}});
        Lease::put(Some(&ann(until)), &mut object);
        let text = object["metadata"]["annotations"][ANNOTATION].as_str().unwrap();
        assert_eq!(
            text,
            r#"{"plan":"p","by":"ann","holder":"x","since":null,"until":"2026-11-26T08:00:00Z","then":"return","moves":{"service":{"namespace":"prod","name":"reviews"},"stable":"v1","canary":"v3","cohort":{"header":"x-user","value":"tester"}}}"#
        );
        let lease = Lease::of(&object).unwrap();
        assert_eq!(
            lease.to_string(),
            "ann drives “p” here, until 2026-11-26T08:00:00Z at the latest; then everything shall return to v1, by whoever finds it so"
        );
        assert_eq!(
            lease.said().zh,
            "ann 正在此驱动“p”，最迟到 2026-11-26T08:00:00Z；之后应全部退回 v1，发现者均可执行"
        );
        assert_eq!((lease.has_run_out(until), lease.has_run_out(until - Duration::from_secs(1))), (true, false));
        let route = RouteKind::HttpRoute.object("edge", "reviews");
        let plan = lease.way_back(&route).unwrap();
        assert_eq!((plan.object(), plan.stable.as_str(), plan.steps[0].cohort.is_some()), (route, "v1", true));
        assert_eq!(lease.way_back(&ObjectKey::new("", "Service", "prod", "reviews")), None);
        // Earlier versions said neither.
        object["metadata"]["annotations"][ANNOTATION] =
            r#"{"plan":"p","by":"ann","holder":"x","until":"2026-11-26T08:00:00Z"}"#.into();
        let old = Lease::of(&object).unwrap();
        assert_eq!((old.then, old.way_back(&RouteKind::VirtualService.object("prod", "reviews"))), (None, None));
        assert_eq!(old.to_string(), "ann drives “p” here, until 2026-11-26T08:00:00Z at the latest");
        let held = Lease { then: Some(Interrupted::Hold), ..ann(until) };
        assert!(held.to_string().ends_with("; then the split stays, and a person decides"), "{held}");
    }

    #[test]
    fn is_put_found_and_taken_off() {
        let before = json!({"metadata": {"name": "reviews"}});
        let until = "2026-11-26T08:00:00Z".parse().unwrap();
        let lease = Lease { since: None, then: None, moves: None, ..ann(until) };
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
        let ann = Lease { since, then: None, moves: None, ..ann(until) };
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
