//! Which DestinationRules hold for a caller and a host, and what they say together.

use std::collections::BTreeSet;

use mesh::selects;
use world::{Labels, ObjectKey};

use super::facts::{FIELDS, Fact, Field, RETRY_BUDGET};
use super::{DestinationRule, PortPolicy, Subset, Tls, TrafficPolicy};
use crate::kinds::Typed;
use crate::read::Index;
use crate::read::hosts::{fqdn, more_specific, wildcard_matches};

/// All rules of one host in one namespace, oldest first: later ones only add subsets.
#[derive(Clone, Debug)]
pub(crate) struct Merged<'a> {
    rules: Vec<&'a Typed<DestinationRule>>,
}

/// A subset with the rule that names it.
pub(crate) struct Named<'a> {
    pub subset: &'a Subset,
    pub object: &'a ObjectKey,
    pub path: String,
}

impl<'a> Merged<'a> {
    /// Upstream: istio/istio pilot/pkg/model/destination_rule.go, mergeDestinationRule: the first of a name stays.
    pub fn subset(&self, name: &str) -> Option<Named<'a>> {
        self.rules.iter().find_map(|rule| {
            let at = rule.spec.subsets.iter().position(|s| s.name == name)?;
            let subset = rule.spec.subsets.get(at)?;
            Some(Named { subset, object: &rule.document.key, path: format!("spec.subsets[{at}]") })
        })
    }

    /// The TLS settings of the connections to a port and subset, with the object and field that say so.
    /// Upstream: pilot/pkg/networking/util/util.go, MergeSubsetTrafficPolicy: what is said of a port replaces all that is said beside it, of the
    /// host and of the subset each for itself; then the subset's goes before the host's.
    pub fn tls(&self, port: u16, subset: Option<&Named<'a>>) -> Option<Told<'a>> {
        let host = self.host();
        let of_host = host.as_ref().and_then(|of| of.at_port(port).unwrap_or_else(|| of.whole()));
        let Some(own) = subset.and_then(Policy::of_subset) else { return of_host };
        own.at_port(port).unwrap_or_else(|| own.whole().or(of_host))
    }

    /// The TLS settings by which each endpoint is told whether it takes mutual TLS, where the connections leave that to it: here a port that says
    /// nothing of TLS replaces nothing. Upstream: pilot/pkg/xds/endpoints/mtls_checker.go, tlsModeForDestinationRule.
    pub fn tls_of_endpoints(&self, port: u16, subset: Option<&Named<'a>>) -> Option<Told<'a>> {
        let of = |policy: Policy<'a>| policy.at_port(port).flatten().or_else(|| policy.whole());
        subset.and_then(Policy::of_subset).and_then(of).or_else(|| self.host().and_then(of))
    }

    /// What is said of connections, failing pods and the choice of a pod, each with the object and field that say so; as for TLS.
    pub fn facts(&self, port: u16, subset: Option<&Named<'a>>) -> Vec<(Fact<'a>, &'a ObjectKey, String)> {
        let (host, own) = (self.host(), subset.and_then(Policy::of_subset));
        let of = |field: Field| {
            let host = host.as_ref().and_then(|host| host.fact(port, field).0);
            match own.as_ref().map(|own| own.fact(port, field)) {
                Some((said, true)) => said,
                Some((said, false)) => said.or(host),
                None => host,
            }
        };
        let budget = self.beside(port, subset, |policy| policy.retry_budget.as_ref());
        let budget = budget.map(|(value, object, path)| {
            (Fact { field: RETRY_BUDGET, value }, object, format!("{path}.trafficPolicy.{}", RETRY_BUDGET.name))
        });
        FIELDS.into_iter().filter_map(of).chain(budget).collect()
    }

    /// What is said beside ports alone: where a policy mentions the port, it says nothing else of it.
    pub fn beside<T>(
        &self,
        port: u16,
        subset: Option<&Named<'a>>,
        pick: impl Fn(&'a TrafficPolicy) -> Option<T>,
    ) -> Option<(T, &'a ObjectKey, String)> {
        let of = |policy: Policy<'a>| pick(policy.policy).map(|value| (value, policy.object, policy.path));
        let host = self.host().filter(|policy| policy.settings(port).is_none()).and_then(of);
        match subset.and_then(Policy::of_subset) {
            Some(own) if own.settings(port).is_some() => None,
            Some(own) => of(own).or(host),
            None => host,
        }
    }

    /// Its first rule is for some workloads alone.
    pub fn is_selective(&self) -> bool {
        self.rules.first().is_some_and(|rule| rule.spec.workload_selector.is_some())
    }

    fn host(&self) -> Option<Policy<'a>> {
        self.rules.iter().find_map(|r| {
            Some(Policy { policy: r.spec.traffic_policy.as_ref()?, object: &r.document.key, path: "spec".into() })
        })
    }

    /// The namespace that they are from.
    pub fn home(&self) -> Option<&'a str> {
        self.rules.first().map(|rule| rule.document.key.namespace.as_str())
    }

    /// The rules, oldest first.
    pub fn objects(&self) -> impl Iterator<Item = &'a ObjectKey> {
        self.rules.iter().map(|r| &r.document.key)
    }
}

