//! Any document and any request: an answer, never a panic; and the order in which objects arrive changes nothing.

#![allow(clippy::unwrap_used, reason = "an unwrap in a test is an assertion")]

mod any;

use any::{document, request, route, shop};
use proptest::prelude::*;
use world::{Change, Object, Origin};

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn every_question_has_an_answer(bodies in prop::collection::vec(prop_oneof![3 => document(), 1 => route()], 0..5), request in request()) {
        let base = shop();
        let changes: Vec<Change> = bodies.into_iter().filter_map(|body| Object::read(body, Origin::Cluster).ok()).map(Change::Put).collect();
        let world = base.after(changes);
        let engine = meshes::engine();
        let ready = engine.ready(&world);
        let verdict = ready.explain(&request);
        prop_assert_eq!(&verdict.id, "p");
        let shares: f64 = verdict.destinations.iter().map(|d| d.share).sum();
        prop_assert!(verdict.destinations.is_empty() || (shares - 1.0).abs() < 1e-9, "shares add up to {}", shares);
        for service in world.services() {
            ready.routes(&service.namespace, &service.name);
            ready.in_force(&service.namespace, &service.name);
        }
        for document in world.documents() {
            engine.summary(document);
        }
        engine.effect(&base, &world, &[]);
    }

    #[test]
    fn the_order_of_arrival_changes_nothing(bodies in prop::collection::vec(document(), 0..5), request in request()) {
        let mut objects: Vec<Object> = bodies.into_iter().filter_map(|body| Object::read(body, Origin::Cluster).ok()).collect();
        objects.sort_by_key(Object::key);
        objects.dedup_by_key(|object| object.key());
        let forwards = shop().after(objects.iter().cloned().map(Change::Put));
        let backwards = objects.iter().rev().cloned().fold(shop(), |world, object| world.after([Change::Put(object)]));
        let engine = meshes::engine();
        prop_assert_eq!(engine.explain(&forwards, &request), engine.explain(&backwards, &request));
        prop_assert_eq!(engine.check(&forwards), engine.check(&backwards));
    }
}
