//! Counters of one Envoy at one time, from its statistics in the Prometheus format.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use crate::histogram::Histogram;
use crate::prometheus;

/// What is asked of Envoy, as the `filter` of its statistics: names before tags are taken out of them.
pub const FILTER: &str = r"upstream_rq_(\d|time)|upstream_cx_(total|connect_fail)|ssl\.handshake|downstream_cx_total|rbac.*(denied|shadow_allowed)|istio_(request|tcp_connections_opened)|listener_manager\.total_(listeners_active|.*draining)";

/// An Envoy cluster as Istio names it: `outbound|9080|v1|reviews.shop.svc.cluster.local`, `inbound|9080||`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cluster {
    /// Requests that the workload sends; else those that it receives.
    pub outbound: bool,
    /// The service's port for outbound, the container's for inbound.
    pub port: u16,
    /// Subset; empty for none.
    pub subset: String,
    /// Host; empty for inbound.
    pub host: String,
}

impl Cluster {
    /// Reads a name; `None` for clusters that carry no traffic of the workload.
    pub fn parse(name: &str) -> Option<Self> {
        // What goes where no service is known.
        if let "PassthroughCluster" | "BlackHoleCluster" = name {
            return Some(Self { outbound: true, port: 0, subset: String::new(), host: name.into() });
        }
        let mut parts = name.splitn(4, '|');
        let outbound = match parts.next()? {
            "outbound" => true,
            "inbound" => false,
            _ => return None,
        };
        let port = parts.next()?.parse().ok()?;
        let (subset, host) = (parts.next()?, parts.next()?);
        Some(Self { outbound, port, subset: subset.into(), host: host.into() })
    }

    /// Namespace and name of the Service behind the host, where it is one.
    pub fn service(&self) -> Option<(&str, &str)> {
        let (name, rest) = self.host.split_once('.')?;
        let (namespace, rest) = rest.split_once('.')?;
        (rest == "svc" || rest.starts_with("svc.")).then_some((namespace, name))
    }
}

/// A series of Istio's own metrics.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Standard {
    /// Reported by the caller's proxy, or by a waypoint on the way, which knows the caller as well; else by the callee's.
    pub by_source: bool,
    /// The caller's namespace and workload; empty or `unknown` where it has no proxy.
    pub from: (String, String),
    /// The callee's namespace and workload.
    pub to: (String, String),
    /// `destination_service`: a host.
    pub host: String,
    /// `http`, `grpc`.
    pub protocol: String,
    /// `mutual_tls`, `none`; `unknown` at the caller's.
    pub security: String,
}

/// What is counted of one direction to one place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counters {
    /// Requests that ended.
    pub requests: f64,
    /// Those that ended with 5xx, or got no answer at all.
    pub errors: f64,
    /// Those that ended with 403.
    pub forbidden: f64,
    /// Connections made.
    pub connections: f64,
    /// Those under TLS.
    pub handshakes: f64,
    /// Connections that failed.
    pub failed_connections: f64,
    /// Milliseconds.
    pub times: Histogram,
}

/// Policies in dry-run of one action at one proxy, which Envoy counts together. Upstream: istio/istio pilot/pkg/security/authz/model/model.go,
/// `RBACShadowRulesAllowStatPrefix`, `RBACShadowRulesDenyStatPrefix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DryRun {
    /// DENY policies, else ALLOW policies.
    pub denies: bool,
    /// Connections over which goes no HTTP, else requests.
    pub tcp: bool,
}

/// What became of what was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Judged {
    /// So many would have been let through.
    pub passed: f64,
    /// So many would have been refused.
    pub refused: f64,
}

/// Everything of one proxy at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// By cluster.
    pub clusters: HashMap<Cluster, Counters>,
    /// By series of Istio's own metrics; empty where the proxy has none.
    pub standard: HashMap<Standard, Counters>,
    /// Requests and connections that authorization has refused here.
    pub denied: f64,
    /// What policies in dry-run would have made of what came in. ALLOW policies are judged without those that are enforced; what an enforced
    /// DENY policy refuses never comes to them. Empty where the proxy counts none.
    pub dry_runs: BTreeMap<DryRun, Judged>,
    /// Connections that came in through the mesh's listener, and those of them under TLS.
    pub accepted: (f64, f64),
    /// Listeners and chains of filters that leave: connections that are open still use them. `None` where the proxy does not say.
    pub draining: Option<f64>,
    /// Lines that could not be read.
    pub broken: usize,
}

