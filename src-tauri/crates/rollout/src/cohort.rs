//! The rule by which a cohort reaches the canary: a copy of the rule that splits, before it, for requests with a header. It is known
//! by being just that: nothing is written on the route to recognise it.

use serde_json::{Map, Value, json};

use crate::plan::Cohort;
use crate::split::Form;
use crate::{Plan, RouteKind, Split, Unfit};

impl Plan {
    /// The split that a step wants.
    pub fn wanted(&self, step: usize) -> Option<Split> {
        let wanted = self.steps.get(step)?;
        let same = |cohort: &Cohort| self.steps.iter().position(|step| step.cohort.as_ref() == Some(cohort));
        Some(Split { canary: wanted.weight, mirror: wanted.mirror, cohort: wanted.cohort.as_ref().and_then(same) })
    }

    /// The cohort of a split.
    pub fn cohort(&self, split: Split) -> Option<&Cohort> {
        self.steps.get(split.cohort?)?.cohort.as_ref()
    }
}

impl Form<'_> {
    /// Whose rule stands before the rule at this place: the step of the plan that has the cohort.
    pub(crate) fn cohort_before(&self, body: &Value, at: usize) -> Option<usize> {
        let rules = body.get("spec")?.get(self.list)?.as_array()?;
        let (before, rule) = (rules.get(at.checked_sub(1)?)?, rules.get(at)?);
        let is_of = |cohort: &Cohort| self.cohort_rule(rule, cohort, "").as_ref() == Ok(before);
        self.plan.steps.iter().position(|step| step.cohort.as_ref().is_some_and(is_of))
    }

    /// Puts the cohort's rules where they belong, in place of those of another.
    pub(crate) fn write_cohort(&self, body: &mut Value, cohort: Option<usize>) -> Result<(), Unfit> {
        let splits: Vec<usize> = self.rules(body).map(|(at, _)| at).collect();
        let cohort = cohort.and_then(|step| self.plan.steps.get(step)?.cohort.as_ref());
        for at in splits.into_iter().rev() {
            let is_there = self.cohort_before(body, at).is_some();
            let Some(rules) = body.pointer_mut(&format!("/spec/{}", self.list)).and_then(Value::as_array_mut) else {
                return Ok(());
            };
            let path = format!("spec.{}[{at}]", self.list);
            let made = cohort.map(|cohort| self.cohort_rule(&rules[at], cohort, &path)).transpose()?;
            match made {
                Some(made) if is_there => rules[at - 1] = made,
                Some(made) => rules.insert(at, made),
                None if is_there => drop(rules.remove(at - 1)),
                None => {}
            }
        }
        Ok(())
    }

    /// The rule for a cohort of the requests that a rule, which stands at this path, splits.
    fn cohort_rule(&self, rule: &Value, cohort: &Cohort, path: &str) -> Result<Value, Unfit> {
        let stable = |target: &&Value| self.version(target).as_deref() == Some(&*self.plan.stable);
        let Some(stable) = self.targets(rule).find(stable) else { return Err(Unfit::NoRule(self.plan.stable.clone())) };
        let mut canary = self.named(stable, &self.plan.canary);
        if let Some(canary) = canary.as_object_mut() {
            // Servers write a default where a weight of an HTTPRoute is left out: to be known again the rule has it.
            match self.plan.route.kind {
                RouteKind::VirtualService => drop(canary.shift_remove("weight")),
                RouteKind::HttpRoute => drop(canary.insert("weight".into(), json!(1))),
            }
        }
        let mut made = rule.as_object().cloned().unwrap_or_default();
        // A name is one rule's alone.
        made.shift_remove("name");
        made.insert(self.targets.to_owned(), json!([canary]));
        self.without_copies(&mut made);
        let matches = match self.plan.route.kind {
            RouteKind::VirtualService => "match",
            RouteKind::HttpRoute => "matches",
        };
        let old = made.get(matches).and_then(Value::as_array).filter(|all| !all.is_empty()).cloned();
        let old = old.unwrap_or_else(|| vec![json!({})]).into_iter().enumerate();
        let narrowed: Result<Vec<Value>, Unfit> =
            old.map(|(i, one)| self.narrowed(one, cohort, &format!("{path}.{matches}[{i}]"))).collect();
        // Conditions are read before what follows from them.
        let mut ordered = Map::from_iter([(matches.to_owned(), Value::Array(narrowed?))]);
        made.shift_remove(matches);
        ordered.extend(made);
        Ok(Value::Object(ordered))
    }

    /// The cohort's answers are the canary's own: no copy is needed.
    fn without_copies(&self, rule: &mut Map<String, Value>) {
        match self.plan.route.kind {
            RouteKind::VirtualService => {
                for name in ["mirror", "mirrors", "mirrorPercentage"] {
                    rule.shift_remove(name);
                }
            }
            RouteKind::HttpRoute => {
                if let Some(filters) = rule.get_mut("filters").and_then(Value::as_array_mut) {
                    filters.retain(|filter| filter["type"] != "RequestMirror");
                    if filters.is_empty() {
                        rule.shift_remove("filters");
                    }
                }
            }
        }
    }

    fn narrowed(&self, mut condition: Value, cohort: &Cohort, path: &str) -> Result<Value, Unfit> {
        let Cohort { header, value } = cohort;
        let condition = &mut condition;
        let fields = map(condition, path)?;
        match self.plan.route.kind {
            RouteKind::VirtualService => {
                let headers = fields.entry("headers").or_insert(Value::Null);
                map(headers, &format!("{path}.headers"))?.insert(header.clone(), json!({"exact": value}));
            }
            RouteKind::HttpRoute => {
                let old = fields.get("headers").and_then(Value::as_array).cloned().unwrap_or_default();
                let is_other = |one: &Value| one["name"].as_str().is_none_or(|name| !name.eq_ignore_ascii_case(header));
                let mut headers: Vec<Value> = old.into_iter().filter(is_other).collect();
                headers.push(json!({"type": "Exact", "name": header, "value": value}));
                fields.insert("headers".into(), Value::Array(headers));
            }
        }
        Ok(condition.take())
    }
}

