//! How rules are tested: objects beside the shop, and the fields at which the rule must fire.

use std::sync::Arc;

use mesh::{Engine, Places, Rule};
use world::{Change, Coverage, World, yaml};

use crate::Istio;
use crate::read::Index;

const SHOP: &str = include_str!("../../../../../tests/worlds/shop.yaml");

fn with(world: &World, text: &str) -> World {
    let (objects, problems) = yaml::documents(text, "case.yaml");
    assert!(problems.is_empty(), "{problems:?} in {text}");
    world.after(objects.into_iter().map(Change::Put))
}

/// Each case holds these objects beside the shop; the rule fires at these paths and nowhere else. Where a kind that it reads may not be read,
/// it is unknown.
pub(crate) fn hold(rule: &'static Rule, cases: &[(&str, &[&str])]) {
    assert!(cases.iter().any(|(_, paths)| !paths.is_empty()) && cases.iter().any(|(_, paths)| paths.is_empty()));
    let shop = with(&World::new(), SHOP);
    for (text, paths) in cases {
        let world = with(&shop, text);
        let index = Index::of(&world, Arc::new(Places::of(&world)));
        let findings = super::check(&index, rule);
        let found: Vec<&str> = findings.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(&found, paths, "{}: {text}", rule.name);
        assert!(findings.iter().all(|f| !f.message.is_empty() && f.rule == rule.name));
    }
    let engine = Engine::new(vec![Box::new(Istio)]);
    for (group, kind) in rule.reads {
        let checked = engine.check(&shop.covering(group, kind, Coverage::Denied("list".into())));
        assert!(
            checked.unknown.iter().any(|u| u.about == rule.name),
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
