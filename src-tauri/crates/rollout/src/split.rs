//! The split of a service's requests as its route has it, and the route with another split. Everything else of the route
//! stays as it is.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{Plan, Route, RouteKind, Said, Service};

/// How requests are split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Percent of the requests that the canary gets; the stable version gets the rest.
    pub canary: u8,
    /// Percent of the requests that are copied to the canary.
    pub mirror: u8,
    /// The plan's step whose cohort all goes to the canary; the first of several with the same.
    #[serde(default)]
    pub cohort: Option<usize>,
}

/// Why a route cannot be driven by a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No rule sends requests to the stable version.
    #[error("no rule of it sends requests to {0}")]
    NoRule(String),
    /// A third version gets requests too.
    #[error("{path} sends requests to {other} as well: a rollout moves them between two versions")]
    Third {
        /// The field.
        path: String,
        /// Who.
        other: String,
    },
    /// Its rules do not agree.
    #[error("its rules split differently ({0} % and {1} % to the canary): make them equal first")]
    Differ(u8, u8),
    /// Some of its rules have the cohort's before them, others have not.
    #[error("its rules do not all send the same cohort to the canary: make them equal first")]
    Cohorts,
    /// Copies go to somebody else.
    #[error("{0} copies requests to somebody else already")]
    Mirrored(String),
    /// A field that no server takes in this form, or that was given another.
    #[error("{path} is no {wanted}: mend the route first")]
    Form {
        /// The field.
        path: String,
        /// What it has to be.
        wanted: &'static str,
    },
}

impl Unfit {
    /// In both languages.
    pub fn said(&self) -> Said {
        let zh = match self {
            Self::NoRule(stable) => format!("它没有规则把请求发往 {stable}"),
            Self::Third { path, other } => format!("{path} 也把请求发往 {other}：发布只在两个版本之间移动请求"),
            Self::Differ(one, two) => format!("各规则的分流不同（新版本得 {one} % 与 {two} %）：请先使其一致"),
            Self::Cohorts => "各规则没有把同一人群发往新版本：请先使其一致".to_owned(),
            Self::Mirrored(path) => format!("{path} 已把请求复制给别处"),
            Self::Form { path, wanted } => format!("{path} 不是 {wanted}：请先修好路由"),
        };
        Said::new(self.to_string(), zh)
    }
}

impl Split {
    /// The split that a route has.
    ///
    /// # Errors
    /// Where the plan cannot drive it.
    pub fn read(plan: &Plan, body: &Value) -> Result<Self, Unfit> {
        let form = Form::of(plan);
        let mut found: Option<Self> = None;
        for (at, rule) in form.rules(body) {
            let mut split = form.read(rule, &format!("spec.{}[{at}]", form.list))?;
            split.cohort = form.cohort_before(body, at);
            match found {
                Some(known) if known.canary != split.canary => return Err(Unfit::Differ(known.canary, split.canary)),
                Some(known) if known.cohort != split.cohort => return Err(Unfit::Cohorts),
                _ => found = Some(split),
            }
        }
        found.ok_or_else(|| Unfit::NoRule(plan.stable.clone()))
    }

    /// The route with this split.
    ///
    /// # Errors
    /// Where the plan cannot drive it.
    pub fn written(self, plan: &Plan, body: &Value) -> Result<Value, Unfit> {
        Self::read(plan, body)?;
        let form = Form::of(plan);
        let indexes: Vec<usize> = form.rules(body).map(|(at, _)| at).collect();
        let mut body = body.clone();
        for at in indexes {
            let path = format!("spec.{}[{at}]", form.list);
            let Some(rule) = body.pointer_mut(&format!("/spec/{}/{at}", form.list)).and_then(Value::as_object_mut)
            else {
                continue;
            };
            form.write(rule, self, &path)?;
        }
        form.write_cohort(&mut body, self.cohort)?;
        Ok(body)
    }
}

/// Where a kind keeps its rules and their destinations.
pub(crate) struct Form<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) list: &'static str,
    pub(crate) targets: &'static str,
}

