//! Clusters and endpoints as an Envoy uses them: `/clusters?format=json`, with what was counted of each, why one is passed over, and the
//! limits (Envoy `api/envoy/admin/v3/clusters.proto`, `ClusterStatus`).

use std::borrow::Cow;

use crate::dump::{address, within};
use crate::json::Scanner;

/// Most endpoints that are kept of a proxy.
const MOST: usize = 50_000;
const EJECTED: &str = "ejected";
const UNHEALTHY: &str = "failed its health check";

/// One endpoint of one cluster.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Endpoint {
    /// The cluster.
    pub cluster: String,
    /// `10.244.0.60:9080`
    pub address: String,
    /// What istiod says of it: HEALTHY, UNHEALTHY, DRAINING …
    pub health: String,
    /// Why it is passed over though it may be healthy: `ejected`, `failed its health check`; empty where it is not.
    pub passed_over: &'static str,
    /// Requests sent there.
    pub requests: f64,
    /// Those that failed.
    pub errors: f64,
    /// Connections that failed.
    pub failed_connections: f64,
    /// What is under way to it now.
    pub under_way: UnderWay,
    /// How a ztunnel reaches it: HBONE, TCP; empty of an Envoy's.
    pub protocol: String,
    /// The hosts of the services that it is behind, by a ztunnel.
    pub services: Vec<String>,
}

impl Endpoint {
    /// It is left out because it failed.
    pub(crate) fn failed(&self) -> bool {
        matches!(self.passed_over, EJECTED | UNHEALTHY)
    }
}

/// Connections and requests at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct UnderWay {
    /// Connections.
    pub connections: f64,
    /// Requests that wait for one.
    pub waiting: f64,
    /// Requests.
    pub requests: f64,
}

/// The limits of a cluster; `None` for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Connections at once.
    pub connections: Option<f64>,
    /// Requests that wait for one.
    pub waiting: Option<f64>,
    /// Requests at once.
    pub requests: Option<f64>,
}

/// A cluster with what is behind it.
#[derive(Default)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) limits: Limits,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// Reads them; what comes before a break is kept. The second is whether the text broke, or may hold more than is kept.
pub fn read(body: &[u8]) -> (Vec<Endpoint>, bool) {
    let (all, partial) = clusters(body);
    (all.into_iter().flat_map(|cluster| cluster.endpoints).collect(), partial)
}

/// The same by cluster.
pub(crate) fn clusters(body: &[u8]) -> (Vec<Cluster>, bool) {
    let (mut out, mut room) = (Vec::new(), MOST);
    let mut scanner = Scanner::new(body);
    let whole = within(&mut scanner, "cluster_statuses", |scanner| {
        scanner.list(|scanner| {
            out.push(cluster(scanner, &mut room)?);
            Some(())
        })
    });
    (out, whole.is_none() || room == 0)
}

fn cluster(scanner: &mut Scanner<'_>, room: &mut usize) -> Option<Cluster> {
    let mut out = Cluster::default();
    scanner.object(|scanner, name| match name {
        "name" => {
            out.name = scanner.plain()?;
            Some(())
        }
        "host_statuses" => scanner.list(|scanner| {
            let Some(left) = room.checked_sub(1) else { return scanner.skip() };
            *room = left;
            out.endpoints.push(host(scanner)?);
            Some(())
        }),
        "circuit_breakers" => within(scanner, "thresholds", |scanner| {
            scanner.list(|scanner| {
                out.limits = threshold(scanner)?.unwrap_or(out.limits);
                Some(())
            })
        }),
        _ => scanner.skip(),
    })?;
    out.endpoints.iter_mut().for_each(|endpoint| endpoint.cluster.clone_from(&out.name));
    Some(out)
}

/// The limits of usual requests; `None` inside where these are of others.
fn threshold(scanner: &mut Scanner<'_>) -> Option<Option<Limits>> {
    /// Envoy's way to say that there is no limit.
    const NONE: f64 = u32::MAX as f64;
    let (mut limits, mut usual) = (Limits::default(), true);
    scanner.object(|scanner, name| {
        let most = match name {
            // Left out for the usual one.
            "priority" => {
                usual = matches!(&*scanner.text()?, "" | "DEFAULT");
                return Some(());
            }
            "max_connections" => &mut limits.connections,
            "max_pending_requests" => &mut limits.waiting,
            "max_requests" => &mut limits.requests,
            _ => return scanner.skip(),
        };
        *most = scanner.plain()?.parse().ok().filter(|limit| *limit < NONE);
        Some(())
    })?;
    Some(usual.then_some(limits))
}

