//! What happens at the destinations: the connection, then the policies of each workload.

use mesh::{Destination, Membership, Mtls, Outcome, Step, Transport, Verdict};
use world::ObjectKey;

use super::Way;
use super::endpoint::{Cluster, Peer};
use super::leave::opaque;
use crate::detect::membership;
use crate::kinds::authorization_policy::decide::{Admission, Arriving, admit};
use crate::kinds::peer_authentication::decide::posture;
use crate::kinds::{SECURITY, Selector};
use crate::read::Index;
use crate::read::hosts::service_host;
use crate::read::path::normalized;
use crate::read::registry::{Speech, speech};

/// A share of the requests for one destination.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    /// 0 to 1.
    pub share: f64,
    pub cluster: Cluster,
    /// It goes in plaintext, whatever rules say.
    pub plain: bool,
}

/// How one pod takes the request.
#[derive(Clone, Debug, PartialEq)]
struct Arrival {
    outcome: Outcome,
    transport: Transport,
    step: Step,
}

/// One pod's part of the requests.
struct Part {
    share: f64,
    destination: usize,
    arrival: Arrival,
    workload: String,
}

/// Sends shares to their pods and sums up. `by_proxy` is the status of a connection that fails, where a proxy answers for it.
pub(super) fn deliver(
    index: &Index,
    way: &Way,
    deliveries: Vec<Delivery>,
    verdict: &mut Verdict,
    by_proxy: Option<u16>,
) {
    let mut parts = Vec::new();
    for (at, delivery) in deliveries.iter().enumerate() {
        let cluster = &delivery.cluster;
        let ready = cluster.peers.len() + cluster.addresses.len();
        if ready == 0 {
            parts.push(Part {
                share: delivery.share,
                destination: at,
                arrival: nobody(delivery),
                workload: String::new(),
            });
        }
        #[allow(clippy::cast_precision_loss, reason = "a count of pods")]
        let each = delivery.share / ready.max(1) as f64;
        for peer in &cluster.peers {
            let arrival = arrive(index, way, delivery, peer);
            parts.push(Part { share: each, destination: at, arrival, workload: peer.pod.workload.1.clone() });
        }
        for address in &cluster.addresses {
            parts.push(Part {
                share: each,
                destination: at,
                arrival: outside(delivery, address),
                workload: String::new(),
            });
        }
    }
    sum_up(deliveries, &parts, verdict, by_proxy);
}

fn nobody(delivery: &Delivery) -> Arrival {
    let cluster = &delivery.cluster;
    let step = match &cluster.subset {
        Some((name, key, path)) => {
            Step::by("deliver", key, path.clone(), format!("subset {name} of {} has no ready pods", cluster.name.1))
        }
        None => Step::said("deliver", format!("{} has no ready pods", cluster.name.1)),
    };
    Arrival { outcome: Outcome::NoDestination, transport: Transport::Plaintext, step }
}

fn outside(delivery: &Delivery, address: &str) -> Arrival {
    let transport = match delivery.cluster.tls.as_ref().map(|(mode, ..)| mode.as_str()) {
        Some("SIMPLE" | "MUTUAL") => Transport::Tls,
        Some("ISTIO_MUTUAL") => Transport::Mtls,
        _ => Transport::Plaintext,
    };
    Arrival {
        outcome: Outcome::Forwarded,
        transport,
        step: Step::said("deliver", format!("to {address}, outside the cluster")),
    }
}

/// Connects to one pod and asks its policies.
fn arrive(index: &Index, way: &Way, delivery: &Delivery, peer: &Peer) -> Arrival {
    let pod = &peer.pod;
    let member = membership(&index.world, pod);
    let intercepted = member.is_some() && !excluded(&pod.annotations, peer.port);
    let posture = posture(index, &pod.namespace, &pod.labels, Some(peer.port));
    let (transport, why) =
        connect(delivery, intercepted && member == Some(Membership::Sidecar) && posture.mtls != Mtls::Disabled);
    let end = |outcome, step| Arrival { outcome, transport, step };
    let name = format!("{}/{}", pod.namespace, pod.workload.1);
    match member {
        Some(Membership::Gateway) => {
            return end(
                Outcome::Unknown,
                Step::said("deliver", format!("{name} is a gateway, which a later version decides")),
            );
        }
        Some(Membership::Node) => {
            return end(
                Outcome::Unknown,
                Step::said("deliver", format!("{name} is in ambient mode, which a later version decides")),
            );
        }
        Some(Membership::Sidecar) if intercepted => {}
        _ => {
            return match transport {
                Transport::Mtls => end(
                    Outcome::Refused,
                    because("transport", why, format!("{name} has no proxy that could answer mutual TLS")),
                ),
                Transport::Tls => end(
                    Outcome::Unknown,
                    because("transport", why, format!("whether {name} itself speaks TLS is not known")),
                ),
                Transport::Plaintext => end(
                    Outcome::Forwarded,
                    because("deliver", why, format!("{name} has no proxy, so nothing checks it there")),
                ),
            };
        }
    }
    let by_posture = posture.object.clone().map(|key| (key, posture.path.clone()));
    match (posture.mtls, transport) {
        (Mtls::Strict, Transport::Plaintext) => {
            return end(
                Outcome::Refused,
                because("transport", by_posture, format!("{name} takes only mutual TLS, and this comes in plaintext")),
            );
        }
        (Mtls::Disabled, Transport::Mtls) => {
            return end(
                Outcome::Refused,
                because(
                    "transport",
                    why.or(by_posture),
                    format!("{name} takes only plaintext, and the caller's proxy insists on mutual TLS"),
                ),
            );
        }
        (_, Transport::Tls) => {
            return end(
                Outcome::Refused,
                because(
                    "transport",
                    why,
                    format!("the proxy of {name} takes TLS of the mesh alone, and the rule asks for plain TLS"),
                ),
            );
        }
        _ => {}
    }
    if let Some(key) = opaque(index, &pod.namespace, &pod.labels) {
        return end(
            Outcome::Unknown,
            Step::by("authorize", key, "spec", format!("{key} changes the proxy of {name} by hand")),
        );
    }
    let (outcome, step) = authorize(index, way, delivery, peer, transport);
    end(outcome, step)
}

