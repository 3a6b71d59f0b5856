use super::*;
use crate::envoy;
use crate::proxies::proxies;
use crate::proxies::tests::pod;
use world::{Change, Object, World};

fn proxy(name: &str) -> Proxy {
    let pod = pod("shop", &format!("{name}-1"), &[name, "istio-proxy"], &[]);
    proxies(&World::new().after([Change::Put(Object::Pod(pod))])).remove(0)
}

fn outbound(subset: &str, requests: u32, errors: u32, connections: u32, handshakes: u32) -> String {
    let name = format!("cluster_name=\"outbound|9080|{subset}|reviews.shop.svc.cluster.local\"");
    format!(
        "envoy_cluster_upstream_rq{{{name},response_code=\"200\"}} {}\n\
         envoy_cluster_upstream_rq{{{name},response_code=\"503\"}} {errors}\n\
         envoy_cluster_upstream_rq_time_bucket{{{name},le=\"10\"}} {requests}\n\
         envoy_cluster_upstream_rq_time_bucket{{{name},le=\"+Inf\"}} {requests}\n\
         envoy_cluster_upstream_cx_total{{{name}}} {connections}\n\
         envoy_cluster_ssl_handshake{{{name}}} {handshakes}\n",
        requests - errors
    )
}

fn recorded(samples: &[(f64, String)]) -> Traffic {
    let mut traffic = Traffic::new();
    for (at, text) in samples {
        traffic.record(&proxy("page"), *at, envoy::read(text.as_bytes()));
    }
    traffic
}

#[test]
fn edges_are_what_grew_in_the_window() {
    let traffic = recorded(&[
        (100.0, outbound("v1", 1000, 0, 5, 5)),
        (110.0, outbound("v1", 1100, 10, 5, 5)),
        (120.0, outbound("v1", 1150, 15, 5, 5) + &outbound("v2", 50, 0, 1, 0)),
    ]);
    let edges = traffic.edges(10.0, 120.0);
    let [v1, v2] = edges.as_slice() else { panic!("{edges:?}") };
    assert_eq!(v1.from, Some(Workload { namespace: "shop".into(), name: "page".into() }));
    assert_eq!(v1.to_service, Some(("shop".into(), "reviews".into())));
    assert_eq!((v1.subset.as_deref(), v1.port, v1.protocol), (Some("v1"), 9080, Protocol::Http));
    assert_eq!((v1.requests_per_second, v1.error_share), (5.0, 0.1));
    assert_eq!(
        (v1.secured, v2.secured),
        (Secured::Mtls, Secured::Plaintext),
        "old connections count while no new are made"
    );
    assert_eq!(v2.requests_per_second, 5.0, "a place that is new was at zero before");
    assert_eq!(v1.p50, Some(7.5));
    assert_eq!(traffic.edges(20.0, 120.0)[0].requests_per_second, 7.5);
    assert!(traffic.edges(10.0, 200.0).is_empty(), "what was not read lately is not shown as if it were now");
}

#[test]
fn what_was_counted_before_the_first_look_is_remembered_by_the_proxies() {
    let once = recorded(&[(100.0, outbound("v1", 1000, 10, 5, 5))]);
    assert!(once.edges(900.0, 100.0).is_empty(), "nothing grew while we looked");
    let ever = once.ever();
    let [v1] = ever.as_slice() else { panic!("{ever:?}") };
    assert_eq!((v1.requests_per_second, v1.error_share, v1.secured), (1000.0, 0.01, Secured::Mtls));
    let called: Vec<_> = once.ports_called().into_iter().collect();
    let page = Workload { namespace: "shop".into(), name: "page".into() };
    assert_eq!(called, [((page, "reviews.shop.svc.cluster.local".to_owned()), [(9080, true)].into())]);
    let twice = recorded(&[(100.0, outbound("v1", 1000, 10, 5, 5)), (130.0, outbound("v1", 1001, 10, 5, 5))]);
    assert_eq!((once.watched(100.0), twice.watched(140.0)), (0.0, 40.0));
    let (before, after) = (twice.between(90.0, 130.0), twice.between(110.0, 200.0));
    assert_eq!((before.edges.len(), before.counting.len()), (1, 1));
    assert_eq!((after.edges.len(), after.counting.len()), (0, 0), "a step that began earlier tells nothing of later");
}

