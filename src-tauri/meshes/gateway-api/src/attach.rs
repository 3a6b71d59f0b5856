//! Which routes attach to which listeners and services, and why one does not.

use mesh::Typed;
use world::ObjectKey;

use crate::GROUP;
use crate::api::Api;
use crate::hosts::{common, within};
use crate::listeners::Opening;
use crate::spec::{ConnectionRoute, GrpcRoute, HttpRoute, ObjectRef, ParentRef};

/// What any route says of where it attaches.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// `HTTPRoute` and so on.
    pub kind: &'static str,
    /// Its identity.
    pub key: &'a ObjectKey,
    /// What it names as parents.
    pub parents: &'a [ParentRef],
    /// Its hosts; empty for all of the listener.
    pub hostnames: &'a [String],
}

/// Why a route does not attach to a listener.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Apart {
    /// The reference is to another port.
    #[error("it asks for port {0}")]
    Port(u16),
    /// The reference is to another listener.
    #[error("it asks for listener {0}")]
    Section(String),
    /// The listener is for other hosts.
    #[error("none of its hosts is one of {0}")]
    Hosts(String),
    /// The listener lets no routes of this namespace in.
    #[error("the listener lets no routes of namespace {0} in")]
    Namespace(String),
    /// The listener takes no routes of this kind.
    #[error("the listener takes no {0}")]
    Kind(&'static str),
}

/// What a parent reference means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parent {
    /// (namespace, name) of a Gateway.
    Gateway(String, String),
    /// (namespace, name) of a ListenerSet.
    ListenerSet(String, String),
    /// (namespace, name) of a Service: the route is for callers in the mesh.
    Service(String, String),
    /// (namespace, name) of another host that a mesh knows: group, kind.
    Host(String, String),
    /// Something that no mesh here understands.
    Other,
}

impl Parent {
    /// Reads a reference of a route in a namespace.
    pub fn of(parent: &ParentRef, home: &str) -> Self {
        let ObjectRef { group, kind, namespace, name } = &parent.object;
        let names = (namespace.clone().unwrap_or_else(|| home.to_owned()), name.clone());
        match (group.as_deref().unwrap_or(GROUP), kind.as_deref().unwrap_or("Gateway")) {
            (GROUP, "Gateway") => Self::Gateway(names.0, names.1),
            (GROUP, "ListenerSet") => Self::ListenerSet(names.0, names.1),
            ("" | "core", "Service") => Self::Service(names.0, names.1),
            ("networking.istio.io", "ServiceEntry") => Self::Host(names.0, names.1),
            _ => Self::Other,
        }
    }
}

impl<'a> From<&'a Typed<HttpRoute>> for Head<'a> {
    fn from(t: &'a Typed<HttpRoute>) -> Self {
        Self { kind: "HTTPRoute", key: &t.document.key, parents: &t.spec.parent_refs, hostnames: &t.spec.hostnames }
    }
}

impl<'a> From<&'a Typed<GrpcRoute>> for Head<'a> {
    fn from(t: &'a Typed<GrpcRoute>) -> Self {
        Self { kind: "GRPCRoute", key: &t.document.key, parents: &t.spec.parent_refs, hostnames: &t.spec.hostnames }
    }
}

impl<'a> Head<'a> {
    /// Of a TLSRoute.
    pub fn tls(t: &'a Typed<ConnectionRoute>) -> Self {
        Self { kind: "TLSRoute", key: &t.document.key, parents: &t.spec.parent_refs, hostnames: &t.spec.hostnames }
    }

    /// Of a TCPRoute.
    pub fn tcp(t: &'a Typed<ConnectionRoute>) -> Self {
        Self { kind: "TCPRoute", key: &t.document.key, parents: &t.spec.parent_refs, hostnames: &[] }
    }

    /// Whether it attaches to a listener by this reference of its own; the error says why it does not.
    pub fn attaches(&self, parent: &ParentRef, opening: &Opening) -> Result<(), Apart> {
        let home = &self.key.namespace;
        if let Some(port) = parent.port.filter(|port| *port != opening.port) {
            return Err(Apart::Port(port));
        }
        if let Some(name) = parent.section_name.as_ref().filter(|name| **name != opening.listener.name) {
            return Err(Apart::Section(name.clone()));
        }
        let own = opening.hostname();
        if !self.hosts().any(|host| common(host, own).is_some()) {
            return Err(Apart::Hosts(own.to_owned()));
        }
        if !opening.lets_in(home) {
            return Err(Apart::Namespace(home.clone()));
        }
        if !opening.takes(self.kind) {
            return Err(Apart::Kind(self.kind));
        }
        Ok(())
    }

    /// Its hosts, a star where none is named.
    pub fn hosts(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let star = self.hostnames.is_empty().then_some("*");
        self.hostnames.iter().map(String::as_str).chain(star)
    }
}

impl Api {
    /// The listeners that a reference means, of those that are open on gateways of `ours`.
    pub fn meant<'a>(&'a self, parent: &Parent, ours: impl Fn(&str) -> bool) -> Vec<Opening<'a>> {
        let all = self.gateways.iter().filter(|g| ours(&g.spec.gateway_class_name));
        match parent {
            Parent::Gateway(namespace, name) => all
                .filter(|g| g.document.key.namespace == *namespace && g.document.key.name == *name)
                .flat_map(|g| self.openings(g).into_iter().filter(|o| o.owner.key == g.document.key))
                .collect(),
            Parent::ListenerSet(namespace, name) => {
                let set = |o: &Opening| {
                    let key = &o.owner.key;
                    key.kind == "ListenerSet" && key.namespace == *namespace && key.name == *name
                };
                all.flat_map(|g| self.openings(g)).filter(set).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Whether a host of a route belongs to this listener rather than to another of the same port and protocol that says more about it.
/// Upstream: istio/istio pilot/pkg/config/kube/gateway/conversion.go, hostnameAllowedByIsolation.
pub fn isolated(host: &str, own: &Opening, all: &[Opening]) -> bool {
    let mine = own.hostname();
    if !mine.starts_with('*') {
        return true;
    }
    if common(host, mine).is_none() {
        return false;
    }
    let rival = |o: &&Opening| {
        o.port == own.port && o.listener.protocol == own.listener.protocol && o.listener.name != own.listener.name
    };
    let length = |o: &Opening| o.listener.hostname.as_deref().map_or(0, str::len);
    !all.iter().filter(rival).any(|o| {
        o.listener.hostname.as_deref().is_some_and(|h| h != mine && within(host, h)) && length(own) <= length(o)
    })
}
