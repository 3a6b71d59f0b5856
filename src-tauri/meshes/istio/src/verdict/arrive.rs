//! How one pod takes a request: the connection, then its policies.

use mesh::{Membership, Mtls, Outcome, Posture, Step, Transport};
use world::ObjectKey;

use super::deliver::{Arrival, Delivery};
use super::endpoint::Peer;
use super::opaque::opaque;
use super::way::{Hop, Way};
use super::{ambient, gateway};
use crate::kinds::authorization_policy::decide::{Admission, Arriving, admit};
use crate::kinds::peer_authentication::decide::posture;
use crate::kinds::{SECURITY, Selector};
use crate::read::Index;
use crate::read::hosts::service_host;
use crate::read::path::normalized;
use crate::read::registry::{Speech, speech};

/// An object and the field in it that decides.
pub(super) type Place = (ObjectKey, String);

/// Connects to one pod and asks its policies.
pub(super) fn arrive(hop: &Hop, way: &Way, delivery: &Delivery, peer: &Peer) -> Arrival {
    let pod = &peer.pod;
    let member = hop.index.membership(pod);
    if member == Some(Membership::Node) {
        return ambient::arrive(hop, delivery, peer);
    }
    let member = member.filter(|_| !excluded(&pod.annotations, peer.port));
    let sidecar = member == Some(Membership::Sidecar) && ambient::reaches_sidecar(hop, delivery, pod);
    let posture = posture(hop.index, &pod.namespace, &pod.labels, Some(peer.port));
    let (transport, why) = connect(delivery, sidecar && posture.mtls != Mtls::Disabled);
    match member {
        Some(Membership::Gateway) => gateway::arrive(hop, way, peer, transport),
        Some(Membership::Sidecar) => by_sidecar(hop, way, delivery, peer, &posture, transport, why),
        Some(Membership::Node) | None => unguarded(peer, transport, why),
    }
}

/// A pod without proxy takes what comes, but speaks no TLS of the mesh.
fn unguarded(peer: &Peer, transport: Transport, why: Option<Place>) -> Arrival {
    let name = peer.name();
    let (outcome, step) = match transport {
        Transport::Mtls => {
            (Outcome::Refused, because("transport", why, format!("{name} has no proxy that could answer mutual TLS")))
        }
        Transport::Tls => {
            (Outcome::Unknown, because("transport", why, format!("whether {name} itself speaks TLS is not known")))
        }
        Transport::Plaintext => (
            Outcome::Forwarded,
            because("deliver", why, format!("{name} has no proxy of Istio, so nothing of Istio checks it there")),
        ),
    };
    Arrival::at(outcome, transport, step)
}

/// A pod with a sidecar: its posture takes the connection or not, then its policies take the request or not.
fn by_sidecar(
    hop: &Hop,
    way: &Way,
    delivery: &Delivery,
    peer: &Peer,
    posture: &Posture,
    transport: Transport,
    why: Option<Place>,
) -> Arrival {
    let (index, pod, name) = (hop.index, &peer.pod, peer.name());
    let by_posture = posture.object.clone().map(|key| (key, posture.path.clone()));
    let refused = match (posture.mtls, transport) {
        (Mtls::Strict, Transport::Plaintext) => {
            Some((by_posture, format!("{name} takes only mutual TLS, and this comes in plaintext")))
        }
        (Mtls::Disabled, Transport::Mtls) => Some((
            why.or(by_posture),
            format!("{name} takes only plaintext, and the caller's proxy insists on mutual TLS"),
        )),
        (_, Transport::Tls) => {
            Some((why, format!("the proxy of {name} takes TLS of the mesh alone, and the rule asks for plain TLS")))
        }
        _ => None,
    };
    if let Some((by, text)) = refused {
        return Arrival::at(Outcome::Refused, transport, because("transport", by, text));
    }
    if let Some(key) = opaque(index, &pod.namespace, &pod.labels) {
        let step = Step::by("authorize", key, "spec", format!("{key} changes the proxy of {name} by hand"));
        return Arrival::at(Outcome::Unknown, transport, step);
    }
    let (outcome, step) = authorize(hop, way, delivery, peer, transport);
    Arrival::at(outcome, transport, step)
}

/// How the caller's proxy connects: as a DestinationRule says, else mutual TLS where the other side can.
/// Upstream: istio/istio pilot/pkg/networking/core/cluster_tls.go, buildUpstreamTLSSettings.
fn connect(delivery: &Delivery, can_mutual: bool) -> (Transport, Option<Place>) {
    if delivery.plain {
        return (Transport::Plaintext, None);
    }
    let automatic = if can_mutual { Transport::Mtls } else { Transport::Plaintext };
    match &delivery.cluster.tls {
        Some((mode, key, path)) => {
            let transport = match mode.as_str() {
                "ISTIO_MUTUAL" => Transport::Mtls,
                "SIMPLE" | "MUTUAL" => Transport::Tls,
                _ => Transport::Plaintext,
            };
            (transport, Some((key.clone(), path.clone())))
        }
        None => (automatic, None),
    }
}