fn host(scanner: &mut Scanner<'_>) -> Option<Endpoint> {
    let mut out = Endpoint { health: "HEALTHY".into(), ..Endpoint::default() };
    scanner.object(|scanner, name| match name {
        "address" => {
            out.address = address(scanner)?;
            Some(())
        }
        "stats" => scanner.list(|scanner| stat(scanner, &mut out)),
        "health_status" => health(scanner, &mut out),
        _ => scanner.skip(),
    })?;
    Some(out)
}

/// Envoy leaves out what is 0.
fn stat(scanner: &mut Scanner<'_>, out: &mut Endpoint) -> Option<()> {
    let (mut what, mut value) = (Cow::Borrowed(""), 0.0);
    scanner.object(|scanner, name| {
        match name {
            "name" => what = scanner.text()?,
            "value" => {
                value = scanner.plain()?.parse().ok().filter(|value: &f64| value.is_finite()).unwrap_or_default()
            }
            _ => scanner.skip()?,
        }
        Some(())
    })?;
    match what.as_ref() {
        "rq_total" => out.requests = value,
        "rq_error" => out.errors = value,
        "cx_connect_fail" => out.failed_connections = value,
        "cx_active" => out.under_way.connections = value,
        "rq_pending_active" => out.under_way.waiting = value,
        "rq_active" => out.under_way.requests = value,
        _ => {}
    }
    Some(())
}

/// Upstream: Envoy `api/envoy/admin/v3/clusters.proto`, `HostHealthStatus`.
fn health(scanner: &mut Scanner<'_>, out: &mut Endpoint) -> Option<()> {
    scanner.object(|scanner, name| {
        let value = scanner.plain()?;
        match (name, value.as_str()) {
            ("eds_health_status", health) => out.health = health.to_owned(),
            ("failed_outlier_check", "true") => out.passed_over = EJECTED,
            ("failed_active_health_check", "true") => out.passed_over = UNHEALTHY,
            ("pending_dynamic_removal", "true") if out.passed_over.is_empty() => out.passed_over = "leaves",
            _ => {}
        }
        Some(())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As a genuine proxy writes it, shortened; the ejection is as Envoy's own documentation has it.
    const CLUSTERS: &str = r#"{"cluster_statuses":[{"name":"outbound|9080||reviews.shop.svc.cluster.local","added_via_api":true,"host_statuses":[
        {"address":{"socket_address":{"address":"10.244.0.60","port_value":9080}},"stats":[{"name":"cx_connect_fail"},{"value":"3","name":"rq_error"},{"value":"294","name":"rq_total"}],
         "health_status":{"eds_health_status":"HEALTHY"},"weight":1,"locality":{"zone":"a"}},
        {"address":{"socket_address":{"address":"10.244.0.61","port_value":9080}},"stats":[],"health_status":{"failed_outlier_check":true,"eds_health_status":"UNHEALTHY"},"locality":{}}],
        "observability_name":"x"},{"name":"sds-grpc","host_statuses":[{"address":{"pipe":{"path":"./socket"}},"health_status":{}}]},{"name":"BlackHoleCluster"}]}"#;

    #[test]
    fn endpoints_with_their_health() {
        let (all, broken) = read(CLUSTERS.as_bytes());
        assert!(!broken && all.len() == 3);
        assert_eq!((all[0].address.as_str(), all[0].requests, all[0].errors), ("10.244.0.60:9080", 294.0, 3.0));
        assert_eq!(all[0].cluster, "outbound|9080||reviews.shop.svc.cluster.local");
        assert_eq!((all[1].health.as_str(), all[1].passed_over), ("UNHEALTHY", "ejected"));
        assert_eq!((all[2].cluster.as_str(), all[2].address.as_str()), ("sds-grpc", "pipe:./socket"));
        let (half, broken) = read(&CLUSTERS.as_bytes()[..CLUSTERS.len() / 2]);
        assert!(broken && half.len() <= 1);
    }

    proptest! {
        #[test]
        fn no_damage_breaks_it(at in 0..CLUSTERS.len(), byte in any::<u8>(), end in 0..CLUSTERS.len(), value in "NaN|inf|-?1e999|[\"0-9.]{0,9}") {
            let mut damaged = CLUSTERS.as_bytes().to_vec();
            damaged[at] = byte;
            read(&damaged);
            read(&damaged[..end]);
            let (all, _) = read(CLUSTERS.replace("294", &value).as_bytes());
            prop_assert!(all.iter().all(|endpoint| endpoint.requests.is_finite()), "{all:?}");
        }
    }
}
