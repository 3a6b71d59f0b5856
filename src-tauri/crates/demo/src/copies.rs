//! Copies of requests. Their answers go nowhere, and proxies count them: that of the caller among what it asks of the version that gets
//! them, that of the version like any request. Istio's own metrics tell of them at the version alone.
//! Seen on a genuine mesh: of 50 requests with `mirrorPercentage` 100 both clusters of the caller count 50 in `upstream_rq_200` and
//! `upstream_rq_time`, and the version's `inbound` cluster 50.

use mesh::{Destination, Mirror, Transport, selects};
use world::Labels;

use crate::traffic::{Names, Sent, State, cluster_of};

impl State {
    /// A copy of a request is sent.
    pub(crate) fn copy(&mut self, sent: &Sent, mirror: &Mirror) {
        let Some((destination, pod)) = self.copied_to(mirror) else { return };
        let (call, verdict) = (sent.call, sent.verdict.clone());
        let mut copy = Sent { pod: sent.pod.clone(), call, verdict, code: None, milliseconds: 0.3 };
        self.answer(&mut copy, &pod);
        self.count_at_destination(&copy, &destination, &pod, true);
        let mtls = copy.verdict.transport == Some(Transport::Mtls);
        let Some(proxy) = self.proxies.get_mut(&copy.pod) else { return };
        let upstream = proxy.counters.upstreams.entry(cluster_of(&destination)).or_default();
        upstream.passed(copy.code.unwrap_or(200), copy.milliseconds, mtls);
    }

    /// A pod that gets it, and what it is a pod of.
    fn copied_to(&mut self, mirror: &Mirror) -> Option<(Destination, Names)> {
        let (namespace, name) = &mirror.service;
        let service = self.ready.world().service(namespace, name)?;
        let labels = match &mirror.subset {
            Some(subset) => self.ready.subset(namespace, name, subset)?,
            None => Labels::new(),
        };
        let pods = self.ready.places().of_service(service);
        let pods: Vec<_> = pods.into_iter().filter(|pod| pod.ready && selects(&labels, &pod.labels)).cloned().collect();
        let port = service.ports.first().map_or(80, |port| port.port);
        if pods.is_empty() {
            return None;
        }
        let pod = &pods[self.chance.below(pods.len())];
        let (service, subset) = (mirror.service.clone(), mirror.subset.clone());
        let destination = Destination { service, port, subset, share: 1.0, workloads: vec![pod.workload.1.clone()] };
        Some((destination, (pod.namespace.clone(), pod.name.clone())))
    }
}
