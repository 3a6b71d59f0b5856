//! Requests that a pod in ambient mode sends or takes: the proxy of its node carries them in a tunnel (HBONE) and never reads them.

use mesh::{Membership, Mtls, Outcome, Resolved, Step, Transport, Verdict};
use world::{ObjectKey, Pod, Said, said};

use super::arrive::{because, short};
use super::deliver::{Arrival, Delivery};
use super::leave::{past_routes, reads};
use super::peers::Peer;
use super::said;
use super::way::{Hop, Way};
use super::waypoint::{Sought, through};
use crate::detect::{is_waypoint, tunnels};
use crate::kinds::authorization_policy::decide::{Admission, Arriving, ztunnel};
use crate::kinds::peer_authentication::decide::ztunnel::posture;
use crate::kinds::sidecar::Scope;
use crate::read::registry::Host;
use crate::read::waypoint::{Binding, GATEWAY_NAME};

/// The caller is in ambient mode: a waypoint of what it asks for takes the request, else one of its pods does. Neither VirtualServices nor
/// DestinationRules nor Sidecars hold on this way out. Upstream: istio/ztunnel src/proxy/outbound.rs, build_request.
pub(super) fn leave(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    let hop = &Hop { scope: Scope::whole(&hop.from.namespace), ..*hop };
    said(
        verdict,
        "leave",
        (
            "ztunnel carries the caller's connections: it reads no request, so no route of the caller applies",
            "ztunnel 承载调用方的连接：它不解析请求，所以调用方的路由不适用",
        ),
    );
    let (binding, sought) = match resolved {
        Resolved::Service(service) if service.is_headless() => (of_headless(hop, service), None),
        Resolved::Service(service) => {
            let has = service.ports.iter().any(|p| p.port == way.target.port);
            let binding = if has { hop.index.waypoint_of_service(service) } else { Binding::Pods };
            (binding, Some(Sought::Host(Host::Service(service.clone()))))
        }
        Resolved::Pod(pod) => (hop.index.waypoint_of_pod(pod), Some(Sought::Pod(pod.clone()))),
        Resolved::Outside(name) => match hop.index.host(&hop.scope, name, &hop.from.namespace) {
            Some(Host::Entry(entry, host, more)) => {
                (hop.index.waypoint_of_entry(&entry.document), Some(Sought::Host(Host::Entry(entry, host, more))))
            }
            _ => (Binding::Pods, None),
        },
        Resolved::Nowhere(_) => return,
    };
    match (binding, sought) {
        (Binding::Waypoint(waypoint), Some(sought)) => return through(hop, way, &waypoint, &sought, verdict),
        (Binding::Waypoint(waypoint), None) => {
            let why = said!(
                "pods of it are asked for by address, and some of them have waypoint {}",
                "按地址访问它的 Pod，而其中一些有 waypoint {}",
                waypoint.key
            );
            *verdict = verdict.clone().because(("the waypoint", "waypoint"), why);
            return;
        }
        (Binding::Unknown(why), _) => {
            *verdict = verdict.clone().because(("the waypoint", "waypoint"), why);
            return;
        }
        (Binding::Unbound((key, path), why), _) => {
            let because = Said::new(
                format!("{}: requests go straight to the pods, past its routes and policies", why.en),
                format!("{}：请求直接发往 Pod，绕过它的路由和策略", why.zh),
            );
            verdict.trace.push(Step::by("waypoint", &key, path, because));
        }
        (Binding::Pods, _) => {}
    }
    if way.target.scheme == "https" && read_there(hop, resolved) {
        let why = (
            "its sender encrypts it, so the proxy of the destination sees no request in it",
            "发送方自行加密，所以目的地的代理看不到其中的请求",
        );
        *verdict = verdict.clone().because(("the request", "请求"), why);
        return;
    }
    past_routes(hop, way, resolved, verdict, None);
}

/// A headless service stands for the addresses of its pods, each with a waypoint of its own or none.
fn of_headless(hop: &Hop, service: &world::Service) -> Binding {
    let pods = hop.index.places.of_service(service);
    let mut bound = pods.into_iter().map(|pod| hop.index.waypoint_of_pod(pod));
    bound.find(|binding| *binding != Binding::Pods).unwrap_or(Binding::Pods)
}

/// Whether a proxy of the destination reads requests.
fn read_there(hop: &Hop, resolved: &Resolved) -> bool {
    match resolved {
        Resolved::Service(service) => hop.index.places.of_service(service).into_iter().any(|pod| reads(hop.index, pod)),
        Resolved::Pod(pod) => reads(hop.index, pod),
        Resolved::Outside(_) | Resolved::Nowhere(_) => false,
    }
}

/// Whether the sender speaks mutual TLS to a pod with a sidecar. ztunnel and waypoints know HBONE alone, which a sidecar answers where its pod says
/// so; to services that are not its own a waypoint speaks as a gateway does.
/// Upstream: istio/istio pilot/pkg/xds/endpoints/endpoint_builder.go, buildEnvoyLbEndpoint; pilot/pkg/serviceregistry/ambient/workloads.go,
/// setTunnelProtocol.
pub(super) fn reaches_sidecar(hop: &Hop, delivery: &Delivery, pod: &Pod) -> bool {
    match hop.from.membership {
        Some(Membership::Node) => tunnels(&pod.labels),
        Some(Membership::Gateway) if is_waypoint(&hop.from.labels) => {
            tunnels(&pod.labels) || !is_its_own(hop, &delivery.cluster.name)
        }
        _ => true,
    }
}

