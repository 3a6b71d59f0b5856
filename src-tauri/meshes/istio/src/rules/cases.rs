//! How rules are tested: objects beside the shop, and the fields at which the rule must fire.

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh::{Engine, Finding, Log, Places, Rule};
use serde_json::Value;
use world::{Change, Coverage, Object, Origin, World, yaml};

use crate::Istio;
use crate::kinds::{KINDS, SOURCES};
use crate::read::Index;
use crate::told;

/// Rules that pass on what a controller or a library says, which is told as it is.
const PASSED_ON: [&str; 2] = ["condition-negative", "shape"];

const SHOP: &str = include_str!("../../../../../tests/worlds/shop.yaml");

fn with(world: &World, text: &str) -> World {
    let (objects, problems) = yaml::documents(text, "case.yaml");
    assert!(problems.is_empty(), "{problems:?} in {text}");
    world.after(objects.into_iter().map(Change::Put))
}

/// What one rule says of a world, subject by subject as the engine asks it, and the kinds that it read for it.
fn said(rule: &'static Rule, world: &World) -> (Vec<Finding>, BTreeSet<(String, String)>) {
    let log = Log::of_kinds();
    let index = Index::of(world, Arc::new(Places::of(world))).listening(&log);
    let at = super::ALL.iter().position(|(own, _)| own.name == rule.name).unwrap();
    let found = mesh::run(world, &index, at, rule);
    (found, log.kinds())
}

/// The world with the quick fix of a finding.
fn mended(world: &World, finding: &Finding) -> World {
    let document = world.document(&finding.object).unwrap();
    let apply = |body: Value, edit| yaml::apply(&body, edit).unwrap();
    let body = finding.fix.iter().fold(document.body.as_ref().clone(), apply);
    world.after([Change::Put(Object::read(body, Origin::Draft).unwrap())])
}

/// Each case holds these objects beside the shop; the rule fires at these paths and nowhere else. It reads no kind that it does not name, and
/// where one that it names may not be read, it is unknown.
pub(crate) fn hold(rule: &'static Rule, cases: &[(&str, &[&str])]) {
    assert!(cases.iter().any(|(_, paths)| !paths.is_empty()) && cases.iter().any(|(_, paths)| paths.is_empty()));
    let shop = with(&World::new(), SHOP);
    let named: BTreeSet<(String, String)> = rule.reads.iter().map(|(g, k)| ((*g).into(), (*k).into())).collect();
    for (text, paths) in cases {
        let world = with(&shop, text);
        let (findings, kinds) = said(rule, &world);
        let found: Vec<&str> = findings.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(&found, paths, "{}: {text}", rule.name);
        for finding in &findings {
            assert_eq!(finding.rule, rule.name);
            told::in_both(&finding.message, &world, rule.name, &PASSED_ON);
        }
        let unnamed: Vec<_> = kinds.difference(&named).collect();
        assert!(unnamed.is_empty(), "{} reads {unnamed:?} and does not say so: {text}", rule.name);
        for finding in findings.iter().filter(|f| f.fixable()) {
            let after = said(rule, &mended(&world, finding)).0;
            assert!(
                after.len() < findings.len(),
                "{}: the quick fix of {} does not help: {text}",
                rule.name,
                finding.path
            );
        }
    }
    let engine = Engine::new(vec![Box::new(Istio)]);
    for (group, kind) in rule.reads {
        let checked = engine.check(&shop.covering(group, kind, Coverage::Denied("list".into())));
        assert!(
            checked.unknown.iter().any(|u| u.about.en == rule.name),
            "{} reads {kind} and is not unknown without it",
            rule.name
        );
    }
}

#[test]
fn names_are_unique_and_texts_are_there() {
    let mut names: Vec<&str> = super::ALL.iter().map(|(rule, _)| rule.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count >= 12);
    for (rule, _) in super::ALL {
        assert!(
            !rule.reads.is_empty() && rule.what.ends_with('.') && rule.why.ends_with('.') && rule.fix.ends_with('.'),
            "{}",
            rule.name
        );
        for words in [rule.zh.what, rule.zh.why, rule.zh.fix] {
            assert!(words.ends_with('。') && words.chars().count() > 5, "{} in Chinese: {words}", rule.name);
        }
        for about in rule.about {
            let (group, kind) = about.kind();
            assert!(
                rule.reads.contains(&(group, kind)),
                "{} is about {kind} and does not say that it reads it",
                rule.name
            );
        }
        assert!(!rule.about.is_empty(), "{}", rule.name);
    }
}

/// A shop that is in order has no findings at all.
#[test]
fn the_shop_is_in_order() {
    let shop = with(&World::new(), SHOP);
    let checked = Engine::new(vec![Box::new(Istio)]).check(&shop);
    assert_eq!(checked.findings, Vec::new());
    assert_eq!(checked.unknown, Vec::new());
}

/// What no one reads from a cluster would look as if it were not there.
#[test]
fn what_rules_read_is_read_from_a_cluster() {
    const CORE: [&str; 7] = ["Namespace", "Service", "ServiceAccount", "Pod", "Deployment", "StatefulSet", "DaemonSet"];
    for (rule, _) in super::ALL {
        for (group, kind) in rule.reads {
            let core = matches!(*group, "" | "apps") && CORE.contains(kind);
            let own = KINDS.iter().any(|k| k.group == *group && k.kind == *kind);
            let besides = SOURCES.iter().any(|s| s.group == *group && s.kind == *kind);
            let gateway_api = *group == "gateway.networking.k8s.io";
            assert!(core || own || besides || gateway_api, "{} reads {group} {kind}", rule.name);
        }
    }
}
