//! The way on small worlds: which step each namespace and each workload takes, and what it writes.

use std::collections::BTreeMap;

use journal::{PlainCall, Plaintext, Sight, Watched};
use serde_json::{Value, json};
use world::{Change, Object, Origin, World};

use super::plan::{self, Mode, Row, State};
use super::workload;
use crate::change::tray::Tray;
use crate::traffic::Traffic;

/// A namespace whose policy has this mode; empty for none.
fn namespace(name: &str, mode: &str) -> Vec<Value> {
    let mut all = vec![json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})];
    if !mode.is_empty() {
        all.push(policy(name, "default", json!({"mtls": {"mode": mode}})));
    }
    all
}

fn policy(namespace: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
        "metadata": {"name": name, "namespace": namespace, "resourceVersion": "1"}, "spec": spec})
}

/// A policy for workloads with the label `app`.
fn own(name: &str, mut spec: Value) -> Value {
    spec["selector"] = json!({"matchLabels": {"app": name}});
    policy("shop", name, spec)
}

/// A workload with a proxy, and its pod.
fn labelled(namespace: &str, name: &str, labels: Value, is_ready: bool) -> Vec<Value> {
    let ready = if is_ready { "True" } else { "False" };
    vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
            "spec": {"template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": name}]}}}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("{name}-1"), "namespace": namespace, "labels": labels,
                "ownerReferences": [{"kind": "Deployment", "name": name, "controller": true}]},
            "spec": {"containers": [{"name": name}, {"name": "istio-proxy"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}}),
    ]
}

fn running(namespace: &str, name: &str) -> Vec<Value> {
    labelled(namespace, name, json!({"app": name}), true)
}

fn world(objects: impl IntoIterator<Item = Vec<Value>>) -> World {
    let put = |body| Change::Put(Object::read(body, Origin::Cluster).unwrap());
    World::new().after(objects.into_iter().flatten().map(put))
}

/// Two hours of reading the proxies of all workloads with a ready pod; those named were called in plaintext three seconds ago.
fn seen(world: &World, called: &[&str]) -> Plaintext {
    let heard = Watched { since: 1, until: 7_200_001, seconds: 7200.0 };
    let call = |name: &&str| PlainCall { namespace: "shop".into(), workload: (*name).into(), caller: String::new() };
    Plaintext {
        watched: heard.clone(),
        heard: world
            .pods()
            .filter(|pod| pod.ready)
            .map(|pod| ((pod.namespace.clone(), pod.workload.1.clone()), heard.clone()))
            .collect(),
        calls: called
            .iter()
            .map(|name| (call(name), Sight { last: 7_197_001, quiet: 3.0 }))
            .collect::<BTreeMap<_, _>>(),
    }
}

fn rows(world: &World, called: &[&str]) -> Vec<Row> {
    let engine = meshes::engine();
    let (ready, plaintext) = (engine.ready(world), seen(world, called));
    plan::rows(&ready, &engine, &Traffic::default(), &Tray::default(), &plaintext).unwrap()
}

/// The text of the step of a workload of `shop` alone.
fn alone(world: &World, name: &str, target: Mode) -> String {
    let ready = meshes::engine().ready(world);
    workload::step((world, &ready, &Tray::default()), ("shop", name), target, "v1").unwrap().after
}

#[test]
fn a_port_that_takes_no_mutual_tls_weakens_nobody_else() {
    let disabled = json!({"9080": {"mode": "DISABLE"}});
    // STRICT by the namespace: it has no step of its own, and the workload's is for the port.
    let inherited = world([
        namespace("shop", "STRICT"),
        running("shop", "cart"),
        running("shop", "mail"),
        vec![own("cart", json!({"portLevelMtls": disabled}))],
    ]);
    let row = rows(&inherited, &[]).remove(0);
    assert_eq!((row.target, row.off, row.strict), (None, 0, 1), "{row:#?}");
    assert_eq!(row.each[0].target, Some(Mode::Permissive));
    let text = alone(&inherited, "cart", Mode::Permissive);
    assert!(text.contains("9080") && text.contains("PERMISSIVE") && !text.contains("  mtls:"), "{text}");
    // STRICT by itself: it stays so at every other port.
    let itself = world([
        namespace("shop", ""),
        running("shop", "cart"),
        vec![own("cart", json!({"mtls": {"mode": "STRICT"}, "portLevelMtls": disabled}))],
    ]);
    let text = alone(&itself, "cart", Mode::Permissive);
    assert!(text.contains("mode: STRICT") && text.contains("PERMISSIVE") && !text.contains("DISABLE"), "{text}");
    // What takes none at all takes both.
    let off = world([
        namespace("shop", "STRICT"),
        running("shop", "cart"),
        vec![own("cart", json!({"mtls": {"mode": "DISABLE"}, "portLevelMtls": {"9080": {"mode": "STRICT"}}}))],
    ]);
    let text = alone(&off, "cart", Mode::Permissive);
    assert!(text.contains("mode: PERMISSIVE") && text.contains("mode: STRICT"), "{text}");
    let text = alone(&off, "cart", Mode::Strict);
    assert!(!text.contains("PERMISSIVE") && !text.contains("DISABLE"), "{text}");
}

