//! Which DestinationRules hold for a caller and a host, and what they say together.

use world::ObjectKey;

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

/// Upstream: istio/istio pilot/pkg/model/push_context.go, destinationRule: the caller's namespace, the service's, the root's.
pub(crate) fn for_host<'a>(index: &'a Index, caller: &str, host: &str, service: &str) -> Option<Merged<'a>> {
    let own = (caller != index.root).then(|| most_specific(index, caller, host, |_| true)).flatten();
    let exported = |namespace: &str| {
        most_specific(index, namespace, host, |rule| exported_to(&rule.spec.export_to, namespace, caller))
    };
    own.or_else(|| exported(service)).or_else(|| exported(&index.root))
}

fn most_specific<'a>(
    index: &'a Index,
    namespace: &str,
    host: &str,
    visible: impl Fn(&Typed<DestinationRule>) -> bool,
) -> Option<Merged<'a>> {
    let mut rules = index.rules_for(namespace, host);
    if rules.is_empty() {
        let patterns = index.destination_rules.found(&format!("{namespace}/*")).map(host_of);
        let fitting = patterns.filter(|pattern| wildcard_matches(pattern, host));
        let best = fitting.reduce(|best, next| if more_specific(&next, &best) { next } else { best })?;
        rules = index.rules_for(namespace, &best);
    }
    rules.retain(|rule| visible(rule));
    (!rules.is_empty()).then_some(Merged { rules })
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
