//! Who a version of a service is, and what it did.

use std::collections::BTreeSet;

use mesh::{Ready, selects};
use rollout::{Measured, Plan, Rates, RouteKind};
use signals::Inbound;

use super::callers::Callers;
use crate::map::Flow;
use crate::traffic::{Names, is_noise};

/// A version's pods.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Version {
    pub workloads: BTreeSet<Names>,
    pub ready: usize,
}

/// The pods of a version, as the plan names it; `None` where nobody knows this version.
pub(crate) fn version(ready: &Ready, plan: &Plan, name: &str) -> Option<Version> {
    let (service, labels) = match plan.route.kind {
        RouteKind::VirtualService => {
            let labels = ready.subset(&plan.service.namespace, &plan.service.name, name)?;
            (&*plan.service.name, labels)
        }
        RouteKind::HttpRoute => (name, world::Labels::new()),
    };
    let service = ready.world().service(&plan.service.namespace, service)?;
    let mut found = Version::default();
    for pod in ready.places().of_service(service).into_iter().filter(|pod| selects(&labels, &pod.labels)) {
        found.workloads.insert((pod.namespace.clone(), pod.workload.1.clone()));
        found.ready += usize::from(pod.ready);
    }
    Some(found)
}

/// The time between two looks, in whole seconds.
pub(crate) fn window(plan: &Plan) -> u32 {
    u32::try_from(plan.interval.as_secs()).unwrap_or(u32::MAX).max(1)
}

/// What both versions did, by the flows of an interval: of those that go through the route.
pub(crate) fn measured(ready: &Ready, plan: &Plan, callers: &Callers, flows: &[Flow]) -> Measured {
    let flows: Vec<&Flow> = flows.iter().filter(|flow| callers.include(flow)).collect();
    let of = |name: &str| version(ready, plan, name).and_then(|version| rates(&flows, &version.workloads));
    Measured { stable: of(&plan.stable), canary: of(&plan.canary) }
}

/// What a version's own proxies received of copies: what no caller counted. Istio's metrics at the caller tell of requests, and not of the
/// copies that its proxy makes of them; whoever gets a copy counts it like any request.
pub(super) fn copied(ready: &Ready, plan: &Plan, name: &str, inbound: &[Inbound], flows: &[Flow]) -> Option<Rates> {
    let workloads = version(ready, plan, name)?.workloads;
    let is_its = |part: &&Inbound| workloads.contains(&(part.workload.namespace.clone(), part.workload.name.clone()));
    let received = sum(inbound.iter().filter(is_its).map(|part| Rates {
        per_second: part.requests_per_second,
        error_share: part.error_share,
        p50: part.p50,
        p99: part.p99,
    }))?;
    let flows: Vec<&Flow> = flows.iter().filter(|flow| !flow.from.0.is_empty()).collect();
    let counted = rates(&flows, &workloads).map_or(0.0, |rates| rates.per_second);
    let per_second = received.per_second - counted;
    (!is_noise(per_second, received.per_second)).then_some(Rates { per_second, ..received })
}

fn rates(flows: &[&Flow], workloads: &BTreeSet<Names>) -> Option<Rates> {
    let is_its = |flow: &&&Flow| workloads.contains(&(flow.service.0.clone(), flow.workload.clone()));
    sum(flows.iter().filter(is_its).map(|flow| Rates {
        per_second: flow.per_second,
        error_share: flow.error_share,
        p50: flow.p50,
        p99: flow.p99,
    }))
}

/// `None` where there is nothing.
fn sum(parts: impl Iterator<Item = Rates>) -> Option<Rates> {
    let mut sum = Rates::default();
    let mut failed = 0.0;
    let mut any = false;
    for part in parts {
        any = true;
        sum.per_second += part.per_second;
        failed += part.per_second * part.error_share;
        // The worst caller's time counts: times of several callers do not add up.
        sum.p50 = sum.p50.into_iter().chain(part.p50).reduce(f64::max);
        sum.p99 = sum.p99.into_iter().chain(part.p99).reduce(f64::max);
    }
    sum.error_share = if sum.per_second > 0.0 { failed / sum.per_second } else { 0.0 };
    any.then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::Secured;

    #[test]
    fn rates_of_several_callers_are_weighted() {
        let flow = |workload: &str, per_second, error_share, p99| Flow {
            from: ("shop".into(), "page".into()),
            service: ("shop".into(), "reviews".into()),
            port: 9080,
            workload: workload.into(),
            protocol: "http".into(),
            per_second,
            error_share,
            denied_per_second: 0.0,
            p50: None,
            p99,
            secured: Secured::Mtls,
        };
        let flows = [flow("v1", 3.0, 0.0, Some(10.0)), flow("v1", 1.0, 0.4, Some(30.0)), flow("v2", 9.0, 1.0, None)];
        let flows: Vec<&Flow> = flows.iter().collect();
        let of = |name: &str| rates(&flows, &BTreeSet::from([("shop".to_owned(), name.to_owned())]));
        assert_eq!(of("v1"), Some(Rates { per_second: 4.0, error_share: 0.1, p50: None, p99: Some(30.0) }));
        assert_eq!(of("v3"), None);
    }
}
