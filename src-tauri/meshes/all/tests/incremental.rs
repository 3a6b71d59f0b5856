//! What is kept from one world to the next is what reading the next one anew would give: the same findings, the same verdicts, the same of
//! everything; and a draft that is taken back leaves nothing behind.

#![allow(clippy::unwrap_used, reason = "an unwrap in a test is an assertion")]

mod any;

use any::{document, request, route, shop};
use mesh::{Engine, Findings, Ready, Request};
use proptest::prelude::*;
use serde_json::{Value, json};
use world::{Change, Coverage, Object, ObjectKey, Origin, World};

/// Objects that bear on each other: few names and hosts, so that they meet.
fn meeting() -> impl Strategy<Value = Value> {
    let namespace = || prop::sample::select(vec!["shop", "legacy", "istio-system"]);
    let name = || prop::sample::select(vec!["reviews", "ratings", "store", "a"]);
    let host = || {
        prop::sample::select(vec![
            "reviews",
            "ratings",
            "a",
            "reviews.shop.svc.cluster.local",
            "*.shop.svc.cluster.local",
            "*",
        ])
    };
    let version = || prop::sample::select(vec!["v1", "v2", "v9"]);
    let meta = move || (namespace(), name()).prop_map(|(ns, name)| json!({"namespace": ns, "name": name}));
    let routes = (meta(), host(), host(), version(), prop::option::of(namespace())).prop_map(|(meta, host, to, subset, export)| {
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": meta, "spec": {"hosts": [host], "exportTo": export.map(|e| vec![e]),
            "http": [{"match": [{"uri": {"prefix": "/a"}}], "route": [{"destination": {"host": to, "subset": subset}}]}, {"route": [{"destination": {"host": to}}]}]}})
    });
    let rules = (meta(), host(), version(), prop::sample::select(vec!["DISABLE", "ISTIO_MUTUAL"])).prop_map(|(meta, host, version, mode)| {
        json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": meta,
            "spec": {"host": host, "trafficPolicy": {"tls": {"mode": mode}}, "subsets": [{"name": version, "labels": {"version": version}}]}})
    });
    let entries = (meta(), host()).prop_map(|(meta, host)| {
        json!({"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": meta,
            "spec": {"hosts": [host], "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}], "resolution": "DNS"}})
    });
    let peers = (meta(), prop::option::of(name()), prop::sample::select(vec!["STRICT", "DISABLE", "UNSET"])).prop_map(|(meta, app, mode)| {
        let selector = app.map(|app| json!({"matchLabels": {"app": app}}));
        json!({"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": meta, "spec": {"selector": selector, "mtls": {"mode": mode}}})
    });
    let policies = (meta(), prop::option::of(name()), namespace(), name()).prop_map(|(meta, app, ns, account)| {
        let selector = app.map(|app| json!({"matchLabels": {"app": app}}));
        let principal = format!("cluster.local/ns/{ns}/sa/{account}");
        json!({"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": meta, "spec": {"selector": selector,
            "rules": [{"from": [{"source": {"principals": [principal], "namespaces": [ns]}}], "to": [{"operation": {"methods": ["GET"]}}]}]}})
    });
    let sidecars = (meta(), namespace()).prop_map(|(meta, ns)| {
        json!({"apiVersion": "networking.istio.io/v1", "kind": "Sidecar", "metadata": meta, "spec": {"egress": [{"hosts": [format!("{ns}/*")]}]}})
    });
    let api_routes = (meta(), name(), name()).prop_map(|(meta, service, to)| {
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": meta,
            "spec": {"parentRefs": [{"group": "", "kind": "Service", "name": service}], "rules": [{"backendRefs": [{"name": to, "port": 9080}]}]}})
    });
    let settings = prop::sample::select(vec!["", "rootNamespace: shop", "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"]).prop_map(|text| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "istio-system", "name": "istio"}, "data": {"mesh": text}})
    });
    prop_oneof![4 => routes, 3 => api_routes, 4 => rules, 2 => entries, 3 => peers, 4 => policies, 1 => sidecars, 1 => settings]
}

