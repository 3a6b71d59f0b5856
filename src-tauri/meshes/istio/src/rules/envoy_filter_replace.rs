//! A patch replaces what cannot be replaced.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::parts::spec;
use crate::rules::patches::{is_replaceable, with_operation};

pub(crate) const RULE: Rule = Rule {
    name: "envoy-filter-replace",
    level: Level::Error,
    aliases: &["IST0152"],
    what: "REPLACE is for HTTP_FILTER, NETWORK_FILTER and VIRTUAL_HOST alone.",
    why: "The patch is ignored.",
    fix: "Use MERGE, or patch one of those.",
    zh: Words {
        what: "REPLACE 只能用于 HTTP_FILTER、NETWORK_FILTER 和 VIRTUAL_HOST。",
        why: "该补丁会被忽略。",
        fix: "请使用 MERGE，或改为修改上述对象之一。",
    },
    about: &[About::Document("networking.istio.io", "EnvoyFilter")],
    reads: &[("networking.istio.io", "EnvoyFilter")],
};

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    for change in with_operation(&spec(subject), &["REPLACE"]).into_iter().filter(|change| !is_replaceable(change)) {
        out.at(
            format!("{}.patch.operation", change.path()),
            said!("{} cannot be replaced", "{} 不能替换", change.text("applyTo")),
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
                    r#"{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: a, namespace: shop}, spec: {configPatches: [{applyTo: CLUSTER, patch: {operation: REPLACE, value: {name: f}}}]}}"#,
                    &["spec.configPatches[0].patch.operation"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: a, namespace: shop}, spec: {priority: 1, configPatches: [{applyTo: HTTP_FILTER, patch: {operation: REPLACE, value: {name: f}}}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
