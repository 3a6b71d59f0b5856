//! How a request leaves its caller.

use mesh::{Destination, Membership, Outcome, Resolved, Transport, Verdict, target_port};
use world::{Labels, Pod, Service, ServicePort, said};

use super::deliver::{Delivery, deliver};
use super::endpoint::Cluster;
use super::listener::{Listener, listener, loopback};
use super::opaque::opaque;
use super::peers::{Peer, by_hand};
use super::way::{Hop, Way};
use super::{bytes, requests, said};
use crate::read::Index;
use crate::read::domains::Named;

/// A caller without proxy: Kubernetes picks a pod, and the request goes in plaintext.
pub(super) fn plainly(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    let (en, zh) = if way.is_encrypted() {
        ("encrypted by itself alone", "只由自身加密")
    } else {
        ("in plaintext", "以明文")
    };
    let because = said!(
        "the caller has no proxy, so no route applies and it goes {en}",
        "调用方没有代理，不适用任何路由，{zh}发出"
    );
    said(verdict, "leave", because);
    past_routes(hop, way, resolved, verdict, None);
}

/// A caller with a sidecar.
pub(super) fn by_sidecar(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    if let Some(key) = opaque(hop.index, &hop.from.namespace, &hop.from.labels) {
        *verdict = verdict
            .clone()
            .because(("the caller's proxy", "调用方的代理"), said!("{key} changes it by hand", "{key} 直接修补了它"));
        return;
    }
    if way.is_encrypted() {
        return bytes::encrypted(hop, way, resolved, verdict);
    }
    let listener = listener(hop, way, resolved);
    if let (Listener::None, Some(_)) = (&listener, loopback(resolved)) {
        if let Resolved::Pod(own) = hop.index.places.resolve(&hop.from.ip, &hop.from.namespace)
            && own.containers.iter().flat_map(|c| &c.ports).any(|(_, port)| *port == way.target.port)
        {
            let because = ("it goes to the caller's own pod, past all proxies", "它去往调用方自己的 Pod，绕过所有代理");
            said(verdict, "leave", because);
            verdict.outcome = Outcome::Forwarded;
            verdict.transport = Some(Transport::Plaintext);
            let mut destination = Destination::outside(&own.name, way.target.port);
            destination.workloads.push(own.workload.1.clone());
            verdict.destinations.push(destination);
            return;
        }
        *verdict = verdict.clone().because(
            ("the destination", "目的地"),
            (
                "it goes to the caller's own pod, past all proxies, and what listens there is not known",
                "它去往调用方自己的 Pod，绕过所有代理，而那里有什么在监听不得而知",
            ),
        );
        return;
    }
    match listener {
        Listener::None => {
            let because = said!(
                "no host of the mesh has port {}, so the proxy passes it on unread",
                "网格中没有主机有端口 {}，所以代理不解析就转交",
                way.target.port
            );
            said(verdict, "listen", because);
            bytes::unknown(hop, way, resolved, verdict);
        }
        Listener::Bytes(host, speech) => {
            let (port, name) = (way.target.port, host.name());
            let because = said!(
                "port {port} of {name} carries bytes, so no rule for requests applies",
                "{name} 的端口 {port} 承载字节流，所以请求规则不适用"
            );
            said(verdict, "listen", because);
            bytes::forwarded(hop, way, &host, speech, resolved, verdict);
        }
        Listener::Requests => requests::routed(hop, way, resolved, verdict),
        Listener::Only(host) => requests::to_host(hop, way, resolved, Some(Named::plainly(host)), verdict),
        Listener::Proxy => requests::by_name(hop, way, resolved, verdict),
    }
}

/// To the address itself, in plaintext. `by_proxy` is the status that the caller's own proxy answers a failed connection with.
pub(super) fn past_routes(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict, by_proxy: Option<u16>) {
    let cluster = match resolved {
        Resolved::Service(service) => match straight(hop.index, service, way.target.port) {
            Some(cluster) => cluster,
            None => {
                let because =
                    said!("Service {} has no port {}", "Service {} 没有端口 {}", service.name, way.target.port);
                said(verdict, "connect", because);
                verdict.ends(Outcome::Refused);
                verdict.status = by_proxy;
                return;
            }
        },
        Resolved::Pod(pod) => Cluster::at(pod, way.target.port),
        Resolved::Outside(host) => {
            verdict.outcome = Outcome::Forwarded;
            verdict.transport = Some(if way.is_encrypted() { Transport::Tls } else { Transport::Plaintext });
            verdict.destinations = vec![Destination::outside(host, way.target.port)];
            return;
        }
        Resolved::Nowhere(_) => return,
    };
    let found = !cluster.peers.is_empty();
    let plain = hop.from.membership != Some(Membership::Node);
    deliver(hop, way, vec![Delivery { share: 1.0, cluster, plain }], verdict, by_proxy);
    if !found {
        verdict.status = by_proxy;
    }
}

/// Whether a proxy of this pod reads requests.
pub(super) fn reads(index: &Index, pod: &Pod) -> bool {
    index.membership(pod).is_some_and(|member| member != Membership::Node)
}

/// Every ready pod of a service at one of its ports, as Kubernetes itself would pick them; those of one without an address at any port.
pub(super) fn straight(index: &Index, service: &Service, port: u16) -> Option<Cluster> {
    let (ready, headless) = (index.places.behind(service), service.is_headless());
    let found = service.ports.iter().find(|p| p.port == port);
    let peers: Vec<Peer> = if headless {
        ready.map(|pod| Peer::of(pod, port)).collect()
    } else {
        let found = found?;
        ready.filter_map(|pod| Some(Peer::of(pod, target_port(found, pod)?))).collect()
    };
    let named = found.filter(|_| !headless).map(|found| found.name.as_str());
    let (selected, mut all) = (peers.len(), (peers, Vec::new()));
    by_hand(index, index.places.kept(service, named).unwrap_or_default(), &Labels::new(), &mut all);
    let (mut peers, addresses) = all;
    // A name that stands for addresses says nothing of ports: the caller's own counts.
    for (at, peer) in peers.iter_mut().enumerate().filter(|_| headless) {
        let is_served = |p: &ServicePort| target_port(p, &peer.pod) == Some(port);
        let served = if at < selected { service.ports.iter().any(is_served) } else { peer.port == port };
        peer.silent = !served && !peer.declares(port);
        peer.port = port;
    }
    Some(Cluster { peers, addresses, ..Cluster::named((service.namespace.clone(), service.name.clone()), port) })
}
