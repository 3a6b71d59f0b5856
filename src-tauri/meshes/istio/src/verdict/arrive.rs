//! How one pod takes a request: the connection, then its policies.

use mesh::{HeaderChanges, Membership, Mtls, Outcome, Posture, Step, Transport};
use world::{ObjectKey, Said, said};

use super::capture::comes_in;
use super::deliver::{Arrival, Delivery};
use super::door::Door;
use super::endpoint::Unasked;
use super::opaque::opaque;
use super::peers::Peer;
use super::token::{Checked, carry, check};
use super::way::{Hop, Way};
use super::{ambient, gateway};
use crate::kinds::authorization_policy::decide::{Admission, Arriving, admit};
use crate::kinds::peer_authentication::decide::posture;
use crate::kinds::request_authentication::token::Claims;
use crate::read::headers::{CLIENT_CERT, Headers, PROTO, REQUEST_ID};
use crate::read::hosts::service_host;
use crate::read::path::malformed;
use crate::read::registry::Speech;

/// An object and the field in it that decides.
pub(super) type Place = (ObjectKey, String);

/// Connects to one pod and asks its policies.
pub(super) fn arrive(hop: &Hop, way: &Way, delivery: &Delivery, peer: &Peer) -> Arrival {
    let pod = &peer.pod;
    let member = hop.index.membership(pod);
    if member == Some(Membership::Node) {
        return ambient::arrive(hop, delivery, peer);
    }
    // Callers go by the pod, not by what of its ports its proxy sees.
    let sidecar = member == Some(Membership::Sidecar) && ambient::reaches_sidecar(hop, delivery, pod);
    let member = member.filter(|member| *member != Membership::Sidecar || comes_in(&pod.annotations, peer.port));
    let posture = posture(hop.index, &pod.namespace, &pod.labels, Some(peer.port));
    let cluster = &delivery.cluster;
    let can = hop.index.settings.automatic_mtls()
        && cluster.unasked.is_none()
        && match &cluster.told {
            Some((mode, ..)) => mode == "ISTIO_MUTUAL",
            // Who is not asked what it takes is called as the host is.
            None if cluster.balance.passthrough => true,
            None => peer.mutual.unwrap_or(sidecar && speaks(&pod.labels)) && posture.mtls != Mtls::Disabled,
        };
    let (transport, why) = connect(delivery, can);
    if peer.silent {
        let because = said!(
            "{} is asked at port {}, where nothing is said to listen",
            "请求到 {} 的端口 {}，那里未声明监听",
            peer.name(),
            peer.port
        );
        // A caller without proxy hears of it from the pod's own.
        let answered = hop.from.membership.is_none() && member == Some(Membership::Sidecar);
        let outcome = if answered { Outcome::NoDestination } else { Outcome::Refused };
        return Arrival::at(outcome, transport, Step::said("deliver", because));
    }
    if let Some(arrival) = stranger(hop, delivery, peer, transport) {
        return arrival;
    }
    match member {
        Some(Membership::Gateway) => gateway::arrive(peer, transport),
        Some(Membership::Sidecar) => by_sidecar(hop, way, delivery, peer, &posture, transport, why),
        Some(Membership::Node) | None => unguarded(way, delivery, peer, transport, why),
    }
}

/// A label of the pod may say that it speaks no mutual TLS, whatever its proxy can.
/// Upstream: istio/istio pilot/pkg/model/service.go, GetTLSModeFromEndpointLabels.
fn speaks(labels: &world::Labels) -> bool {
    labels.get("security.istio.io/tlsMode").is_none_or(|mode| mode == "istio")
}

/// Mutual TLS with a pod that is none of those whom the caller's proxy expects there.
/// Upstream: istio/istio pilot/pkg/networking/core/cluster_tls.go, buildIstioMutualTLS: the accounts of all endpoints are its names.
fn stranger(hop: &Hop, delivery: &Delivery, peer: &Peer, transport: Transport) -> Option<Arrival> {
    let (expected, domain) = (&delivery.cluster.names, hop.index.settings.trust_domain());
    let name = format!("spiffe://{domain}/ns/{}/sa/{}", peer.pod.namespace, peer.pod.service_account);
    let known = expected.contains(&name);
    if transport != Transport::Mtls || known || expected.is_empty() {
        return None;
    }
    let because = said!(
        "{} runs as {}, which is not who is expected there",
        "{} 以 {} 的身份运行，与预期不符",
        peer.name(),
        peer.pod.service_account
    );
    Some(Arrival::at(Outcome::Refused, transport, Step::said("transport", because)))
}

