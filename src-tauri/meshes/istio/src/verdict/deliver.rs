//! Splits the requests among the pods of their destinations and sums up what becomes of them.

use mesh::{Destination, HeaderChanges, Outcome, Resolved, Step, Transport, Verdict};

use super::arrive::arrive;
use super::endpoint::{Cluster, Peer};
use super::gateway;
use super::leave::straight;
use super::way::{Hop, Way};

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
pub(super) struct Arrival {
    pub outcome: Outcome,
    /// What the caller sees, where it is not what the outcome always gives.
    pub status: Option<u16>,
    /// The connection is cut, so that no answer comes from there: the proxy that made it answers, or nobody.
    pub cut: bool,
    pub transport: Transport,
    /// The proxy there reads the request, and so normalises its path.
    pub reads: bool,
    /// The parameter of the query that its proxy takes out.
    pub cut_param: Option<String>,
    /// What its proxy changes of the request's headers.
    pub headers: HeaderChanges,
    /// The last one decides.
    pub steps: Vec<Step>,
}

impl Arrival {
    /// With the status that the outcome always gives.
    pub fn at(outcome: Outcome, transport: Transport, step: Step) -> Self {
        Self {
            outcome,
            status: None,
            cut: false,
            transport,
            reads: false,
            cut_param: None,
            headers: HeaderChanges::default(),
            steps: vec![step],
        }
    }
}

/// One pod's part of the requests.
struct Part {
    share: f64,
    destination: usize,
    arrival: Arrival,
    workload: String,
}

/// Sends shares to their pods and sums up. `by_proxy` is the status of a connection that fails, where a proxy answers for it.
/// A proxy at a destination that reads the request normalises its path.
pub(super) fn deliver(
    hop: &Hop,
    way: &mut Way,
    deliveries: Vec<Delivery>,
    verdict: &mut Verdict,
    by_proxy: Option<u16>,
) {
    if let Some((delivery, peer)) = gateway::takes(hop, &deliveries) {
        return gateway::pass_on(hop, way, delivery, peer, verdict);
    }
    let deliveries: Vec<Delivery> = deliveries.into_iter().map(|delivery| chosen(hop, way, delivery)).collect();
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
            let arrival = arrive(hop, way, delivery, peer);
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
    if parts.iter().any(|part| part.arrival.reads) {
        way.normalize();
    }
    if let Some(part) = parts.iter().find(|part| part.arrival.cut_param.is_some()) {
        way.cut.clone_from(&part.arrival.cut_param);
    }
}

/// Where the caller's own choice of an address counts, the pods that it leads to.
fn chosen(hop: &Hop, way: &Way, mut delivery: Delivery) -> Delivery {
    let (Some(to), true) = (&way.to, delivery.cluster.passthrough.is_some()) else { return delivery };
    let cluster = &mut delivery.cluster;
    let port = way.target.port;
    match to {
        Resolved::Service(service) if (&service.namespace, &service.name) == (&cluster.name.0, &cluster.name.1) => {
            cluster.peers.iter_mut().for_each(|peer| peer.port = port);
        }
        Resolved::Service(service) => {
            cluster.peers = straight(hop.index, service, port).map(|c| c.peers).unwrap_or_default();
            cluster.addresses.clear();
        }
        Resolved::Pod(pod) => {
            cluster.peers = vec![Peer::of(pod, port)];
            cluster.addresses.clear();
        }
        Resolved::Outside(address) => {
            cluster.peers.clear();
            cluster.addresses = vec![address.clone()];
        }
        Resolved::Nowhere(_) => {}
    }
    delivery
}

fn nobody(delivery: &Delivery) -> Arrival {
    let cluster = &delivery.cluster;
    let step = match &cluster.subset {
        Some((name, key, path)) => {
            Step::by("deliver", key, path.clone(), format!("subset {name} of {} has no ready pods", cluster.name.1))
        }
        None => Step::said("deliver", format!("{} has no ready pods", cluster.name.1)),
    };
    Arrival::at(Outcome::NoDestination, Transport::Plaintext, step)
}

fn outside(delivery: &Delivery, address: &str) -> Arrival {
    let transport = match delivery.cluster.tls.as_ref().map(|(mode, ..)| mode.as_str()) {
        Some("SIMPLE" | "MUTUAL") => Transport::Tls,
        Some("ISTIO_MUTUAL") => Transport::Mtls,
        _ => Transport::Plaintext,
    };
    let step = Step::said("deliver", format!("to {address}, outside the cluster"));
    Arrival::at(Outcome::Forwarded, transport, step)
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
        Outcome::Denied => match parts.iter().find(|p| p.arrival.outcome == outcome) {
            Some(part) if part.arrival.cut => by_proxy,
            part => part.and_then(|p| p.arrival.status).or(Some(403)),
        },
        Outcome::Refused => by_proxy,
        Outcome::NoDestination => Some(503),
        _ => None,
    };
    tell(parts, outcome, verdict);
    if let Some(part) = parts.iter().find(|p| p.arrival.outcome == outcome) {
        let (changed, all) = (&part.arrival.headers, &mut verdict.request_headers);
        all.set.retain(|(name, _)| !changed.remove.iter().any(|gone| gone.eq_ignore_ascii_case(name)));
        all.set.extend(changed.set.iter().cloned());
        all.remove.extend(changed.remove.iter().cloned());
    }
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

/// The steps of each way in which pods take it; the one that decides the outcome comes last.
fn tell(parts: &[Part], outcome: Outcome, verdict: &mut Verdict) {
    let mut ways: Vec<(f64, &Arrival)> = Vec::new();
    for part in parts {
        match ways.iter_mut().find(|(_, a)| a.steps == part.arrival.steps) {
            Some((share, _)) => *share += part.share,
            None => ways.push((part.share, &part.arrival)),
        }
    }
    ways.sort_by_key(|(_, arrival)| arrival.outcome == outcome);
    let several = ways.iter().any(|(_, a)| a.outcome != outcome);
    for (share, arrival) in ways {
        for step in &arrival.steps {
            let mut step = step.clone();
            if several {
                let percent = (share * 1000.0).round() / 10.0;
                step.because = format!("for {percent} %: {}", step.because);
            }
            verdict.trace.push(step);
        }
        if arrival.outcome == Outcome::Unknown
            && let Some(step) = verdict.trace.last()
        {
            verdict.unknown.push(mesh::Unknown { about: "the destination".into(), because: step.because.clone() });
        }
    }
}
