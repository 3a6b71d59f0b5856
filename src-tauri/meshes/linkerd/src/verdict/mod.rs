//! What becomes of a request: the caller's proxy picks a pod and speaks mutual TLS to it where it can, the pod's proxy lets it in.

mod arrive;
#[cfg(test)]
mod cases;
mod out;

use std::sync::Arc;

use mesh::{
    Caller, Destination, Lost, Outcome, Received, Request, Resolved, Step, Target, Transport, Unknown, Verdict,
    target_port,
};
use world::{Pod, Service, said};

use crate::read::Index;
use crate::read::access::lists;
use arrive::{Arrival, arrive};

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct From {
    /// Its proxy takes the request out.
    pub meshed: bool,
    /// `client.shop.serviceaccount.identity.linkerd.cluster.local`, where its proxy takes the request.
    pub identity: Option<String>,
    /// Empty where it is not known.
    pub ip: String,
}

/// The verdict; `None` where neither end is in this mesh.
pub(crate) fn decide(index: &Index, request: &Request) -> Option<Verdict> {
    let (namespace, pods) = match &request.from {
        Caller::Workload { namespace, workload } => (namespace, index.places.of_workload(namespace, workload)),
        Caller::ServiceAccount { namespace, service_account } => {
            (namespace, index.places.of_account(namespace, service_account))
        }
        Caller::Outside { .. } => return None,
    };
    let pod = pods.iter().find(|p| p.ready).or(pods.first())?;
    let target = Target::of(request)?;
    let resolved = index.places.resolve(&target.host, namespace);
    if !index.is_meshed(pod) && !ends_in_mesh(index, &resolved) {
        return None;
    }
    let mut verdict = Verdict::unknown(request);
    if let Some(because) = index.unreadable() {
        return Some(verdict.because(("the configuration", "配置"), because));
    }
    verdict.trace.push(mesh::resolve_step(&target.host, &resolved));
    let from = caller(index, pod, target.port);
    if target.scheme == "https" && !matches!(resolved, Resolved::Outside(_) | Resolved::Nowhere(_)) {
        let because = (
            "its sender encrypts it, so that no proxy sees a request in it",
            "发送方自行加密，所以没有代理看到其中的请求",
        );
        return Some(verdict.because(("the request", "请求"), because));
    }
    if from.meshed
        && let Some(because) = out::unread(index, namespace, &resolved)
    {
        return Some(verdict.because(("the way out", "出口"), because));
    }
    let how = if from.meshed {
        (
            "the caller's Linkerd proxy picks a ready pod, and speaks mutual TLS to it where it is meshed too",
            "调用方的 Linkerd 代理选一个就绪的 Pod；若它也在网格中，则使用双向 TLS",
        )
    } else {
        (
            "the caller has no Linkerd proxy on this way, so it goes in plaintext",
            "调用方在这条路上没有 Linkerd 代理，所以以明文发出",
        )
    };
    verdict.trace.push(Step::said("leave", how));
    send(index, &from, &target, &resolved, &mut verdict);
    Some(verdict)
}

/// A request of somebody whom no proxy of this mesh sends.
pub(crate) fn receive(index: &Index, ip: &str, pod: &Pod, port: u16) -> Received {
    if let Some(because) = index.unreadable() {
        let unknown = vec![Unknown { about: ("the configuration", "配置").into(), because }];
        return Received { outcome: Outcome::Unknown, status: None, steps: Vec::new(), unknown };
    }
    let from = From { meshed: false, identity: None, ip: ip.to_owned() };
    let Arrival { outcome, status, steps, unknown, .. } = arrive(index, &from, pod, port);
    Received { outcome, status, steps, unknown }
}

fn caller(index: &Index, pod: &Pod, port: u16) -> From {
    let skipped = lists(&pod.annotations, "config.linkerd.io/skip-outbound-ports", port);
    let meshed = index.is_meshed(pod) && !skipped;
    let identity = meshed.then(|| index.settings.identity(&pod.namespace, &pod.service_account));
    From { meshed, identity, ip: pod.ip.clone() }
}

fn ends_in_mesh(index: &Index, resolved: &Resolved) -> bool {
    let meshed = |pod: &Arc<Pod>| index.is_meshed(pod);
    match resolved {
        Resolved::Service(service) => {
            let kept = || index.places.kept(service, None).unwrap_or_default();
            index.places.of_service(service).into_iter().any(meshed)
                || kept().iter().any(|kept| index.places.pod_at(&kept.address).is_some_and(meshed))
        }
        Resolved::Pod(pod) => meshed(pod),
        Resolved::Outside(_) | Resolved::Nowhere(_) => false,
    }
}