pub(super) fn because(step: &'static str, object: Option<Place>, because: String) -> Step {
    match object {
        Some((key, path)) => Step::by(step, &key, path, because),
        None => Step::said(step, because),
    }
}

/// Ports that the annotation takes out of the proxy's hands.
fn excluded(annotations: &world::Labels, port: u16) -> bool {
    let list = annotations.get("traffic.sidecar.istio.io/excludeInboundPorts");
    list.is_some_and(|l| l.split(',').any(|p| p.trim().parse() == Ok(port)))
}

fn authorize(hop: &Hop, way: &Way, delivery: &Delivery, peer: &Peer, transport: Transport) -> (Outcome, Step) {
    let (index, pod, name) = (hop.index, &peer.pod, peer.name());
    if let Some(key) = token_check(index, way, peer) {
        return (
            Outcome::Unknown,
            Step::by("authenticate", &key, "spec.jwtRules", "whether the token is good, only its check shows"),
        );
    }
    let mtls = transport == Transport::Mtls;
    let path = normalized(&way.path);
    let path = path.split('?').next().unwrap_or_default();
    // A sidecar trusts the last address that x-forwarded-for names.
    let forwarded = way.headers.iter().find(|(n, _)| n == "x-forwarded-for").and_then(|(_, v)| v.rsplit(',').next());
    let (namespace, service) = &delivery.cluster.name;
    let request = Arriving {
        principal: mtls.then(|| hop.principal()),
        ip: &hop.from.ip,
        remote_ip: forwarded.map_or(hop.from.ip.as_str(), str::trim),
        method: &way.method,
        authority: &way.authority,
        path,
        headers: &way.headers,
        port: peer.port,
        destination_ip: &pod.ip,
        sni: mtls.then(|| {
            let subset = delivery.cluster.subset.as_ref().map_or("", |(name, ..)| name.as_str());
            format!("outbound_.{}_.{subset}_.{}", delivery.cluster.port, service_host(namespace, service))
        }),
        tcp: only_bytes(index, peer),
    };
    match admit(index, &pod.namespace, &pod.labels, &request) {
        Admission::Allowed(None) => (Outcome::Forwarded, Step::said("authorize", format!("no policy guards {name}"))),
        Admission::Allowed(Some((key, path))) => {
            let because = format!("{} allows it into {name}", short(&key));
            (Outcome::Forwarded, Step::by("authorize", &key, path, because))
        }
        Admission::Denied(key, path) => {
            let because = format!("a rule of {} denies it", short(&key));
            (Outcome::Denied, Step::by("authorize", &key, path, because))
        }
        Admission::NotAllowed(key, path) => {
            let because = format!("no rule of {} allows it", short(&key));
            (Outcome::Denied, Step::by("authorize", &key, path, because))
        }
        Admission::Unknown(key, because) => (Outcome::Unknown, Step::by("authorize", &key, "spec", because)),
    }
}

pub(super) fn short(key: &ObjectKey) -> String {
    format!("{} {}", key.kind, key.name)
}

/// A RequestAuthentication that will check a token which the request carries.
fn token_check(index: &Index, way: &Way, peer: &Peer) -> Option<ObjectKey> {
    way.headers.iter().find(|(name, _)| name == "authorization")?;
    let pod = &peer.pod;
    let bears = |d: &&std::sync::Arc<world::Document>| {
        let here = d.key.namespace == pod.namespace || d.key.namespace == index.root;
        let selector =
            d.at("/spec/selector").and_then(|v| serde_json::from_value::<Selector>(v.clone()).ok()).unwrap_or_default();
        here && mesh::selects(&selector.match_labels, &pod.labels)
    };
    index.world.documents_of(SECURITY, "RequestAuthentication").find(bears).map(|d| d.key.clone())
}

/// Whether every service that leads to this port of the pod says that it carries bytes.
fn only_bytes(index: &Index, peer: &Peer) -> bool {
    let mut ports = index
        .services_of(&peer.pod)
        .flat_map(|service| service.ports.iter().filter(|p| mesh::target_port(p, &peer.pod) == Some(peer.port)))
        .peekable();
    ports.peek().is_some() && ports.all(|port| speech(port) == Speech::Tcp)
}
