//! How rules are tested: objects beside the shop, and the fields at which the rule must fire.

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh::{Engine, Finding, Log, Places, Rule};
use world::{Change, Coverage, World, yaml};

use super::Index;
use crate::GatewayApi;

#[path = "../../../../crates/world/tests/told/mod.rs"]
mod told;

const SHOP: &str = include_str!("../../../../../tests/worlds/shop.yaml");

fn with(world: &World, text: &str) -> World {
    let (objects, problems) = yaml::documents(text, "case.yaml");
    assert!(problems.is_empty(), "{problems:?} in {text}");
    world.after(objects.into_iter().map(Change::Put))
}

fn said(rule: &'static Rule, world: &World) -> (Vec<Finding>, BTreeSet<(String, String)>) {
    use mesh::Reading as _;
    let log = Log::of_kinds();
    let index = Index::of(world, &Arc::new(Places::of(world))).listening(&log);
    let at = super::ALL.iter().position(|(own, _)| own.name == rule.name).unwrap();
    (mesh::run(world, index.as_ref(), at, rule), log.kinds())
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
        findings.iter().for_each(|finding| told::in_both(&finding.message, &world, rule.name, &[]));
        assert!(kinds.is_subset(&named), "{} reads {kinds:?} and names {named:?}: {text}", rule.name);
    }
    let engine = Engine::new(vec![Box::new(GatewayApi)]);
    for (group, kind) in rule.reads {
        let checked = engine.check(&shop.covering(group, kind, Coverage::Denied("list".into())));
        assert!(checked.unknown.iter().any(|u| u.about.en == rule.name), "{} without {kind}", rule.name);
    }
}

#[test]
fn texts_are_there_in_both_languages() {
    for (rule, _) in super::ALL {
        assert!([rule.what, rule.why, rule.fix].iter().all(|text| text.ends_with('.')), "{}", rule.name);
        assert!([rule.zh.what, rule.zh.why, rule.zh.fix].iter().all(|text| text.ends_with('。')), "{}", rule.name);
        assert!(rule.about.iter().all(|about| rule.reads.contains(&about.kind())), "{}", rule.name);
    }
}
