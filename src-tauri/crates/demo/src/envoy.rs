//! What an Envoy says of itself: its statistics in both forms, its configuration, clusters and certificates.

use std::collections::HashMap;
use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::counters::{Counters, End, Histogram, Series, Upstream};
use crate::proxies::{Proxy, Role};
use crate::scope;
use crate::shop::Proxy as Condition;

/// Clusters that the oversized proxy holds beside those of the mesh, and the size of each in its memory.
pub(crate) const BALLAST: usize = 3000;

/// `/stats/prometheus`
pub(crate) fn prometheus(proxy: &Proxy) -> String {
    let mut text = String::new();
    let counters = &proxy.counters;
    series(&mut text, counters);
    upstreams(&mut text, counters);
    let inbound = "listener_address=\"0.0.0.0_15006\"";
    for (name, value) in [
        ("downstream_cx_total", counters.accepted.0),
        ("ssl_handshake", counters.accepted.1),
        ("no_filter_chain_match", counters.unmatched),
        ("ssl_connection_error", 0),
    ] {
        family(&mut text, &format!("envoy_listener_{name}"), "counter");
        line(&mut text, &format!("envoy_listener_{name}"), inbound, value as f64);
    }
    authorization(&mut text, proxy);
    for (name, value) in gauges(proxy) {
        family(&mut text, &name, "gauge");
        line(&mut text, &name, "", value);
    }
    text
}

/// As a genuine proxy tells it whose workload a policy is about: outcomes stand in labels, and where bytes go the family is Envoy's for TCP.
fn authorization(text: &mut String, proxy: &Proxy) {
    let prefix = format!("http_conn_manager_prefix=\"inbound_0.0.0.0_{}\"", proxy.port);
    let http: &dyn Fn(&str) -> String = &|_| prefix.clone();
    let tcp: &dyn Fn(&str) -> String = &|stage| format!("tcp_prefix=\"rbac{stage}\"");
    let Counters { http_rbac, tcp_rbac, .. } = &proxy.counters;
    for (name, prefix, rbac) in [("envoy_http_rbac", http, http_rbac), ("envoy_tcp", tcp, tcp_rbac)] {
        family(text, name, "counter");
        for (result, count) in outcomes(rbac.enforced) {
            line(text, name, &format!("authz_enforce_result=\"{result}\",{}", prefix("")), count as f64);
        }
        for (action, counts) in ACTIONS.into_iter().zip(rbac.dry_run) {
            let prefix = prefix(&format!(".istio_dry_run_{action}_"));
            for (result, count) in outcomes(counts) {
                let labels = format!("authz_dry_run_action=\"{action}\",authz_dry_run_result=\"{result}\",{prefix}");
                line(text, name, &labels, count as f64);
            }
        }
    }
}

/// Whose dry runs are counted, as their statistics are named.
const ACTIONS: [&str; 2] = ["allow", "deny"];