#[test]
fn a_counter_that_fell_began_again() {
    let traffic = recorded(&[
        (100.0, outbound("", 1000, 0, 9, 9)),
        (110.0, outbound("", 30, 0, 1, 1)),
        (120.0, outbound("", 40, 0, 1, 1)),
    ]);
    assert_eq!(traffic.edges(10.0, 120.0)[0].requests_per_second, 1.0);
    assert_eq!(traffic.edges(20.0, 120.0)[0].requests_per_second, 2.0);
}

#[test]
fn a_403_is_a_denial_only_where_somebody_denies() {
    let denied =
        |count: u32| format!("envoy_http_rbac_denied{{http_conn_manager_prefix=\"inbound_0.0.0.0_9080\"}} {count}\n");
    let name = "cluster_name=\"outbound|9080||reviews.shop.svc.cluster.local\",response_code=\"403\"";
    let forbidden = |count: u32| format!("envoy_cluster_upstream_rq{{{name}}} {count}\n");
    for (refusals, expected) in [(0, 0.0), (20, 2.0)] {
        let mut traffic = recorded(&[(100.0, forbidden(1)), (110.0, forbidden(21))]);
        for (at, count) in [(100.0, 0), (110.0, refusals)] {
            traffic.record(&proxy("reviews"), at, envoy::read(denied(count).as_bytes()));
        }
        assert_eq!(traffic.edges(10.0, 110.0)[0].denied_per_second, expected);
    }
}

#[test]
fn dry_runs_are_what_proxies_counted_since() {
    let count = |action: &str, result: &str, n: u32| {
        let labels = format!("authz_dry_run_action=\"{action}\",authz_dry_run_result=\"{result}\"");
        format!("envoy_http_rbac{{{labels},http_conn_manager_prefix=\"inbound_0.0.0.0_9080\"}} {n}\n")
    };
    let allow = |passed, refused| count("allow", "allowed", passed) + &count("allow", "denied", refused);
    let mut traffic = recorded(&[(100.0, allow(4, 15)), (110.0, allow(6, 16)), (120.0, allow(1, 2))]);
    traffic.record(&proxy("silent"), 100.0, envoy::read(b""));
    let of = |(begun, all): (Option<f64>, BTreeMap<Workload, DryRuns>)| {
        let of: Vec<_> = all.into_iter().map(|(workload, of)| (workload.name, of.proxies, of.judged)).collect();
        (begun, of)
    };
    let allowed = DryRun { denies: false, tcp: false };
    for (from, begun, judged) in [
        (0.0, Some(100.0), [(allowed, Judged { passed: 3.0, refused: 3.0 })].into()),
        (105.0, Some(110.0), [(allowed, Judged { passed: 1.0, refused: 2.0 })].into()),
        (115.0, None, BTreeMap::new()),
    ] {
        let (since, mut found) = of(traffic.dry_runs(from));
        assert_eq!(since, begun, "from {from}");
        assert_eq!(found.pop().map(|(name, proxies, _)| (name, proxies)), Some(("silent".into(), (0, 1))));
        assert_eq!(found.pop().map(|(_, proxies, judged)| (proxies, judged)), Some(((1, 0), judged)), "from {from}");
    }
}

