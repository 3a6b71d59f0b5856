//! What a draft does to the shop, in words.

#![allow(clippy::unwrap_used, reason = "an unwrap in a test is an assertion")]

use mesh::{Caller, Observed, Request, Tone};
use world::{Change, World, yaml};

const SHOP: &str = include_str!("../../../../tests/worlds/shop.yaml");

fn with(world: &World, text: &str) -> World {
    let (objects, problems) = yaml::documents(text, "test.yaml");
    assert!(problems.is_empty(), "{problems:?}");
    world.after(objects.into_iter().map(Change::Put))
}

fn split(v1: u32, v3: u32) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: reviews, namespace: shop}}\n\
         spec: {{host: reviews, subsets: [{{name: v1, labels: {{version: v1}}}}, {{name: v3, labels: {{version: v3}}}}]}}\n---\n\
         apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: reviews, namespace: shop}}\n\
         spec: {{hosts: [reviews], http: [{{route: [{{destination: {{host: reviews, subset: v1}}, weight: {v1}}}, \
         {{destination: {{host: reviews, subset: v3}}, weight: {v3}}}]}}]}}\n"
    )
}

fn seen(namespace: &str, workload: &str, url: &str) -> Observed {
    let from = Caller::Workload { namespace: namespace.into(), workload: workload.into() };
    let request = Request {
        id: "seen".into(),
        from,
        via: None,
        method: "GET".into(),
        url: url.into(),
        headers: Vec::new(),
        at: None,
    };
    Observed { request, per_second: 42.0, nameless: false }
}

fn said(before: &World, after: &World, observed: &[Observed]) -> Vec<(Tone, String, String, String)> {
    let effect = meshes::engine().effect(before, after, observed);
    let first = effect.changes.into_iter().filter(|c| c.observed);
    first.map(|c| (c.tone, c.title.en, c.detail.en, c.path)).collect()
}

#[test]
fn a_weight_moves() {
    let shop = with(&World::new(), SHOP);
    let (before, after) = (with(&shop, &split(90, 10)), with(&shop, &split(80, 20)));
    let traffic = [
        seen("shop", "productpage-v1", "http://reviews:9080/"),
        seen("shop", "productpage-v1", "http://details:9080/"),
    ];
    let said = said(&before, &after, &traffic);
    let moves = (Tone::Moves, "productpage → reviews", "10 % moves from v1 to v3", "spec.http[0].route");
    assert_eq!((said[0].0, said[0].1.as_str(), said[0].2.as_str(), said[0].3.as_str()), moves);
    assert_eq!((said[1].0, said[1].1.as_str()), (Tone::Stays, "productpage → details"));
}

#[test]
fn a_policy_cuts_and_opens() {
    let shop = with(&World::new(), SHOP);
    let after = with(
        &shop,
        "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: ratings, namespace: shop}, spec: {selector: \
         {matchLabels: {app: ratings}}, rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/reviews]}}]}]}}",
    );
    let traffic =
        [seen("shop", "productpage-v1", "http://ratings:9080/"), seen("shop", "reviews-v2", "http://ratings:9080/")];
    let cut = said(&shop, &after, &traffic);
    assert_eq!(cut[0].0, Tone::Cuts);
    assert_eq!(cut[0].2, "refused: no rule of AuthorizationPolicy ratings allows it");
    assert_eq!((cut[1].0, cut[1].1.as_str()), (Tone::Stays, "reviews → ratings"));
    let opened = said(&after, &shop, &traffic);
    assert_eq!(opened[0].0, Tone::Opens);
}

#[test]
fn strict_cuts_the_caller_without_proxy() {
    let shop = with(&World::new(), SHOP);
    let strict = "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: default, namespace: shop}, spec: {mtls: {mode: STRICT}}}";
    let after = with(&shop, strict);
    let traffic = [
        seen("legacy", "batch-v1", "http://reviews.shop:9080/"),
        seen("shop", "productpage-v1", "http://reviews:9080/"),
    ];
    let said = said(&shop, &after, &traffic);
    assert_eq!(said[0].0, Tone::Cuts);
    assert!(
        said[0].2.starts_with("connection refused: ") && said[0].2.contains("takes only mutual TLS"),
        "{}",
        said[0].2
    );
    assert_eq!((said[0].3.as_str(), said[1].0), ("spec.mtls.mode", Tone::Stays));
}

