//! Rules over traffic that was seen: where each fires, where it stays quiet, and that without traffic nothing is known.

#![allow(clippy::unwrap_used, reason = "an unwrap in a test is an assertion")]

use std::sync::Arc;

use mesh::{Caller, Finding, Observed, Request};
use world::{Change, World, yaml};

#[path = "../../../crates/world/tests/told/mod.rs"]
mod told;

fn world(text: &str) -> World {
    let (objects, problems) =
        yaml::documents(&format!("{}\n---\n{text}", include_str!("../../../../tests/worlds/shop.yaml")), "w");
    assert!(problems.is_empty(), "{problems:?}");
    World::new().after(objects.into_iter().map(Change::Put))
}

fn seen(namespace: &str, workload: &str, url: &str) -> Observed {
    let from = Caller::Workload { namespace: namespace.into(), workload: workload.into() };
    let request = Request {
        id: "s".into(),
        from,
        via: None,
        method: "GET".into(),
        url: url.into(),
        headers: Vec::new(),
        at: None,
    };
    Observed { request, per_second: 1.0, nameless: false }
}

fn said(text: &str, observed: &[Observed]) -> Vec<(&'static str, String, String)> {
    let found = meshes::engine().ready(&world(text)).check_seen(observed);
    assert!(observed.is_empty() || found.unknown.is_empty(), "{:?}", found.unknown);
    let line = |f: &Arc<Finding>| (f.rule, format!("{} {}", f.object, f.path), f.message.en.clone());
    found.findings.iter().for_each(|f| told::in_both(&f.message, &world(text), f.rule, &[]));
    found.findings.iter().map(line).collect()
}

#[test]
fn callers_that_are_seen_lose_access() {
    let policy = "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}, rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/ratings]}}]}]}}";
    let both = [
        seen("shop", "productpage-v1", "http://reviews.shop:9080/"),
        seen("shop", "details-v1", "http://reviews.shop:9080/"),
        seen("shop", "ratings-v1", "http://reviews.shop:9080/"),
    ];
    let found = said(policy, &both);
    assert_eq!(found.len(), 1, "one place, however many lose access there: {found:?}");
    let (rule, place, message) = &found[0];
    assert_eq!((*rule, place.as_str()), ("callers-denied", "AuthorizationPolicy shop/a spec.rules"));
    assert!(
        message.starts_with("shop/details-v1 → reviews.shop:9080, shop/productpage-v1 → reviews.shop:9080: "),
        "{message}"
    );
    assert_eq!(said(policy, &both[2..]), Vec::new(), "whom the policy names is let in");
}

#[test]
fn plaintext_meets_strict() {
    let strict = "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: shop}, spec: {mtls: {mode: STRICT}}}";
    let found = said(
        strict,
        &[
            seen("legacy", "batch-v1", "http://reviews.shop:9080/"),
            seen("shop", "ratings-v1", "http://reviews.shop:9080/"),
        ],
    );
    let places: Vec<_> = found.iter().map(|(rule, place, _)| (*rule, place.as_str())).collect();
    assert_eq!(places, [("plaintext-callers-refused", "PeerAuthentication shop/p spec.mtls.mode")], "{found:?}");
}

#[test]
fn traffic_arrives_nowhere() {
    let route = "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: r, namespace: shop}, spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /x}}], route: [{destination: {host: reviews}}]}]}}";
    let found = said(route, &[seen("shop", "productpage-v1", "http://reviews.shop:9080/")]);
    assert_eq!(found.iter().map(|(rule, ..)| *rule).collect::<Vec<_>>(), ["traffic-lost"], "{found:?}");
    assert_eq!(said(route, &[seen("shop", "productpage-v1", "http://reviews.shop:9080/x")]), Vec::new());
    let nobody = said("", &[seen("legacy", "batch-v1", "http://nobody.shop:9080/")]);
    assert_eq!(nobody, Vec::new(), "what no object is about has no place to stand");
}

#[test]
fn without_traffic_nothing_is_known() {
    let found = meshes::engine().ready(&world("")).check_seen(&[]);
    assert_eq!(found.findings, Vec::new());
    let about: Vec<&str> = found.unknown.iter().map(|u| u.about.en.as_str()).collect();
    assert_eq!(about, ["callers-denied", "plaintext-callers-refused", "traffic-lost"]);
    assert!(found.unknown.iter().all(|u| u.because.en == "no traffic was seen"));
}