/// Families that are read, beside those of authorization, whose names hold a prefix that the configuration chooses.
const FAMILIES: [&[u8]; 13] = [
    b"envoy_cluster_upstream_rq",
    b"envoy_cluster_upstream_rq_time_bucket",
    b"envoy_cluster_upstream_cx_total",
    b"envoy_cluster_upstream_cx_connect_fail",
    b"envoy_cluster_ssl_handshake",
    b"envoy_listener_downstream_cx_total",
    b"envoy_listener_ssl_handshake",
    b"envoy_listener_manager_total_listeners_active",
    b"envoy_listener_manager_total_listeners_draining",
    b"envoy_listener_manager_total_filter_chains_draining",
    b"istio_requests_total",
    b"istio_request_duration_milliseconds_bucket",
    b"istio_tcp_connections_opened_total",
];

fn wanted(name: &[u8]) -> bool {
    FAMILIES.contains(&name) || name == b"envoy_tcp" || memchr::memmem::find(name, b"rbac").is_some()
}

/// Counters of each cluster while they are read: its name stands on some thirty lines.
#[derive(Default)]
struct Clusters<'a> {
    /// Where the counters of a name are; `None` for names that carry no traffic of the workload.
    places: HashMap<Cow<'a, str>, Option<usize>, foldhash::fast::RandomState>,
    counters: Vec<(Cluster, Counters)>,
}

impl<'a> Clusters<'a> {
    fn of(&mut self, name: Cow<'a, str>) -> Option<&mut Counters> {
        let counters = &mut self.counters;
        let place = *self.places.entry(name).or_insert_with_key(|name| {
            counters.push((Cluster::parse(name)?, Counters::default()));
            Some(counters.len() - 1)
        });
        self.counters.get_mut(place?).map(|(_, counters)| counters)
    }
}

/// Counters are whole numbers, and a text tells them exactly up to here: who says more has not counted.
const MOST: f64 = 9_007_199_254_740_992.0;

/// Reads the statistics of an Envoy.
pub fn read(text: &[u8]) -> Sample {
    let (mut read, mut clusters) = (Sample::default(), Clusters::default());
    let broken = prometheus::scan(text, wanted, |sample| {
        if !(0.0..=MOST).contains(&sample.value) {
            return;
        }
        match sample.name {
            name if name.starts_with("istio_") => {
                let text = |label: &str| sample.labels.get(label).map(Cow::into_owned).unwrap_or_default();
                standard(&mut read, name, &text, sample.value);
            }
            name if name.starts_with("envoy_cluster_") => cluster(&mut clusters, &sample),
            "envoy_listener_downstream_cx_total" if is_inbound(&sample) => read.accepted.0 += sample.value,
            "envoy_listener_ssl_handshake" if is_inbound(&sample) => read.accepted.1 += sample.value,
            // What was never used is not told: a proxy that tells of its active listeners has none that leave.
            "envoy_listener_manager_total_listeners_active" => read.draining = read.draining.or(Some(0.0)),
            "envoy_listener_manager_total_listeners_draining"
            | "envoy_listener_manager_total_filter_chains_draining" => {
                read.draining = Some(read.draining.unwrap_or(0.0) + sample.value);
            }
            name if name.contains("rbac") || name == "envoy_tcp" => authorized(&mut read, &sample),
            _ => {}
        }
    });
    read.clusters = clusters.counters.into_iter().collect();
    read.broken = broken;
    read
}

/// Istio's listener for everything that comes in is on port 15006.
fn is_inbound(sample: &prometheus::Sample) -> bool {
    sample.labels.get("listener_address").is_some_and(|address| address.ends_with("_15006"))
}

/// Takes a count of authorization. Istio's bootstrap moves the outcome from the name into a label, for policies that are enforced and for
/// those in dry-run (tools/packaging/common/envoy_bootstrap.json, `authz_enforce_result`, `authz_dry_run_action`, `authz_dry_run_result`);
/// the plain name ends with `_denied`, `_shadow_denied`. Where bytes go, Envoy's family is `envoy_tcp` for all.
fn authorized(read: &mut Sample, sample: &prometheus::Sample) {
    let label = |name: &str| sample.labels.get(name);
    if let (Some(action), Some(result)) = (label("authz_dry_run_action"), label("authz_dry_run_result")) {
        let dry_run = DryRun { denies: action == "deny", tcp: sample.name.starts_with("envoy_tcp") };
        let judged = read.dry_runs.entry(dry_run).or_default();
        let count = if result == "denied" { &mut judged.refused } else { &mut judged.passed };
        *count += sample.value;
        return;
    }
    let denied = match label("authz_enforce_result") {
        Some(outcome) => outcome == "denied",
        None => sample.name.ends_with("_denied") && !sample.name.contains("shadow"),
    };
    if denied {
        read.denied += sample.value;
    }
}

