//! Policies from traffic let in everybody who was seen, at the ports where they were, and nobody else: the engine says so of made-up traffic.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "an unwrap in a test is an assertion; a long run says what it did, and a failure its seed"
)]

#[path = "../../world/tests/target/mod.rs"]
mod target;

use std::collections::BTreeSet;

use mesh::{Caller, Outcome, Ready, Request};
use proptest::prelude::*;
use serde_json::{Value, json};
use session::policies::write::{Asked, Grant, Policy, nobody_else, policies};
use target::target;
use world::{Change, Object, Origin, World};

const CALLERS: [(&str, &str); 5] =
    [("shop", "web"), ("shop", "cart"), ("shop", "Reviews.x"), ("dev", "web"), ("dev", "robot")];
const SERVICES: [(&str, &str); 3] = [("shop", "cart"), ("shop", "stock"), ("dev", "web")];
/// Ports of each service; the pods listen elsewhere.
const PORTS: [u16; 3] = [80, 8080, 9000];

fn object(body: Value) -> Change {
    Change::Put(Object::read(body, Origin::Cluster).unwrap())
}

fn world() -> World {
    let namespace = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"istio-injection": "enabled"}}});
    let deployment = |(namespace, app): (&str, &str)| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": namespace, "name": format!("{app}-v1").to_lowercase()},
            "spec": {"replicas": 1, "template": {"metadata": {"labels": {"app": app}}, "spec": {"serviceAccountName": app}}}})
    };
    let service = |(namespace, app): (&str, &str)| {
        let ports: Vec<Value> = PORTS
            .iter()
            .map(|port| json!({"name": format!("http-{port}"), "port": port, "targetPort": port + 1}))
            .collect();
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": namespace, "name": app}, "spec": {"selector": {"app": app}, "ports": ports}})
    };
    let fixed = [namespace("shop"), namespace("dev"), namespace("istio-system"), deployment(("shop", "stock"))];
    let all = fixed.into_iter().chain(CALLERS.map(deployment)).chain(SERVICES.map(service));
    World::new().after(all.map(object))
}

fn with(world: &World, policies: &[Policy]) -> World {
    world.after(policies.iter().map(|Policy { namespace, name, spec }| {
        object(json!({"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
            "metadata": {"namespace": namespace, "name": name}, "spec": spec}))
    }))
}

fn outcome(ready: &Ready, (namespace, app): (&str, &str), service: (&str, &str), port: u16) -> Outcome {
    let workload = format!("{app}-v1").to_lowercase();
    let verdict = ready.explain(&Request {
        id: String::new(),
        from: Caller::Workload { namespace: namespace.into(), workload },
        via: None,
        method: "POST".into(),
        url: format!("http://{}.{}:{port}/any", service.1, service.0),
        headers: Vec::new(),
        at: None,
    });
    verdict.outcome
}

/// (caller, service, port); port 0 where nobody counted it.
fn seen() -> impl Strategy<Value = Vec<(usize, usize, u16)>> {
    let port = prop_oneof![6 => prop::sample::select(PORTS.to_vec()), 1 => Just(0)];
    prop::collection::vec((0..CALLERS.len(), 0..SERVICES.len(), port), 1..12)
}

#[test]
fn who_was_seen_is_let_in_and_nobody_else() {
    let world = world();
    let engine = meshes::engine();
    target("who_was_seen_is_let_in_and_nobody_else", &seen(), |seen| {
        let names = |(namespace, name): (&str, &str)| (namespace.to_owned(), name.to_owned());
        let grant = |(caller, service, port): &(usize, usize, u16)| Grant {
            account: names(CALLERS[*caller]),
            service: names(SERVICES[*service]),
            ports: Some(*port).filter(|port| *port != 0).into_iter().collect(),
            tcp: false,
            requests: Vec::new(),
        };
        let grants: Vec<Grant> = seen.iter().map(grant).collect();
        let mut made = policies(&world, engine.ready(&world).places(), &grants);
        made.extend(["shop", "dev"].map(nobody_else));
        let ready = engine.ready(&with(&world, &made));
        let seen: BTreeSet<_> = seen.into_iter().collect();
        for (c, caller) in CALLERS.into_iter().enumerate() {
            for (s, service) in SERVICES.into_iter().enumerate() {
                let anywhere = seen.contains(&(c, s, 0));
                for port in PORTS {
                    let expected =
                        if anywhere || seen.contains(&(c, s, port)) { Outcome::Forwarded } else { Outcome::Denied };
                    prop_assert_eq!(
                        outcome(&ready, caller, service, port),
                        expected,
                        "{:?} {:?} {}",
                        caller,
                        service,
                        port
                    );
                }
            }
        }
        Ok(())
    });
}

