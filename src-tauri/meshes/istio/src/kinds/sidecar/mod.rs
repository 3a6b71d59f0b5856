//! Sidecar: what the proxies of a namespace or a workload see of the mesh.

pub(crate) mod spec;

use std::collections::BTreeSet;

use mesh::selects;
use world::{Labels, ObjectKey};

use crate::read::Index;
use crate::read::hosts::wildcard_matches;
pub(crate) use spec::Sidecar;
use spec::{Egress, Ingress, OutboundPolicy};

/// How much of a Sidecar's list of listeners is meant.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// Whatever any listener sees: a proxy may send there.
    Any,
    /// What the listener of this port sees.
    Port(u16),
    /// What the listener for all ports sees that have none of their own.
    Rest,
    /// Whatever is exported: where rules lead that the proxy sees, it sees as well.
    Rules,
}

/// What one caller's proxy sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    caller: &'a str,
    sidecar: Option<(&'a Sidecar, &'a ObjectKey)>,
    part: Part,
}

impl<'a> Scope<'a> {
    /// Upstream: istio/istio pilot/pkg/model/push_context.go, getSidecarScope: one that selects the workload, else the namespace's, else
    /// the root namespace's.
    pub fn of(index: &'a Index, namespace: &'a str, labels: &Labels) -> Self {
        let list = |ns: &str| index.sidecars.within(ns);
        let chosen = |s: &Sidecar| s.workload_selector.as_ref().map(|w| &w.labels).filter(|l| !l.is_empty()).cloned();
        let own = list(namespace).find(|t| chosen(&t.spec).is_some_and(|wanted| selects(&wanted, labels)));
        let general = || list(namespace).find(|t| chosen(&t.spec).is_none());
        let root = || list(&index.root).find(|t| chosen(&t.spec).is_none());
        let found = own.or_else(general).or_else(root);
        Self { caller: namespace, sidecar: found.map(|t| (&t.spec, &t.document.key)), part: Part::Any }
    }

    /// All of the mesh, whatever Sidecars say: they are for sidecars.
    pub fn whole(caller: &'a str) -> Self {
        Self { caller, sidecar: None, part: Part::Any }
    }

    /// The same, as the routes of one port see it.
    #[must_use]
    pub fn on(self, port: u16) -> Self {
        Self { part: Part::Port(port), ..self }
    }

    /// The same, as the listener for all other ports sees it.
    #[must_use]
    pub fn elsewhere(self) -> Self {
        Self { part: Part::Rest, ..self }
    }

    /// The same, for the destinations of rules that the proxy sees.
    /// Upstream: pilot/pkg/model/sidecar.go, collectImportedServices.
    #[must_use]
    pub fn behind_rules(self) -> Self {
        Self { part: Part::Rules, ..self }
    }

    /// It is that of destinations of rules.
    pub fn is_behind_rules(&self) -> bool {
        matches!(self.part, Part::Rules)
    }

    /// Whether a host of this namespace is in the proxy's configuration. Upstream: pilot/pkg/model/sidecar.go, selectServices.
    pub fn sees(&self, namespace: &str, host: &str) -> bool {
        self.meets(namespace, |dns| dns == host || wildcard_matches(dns, host), |dns| fits(dns, host))
    }

    /// Whether a VirtualService of this namespace with this host is. Upstream: virtualservice.go, SelectVirtualServices: a pattern of either is enough.
    pub fn sees_rule(&self, namespace: &str, host: &str) -> bool {
        let meets = |dns: &str| {
            fits(dns, host) || wildcard_matches(host, dns) || wildcard_matches(host, dns.trim_start_matches('*'))
        };
        self.meets(namespace, meets, |dns| fits(dns, host))
    }

    /// The only namespaces of which any host can be in the proxy's configuration; `None` where it may be any.
    pub fn namespaces(&self) -> Option<BTreeSet<&'a str>> {
        let (sidecar, _) = self.sidecar?;
        if sidecar.egress.is_empty() || matches!(self.part, Part::Rules) {
            return None;
        }
        let named = sidecar.egress.iter().flat_map(|listener| &listener.hosts).filter_map(|host| host.split_once('/'));
        let mut names = BTreeSet::new();
        for (namespace, _) in named.filter(|(namespace, _)| !namespace.starts_with('~')) {
            match namespace {
                "*" | "" => return None,
                "." => names.insert(self.caller),
                other => names.insert(other),
            };
        }
        Some(names)
    }

    fn meets(&self, namespace: &str, wanted: impl Fn(&str) -> bool, left_out: impl Fn(&str) -> bool) -> bool {
        let Some((sidecar, _)) = self.sidecar else { return true };
        if sidecar.egress.is_empty() || matches!(self.part, Part::Rules) {
            return true;
        }
        let ns_fits = |ns: &str| match ns {
            "*" | "" => true,
            "." => namespace == self.caller,
            other => other == namespace,
        };
        let one = |listener: &Egress| {
            let hosts = || listener.hosts.iter().filter_map(|h| h.split_once('/'));
            let out = hosts().filter_map(|(ns, dns)| Some((ns.strip_prefix('~')?, dns)));
            let mut seen = hosts().filter(|(ns, _)| !ns.starts_with('~'));
            seen.any(|(ns, dns)| ns_fits(ns) && wanted(dns))
                && !out.into_iter().any(|(ns, dns)| ns_fits(ns) && left_out(dns))
        };
        match self.part {
            Part::Port(port) => self.listener(port).is_some_and(one),
            Part::Rest => sidecar.egress.iter().find(|e| e.port.is_none()).is_some_and(one),
            Part::Any | Part::Rules => sidecar.egress.iter().any(one),
        }
    }

    /// The listener whose routes a port takes: its own, else that of all other ports. Upstream: sidecar.go, GetEgressListenerForRDS.
    fn listener(&self, port: u16) -> Option<&'a Egress> {
        let (sidecar, _) = self.sidecar?;
        sidecar.egress.iter().find(|e| e.port.as_ref().is_none_or(|p| p.number == port))
    }

    /// Listeners for one port, with the place of each in the Sidecar.
    pub fn own_listeners(&self) -> impl Iterator<Item = (usize, &'a Egress)> {
        let all = self.sidecar.map(|(s, _)| s.egress.iter().enumerate()).into_iter().flatten();
        all.filter(|(_, e)| e.port.is_some())
    }

    /// It has a listener for whatever port no other is for.
    pub fn takes_other_ports(&self) -> bool {
        self.sidecar.is_none_or(|(s, _)| s.egress.is_empty() || s.egress.iter().any(|e| e.port.is_none()))
    }

    /// The listeners that it opens for requests that come in.
    pub fn ingress(&self) -> &'a [Ingress] {
        self.sidecar.map_or(&[], |(s, _)| &s.ingress)
    }

    /// What it says of hosts that the proxy does not know.
    pub fn outbound_policy(&self) -> Option<(&'a OutboundPolicy, &'a ObjectKey)> {
        let (sidecar, key) = self.sidecar?;
        Some((sidecar.outbound_traffic_policy.as_ref()?, key))
    }

    /// The Sidecar in force.
    pub fn object(&self) -> Option<&'a ObjectKey> {
        self.sidecar.map(|(_, key)| key)
    }
}

/// A host, or a pattern that a pattern is narrower than.
fn fits(dns: &str, host: &str) -> bool {
    dns == host || wildcard_matches(dns, host.trim_start_matches('*'))
}