fn send(index: &Index, from: &From, target: &Target, resolved: &Resolved, verdict: &mut Verdict) {
    match resolved {
        Resolved::Nowhere(_) => verdict.ends(Outcome::Unresolved),
        Resolved::Outside(host) => {
            verdict.outcome = Outcome::Forwarded;
            verdict.transport = Some(if target.scheme == "https" { Transport::Tls } else { Transport::Plaintext });
            verdict.destinations = vec![Destination::outside(host, target.port)];
        }
        Resolved::Pod(pod) => {
            let arrivals = vec![(pod.workload.1.clone(), arrive(index, from, pod, target.port))];
            sum_up((pod.namespace.clone(), pod.name.clone()), target.port, arrivals, verdict);
        }
        Resolved::Service(service) => to_service(index, from, service, target.port, verdict),
    }
}

fn to_service(index: &Index, from: &From, service: &Service, port: u16, verdict: &mut Verdict) {
    let Some(found) = service.ports.iter().find(|p| p.port == port) else {
        let because = said!("Service {} has no port {port}", "Service {} 没有端口 {port}", service.name);
        verdict.trace.push(Step::said("connect", because));
        return verdict.ends(Outcome::Refused);
    };
    let kept = match index.places.kept(service, Some(&found.name)) {
        Ok(kept) => kept,
        Err(unknown) => return verdict.not_known(unknown),
    };
    let pods = index.places.of_service(service).into_iter().filter(|p| p.ready);
    let pods = pods.filter_map(|pod| Some((pod, target_port(found, pod)?)));
    let by_hand = kept.iter().filter_map(|kept| Some((index.places.pod_at(&kept.address)?, kept.port)));
    let arrivals: Vec<_> =
        pods.chain(by_hand).map(|(pod, port)| (pod.workload.1.clone(), arrive(index, from, pod, port))).collect();
    if let (true, Some(first)) = (arrivals.is_empty(), kept.first()) {
        verdict.outcome = Outcome::Forwarded;
        verdict.transport = Some(Transport::Plaintext);
        verdict.destinations = vec![Destination::outside(&first.address, first.port)];
        return;
    }
    if arrivals.is_empty() {
        let because = said!("Service {} has no ready pods", "Service {} 没有就绪的 Pod", service.name);
        verdict.trace.push(Step::said("deliver", because));
        verdict.ends(Outcome::NoDestination);
        // Upstream: linkerd/linkerd2-proxy linkerd/app/outbound/src/http/server.rs, ServerRescue: a balancer without endpoints fails fast.
        verdict.status = from.meshed.then_some(504);
        return;
    }
    sum_up((service.namespace.clone(), service.name.clone()), port, arrivals, verdict);
}

/// One outcome for all pods: forwarded where any takes it, else what most of them do.
fn sum_up(service: (String, String), port: u16, arrivals: Vec<(String, Arrival)>, verdict: &mut Verdict) {
    let count = |outcome: Outcome| arrivals.iter().filter(|(_, a)| a.outcome == outcome).count();
    let outcome = if count(Outcome::Unknown) > 0 {
        Outcome::Unknown
    } else if count(Outcome::Forwarded) > 0 {
        Outcome::Forwarded
    } else {
        Outcome::Denied
    };
    let all = arrivals.len();
    let mut ways: Vec<(usize, &Arrival)> = Vec::new();
    for (_, arrival) in &arrivals {
        match ways.iter_mut().find(|(_, a)| *a == arrival) {
            Some((count, _)) => *count += 1,
            None => ways.push((1, arrival)),
        }
    }
    ways.sort_by_key(|(_, arrival)| arrival.outcome == outcome);
    let several = ways.iter().any(|(_, a)| a.outcome != outcome);
    for (count, arrival) in &ways {
        for step in &arrival.steps {
            let mut step = step.clone();
            if several {
                let percent = count * 100 / all.max(1);
                step.because = world::Said::new(
                    format!("for {percent} %: {}", step.because.en),
                    format!("其中 {percent} %：{}", step.because.zh),
                );
            }
            verdict.trace.push(step);
        }
        verdict.unknown.extend(arrival.unknown.clone());
    }
    #[allow(clippy::cast_precision_loss, reason = "a count of pods")]
    let share = 1.0 / all.max(1) as f64;
    let refused = arrivals.iter().filter(|(_, a)| outcome == Outcome::Forwarded && !a.outcome.serves());
    for (workload, arrival) in refused {
        if let Some(step) = arrival.steps.last() {
            let (outcome, status, step) = (arrival.outcome, arrival.status, step.clone());
            verdict.loses(Lost { destination: 0, share, outcome, status, workloads: vec![workload.clone()], step });
        }
    }
    let deciding: Vec<_> = arrivals.iter().filter(|(_, a)| a.outcome == outcome).collect();
    verdict.outcome = outcome;
    verdict.status = deciding.first().and_then(|(_, a)| a.status);
    verdict.transport = deciding.first().map(|(_, a)| a.transport);
    let mut workloads: Vec<String> = deciding.iter().map(|(name, _)| name.clone()).collect();
    workloads.sort();
    workloads.dedup();
    verdict.destinations = vec![Destination { service, port, subset: None, share: 1.0, workloads }];
}
