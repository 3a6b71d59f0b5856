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

/// A gateway's Service and pod, and what it opens.
const EDGE: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: edge, namespace: shop}
spec: {selector: {app: edge}, ports: [{name: http2, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: edge-1, namespace: shop, labels: {app: edge, istio: edge}}
spec: {serviceAccountName: edge, containers: [{name: istio-proxy, image: p, args: [proxy, router]}]}
status: {phase: Running, podIP: 10.9.9.9, conditions: [{type: Ready, status: 'True'}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {selector: {istio: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com, "*.wild.example.com"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: edge, namespace: shop, creationTimestamp: '2026-02-01T00:00:00Z'}
spec:
  hosts: [shop.example.com]
  gateways: [edge]
  http:
  - {match: [{uri: {prefix: /reviews}, headers: {who: {exact: jason}}}], route: [{destination: {host: reviews, subset: v1}}]}
  - {route: [{destination: {host: details}}]}
"#;

/// Which requests from outside a route decides, and where they go.
#[test]
fn a_route_at_a_gateway_says_by_which_requests_it_is_met() {
    let world = with(&with(&World::new(), SHOP), EDGE);
    let route = |name: &str| world::ObjectKey::new("networking.istio.io", "VirtualService", "shop", name);
    let met = |world: &World, name: &str| {
        let told = meshes::engine().ready(world).entering(&route(name)).into_iter().map(|one| {
            let to: Vec<String> = one.services.iter().map(|(_, name)| name.clone()).collect();
            format!("{} {} {:?} to {}", one.gateway.name, one.request.url, one.request.headers, to.join(","))
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        met(&world, "edge"),
        [
            r#"edge http://shop.example.com:80/reviews [("who", "jason")] to reviews"#,
            r#"edge http://shop.example.com:80/ [] to details"#
        ]
    );
    let vs = |name: &str, born: &str, rest: &str| {
        format!(
            "{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: {name}, namespace: shop, creationTimestamp: '{born}'}}, spec: {rest}}}"
        )
    };
    // A rule of an older object for the same requests is asked first; another's catch-all comes behind all rules that have conditions.
    let older = vs(
        "older",
        "2026-01-01T00:00:00Z",
        "{hosts: [shop.example.com], gateways: [edge], http: [{match: [{uri: {prefix: /reviews}}], route: [{destination: {host: ratings}}]}]}",
    );
    let both = with(&world, &older);
    assert_eq!(met(&both, "edge"), [r#"edge http://shop.example.com:80/ [] to details"#]);
    assert_eq!(met(&both, "older"), [r#"edge http://shop.example.com:80/reviews [] to ratings"#]);
    for (rest, expected) in [
        ("{hosts: [other.example.com], gateways: [edge], http: [{route: [{destination: {host: ratings}}]}]}", None),
        ("{hosts: [shop.example.com], gateways: [nobody], http: [{route: [{destination: {host: ratings}}]}]}", None),
        ("{hosts: [ratings], http: [{route: [{destination: {host: ratings}}]}]}", None),
        ("{hosts: [shop.example.com], gateways: [edge], http: [{route: [{destination: {host: ratings}}]}]}", None),
        (
            "{hosts: ['*'], gateways: [edge], http: [{route: [{destination: {host: ratings}}]}]}",
            Some(r#"edge http://any.wild.example.com:80/ [] to ratings"#),
        ),
    ] {
        let with_it = with(&world, &vs("younger", "2026-03-01T00:00:00Z", rest));
        assert_eq!(met(&with_it, "younger").first().map(String::as_str), expected, "{rest}");
    }
    // What a policy lets no further is decided by it all the same.
    let denied = with(
        &world,
        "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: nobody, namespace: shop}, spec: {selector: {matchLabels: {app: edge}}}}",
    );
    assert_eq!(met(&denied, "edge").len(), 2);
}