/// A pod without proxy takes what comes, but speaks no TLS of the mesh.
fn unguarded(way: &Way, delivery: &Delivery, peer: &Peer, transport: Transport, why: Option<Place>) -> Arrival {
    let (name, speech) = (peer.name(), delivery.cluster.speech);
    if let Some(arrival) = delivery.cluster.odd.at(peer, None, transport, way.is_encrypted()) {
        return arrival;
    }
    let (outcome, step) = match transport {
        Transport::Mtls => (
            Outcome::Refused,
            because(
                "transport",
                why,
                said!("{name} has no proxy that could answer mutual TLS", "{name} 没有能应答双向 TLS 的代理"),
            ),
        ),
        Transport::Tls if speech == Some(Speech::Http) => (
            Outcome::Refused,
            because(
                "transport",
                why,
                said!("{name} takes plain requests there, as its port says", "按端口声明，{name} 在此只接受明文请求"),
            ),
        ),
        Transport::Tls if speech == Some(Speech::Tls) => (
            Outcome::Forwarded,
            because(
                "deliver",
                why,
                said!("{name} speaks TLS there, as its port says", "按端口声明，{name} 在此使用 TLS"),
            ),
        ),
        Transport::Tls => (
            Outcome::Unknown,
            because(
                "transport",
                why,
                said!("whether {name} itself speaks TLS is not known", "{name} 自身是否使用 TLS 不得而知"),
            ),
        ),
        Transport::Plaintext => (
            Outcome::Forwarded,
            because(
                "deliver",
                why,
                said!(
                    "{name} has no proxy of Istio, so nothing of Istio checks it there",
                    "{name} 没有 Istio 代理，所以 Istio 不在那里检查"
                ),
            ),
        ),
    };
    Arrival::at(outcome, shown(way, transport), step)
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
    let door = Door::of(index, pod, peer.port);
    let odd = || delivery.cluster.odd.at(peer, Some(&door), transport, way.is_encrypted());
    if let Some(arrival) = odd().filter(|_| transport == Transport::Tls) {
        return arrival;
    }
    if let Some((_, key, path)) = delivery.cluster.tls.as_ref().filter(|(mode, ..)| mode == "MUTUAL") {
        let because = (
            "whether the certificates that it names are ones of the mesh is not known",
            "它所指的证书是否属于网格不得而知",
        );
        return Arrival::at(Outcome::Unknown, transport, Step::by("transport", key, path.clone(), because));
    }
    if let Some(text) = door.refuses(posture.mtls, transport, way.is_encrypted()) {
        let by = if transport == Transport::Plaintext { by_posture } else { why.or(by_posture) };
        return Arrival::at(
            Outcome::Refused,
            shown(way, transport),
            because("transport", by, Said::new(format!("{name} {}", text.0), format!("{name} {}", text.1))),
        );
    }
    if let Some(key) = opaque(index, &pod.namespace, &pod.labels) {
        let step = Step::by(
            "authorize",
            key,
            "spec",
            said!("{key} changes the proxy of {name} by hand", "{key} 直接修补了 {name} 的代理"),
        );
        return Arrival::at(Outcome::Unknown, transport, step);
    }
    if let Some(arrival) = odd() {
        return arrival;
    }
    let mut arrival = admitted(hop, way, delivery, peer, transport, door.is_bytes(way.is_encrypted()));
    arrival.transport = shown(way, transport);
    if let (true, Some((key, path))) = (door.is_bytes(false), &door.opener) {
        let because = said!(
            "it opens port {} for bytes: nothing there reads requests",
            "它以字节流方式开放端口 {}：那里不解析请求",
            peer.port
        );
        arrival.steps.insert(0, Step::by("listen", key, path.clone(), because));
    }
    if let Some(key) = &door.beside {
        let because = said!(
            "it opens no listener for port {}, so it comes in as on any port that nobody names",
            "它没有为端口 {} 开放监听器，因此按未声明的端口进入",
            peer.port
        );
        arrival.steps.insert(0, Step::by("listen", key, "spec.ingress", because));
    }
    if let (Outcome::Forwarded, Some((key, path, address))) = (arrival.outcome, &door.endpoint) {
        arrival.steps.push(Step::by(
            "deliver",
            key,
            path.clone(),
            said!("the proxy hands it on to {address}", "代理把它转交给 {address}"),
        ));
        if !listens(peer, address) {
            arrival.outcome = Outcome::Unknown;
            let because = said!("whether anything listens at {address} is not known", "{address} 是否有监听不得而知");
            arrival.steps.push(Step::by("deliver", key, path.clone(), because));
        }
    }
    arrival
}

