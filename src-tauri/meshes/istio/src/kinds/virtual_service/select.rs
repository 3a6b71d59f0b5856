//! Which VirtualService a caller's proxy holds for a host, and which of its rules catches a request.

use std::borrow::Cow;

use world::{ObjectKey, Said};

use super::delegate;
use super::matches::{Asking, Miss, Sent, concerns, holds};
use super::spec::{HttpMatch, HttpRoute, VirtualService};
use crate::edge::{Derived, Rule, Table};
use crate::kinds::Typed;
use crate::read::Index;
use crate::read::hosts::{fqdn, more_specific, service_of, wildcard_matches};

/// The list of rules of every route of the Gateway API.
pub(super) const DERIVED: &str = "spec.rules";

/// One rule with one of its matches, as the proxy holds it.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    /// The object that holds the rule; short hosts are of its namespace.
    pub key: &'a ObjectKey,
    /// The list of it that holds the rule: `spec.http`.
    pub list: &'static str,
    /// Place of the rule in the list.
    pub rule: usize,
    /// The rule; one that a root and its delegate make together stands nowhere whole.
    pub http: Cow<'a, HttpRoute>,
    /// Place of the match in the rule; none for a rule that catches all.
    pub matching: Option<usize>,
    /// Place of the match as it is written.
    pub written: usize,
}

impl<'a> Entry<'a> {
    /// A rule that istiod derives from a route of the Gateway API.
    pub fn derived(rule: &'a Rule) -> Self {
        let matching = (!rule.http.matches.is_empty()).then_some(0);
        let (http, written) = (Cow::Borrowed(&rule.http), rule.matching);
        Self { key: &rule.key, list: DERIVED, rule: rule.rule, http, matching, written }
    }

    /// The match; none for a rule that catches all.
    pub fn condition(&self) -> Option<&HttpMatch> {
        self.http.matches.get(self.matching?)
    }

    /// Whether its route is of the Gateway API, which asks for other answers in places.
    pub fn is_derived(&self) -> bool {
        self.list == DERIVED
    }

    /// `spec.http[0].match[1]`
    pub fn path(&self) -> String {
        match self.matching {
            Some(_) if self.is_derived() => self.field(&format!("matches[{}]", self.written)),
            Some(_) => self.field(&format!("match[{}]", self.written)),
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

/// The rules of a VirtualService and its delegates that concern this caller, in order.
pub(crate) fn entries<'a>(
    index: &'a Index,
    typed: &'a Typed<VirtualService>,
    asking: Asking,
    port: u16,
) -> Vec<Entry<'a>> {
    let mut all = every(index, typed);
    all.retain(|e| e.condition().is_none_or(|m| concerns(m, &e.key.namespace, asking, port)));
    all
}

/// Every rule of a VirtualService and its delegates with each of its matches, whoever it concerns.
pub(crate) fn every<'a>(index: &'a Index, typed: &'a Typed<VirtualService>) -> Vec<Entry<'a>> {
    let mut all = Vec::new();
    for delegate::Written { key, rule, http } in delegate::rules(index, typed) {
        let entry = |matching: Option<usize>| {
            let written = matching.unwrap_or_default();
            Entry { key, list: "spec.http", rule, http: http.clone(), matching, written }
        };
        if http.matches.is_empty() {
            all.push(entry(None));
        }
        all.extend((0..http.matches.len()).map(|at| entry(Some(at))));
    }
    all
}

/// What becomes of a request among rules.
pub(crate) enum Caught<'a> {
    By(Entry<'a>),
    /// No rule catches it.
    Not,
    /// This rule may catch it.
    Perhaps(Entry<'a>, Said),
}

/// The first entry that catches the request.
pub(crate) fn first<'a>(entries: Vec<Entry<'a>>, sent: &Sent) -> Caught<'a> {
    for entry in entries {
        match entry.condition().map_or(Ok(()), |m| holds(m, sent)) {
            Ok(()) => return Caught::By(entry),
            Err(Miss::Perhaps(why)) => return Caught::Perhaps(entry, why),
            Err(Miss::Surely) => {}
        }
    }
    Caught::Not
}

/// Whether it routes for sidecars, and this caller's proxy sees it.
pub(crate) fn in_mesh(index: &Index, typed: &Typed<VirtualService>, asking: Asking) -> bool {
    let (spec, home) = (&typed.spec, &typed.document.key.namespace);
    let mesh = spec.gateways.is_empty() || spec.gateways.iter().any(|g| g == "mesh");
    mesh && index.rules_shown(typed).to(asking.namespace)
        && spec.hosts.iter().any(|h| asking.scope.sees_rule(home, &fqdn(h, home)))
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
    let written = index.exactly(host).filter(|t| in_mesh(index, t, asking)).map(Table::Written);
    let mut exact: Vec<_> = written.chain(derived(index, host, asking.namespace)).collect();
    exact.sort_by_cached_key(|t| t.rank(index, asking.namespace));
    if !exact.is_empty() {
        let all = exact.into_iter().map(|t| (t, t.entries(index, asking, port)));
        return all.into_iter().find(|(_, entries)| !entries.is_empty());
    }
    let mut wild: Vec<_> = index
        .by_pattern()
        .filter(|(pattern, t)| wildcard_matches(pattern, host) && in_mesh(index, t, asking))
        .collect();
    wild.sort_by_cached_key(|(_, t)| Table::Written(t).rank(index, asking.namespace));
    let best = wild.into_iter().reduce(|best, next| if more_specific(&next.0, &best.0) { next } else { best })?;
    let all = entries(index, best.1, asking, port);
    (!all.is_empty()).then_some((Table::Written(best.1), all))
}

/// Routes of the Gateway API for a service: those of its own namespace for all callers, those of another for callers there.
/// Upstream: pilot/pkg/networking/core/route/route.go, buildSidecarVirtualHostsForVirtualService.
pub(super) fn derived<'a>(index: &'a Index, host: &str, caller: &'a str) -> impl Iterator<Item = Table<'a>> {
    let home = service_of(host).map(|(namespace, _)| namespace.to_owned());
    let entry = || index.entries_for(host).find(|t| t.spec.hosts.iter().any(|h| h == host));
    let home = home.or_else(|| entry().map(|t| t.document.key.namespace.clone()));
    let shown = move |d: &&Derived| index.routes_shown(&d.namespace).to(caller);
    let ours = move |d: &&Derived| d.namespace == caller || (home.as_ref() == Some(&d.namespace) && shown(d));
    index.edge().in_mesh(host).filter(ours).map(Table::Derived)
}

/// The VirtualService in force for a host that the registry does not know. It is there only on port 80, or beside a host of the registry; a pattern
/// that fits one of those stands for no other.
/// Upstream: pilot/pkg/networking/core/httproute.go, BuildSidecarOutboundVirtualHosts, selectVirtualServices; route.go, separateVSHostsAndServices.
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
    let exact = index.exactly(host).filter(|t| in_mesh(index, t, asking) && beside(t));
    let alone =
        |pattern: &str, t| wildcard_matches(pattern, host) && in_mesh(index, t, asking) && !registry_has(pattern);
    let wild = index.by_pattern().filter(|(pattern, t)| alone(pattern, t) && beside(t));
    let longest = wild.reduce(|best, next| if more_specific(&next.0, &best.0) { next } else { best }).map(|(_, t)| t);
    let all = exact.chain(longest).map(|t| (Table::Written(t), entries(index, t, asking, port)));
    all.into_iter().find(|(_, entries)| !entries.is_empty())
}
