//! Which DestinationRules hold for a caller and a host, and what they say together.

use std::collections::BTreeSet;

use mesh::selects;
use world::{Labels, ObjectKey};

use super::{DestinationRule, Subset, Tls, TrafficPolicy};
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

    /// The TLS settings for a port and subset, with the object and field that say so.
    /// Upstream: pilot/pkg/networking/util, MergeSubsetTrafficPolicy: the subset's policy over the host's, then the port's.
    pub fn tls(&self, port: u16, subset: Option<&Named<'a>>) -> Option<(&'a Tls, &'a ObjectKey, String)> {
        let host =
            self.rules.iter().find_map(|r| Some((r.spec.traffic_policy.as_ref()?, &r.document.key, "spec".to_owned())));
        let own = subset.and_then(|s| Some((s.subset.traffic_policy.as_ref()?, s.object, s.path.clone())));
        let at_port = |of: &(&'a TrafficPolicy, &'a ObjectKey, String)| {
            let settings = &of.0.port_level_settings;
            let at = settings.iter().position(|p| p.port.as_ref().is_some_and(|p| p.number == port))?;
            Some((settings.get(at)?.tls.as_ref(), of.1, format!("{}.trafficPolicy.portLevelSettings[{at}].tls", of.2)))
        };
        let whole = |of: &(&'a TrafficPolicy, &'a ObjectKey, String)| {
            Some((of.0.tls.as_ref()?, of.1, format!("{}.trafficPolicy.tls", of.2)))
        };
        // A port's settings replace the others whole: without `tls` they fall back to the automatic choice.
        if let Some((tls, object, path)) = own.as_ref().and_then(at_port).or_else(|| host.as_ref().and_then(at_port)) {
            return tls.map(|tls| (tls, object, path));
        }
        own.as_ref().and_then(whole).or_else(|| host.as_ref().and_then(whole))
    }

    /// The rules, oldest first.
    pub fn objects(&self) -> impl Iterator<Item = &'a ObjectKey> {
        self.rules.iter().map(|r| &r.document.key)
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
    if caller.0 != index.root {
        let own = most_specific(index, caller.0, host, false);
        if !own.is_empty() {
            return chosen(own, caller, caller.0);
        }
    }
    let exported = |namespace: &str| {
        let mut all = most_specific(index, namespace, host, true);
        all.retain(|set| set.export.contains("*") || set.export.contains(caller.0));
        (!all.is_empty()).then(|| chosen(all, caller, namespace))
    };
    exported(service).or_else(|| exported(&index.root)).flatten()
}

/// Rules that istiod makes one of.
struct Set<'a> {
    rules: Vec<&'a Typed<DestinationRule>>,
    export: BTreeSet<String>,
    selector: Option<&'a Labels>,
}

/// One whose selector fits a caller of the rules' own namespace, else the last without selector. Upstream: sidecar.go, DestinationRule.
fn chosen<'a>(all: Vec<Set<'a>>, (namespace, labels): (&str, &Labels), home: &str) -> Option<Merged<'a>> {
    let fits = |set: &Set| home == namespace && set.selector.is_some_and(|wanted| selects(wanted, labels));
    let at = all.iter().position(fits).or_else(|| all.iter().rposition(|set| set.selector.is_none()))?;
    let rules = all.into_iter().nth(at)?.rules;
    Some(Merged { rules })
}

fn most_specific<'a>(index: &'a Index, namespace: &str, host: &str, leaving: bool) -> Vec<Set<'a>> {
    let leaves = |rule: &&Typed<DestinationRule>| {
        let only = matches!(rule.spec.export_to.as_slice(), [one] if one == "." || one == namespace);
        !(leaving && only)
    };
    let mut rules = index.rules_for(namespace, host);
    rules.retain(leaves);
    if rules.is_empty() {
        let patterns = index.destination_rules.found(&format!("{namespace}/*")).filter(leaves).map(host_of);
        let fitting = patterns.filter(|pattern| wildcard_matches(pattern, host));
        let best = fitting.reduce(|best, next| if more_specific(&next, &best) { next } else { best });
        rules = best.map(|best| index.rules_for(namespace, &best)).unwrap_or_default();
        rules.retain(leaves);
    }
    merged(rules)
}

/// Rules of one host, oldest first, with equal exports and selectors become one; one that is exported further adds to the narrower as well.
/// Upstream: istio/istio pilot/pkg/model/destination_rule.go, mergeDestinationRule.
fn merged(rules: Vec<&Typed<DestinationRule>>) -> Vec<Set<'_>> {
    let mut all: Vec<Set> = Vec::new();
    for rule in rules {
        let home = &rule.document.key.namespace;
        let said = rule.spec.export_to.iter().map(|to| if to == "." { home.clone() } else { to.clone() });
        let mut export: BTreeSet<String> = said.collect();
        if export.is_empty() {
            export.insert("*".into());
        }
        let selector = rule.spec.workload_selector.as_ref().map(|s| &s.match_labels);
        let mut apart = true;
        for set in &mut all {
            if export != set.export && !export.is_superset(&set.export) {
                apart = true;
                continue;
            }
            apart = export != set.export;
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

/// Whether `exportTo` of an object in a namespace lets callers of another see it; nothing said is everyone.
pub(crate) fn exported_to(export_to: &[String], home: &str, caller: &str) -> bool {
    export_to.is_empty()
        || export_to.iter().any(|to| match to.as_str() {
            "*" => true,
            "." => home == caller,
            "~" => false,
            namespace => namespace == caller,
        })
}

/// The host of a rule in full.
pub(crate) fn host_of(rule: &Typed<DestinationRule>) -> String {
    fqdn(&rule.spec.host, &rule.document.key.namespace)
}
