//! Where the caller's proxy takes a connection, before it knows what is asked.
//! Upstream: istio/istio pilot/pkg/networking/core/listener.go, buildSidecarOutboundListeners.

use mesh::Resolved;
use world::ObjectKey;

use super::way::{Hop, Way};
use crate::read::hosts::service_host;
use crate::read::registry::{Host, Speech};

/// Where a connection is taken.
pub(super) enum Listener<'a> {
    /// Requests are read, and the host that they name is looked up among those of the port.
    Requests,
    /// Requests are read, and all go to this host, whatever they name.
    Only(Host<'a>),
    /// Requests are read, and the host that they name may be on any port.
    Proxy,
    /// Bytes are forwarded to this host.
    Bytes(Host<'a>, Speech),
    /// There is none for this address.
    None,
}

/// The listener for the address that the caller connects to.
pub(super) fn listener<'a>(hop: &Hop<'a>, way: &Way, resolved: &Resolved) -> Listener<'a> {
    if let Some(address) = loopback(resolved) {
        return opened(hop, way, address);
    }
    let Hop { index, scope, from } = hop;
    let (caller, port) = (from.namespace.as_str(), way.target.port);
    let view = scope.on(port);
    let own = scope.own_listeners().map(|(_, e)| e).find(|e| e.port.as_ref().is_some_and(|p| p.number == port));
    let own = own.filter(|e| e.opens().is_none() && e.bind.is_empty());
    let declared = own.and_then(|e| e.port.as_ref()).map(crate::kinds::sidecar::spec::ListenerPort::speech);
    if declared.is_none() && !scope.takes_other_ports() {
        return Listener::None;
    }
    if let Some(host) = addressed(hop, way, resolved)
        && let Some(speech) = host.speech(port)
    {
        // A listener for all addresses of the port stands behind one for the very address.
        let beside = declared.is_some_and(Speech::reads_requests)
            && matches!(speech, Speech::Tcp | Speech::Tls)
            && scope.takes_other_ports()
            && index.host(&scope.elsewhere(), &host.name(), caller).is_some();
        match declared.filter(|_| !beside).unwrap_or(speech) {
            speech @ (Speech::Tcp | Speech::Tls) => return Listener::Bytes(host, speech),
            Speech::Sniffed if host.has_address() => return Listener::Only(host),
            Speech::Sniffed | Speech::Http => return Listener::Requests,
        }
    }
    if index.routes_port(&view, port, caller) { Listener::Requests } else { Listener::None }
}

/// The host of the registry whose address the caller connects to, as far as the proxy sees it.
fn addressed<'a>(hop: &Hop<'a>, way: &Way, resolved: &Resolved) -> Option<Host<'a>> {
    let (index, caller, port) = (hop.index, hop.from.namespace.as_str(), way.target.port);
    let view = hop.scope.on(port);
    match resolved {
        Resolved::Service(service) => {
            // Where a name stands for pods, their addresses count.
            let pods = index.places.of_service(service);
            let pod = pods.first().filter(|_| service.is_headless());
            let by_pod = pod.and_then(|pod| index.headless_of(&view, pod, port, caller));
            by_pod.or_else(|| index.host(&view, &service_host(&service.namespace, &service.name), caller))
        }
        Resolved::Outside(address) => index.entry_at(&view, address, port, caller),
        Resolved::Pod(pod) => {
            index.headless_of(&view, pod, port, caller).or_else(|| index.entry_at(&view, &pod.ip, port, caller))
        }
        Resolved::Nowhere(_) => None,
    }
}

/// The address where it is the caller's own pod that is asked.
pub(super) fn loopback(resolved: &Resolved) -> Option<&str> {
    match resolved {
        Resolved::Outside(host) if host == "localhost" => Some("127.0.0.1"),
        Resolved::Outside(host) if host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()) => Some(host),
        _ => None,
    }
}

/// A listener that the proxy itself opens on this address of its own pod.
fn opened<'a>(hop: &Hop<'a>, way: &Way, address: &str) -> Listener<'a> {
    let found = hop
        .scope
        .own_listeners()
        .find(|(_, e)| e.opens() == Some(address) && e.port.as_ref().is_some_and(|p| p.number == way.target.port));
    match found.and_then(|(_, e)| e.port.as_ref()) {
        Some(port) if port.is_proxy() => Listener::Proxy,
        Some(port) if port.speech().reads_requests() => Listener::Requests,
        _ => Listener::None,
    }
}

/// Whether nothing unknown may leave: by the Sidecar in force, or by the mesh's own settings; with the object and field that says so.
pub(super) fn registry_only(hop: &Hop) -> Option<(ObjectKey, &'static str)> {
    if let Some((policy, key)) = hop.scope.outbound_policy() {
        // What is not written is the first of the modes.
        let closed = policy.mode.is_empty() || policy.mode == "REGISTRY_ONLY";
        return closed.then(|| (key.clone(), "spec.outboundTrafficPolicy.mode"));
    }
    let settings = &hop.index.settings;
    Some((settings.object.clone().filter(|_| settings.registry_only())?, "data.mesh"))
}
