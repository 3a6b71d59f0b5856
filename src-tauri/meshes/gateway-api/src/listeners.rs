//! The ports that gateways open, with those that ListenerSets add, and without those that contradict an earlier one.

use std::sync::Arc;

use mesh::Typed;
use world::Document;

use crate::GROUP;
use crate::api::Api;
use crate::spec::{FromNamespaces, Gateway, Listener, ListenerSet, RouteKind};

/// One port of a gateway, as it is open.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// The gateway.
    pub gateway: &'a Typed<Gateway>,
    /// The object that names the listener: the gateway, or a ListenerSet.
    pub owner: &'a Arc<Document>,
    /// Place of the listener in its object.
    pub at: usize,
    /// The listener.
    pub listener: &'a Listener,
    /// Its port, that of the protocol where a ListenerSet names none.
    pub port: u16,
    /// Namespaces whose routes may attach; `None` for all.
    pub namespaces: Option<Vec<String>>,
}

impl Opening<'_> {
    /// `spec.listeners[0]`
    pub fn path(&self) -> String {
        format!("spec.listeners[{}]", self.at)
    }

    /// The host, a star where none is named.
    pub fn hostname(&self) -> &str {
        self.listener.hostname.as_deref().filter(|h| !h.is_empty()).unwrap_or("*")
    }

    /// Whether routes of a kind may attach.
    pub fn takes(&self, kind: &str) -> bool {
        let fits = match self.listener.protocol.as_str() {
            "HTTP" | "HTTPS" => matches!(kind, "HTTPRoute" | "GRPCRoute"),
            "TCP" => kind == "TCPRoute",
            "TLS" => kind == "TLSRoute" || (kind == "TCPRoute" && self.says_terminate()),
            _ => false,
        };
        let named: &[RouteKind] = self.listener.allowed_routes.as_ref().map_or(&[], |a| &a.kinds);
        let ours = |k: &RouteKind| k.kind == kind && k.group.as_deref().unwrap_or(GROUP) == GROUP;
        fits && (named.is_empty() || named.iter().any(ours))
    }

    fn says_terminate(&self) -> bool {
        self.listener.tls.as_ref().is_some_and(|tls| tls.mode.as_deref() == Some("Terminate"))
    }

    /// Whether routes of a namespace may attach.
    pub fn lets_in(&self, namespace: &str) -> bool {
        self.namespaces.as_ref().is_none_or(|all| all.iter().any(|n| n == namespace))
    }
}

impl Api {
    /// What a gateway has open: its own listeners in order, then those of its sets, oldest first; one that contradicts an earlier one is not.
    pub fn openings<'a>(&'a self, gateway: &'a Typed<Gateway>) -> Vec<Opening<'a>> {
        let own = gateway.spec.listeners.iter().enumerate().map(|(at, l)| (&gateway.document, at, l));
        let added = self.sets_of(gateway).flat_map(|s| {
            let listeners = s.spec.listeners.iter().enumerate();
            listeners.map(move |(at, l)| (&s.document, at, l))
        });
        let mut open: Vec<Opening> = Vec::new();
        for (owner, at, listener) in own.chain(added) {
            let Some(port) = port_of(listener) else { continue };
            if open.iter().any(|o| o.port == port && contradict(o.listener, listener)) {
                continue;
            }
            let allowed = listener.allowed_routes.as_ref().and_then(|a| a.namespaces.as_ref());
            let namespaces = self.namespaces_of(&owner.key.namespace, allowed);
            open.push(Opening { gateway, owner, at, listener, port, namespaces });
        }
        open
    }

    /// The ListenerSets that a gateway lets add to it.
    fn sets_of<'a>(&'a self, gateway: &'a Typed<Gateway>) -> impl Iterator<Item = &'a Typed<ListenerSet>> {
        let key = &gateway.document.key;
        let from = gateway.spec.allowed_listeners.as_ref().and_then(|a| a.namespaces.as_ref());
        let named = |set: &&Typed<ListenerSet>| {
            let parent = &set.spec.parent_ref.object;
            let home = parent.namespace.as_ref().unwrap_or(&set.document.key.namespace);
            parent.kind.as_deref().unwrap_or("Gateway") == "Gateway"
                && parent.group.as_deref().unwrap_or(GROUP) == GROUP
                && parent.name == key.name
                && *home == key.namespace
        };
        let allowed = move |set: &&Typed<ListenerSet>| {
            let home = &set.document.key.namespace;
            match from.map(|f| (f.from.as_deref(), f)) {
                None | Some((Some("None"), _)) => false,
                Some((Some("All"), _)) => true,
                Some((Some("Same"), _)) => *home == key.namespace,
                Some((_, f)) => self.selected(home, f),
            }
        };
        self.listener_sets.iter().filter(named).filter(allowed)
    }

    /// Upstream: istio/istio pilot/pkg/config/kube/gateway/conversion.go, namespacesFromSelector: its own namespace unless said.
    fn namespaces_of(&self, home: &str, from: Option<&FromNamespaces>) -> Option<Vec<String>> {
        match from.and_then(|f| Some((f.from.as_deref()?, f))) {
            None | Some(("Same", _)) => Some(vec![home.to_owned()]),
            Some(("All", _)) => None,
            Some(("None", _)) => Some(Vec::new()),
            Some((_, f)) if f.selector.is_none() => None,
            Some((_, f)) => Some(self.namespaces().filter(|n| self.selected(n, f)).map(str::to_owned).collect()),
        }
    }

    fn selected(&self, namespace: &str, from: &FromNamespaces) -> bool {
        let labels = self.labels_of(namespace);
        from.selector.as_ref().is_some_and(|s| labels.is_some_and(|labels| s.fits(&labels)))
    }
}

/// A ListenerSet may leave the port to the protocol.
fn port_of(listener: &Listener) -> Option<u16> {
    match (listener.port, listener.protocol.as_str()) {
        (0, "HTTP") => Some(80),
        (0, "HTTPS") => Some(443),
        (0, _) => None,
        (port, _) => Some(port),
    }
}

/// Whether two listeners on one port cannot both be open: bytes beside anything else, or the same host twice.
/// Upstream: istio/istio pilot/pkg/config/kube/gatewaycommon/listener_conflict.go, listenersDistinct.
fn contradict(a: &Listener, b: &Listener) -> bool {
    let raw = |l: &Listener| matches!(l.protocol.as_str(), "TCP" | "UDP");
    let host = |l: &Listener| l.hostname.clone().filter(|h| !h.is_empty()).unwrap_or_else(|| "*".into());
    raw(a) || raw(b) || host(a) == host(b)
}
