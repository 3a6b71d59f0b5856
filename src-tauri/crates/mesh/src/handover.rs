//! Where two meshes meet: the caller's mesh brings a request to a pod, and the mesh of the pod takes it or not.

use std::sync::Arc;

use world::Pod;

use crate::{Caller, Lost, Outcome, Places, Reading, Received, Request, Verdict, target_port};

/// A forwarded request as the other meshes take it at the pods that it reaches.
pub(crate) fn hand_over(places: &Places, others: &[&dyn Reading], request: &Request, mut verdict: Verdict) -> Verdict {
    if verdict.outcome != Outcome::Forwarded || others.is_empty() {
        return verdict;
    }
    let ip = address(places, &request.from);
    let mut taken: Vec<(usize, String, Received)> = Vec::new();
    let mut reached = 0;
    for (at, destination) in verdict.destinations.iter().enumerate() {
        for workload in &destination.workloads {
            reached += 1;
            let found = pod(places, &destination.service, destination.port, workload);
            let received = found.and_then(|(pod, port)| others.iter().find_map(|r| r.receive(request, &ip, pod, port)));
            taken.extend(received.map(|received| (at, workload.clone(), received)));
        }
    }
    let refused = taken.iter().filter(|(.., r)| r.outcome != Outcome::Forwarded).count();
    if let Some((.., first)) = taken.iter().find(|(.., r)| r.outcome != Outcome::Forwarded)
        && (refused == reached || taken.iter().any(|(.., r)| r.outcome == Outcome::Unknown))
    {
        (verdict.outcome, verdict.status) = (first.outcome, first.status);
        // What was lost was lost of what arrives.
        verdict.lost.clear();
    }
    let shares: Vec<f64> = taken.iter().map(|(at, workload, _)| share(places, &verdict, *at, workload)).collect();
    for ((at, workload, received), share) in taken.into_iter().zip(shares) {
        if received.outcome != Outcome::Forwarded
            && verdict.outcome == Outcome::Forwarded
            && let Some(destination) = verdict.destinations.get_mut(at)
        {
            destination.workloads.retain(|w| *w != workload);
            if let Some(step) = received.steps.last() {
                let (outcome, status, step) = (received.outcome, received.status, step.clone());
                verdict.loses(Lost { destination: at, share, outcome, status, workloads: vec![workload], step });
            }
        }
        verdict
            .trace
            .extend(received.steps.into_iter().filter(|step| !verdict.trace.contains(step)).collect::<Vec<_>>());
        verdict.unknown.extend(received.unknown);
    }
    verdict
}

/// The part of the requests that one workload of a destination gets, as an even choice among the ready pods that take what is left would have it.
#[allow(clippy::cast_precision_loss, reason = "counts of pods")]
fn share(places: &Places, verdict: &Verdict, at: usize, workload: &str) -> f64 {
    let Some(destination) = verdict.destinations.get(at) else { return 0.0 };
    let ready = |workload: &str| {
        let pods = places.of_workload(&destination.service.0, workload);
        pods.into_iter().filter(|pod| pod.ready).count().max(1) as f64
    };
    let all: f64 = destination.workloads.iter().map(|workload| ready(workload)).sum();
    let lost: f64 = verdict.lost.iter().filter(|lost| lost.destination == at).map(|lost| lost.share).sum();
    (destination.share - lost).max(0.0) * ready(workload) / all
}

/// A ready pod of a workload behind a service, and its port; a pod that was asked for by its address stands for itself.
fn pod<'a>(places: &'a Places, service: &(String, String), port: u16, workload: &str) -> Option<(&'a Arc<Pod>, u16)> {
    let pod = places.of_workload(&service.0, workload).into_iter().find(|pod| pod.ready)?;
    match places.service(&service.0, &service.1) {
        Some(found) => Some((pod, target_port(found.ports.iter().find(|p| p.port == port)?, pod)?)),
        None => Some((pod, port)),
    }
}

/// The caller's address; empty where it is not known.
fn address(places: &Places, from: &Caller) -> String {
    let pods = match from {
        Caller::Workload { namespace, workload } => places.of_workload(namespace, workload),
        Caller::ServiceAccount { namespace, service_account } => places.of_account(namespace, service_account),
        Caller::Outside { ip } => return ip.clone(),
    };
    pods.iter().find(|p| p.ready).or(pods.first()).map(|p| p.ip.clone()).unwrap_or_default()
}