/// What protects the bytes on their way.
pub(super) fn shown(way: &Way, transport: Transport) -> Transport {
    if way.is_encrypted() && transport == Transport::Plaintext { Transport::Tls } else { transport }
}

/// Whether the pod says that it listens there.
fn listens(peer: &Peer, address: &str) -> bool {
    let port = mesh::split_port(address).1.and_then(|p| p.parse::<u16>().ok());
    let mut ports = peer.pod.containers.iter().flat_map(|c| &c.ports);
    port.is_some_and(|port| ports.any(|(_, number)| *number == port))
}

/// How the caller's proxy connects: as a DestinationRule says, else mutual TLS where the other side can.
/// Upstream: istio/istio pilot/pkg/networking/core/cluster_tls.go, buildUpstreamTLSSettings.
fn connect(delivery: &Delivery, can_mutual: bool) -> (Transport, Option<Place>) {
    if delivery.plain {
        return (Transport::Plaintext, None);
    }
    let automatic = if can_mutual { Transport::Mtls } else { Transport::Plaintext };
    let whole = match (&delivery.cluster.unasked, &delivery.cluster.told) {
        (Some(Unasked::Off(key, path)), _) => Some((key.clone(), path.clone())),
        (None, Some((_, key, path))) => Some((key.clone(), path.clone())),
        _ => None,
    };
    match &delivery.cluster.tls {
        Some((mode, key, path)) => {
            let transport = match mode.as_str() {
                "ISTIO_MUTUAL" => Transport::Mtls,
                "SIMPLE" | "MUTUAL" => Transport::Tls,
                _ => Transport::Plaintext,
            };
            (transport, Some((key.clone(), path.clone())))
        }
        None => (automatic, whole),
    }
}

pub(super) fn because(step: &'static str, object: Option<Place>, because: impl Into<Said>) -> Step {
    match object {
        Some((key, path)) => Step::by(step, &key, path, because),
        None => Step::said(step, because),
    }
}

/// The end user's token, then the policies.
fn admitted(hop: &Hop, way: &Way, delivery: &Delivery, peer: &Peer, transport: Transport, bytes: bool) -> Arrival {
    let pod = &peer.pod;
    if let Some(why) = malformed(&way.method, &way.path).filter(|_| !bytes) {
        let Said { en, zh } = why;
        let step = Step::said("read", said!("{} answers 400 by itself: {en}", "{} 自己返回 400：{zh}", peer.name()));
        return Arrival { status: Some(400), ..Arrival::at(Outcome::Direct, transport, step) };
    }
    let mut headers = as_read(way, transport);
    let checked = if bytes { Checked::Nobody } else { check(hop.index, &pod.namespace, &pod.labels, way) };
    let taken = match checked {
        Checked::Nobody => None,
        Checked::Taken(taken, step) => {
            carry(&mut headers, &taken);
            Some((taken, step))
        }
        Checked::Ends(outcome, status, step) => {
            return Arrival { status, ..Arrival::at(outcome, transport, step) };
        }
    };
    let claims = taken.as_ref().map(|(taken, _)| &taken.claims);
    let (outcome, step, status) =
        authorize(hop, way, delivery, peer, transport, Seen { headers: &headers, claims, bytes });
    let mut arrival = Arrival { status, ..Arrival::at(outcome, transport, step) };
    arrival.cut = bytes;
    arrival.reads = !bytes;
    if let Some((taken, step)) = taken {
        arrival.steps.insert(0, step);
        arrival.cut_param = taken.param;
        arrival.headers = HeaderChanges { set: taken.set, add: Vec::new(), remove: taken.remove };
    }
    arrival
}

