//! Which VirtualService a caller's proxy holds for a host, and which of its rules catches a request.

use world::ObjectKey;

use super::matches::{Asking, Sent, concerns, holds};
use super::spec::{HttpMatch, HttpRoute, VirtualService};
use crate::kinds::Typed;
use crate::kinds::destination_rule::decide::exported_to;
use crate::read::Index;
use crate::read::hosts::{fqdn, more_specific, wildcard_matches};

/// One rule with one of its matches, as the proxy holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// The object that holds the rule; short hosts are of its namespace.
    pub key: &'a ObjectKey,
    /// The list of it that holds the rule: `spec.http`.
    pub list: &'static str,
    /// Place of the rule in the list.
    pub rule: usize,
    /// The rule.
    pub http: &'a HttpRoute,
    /// Place of the match in the rule, and the match; none for a rule that catches all.
    pub matching: Option<(usize, &'a HttpMatch)>,
}

impl Entry<'_> {
    /// `spec.http[0].match[1]`
    pub fn path(&self) -> String {
        match self.matching {
            Some((at, _)) => self.field(&format!("match[{at}]")),
            None => format!("{}[{}]", self.list, self.rule),
        }
    }

    /// A field of the rule: `spec.http[0].redirect`
    pub fn field(&self, name: &str) -> String {
        format!("{}[{}].{name}", self.list, self.rule)
    }
}

/// The rules of a VirtualService that concern this caller, in order.
pub(crate) fn entries<'a>(typed: &'a Typed<VirtualService>, asking: Asking, port: u16) -> Vec<Entry<'a>> {
    let (key, list) = (&typed.document.key, "spec.http");
    let mut all = Vec::new();
    for (rule, http) in typed.spec.http.iter().enumerate() {
        if http.matches.is_empty() {
            all.push(Entry { key, list, rule, http, matching: None });
        }
        for (at, m) in http.matches.iter().enumerate().filter(|(_, m)| concerns(m, asking, port)) {
            all.push(Entry { key, list, rule, http, matching: Some((at, m)) });
        }
    }
    all
}

/// The first entry that catches the request.
pub(crate) fn first<'a>(entries: &[Entry<'a>], sent: &Sent) -> Option<Entry<'a>> {
    entries.iter().find(|e| e.matching.is_none_or(|(_, m)| holds(m, sent).is_ok())).copied()
}

/// Whether it routes for sidecars, and lets callers of this namespace see it.
pub(super) fn in_mesh(typed: &Typed<VirtualService>, caller: &str) -> bool {
    let mesh = typed.spec.gateways.is_empty() || typed.spec.gateways.iter().any(|g| g == "mesh");
    mesh && exported_to(&typed.spec.export_to, &typed.document.key.namespace, caller)
}

/// Private ones first, then those exported by name, then public ones; each by age.
/// Upstream: istio/istio pilot/pkg/model/push_context.go, VirtualServicesForGateway.
pub(super) fn rank(typed: &Typed<VirtualService>, caller: &str) -> u8 {
    let to = &typed.spec.export_to;
    if to.is_empty() || to.iter().any(|t| t == "*") {
        2
    } else if typed.document.key.namespace == caller && to.iter().any(|t| t == "." || t == caller) {
        0
    } else {
        1
    }
}

/// The VirtualService in force for a host of the registry, with its rules for this caller.
/// Upstream: pilot/pkg/networking/core/route/route.go, BuildSidecarVirtualHostWrapper: one that lists the host wins over one with a star; of
/// those that list it the first that has a rule for this caller; of the stars the longest.
pub(crate) fn for_host<'a>(
    index: &'a Index,
    host: &str,
    asking: Asking,
    port: u16,
) -> Option<(&'a Typed<VirtualService>, Vec<Entry<'a>>)> {
    let mut exact: Vec<_> = index.exactly(host).filter(|t| in_mesh(t, asking.namespace)).collect();
    exact.sort_by_key(|t| rank(t, asking.namespace));
    if !exact.is_empty() {
        let all = exact.into_iter().map(|t| (t, entries(t, asking, port)));
        return all.into_iter().find(|(_, entries)| !entries.is_empty());
    }
    let mut wild: Vec<_> = index
        .by_pattern()
        .filter(|(pattern, t)| wildcard_matches(pattern, host) && in_mesh(t, asking.namespace))
        .collect();
    wild.sort_by_key(|(_, t)| rank(t, asking.namespace));
    let best = wild.into_iter().reduce(|best, next| if more_specific(&next.0, &best.0) { next } else { best })?;
    let all = entries(best.1, asking, port);
    (!all.is_empty()).then_some((best.1, all))
}

/// The VirtualService in force for a host that the registry does not know. It is there only on port 80, or beside a host of the registry.
/// Upstream: pilot/pkg/networking/core/httproute.go, BuildSidecarOutboundVirtualHosts, selectVirtualServices.
pub(crate) fn for_unknown<'a>(
    index: &'a Index,
    host: &str,
    asking: Asking,
    port: u16,
    registry_has: impl Fn(&str) -> bool,
) -> Option<(&'a Typed<VirtualService>, Vec<Entry<'a>>)> {
    let beside = |typed: &Typed<VirtualService>| {
        port == 80 || typed.spec.hosts.iter().any(|h| registry_has(&fqdn(h, &typed.document.key.namespace)))
    };
    let exact = index.exactly(host).filter(|t| in_mesh(t, asking.namespace) && beside(t));
    let wild =
        index.by_pattern().filter(|(p, t)| wildcard_matches(p, host) && in_mesh(t, asking.namespace) && beside(t));
    let longest = wild.reduce(|best, next| if more_specific(&next.0, &best.0) { next } else { best }).map(|(_, t)| t);
    let all = exact.chain(longest).map(|t| (t, entries(t, asking, port)));
    all.into_iter().find(|(_, entries)| !entries.is_empty())
}