/// TLS settings with the object and field that say so.
pub(crate) type Told<'a> = (&'a Tls, &'a ObjectKey, String);

/// A policy with its place.
struct Policy<'a> {
    policy: &'a TrafficPolicy,
    object: &'a ObjectKey,
    path: String,
}

impl<'a> Policy<'a> {
    fn of_subset(named: &Named<'a>) -> Option<Self> {
        Some(Self { policy: named.subset.traffic_policy.as_ref()?, object: named.object, path: named.path.clone() })
    }

    fn whole(&self) -> Option<Told<'a>> {
        Some((self.policy.tls.as_ref()?, self.object, format!("{}.trafficPolicy.tls", self.path)))
    }

    /// One of its facts for a port, and whether it mentions the port.
    fn fact(&self, port: u16, field: Field) -> (Option<(Fact<'a>, &'a ObjectKey, String)>, bool) {
        let found = self.settings(port);
        let (facts, place) = match found {
            Some((at, own)) => (&own.facts, format!("portLevelSettings[{at}].{}", field.name)),
            None => (&self.policy.facts, field.name.to_owned()),
        };
        let fact = (field.of)(facts).map(|value| Fact { field, value });
        (fact.map(|fact| (fact, self.object, format!("{}.trafficPolicy.{place}", self.path))), found.is_some())
    }

    /// What it says of a port; `None` where it does not mention the port.
    fn at_port(&self, port: u16) -> Option<Option<Told<'a>>> {
        let (at, own) = self.settings(port)?;
        let path = format!("{}.trafficPolicy.portLevelSettings[{at}].tls", self.path);
        Some(own.tls.as_ref().map(|tls| (tls, self.object, path)))
    }

    fn settings(&self, port: u16) -> Option<(usize, &'a PortPolicy)> {
        let mut all = self.policy.port_level_settings.iter().enumerate();
        all.find(|(_, p)| p.port.as_ref().is_some_and(|p| p.number == port))
    }
}

/// The rules in force for callers that no selector concerns.
pub(crate) fn for_host<'a>(index: &'a Index, caller: &str, host: &str, service: &str) -> Option<Merged<'a>> {
    for_caller(index, (caller, &Labels::new()), host, service)
}

/// The rules in force for a caller by its namespace and labels.
/// Upstream: istio/istio pilot/pkg/model/push_context.go, destinationRule: the caller's namespace, the service's, the root's.
pub(crate) fn for_caller<'a>(
    index: &'a Index,
    caller: (&str, &Labels),
    host: &str,
    service: &str,
) -> Option<Merged<'a>> {
    let is_root = caller.0 == index.root;
    let own = most_specific(index, caller.0, host, |rule| if is_root { !leaves(index, rule) } else { stays(rule) });
    if !own.is_empty() {
        return chosen(own, caller, caller.0);
    }
    let exported = |namespace: &str| {
        let mut all = most_specific(index, namespace, host, |rule| leaves(index, rule));
        all.retain(|set| set.export.is_empty() || set.export.contains("*") || set.export.contains(caller.0));
        (!all.is_empty()).then(|| chosen(all, caller, namespace))
    };
    exported(service).or_else(|| exported(&index.root)).flatten()
}