/// The field with a kind's rules, and that of a rule with its destinations.
fn lists(kind: RouteKind) -> (&'static str, &'static str) {
    match kind {
        RouteKind::VirtualService => ("http", "route"),
        RouteKind::HttpRoute => ("rules", "backendRefs"),
    }
}

/// The version of a service that a destination of a route is; `None` for another service.
fn version(service: &Service, route: &Route, target: &Value) -> Option<String> {
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match route.kind {
        RouteKind::VirtualService => {
            let destination = target.get("destination")?;
            is_service(service, route, &text(destination, "host")).then(|| text(destination, "subset"))
        }
        RouteKind::HttpRoute => {
            let kind = target.get("kind").and_then(Value::as_str).unwrap_or("Service");
            let namespace = target.get("namespace").and_then(Value::as_str).unwrap_or(&route.namespace);
            (kind == "Service" && namespace == service.namespace).then(|| text(target, "name"))
        }
    }
}

/// Whether a host of a VirtualService is this service: a short name is in the route's namespace.
fn is_service(service: &Service, route: &Route, host: &str) -> bool {
    let mut parts = host.split('.');
    let name = parts.next().unwrap_or_default();
    let namespace = parts.next().unwrap_or(&route.namespace);
    let rest: Vec<&str> = parts.collect();
    name == service.name && namespace == service.namespace && (rest.is_empty() || rest[0] == "svc")
}

/// Weights of one destination alone, and of several, have other defaults.
fn weight(kind: RouteKind, target: &Value, alone: bool) -> u64 {
    let default = match kind {
        RouteKind::VirtualService => u64::from(alone) * 100,
        RouteKind::HttpRoute => 1,
    };
    target.get("weight").and_then(Value::as_u64).filter(|weight| !alone || *weight > 0).unwrap_or(default)
}

/// The versions of a service that a route names, also those that get nothing, with the share, 0 to 1, that the last rule with any of them
/// gives each: the busiest first.
pub fn versions(service: &Service, route: &Route, body: &Value) -> Vec<(String, f64)> {
    let (list, targets) = lists(route.kind);
    let mut found: Vec<(String, f64)> = Vec::new();
    for rule in body.pointer(&format!("/spec/{list}")).and_then(Value::as_array).into_iter().flatten() {
        let targets = rule.get(targets).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let named: Vec<(String, u64)> = targets
            .iter()
            .filter_map(|target| {
                let version = version(service, route, target).filter(|version| !version.is_empty())?;
                Some((version, weight(route.kind, target, targets.len() == 1)))
            })
            .collect();
        if named.is_empty() {
            continue;
        }
        let all = named.iter().map(|(_, weight)| weight).sum::<u64>().max(1) as f64;
        found.iter_mut().for_each(|(_, share)| *share = 0.0);
        for (version, weight) in named {
            let share = weight as f64 / all;
            match found.iter_mut().find(|(known, _)| *known == version) {
                Some((_, sum)) => *sum += share,
                None => found.push((version, share)),
            }
        }
    }
    found.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    found
}

impl<'a> Form<'a> {
    fn of(plan: &'a Plan) -> Self {
        let (list, targets) = lists(plan.route.kind);
        Self { plan, list, targets }
    }