#[test]
fn a_namespace_goes_on_past_a_workload_that_is_off_by_a_policy_of_its_own() {
    let open = |mode: &str| {
        world([
            namespace("shop", mode),
            running("shop", "cart"),
            running("shop", "mail"),
            vec![own("cart", json!({"mtls": {"mode": "DISABLE"}}))],
        ])
    };
    // Who calls the one that stays as it is does not stand in the way of the others.
    let row = rows(&open("PERMISSIVE"), &["cart"]).remove(0);
    let stays: Vec<bool> = row.each.iter().map(|one| one.stays).collect();
    assert_eq!((row.target, row.state, row.off, stays), (Some(Mode::Strict), State::Ready, 1, vec![true, false]));
    assert_eq!((row.each[0].target, row.each[0].callers.len()), (Some(Mode::Permissive), 1));
    let row = rows(&open("PERMISSIVE"), &["mail"]).remove(0);
    assert_eq!((row.target, row.state), (Some(Mode::Strict), State::Blocked));
    // Without mutual TLS at all, all of them take both first; where the others are there, nothing is left to the namespace.
    assert_eq!(rows(&open("DISABLE"), &[]).remove(0).target, Some(Mode::Permissive));
    assert_eq!(rows(&open("STRICT"), &[]).remove(0).target, None);
    // Whom taking both would only make weaker is no reason for it.
    let behind = own("mail", json!({"portLevelMtls": {"9999": {"mode": "PERMISSIVE"}}}));
    let strict = world([
        namespace("shop", "STRICT"),
        running("shop", "cart"),
        running("shop", "mail"),
        vec![own("cart", json!({"mtls": {"mode": "DISABLE"}})), behind],
    ]);
    assert_eq!(rows(&strict, &[]).remove(0).target, None);
}

#[test]
fn the_root_namespace_takes_both_before_it_is_strict() {
    let of = |mode: &str| {
        world([
            namespace("istio-system", mode),
            running("istio-system", "echo"),
            namespace("shop", "STRICT"),
            running("shop", "cart"),
        ])
    };
    for (mode, expected) in [("DISABLE", Some(Mode::Permissive)), ("PERMISSIVE", Some(Mode::Strict)), ("STRICT", None)]
    {
        let mesh = rows(&of(mode), &[]).pop().unwrap();
        assert_eq!((mesh.place, mesh.target), (plan::Place::Mesh, expected), "{mode}");
    }
}

#[test]
fn a_workload_that_never_is_ready_holds_nobody_up() {
    let world = world([
        namespace("shop", "PERMISSIVE"),
        running("shop", "cart"),
        labelled("shop", "broken", json!({"app": "broken"}), false),
    ]);
    let all = rows(&world, &[]);
    assert_eq!((all[0].state, all[0].quiet, plan::next(&all)), (State::Ready, 7200.0, Some("shop".to_owned())));
    assert_eq!((all[0].each[0].since, all[0].each[0].state), (None, State::Young), "of itself nothing is known");
    assert_eq!(rows(&world, &["broken"])[0].state, State::Blocked, "who calls it all the same counts");
}

#[test]
fn a_policy_of_its_own_is_for_a_workload_alone_where_its_labels_allow() {
    let both = |v1: Value, v2: Value| {
        world([
            namespace("shop", "PERMISSIVE"),
            labelled("shop", "reviews-v1", v1, true),
            labelled("shop", "reviews-v2", v2, true),
        ])
    };
    let apart = both(json!({"app": "reviews", "tier": "a"}), json!({"app": "reviews", "tier": "b"}));
    let text = alone(&apart, "reviews-v1", Mode::Strict);
    assert!(text.contains("app: reviews") && text.contains("tier: a"), "{text}");
    let known =
        both(json!({"app": "reviews", "version": "v1", "tier": "a"}), json!({"app": "reviews", "version": "v2"}));
    let text = alone(&known, "reviews-v1", Mode::Strict);
    assert!(text.contains("version: v1") && !text.contains("tier"), "no narrower than it must be: {text}");
    assert!(rows(&apart, &[])[0].each.iter().all(|one| one.also.is_empty()));
}

#[test]
fn a_step_that_takes_others_along_names_them_and_is_as_safe_as_the_least_safe_of_them() {
    let of = |policies: Vec<Value>| {
        let version = |version: &str| json!({"app": "reviews", "version": version});
        world([
            namespace("shop", "PERMISSIVE"),
            labelled("shop", "reviews-v1", version("v1"), true),
            labelled("shop", "reviews-v2", version("v2"), true),
            running("shop", "cart"),
            policies,
        ])
    };
    let told = |world: &World| -> Vec<(State, Vec<String>)> {
        rows(world, &["reviews-v2"]).remove(0).each.into_iter().map(|one| (one.state, one.also)).collect()
    };
    let (alone, none) = (|state| (state, vec![]), Vec::<Value>::new());
    assert_eq!(told(&of(none)), [alone(State::Ready), alone(State::Ready), alone(State::Blocked)]);
    let shared = own("reviews", json!({"mtls": {"mode": "PERMISSIVE"}}));
    let with = |name: &str| (State::Blocked, vec![name.to_owned()]);
    assert_eq!(told(&of(vec![shared.clone()])), [alone(State::Ready), with("reviews-v2"), with("reviews-v1")]);
    // Whom an older policy selects is not taken along.
    let mut older = policy(
        "shop",
        "older",
        json!({"selector": {"matchLabels": {"version": "v2"}}, "mtls": {"mode": "PERMISSIVE"}}),
    );
    let mut shared = shared;
    older["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z".into();
    shared["metadata"]["creationTimestamp"] = "2026-01-02T00:00:00Z".into();
    assert_eq!(told(&of(vec![shared, older])), [alone(State::Ready), alone(State::Ready), alone(State::Blocked)]);
    // Of two with the same labels no policy selects one alone.
    let twins = world([
        namespace("shop", "PERMISSIVE"),
        labelled("shop", "a", json!({"app": "twin"}), true),
        labelled("shop", "b", json!({"app": "twin"}), true),
    ]);
    let also: Vec<_> = rows(&twins, &[]).remove(0).each.into_iter().map(|one| one.also).collect();
    assert_eq!(also, [["b"], ["a"]]);
}