#[test]
fn istios_own_metrics_count_once_and_name_callers_without_a_proxy() {
    let series = |reporter: &str, from: &str, security: &str, count: u32| {
        format!(
            "istio_requests_total{{reporter=\"{reporter}\",source_workload=\"{from}\",source_workload_namespace=\"shop\",\
             destination_workload=\"reviews-v1\",destination_workload_namespace=\"shop\",\
             destination_service=\"reviews.shop.svc.cluster.local\",request_protocol=\"grpc\",response_code=\"200\",\
             connection_security_policy=\"{security}\"}} {count}\n"
        )
    };
    let caller = |count| outbound("", count, 0, 1, 1) + &series("source", "page", "unknown", count);
    let callee =
        |count| series("destination", "page", "mutual_tls", count) + &series("destination", "unknown", "none", count);
    let mut traffic = recorded(&[(100.0, caller(10)), (110.0, caller(60))]);
    for (at, count) in [(100.0, 10), (110.0, 60)] {
        traffic.record(&proxy("reviews"), at, envoy::read(callee(count).as_bytes()));
    }
    let edges = traffic.edges(10.0, 110.0);
    let seen: Vec<_> = edges.iter().map(|e| (e.source, e.requests_per_second, e.protocol)).collect();
    assert_eq!(seen, [(Source::IstioCallee, 5.0, Protocol::Grpc), (Source::IstioCaller, 5.0, Protocol::Grpc)]);
    assert_eq!((edges[0].from.as_ref(), edges[0].secured), (None, Secured::Plaintext));
    assert_eq!(edges[1].secured, Secured::Mtls, "the callee tells how it came");
    assert_eq!(edges[1].to_workload.as_ref().map(|w| w.name.as_str()), Some("reviews-v1"));
}

/// Istio's series of requests to one of the workloads behind `reviews`.
fn reviews(reporter: &str, to: &str, security: &str, count: u32) -> String {
    format!(
        "istio_requests_total{{reporter=\"{reporter}\",source_workload=\"page\",source_workload_namespace=\"shop\",\
         destination_workload=\"{to}\",destination_workload_namespace=\"shop\",\
         destination_service=\"reviews.shop.svc.cluster.local\",request_protocol=\"http\",response_code=\"200\",\
         connection_security_policy=\"{security}\"}} {count}\n"
    )
}

#[test]
fn how_requests_travel_is_taken_from_whoever_knows() {
    let nobody = String::new;
    let callee = |security: &'static str| move |count| reviews("destination", "reviews-v2", security, count);
    type Report = Box<dyn Fn(u32) -> String>;
    // (connections of the caller's Envoy, handshakes, the callee's report, how they travel)
    let cases: [(u32, u32, Report, Secured); 7] = [
        (0, 0, Box::new(callee("mutual_tls")), Secured::Mtls),
        (0, 0, Box::new(callee("none")), Secured::Plaintext),
        (4, 0, Box::new(callee("mutual_tls")), Secured::Mtls),
        (4, 4, Box::new(move |_| nobody()), Secured::Mtls),
        (4, 2, Box::new(move |_| nobody()), Secured::Unknown),
        (4, 4, Box::new(callee("unknown")), Secured::Mtls),
        (0, 0, Box::new(move |_| nobody()), Secured::Unknown),
    ];
    for (at, (made, handshakes, report, secured)) in cases.into_iter().enumerate() {
        // The caller names another workload than the one that answers: the service has several.
        let caller =
            |count| outbound("", count, 0, made, handshakes) + &reviews("source", "reviews-v1", "unknown", count);
        let mut traffic = recorded(&[(100.0, caller(10)), (110.0, caller(60))]);
        for (at, count) in [(100.0, 10), (110.0, 60)] {
            traffic.record(&proxy("reviews"), at, envoy::read(report(count).as_bytes()));
        }
        let seen: Vec<_> = traffic.edges(10.0, 110.0).iter().map(|e| (e.source, e.secured)).collect();
        assert_eq!(seen, [(Source::IstioCaller, secured)], "case {at}");
    }
}