fn outcomes((allowed, denied): (u64, u64)) -> [(&'static str, u64); 2] {
    [("allowed", allowed), ("denied", denied)]
}

fn gauges(proxy: &Proxy) -> Vec<(String, f64)> {
    let memory = memory(proxy) as f64;
    let named = [
        ("envoy_server_live", 1.0),
        ("envoy_server_concurrency", 2.0),
        ("envoy_server_memory_allocated", memory * 0.7),
        ("envoy_server_memory_heap_size", memory * 0.85),
        ("envoy_cluster_manager_active_clusters", cluster_count(proxy) as f64),
        ("envoy_listener_manager_total_listeners_active", 12.0),
        ("envoy_listener_manager_total_filter_chains_draining", f64::from(proxy.draining())),
        ("envoy_server_days_until_first_cert_expiring", 0.0),
        (
            "envoy_server_watchdog_miss",
            if proxy.condition == Condition::Starved { proxy.counters.accepted.0 as f64 / 40.0 } else { 0.0 },
        ),
    ];
    let rejected = f64::from(u8::from(proxy.sync.iter().any(|s| s.error.is_some())));
    let mut all: Vec<(String, f64)> = named.into_iter().map(|(name, value)| (name.to_owned(), value.floor())).collect();
    all.push(("envoy_listener_manager_lds_update_rejected".into(), rejected));
    all
}

fn family(text: &mut String, name: &str, kind: &str) {
    let _ = writeln!(text, "# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, labels: &str, value: f64) {
    let _ = writeln!(text, "{name}{{{labels}}} {value}");
}

fn histogram(text: &mut String, name: &str, labels: &str, histogram: &Histogram) {
    for (bound, count) in histogram.cumulative() {
        line(text, &format!("{name}_bucket"), &format!("{labels},le=\"{bound}\""), count as f64);
    }
    line(text, &format!("{name}_bucket"), &format!("{labels},le=\"+Inf\""), histogram.count as f64);
    line(text, &format!("{name}_sum"), labels, histogram.sum);
    line(text, &format!("{name}_count"), labels, histogram.count as f64);
}

/// One end, as the labels of a side.
pub(crate) fn end(side: &str, end: &End) -> String {
    let End { namespace, workload, app, version, principal } = end;
    format!(
        "{side}_workload=\"{workload}\",{side}_canonical_service=\"{app}\",{side}_canonical_revision=\"{version}\",\
         {side}_workload_namespace=\"{namespace}\",{side}_principal=\"{principal}\",{side}_app=\"{app}\",{side}_version=\"{version}\",\
         {side}_cluster=\"Kubernetes\""
    )
}

fn labels(series: &Series, protocol: &str) -> String {
    let (host, name, namespace) = &series.service;
    format!(
        "reporter=\"{}\",{},{},destination_service=\"{host}\",destination_service_name=\"{name}\",\
         destination_service_namespace=\"{namespace}\",request_protocol=\"{protocol}\",\
         response_flags=\"{}\",connection_security_policy=\"{}\"",
        series.reporter,
        end("source", &series.from),
        end("destination", &series.to),
        series.flags,
        series.security
    )
}

fn of_request(series: &Series) -> String {
    format!("{},response_code=\"{}\",grpc_response_status=\"\"", labels(series, "http"), series.code)
}

fn series(text: &mut String, counters: &Counters) {
    family(text, "istio_requests_total", "counter");
    for (series, histogram) in &counters.series {
        line(text, "istio_requests_total", &of_request(series), histogram.count as f64);
    }
    family(text, "istio_request_duration_milliseconds", "histogram");
    for (series, times) in &counters.series {
        histogram(text, "istio_request_duration_milliseconds", &of_request(series), times);
    }
    family(text, "istio_tcp_connections_opened_total", "counter");
    for (series, count) in &counters.opened {
        line(text, "istio_tcp_connections_opened_total", &labels(series, "tcp"), *count as f64);
    }
}

fn upstreams(text: &mut String, counters: &Counters) {
    let each = |text: &mut String, name: &str, value: fn(&Upstream) -> u64| {
        family(text, name, "counter");
        for (cluster, upstream) in &counters.upstreams {
            line(text, name, &format!("cluster_name=\"{cluster}\""), value(upstream) as f64);
        }
    };
    family(text, "envoy_cluster_upstream_rq", "counter");
    for (cluster, upstream) in &counters.upstreams {
        for (code, count) in &upstream.codes {
            line(
                text,
                "envoy_cluster_upstream_rq",
                &format!("cluster_name=\"{cluster}\",response_code=\"{code}\""),
                *count as f64,
            );
        }
        for (class, count) in classes(upstream) {
            let labels = format!("cluster_name=\"{cluster}\",response_code_class=\"{class}\"");
            line(text, "envoy_cluster_upstream_rq", &labels, count as f64);
        }
    }
    each(text, "envoy_cluster_upstream_rq_total", Upstream::requests);
    each(text, "envoy_cluster_upstream_rq_completed", Upstream::requests);
    each(text, "envoy_cluster_upstream_cx_total", |u| u.connections);
    each(text, "envoy_cluster_upstream_cx_connect_fail", |u| u.failed_connections);
    each(text, "envoy_cluster_ssl_handshake", |u| u.handshakes);
    family(text, "envoy_cluster_upstream_rq_time", "histogram");
    for (cluster, upstream) in &counters.upstreams {
        histogram(text, "envoy_cluster_upstream_rq_time", &format!("cluster_name=\"{cluster}\""), &upstream.time);
    }
}

fn classes(upstream: &Upstream) -> Vec<(String, u64)> {
    let mut classes: Vec<(String, u64)> = Vec::new();
    for (code, count) in &upstream.codes {
        let class = format!("{}xx", code / 100);
        match classes.iter_mut().find(|(name, _)| *name == class) {
            Some((_, total)) => *total += count,
            None => classes.push((class, *count)),
        }
    }
    classes
}

/// `/stats`: a line each. Istio ends the name of a cluster in statistics with `;`.
pub(crate) fn plain(proxy: &Proxy) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (cluster, upstream) in &proxy.counters.upstreams {
        let name = |what: &str| format!("cluster.{cluster};.{what}");
        all.push((name("upstream_cx_total"), upstream.connections.to_string()));
        all.push((name("upstream_cx_connect_fail"), upstream.failed_connections.to_string()));
        all.push((name("ssl.handshake"), upstream.handshakes.to_string()));
        all.push((name("upstream_rq_total"), upstream.requests().to_string()));
        // Nothing is refused here for a limit.
        all.push((name("upstream_cx_overflow"), "0".into()));
        all.push((name("upstream_rq_pending_overflow"), "0".into()));
        for (code, count) in &upstream.codes {
            all.push((name(&format!("upstream_rq_{code}")), count.to_string()));
        }
        for (class, count) in classes(upstream) {
            all.push((name(&format!("upstream_rq_{class}")), count.to_string()));
        }
    }
    let counters = &proxy.counters;
    all.push(("listener.0.0.0.0_15006.downstream_cx_total".into(), counters.accepted.0.to_string()));
    all.push(("listener.0.0.0.0_15006.no_filter_chain_match".into(), counters.unmatched.to_string()));
    all.push(("listener.0.0.0.0_15006.ssl.handshake".into(), counters.accepted.1.to_string()));
    let http = format!("http.inbound_0.0.0.0_{};.rbac", proxy.port);
    for (prefix, rbac) in [(http.as_str(), counters.http_rbac), ("tcp.rbac", counters.tcp_rbac)] {
        all.extend(outcomes(rbac.enforced).map(|(result, count)| (format!("{prefix}.{result}"), count.to_string())));
        for (action, counts) in ACTIONS.into_iter().zip(rbac.dry_run) {
            let name = |result| format!("{prefix}.istio_dry_run_{action}_.shadow_{result}");
            all.extend(outcomes(counts).map(|(result, count)| (name(result), count.to_string())));
        }
    }
    all.extend(
        gauges(proxy)
            .into_iter()
            .map(|(name, value)| (name.trim_start_matches("envoy_").to_owned(), value.to_string())),
    );
    all.sort();
    all
}

/// Bytes that the process holds.
pub(crate) fn memory(proxy: &Proxy) -> u64 {
    let base = if proxy.role == Role::Ztunnel { 58 } else { 42 } * 1024 * 1024;
    let ballast = if proxy.condition == Condition::Oversized { BALLAST as u64 * 290_000 } else { 0 };
    base + proxy.services as u64 * 30_000 + proxy.counters.series.len() as u64 * 9_000 + ballast
}

/// (name of the cluster, addresses behind it) that the proxy's configuration holds.
pub(crate) fn clusters(proxy: &Proxy) -> Vec<(String, Vec<(String, u16)>)> {
    let mut all = Vec::new();
    for service in scope::services(proxy) {
        for port in &service.ports {
            let host = format!("{}.{}.svc.cluster.local", service.name, service.namespace);
            let pods = proxy.knows.places().of_service(service);
            let behind = |labels: &world::Labels| -> Vec<(String, u16)> {
                let found = pods.iter().filter(|p| p.ready && mesh::selects(labels, &p.labels));
                found.map(|p| (p.ip.clone(), mesh::target_port(port, p).unwrap_or(port.port))).collect()
            };
            all.push((format!("outbound|{}||{host}", port.port), behind(&world::Labels::new())));
            for (subset, labels) in subsets(proxy, &service.namespace, &service.name) {
                all.push((format!("outbound|{}|{subset}|{host}", port.port), behind(&labels)));
            }
        }
    }
    all.push((format!("inbound|{}||", proxy.port), vec![(proxy.ip.clone(), proxy.port)]));
    all
}

/// How many those are, for what is asked of thousands of proxies again and again.
fn cluster_count(proxy: &Proxy) -> usize {
    let mut subsets: HashMap<(&str, &str), usize> = HashMap::new();
    for rule in proxy.knows.world().documents_of("networking.istio.io", "DestinationRule") {
        let host = rule.at("/spec/host").and_then(Value::as_str).unwrap_or_default();
        let full = host.strip_suffix(".svc.cluster.local").and_then(|host| host.split_once('.'));
        let (name, namespace) = full.unwrap_or((host, &rule.key.namespace));
        let named = rule.at("/spec/subsets").and_then(Value::as_array).map_or(0, Vec::len);
        *subsets.entry((namespace, name)).or_default() += named;
    }
    let of = |service: &world::Service| 1 + subsets.get(&(&*service.namespace, &*service.name)).copied().unwrap_or(0);
    1 + scope::services(proxy).map(|service| service.ports.len() * of(service)).sum::<usize>()
}

pub(crate) fn subsets(proxy: &Proxy, namespace: &str, name: &str) -> Vec<(String, world::Labels)> {
    let rules = proxy.knows.world().documents_of("networking.istio.io", "DestinationRule");
    let full = format!("{name}.{namespace}.svc.cluster.local");
    let rules = rules.filter(|d| {
        let host = d.at("/spec/host").and_then(Value::as_str).unwrap_or_default();
        host == full || host == name && d.key.namespace == namespace
    });
    let read = |subset: &Value| {
        let labels = subset["labels"].as_object().into_iter().flatten();
        let labels = labels.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect();
        Some((subset["name"].as_str()?.to_owned(), labels))
    };
    rules
        .flat_map(|d| d.at("/spec/subsets").and_then(Value::as_array).cloned().unwrap_or_default())
        .filter_map(|s| read(&s))
        .collect()
}

/// `/clusters?format=json`
///
/// What is under way is so in the mean: the time that all answers took over the time since the start.
pub(crate) fn cluster_statuses(proxy: &Proxy, uptime: f64) -> Value {
    let host = |cluster: &str, (address, port): &(String, u16), hosts: usize| {
        let upstream = proxy.counters.upstreams.get(cluster);
        // What is counted of a cluster is spread over its endpoints alike.
        let count = |value: fn(&Upstream) -> u64| upstream.map_or(0, |u| value(u) / hosts.max(1) as u64).to_string();
        json!({"address": {"socket_address": {"address": address, "port_value": port}},
            "stats": [{"name": "rq_total", "value": count(Upstream::requests)}, {"name": "rq_error", "value": count(Upstream::failed)},
                {"name": "cx_connect_fail", "value": count(|u| u.failed_connections)},
                {"name": "cx_active", "type": "GAUGE", "value": under_way(upstream, uptime, hosts).1},
                {"name": "rq_active", "type": "GAUGE", "value": under_way(upstream, uptime, hosts).0}],
            "health_status": {"eds_health_status": "HEALTHY"}, "weight": 1, "locality": {}})
    };
    let status = |(name, hosts): (String, Vec<(String, u16)>)| {
        let statuses: Vec<_> = hosts.iter().map(|h| host(&name, h, hosts.len())).collect();
        json!({"name": name, "added_via_api": true, "host_statuses": statuses, "circuit_breakers": breakers(proxy, &name),
            "observability_name": format!("{name};")})
    };
    json!({"cluster_statuses": clusters(proxy).into_iter().map(status).collect::<Vec<_>>()})
}

/// Requests that one endpoint of so many answers at once, and connections to it: one of HTTP/2 carries many requests.
fn under_way(upstream: Option<&Upstream>, uptime: f64, hosts: usize) -> (String, String) {
    let Some(upstream) = upstream else { return ("0".into(), "0".into()) };
    let requests = (upstream.time.sum / 1000.0 / uptime.max(1.0) / hosts.max(1) as f64).round();
    (requests.to_string(), u64::from(upstream.connections > 0).to_string())
}

/// The limits that a cluster has by the DestinationRule of its service.
fn breakers(proxy: &Proxy, cluster: &str) -> Value {
    let host = cluster.split('|').nth(3).unwrap_or_default();
    let mut rules = proxy.knows.world().documents_of("networking.istio.io", "DestinationRule");
    let rule = rules.find(|rule| {
        let of = rule.at("/spec/host").and_then(Value::as_str).unwrap_or_default();
        !host.is_empty() && (of == host || host == format!("{of}.{}.svc.cluster.local", rule.key.namespace))
    });
    let limit = |path: &str| {
        let set = rule.and_then(|rule| rule.at(&format!("/spec/trafficPolicy/connectionPool/{path}")));
        set.and_then(Value::as_u64).unwrap_or(u64::from(u32::MAX))
    };
    json!({"thresholds": [{"max_connections": limit("tcp/maxConnections"), "max_pending_requests": limit("http/http1MaxPendingRequests"),
        "max_requests": limit("http/http2MaxRequests"), "max_retries": limit("http/maxRetries")}]})
}

/// `/certs`: a day long, renewed at half its time.
pub(crate) fn certificates(proxy: &Proxy) -> Value {
    let now = Timestamp::now();
    let at = |hours: i64| {
        let then = now.checked_add(SignedDuration::from_hours(hours)).unwrap_or(now);
        then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let ca = json!([{"path": "<inline>", "serial_number": "17519df9ae280d232790d6b6c13f8e9a", "subject_alt_names": [],
        "days_until_expiration": "3649", "valid_from": at(-216), "expiration_time": at(87_600)}]);
    let (since, left) = crate::authority::times(proxy);
    let leaf = json!([{"path": "<inline>", "serial_number": format!("{:032x}", crate::manifests::hash(&proxy.pod, 7)),
        "subject_alt_names": [{"uri": proxy.principal()}], "days_until_expiration": "0", "valid_from": at(-i64::from(since)), "expiration_time": at(i64::from(left))}]);
    json!({"certificates": [{"ca_cert": ca, "cert_chain": leaf}]})
}

/// `/server_info`
pub(crate) fn server_info(proxy: &Proxy, uptime: u64) -> Value {
    json!({"version": "demo/1.36.0/Clean/RELEASE/BoringSSL", "state": "LIVE", "hot_restart_version": "disabled",
        "uptime_current_epoch": format!("{uptime}s"), "uptime_all_epochs": format!("{uptime}s"),
        "node": node(proxy)})
}

/// Who the proxy says that it is.
pub(crate) fn node(proxy: &Proxy) -> Value {
    let role = proxy.role.word();
    let id = format!("{role}~{}~{}.{}~{}.svc.cluster.local", proxy.ip, proxy.pod, proxy.namespace, proxy.namespace);
    json!({"id": id, "cluster": format!("{}.{}", proxy.app, proxy.namespace),
        "metadata": {"ISTIO_VERSION": proxy.release(), "NAMESPACE": proxy.namespace, "MESH_ID": "cluster.local",
            "WORKLOAD_NAME": proxy.workload, "SERVICE_ACCOUNT": proxy.account, "CLUSTER_ID": "Kubernetes",
            "PROXY_CONFIG": {"discoveryAddress": "istiod.istio-system.svc:15012", "concurrency": 2}},
        "user_agent_name": "envoy", "user_agent_build_version": {"version": {"major_number": 1, "minor_number": 36}}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Kinds;
    use crate::store::Store;
    use crate::traffic::Traffic;
    use crate::{Options, load};

    #[test]
    fn so_many_clusters_are_counted_as_there_are() {
        let kinds = Kinds::read("").unwrap();
        let store = Store::new(&kinds, 64);
        load::shop(&kinds, &store, &Options::default()).unwrap();
        let traffic = Traffic::new(&store, 1);
        let state = traffic.state();
        let mut counts = Vec::new();
        for proxy in state.proxies.values() {
            assert_eq!(cluster_count(proxy), clusters(proxy).len(), "{}/{}", proxy.namespace, proxy.pod);
            counts.push(cluster_count(proxy));
        }
        assert!(counts.iter().any(|count| *count > 20) && counts.iter().min() != counts.iter().max(), "{counts:?}");
    }
}
