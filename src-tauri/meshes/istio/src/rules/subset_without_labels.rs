//! A subset has no labels.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "subset-without-labels",
    level: Level::Warning,
    aliases: &["KIA0209"],
    what: "The subset names no labels.",
    why: "It stands for all pods of the service, so a split over it splits nothing.",
    fix: "Name the labels of the version that is meant, such as version: v1.",
    zh: Words {
        what: "子集没有写任何标签。",
        why: "它代表服务的全部 Pod，因此按它分流等于没有分流。",
        fix: "请写出所指版本的标签，例如 version: v1。",
    },
    about: &[About::Document(NETWORKING, "DestinationRule")],
    reads: &[("networking.istio.io", "DestinationRule")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.destination_rules.subject(subject) else { return };
    for (at, subset) in typed.spec.subsets.iter().enumerate().filter(|(_, s)| s.labels.is_empty()) {
        out.at(
            format!("spec.subsets[{at}]"),
            said!("{} stands for every pod of {}", "{} 代表 {} 的每个 Pod", subset.name, typed.spec.host),
        );
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: all}]}}"#,
                    &["spec.subsets[1]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
