//! Each difference is explained in `known`, or the test fails; so does an explanation that nothing needs any more.

mod corpus;
mod genuine;
mod round_trip;
mod saved;

use std::collections::{BTreeMap, BTreeSet};

use agreement::{KNOWN, Object, reason};
use corpus::Case;
use genuine::{Istio, Message};

/// What both say of one world.
#[derive(Debug, Default)]
struct Both {
    /// (code, object) of Istio's own.
    theirs: BTreeSet<(String, Object)>,
    /// (codes of the rule, rule, object) of ours.
    ours: BTreeSet<(Vec<&'static str>, &'static str, Object)>,
}

impl Both {
    fn of(case: &Case, messages: &[Message]) -> Self {
        let theirs = messages.iter().map(|m| (m.code.clone(), (m.kind.clone(), m.namespace.clone(), m.name.clone())));
        let engine = meshes::engine();
        let codes: BTreeMap<&str, Vec<&str>> = engine
            .rules()
            .map(|rule| (rule.name, rule.aliases.iter().copied().filter(|code| code.starts_with("IST")).collect()))
            .collect();
        let findings = engine.check(&case.world()).findings.into_iter();
        let ours = findings.filter_map(|f| {
            let codes = codes.get(f.rule).filter(|codes| !codes.is_empty())?;
            let object = (f.object.kind.clone(), f.object.namespace.clone(), f.object.name.clone());
            Some((codes.clone(), f.rule, object))
        });
        Self { theirs: theirs.collect(), ours: ours.collect() }
    }

    /// What one side alone says: (code, who says it, object).
    fn differences(&self) -> Vec<(String, &'static str, Object)> {
        let ours_say = |code: &str, object: &Object| {
            self.ours.iter().any(|(codes, _, own)| own == object && codes.contains(&code))
        };
        let they_say = |codes: &[&str], object: &Object| {
            self.theirs.iter().any(|(code, their)| their == object && codes.contains(&code.as_str()))
        };
        let missing = self.theirs.iter().filter(|(code, object)| !ours_say(code, object));
        let extra = self.ours.iter().filter(|(codes, _, object)| !they_say(codes, object));
        let missing = missing.map(|(code, object)| (code.clone(), "istioctl", object.clone()));
        missing.chain(extra.map(|(_, rule, object)| ((*rule).to_owned(), "netloft", object.clone()))).collect()
    }
}

#[test]
fn every_difference_is_explained() {
    let Some(istio) = Istio::found() else { return };
    let cases = corpus::cases(&istio.sources);
    assert!(cases.len() > 150, "the corpus is there: {} worlds", cases.len());
    let answers = istio.ask(&cases);
    let mut agreed: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut unexplained = Vec::new();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    for (case, messages) in cases.iter().zip(&answers) {
        let both = Both::of(case, messages);
        let differences = both.differences();
        for (code, object) in &both.theirs {
            let count = agreed.entry(code.clone()).or_default();
            count.1 += 1;
            count.0 +=
                usize::from(!differences.iter().any(|(c, who, o)| c == code && *who == "istioctl" && o == object));
        }
        for (code, who, object) in differences {
            match reason(&code, who, &case.id, &object) {
                Some(at) => drop(used.insert(at)),
                None => unexplained
                    .push(format!("{code} by {who} alone: {} {}/{} in {}", object.0, object.1, object.2, case.id)),
            }
        }
    }
    println!("{} worlds; by code, agreed of what Istio's own analyzers say:", cases.len());
    for (code, (same, all)) in &agreed {
        println!("  {code} {same} of {all}");
    }
    let idle: Vec<&str> = (0..KNOWN.len()).filter(|at| !used.contains(at)).map(|at| KNOWN[at].because).collect();
    assert!(unexplained.is_empty(), "{} differences without a reason:\n{}", unexplained.len(), unexplained.join("\n"));
    assert!(idle.is_empty(), "reasons that nothing needs: {idle:#?}");
}
