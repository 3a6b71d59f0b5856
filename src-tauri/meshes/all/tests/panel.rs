//! What the panel of a node and the first screen ask.

#![allow(clippy::unwrap_used, reason = "an unwrap in a test is an assertion")]

use mesh::{Membership, Mtls};
use world::{Change, Container, Object, Pod, World, yaml};

const SHOP: &str = include_str!("../../../../tests/worlds/shop.yaml");
const CHANGES: &str = r#"
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: v3, labels: {version: v3}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews]
  http:
  - match: [{headers: {end-user: {exact: jason}}}, {uri: {prefix: /new}}]
    route: [{destination: {host: reviews, subset: v3}}]
  - route: [{destination: {host: reviews, subset: v1}, weight: 30}, {destination: {host: reviews, subset: v3}, weight: 10}]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ratings, namespace: shop}
spec: {selector: {matchLabels: {app: ratings}}, rules: [{from: [{source: {namespaces: [shop]}}]}]}
"#;

fn with(world: &World, text: &str) -> World {
    let (objects, problems) = yaml::documents(text, "test.yaml");
    assert!(problems.is_empty(), "{problems:?}");
    world.after(objects.into_iter().map(Change::Put))
}

fn world() -> World {
    with(&with(&World::new(), SHOP), CHANGES)
}

#[test]
fn routes_in_words_and_in_order() {
    let ready = meshes::engine().ready(&world());
    let said: Vec<_> = ready
        .routes("shop", "reviews")
        .into_iter()
        .map(|r| {
            (
                r.when.into_iter().map(|said| said.en).collect::<Vec<_>>(),
                r.destinations.into_iter().map(|s| (s.name, s.share)).collect::<Vec<_>>(),
                r.path,
            )
        })
        .collect();
    let v3 = vec![("v3".to_owned(), 1.0)];
    assert_eq!(
        said,
        [
            (vec!["header end-user is 'jason'".to_owned()], v3.clone(), "spec.http[0].match[0]".to_owned()),
            (vec!["path begins with '/new'".to_owned()], v3, "spec.http[0].match[1]".to_owned()),
            (vec![], vec![("v1".to_owned(), 0.75), ("v3".to_owned(), 0.25)], "spec.http[1]".to_owned()),
        ]
    );
    let details = ready.routes("shop", "details");
    assert_eq!((details.len(), details[0].object.clone(), details[0].destinations[0].share), (1, None, 1.0));
    assert!(ready.routes("shop", "nosuch").is_empty());
}

#[test]
fn posture_names_what_decides_it() {
    let ready = meshes::engine().ready(&world());
    let posture = ready.posture("shop", "ratings-v1");
    assert_eq!((posture.mtls, posture.path.as_str()), (Mtls::Strict, "spec.mtls.mode"));
    assert_eq!(posture.object.unwrap().to_string(), "PeerAuthentication shop/default");
    assert_eq!(ready.posture("legacy", "batch-v1").mtls, Mtls::None);
    assert_eq!(meshes::engine().posture(&with(&World::new(), SHOP), "shop", "ratings-v1").mtls, Mtls::Permissive);
}

#[test]
fn everything_in_force_is_listed() {
    let ready = meshes::engine().ready(&world());
    let said = |name: &str| ready.in_force("shop", name).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        said("reviews"),
        ["DestinationRule shop/reviews", "VirtualService shop/reviews", "PeerAuthentication shop/default"]
    );
    assert_eq!(said("ratings-v1"), ["AuthorizationPolicy shop/ratings", "PeerAuthentication shop/default"]);
    assert!(ready.in_force("legacy", "batch").is_empty());
}

#[test]
fn objects_in_a_line() {
    let (engine, world) = (meshes::engine(), world());
    let said: Vec<String> = world
        .documents()
        .map(|d| {
            let summary = engine.summary(d);
            format!("{}: {} {:?}", d.key.kind, summary.text, summary.hosts)
        })
        .collect();
    assert_eq!(
        said,
        [
            r#"DestinationRule: subsets v1, v3 ["reviews"]"#,
            r#"VirtualService: 2 rules, else v1 75 %, v3 25 % ["reviews"]"#,
            "AuthorizationPolicy: allows what its rule names · app=ratings []",
            "PeerAuthentication: STRICT for all workloads []",
        ]
    );
}

#[test]
fn istio_is_found_with_its_version_and_its_pods() {
    let container =
        |name: &str, image: &str| Container { name: name.into(), image: image.into(), ..Container::default() };
    let istiod = Pod {
        namespace: "istio-system".into(),
        name: "istiod-1".into(),
        labels: [("app".to_owned(), "istiod".to_owned())].into(),
        containers: vec![container("discovery", "example.org/istio/pilot:1.29.2-distroless")],
        ..Pod::default()
    };
    let older =
        Pod { name: "istiod-2".into(), containers: vec![container("discovery", "x/pilot:1.9.8")], ..istiod.clone() };
    let beside = vec![container("app", "x"), container("istio-proxy", "x")];
    let member = Pod { name: "a".into(), containers: beside, ..Pod::default() };
    let alone = Pod { name: "c".into(), containers: vec![container("istio-proxy", "x")], ..Pod::default() };
    let ambient = Pod {
        name: "b".into(),
        labels: [("istio.io/dataplane-mode".to_owned(), "ambient".to_owned())].into(),
        containers: vec![container("app", "x")],
        ..Pod::default()
    };
    let world = World::new().after([istiod.clone(), older, member.clone()].map(|pod| Change::Put(Object::Pod(pod))));
    let (engine, groups) = (meshes::engine(), ["networking.istio.io".to_owned()]);
    let found = engine.detect(&world, &groups);
    assert_eq!(
        (found[0].mesh, found[0].versions.join(" "), found[0].mode.as_str()),
        ("Istio", "1.29.2 1.9.8".into(), "sidecar")
    );
    assert_eq!(engine.detect(&World::new(), &groups)[0].mode, "CRDs only");
    assert!(engine.detect(&World::new(), &[]).is_empty());
    assert_eq!(engine.membership(&world, &member), Some(("Istio", Membership::Sidecar)));
    assert_eq!(engine.membership(&world, &alone), Some(("Istio", Membership::Gateway)));
    assert_eq!(engine.membership(&world, &ambient), Some(("Istio", Membership::Node)));
    assert_eq!(engine.membership(&world, &istiod), None);
}