#[test]
fn a_service_with_one_port_was_called_there() {
    let one = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "stock"}, "spec": {"selector": {"app": "stock"}, "ports": [{"port": 80, "targetPort": 81}]}});
    let world = world().after([object(one)]);
    let ready = meshes::engine().ready(&world);
    let names = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
    let grant = Grant {
        account: names("dev", "web"),
        service: names("shop", "stock"),
        ports: BTreeSet::new(),
        tcp: false,
        requests: Vec::new(),
    };
    let made = policies(&world, ready.places(), &[grant.clone(), Grant { service: names("shop", "nobody"), ..grant }]);
    assert_eq!(made.len(), 1, "what is not there gets no policy");
    assert_eq!(
        made[0].spec,
        json!({"action": "ALLOW", "selector": {"matchLabels": {"app": "stock"}},
            "rules": [{"from": [{"source": {"principals": ["cluster.local/ns/dev/sa/web"]}}], "to": [{"operation": {"ports": ["81"]}}]}]})
    );
}

#[test]
fn only_what_was_asked_may_be_asked() {
    let world = world();
    let engine = meshes::engine();
    let names = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
    let asked =
        |method: &str, path: &str| Asked { methods: [method.to_owned()].into(), paths: [path.to_owned()].into() };
    let grant = |account: &str, requests: Vec<Asked>| Grant {
        account: names("shop", account),
        service: names("shop", "stock"),
        ports: [80].into(),
        tcp: false,
        requests,
    };
    let grants = [
        grant("web", vec![asked("GET", "/reviews/{*}"), asked("POST", "/orders")]),
        grant("cart", Vec::new()),
        grant("web", vec![asked("GET", "/health")]),
    ];
    let made = policies(&world, engine.ready(&world).places(), &grants);
    let ready = engine.ready(&with(&world, &made));
    let ask = |app: &str, method: &str, path: &str| {
        let from = Caller::Workload { namespace: "shop".into(), workload: format!("{app}-v1") };
        let url = format!("http://stock.shop:80{path}");
        let request =
            Request { id: String::new(), from, via: None, method: method.into(), url, headers: Vec::new(), at: None };
        ready.explain(&request).outcome == Outcome::Forwarded
    };
    for (app, method, path, expected) in [
        ("web", "GET", "/reviews/42", true),
        ("web", "GET", "/reviews/42?full=yes", true),
        ("web", "GET", "/reviews/42/x", false),
        ("web", "POST", "/reviews/42", false),
        ("web", "POST", "/orders", true),
        ("web", "GET", "/health", true),
        ("cart", "DELETE", "/anything", true),
    ] {
        assert_eq!(ask(app, method, path), expected, "{app} {method} {path}");
    }
}

#[test]
fn connections_are_let_in_by_port_beside_requests_that_are_narrowed() {
    let world = world();
    let engine = meshes::engine();
    let names = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
    let asked = Asked { methods: ["GET".to_owned()].into(), paths: ["/a".to_owned()].into() };
    let grant = |port: u16, tcp: bool, requests: Vec<Asked>| Grant {
        account: names("shop", "web"),
        service: names("shop", "stock"),
        ports: [port].into(),
        tcp,
        requests,
    };
    let grants = [grant(80, false, vec![asked]), grant(9000, true, Vec::new())];
    let made = policies(&world, engine.ready(&world).places(), &grants);
    let to: Vec<&Value> =
        made[0].spec["rules"].as_array().unwrap().iter().map(|rule| &rule["to"][0]["operation"]).collect();
    assert_eq!(to, [&json!({"methods": ["GET"], "paths": ["/a"], "ports": ["81"]}), &json!({"ports": ["9001"]})]);
}

#[test]
fn a_service_behind_a_waypoint_is_guarded_there() {
    let ambient = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"istio.io/dataplane-mode": "ambient", "istio.io/use-waypoint": "wp"}}});
    let world = world().after([object(ambient)]);
    let names = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
    let grant = Grant {
        account: names("dev", "web"),
        service: names("shop", "stock"),
        ports: [80].into(),
        tcp: false,
        requests: Vec::new(),
    };
    let made = policies(&world, meshes::engine().ready(&world).places(), &[grant]);
    assert_eq!(made[0].spec["targetRefs"], json!([{"group": "", "kind": "Service", "name": "stock"}]));
    assert_eq!((&made[0].spec["selector"], &made[0].spec["rules"][0]["to"]), (&Value::Null, &Value::Null));
}