/// Whether a service is one of those that the sender, a waypoint, takes requests for.
fn is_its_own(hop: &Hop, (namespace, name): &(String, String)) -> bool {
    let Some(service) = hop.index.places.service(namespace, name) else { return false };
    let Binding::Waypoint(waypoint) = hop.index.waypoint_of_service(service) else { return false };
    let own = hop.from.labels.get(GATEWAY_NAME);
    waypoint.key.namespace == hop.from.namespace && own == Some(&waypoint.key.name)
}

/// A pod in ambient mode takes a connection, by HBONE from whoever knows it (sidecars and gateways do, whatever TLS mode a rule sets), else in
/// plaintext. Its policies see the connection alone. Upstream: istio/ztunnel src/proxy/inbound.rs and inbound_passthrough.rs; istio/istio
/// pilot/pkg/networking/core/cluster_tls.go, applyHBONETransportSocketMatches.
pub(super) fn arrive(hop: &Hop, delivery: &Delivery, peer: &Peer) -> Arrival {
    let (pod, name) = (&peer.pod, peer.name());
    let transport = if delivery.plain { Transport::Plaintext } else { Transport::Mtls };
    if let Some((mode, key, path)) = &delivery.cluster.tls
        && matches!(mode.as_str(), "SIMPLE" | "MUTUAL")
        && !delivery.plain
    {
        let because = said!(
            "the rule asks for TLS inside the tunnel, and whether {name} itself speaks it is not known",
            "规则要求隧道内使用 TLS，而 {name} 自身是否使用 TLS 不得而知"
        );
        return Arrival::at(Outcome::Unknown, transport, Step::by("transport", key, path.clone(), because));
    }
    if delivery.plain && pod.annotations.get("ambient.istio.io/bypass-inbound-capture").is_some_and(|v| v == "true") {
        let because = said!(
            "{name} takes plaintext past its ztunnel, so nothing checks it there",
            "{name} 绕过 ztunnel 接受明文，所以那里没有检查"
        );
        return Arrival::at(Outcome::Forwarded, transport, Step::said("deliver", because));
    }
    let posture = posture(hop.index, &pod.namespace, &pod.labels, Some(peer.port));
    if posture.mtls == Mtls::Strict && delivery.plain {
        let by = posture.object.map(|key| (key, posture.path));
        let step = because(
            "transport",
            by,
            said!("{name} takes only HBONE, and this comes in plaintext", "{name} 只接受 HBONE，而这是明文"),
        );
        return Arrival { cut: true, ..Arrival::at(Outcome::Refused, transport, step) };
    }
    let how = if delivery.plain {
        Step::said(
            "transport",
            said!(
                "ztunnel of {name} takes it in plaintext, from nobody that it knows",
                "{name} 的 ztunnel 以明文接收，来源身份未知"
            ),
        )
    } else {
        Step::said(
            "tunnel",
            said!(
                "ztunnel of {name} takes it by HBONE, from {}",
                "{name} 的 ztunnel 通过 HBONE 接收，来自 {}",
                hop.principal()
            ),
        )
    };
    authorize(hop, peer, transport, how)
}

fn authorize(hop: &Hop, peer: &Peer, transport: Transport, how: Step) -> Arrival {
    let (index, pod, name) = (hop.index, &peer.pod, peer.name());
    let request = Arriving {
        principal: (transport == Transport::Mtls).then(|| hop.principal()),
        ip: &hop.from.ip,
        port: peer.port,
        destination_ip: &pod.ip,
        tcp: true,
        ..Arriving::default()
    };
    let by = |outcome, (key, path): (ObjectKey, String), because: Said| {
        (outcome, Step::by("authorize", &key, path, because))
    };
    let (outcome, last) = match ztunnel::admit(index, &pod.namespace, &pod.labels, &request) {
        Admission::Allowed(None) => (
            Outcome::Forwarded,
            Step::said("authorize", said!("no policy of connections guards {name}", "没有连接策略守护 {name}")),
        ),
        Admission::Allowed(Some(place)) => {
            let because = said!("{} allows it into {name}", "{} 允许它进入 {name}", short(&place.0));
            by(Outcome::Forwarded, place, because)
        }
        Admission::Denied(key, path) => {
            let because = said!("a rule of {} denies the connection", "{} 的一条规则拒绝此连接", short(&key));
            by(Outcome::Denied, (key, path), because)
        }
        Admission::Failed(key, path, _) | Admission::NotAllowed(key, path) => {
            let because = said!("no rule of {} allows the connection", "{} 没有规则允许此连接", short(&key));
            by(Outcome::Denied, (key, path), because)
        }
        Admission::Unknown(key, because) => by(Outcome::Unknown, (key, "spec".into()), because),
    };
    let lost = ztunnel::losses(index, &pod.namespace, &pod.labels);
    let lost = lost.into_iter().map(|loss| Step::by("authorize", &loss.key, loss.path, loss.because));
    let steps = std::iter::once(how).chain(lost).chain([last]).collect();
    let headers = mesh::HeaderChanges::default();
    Arrival {
        outcome,
        status: None,
        cut: outcome == Outcome::Denied,
        transport,
        reads: false,
        cut_param: None,
        headers,
        steps,
    }
}
