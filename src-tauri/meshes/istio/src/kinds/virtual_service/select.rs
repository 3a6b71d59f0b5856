//! Which VirtualService a caller's proxy holds for a host, and which of its rules catches a request.

use world::ObjectKey;

use super::matches::{Asking, Sent, concerns, holds};
use super::spec::{HttpMatch, HttpRoute, VirtualService};
use crate::edge::{Derived, Rule, Table};
use crate::kinds::Typed;
use crate::kinds::destination_rule::decide::exported_to;
use crate::read::Index;
use crate::read::hosts::{fqdn, more_specific, service_of, wildcard_matches};

/// The list of rules of every route of the Gateway API.
const DERIVED: &str = "spec.rules";

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

impl<'a> Entry<'a> {
    /// A rule that istiod derives from a route of the Gateway API.
    pub fn derived(rule: &'a Rule) -> Self {
        let matching = rule.http.matches.first().map(|m| (rule.matching, m));
        Self { key: &rule.key, list: DERIVED, rule: rule.rule, http: &rule.http, matching }
    }

    /// Whether its route is of the Gateway API, which asks for other answers in places.
    pub fn is_derived(&self) -> bool {
        self.list == DERIVED
    }

    /// `spec.http[0].match[1]`
    pub fn path(&self) -> String {
        match self.matching {
            Some((at, _)) if self.is_derived() => self.field(&format!("matches[{at}]")),
            Some((at, _)) => self.field(&format!("match[{at}]")),
            None => format!("{}[{}]", self.list, self.rule),
        }
    }

    /// A field of the rule: `spec.http[0].redirect`. What a route of the Gateway API calls otherwise has its name there.
    pub fn field(&self, name: &str) -> String {
        let name = match name.strip_prefix("route") {
            Some(rest) if self.is_derived() => &format!("backendRefs{rest}"),
            None if self.is_derived() && matches!(name, "redirect" | "rewrite" | "headers") => "filters",
            None if self.is_derived() && name == "directResponse" => "backendRefs",
            _ => name,
        };
        format!("{}[{}].{name}", self.list, self.rule)
    }
}

/// The rules of a VirtualService that concern this caller, in order.
pub(crate) fn entries<'a>(typed: &'a Typed<VirtualService>, asking: Asking, port: u16) -> Vec<Entry<'a>> {
    let home = &typed.document.key.namespace;
    let mut all = every(typed);
    all.retain(|e| e.matching.is_none_or(|(_, m)| concerns(m, home, asking, port)));
    all
}

/// Every rule of a VirtualService with each of its matches, whoever it concerns.
pub(crate) fn every(typed: &Typed<VirtualService>) -> Vec<Entry<'_>> {
    let (key, list) = (&typed.document.key, "spec.http");
    let rules = typed.spec.http.iter().enumerate();
    rules
        .flat_map(|(rule, http)| {
            let plain = http.matches.is_empty().then_some(Entry { key, list, rule, http, matching: None });
            let each = http.matches.iter().enumerate();
            plain.into_iter().chain(each.map(move |m| Entry { key, list, rule, http, matching: Some(m) }))
        })
        .collect()
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

/// The routes in force for a host of the registry, with their rules for this caller: of a VirtualService, or of the Gateway API.
/// Upstream: pilot/pkg/networking/core/route/route.go, BuildSidecarVirtualHostWrapper: one that lists the host wins over one with a star; of
/// those that list it the first that has a rule for this caller; of the stars the longest.
pub(crate) fn for_host<'a>(
    index: &'a Index,
    host: &str,
    asking: Asking<'a>,
    port: u16,
) -> Option<(Table<'a>, Vec<Entry<'a>>)> {
    let written = index.exactly(host).filter(|t| in_mesh(t, asking.namespace)).map(Table::Written);
    let mut exact: Vec<_> = written.chain(derived(index, host, asking.namespace)).collect();
    exact.sort_by_cached_key(|t| t.rank(asking.namespace));
    if !exact.is_empty() {
        let all = exact.into_iter().map(|t| (t, t.entries(asking, port)));
        return all.into_iter().find(|(_, entries)| !entries.is_empty());
    }
    let mut wild: Vec<_> = index
        .by_pattern()
        .filter(|(pattern, t)| wildcard_matches(pattern, host) && in_mesh(t, asking.namespace))
        .collect();
    wild.sort_by_cached_key(|(_, t)| Table::Written(t).rank(asking.namespace));
    let best = wild.into_iter().reduce(|best, next| if more_specific(&next.0, &best.0) { next } else { best })?;
    let all = entries(best.1, asking, port);
    (!all.is_empty()).then_some((Table::Written(best.1), all))
}

/// Routes of the Gateway API for a service: those of its own namespace for all callers, those of another for callers there.
/// Upstream: pilot/pkg/networking/core/route/route.go, buildSidecarVirtualHostsForVirtualService.
fn derived<'a>(index: &'a Index, host: &str, caller: &'a str) -> impl Iterator<Item = Table<'a>> {
    let home = service_of(host).map(|(namespace, _)| namespace.to_owned());
    let entry = || index.entries_for(host).find(|t| t.spec.hosts.iter().any(|h| h == host));
    let home = home.or_else(|| entry().map(|t| t.document.key.namespace.clone()));
    let ours = move |d: &&Derived| d.namespace == caller || home.as_ref() == Some(&d.namespace);
    index.edge().in_mesh(host).filter(ours).map(Table::Derived)
}

/// The VirtualService in force for a host that the registry does not know. It is there only on port 80, or beside a host of the registry.
/// Upstream: pilot/pkg/networking/core/httproute.go, BuildSidecarOutboundVirtualHosts, selectVirtualServices.
pub(crate) fn for_unknown<'a>(
    index: &'a Index,
    host: &str,
    asking: Asking,
    port: u16,
    registry_has: impl Fn(&str) -> bool,
) -> Option<(Table<'a>, Vec<Entry<'a>>)> {
    let beside = |typed: &Typed<VirtualService>| {
        port == 80 || typed.spec.hosts.iter().any(|h| registry_has(&fqdn(h, &typed.document.key.namespace)))
    };
    let exact = index.exactly(host).filter(|t| in_mesh(t, asking.namespace) && beside(t));
    let wild =
        index.by_pattern().filter(|(p, t)| wildcard_matches(p, host) && in_mesh(t, asking.namespace) && beside(t));
    let longest = wild.reduce(|best, next| if more_specific(&next.0, &best.0) { next } else { best }).map(|(_, t)| t);
    let all = exact.chain(longest).map(|t| (Table::Written(t), entries(t, asking, port)));
    all.into_iter().find(|(_, entries)| !entries.is_empty())
}