    /// The rules that send requests to the stable version; a rule that sends some to the canary alone is the user's own.
    pub(crate) fn rules<'b>(&'b self, body: &'b Value) -> impl Iterator<Item = (usize, &'b Value)> {
        let all = body.pointer(&format!("/spec/{}", self.list)).and_then(Value::as_array);
        all.into_iter().flatten().enumerate().filter(|(_, rule)| {
            self.targets(rule).any(|target| self.version(target).as_deref() == Some(&*self.plan.stable))
        })
    }

    pub(crate) fn targets<'b>(&self, rule: &'b Value) -> impl Iterator<Item = &'b Value> + use<'b> {
        rule.get(self.targets).and_then(Value::as_array).into_iter().flatten()
    }

    /// The version that a destination is, by the name that the plan has for it; `None` for another service.
    pub(crate) fn version(&self, target: &Value) -> Option<String> {
        version(&self.plan.service, &self.plan.route, target)
    }

    fn read(&self, rule: &Value, path: &str) -> Result<Split, Unfit> {
        let alone = self.targets(rule).count() == 1;
        let (mut stable, mut canary) = (0, 0);
        for target in self.targets(rule) {
            let weight = weight(self.plan.route.kind, target, alone);
            match self.version(target) {
                Some(version) if version == self.plan.stable => stable += weight,
                Some(version) if version == self.plan.canary => canary += weight,
                _ if weight == 0 => {}
                version => {
                    let other = version.unwrap_or_else(|| "another service".to_owned());
                    return Err(Unfit::Third { path: path.to_owned(), other });
                }
            }
        }
        let all = (stable + canary).max(1);
        let percent = u8::try_from((canary * 100 + all / 2) / all).unwrap_or(100);
        Ok(Split { canary: percent, mirror: self.mirror(rule).unwrap_or(0), cohort: None })
    }

    /// Percent of the requests that are copied to the canary; `None` where none are, or they go to somebody else.
    fn mirror(&self, rule: &Value) -> Option<u8> {
        let (target, percent) = match self.plan.route.kind {
            RouteKind::VirtualService => {
                (json!({"destination": rule.get("mirror")?}), rule.pointer("/mirrorPercentage/value"))
            }
            RouteKind::HttpRoute => {
                let mirror = mirrors(rule).next()?.1;
                (mirror.get("backendRef")?.clone(), mirror.get("percent"))
            }
        };
        if self.version(&target).as_deref() != Some(&*self.plan.canary) {
            return None;
        }
        let percent = percent.and_then(Value::as_f64).unwrap_or(100.0);
        Some(percent.round().clamp(0.0, 100.0) as u8)
    }

    fn write(&self, rule: &mut Map<String, Value>, split: Split, path: &str) -> Result<(), Unfit> {
        let whole = Value::Object(rule.clone());
        let stable = |target: &&Value| self.version(target).as_deref() == Some(&*self.plan.stable);
        let Some(pattern) = self.targets(&whole).find(stable).cloned() else { return Ok(()) };
        let canary = self.named(&pattern, &self.plan.canary);
        self.copy(rule, &whole, split.mirror, &canary, path)?;
        let Some(targets) = rule.get_mut(self.targets).and_then(Value::as_array_mut) else { return Ok(()) };
        let is_canary = |target: &Value| self.version(target).as_deref() == Some(&*self.plan.canary);
        if split.canary > 0 && !targets.iter().any(is_canary) {
            targets.push(canary);
        }
        let mut given = (false, false);
        for target in targets {
            let (weight, first) = match self.version(target) {
                Some(version) if version == self.plan.stable => (100 - split.canary.min(100), &mut given.0),
                Some(version) if version == self.plan.canary => (split.canary, &mut given.1),
                _ => continue,
            };
            // A version that stands twice gets its share once.
            target["weight"] = Value::from(if *first { 0 } else { weight });
            *first = true;
        }
        Ok(())
    }

    /// A destination like this one for another version.
    pub(crate) fn named(&self, pattern: &Value, version: &str) -> Value {
        let mut made = pattern.clone();
        match self.plan.route.kind {
            RouteKind::VirtualService => made["destination"]["subset"] = Value::from(version),
            RouteKind::HttpRoute => made["name"] = Value::from(version),
        }
        made
    }

    fn copy(
        &self,
        rule: &mut Map<String, Value>,
        whole: &Value,
        percent: u8,
        canary: &Value,
        path: &str,
    ) -> Result<(), Unfit> {
        let ours = self.mirror(whole).is_some();
        let taken = match self.plan.route.kind {
            RouteKind::VirtualService => whole.get("mirror").is_some() || whole.get("mirrors").is_some(),
            RouteKind::HttpRoute => mirrors(whole).next().is_some(),
        };
        if percent > 0 && taken && !ours {
            return Err(Unfit::Mirrored(path.to_owned()));
        }
        match self.plan.route.kind {
            RouteKind::VirtualService if percent > 0 => {
                rule.insert("mirror".into(), canary["destination"].clone());
                rule.insert("mirrorPercentage".into(), json!({"value": percent}));
            }
            RouteKind::VirtualService if ours => {
                rule.shift_remove("mirror");
                rule.shift_remove("mirrorPercentage");
            }
            RouteKind::HttpRoute if percent > 0 || ours => {
                let old = mirrors(whole).next().map(|(at, _)| at);
                let filters = rule.entry("filters").or_insert_with(|| json!([]));
                let Some(filters) = filters.as_array_mut() else {
                    return Err(Unfit::Form { path: format!("{path}.filters"), wanted: "list" });
                };
                if let Some(at) = old {
                    filters.remove(at);
                }
                if percent > 0 {
                    let mut target = canary.clone();
                    if let Some(target) = target.as_object_mut() {
                        target.shift_remove("weight");
                        target.shift_remove("filters");
                    }
                    filters.push(
                        json!({"type": "RequestMirror", "requestMirror": {"backendRef": target, "percent": percent}}),
                    );
                }
                if filters.is_empty() {
                    rule.shift_remove("filters");
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Mirror filters of an HTTPRoute's rule, with their places.
fn mirrors(rule: &Value) -> impl Iterator<Item = (usize, &Value)> {
    let filters = rule.get("filters").and_then(Value::as_array).into_iter().flatten();
    filters.enumerate().filter_map(|(at, filter)| Some((at, filter.get("requestMirror")?)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_versions_that_a_route_names_are_those_of_all_its_rules() {
        let service = Service { namespace: "prod".into(), name: "reviews".into() };
        let route = |kind| Route { kind, namespace: "edge".into(), name: "r".into() };
        let to = |host: &str, subset: &str| json!({"destination": {"host": host, "subset": subset}});
        let written = json!({"spec": {"http": [
            {"route": [to("reviews.prod", "v2")]},
            {"route": [to("reviews", "v9"), to("ratings.prod", "v1")]},
            {"route": [{"destination": {"host": "reviews.prod", "subset": "v1"}, "weight": 100}, {"destination": {"host": "reviews.prod", "subset": "v3"}, "weight": 0}]},
        ]}});
        let found = versions(&service, &route(RouteKind::VirtualService), &written);
        assert_eq!(found, [("v1".to_owned(), 1.0), ("v2".to_owned(), 0.0), ("v3".to_owned(), 0.0)]);
        // A canary of the Gateway API is a Service, also one that gets nothing yet.
        let api = json!({"spec": {"rules": [{"backendRefs": [
            {"name": "v1", "namespace": "prod", "weight": 3}, {"name": "v3", "namespace": "prod", "weight": 1},
            {"name": "v4", "namespace": "prod", "weight": 0}, {"name": "v1"}]}]}});
        let found = versions(&service, &route(RouteKind::HttpRoute), &api);
        assert_eq!(found, [("v1".to_owned(), 0.75), ("v3".to_owned(), 0.25), ("v4".to_owned(), 0.0)]);
    }

    use super::*;
    use crate::plan::tests::PLAN;

    fn plan() -> Plan {
        Plan::read(PLAN).unwrap()
    }

    fn gateway() -> Plan {
        let text = PLAN.replace("kind: VirtualService", "kind: HTTPRoute");
        Plan::read(&text.replace("stable: v1", "stable: reviews-v1").replace("canary: v3", "canary: reviews-v3"))
            .unwrap()
    }

    fn to(subset: &str, weight: u64) -> Value {
        json!({"destination": {"host": "reviews", "subset": subset, "port": {"number": 9080}}, "weight": weight})
    }

    fn route(targets: &[Value]) -> Value {
        json!({"spec": {"hosts": ["reviews"], "http": [
            {"match": [{"headers": {"x": {"exact": "1"}}}], "route": [to("v3", 100)]},
            {"timeout": "3s", "route": targets},
        ]}})
    }

    #[test]
    fn is_read_from_the_rules_that_send_to_the_stable_version() {
        for (targets, expected) in [
            (vec![to("v1", 100)], Ok(Split { canary: 0, mirror: 0, cohort: None })),
            (vec![to("v1", 90), to("v3", 10)], Ok(Split { canary: 10, mirror: 0, cohort: None })),
            (vec![to("v1", 3), to("v3", 1)], Ok(Split { canary: 25, mirror: 0, cohort: None })),
            (vec![to("v1", 90), to("v2", 0), to("v3", 10)], Ok(Split { canary: 10, mirror: 0, cohort: None })),
            (vec![to("v1", 90), to("v2", 10)], Err(Unfit::Third { path: "spec.http[1]".into(), other: "v2".into() })),
            (vec![to("v3", 100)], Err(Unfit::NoRule("v1".into()))),
        ] {
            assert_eq!(Split::read(&plan(), &route(&targets)), expected, "{targets:?}");
        }
        let other = json!({"spec": {"http": [{"route": [{"destination": {"host": "reviews.dev", "subset": "v1"}}]}]}});
        assert_eq!(Split::read(&plan(), &other), Err(Unfit::NoRule("v1".into())));
        let twice = json!({"spec": {"http": [{"route": [to("v1", 100)]}, {"route": [to("v1", 50), to("v3", 50)]}]}});
        assert_eq!(Split::read(&plan(), &twice), Err(Unfit::Differ(0, 50)));
    }

    #[test]
    fn is_written_beside_everything_else() {
        let before = route(&[to("v1", 100)]);
        let after = Split { canary: 10, mirror: 0, cohort: None }.written(&plan(), &before).unwrap();
        assert_eq!(after, route(&[to("v1", 90), to("v3", 10)]));
        let back = Split::default().written(&plan(), &after).unwrap();
        assert_eq!(back, route(&[to("v1", 100), to("v3", 0)]));
        let mirrored = Split { canary: 0, mirror: 20, cohort: None }.written(&plan(), &before).unwrap();
        assert_eq!(mirrored.pointer("/spec/http/1/mirror/subset"), Some(&json!("v3")));
        assert_eq!(Split::read(&plan(), &mirrored), Ok(Split { canary: 0, mirror: 20, cohort: None }));
        assert_eq!(Split::default().written(&plan(), &mirrored).unwrap(), before);
        let mut taken = before.clone();
        taken["spec"]["http"][1]["mirror"] = json!({"host": "audit"});
        assert_eq!(
            Split { canary: 1, mirror: 1, cohort: None }.written(&plan(), &taken),
            Err(Unfit::Mirrored("spec.http[1]".into()))
        );
        assert!(
            Split { canary: 1, mirror: 0, cohort: None }.written(&plan(), &taken).is_ok(),
            "somebody else's copies stay"
        );
    }

    #[test]
    fn an_http_route_is_split_among_services() {
        let rule = |targets: Value| json!({"spec": {"rules": [{"backendRefs": targets}]}});
        let before = rule(json!([{"name": "reviews-v1", "port": 80}]));
        let after = Split { canary: 25, mirror: 5, cohort: None }.written(&gateway(), &before).unwrap();
        assert_eq!(
            after.pointer("/spec/rules/0/backendRefs"),
            Some(
                &json!([{"name": "reviews-v1", "port": 80, "weight": 75}, {"name": "reviews-v3", "port": 80, "weight": 25}])
            )
        );
        assert_eq!(Split::read(&gateway(), &after), Ok(Split { canary: 25, mirror: 5, cohort: None }));
        let mut odd = before.clone();
        odd["spec"]["rules"][0]["filters"] = json!("none");
        let unfit = Unfit::Form { path: "spec.rules[0].filters".into(), wanted: "list" };
        assert_eq!(Split { canary: 25, mirror: 5, cohort: None }.written(&gateway(), &odd), Err(unfit));
        let back = Split::default().written(&gateway(), &after).unwrap();
        assert!(back.pointer("/spec/rules/0/filters").is_none(), "{back}");
        assert_eq!(Split::read(&gateway(), &back), Ok(Split::default()));
    }
}
