//! What proxies say, parsed: statistics in the Prometheus format, and a whole configuration. `NETLOFT_BENCH_KEEP=FOLDER` keeps the texts, so
//! that another parser can read the same; with `NETLOFT_ISTIOCTL` a genuine istioctl reads the same configuration in turn with ours.

use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use bench_engine::figure::{Figure, grew};
use bench_engine::process::{self, Run, istioctl};
use signals::{compare, dump, envoy, prometheus};

use crate::Failure;

/// Counters, gauges and histograms of one cluster in Envoy (`source/common/upstream/upstream_impl.h`, `ALL_CLUSTER_…_STATS`): so many.
const COUNTERS: usize = 69;
const GAUGES: usize = 22;
const HISTOGRAMS: usize = 3;
const BOUNDS: [&str; 20] = [
    "0.5", "1", "5", "10", "25", "50", "100", "250", "500", "1000", "2500", "5000", "10000", "30000", "60000",
    "300000", "600000", "1800000", "3600000", "+Inf",
];

pub fn run() -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for clusters in [100, 1000, 10_000] {
        let text = statistics(clusters);
        keep(&format!("stats-{clusters}.txt"), &text)?;
        let runs = if clusters > 1000 { 9 } else { 31 };
        figures.extend(parsed(&text, clusters, runs));
    }
    let text = configuration(5000, 1250);
    keep("config_dump-5000.json", &text)?;
    figures.extend(dumped(&text));
    figures.extend(beside_istioctl(&text)?);
    Ok(figures)
}

/// The word by which this program reads a configuration from a file and says how many parts it has.
pub const READ: &str = "read-dump";

/// Reads a configuration as a process that does nothing else.
pub fn read(file: &str, out: &mut impl Write) -> Result<(), Failure> {
    let text = std::fs::read(file)?;
    let parts = dump::read(text.as_slice());
    writeln!(out, "{} clusters, {} listeners", parts.clusters.len(), parts.listeners.len())?;
    Ok(())
}

/// The same file read by a process of ours and by `istioctl proxy-config all`, in turn; nothing where no istioctl is named.
fn beside_istioctl(text: &str) -> Result<Vec<Figure>, Failure> {
    const RUNS: usize = 5;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config_dump.json");
    std::fs::write(&file, text)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let Some(mut istioctl) = istioctl() else { return Ok(Vec::new()) };
        ours.push(process::run(Command::new(std::env::current_exe()?).arg(READ).arg(&file))?);
        let run = process::run(istioctl.args(["proxy-config", "all", "--file"]).arg(&file))?;
        // A peer that refuses the file would be the fastest of all.
        if run.out.lines().count() < 5000 {
            return Err(format!("istioctl tells {} lines of 5,000 clusters", run.out.lines().count()).into());
        }
        theirs.push(run);
    }
    let each = |runs: &[Run], of: fn(&Run) -> f64| runs.iter().map(of).collect::<Vec<_>>();
    let by = |of: fn(&Run) -> f64| theirs.iter().zip(&ours).map(|(theirs, ours)| of(theirs) / of(ours)).collect();
    Ok(vec![
        Figure::of("config_dump read by a process of ours, whole", "ms", "", each(&ours, |run| run.millis)),
        Figure::of("its greatest memory", "MiB", "", each(&ours, |run| run.peak)),
        Figure::of("istioctl proxy-config all --file", "ms", "", each(&theirs, |run| run.millis)),
        Figure::of("its greatest memory", "MiB", "", each(&theirs, |run| run.peak)),
        Figure::of("the peer's time by ours", "x", "", by(|run| run.millis)),
        Figure::of("the peer's memory by ours", "x", "", by(|run| run.peak)),
    ])
}

fn keep(name: &str, text: &str) -> Result<(), Failure> {
    if let Some(folder) = std::env::var_os("NETLOFT_BENCH_KEEP") {
        std::fs::write(PathBuf::from(folder).join(name), text)?;
    }
    Ok(())
}

