//! The plan as people write it.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use world::{ObjectKey, yaml};

use crate::Gate;

/// How a service's traffic goes from one version to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Plan {
    /// What the rollout is called in the journal.
    pub name: String,
    /// Whose traffic moves.
    pub service: Service,
    /// The object whose weights are moved.
    pub route: Route,
    /// The version that has the traffic: a subset of the DestinationRule, or for an HTTPRoute the Service behind it.
    pub stable: String,
    /// The version that shall get it, named in the same way.
    pub canary: String,
    /// How often the gates are looked at.
    #[serde(default = "half_a_minute", with = "duration")]
    pub interval: Duration,
    /// The steps in their order.
    pub steps: Vec<Step>,
    /// What has to hold at every look.
    #[serde(default)]
    pub gates: Vec<Gate>,
    /// Looks in a row that a gate may fail before the rollout has failed.
    #[serde(default)]
    pub tolerance: u32,
    /// Fewer requests of the canary in an interval than this tell nothing.
    #[serde(default = "ten")]
    pub min_requests: u32,
    /// How long in all a step may go without measurements before the rollout has failed.
    #[serde(default = "five_minutes", with = "duration")]
    pub patience: Duration,
    /// What happens is in Prometheus so much later at most: samples are taken, and rules evaluated, once a minute where nobody chose otherwise.
    /// Upstream: prometheus/prometheus config/config.go, `DefaultGlobalConfig`.
    #[serde(default = "a_minute", with = "duration", skip_serializing_if = "is_a_minute")]
    pub lag: Duration,
    /// What happens when it has failed.
    #[serde(default)]
    pub on_failure: Failure,
    /// What happens after the program that drove it was away.
    #[serde(default)]
    pub interrupted: Interrupted,
}

/// A Service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The object whose weights are moved; in the service's namespace where it names none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Its kind.
    pub kind: RouteKind,
    /// Its namespace.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Kinds that split by weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RouteKind {
    /// Istio's.
    VirtualService,
    /// The Gateway API's.
    #[serde(rename = "HTTPRoute")]
    HttpRoute,
}

impl RouteKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::VirtualService, Self::HttpRoute];

    /// An object of this kind.
    pub fn object(self, namespace: &str, name: &str) -> ObjectKey {
        let (group, kind) = match self {
            Self::VirtualService => ("networking.istio.io", "VirtualService"),
            Self::HttpRoute => ("gateway.networking.k8s.io", "HTTPRoute"),
        };
        ObjectKey::new(group, kind, namespace, name)
    }
}

/// Requests that go to the canary whatever the weights say, by a header that they carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cohort {
    /// Its name, in small letters as proxies have it.
    pub header: String,
    /// Its value, in full.
    pub value: String,
}

/// One step: a split, and how long it has to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Percent of the requests that the canary gets.
    pub weight: u8,
    /// Percent of the requests that are sent to the canary as copies, whose answers nobody waits for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub mirror: u8,
    /// Requests that all go to the canary while the step holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<Cohort>,
    /// How long it has to hold.
    #[serde(default)]
    pub pause: Pause,
}

/// How long a step has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// So long, counting only the time in which all gates held.
    For(Duration),
    /// Until somebody promotes it.
    Manual,
}

/// What happens when a rollout has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// All requests go back to the stable version.
    #[default]
    Return,
    /// The split stays, and a person decides.
    Hold,
}

/// What happens after the program that drove it was away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interrupted {
    /// The split stays, and a person decides.
    #[default]
    Hold,
    /// All requests go back to the stable version.
    Return,
}

/// Why a text is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// It can be read, and makes no sense.
    #[error("{path}: {because}")]
    Senseless {
        /// The field.
        path: String,
        /// What is wrong with it.
        because: String,
    },
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// Where the text is no plan, naming the line, or makes no sense, naming the field.
    pub fn read(text: &str) -> Result<Self, Broken> {
        let read = yaml::read(text);
        if let Some(problem) = read.problems.iter().find(|problem| problem.error) {
            return Err(Broken::Unreadable(format!("line {}: {}", problem.line, problem.message)));
        }
        let mut plan: Self =
            serde_json::from_value(read.value).map_err(|error| Broken::Unreadable(error.to_string()))?;
        if plan.route.namespace.is_empty() {
            plan.route.namespace.clone_from(&plan.service.namespace);
        }
        plan.sense()?;
        Ok(plan)
    }

    /// The object whose weights are moved.
    pub fn object(&self) -> ObjectKey {
        self.route.kind.object(&self.route.namespace, &self.route.name)
    }

    /// The plan as a document, to be written as text.
    pub fn written(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// How long a step has to be written until every gate can be judged.
    pub fn ripe(&self) -> Duration {
        self.gates.iter().map(|gate| gate.ripe(self)).max().unwrap_or_default()
    }

    /// Whether it makes sense.
    ///
    /// # Errors
    /// Where it does not, naming the field.
    pub fn sense(&self) -> Result<(), Broken> {
        let wrong =
            |path: &str, because: &str| Err(Broken::Senseless { path: path.to_owned(), because: because.to_owned() });
        for (path, text) in [
            ("name", &self.name),
            ("service.namespace", &self.service.namespace),
            ("service.name", &self.service.name),
            ("route.name", &self.route.name),
            ("stable", &self.stable),
            ("canary", &self.canary),
        ] {
            if text.trim().is_empty() {
                return wrong(path, "it is empty");
            }
        }
        if self.stable == self.canary {
            return wrong("canary", "it is the stable version");
        }
        if self.interval < Duration::from_secs(1) {
            return wrong("interval", "less than a second tells nothing");
        }
        if self.steps.is_empty() {
            return wrong("steps", "there is none");
        }
        for (at, step) in self.steps.iter().enumerate() {
            if step.weight > 100 || step.mirror > 100 {
                return wrong(&format!("steps[{at}]"), "a share of requests is 0 to 100 percent");
            }
            if let Some(because) = step.cohort.as_ref().and_then(Cohort::nonsense) {
                return wrong(&format!("steps[{at}].cohort"), because);
            }
        }
        for (at, gate) in self.gates.iter().enumerate() {
            if let Err(because) = gate.sense() {
                return wrong(&format!("gates[{at}]"), because);
            }
        }
        Ok(())
    }
}