/// What Kubernetes itself has.
fn core() -> impl Strategy<Value = Value> {
    let namespace = || prop::sample::select(vec!["shop", "legacy", "istio-system"]);
    let name = || prop::sample::select(vec!["reviews", "ratings", "store", "a"]);
    let version = prop::sample::select(vec!["v1", "v2"]);
    let port = || prop::sample::select(vec!["http", "tcp-x", "grpc", ""]);
    let services = (namespace(), name(), name(), port(), 0u8..3).prop_map(|(ns, name, app, port, ip)| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": ns, "name": name},
            "spec": {"selector": {"app": app}, "clusterIPs": [format!("10.0.0.{ip}")], "ports": [{"name": port, "port": 9080}]}})
    });
    let workloads = (namespace(), name(), name(), version, prop::sample::select(vec!["Deployment", "StatefulSet"])).prop_map(|(ns, name, app, version, kind)| {
        json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"namespace": ns, "name": name},
            "spec": {"replicas": 1, "template": {"metadata": {"labels": {"app": app, "version": version}}, "spec": {"serviceAccountName": app}}}})
    });
    let pods = (namespace(), name(), name(), any::<bool>(), any::<bool>()).prop_map(|(ns, name, app, proxy, going)| {
        let containers = if proxy { json!([{"name": "app"}, {"name": "istio-proxy"}]) } else { json!([{"name": "app"}]) };
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": ns, "name": name, "labels": {"app": app, "version": "v1"},
                "deletionTimestamp": going.then_some("2026-01-01T00:00:00Z")},
            "spec": {"serviceAccountName": app, "containers": containers},
            "status": {"podIP": "10.0.0.7", "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})
    });
    let namespaces = (namespace(), prop::sample::select(vec!["istio-injection", "istio.io/dataplane-mode", "x"]), prop::sample::select(vec!["enabled", "ambient"]))
        .prop_map(|(name, label, value)| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {label: value}}}));
    let accounts = (namespace(), name()).prop_map(
        |(ns, name)| json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"namespace": ns, "name": name}}),
    );
    prop_oneof![3 => services, 3 => workloads, 2 => pods, 2 => namespaces, 1 => accounts]
}

/// One thing that happens to a world.
#[derive(Clone, Debug)]
enum Happens {
    Put(Value),
    /// The object of the world at this place, modulo their number.
    Delete(usize),
    Covers(&'static str, &'static str, Coverage),
}

fn happens() -> impl Strategy<Value = Happens> {
    let coverage = (
        prop::sample::select(vec![("", "Pod"), ("", "Namespace"), ("networking.istio.io", "DestinationRule")]),
        prop::sample::select(vec![Coverage::Ready, Coverage::Loading, Coverage::Denied("list".into())]),
    );
    prop_oneof![
        6 => meeting().prop_map(Happens::Put),
        4 => core().prop_map(Happens::Put),
        1 => prop_oneof![document(), route()].prop_map(Happens::Put),
        4 => any::<usize>().prop_map(Happens::Delete),
        1 => coverage.prop_map(|((group, kind), coverage)| Happens::Covers(group, kind, coverage)),
    ]
}

fn keys(world: &World) -> Vec<ObjectKey> {
    let core = world.services().map(|o| Object::Service(o.as_ref().clone()).key());
    let pods = world.pods().map(|o| Object::Pod(o.as_ref().clone()).key());
    let workloads = world.workloads().map(|o| Object::Workload(o.as_ref().clone()).key());
    let namespaces = world.namespaces().map(|o| Object::Namespace(o.as_ref().clone()).key());
    core.chain(pods).chain(workloads).chain(namespaces).chain(world.documents().map(|d| d.key.clone())).collect()
}

fn step(world: &World, happens: &[Happens]) -> World {
    happens.iter().fold(world.clone(), |world, happens| match happens {
        Happens::Put(body) => world.after(Object::read(body.clone(), Origin::Cluster).ok().map(Change::Put)),
        Happens::Delete(at) => {
            let keys = keys(&world);
            world.after(keys.get(at % keys.len().max(1)).cloned().map(Change::Delete))
        }
        Happens::Covers(group, kind, coverage) => world.covering(group, kind, coverage.clone()),
    })
}

