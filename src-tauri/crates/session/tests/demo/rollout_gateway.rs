//! Rollouts over a route at a gateway: what people ask from outside moves, and what callers in the mesh do neither moves nor counts.

use std::sync::Arc;

use cluster::Options;
use demo::Demo;
use rollout::{Phase, Plan};
use serde_json::{Value, json};
use session::rollout::Supposed;

use crate::bench::{Bench, LIMIT, bench};
use crate::rollout::until;

/// The reviews that people ask for from outside, by this version.
fn visitors(host: &str, gateway: &str) -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": "prod", "name": "visitors"},
        "spec": {"hosts": [host], "gateways": [gateway], "http": [
            {"match": [{"uri": {"prefix": "/reviews"}}], "route": [{"destination": {"host": "reviews", "subset": "v1"}}]}]}})
}

fn plan(steps: &str) -> Plan {
    Plan::read(&format!(
        "name: visitors\nservice: {{namespace: prod, name: reviews}}\nroute: {{kind: VirtualService, name: visitors}}\nstable: v1\ncanary: v3\n\
         interval: 2s\nminRequests: 1\npatience: 1m\nsteps: {steps}\ngates: [{{metric: success-rate, min: 50}}, {{metric: p99, max: 100000}}]\n"
    ))
    .unwrap()
}

/// The demo with the route, whose visitors are counted.
async fn visited(host: &str, gateway: &str) -> Bench {
    let bench = bench(Demo::client).await;
    bench.admin().create(&visitors(host, gateway), &Options::default()).await.unwrap();
    let mut traffic = bench.session.traffic();
    let called = |t: &Arc<session::traffic::Traffic>| t.edges(5.0).iter().any(|edge| edge.host.starts_with("reviews"));
    tokio::time::timeout(LIMIT, traffic.wait_for(called)).await.expect("traffic is measured").unwrap();
    bench
}

async fn blocking(bench: &Bench, plan: &Plan) -> Vec<String> {
    let obstacles = bench.session.rollout_check(plan, &[]).await.unwrap();
    obstacles.into_iter().filter(|one| one.blocks).map(|one| format!("{}: {}", one.about, one.because)).collect()
}

/// Waits until nothing stands in its way: until the visitors are counted.
async fn free(bench: &Bench, plan: &Plan) {
    let mut traffic = bench.session.traffic();
    let free = async {
        while !blocking(bench, plan).await.is_empty() {
            traffic.changed().await.unwrap();
        }
    };
    tokio::time::timeout(LIMIT, free).await.expect("nothing stands in its way");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_at_a_gateway_is_driven_by_what_the_gateway_counts() {
    let bench = visited("shop.example.com", "shop").await;
    let plan = plan("[{weight: 50, pause: 2s}, {weight: 100, pause: 2s}]");
    free(&bench, &plan).await;
    let routes = bench.session.rollout_routes("prod", "reviews").await.unwrap();
    let told: Vec<_> = routes
        .iter()
        .map(|one| (one.object.name.as_str(), one.within, one.gateways.join(","), one.versions[0].name.as_str()))
        .collect();
    assert_eq!(told, [("reviews", true, String::new(), "v1"), ("visitors", false, "prod/shop".into(), "v1")]);

    let played = bench.session.rollout_simulate(plan.clone(), Supposed::default()).await.unwrap();
    assert!(played.per_second < 5.0, "callers in the mesh ask twenty times as often: {played:#?}");
    let half = played.played.steps[0].last.as_ref().unwrap().measured.canary.unwrap().per_second;
    assert!((half / played.per_second - 0.5).abs() < 0.02, "{played:#?}");

    bench.session.rollout_begin(plan, Vec::new()).await.unwrap();
    let done = until(&bench, "its end", |one| one.is_over).await;
    assert_eq!((&done.run.phase, &done.gateways), (&Phase::Done, &vec!["prod/shop".to_owned()]), "{:#?}", done.run);
    for rates in done.run.checks.iter().flat_map(|check| [check.measured.stable, check.measured.canary]).flatten() {
        assert!(rates.per_second < 8.0, "those of the mesh are not counted: {rates:?}");
    }
    let route = bench.admin().get(&done.run.plan.object()).await.unwrap();
    let weights: Vec<_> =
        route["spec"]["http"][0]["route"].as_array().unwrap().iter().map(|to| to["weight"].as_u64()).collect();
    assert_eq!(weights, [Some(0), Some(100)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_counted_by_those_who_get_them() {
    let bench = visited("shop.example.com", "shop").await;
    let plan = plan("[{weight: 0, mirror: 100, pause: 2s}, {weight: 100, pause: 2s}]");
    free(&bench, &plan).await;
    bench.session.rollout_begin(plan, Vec::new()).await.unwrap();
    let done = until(&bench, "its end", |one| one.is_over).await;
    assert_eq!(done.run.phase, Phase::Done, "{:#?}", done.run);
    let copies = done.run.checks.iter().filter(|check| check.step == 0).filter_map(|check| check.measured.canary);
    let most = copies.map(|rates| rates.per_second).fold(0.0, f64::max);
    assert!(most > 0.5 && most < 8.0, "{most} copies a second: {:#?}", done.run.checks);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_at_no_gateway_that_opens_its_host_decides_nothing() {
    for (host, gateway) in [("other.example.com", "shop"), ("shop.example.com", "nobody")] {
        let bench = visited(host, gateway).await;
        let stands = blocking(&bench, &plan("[{weight: 100}]")).await;
        assert!(stands.iter().any(|text| text.contains("decides nothing for prod/reviews")), "{host}: {stands:#?}");
        let routes = bench.session.rollout_routes("prod", "reviews").await.unwrap();
        assert!(routes.iter().all(|one| one.object.name != "visitors"), "{routes:#?}");
    }
}

/// A canary of the Gateway API is a Service of its own, which the route names before it gets anything.
#[tokio::test(flavor = "multi_thread")]
async fn an_http_route_is_offered_with_the_services_that_it_names() {
    let bench = bench(Demo::client).await;
    let metadata = |name: &str| json!({"namespace": "prod", "name": name});
    let service = |version: &str| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata(&format!("users-{version}")),
            "spec": {"selector": {"app": "users"}, "ports": [{"name": "http", "port": 8080}]}})
    };
    let to = |version: &str, weight: u8| json!({"name": format!("users-{version}"), "port": 8080, "weight": weight});
    let route = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata("users"), "spec": {
        "parentRefs": [{"group": "", "kind": "Service", "name": "users", "port": 8080}], "rules": [{"backendRefs": [to("now", 1), to("next", 0)]}]}});
    for object in [service("now"), service("next"), route] {
        bench.admin().create(&object, &Options::default()).await.unwrap();
    }
    let mut live = bench.session.live();
    let seen = async {
        loop {
            let routes = bench.session.rollout_routes("prod", "users").await.unwrap();
            if let Some(route) = routes.into_iter().find(|one| one.object.kind == "HTTPRoute") {
                return route;
            }
            live.changed().await.unwrap();
        }
    };
    let route = tokio::time::timeout(LIMIT, seen).await.expect("it is offered");
    let versions: Vec<_> = route.versions.iter().map(|share| (share.name.as_str(), share.share)).collect();
    assert_eq!((route.within, &versions[..]), (true, &[("users-now", 1.0), ("users-next", 0.0)][..]), "{route:?}");
}