#[test]
fn what_a_workload_receives() {
    let inbound = |requests: u32, tls: u32| {
        format!(
            "envoy_cluster_upstream_rq{{cluster_name=\"inbound|8080||\",response_code=\"200\"}} {requests}\n\
             envoy_listener_downstream_cx_total{{listener_address=\"0.0.0.0_15006\"}} 4\n\
             envoy_listener_ssl_handshake{{listener_address=\"0.0.0.0_15006\"}} {tls}\n"
        )
    };
    let traffic = recorded(&[(100.0, inbound(0, 3)), (110.0, inbound(40, 3))]);
    let all = traffic.inbound(10.0, 110.0);
    assert_eq!((all[0].workload.name.as_str(), all[0].port, all[0].requests_per_second), ("page", 8080, 4.0));
    assert_eq!(all[0].tls_share, Some(0.75));
    assert!(traffic.edges(10.0, 110.0).is_empty());
}

#[test]
fn series_have_gaps_where_nobody_measured() {
    let mut traffic = recorded(&[(100.0, outbound("v1", 0, 0, 1, 1)), (110.0, outbound("v1", 100, 50, 1, 1))]);
    let service = Of::Service("shop".into(), "reviews".into());
    let series = traffic.series(&service, 20.0, 110.0);
    assert_eq!(series.at, [100.0, 110.0]);
    assert_eq!(series.lines[0].requests, [None, Some(10.0)]);
    assert_eq!(series.lines[0].errors, [None, Some(5.0)]);
    let edge = Of::Edge(Workload { namespace: "shop".into(), name: "other".into() }, ("shop".into(), "reviews".into()));
    assert!(traffic.series(&edge, 20.0, 110.0).lines.is_empty());

    for step in 0..2000 {
        let at = 112.0 + 2.0 * f64::from(step);
        traffic.record(&proxy("page"), at, envoy::read(outbound("v1", 100 + step, 50, 1, 1).as_bytes()));
    }
    let kept = traffic.tracks.values().next().unwrap().steps.len();
    assert!(kept <= 451, "{kept} steps: more than a quarter of an hour");
}

#[test]
fn connections_of_a_sidecar_count_once_and_as_the_callee_tells_how_they_come() {
    let istio = |reporter: &str, security: &str, count: u32| {
        format!(
            "istio_tcp_connections_opened_total{{reporter=\"{reporter}\",source_workload=\"page\",source_workload_namespace=\"shop\",destination_service=\"cache.shop.svc.cluster.local\",destination_workload=\"cache-v1\",destination_workload_namespace=\"shop\",request_protocol=\"tcp\",connection_security_policy=\"{security}\"}} {count}\n"
        )
    };
    let own = |count: u32| {
        let cluster = "cluster_name=\"outbound|6379||cache.shop.svc.cluster.local\"";
        format!(
            "envoy_cluster_upstream_cx_total{{{cluster}}} {count}\nenvoy_cluster_ssl_handshake{{{cluster}}} {count}\n"
        )
    };
    let edges = |page: &dyn Fn(u32) -> String| {
        let mut traffic = Traffic::new();
        for (at, count) in [(0.0, 10), (10.0, 30)] {
            traffic.record(&proxy("page"), at, envoy::read(page(count).as_bytes()));
            traffic.record(&proxy("cache"), at, envoy::read(istio("destination", "mutual_tls", count).as_bytes()));
        }
        let told = |edge: Edge| (edge.protocol, edge.port, edge.requests_per_second, edge.secured);
        traffic.edges(10.0, 10.0).into_iter().map(told).collect::<Vec<_>>()
    };
    // With Istio's usual statistics nobody says the port; with Envoy's own beside them the same connections count once.
    let (usual, both) =
        (|count| istio("source", "unknown", count), |count| istio("source", "unknown", count) + &own(count));
    assert_eq!(edges(&usual), [(Protocol::Tcp, 0, 2.0, Secured::Mtls)]);
    assert_eq!(edges(&both), [(Protocol::Tcp, 6379, 2.0, Secured::Mtls)]);
}

/// Lines as a genuine ztunnel writes them, shortened.
const ZTUNNEL: &str = r#"istio_tcp_connections_opened_total{reporter="source",source_workload="sleep",source_workload_namespace="shop",source_principal="spiffe://cluster.local/ns/shop/sa/sleep",destination_service="reviews.shop.svc.cluster.local",destination_workload="reviews-v1",destination_workload_namespace="shop",request_protocol="tcp",connection_security_policy="mutual_tls"} COUNT
istio_tcp_sent_bytes_total{reporter="source",source_workload="sleep",source_workload_namespace="shop"} 5
"#;