/// Where a rule says that it is for, as it is written; one for some workloads is for its own namespace alone.
/// Upstream: push_context.go, setDestinationRules.
fn export(rule: &Typed<DestinationRule>) -> BTreeSet<&str> {
    match rule.spec.workload_selector {
        Some(_) => BTreeSet::from(["."]),
        None => rule.spec.export_to.iter().map(String::as_str).collect(),
    }
}

/// It is for callers of its own namespace.
fn stays(rule: &Typed<DestinationRule>) -> bool {
    let (to, home) = (export(rule), rule.document.key.namespace.as_str());
    to.is_empty() || ["*", ".", home].iter().any(|one| to.contains(one))
}

/// It is for callers elsewhere as well. Of what the mesh's own settings say of rules that say nothing, only that they stay counts.
fn leaves(index: &Index, rule: &Typed<DestinationRule>) -> bool {
    let (to, home) = (export(rule), rule.document.key.namespace.as_str());
    let stay = to.is_empty() && index.settings.default_destination_rule_export_to.iter().any(|to| to == ".");
    !stay && !(to.len() == 1 && (to.contains(".") || to.contains(home)))
}

/// Rules that istiod makes one of.
struct Set<'a> {
    rules: Vec<&'a Typed<DestinationRule>>,
    export: BTreeSet<&'a str>,
    selector: Option<&'a Labels>,
}

/// One whose selector fits a caller of the rules' own namespace, else the last without selector. Upstream: sidecar.go, DestinationRule.
fn chosen<'a>(all: Vec<Set<'a>>, (namespace, labels): (&str, &Labels), home: &str) -> Option<Merged<'a>> {
    let fits = |set: &Set| home == namespace && set.selector.is_some_and(|wanted| selects(wanted, labels));
    let at = all.iter().position(fits).or_else(|| all.iter().rposition(|set| set.selector.is_none()))?;
    let rules = all.into_iter().nth(at)?.rules;
    Some(Merged { rules })
}

fn most_specific<'a>(
    index: &'a Index,
    namespace: &str,
    host: &str,
    counts: impl Fn(&Typed<DestinationRule>) -> bool,
) -> Vec<Set<'a>> {
    let mut rules = index.rules_for(namespace, host);
    rules.retain(|rule| counts(rule));
    if rules.is_empty() {
        let all = index.destination_rules.found(&format!("{namespace}/*")).filter(|rule| counts(rule));
        let fitting = all.map(host_of).filter(|pattern| wildcard_matches(pattern, host));
        let best = fitting.reduce(|best, next| if more_specific(&next, &best) { next } else { best });
        rules = best.map(|best| index.rules_for(namespace, &best)).unwrap_or_default();
        rules.retain(|rule| counts(rule));
    }
    // Those for some workloads first; of each kind the oldest.
    rules.sort_by_key(|rule| rule.spec.workload_selector.is_none());
    merged(rules)
}

/// Rules of one host with equal exports and selectors become one; one that is exported further adds to the narrower as well.
/// Upstream: istio/istio pilot/pkg/model/destination_rule.go, mergeDestinationRule.
fn merged(rules: Vec<&Typed<DestinationRule>>) -> Vec<Set<'_>> {
    let mut all: Vec<Set> = Vec::new();
    for rule in rules {
        let export = export(rule);
        let selector = rule.spec.workload_selector.as_ref().map(|s| &s.match_labels);
        let mut apart = true;
        for set in &mut all {
            apart = export != set.export;
            if apart && (set.export.is_empty() || !export.is_superset(&set.export)) {
                continue;
            }
            match (set.selector, selector) {
                (Some(a), Some(b)) if a != b => {
                    apart = true;
                    continue;
                }
                (None, None) | (Some(_), Some(_)) => apart = false,
                _ => {}
            }
            set.rules.push(rule);
        }
        if apart {
            all.push(Set { rules: vec![rule], export, selector });
        }
    }
    all
}

/// The host of a rule in full.
pub(crate) fn host_of(rule: &Typed<DestinationRule>) -> String {
    fqdn(&rule.spec.host, &rule.document.key.namespace)
}
