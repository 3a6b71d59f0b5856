//! A patch depends on patches of other objects.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::parts::spec;
use crate::rules::patches::{relative, varies_by_version};

pub(crate) const RULE: Rule = Rule {
    name: "envoy-filter-order",
    level: Level::Warning,
    aliases: &["IST0151"],
    what: "The patch is relative to others, and the EnvoyFilter has no priority.",
    why: "Which patch comes first depends on the age and name of objects; the patch may do nothing.",
    fix: "Set priority, or use INSERT_FIRST, MERGE or ADD.",
    zh: Words {
        what: "该补丁依赖其他补丁的先后顺序，而此 EnvoyFilter 没有设置 priority。",
        why: "哪个补丁先执行取决于对象的创建时间和名称，补丁可能不起作用。",
        fix: "请设置 priority，或使用 INSERT_FIRST、MERGE、ADD。",
    },
    about: &[About::Document("networking.istio.io", "EnvoyFilter")],
    reads: &[("networking.istio.io", "EnvoyFilter")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let key = subject.key();
    for change in relative(&spec(subject)).into_iter().filter(|change| !varies_by_version(ask, change, &key)) {
        let operation = change.get("patch").text("operation");
        out.at(
            format!("{}.patch.operation", change.path()),
            said!(
                "{operation} depends on patches that came before, and there is no priority",
                "{operation} 依赖先前的补丁，而没有设置 priority"
            ),
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
                    r#"{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: a, namespace: shop}, spec: {configPatches: [{applyTo: HTTP_FILTER, patch: {operation: INSERT_BEFORE, value: {name: f}}}, {applyTo: HTTP_FILTER, patch: {operation: REMOVE}}, {applyTo: HTTP_FILTER, patch: {operation: REPLACE, value: {name: f}}}]}}"#,
                    &[
                        "spec.configPatches[0].patch.operation",
                        "spec.configPatches[1].patch.operation",
                        "spec.configPatches[2].patch.operation",
                    ],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: a, namespace: shop}, spec: {priority: 1, configPatches: [{applyTo: HTTP_FILTER, patch: {operation: INSERT_BEFORE, value: {name: f}}}]}}
---
{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: b, namespace: shop}, spec: {configPatches: [{applyTo: HTTP_FILTER, patch: {operation: INSERT_FIRST, value: {name: f}}}, {applyTo: HTTP_ROUTE, patch: {operation: REMOVE}}, {applyTo: CLUSTER, patch: {operation: REPLACE, value: {name: f}}}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