/// How the caller's proxy connects: as a DestinationRule says, else mutual TLS where the other side can.
/// Upstream: istio/istio pilot/pkg/networking/core/cluster_tls.go, buildUpstreamTLSSettings.
fn connect(delivery: &Delivery, can_mutual: bool) -> (Transport, Option<(ObjectKey, String)>) {
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

fn because(step: &'static str, object: Option<(ObjectKey, String)>, because: String) -> Step {
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

fn authorize(index: &Index, way: &Way, delivery: &Delivery, peer: &Peer, transport: Transport) -> (Outcome, Step) {
    let pod = &peer.pod;
    let name = format!("{}/{}", pod.namespace, pod.workload.1);
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
        principal: mtls.then(|| way.from.principal()),
        ip: &way.from.ip,
        remote_ip: forwarded.map_or(way.from.ip.as_str(), str::trim),
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

fn short(key: &ObjectKey) -> String {
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

/// One outcome for all shares: forwarded where any arrives, else what most of them meet.
fn sum_up(deliveries: Vec<Delivery>, parts: &[Part], verdict: &mut Verdict, by_proxy: Option<u16>) {
    let share_of =
        |outcome: Outcome| parts.iter().filter(|p| p.arrival.outcome == outcome).map(|p| p.share).sum::<f64>();
    let kinds = [Outcome::Denied, Outcome::Refused, Outcome::NoDestination];
    let outcome = if share_of(Outcome::Unknown) > 0.0 {
        Outcome::Unknown
    } else if share_of(Outcome::Forwarded) > 0.0 {
        Outcome::Forwarded
    } else {
        kinds.into_iter().max_by(|a, b| share_of(*a).total_cmp(&share_of(*b))).unwrap_or(Outcome::NoDestination)
    };
    verdict.outcome = outcome;
    verdict.status = match outcome {
        Outcome::Denied => Some(403),
        Outcome::Refused => by_proxy,
        Outcome::NoDestination => Some(503),
        _ => None,
    };
    tell(parts, outcome, verdict);
    let reached = |at: usize| {
        parts
            .iter()
            .filter(move |p| p.destination == at && (outcome != Outcome::Forwarded || p.arrival.outcome == outcome))
    };
    verdict.destinations = deliveries
        .into_iter()
        .enumerate()
        .map(|(at, d)| {
            let mut workloads: Vec<String> =
                reached(at).map(|p| p.workload.clone()).filter(|w| !w.is_empty()).collect();
            workloads.sort();
            workloads.dedup();
            Destination {
                service: d.cluster.name,
                port: d.cluster.port,
                subset: d.cluster.subset.map(|s| s.0),
                share: d.share,
                workloads,
            }
        })
        .collect();
    let travels = parts.iter().filter(|p| p.arrival.outcome == Outcome::Forwarded || outcome != Outcome::Forwarded);
    let travels = travels.filter(|p| p.arrival.outcome != Outcome::NoDestination);
    let mut seen: Vec<(Transport, f64)> = Vec::new();
    for part in travels {
        match seen.iter_mut().find(|(t, _)| *t == part.arrival.transport) {
            Some((_, share)) => *share += part.share,
            None => seen.push((part.arrival.transport, part.share)),
        }
    }
    verdict.transport = seen.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(t, _)| t);
}

/// One step for each way in which pods take it; the one that decides the outcome comes last.
fn tell(parts: &[Part], outcome: Outcome, verdict: &mut Verdict) {
    let mut steps: Vec<(f64, &Arrival)> = Vec::new();
    for part in parts {
        match steps.iter_mut().find(|(_, a)| a.step == part.arrival.step) {
            Some((share, _)) => *share += part.share,
            None => steps.push((part.share, &part.arrival)),
        }
    }
    steps.sort_by_key(|(_, arrival)| arrival.outcome == outcome);
    let several = steps.iter().any(|(_, a)| a.outcome != outcome);
    for (share, arrival) in steps {
        let mut step = arrival.step.clone();
        if several {
            let percent = (share * 1000.0).round() / 10.0;
            step.because = format!("for {percent} %: {}", step.because);
        }
        if arrival.outcome == Outcome::Unknown {
            verdict.unknown.push(mesh::Unknown { about: "the destination".into(), because: step.because.clone() });
        }
        verdict.trace.push(step);
    }
}

/// Used by the route where a destination does not exist at all.
pub(super) fn missing(name: (String, String), port: u16) -> Cluster {
    Cluster { name, port, subset: None, peers: Vec::new(), addresses: Vec::new(), tls: None }
}