/// All samples with their values, as a peer reads them; and what a sampler of traffic takes of them.
fn parsed(text: &str, clusters: usize, runs: usize) -> Vec<Figure> {
    let size = text.len() as f64 / 1e6;
    let all = || {
        let mut sum = (0_usize, 0.0);
        prometheus::scan(text.as_bytes(), |_| true, |sample| sum = (sum.0 + 1, sum.1 + sample.value));
        sum
    };
    let labels = || {
        let mut sum = 0_usize;
        prometheus::scan(
            text.as_bytes(),
            |_| true,
            |sample| sum += sample.labels.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>(),
        );
        sum
    };
    vec![
        Figure::timed(format!("statistics of {clusters} clusters ({size:.1} MB), every sample"), "P9", runs, all),
        Figure::timed(format!("statistics of {clusters} clusters, every label too"), "", runs, labels),
        Figure::timed(format!("statistics of {clusters} clusters, what traffic needs"), "", runs, || {
            envoy::read(text.as_bytes())
        }),
    ]
}

fn dumped(text: &str) -> Vec<Figure> {
    let size = text.len() as f64;
    let (grown, parts) = grew(|| dump::read(text.as_bytes()));
    let what = format!("config_dump of {} clusters ({:.1} MB)", parts.clusters.len(), size / 1e6);
    drop(parts);
    let mut figures = vec![Figure::timed(what, "P10: at most 70 ms", 15, || dump::read(text.as_bytes()))];
    if let Some(grown) = grown {
        figures.push(Figure::of("its peak beside the text", "× its size", "P10: at most 0.5", vec![grown / size]));
    }
    // As large as it gets, and all alike: every part of both is built.
    if let (Some(grown), Ok(parts)) = grew(|| compare::compare(text.as_bytes(), text.as_bytes())) {
        let what = format!("peak of comparing {} parts beside two such texts", parts.len());
        figures.push(Figure::of(what, "× its size", "", vec![grown / size]));
    }
    figures.push(Figure::timed("written for somebody else, without what is secret", "", 5, || {
        signals::redacted(text.as_bytes())
    }));
    figures
}

/// As Envoy writes them: a family after the other, a line for each cluster.
pub fn statistics(clusters: usize) -> String {
    let names: Vec<String> = (0..clusters)
        .map(|n| format!("outbound|9080|v{}|service-{n:05}.namespace-{:03}.svc.cluster.local", n % 3, n % 200))
        .collect();
    let mut text = String::new();
    let mut family = |name: &str, kind: &str, each: &dyn Fn(&mut String, &str, usize)| {
        let _ = writeln!(text, "# TYPE {name} {kind}");
        names.iter().enumerate().for_each(|(n, cluster)| each(&mut text, cluster, n));
    };
    for number in 0..COUNTERS {
        let name = format!("envoy_cluster_upstream_counter_{number:02}_total");
        family(&name, "counter", &|text, cluster, n| {
            let _ = writeln!(text, "{name}{{cluster_name=\"{cluster}\"}} {}", n * 7 + number);
        });
    }
    for number in 0..GAUGES {
        let name = format!("envoy_cluster_upstream_gauge_{number:02}");
        family(&name, "gauge", &|text, cluster, n| {
            let _ = writeln!(text, "{name}{{cluster_name=\"{cluster}\"}} {}", n % 5);
        });
    }
    for number in 0..HISTOGRAMS {
        let name = format!("envoy_cluster_upstream_rq_time_{number}");
        family(&name, "histogram", &|text, cluster, n| {
            for (at, bound) in BOUNDS.iter().enumerate() {
                let _ = writeln!(text, "{name}_bucket{{cluster_name=\"{cluster}\",le=\"{bound}\"}} {}", n + at);
            }
            let _ = writeln!(text, "{name}_sum{{cluster_name=\"{cluster}\"}} {}.5", n * 31);
            let _ = writeln!(text, "{name}_count{{cluster_name=\"{cluster}\"}} {}", n + 19);
        });
    }
    family("envoy_cluster_upstream_rq", "counter", &|text, cluster, n| {
        for code in ["200", "404", "503"] {
            let _ =
                writeln!(text, "envoy_cluster_upstream_rq{{cluster_name=\"{cluster}\",response_code=\"{code}\"}} {n}");
        }
    });
    text
}