/// The mapping that a value is, or that stands where nothing does.
fn map<'a>(value: &'a mut Value, path: &str) -> Result<&'a mut Map<String, Value>, Unfit> {
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut().ok_or_else(|| Unfit::Form { path: path.to_owned(), wanted: "mapping" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::PLAN;

    fn plan(kind: &str) -> Plan {
        let mut plan = Plan::read(PLAN).unwrap();
        if kind == "HTTPRoute" {
            plan.route.kind = RouteKind::HttpRoute;
            (plan.stable, plan.canary) = ("reviews-v1".into(), "reviews-v3".into());
        }
        let cohort = |value: &str| Some(Cohort { header: "x-user".into(), value: value.into() });
        plan.steps[0].cohort = cohort("tester");
        plan.steps[1].cohort = cohort("tester");
        plan.steps[2].cohort = cohort("staff");
        plan
    }

    fn to(subset: &str, weight: u64) -> Value {
        json!({"destination": {"host": "reviews", "subset": subset}, "weight": weight})
    }

    #[test]
    fn goes_before_the_rule_that_splits_and_away_again() {
        let plan = plan("VirtualService");
        let before = json!({"spec": {"hosts": ["reviews"], "http": [
            {"match": [{"uri": {"prefix": "/health"}}], "directResponse": {"status": 200}},
            {"name": "all", "match": [{"uri": {"prefix": "/a"}}, {"headers": {"b": {"exact": "1"}}}], "timeout": "3s",
             "mirror": {"host": "reviews", "subset": "v3"}, "route": [to("v1", 100)]},
        ]}});
        let step = plan.wanted(0).unwrap();
        assert_eq!(step.cohort, Some(0));
        let with = step.written(&plan, &before).unwrap();
        assert_eq!(Split::read(&plan, &with), Ok(step));
        assert_eq!(
            with["spec"]["http"][1],
            json!({"match": [{"uri": {"prefix": "/a"}, "headers": {"x-user": {"exact": "tester"}}},
                {"headers": {"b": {"exact": "1"}, "x-user": {"exact": "tester"}}}],
                "timeout": "3s", "route": [{"destination": {"host": "reviews", "subset": "v3"}}]})
        );
        // The second step has the same cohort, the third another.
        let second = plan.wanted(1).unwrap();
        assert_eq!(second.cohort, Some(0));
        let moved = second.written(&plan, &with).unwrap();
        assert_eq!((&moved["spec"]["http"][1], Split::read(&plan, &moved)), (&with["spec"]["http"][1], Ok(second)));
        let third = plan.wanted(2).unwrap();
        let other = third.written(&plan, &moved).unwrap();
        assert_eq!((other["spec"]["http"].as_array().unwrap().len(), Split::read(&plan, &other)), (3, Ok(third)));
        let back = Split::default().written(&plan, &other).unwrap();
        assert_eq!(back["spec"]["http"].as_array().unwrap().len(), 2);
        assert_eq!(Split::read(&plan, &back), Ok(Split::default()));
    }

    #[test]
    fn a_rule_that_is_not_quite_it_is_somebody_elses() {
        let plan = plan("VirtualService");
        let before = json!({"spec": {"hosts": ["reviews"], "http": [{"route": [to("v1", 100)]}]}});
        let mut with = plan.wanted(0).unwrap().written(&plan, &before).unwrap();
        with["spec"]["http"][0]["timeout"] = json!("1s");
        assert_eq!(Split::read(&plan, &with).unwrap().cohort, None);
        let back = Split::default().written(&plan, &with).unwrap();
        assert_eq!(back["spec"]["http"][0], with["spec"]["http"][0], "it stays");
    }

    #[test]
    fn conditions_of_another_form_are_said_and_nothing_is_written() {
        let step = |kind: &str, matches: Value| {
            let plan = plan(kind);
            let (list, field, to) = match plan.route.kind {
                RouteKind::VirtualService => ("http", "match", json!({"route": [to("v1", 100)]})),
                RouteKind::HttpRoute => ("rules", "matches", json!({"backendRefs": [{"name": "reviews-v1"}]})),
            };
            let mut rule = to;
            rule[field] = matches;
            plan.wanted(0).unwrap().written(&plan, &json!({"spec": {list: [rule]}}))
        };
        let no_mapping = |path: &str| Err(Unfit::Form { path: path.into(), wanted: "mapping" });
        for headers in [json!("x"), json!(["x"]), json!(1), json!(true)] {
            let written = step("VirtualService", json!([{"uri": {"exact": "/"}}, {"headers": headers}]));
            assert_eq!(written, no_mapping("spec.http[0].match[1].headers"), "{headers}");
        }
        for condition in [json!("x"), json!([])] {
            assert_eq!(step("VirtualService", json!([condition])), no_mapping("spec.http[0].match[0]"));
            assert_eq!(step("HTTPRoute", json!([condition])), no_mapping("spec.rules[0].matches[0]"));
        }
        assert!(step("VirtualService", json!([{"headers": null}])).is_ok());
    }

    #[test]
    fn an_http_route_has_it_too() {
        let plan = plan("HTTPRoute");
        let before = json!({"spec": {"rules": [{"backendRefs": [{"name": "reviews-v1", "port": 80}]}]}});
        let step = plan.wanted(0).unwrap();
        let with = step.written(&plan, &before).unwrap();
        assert_eq!(Split::read(&plan, &with), Ok(step));
        assert_eq!(
            with["spec"]["rules"][0],
            json!({"matches": [{"headers": [{"type": "Exact", "name": "x-user", "value": "tester"}]}],
                "backendRefs": [{"name": "reviews-v3", "port": 80, "weight": 1}]})
        );
    }

    #[test]
    fn what_no_request_can_carry_is_no_cohort() {
        for (header, value) in [("X-User", "a"), ("", "a"), ("x user", "a"), ("x-user", ""), ("x-user", "a\n")] {
            let mut plan = plan("VirtualService");
            plan.steps[1].cohort = Some(Cohort { header: header.into(), value: value.into() });
            assert!(plan.sense().unwrap_err().to_string().starts_with("steps[1].cohort: "), "{header} {value}");
        }
    }
}