/// The headers as the proxy of the destination reads them.
fn as_read(way: &Way, transport: Transport) -> Vec<(String, String)> {
    let mut headers = way.headers.clone();
    headers.retain(|(name, _)| name != "x-envoy-internal" && (transport == Transport::Mtls || name != CLIENT_CERT));
    if !headers.iter().any(|(name, _)| name == PROTO) {
        headers.push((PROTO.into(), "http".into()));
    }
    headers
}

/// What policies see of a request beside the connection.
struct Seen<'a> {
    headers: &'a [(String, String)],
    claims: Option<&'a Claims>,
    /// They see no request at all.
    bytes: bool,
}

fn authorize(
    hop: &Hop,
    way: &Way,
    delivery: &Delivery,
    peer: &Peer,
    transport: Transport,
    seen: Seen,
) -> (Outcome, Step, Option<u16>) {
    let (index, pod, name) = (hop.index, &peer.pod, peer.name());
    let mtls = transport == Transport::Mtls;
    let path = way.paths.of(&way.path);
    let path = path.split('?').next().unwrap_or_default();
    // A sidecar trusts the last address that x-forwarded-for names, where it is one.
    let forwarded = way.headers.iter().rfind(|(n, _)| n == "x-forwarded-for").and_then(|(_, v)| v.rsplit(',').next());
    let forwarded = forwarded.map(str::trim).filter(|last| last.parse::<std::net::IpAddr>().is_ok());
    let (namespace, service) = &delivery.cluster.name;
    let request = Arriving {
        principal: mtls.then(|| hop.principal()),
        ip: &hop.from.ip,
        remote_ip: forwarded.filter(|_| !seen.bytes).unwrap_or(&hop.from.ip),
        method: &way.method,
        authority: &way.authority,
        path,
        query: way.query.as_deref(),
        headers: Headers {
            sent: seen.headers,
            made: if mtls { &[REQUEST_ID, CLIENT_CERT] } else { &[REQUEST_ID] },
            method: &way.method,
        },
        port: peer.port,
        destination_ip: &pod.ip,
        sni: mtls.then(|| {
            if !delivery.cluster.sni.is_empty() {
                return delivery.cluster.sni.clone();
            }
            let subset = delivery.cluster.subset.as_ref().map_or("", |(name, ..)| name.as_str());
            format!("outbound_.{}_.{subset}_.{}", delivery.cluster.port, service_host(namespace, service))
        }),
        settings: Some(&index.settings),
        claims: seen.claims,
        tcp: seen.bytes,
    };
    let (outcome, step) = match admit(index, &pod.namespace, &pod.labels, &request) {
        Admission::Allowed(None) => {
            (Outcome::Forwarded, Step::said("authorize", said!("no policy guards {name}", "没有策略守护 {name}")))
        }
        Admission::Allowed(Some((key, path))) => {
            let because = said!("{} allows it into {name}", "{} 允许它进入 {name}", short(&key));
            (Outcome::Forwarded, Step::by("authorize", &key, path, because))
        }
        Admission::Denied(key, path) => {
            let because = said!("a rule of {} denies it", "{} 的一条规则拒绝它", short(&key));
            (Outcome::Denied, Step::by("authorize", &key, path, because))
        }
        Admission::Failed(key, path, said) => {
            let because =
                said!("the authorizer that {} names does not answer", "{} 所指的授权服务没有应答", short(&key));
            return (Outcome::Denied, Step::by("authorize", &key, path, because), Some(said));
        }
        Admission::NotAllowed(key, path) => {
            let because = said!("no rule of {} allows it", "{} 没有规则允许它", short(&key));
            (Outcome::Denied, Step::by("authorize", &key, path, because))
        }
        Admission::Unknown(key, because) => (Outcome::Unknown, Step::by("authorize", &key, "spec", because)),
    };
    (outcome, step, None)
}

pub(super) fn short(key: &ObjectKey) -> String {
    format!("{} {}", key.kind, key.name)
}
