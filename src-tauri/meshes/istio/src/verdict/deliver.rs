//! Splits the requests among the pods of their destinations and sums up what becomes of them.

use mesh::{Destination, HeaderChanges, Lost, Outcome, Resolved, Step, Transport, Verdict};
use world::{Said, said};

use super::arrive::{arrive, shown};
use super::balance;
use super::endpoint::Cluster;
use super::gateway;
use super::leave::straight;
use super::peers::{Address, Peer};
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

    /// The status that the caller sees. `by_proxy` is that of a connection that fails, where a proxy answers for it.
    fn seen_as(&self, by_proxy: Option<u16>) -> Option<u16> {
        match self.outcome {
            Outcome::Denied if self.cut => by_proxy,
            Outcome::Denied => self.status.or(Some(403)),
            Outcome::Direct => self.status,
            Outcome::Refused => by_proxy,
            Outcome::NoDestination => Some(503),
            _ => None,
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
        gateway::pass_on(hop, way, delivery, peer, verdict);
        if matches!(verdict.outcome, Outcome::Refused | Outcome::NoDestination) {
            verdict.status = verdict.status.or(by_proxy);
        }
        return;
    }
    let deliveries = match gateway::by_waypoint(hop, way, deliveries, verdict) {
        Some(deliveries) => deliveries,
        None => return,
    };
    for delivery in &deliveries {
        verdict.settings.extend(delivery.cluster.settings.clone());
    }
    for fact in deliveries.iter().flat_map(|delivery| &delivery.cluster.facts) {
        // What is said of the host holds for each of its subsets.
        if !verdict.trace.contains(fact) {
            verdict.trace.push(fact.clone());
        }
    }
    let deliveries: Vec<Delivery> = deliveries.into_iter().map(|delivery| chosen(hop, way, delivery)).collect();
    let mut parts = Vec::new();
    for (at, delivery) in deliveries.iter().enumerate() {
        let cluster = &delivery.cluster;
        let shares = balance::shares(hop, cluster);
        if shares.iter().all(|share| *share <= 0.0) {
            parts.push(Part {
                share: delivery.share,
                destination: at,
                arrival: nobody(hop, delivery),
                workload: String::new(),
            });
        }
        let (of_peers, of_addresses) = shares.split_at(cluster.peers.len());
        for (peer, share) in cluster.peers.iter().zip(of_peers).filter(|(_, share)| **share > 0.0) {
            let (share, workload) = (delivery.share * share, peer.pod.workload.1.clone());
            parts.push(Part { share, destination: at, arrival: arrive(hop, way, delivery, peer), workload });
        }
        for (address, share) in cluster.addresses.iter().zip(of_addresses).filter(|(_, share)| **share > 0.0) {
            let (share, arrival) = (delivery.share * share, outside(way, delivery, &address.name));
            parts.push(Part { share, destination: at, arrival, workload: String::new() });
        }
    }
    if let Some(why) = deliveries.iter().find_map(|delivery| balance::unplaced(hop, &delivery.cluster)) {
        unplaced(&parts, why, verdict);
    }
    if by_proxy.is_some() {
        try_again(&mut parts, verdict);
    }
    sum_up(deliveries, &parts, verdict, by_proxy);
    if parts.iter().any(|part| part.arrival.reads) {
        way.normalize();
    }
    if let Some(part) = parts.iter().find(|part| part.arrival.cut_param.is_some()) {
        part.arrival.cut_param.iter().for_each(|param| way.cut(param));
    }
}

/// Nearer pods are preferred, and which are nearer is not known: that matters where not all take the request alike.
fn unplaced(parts: &[Part], why: Said, verdict: &mut Verdict) {
    let same = |part: &Part| (part.arrival.outcome, part.arrival.transport);
    if parts.iter().any(|part| Some(same(part)) != parts.first().map(same)) {
        verdict
            .unknown
            .push(mesh::Unknown {
                about: ("the pods that are preferred", "优先的 Pod").into(), because: why.clone()
            });
    }
    let because = Said::new(
        format!("nearer pods are preferred, and which are nearer is not known: {}", why.en),
        format!("优先较近的 Pod，而哪些较近不得而知：{}", why.zh),
    );
    verdict.trace.push(Step::said("deliver", because));
}

/// A connection that comes to nothing is tried again with another pod of the same destination, as often as the rule says; twice unless it does.
/// Upstream: istio/istio pilot/pkg/networking/core/route/retry/retry.go, DefaultPolicy.
fn try_again(parts: &mut Vec<Part>, verdict: &mut Verdict) {
    let attempts = verdict.retries.as_ref().map_or(2, |r| usize::try_from(r.attempts).unwrap_or(usize::MAX));
    let fails =
        |part: &Part| part.arrival.outcome == Outcome::Refused && part.arrival.transport != Transport::Plaintext;
    let destinations: std::collections::BTreeSet<usize> = parts.iter().map(|part| part.destination).collect();
    for at in destinations {
        let mine = || parts.iter().filter(|part| part.destination == at);
        let (failing, all) = (mine().filter(|part| fails(part)).count(), mine().count());
        if failing == 0 || failing == all || failing > attempts {
            continue;
        }
        let lost: f64 = mine().filter(|part| fails(part)).map(|part| part.share).sum();
        for step in mine().filter(|part| fails(part)).flat_map(|part| &part.arrival.steps) {
            let because = Said::new(
                format!("{}: the proxy tries another pod", step.because.en),
                format!("{}：代理会另选一个 Pod", step.because.zh),
            );
            verdict.trace.push(Step { because, ..step.clone() });
        }
        parts.retain(|part| part.destination != at || !fails(part));
        #[allow(clippy::cast_precision_loss, reason = "a count of pods")]
        let each = lost / (all - failing) as f64;
        parts.iter_mut().filter(|part| part.destination == at).for_each(|part| part.share += each);
    }
}

