//! How rules are tested: objects beside a shop with Linkerd, and the fields at which the rule must fire.

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh::{Engine, Log, Places, Rule};
use world::{Change, Coverage, World, yaml};

use crate::Linkerd;
use crate::read::Index;
use crate::told;

/// Rules that pass on what a controller or a library says, which is told as it is.
const PASSED_ON: [&str; 1] = ["linkerd-shape"];

const LOYALTY: &str = include_str!("../../../../../tests/worlds/loyalty.yaml");

fn with(world: &World, text: &str) -> World {
    let (objects, problems) = yaml::documents(text, "case.yaml");
    assert!(problems.is_empty(), "{problems:?} in {text}");
    world.after(objects.into_iter().map(Change::Put))
}

/// Each case holds these objects beside the shop; the rule fires at these paths and nowhere else. It reads no kind that it does not name, and
/// where one that it names may not be read, it is unknown.
pub(crate) fn hold(rule: &'static Rule, cases: &[(&str, &[&str])]) {
    assert!(cases.iter().any(|(_, paths)| !paths.is_empty()) && cases.iter().any(|(_, paths)| paths.is_empty()));
    let shop = with(&World::new(), LOYALTY);
    let named: BTreeSet<(String, String)> = rule.reads.iter().map(|(g, k)| ((*g).into(), (*k).into())).collect();
    let at = super::ALL.iter().position(|(own, _)| own.name == rule.name).unwrap();
    for (text, paths) in cases {
        let (world, log) = (with(&shop, text), Log::of_kinds());
        let index = Index::of(&world, Arc::new(Places::of(&world))).listening(&log);
        let findings = mesh::run(&world, &index, at, rule);
        let found: Vec<&str> = findings.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(&found, paths, "{}: {text}", rule.name);
        for finding in &findings {
            assert_eq!(finding.rule, rule.name);
            told::in_both(&finding.message, &world, rule.name, &PASSED_ON);
        }
        let unnamed: Vec<_> = log.kinds().difference(&named).cloned().collect();
        assert!(unnamed.is_empty(), "{} reads {unnamed:?} and does not say so: {text}", rule.name);
    }
    let engine = Engine::new(vec![Box::new(Linkerd)]);
    for (group, kind) in rule.reads {
        let checked = engine.check(&shop.covering(group, kind, Coverage::Denied("list".into())));
        let unknown = checked.unknown.iter().any(|u| u.about.en == rule.name);
        assert!(unknown, "{} reads {kind} and is not unknown without it", rule.name);
    }
}

#[test]
fn texts_are_there_and_a_shop_in_order_has_no_findings() {
    for (rule, _) in super::ALL {
        assert!([rule.what, rule.why, rule.fix].iter().all(|text| text.ends_with('.')), "{}", rule.name);
        assert!([rule.zh.what, rule.zh.why, rule.zh.fix].iter().all(|text| text.ends_with('。')), "{}", rule.name);
        assert!(rule.about.iter().all(|about| rule.reads.contains(&about.kind())), "{}", rule.name);
    }
    let checked = Engine::new(vec![Box::new(Linkerd)]).check(&with(&World::new(), LOYALTY));
    assert_eq!((checked.findings, checked.unknown), (Vec::new(), Vec::new()));
}
