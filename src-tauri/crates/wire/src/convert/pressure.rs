//! How near the callers of a service are to its limits.

use session::pressure::{Caller, Pressure};

use super::all;
use crate::types::{CallerPressure, ClusterPressure};

impl From<Caller> for CallerPressure {
    fn from(caller: Caller) -> Self {
        let (namespace, pod) = caller.pod;
        Self { namespace, pod, workload: caller.workload, clusters: all(caller.clusters) }
    }
}

impl From<Pressure> for ClusterPressure {
    fn from(of: Pressure) -> Self {
        let part = |at: usize| of.cluster.split('|').nth(at).unwrap_or_default().to_owned();
        Self {
            port: part(1),
            subset: part(2),
            connections: of.under_way.connections,
            waiting: of.under_way.waiting,
            requests: of.under_way.requests,
            instances: of.instances,
            left_out: of.left_out,
            most_connections: of.limits.connections,
            most_waiting: of.limits.waiting,
            most_requests: of.limits.requests,
            refused: of.refused,
        }
    }
}
