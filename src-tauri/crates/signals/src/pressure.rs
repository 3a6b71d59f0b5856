//! How near an Envoy is to the limits of the services that it calls: `/clusters?format=json` has what is under way and the limits,
//! `/stats?format=json` what was refused for them, where that is kept.

use serde::Deserialize;

use crate::endpoint::{Cluster, clusters};
pub use crate::endpoint::{Limits, UnderWay};

/// What is under way to one cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pressure {
    /// `outbound|9080|v1|reviews.prod.svc.cluster.local`
    pub cluster: String,
    /// Now, to all instances.
    pub under_way: UnderWay,
    /// Instances behind it.
    pub instances: u32,
    /// Of these those that are left out because they failed.
    pub left_out: u32,
    /// What this proxy was told.
    pub limits: Limits,
    /// Requests and connections that were refused for a limit since the proxy started; `None` where it does not keep that.
    pub refused: Option<f64>,
}

/// The host of a cluster's name; empty where it has none.
fn host(cluster: &str) -> &str {
    cluster.strip_prefix("outbound|").and_then(|rest| rest.split('|').nth(2)).unwrap_or_default()
}

/// What is under way to a host, by cluster. Nothing where the answer does not read: a part would be less than there is.
pub fn read(body: &[u8], wanted: &str) -> Vec<Pressure> {
    let (all, partial) = clusters(body);
    if partial {
        return Vec::new();
    }
    all.into_iter().filter(|cluster| host(&cluster.name) == wanted).map(pressure).collect()
}

fn pressure(cluster: Cluster) -> Pressure {
    let sum = |what: fn(&UnderWay) -> f64| cluster.endpoints.iter().map(|endpoint| what(&endpoint.under_way)).sum();
    let under_way = UnderWay {
        connections: sum(|now| now.connections),
        waiting: sum(|now| now.waiting),
        requests: sum(|now| now.requests),
    };
    Pressure {
        under_way,
        instances: cluster.endpoints.len() as u32,
        left_out: cluster.endpoints.iter().filter(|endpoint| endpoint.failed()).count() as u32,
        limits: cluster.limits,
        refused: None,
        cluster: cluster.name,
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
        "circuit_breakers":{"thresholds":[{"retry_budget":{"budget_percent":{"value":20}},"max_connections":100,"max_pending_requests":8,"max_requests":4294967295,"max_retries":4294967295},{"priority":"HIGH","max_connections":1024,"max_pending_requests":1024,"max_requests":1024}]}},
        {"name":"outbound|9080||ratings.shop.svc.cluster.local"},{"name":"inbound|9080||"},{"name":"sds-grpc"}]}"#;

    #[test]
    fn what_is_under_way_and_the_limits() {
        let host = "reviews.shop.svc.cluster.local";
        let mut found = read(CLUSTERS.as_bytes(), host);
        let limits = Limits { connections: Some(100.0), waiting: Some(8.0), requests: None };
        assert_eq!((found.len(), found[0].limits, found[0].refused), (1, limits, None));
        let now = found[0].under_way;
        assert_eq!((now.connections, now.requests, now.waiting), (3.0, 7.0, 3.0));
        assert_eq!((found[0].instances, found[0].left_out), (2, 1));
        let stats = r#"{"stats":[{"name":"cluster.outbound|9080||reviews.shop.svc.cluster.local;.upstream_cx_overflow","value":0},
            {"name":"cluster.outbound|9080||reviews.shop.svc.cluster.local;.upstream_rq_pending_overflow","value":5},
            {"name":"cluster.outbound|9080||other;.upstream_rq_pending_overflow","value":9}]}"#;
        add_refused(stats.as_bytes(), &mut found);
        assert_eq!(found[0].refused, Some(5.0));
        let lie = CLUSTERS.replace(r#""value":"7""#, r#""value":"1e999""#);
        assert_eq!(read(lie.as_bytes(), host)[0].under_way.requests, 0.0, "nobody has so many");
        assert!(read(b"{", host).is_empty() && read(b"{}", host).is_empty());
        assert!(refused_path("a.b&x=(y)").contains("filter=outbound.*a.bxy.*upstream"));
    }
}