/// As Envoy writes it: pretty, a cluster some 8 KB, a listener some 10.
fn configuration(clusters: usize, listeners: usize) -> String {
    let cluster = |n: usize| {
        let host = format!("service-{n:05}.namespace-{:03}.svc.cluster.local", n % 200);
        let secret = |name: &str| {
            serde_json::json!({"name": name, "sds_config": {"api_config_source": {"api_type": "GRPC", "grpc_services": [{"envoy_grpc": {"cluster_name": "sds-grpc"}}],
                "set_node_on_first_message_only": true, "transport_api_version": "V3"}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}})
        };
        let tls = serde_json::json!({"@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "common_tls_context": {"tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
                "alpn_protocols": ["istio-peer-exchange", "istio"], "tls_certificate_sds_secret_configs": [secret("default")],
                "combined_validation_context": {"default_validation_context": {"match_subject_alt_names": (0..12).map(|sa| serde_json::json!({"exact": format!("spiffe://cluster.local/ns/namespace-{:03}/sa/account-{sa}", n % 200)})).collect::<Vec<_>>()},
                    "validation_context_sds_secret_config": secret("ROOTCA")}}, "sni": format!("outbound_.9080_._.{host}")});
        let name = format!("outbound|9080||{host}");
        serde_json::json!({"version_info": "2026-11-26T06:47:52Z/10", "cluster": {"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": name, "type": "EDS",
            "eds_cluster_config": {"eds_config": {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}, "service_name": name}, "connect_timeout": "10s", "lb_policy": "LEAST_REQUEST",
            "circuit_breakers": {"thresholds": [{"max_connections": 4_294_967_295_u32, "max_pending_requests": 4_294_967_295_u32, "max_requests": 4_294_967_295_u32, "max_retries": 4_294_967_295_u32, "track_remaining": true}]},
            "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {"@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions", "use_downstream_protocol_config": {"http_protocol_options": {}, "http2_protocol_options": {}}}},
            "filters": [{"name": "istio.metadata_exchange", "typed_config": {"@type": "type.googleapis.com/udpa.type.v1.TypedStruct", "type_url": "type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange", "value": {"enable_discovery": true, "protocol": "istio-peer-exchange"}}}],
            "transport_socket_matches": [{"name": "tlsMode-istio", "match": {"tlsMode": "istio"}, "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": tls}},
                {"name": "tlsMode-disabled", "match": {}, "transport_socket": {"name": "envoy.transport_sockets.raw_buffer"}}],
            "metadata": {"filter_metadata": {"istio": {"config": format!("/apis/networking.istio.io/v1/namespaces/namespace-{:03}/destination-rule/rule-{n}", n % 200), "services": [{"host": host, "name": format!("service-{n:05}"), "namespace": format!("namespace-{:03}", n % 200)}]}}}},
            "last_updated": "2026-11-26T06:47:58.379Z"})
    };
    let listener = |n: usize| {
        let name = format!("10.96.{}.{}_9080", n / 250, n % 250);
        let filter = |name: &str| serde_json::json!({"name": name, "typed_config": {"@type": format!("type.googleapis.com/{name}"), "stat_prefix": "outbound", "emit_filter_state": true}});
        serde_json::json!({"name": name, "active_state": {"version_info": "2026-11-26T06:47:52Z/10", "listener": {"@type": "type.googleapis.com/envoy.config.listener.v3.Listener", "name": name,
            "address": {"socket_address": {"address": format!("10.96.{}.{}", n / 250, n % 250), "port_value": 9080}}, "traffic_direction": "OUTBOUND",
            "filter_chains": (0..3).map(|_| serde_json::json!({"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": {"@type": "x", "rds": {"config_source": {"ads": {}}, "route_config_name": "9080"},
                "http_filters": (["envoy.filters.http.grpc_stats", "envoy.filters.http.fault", "envoy.filters.http.cors", "envoy.filters.http.router"].map(filter))}}]})).collect::<Vec<_>>()},
            "last_updated": "2026-11-26T06:47:58.381Z"}})
    };
    let whole = serde_json::json!({"configs": [
        {"@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump", "dynamic_active_clusters": (0..clusters).map(cluster).collect::<Vec<_>>()},
        {"@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump", "dynamic_listeners": (0..listeners).map(listener).collect::<Vec<_>>()}]});
    serde_json::to_string_pretty(&whole).unwrap_or_default()
}