fn same(kept: &Ready, anew: &Ready, requests: &[Request]) -> Result<(), TestCaseError> {
    prop_assert_eq!(kept.check(), anew.check());
    for request in requests {
        prop_assert_eq!(kept.explain(request), anew.explain(request));
    }
    for service in anew.world().services() {
        let (namespace, name) = (&service.namespace, &service.name);
        prop_assert_eq!(kept.routes(namespace, name), anew.routes(namespace, name));
        prop_assert_eq!(kept.in_force(namespace, name), anew.in_force(namespace, name));
    }
    for workload in anew.world().workloads() {
        let (namespace, name) = (&workload.namespace, &workload.name);
        prop_assert_eq!(kept.posture(namespace, name), anew.posture(namespace, name));
    }
    Ok(())
}

/// Requests between the services that these worlds have.
fn between() -> impl Strategy<Value = Request> {
    let host = prop::sample::select(vec![
        "reviews",
        "ratings",
        "store",
        "a.legacy",
        "10.0.0.1",
        "10.0.0.7",
        "api.example.com",
    ]);
    (request(), host).prop_map(|(request, host)| Request { url: format!("http://{host}:9080/a"), ..request })
}

fn engine() -> Engine {
    meshes::engine()
}

#[test]
fn an_edit_looks_at_what_it_concerns() {
    let world = shop();
    let ready = engine().ready(&world);
    ready.check();
    let all = ready.effort();
    for body in [
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": "legacy", "name": "new"},
            "spec": {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "reviews"}}]}]}}),
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"namespace": "legacy", "name": "new"},
            "spec": {"parentRefs": [{"name": "edge"}]}}),
        json!({"apiVersion": "policy.linkerd.io/v1beta3", "kind": "Server", "metadata": {"namespace": "legacy", "name": "new"},
            "spec": {"podSelector": {}, "port": 80}}),
    ] {
        let next = ready.after(&world.after([Change::Put(Object::read(body, Origin::Cluster).unwrap())]));
        assert_ne!(next.check(), Findings::default());
        assert!(next.effort() > 0 && next.effort() * 4 < all, "{} of {all}", next.effort());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn kept_is_anew(
        batches in prop::collection::vec(prop::collection::vec(happens(), 1..4), 1..8),
        requests in prop::collection::vec(prop_oneof![request(), between()], 3),
    ) {
        let engine = engine();
        let mut world = shop();
        let mut kept = engine.ready(&world);
        kept.check();
        for batch in &batches {
            world = step(&world, batch);
            kept = kept.after(&world);
            same(&kept, &engine.ready(&world), &requests)?;
        }
    }

    #[test]
    fn a_draft_taken_back_leaves_nothing(
        before in prop::collection::vec(happens(), 0..6),
        draft in prop::collection::vec(prop_oneof![meeting().prop_map(Happens::Put), any::<usize>().prop_map(Happens::Delete)], 1..5),
        requests in prop::collection::vec(prop_oneof![request(), between()], 2),
    ) {
        let engine = engine();
        let world = step(&shop(), &before);
        let ready = engine.ready(&world);
        let findings = ready.check();
        let over = step(&world, &draft);
        let drafted = ready.after(&over);
        same(&drafted, &engine.ready(&over), &requests)?;
        // Each object of the draft goes back to what it was.
        let back = over.since(&world).documents.into_iter().map(|(was, is)| match (was, is) {
            (Some(was), _) => Change::Put(Object::Document((*was).clone())),
            (None, is) => Change::Delete(is.unwrap().key.clone()),
        });
        let core = keys(&world).into_iter().filter(|key| !keys(&over).contains(key)).collect::<Vec<_>>();
        prop_assume!(core.iter().all(|key| key.group.contains('.')));
        let undone = over.after(back);
        prop_assert!(undone.since(&world).is_empty());
        let after = drafted.after(&undone);
        prop_assert_eq!(after.check(), findings);
        same(&after, &ready, &requests)?;
    }
}