/// Where the caller's own choice of an address counts, the pods that it leads to.
fn chosen(hop: &Hop, way: &Way, mut delivery: Delivery) -> Delivery {
    let (Some(to), true) = (&way.to, delivery.cluster.passthrough) else { return delivery };
    let cluster = &mut delivery.cluster;
    let port = way.target.port;
    match to {
        Resolved::Service(service) if (&service.namespace, &service.name) == (&cluster.name.0, &cluster.name.1) => {
            if !service.is_headless() {
                return delivery;
            }
            // The caller's port is the pods' own, whatever the Service says of theirs.
            for peer in &mut cluster.peers {
                peer.silent = peer.port != port && !peer.declares(port);
                peer.port = port;
            }
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
            cluster.addresses = vec![Address { name: address.clone(), stand: balance::Stand::default() }];
        }
        Resolved::Nowhere(_) => {}
    }
    delivery
}

fn nobody(hop: &Hop, delivery: &Delivery) -> Arrival {
    let cluster = &delivery.cluster;
    let (namespace, name) = &cluster.name;
    if let Some(service) = hop.index.places.service(namespace, name)
        && let Err(unknown) = hop.index.places.kept(service, None)
    {
        return Arrival::at(Outcome::Unknown, Transport::Plaintext, Step::said("deliver", unknown.because));
    }
    let step = match &cluster.subset {
        Some((name, key, path)) => Step::by(
            "deliver",
            key,
            path.clone(),
            said!("subset {name} of {} has no ready pods", "{} 的版本 {name} 没有就绪的 Pod", cluster.name.1),
        ),
        None => Step::said("deliver", said!("{} has no ready pods", "{} 没有就绪的 Pod", cluster.name.1)),
    };
    Arrival::at(Outcome::NoDestination, Transport::Plaintext, step)
}

fn outside(way: &Way, delivery: &Delivery, address: &str) -> Arrival {
    let transport = match delivery.cluster.tls.as_ref().map(|(mode, ..)| mode.as_str()) {
        Some("SIMPLE" | "MUTUAL") => Transport::Tls,
        Some("ISTIO_MUTUAL") => Transport::Mtls,
        _ => Transport::Plaintext,
    };
    let step = Step::said("deliver", said!("to {address}, outside the cluster", "到集群外的 {address}"));
    Arrival::at(Outcome::Forwarded, shown(way, transport), step)
}

/// One outcome for all shares: forwarded where any arrives, else what most of them meet.
fn sum_up(deliveries: Vec<Delivery>, parts: &[Part], verdict: &mut Verdict, by_proxy: Option<u16>) {
    let share_of =
        |outcome: Outcome| parts.iter().filter(|p| p.arrival.outcome == outcome).map(|p| p.share).sum::<f64>();
    let kinds = [Outcome::Denied, Outcome::Refused, Outcome::NoDestination, Outcome::Direct];
    let outcome = if share_of(Outcome::Unknown) > 0.0 {
        Outcome::Unknown
    } else if share_of(Outcome::Forwarded) > 0.0 {
        Outcome::Forwarded
    } else {
        kinds.into_iter().max_by(|a, b| share_of(*a).total_cmp(&share_of(*b))).unwrap_or(Outcome::NoDestination)
    };
    verdict.outcome = outcome;
    verdict.status = match parts.iter().find(|p| p.arrival.outcome == outcome) {
        Some(part) => part.arrival.seen_as(by_proxy),
        None => (outcome == Outcome::NoDestination).then_some(503),
    };
    tell(parts, outcome, verdict);
    for part in parts.iter().filter(|p| outcome == Outcome::Forwarded && !p.arrival.outcome.serves()) {
        let Arrival { outcome, steps, .. } = &part.arrival;
        let Some(step) = steps.last().cloned() else { continue };
        let workloads = Some(part.workload.clone()).filter(|workload| !workload.is_empty()).into_iter().collect();
        let status = part.arrival.seen_as(by_proxy);
        let (destination, share, outcome) = (part.destination, part.share, *outcome);
        verdict.loses(Lost { destination, share, outcome, status, workloads, step });
    }
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
    if seen.len() > 1 {
        let each: Vec<Said> = seen
            .iter()
            .map(|(t, share)| {
                let (percent, (en, zh)) = ((share * 1000.0).round() / 10.0, in_words(*t));
                said!("{percent} % {en}", "{percent} % {zh}")
            })
            .collect();
        let each = Said::list(&each);
        let because = Said::new(
            format!("its pods are not all called alike: {}", each.en),
            format!("到各个 Pod 的方式不同：{}", each.zh),
        );
        verdict.trace.push(Step::said("transport", because));
    }
    verdict.transport = seen.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(t, _)| t);
}

fn in_words(transport: Transport) -> (&'static str, &'static str) {
    match transport {
        Transport::Mtls => ("in mutual TLS", "以双向 TLS"),
        Transport::Tls => ("in TLS", "以 TLS"),
        Transport::Plaintext => ("in plaintext", "以明文"),
    }
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
                step.because = Said::new(
                    format!("for {percent} %: {}", step.because.en),
                    format!("其中 {percent} %：{}", step.because.zh),
                );
            }
            verdict.trace.push(step);
        }
        if arrival.outcome == Outcome::Unknown
            && let Some(step) = verdict.trace.last()
        {
            verdict
                .unknown
                .push(mesh::Unknown { about: ("the destination", "目的地").into(), because: step.because.clone() });
        }
    }
}
