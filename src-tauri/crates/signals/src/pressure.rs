//! How near an Envoy is to the limits of the services that it calls: `/clusters?format=json` has what is under way and the limits
//! (Envoy `api/envoy/admin/v3/clusters.proto`, `ClusterStatus`), `/stats?format=json` what was refused for them, where that is kept.

use serde::Deserialize;

/// Envoy's way to say that there is no limit.
const NONE: f64 = u32::MAX as f64;

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

/// What is under way to one cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pressure {
    /// `outbound|9080|v1|reviews.prod.svc.cluster.local`
    pub cluster: String,
    /// Connections now.
    pub connections: f64,
    /// Requests that wait for a connection now.
    pub waiting: f64,
    /// Requests now.
    pub requests: f64,
    /// Instances behind it.
    pub instances: u32,
    /// Of these those that are left out because they failed.
    pub left_out: u32,
    /// What this proxy was told.
    pub limits: Limits,
    /// Requests and connections that were refused for a limit since the proxy started; `None` where it does not keep that.
    pub refused: Option<f64>,
}

#[derive(Deserialize)]
struct Statuses {
    #[serde(default)]
    cluster_statuses: Vec<Status>,
}

#[derive(Deserialize)]
struct Status {
    name: String,
    #[serde(default)]
    host_statuses: Vec<Host>,
    #[serde(default)]
    circuit_breakers: Breakers,
}

#[derive(Deserialize)]
struct Host {
    #[serde(default)]
    stats: Vec<Stat>,
    #[serde(default)]
    health_status: Health,
}

#[derive(Deserialize)]
struct Stat {
    name: String,
    /// Left out where it is 0.
    #[serde(default)]
    value: String,
}

#[derive(Default, Deserialize)]
struct Health {
    #[serde(default)]
    failed_outlier_check: bool,
}

#[derive(Default, Deserialize)]
struct Breakers {
    #[serde(default)]
    thresholds: Vec<Threshold>,
}

#[derive(Deserialize)]
struct Threshold {
    /// Left out for the usual one.
    #[serde(default)]
    priority: String,
    max_connections: Option<f64>,
    max_pending_requests: Option<f64>,
    max_requests: Option<f64>,
}

/// The host of a cluster's name; empty where it has none.
fn host(cluster: &str) -> &str {
    cluster.strip_prefix("outbound|").and_then(|rest| rest.split('|').nth(2)).unwrap_or_default()
}

/// What is under way to a host, by cluster. Nothing where the answer does not read.
pub fn read(clusters: &[u8], wanted: &str) -> Vec<Pressure> {
    let statuses = serde_json::from_slice::<Statuses>(clusters).map(|all| all.cluster_statuses).unwrap_or_default();
    statuses.into_iter().filter(|status| host(&status.name) == wanted).map(pressure).collect()
}

fn pressure(status: Status) -> Pressure {
    let limit = |value: Option<f64>| value.filter(|value| *value < NONE);
    let usual = status.circuit_breakers.thresholds.iter().find(|one| matches!(&*one.priority, "" | "DEFAULT"));
    let limits = usual.map_or_else(Limits::default, |one| Limits {
        connections: limit(one.max_connections),
        waiting: limit(one.max_pending_requests),
        requests: limit(one.max_requests),
    });
    let sum = |name: &str| {
        let stats = status.host_statuses.iter().flat_map(|host| &host.stats).filter(|stat| stat.name == name);
        // `NaN` and `inf` are numbers to Rust, and nothing that anybody counted.
        stats
            .filter_map(|stat| stat.value.parse::<f64>().ok())
            .filter(|value| value.is_finite())
            .fold(0.0, |sum, value| sum + value)
    };
    Pressure {
        connections: sum("cx_active"),
        waiting: sum("rq_pending_active"),
        requests: sum("rq_active"),
        instances: status.host_statuses.len() as u32,
        left_out: status.host_statuses.iter().filter(|host| host.health_status.failed_outlier_check).count() as u32,
        limits,
        refused: None,
        cluster: status.name,
    }
}