/// What nobody was seen to do is asked too: the probes find the one branch that changes.
#[test]
fn probes_find_the_branch() {
    let shop = with(&World::new(), SHOP);
    let rule = |path: &str| {
        format!(
            "{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: details, namespace: shop}}, spec: {{hosts: [details], \
             http: [{{match: [{{uri: {{prefix: {path}}}, headers: {{end-user: {{exact: jason}}}}}}], directResponse: {{status: 418}}}}, {{route: [{{destination: {{host: details}}}}]}}]}}}}"
        )
    };
    let (before, after) = (with(&shop, &rule("/old")), with(&shop, &rule("/new")));
    let engine = meshes::engine();
    let effect = engine.effect(&before, &after, &[]);
    let changed: Vec<_> =
        effect.changes.iter().filter(|c| c.tone != Tone::Stays).map(|c| c.request.url.as_str()).collect();
    assert!(
        changed.iter().any(|url| url.ends_with("/new")) && changed.iter().any(|url| url.ends_with("/old")),
        "{changed:?}"
    );
    assert_eq!(engine.probes(&before, &after), engine.probes(&before, &after), "in a stable order");
    assert!(engine.probes(&before, &before).is_empty());
}

/// A way in that opens is asked from outside, by the Service before the gateway's pods.
#[test]
fn a_gateway_that_opens_is_asked_from_outside() {
    let ground = "{apiVersion: v1, kind: Service, metadata: {name: edge, namespace: shop}, spec: {selector: {app: edge}, \
         ports: [{name: http2, port: 80, targetPort: 8080}]}}\n---\n\
         {apiVersion: v1, kind: Pod, metadata: {name: edge-1, namespace: shop, labels: {app: edge, istio: edge}}, \
         spec: {serviceAccountName: edge, containers: [{name: istio-proxy, image: p, args: [proxy, router]}]}, \
         status: {phase: Running, podIP: 10.9.9.9, conditions: [{type: Ready, status: 'True'}]}}\n---\n\
         {apiVersion: v1, kind: Pod, metadata: {name: details-1, namespace: shop, labels: {app: details, version: v1}}, \
         spec: {serviceAccountName: details, containers: [{name: details, image: d}, {name: istio-proxy, image: p}]}, \
         status: {phase: Running, podIP: 10.9.9.8, conditions: [{type: Ready, status: 'True'}]}}\n";
    let before = with(&with(&World::new(), SHOP), ground);
    let after = with(
        &before,
        "{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: shop}, \
         spec: {selector: {istio: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}}\n---\n\
         {apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: edge, namespace: shop}, \
         spec: {hosts: [shop.example.com], gateways: [edge], http: [{route: [{destination: {host: details}}]}]}}\n",
    );
    let effect = meshes::engine().effect(&before, &after, &[]);
    let opened: Vec<_> = effect.changes.iter().filter(|c| c.tone == Tone::Opens).collect();
    let [one] = &opened[..] else { panic!("{:#?}", effect.changes) };
    assert_eq!((one.title.en.as_str(), one.request.via.is_some()), ("outside → shop.example.com", true));
}

