//! Hostile objects of every kind that any mesh has, and hostile requests: every question has an answer, what is kept is what would be
//! read anew, and what is taken back leaves nothing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "an unwrap in a test is an assertion; a long run says what it did, and a failure its seed"
)]

mod any;
#[path = "../../../crates/world/tests/target/mod.rs"]
mod target;

use any::{request, shop, tree};
use proptest::prelude::*;
use serde_json::{Value, json};
use target::target;
use world::{Change, Object, Origin};

/// (apiVersion, kind) of everything that is watched.
fn kinds() -> Vec<(String, String)> {
    let core = [("v1", "Namespace"), ("v1", "Service"), ("v1", "ServiceAccount"), ("v1", "Pod"), ("v1", "ConfigMap")];
    let apps = [("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet")];
    let engine = meshes::engine();
    let own =
        engine.meshes().flat_map(|mesh| mesh.kinds()).map(|kind| (format!("{}/v1", kind.group), kind.kind.to_owned()));
    core.into_iter().chain(apps).map(|(version, kind)| (version.to_owned(), kind.to_owned())).chain(own).collect()
}

/// An object of any kind, with an outline that its kind might have and anything in it.
fn object() -> impl Strategy<Value = Value> {
    let namespace = prop::sample::select(vec!["shop", "legacy", "istio-system", "nowhere", ""]);
    let name = prop::sample::select(vec!["a", "reviews", "istio", "waypoint", "x/y"]);
    let meta = prop_oneof![3 => Just(Value::Null), 1 => tree()];
    (prop::sample::select(kinds()), namespace, name, tree(), meta, tree()).prop_map(|((version, kind), namespace, name, spec, labels, rest)| {
        let mut body = json!({"apiVersion": version, "kind": kind, "spec": spec, "status": rest, "data": {"mesh": rest.to_string()},
            "metadata": {"name": name, "namespace": namespace, "labels": labels, "annotations": labels}});
        if let (Value::Object(body), Value::Object(rest)) = (&mut body, rest) {
            for (key, value) in rest {
                body.entry(key).or_insert(value);
            }
        }
        body
    })
}

#[test]
fn objects_of_every_kind() {
    let strategy = (prop::collection::vec(object(), 1..6), prop::collection::vec(request(), 1..3));
    target("objects_of_every_kind", &strategy, |(bodies, requests)| {
        let engine = meshes::engine();
        let before = engine.ready(&shop());
        before.check();
        let read = bodies.into_iter().filter_map(|body| Object::read(body, Origin::Cluster).ok());
        let world = before.world().after(read.map(Change::Put));
        let ready = before.after(&world);
        prop_assert_eq!(ready.check(), engine.check(&world));
        for request in &requests {
            ready.explain(request);
        }
        for service in world.services() {
            ready.routes(&service.namespace, &service.name);
            ready.in_force(&service.namespace, &service.name);
            ready.posture(&service.namespace, &service.name);
        }
        for pod in world.pods() {
            engine.membership(&world, pod);
        }
        world.documents().for_each(|document| drop(engine.summary(document)));
        engine.detect(&world, &[]);
        let effect = before.effect(&ready, &[]);
        prop_assert!(effect.changes.len() < 10_000);
        prop_assert_eq!(ready.after(before.world()).check(), before.check());
        Ok(())
    });
}

#[test]
fn requests_of_any_form() {
    let ready = meshes::engine().ready(&shop());
    target("requests_of_any_form", &prop::collection::vec(request(), 1..20), |requests| {
        for request in &requests {
            let verdict = ready.explain(request);
            let shares: f64 = verdict.destinations.iter().map(|d| d.share).sum();
            prop_assert!(verdict.destinations.is_empty() || (shares - 1.0).abs() < 1e-9);
        }
        Ok(())
    });
}