/// Where to ask for what was refused for a host's limits.
pub fn refused_path(wanted: &str) -> String {
    let host: String = wanted.chars().filter(|c| c.is_ascii_alphanumeric() || "-.".contains(*c)).collect();
    format!("/stats?format=json&filter=outbound.*{host}.*upstream_(cx|rq_pending|rq_active)_overflow$")
}

#[derive(Deserialize)]
struct Stats {
    #[serde(default)]
    stats: Vec<Counter>,
}

#[derive(Deserialize)]
struct Counter {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: f64,
}

/// Adds what was refused, by cluster.
pub fn add_refused(stats: &[u8], to: &mut [Pressure]) {
    let counters = serde_json::from_slice::<Stats>(stats).map(|all| all.stats).unwrap_or_default();
    for counter in counters {
        // Istio ends the name of a cluster in statistics with `;`.
        let name = counter.name.strip_prefix("cluster.").and_then(|rest| rest.rsplit_once(".upstream_"));
        let Some(cluster) = name.map(|(cluster, _)| cluster.trim_end_matches(';')) else { continue };
        if let Some(found) = to.iter_mut().find(|one| one.cluster == cluster) {
            found.refused = Some(found.refused.unwrap_or(0.0) + counter.value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As genuine proxies of Istio 1.27 answer, shortened; the ejection is as in Envoy's own documentation.
    const CLUSTERS: &str = r#"{"cluster_statuses":[{"name":"outbound|9080||reviews.shop.svc.cluster.local","host_statuses":[
        {"stats":[{"name":"cx_total"},{"type":"GAUGE","name":"cx_active","value":"2"},{"type":"GAUGE","name":"rq_active","value":"7"},{"type":"GAUGE","name":"rq_pending_active"}],"health_status":{"eds_health_status":"HEALTHY"}},
        {"stats":[{"type":"GAUGE","name":"cx_active","value":"1"},{"type":"GAUGE","name":"rq_pending_active","value":"3"}],"health_status":{"failed_outlier_check":true}}],
        "circuit_breakers":{"thresholds":[{"max_connections":100,"max_pending_requests":8,"max_requests":4294967295,"max_retries":4294967295},{"priority":"HIGH","max_connections":1024,"max_pending_requests":1024,"max_requests":1024}]}},
        {"name":"outbound|9080||ratings.shop.svc.cluster.local"},{"name":"inbound|9080||"},{"name":"sds-grpc"}]}"#;

    #[test]
    fn what_is_under_way_and_the_limits() {
        let host = "reviews.shop.svc.cluster.local";
        let mut found = read(CLUSTERS.as_bytes(), host);
        let limits = Limits { connections: Some(100.0), waiting: Some(8.0), requests: None };
        assert_eq!((found.len(), found[0].limits, found[0].refused), (1, limits, None));
        assert_eq!((found[0].connections, found[0].requests, found[0].waiting), (3.0, 7.0, 3.0));
        assert_eq!((found[0].instances, found[0].left_out), (2, 1));
        let stats = r#"{"stats":[{"name":"cluster.outbound|9080||reviews.shop.svc.cluster.local;.upstream_cx_overflow","value":0},
            {"name":"cluster.outbound|9080||reviews.shop.svc.cluster.local;.upstream_rq_pending_overflow","value":5},
            {"name":"cluster.outbound|9080||other;.upstream_rq_pending_overflow","value":9}]}"#;
        add_refused(stats.as_bytes(), &mut found);
        assert_eq!(found[0].refused, Some(5.0));
        let lie = CLUSTERS.replace(r#""value":"7""#, r#""value":"1e999""#);
        assert_eq!(read(lie.as_bytes(), host)[0].requests, 0.0, "nobody has so many");
        assert!(read(b"{", host).is_empty() && read(b"{}", host).is_empty());
        assert!(refused_path("a.b&x=(y)").contains("filter=outbound.*a.bxy.*upstream"));
    }
}