/// What no single request shows is told from what the caller's proxy keeps to, for whom and towards what.
#[test]
fn limits_are_told_from_what_to_what() {
    let shop = with(&World::new(), SHOP);
    let rule = |policy: &str| {
        format!(
            "{{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {{name: details, namespace: shop}}, \
             spec: {{host: details, trafficPolicy: {{{policy}}}}}}}"
        )
    };
    let traffic = [
        seen("shop", "productpage-v1", "http://details:9080/"),
        seen("legacy", "batch-v1", "http://details.shop:9080/"),
    ];
    let told = |was: &str, is: &str| {
        let effect = meshes::engine().effect(&with(&shop, &rule(was)), &with(&shop, &rule(is)), &traffic);
        let seen = effect.changes.into_iter().filter(|c| c.observed);
        seen.map(|c| (c.tone, c.title.en, c.detail)).collect::<Vec<_>>()
    };
    let said = told(
        "connectionPool: {tcp: {maxConnections: 100}, http: {http2MaxRequests: 10}}",
        "connectionPool: {tcp: {maxConnections: 5}}, outlierDetection: {consecutive5xxErrors: 3}",
    );
    let (tone, title, detail) = &said[0];
    assert_eq!((*tone, title.as_str()), (Tone::Watch, "productpage → details"));
    assert_eq!(
        detail.en,
        "tcp.maxConnections from 100 to 5; newly set: outlierDetection.consecutive5xxErrors 3; \
         no longer set: http.http2MaxRequests (was 10)"
    );
    assert_eq!(
        detail.zh,
        "tcp.maxConnections 由 100 改为 5；新设：outlierDetection.consecutive5xxErrors 3；不再设置：http.http2MaxRequests（原为 10）"
    );
    // Who has no proxy keeps to no limit.
    assert_eq!((said[1].0, said[1].1.as_str()), (Tone::Stays, "legacy/batch → details"));
    let balanced = told("loadBalancer: {simple: ROUND_ROBIN}", "loadBalancer: {simple: LEAST_REQUEST}");
    assert_eq!(
        (balanced[0].0, &*balanced[0].2.en),
        (Tone::Watch, "loadBalancer.simple from ROUND_ROBIN to LEAST_REQUEST")
    );
    let secured = told("tls: {mode: ISTIO_MUTUAL}", "tls: {mode: ISTIO_MUTUAL, sni: details.example.com}");
    assert_eq!((secured[0].0, &*secured[0].2.en), (Tone::Watch, "newly set: tls.sni details.example.com"));
}

/// What holds for several versions alike is said once.
#[test]
fn limits_of_versions_alike_are_told_once() {
    let shop = with(
        &with(&World::new(), SHOP),
        "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: reviews, namespace: shop}, \
         spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}, weight: 90}, \
         {destination: {host: reviews, subset: v2}, weight: 10}]}]}}\n",
    );
    let rule = |policy: &str, of_v2: &str| {
        format!(
            "{{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {{name: reviews, namespace: shop}}, \
             spec: {{host: reviews, trafficPolicy: {{{policy}}}, subsets: [{{name: v1, labels: {{version: v1}}}}, \
             {{name: v2, labels: {{version: v2}}, trafficPolicy: {{{of_v2}}}}}]}}}}"
        )
    };
    let told = |policy: &str, of_v2: &str| {
        let (was, is) = (with(&shop, &rule("", "")), with(&shop, &rule(policy, of_v2)));
        let effect = meshes::engine().effect(&was, &is, &[seen("shop", "productpage-v1", "http://reviews:9080/")]);
        effect.changes.into_iter().find(|c| c.observed).unwrap().detail.en
    };
    let pool = "connectionPool: {tcp: {maxConnections: 100}, http: {http1MaxPendingRequests: 50}}";
    assert_eq!(told(pool, ""), "newly set: http.http1MaxPendingRequests 50, tcp.maxConnections 100");
    assert_eq!(told("", pool), "v2: newly set: http.http1MaxPendingRequests 50, tcp.maxConnections 100");
    assert_eq!(told("retryBudget: {percent: 20}", ""), "newly set: retryBudget.percent 20");
}

