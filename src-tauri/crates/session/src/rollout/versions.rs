//! Who a version of a service is, and what it did.

use std::collections::BTreeSet;

use mesh::{Ready, selects};
use rollout::{Measured, Plan, Rates, RouteKind};

use crate::map::Flow;
use crate::traffic::Names;

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

/// What both versions did, by the flows of an interval.
pub(crate) fn measured(ready: &Ready, plan: &Plan, flows: &[Flow]) -> Measured {
    let of = |name: &str| version(ready, plan, name).and_then(|version| rates(flows, &version.workloads));
    Measured { stable: of(&plan.stable), canary: of(&plan.canary) }
}

fn rates(flows: &[Flow], workloads: &BTreeSet<Names>) -> Option<Rates> {
    let mut sum = Rates::default();
    let mut failed = 0.0;
    let mut any = false;
    for flow in flows {
        if !workloads.contains(&(flow.service.0.clone(), flow.workload.clone())) {
            continue;
        }
        any = true;
        sum.per_second += flow.per_second;
        failed += flow.per_second * flow.error_share;
        // The worst caller's time counts: times of several callers do not add up.
        sum.p50 = sum.p50.into_iter().chain(flow.p50).reduce(f64::max);
        sum.p99 = sum.p99.into_iter().chain(flow.p99).reduce(f64::max);
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
        let of = |name: &str| rates(&flows, &BTreeSet::from([("shop".to_owned(), name.to_owned())]));
        assert_eq!(of("v1"), Some(Rates { per_second: 4.0, error_share: 0.1, p50: None, p99: Some(30.0) }));
        assert_eq!(of("v3"), None);
    }
}