fn cluster<'a>(clusters: &mut Clusters<'a>, sample: &prometheus::Sample<'a>) {
    let Some(counters) = sample.labels.get("cluster_name").and_then(|name| clusters.of(name)) else { return };
    match sample.name {
        // The same family also has each class of codes (2xx …): those would count twice.
        "envoy_cluster_upstream_rq" => {
            if let Some(code) = sample.labels.get("response_code") {
                code_of(counters, &code, sample.value);
            }
        }
        "envoy_cluster_upstream_rq_time_bucket" => {
            time(counters, &sample.labels.get("le").unwrap_or_default(), sample.value);
        }
        "envoy_cluster_upstream_cx_total" => counters.connections += sample.value,
        "envoy_cluster_upstream_cx_connect_fail" => counters.failed_connections += sample.value,
        "envoy_cluster_ssl_handshake" => counters.handshakes += sample.value,
        _ => {}
    }
}

fn code_of(counters: &mut Counters, code: &str, count: f64) {
    counters.requests += count;
    match code.as_bytes() {
        // Istio writes 0 where the connection ended before an answer.
        [b'5', ..] | b"0" => counters.errors += count,
        b"403" => counters.forbidden += count,
        _ => {}
    }
}

fn time(counters: &mut Counters, le: &str, count: f64) {
    if let Ok(bound) = le.parse() {
        counters.times.add(bound, count);
    }
}