impl Cohort {
    /// Why no request could belong to it.
    fn nonsense(&self) -> Option<&'static str> {
        let token = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        if self.header.is_empty() || !self.header.chars().all(token) {
            return Some("a header's name is small letters, digits and hyphens");
        }
        if self.value.is_empty() || self.value.chars().any(char::is_control) {
            return Some("the header's value is empty, or no text");
        }
        None
    }
}

fn half_a_minute() -> Duration {
    Duration::from_secs(30)
}

fn five_minutes() -> Duration {
    Duration::from_secs(300)
}

fn a_minute() -> Duration {
    Duration::from_secs(60)
}

fn is_a_minute(time: &Duration) -> bool {
    *time == a_minute()
}

fn ten() -> u32 {
    10
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}

impl Default for Pause {
    fn default() -> Self {
        Self::For(Duration::ZERO)
    }
}

impl Serialize for Pause {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Manual => out.serialize_str("manual"),
            Self::For(time) => duration::serialize(time, out),
        }
    }
}

impl<'de> Deserialize<'de> for Pause {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if text == "manual" {
            return Ok(Self::Manual);
        }
        duration::read(&text).map(Self::For).ok_or_else(|| de::Error::custom(duration::wanted(&text)))
    }
}

/// Durations as `30s`, `5m`, `1h`, `500ms` and sums of them.
pub(crate) mod duration {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(time: &Duration, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&write(*time))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(from)?;
        read(&text).ok_or_else(|| de::Error::custom(wanted(&text)))
    }

    pub fn wanted(text: &str) -> String {
        format!("{text} is no duration; wanted is one such as 30s, 5m or 1h30m")
    }

    pub fn read(text: &str) -> Option<Duration> {
        let mut rest = text.trim();
        let mut millis: u64 = 0;
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let count: u64 = rest[..digits].parse().ok()?;
            let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
            let unit = match &rest[digits..unit_end] {
                "ms" => 1,
                "s" => 1000,
                "m" => 60_000,
                "h" => 3_600_000,
                _ => return None,
            };
            millis = millis.checked_add(count.checked_mul(unit)?)?;
            rest = &rest[unit_end..];
        }
        Some(Duration::from_millis(millis))
    }

    /// A time as plans have it: `1h30m`.
    pub fn write(time: Duration) -> String {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        if millis == 0 {
            return "0s".to_owned();
        }
        let parts =
            [(millis / 3_600_000, "h"), (millis / 60_000 % 60, "m"), (millis / 1000 % 60, "s"), (millis % 1000, "ms")];
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::{ProptestConfig, proptest};

    use super::*;

    pub const PLAN: &str = "
name: reviews v3
service: {namespace: prod, name: reviews}
route: {kind: VirtualService, name: reviews}
stable: v1
canary: v3
interval: 10s
steps:
- {weight: 10, pause: 30s}
- {weight: 50, pause: manual}
- {weight: 100, pause: 10s}
gates:
- {metric: success-rate, min: 99}
- {metric: p99, max: 500}
";

    #[test]
    fn a_plan_is_read() {
        let plan = Plan::read(PLAN).unwrap();
        assert_eq!(plan.object().to_string(), "VirtualService prod/reviews");
        assert_eq!(
            plan.steps[0],
            Step { weight: 10, mirror: 0, cohort: None, pause: Pause::For(Duration::from_secs(30)) }
        );
        assert_eq!((plan.steps[1].pause, plan.on_failure), (Pause::Manual, Failure::Return));
        let again: Plan = serde_json::from_value(serde_json::to_value(&plan).unwrap()).unwrap();
        assert_eq!(again, plan);
    }

    #[test]
    fn what_is_no_plan_is_said() {
        for (from, to, said) in [
            ("weight: 10", "weight: 101", "steps[0]: a share of requests"),
            ("canary: v3", "canary: v1", "canary: it is the stable version"),
            ("interval: 10s", "interval: ten", "ten is no duration"),
            ("interval: 10s", "interval: 10ms", "interval: less than a second"),
            ("min: 99", "min: 101", "gates[0]: "),
            ("stable: v1", "stabel: v1", "stabel"),
        ] {
            let error = Plan::read(&PLAN.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(said), "{to}: {error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_text_is_too_strange(text in ".{0,200}") {
            let _ = Plan::read(&text);
            let _ = duration::read(&text);
        }

        #[test]
        fn durations_come_back(millis in 0u64..1_000_000_000) {
            let time = Duration::from_millis(millis);
            assert_eq!(duration::read(&duration::write(time)), Some(time));
        }
    }
}
