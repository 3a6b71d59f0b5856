//! A patch adds where nothing can be added.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::parts::spec;
use crate::rules::patches::{is_route, with_operation};

pub(crate) const RULE: Rule = Rule {
    name: "envoy-filter-add",
    level: Level::Error,
    aliases: &["IST0153"],
    what: "ADD does nothing for ROUTE_CONFIGURATION and HTTP_ROUTE.",
    why: "The patch is ignored.",
    fix: "Use MERGE, or INSERT_FIRST for routes.",
    zh: Words {
        what: "ADD 对 ROUTE_CONFIGURATION 和 HTTP_ROUTE 不起作用。",
        why: "该补丁会被忽略。",
        fix: "请使用 MERGE；对路由可使用 INSERT_FIRST。",
    },
    about: &[About::Document("networking.istio.io", "EnvoyFilter")],
    reads: &[("networking.istio.io", "EnvoyFilter")],
};

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    for change in with_operation(&spec(subject), &["ADD"]).into_iter().filter(is_route) {
        out.at(
            format!("{}.patch.operation", change.path()),
            said!("nothing can be added to {}", "不能向 {} 添加内容", change.text("applyTo")),
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
                    r#"{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: a, namespace: shop}, spec: {configPatches: [{applyTo: HTTP_ROUTE, patch: {operation: ADD, value: {name: f}}}, {applyTo: ROUTE_CONFIGURATION, patch: {operation: ADD, value: {name: f}}}]}}"#,
                    &["spec.configPatches[0].patch.operation", "spec.configPatches[1].patch.operation"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: a, namespace: shop}, spec: {configPatches: [{applyTo: CLUSTER, patch: {operation: ADD, value: {name: f}}}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