/// Takes a sample of Istio's own metrics, from wherever it was read.
pub(crate) fn standard(read: &mut Sample, name: &str, text: &dyn Fn(&str) -> String, value: f64) {
    let series = Standard {
        by_source: matches!(text("reporter").as_str(), "source" | "waypoint"),
        from: (text("source_workload_namespace"), text("source_workload")),
        to: (text("destination_workload_namespace"), text("destination_workload")),
        host: text("destination_service"),
        protocol: text("request_protocol"),
        security: text("connection_security_policy"),
    };
    let is_mutual = series.security == "mutual_tls";
    let counters = read.standard.entry(series).or_default();
    match name {
        "istio_requests_total" => code_of(counters, &text("response_code"), value),
        "istio_request_duration_milliseconds_bucket" => time(counters, &text("le"), value),
        "istio_tcp_connections_opened_total" => {
            counters.connections += value;
            if is_mutual {
                counters.handshakes += value;
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lines as a genuine sidecar writes them.
    const SIDECAR: &str = r#"# TYPE envoy_cluster_upstream_rq counter
envoy_cluster_upstream_rq{cluster_name="inbound|9080||",response_code="200"} 4132
envoy_cluster_upstream_rq{cluster_name="inbound|9080||",response_code_class="2xx"} 4132
envoy_cluster_upstream_rq{cluster_name="outbound|9080|v1|reviews.shop.svc.cluster.local",response_code="200"} 90
envoy_cluster_upstream_rq{cluster_name="outbound|9080|v1|reviews.shop.svc.cluster.local",response_code="503"} 7
envoy_cluster_upstream_rq{cluster_name="outbound|9080|v1|reviews.shop.svc.cluster.local",response_code="403"} 3
envoy_cluster_upstream_rq{cluster_name="outbound|9080|v1|reviews.shop.svc.cluster.local",response_code_class="2xx"} 90
envoy_cluster_external_upstream_rq{cluster_name="outbound|9080|v1|reviews.shop.svc.cluster.local",response_code="200"} 90
envoy_cluster_upstream_rq{cluster_name="xds-grpc",response_code="200"} 2
envoy_cluster_ssl_handshake{cluster_name="outbound|9080|v1|reviews.shop.svc.cluster.local"} 4
envoy_cluster_upstream_cx_total{cluster_name="outbound|9080|v1|reviews.shop.svc.cluster.local"} 4
envoy_listener_ssl_handshake{listener_address="0.0.0.0_15006"} 4
envoy_listener_downstream_cx_total{listener_address="0.0.0.0_15006"} 5
envoy_listener_downstream_cx_total{listener_address="0.0.0.0_15001"} 9
envoy_http_rbac{authz_enforce_result="denied",http_conn_manager_prefix="inbound_0.0.0.0_9080"} 4
envoy_http_rbac{authz_enforce_result="allowed",http_conn_manager_prefix="inbound_0.0.0.0_9080"} 40
envoy_http_rbac{authz_dry_run_action="allow",authz_dry_run_result="allowed",http_conn_manager_prefix="inbound_0.0.0.0_9080"} 67
envoy_http_rbac{authz_dry_run_action="allow",authz_dry_run_result="denied",http_conn_manager_prefix="inbound_0.0.0.0_9080"} 24
envoy_http_rbac{authz_dry_run_action="deny",authz_dry_run_result="allowed",http_conn_manager_prefix="inbound_0.0.0.0_9080"} 78
envoy_http_rbac{authz_dry_run_action="deny",authz_dry_run_result="denied",http_conn_manager_prefix="inbound_0.0.0.0_9080"} 13
envoy_http_rbac{authz_dry_run_action="deny",authz_dry_run_result="denied",http_conn_manager_prefix="InboundPassthroughCluster"} 0
envoy_tcp{authz_enforce_result="allowed",tcp_prefix="rbac"} 0
envoy_tcp{authz_enforce_result="denied",tcp_prefix="rbac"} 1
envoy_tcp{authz_dry_run_action="allow",authz_dry_run_result="allowed",tcp_prefix="rbac.istio_dry_run_allow_"} 0
envoy_tcp{authz_dry_run_action="allow",authz_dry_run_result="denied",tcp_prefix="rbac.istio_dry_run_allow_"} 9
envoy_tcp{downstream_cx_total="",tcp_prefix="BlackHoleCluster"} 9
envoy_http_rbac_denied{http_conn_manager_prefix="inbound_0.0.0.0_9080"} 2
envoy_http_rbac_shadow_denied{http_conn_manager_prefix="inbound_0.0.0.0_9080"} 60
envoy_cluster_upstream_rq_time_bucket{cluster_name="outbound|9080|v1|reviews.shop.svc.cluster.local",le="5"} 80
envoy_cluster_upstream_rq_time_bucket{cluster_name="outbound|9080|v1|reviews.shop.svc.cluster.local",le="+Inf"} 100
istio_requests_total{reporter="source",source_workload="a",source_workload_namespace="shop",destination_workload="b-v1",destination_workload_namespace="shop",destination_service="b.shop.svc.cluster.local",request_protocol="http",response_code="0",connection_security_policy="unknown"} 2
"#;

    #[test]
    fn a_sidecars_counters() {
        let sample = read(SIDECAR.as_bytes());
        let reviews = Cluster::parse("outbound|9080|v1|reviews.shop.svc.cluster.local").unwrap();
        assert_eq!(reviews.service(), Some(("shop", "reviews")));
        let counters = &sample.clusters[&reviews];
        assert_eq!((counters.requests, counters.errors, counters.forbidden), (100.0, 7.0, 3.0));
        assert_eq!((counters.connections, counters.handshakes), (4.0, 4.0));
        assert_eq!(counters.times.buckets, [(5.0, 80.0), (f64::INFINITY, 100.0)]);
        assert_eq!(sample.clusters[&Cluster::parse("inbound|9080||").unwrap()].requests, 4132.0);
        assert_eq!((sample.denied, sample.accepted, sample.broken), (7.0, (5.0, 4.0), 0));
        let dry_run = |denies, tcp| sample.dry_runs.get(&DryRun { denies, tcp }).map(|of| (of.refused, of.passed));
        assert_eq!((dry_run(false, false), dry_run(true, false)), (Some((24.0, 67.0)), Some((13.0, 78.0))));
        assert_eq!((dry_run(false, true), dry_run(true, true)), (Some((9.0, 0.0)), None));
        assert_eq!(sample.clusters.len(), 2);
        let (series, counters) = sample.standard.iter().next().unwrap();
        assert!(series.by_source && series.to.1 == "b-v1");
        assert_eq!((counters.requests, counters.errors), (2.0, 2.0));
    }

    #[test]
    fn names_of_clusters() {
        let table = [
            ("outbound|443||api.example.com", Some(None)),
            ("outbound|80||web.svc", Some(None)),
            ("outbound|80||web.shop.svc", Some(Some(("shop", "web")))),
            ("PassthroughCluster", Some(None)),
            ("outbound|x||web.shop.svc", None),
            ("outbound|80", None),
            ("xds-grpc", None),
            ("", None),
        ];
        for (name, expected) in table {
            let cluster = Cluster::parse(name);
            assert_eq!(cluster.as_ref().map(Cluster::service), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_damage_breaks_it(at in 0..SIDECAR.len(), byte in any::<u8>(), end in 0..SIDECAR.len(), value in "NaN|[+-]Inf|-?[0-9]{1,400}|1e30[0-9]") {
            let mut damaged = SIDECAR.as_bytes().to_vec();
            damaged[at] = byte;
            read(&damaged);
            read(&damaged[..end]);
            let lie = read(SIDECAR.replace("} 90", &format!("}} {value}")).replace("} 7", &format!("}} {value}")).as_bytes());
            let counted = lie.clusters.values().chain(lie.standard.values());
            prop_assert!(counted.into_iter().all(|of| (0.0..=3.0 * MOST).contains(&of.requests)), "{lie:?}");
        }
    }
}
