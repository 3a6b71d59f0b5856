//! Which routes attach where, and who may refer to what.

#![allow(clippy::unwrap_used, reason = "an unwrap in a test is an assertion")]

use gateway_api::api::Api;
use gateway_api::attach::{Head, Parent, isolated};
use gateway_api::spec::ObjectRef;
use world::{Change, World};

const GROUND: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: a, labels: {team: shop}}
---
apiVersion: v1
kind: Namespace
metadata: {name: b}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: gw}
spec:
  gatewayClassName: istio
  allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: {team: shop}}}}
  listeners:
  - {name: all, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
  - {name: own, port: 81, protocol: HTTP, hostname: "*.own.com"}
  - {name: team, port: 82, protocol: HTTP, allowedRoutes: {kinds: [{kind: GRPCRoute}], namespaces: {from: Selector, selector: {matchExpressions: [{key: team, operator: In, values: [shop]}]}}}}
  - {name: wide, port: 83, protocol: HTTP, hostname: "*.com", allowedRoutes: {namespaces: {from: All}}}
  - {name: narrow, port: 83, protocol: HTTP, hostname: a.com, allowedRoutes: {namespaces: {from: All}}}
  - {name: again, port: 83, protocol: HTTPS, hostname: a.com, tls: {}, allowedRoutes: {namespaces: {from: All}}}
  - {name: raw, port: 83, protocol: TCP}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: more, namespace: a}
spec: {parentRef: {name: edge, namespace: gw}, listeners: [{name: more, protocol: HTTPS, tls: {}}, {name: taken, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: foreign, namespace: b}
spec: {parentRef: {name: edge, namespace: gw}, listeners: [{name: foreign, port: 99, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: one, namespace: b}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: a}]
  to: [{group: "", kind: Service, name: ratings}]
"#;

fn api(more: &str) -> Api {
    let (objects, problems) = world::yaml::documents(&format!("{GROUND}---\n{more}"), "test.yaml");
    assert!(problems.is_empty());
    Api::of(&World::new().after(objects.into_iter().map(Change::Put)))
}

/// The listeners to which a route in this namespace attaches.
fn attached(kind: &str, namespace: &str, spec: &str) -> Vec<String> {
    let text = format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata: {{name: r, namespace: {namespace}}}\nspec: {spec}\n"
    );
    let api = api(&text);
    let heads: Vec<Head> = match kind {
        "HTTPRoute" => api.http_routes.iter().map(Head::from).collect(),
        "GRPCRoute" => api.grpc_routes.iter().map(Head::from).collect(),
        _ => api.tcp_routes.iter().map(Head::tcp).collect(),
    };
    let head = heads.first().unwrap();
    let mut names = Vec::new();
    for parent in head.parents {
        let openings = api.meant(&Parent::of(parent, namespace), |class| class == "istio");
        names.extend(openings.iter().filter(|o| head.attaches(parent, o).is_ok()).map(|o| o.listener.name.clone()));
    }
    names
}

#[test]
fn what_is_open() {
    let api = api("");
    let open: Vec<_> = api.openings(&api.gateways[0]).iter().map(|o| (o.listener.name.clone(), o.port)).collect();
    let open: Vec<(&str, u16)> = open.iter().map(|(name, port)| (name.as_str(), *port)).collect();
    assert_eq!(open, [("all", 80), ("own", 81), ("team", 82), ("wide", 83), ("narrow", 83), ("more", 443)]);
}

#[test]
fn where_routes_attach() {
    let edge = "{name: edge, namespace: gw}";
    for (kind, namespace, spec, names) in [
        ("HTTPRoute", "a", format!("{{parentRefs: [{edge}]}}"), vec!["all", "wide", "narrow"]),
        ("HTTPRoute", "gw", "{parentRefs: [{name: edge}], hostnames: [x.own.com]}".into(), vec!["all", "own", "wide"]),
        ("GRPCRoute", "a", format!("{{parentRefs: [{edge}], hostnames: [x.net]}}"), vec!["all", "team"]),
        ("GRPCRoute", "b", format!("{{parentRefs: [{edge}], hostnames: [x.net]}}"), vec!["all"]),
        ("HTTPRoute", "a", "{parentRefs: [{name: edge, namespace: gw, port: 83}]}".into(), vec!["wide", "narrow"]),
        ("HTTPRoute", "a", "{parentRefs: [{name: edge, namespace: gw, sectionName: all, port: 83}]}".into(), vec![]),
        ("HTTPRoute", "a", "{parentRefs: [{kind: ListenerSet, name: more}]}".into(), vec!["more"]),
        ("HTTPRoute", "b", "{parentRefs: [{kind: ListenerSet, name: more, namespace: a}]}".into(), vec![]),
        ("HTTPRoute", "b", "{parentRefs: [{kind: ListenerSet, name: foreign}]}".into(), vec![]),
        ("HTTPRoute", "a", "{parentRefs: [{name: edge}]}".into(), vec![]),
        ("HTTPRoute", "a", "{parentRefs: [{group: \"\", kind: Service, name: edge, namespace: gw}]}".into(), vec![]),
        ("TCPRoute", "gw", "{parentRefs: [{name: edge}]}".into(), vec![]),
    ] {
        assert_eq!(attached(kind, namespace, &spec), names, "{kind} in {namespace}: {spec}");
    }
}

#[test]
fn the_narrower_listener_takes_its_hosts() {
    let api = api("");
    let all = api.openings(&api.gateways[0]);
    let wide = all.iter().find(|o| o.listener.name == "wide").unwrap();
    let narrow = all.iter().find(|o| o.listener.name == "narrow").unwrap();
    assert!(isolated("b.com", wide, &all) && !isolated("a.com", wide, &all));
    assert!(isolated("a.com", narrow, &all) && !isolated("x.net", wide, &all));
}

#[test]
fn grants() {
    let api = api("");
    let to = |name: &str, kind: Option<&str>, namespace: &str| ObjectRef {
        kind: kind.map(str::to_owned),
        namespace: Some(namespace.into()),
        name: name.into(),
        ..ObjectRef::default()
    };
    assert!(api.grant("HTTPRoute", "a", &to("ratings", None, "b")).is_some());
    for (kind, home, target) in [
        ("GRPCRoute", "a", to("ratings", None, "b")),
        ("HTTPRoute", "gw", to("ratings", None, "b")),
        ("HTTPRoute", "a", to("other", None, "b")),
        ("HTTPRoute", "a", to("ratings", Some("Secret"), "b")),
        ("HTTPRoute", "a", to("ratings", None, "gw")),
    ] {
        assert!(api.grant(kind, home, &target).is_none(), "{kind} {home} {target:?}");
    }
}