/// A policy at the edge is asked by those outside.
#[test]
fn what_a_policy_at_a_gateway_refuses_is_asked_from_outside() {
    let edge = "{apiVersion: v1, kind: Service, metadata: {name: edge, namespace: edge}, \
         spec: {selector: {istio: edge}, ports: [{name: http, port: 80, targetPort: 8080}]}}\n---\n\
         {apiVersion: v1, kind: Pod, metadata: {name: edge-1, namespace: edge, labels: {istio: edge}}, \
         spec: {serviceAccountName: edge, containers: [{name: istio-proxy, args: [proxy, router]}]}, \
         status: {phase: Running, podIP: 10.9.9.8, conditions: [{type: Ready, status: 'True'}]}}\n---\n\
         {apiVersion: v1, kind: Pod, metadata: {name: details-1, namespace: shop, labels: {app: details, version: v1}}, \
         spec: {serviceAccountName: details, containers: [{name: details, image: d}, {name: istio-proxy, image: p}]}, \
         status: {phase: Running, podIP: 10.9.9.9, conditions: [{type: Ready, status: 'True'}]}}\n---\n\
         {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: shop}, \
         spec: {selector: {istio: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}}\n---\n\
         {apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: edge, namespace: shop}, \
         spec: {hosts: [shop.example.com], gateways: [edge], http: [{route: [{destination: {host: details}}]}]}}\n";
    let before = with(&with(&World::new(), SHOP), edge);
    let needed = "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: token-needed, namespace: edge}, \
         spec: {selector: {matchLabels: {istio: edge}}, action: DENY, rules: [{from: [{source: {notRequestPrincipals: ['*']}}]}]}}\n";
    let effect = meshes::engine().effect(&before, &with(&before, needed), &[]);
    let cut: Vec<_> = effect.changes.iter().filter(|c| c.tone == Tone::Cuts).map(|c| c.title.en.as_str()).collect();
    assert_eq!(cut, ["outside → shop.example.com"], "{:#?}", effect.changes);
}

/// A host that a ServiceEntry brings or takes is asked for at its ports, by those who may call it.
#[test]
fn a_host_that_comes_or_goes_is_asked_for_at_its_ports() {
    let shop = with(
        &with(&World::new(), SHOP),
        "{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: default, namespace: shop}, \
         spec: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}}",
    );
    let entry = "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: api, namespace: shop}, \
         spec: {hosts: [api.example.com], location: MESH_EXTERNAL, resolution: DNS, \
         ports: [{number: 80, name: http, protocol: HTTP}, {number: 443, name: tls, protocol: TLS}]}}";
    let after = with(&shop, entry);
    let told = |before: &World, after: &World, tone: Tone| {
        let effect = meshes::engine().effect(before, after, &[]);
        let changed = effect.changes.into_iter().filter(move |c| c.tone == tone);
        changed.map(|c| (c.title.en, c.request.url)).collect::<Vec<_>>()
    };
    let opened = told(&shop, &after, Tone::Opens);
    for url in ["http://api.example.com:80/", "https://api.example.com:443/"] {
        assert!(opened.iter().any(|(title, asked)| title.ends_with("→ api.example.com") && asked == url), "{opened:?}");
    }
    assert_eq!(told(&after, &shop, Tone::Cuts), opened);
    // Where everything may leave, who encrypts by themselves do so with or without it.
    let free = with(&World::new(), SHOP);
    let changed = meshes::engine().effect(&free, &with(&free, entry), &[]).changes;
    assert!(changed.iter().any(|c| c.request.url.starts_with("https:")));
    assert!(
        changed.iter().filter(|c| c.request.url.starts_with("https:")).all(|c| c.tone == Tone::Stays),
        "{changed:#?}"
    );
}

#[test]
fn a_kind_that_may_not_be_read_makes_the_answer_unknown() {
    let shop = with(&World::new(), SHOP);
    let denied = shop.covering("security.istio.io", "AuthorizationPolicy", world::Coverage::Denied("list".into()));
    let request = seen("shop", "productpage-v1", "http://reviews:9080/").request;
    let verdict = meshes::engine().explain(&denied, &request);
    assert_eq!(verdict.outcome, mesh::Outcome::Unknown);
    assert_eq!(verdict.unknown[0].because.en, "the right to list AuthorizationPolicy is missing");
}
