//! Endpoints as an Envoy uses them: `/clusters?format=json`, with what was counted of each and why one is passed over.

use std::borrow::Cow;

use crate::dump::{address, within};
use crate::json::Scanner;

/// Most endpoints that are kept of a proxy.
const MOST: usize = 50_000;

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
    /// How a ztunnel reaches it: HBONE, TCP; empty of an Envoy's.
    pub protocol: String,
    /// The hosts of the services that it is behind, by a ztunnel.
    pub services: Vec<String>,
}

/// Reads them; what comes before a break is kept. The second is whether the text broke, or may hold more than is kept.
pub fn read(body: &[u8]) -> (Vec<Endpoint>, bool) {
    let mut out = Vec::new();
    let mut scanner = Scanner::new(body);
    let whole = within(&mut scanner, "cluster_statuses", |scanner| scanner.list(|scanner| cluster(scanner, &mut out)));
    let partial = whole.is_none() || out.len() >= MOST;
    (out, partial)
}

fn cluster(scanner: &mut Scanner<'_>, out: &mut Vec<Endpoint>) -> Option<()> {
    let first = out.len();
    let mut cluster = String::new();
    scanner.object(|scanner, name| match name {
        "name" => {
            cluster = scanner.plain()?;
            Some(())
        }
        "host_statuses" => scanner.list(|scanner| {
            if out.len() >= MOST {
                return scanner.skip();
            }
            out.push(host(scanner)?);
            Some(())
        }),
        _ => scanner.skip(),
    })?;
    out.iter_mut().skip(first).for_each(|endpoint| endpoint.cluster.clone_from(&cluster));
    Some(())
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
            ("failed_outlier_check", "true") => out.passed_over = "ejected",
            ("failed_active_health_check", "true") => out.passed_over = "failed its health check",
            ("pending_dynamic_removal", "true") => out.passed_over = "leaves",
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