#[test]
fn what_ztunnel_counts_is_traffic_of_connections() {
    let mut node = proxy("ztunnel");
    node.role = crate::Role::Ztunnel;
    let mut traffic = Traffic::new();
    for (at, count) in [(0.0, "10"), (10.0, "35")] {
        traffic.record(&node, at, crate::envoy::read(ZTUNNEL.replace("COUNT", count).as_bytes()));
    }
    let edges = traffic.edges(10.0, 10.0);
    assert_eq!(edges.len(), 1, "{edges:#?}");
    let edge = &edges[0];
    assert_eq!((edge.protocol, edge.requests_per_second, edge.secured), (Protocol::Tcp, 2.5, Secured::Mtls));
    assert_eq!(edge.from.as_ref().map(|from| from.name.as_str()), Some("sleep"));
    assert_eq!(edge.to_service, Some(("shop".into(), "reviews".into())));
}

/// As a genuine waypoint reports (istio.io/docs/reference/config/metrics, `reporter`), shortened.
const WAYPOINT: &str = r#"istio_requests_total{reporter="waypoint",source_workload="sleep",source_workload_namespace="shop",destination_service="reviews.shop.svc.cluster.local",destination_workload="reviews-v1",destination_workload_namespace="shop",request_protocol="http",response_code="200",connection_security_policy="mutual_tls"} COUNT
"#;

#[test]
fn requests_through_a_waypoint_are_counted_once() {
    let (mut node, mut waypoint) = (proxy("ztunnel"), proxy("waypoint"));
    (node.role, waypoint.role) = (crate::Role::Ztunnel, crate::Role::Waypoint);
    let carried = ZTUNNEL.replace("reviews-v1", "waypoint");
    let mut traffic = Traffic::new();
    for (at, connections, requests) in [(0.0, "10", "100"), (10.0, "35", "400")] {
        traffic.record(&node, at, crate::envoy::read(carried.replace("COUNT", connections).as_bytes()));
        traffic.record(&waypoint, at, crate::envoy::read(WAYPOINT.replace("COUNT", requests).as_bytes()));
    }
    let edges = traffic.edges(10.0, 10.0);
    assert_eq!(edges.len(), 1, "{edges:#?}");
    let edge = &edges[0];
    assert_eq!((edge.protocol, edge.requests_per_second, edge.secured), (Protocol::Http, 30.0, Secured::Mtls));
    assert_eq!(edge.from.as_ref().map(|from| from.name.as_str()), Some("sleep"));
    assert_eq!(edge.to_workload.as_ref().map(|to| to.name.as_str()), Some("reviews-v1"));
}

#[test]
fn requests_that_a_node_carries_to_a_sidecar_are_counted_there() {
    let (mut node, callee) = (proxy("ztunnel"), proxy("reviews"));
    node.role = crate::Role::Ztunnel;
    let mut traffic = Traffic::new();
    for (at, connections, requests) in [(0.0, "10", "100"), (10.0, "35", "400")] {
        traffic.record(&node, at, crate::envoy::read(ZTUNNEL.replace("COUNT", connections).as_bytes()));
        let seen = WAYPOINT.replace("\"waypoint\"", "\"destination\"").replace("COUNT", requests);
        traffic.record(&callee, at, crate::envoy::read(seen.as_bytes()));
    }
    let edges = traffic.edges(10.0, 10.0);
    assert_eq!(edges.len(), 1, "{edges:#?}");
    assert_eq!(
        (edges[0].protocol, edges[0].requests_per_second, edges[0].secured),
        (Protocol::Http, 30.0, Secured::Mtls)
    );
    assert_eq!(edges[0].from.as_ref().map(|from| from.name.as_str()), Some("sleep"));
}
