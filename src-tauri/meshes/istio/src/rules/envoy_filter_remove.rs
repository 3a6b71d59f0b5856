//! A patch removes what cannot be removed.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::parts::spec;
use crate::rules::patches::{is_route, with_operation};

pub(crate) const RULE: Rule = Rule {
    name: "envoy-filter-remove",
    level: Level::Error,
    aliases: &["IST0154"],
    what: "REMOVE does nothing for ROUTE_CONFIGURATION and HTTP_ROUTE.",
    why: "The patch is ignored: what should be gone is still there.",
    fix: "Use MERGE, or change the VirtualService that makes the route.",
    zh: Words {
        what: "REMOVE 对 ROUTE_CONFIGURATION 和 HTTP_ROUTE 不起作用。",
        why: "该补丁会被忽略，本应移除的内容依然存在。",
        fix: "请使用 MERGE，或修改产生该路由的 VirtualService。",
    },
    about: &[About::Document("networking.istio.io", "EnvoyFilter")],
    reads: &[("networking.istio.io", "EnvoyFilter")],
};

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    for change in with_operation(&spec(subject), &["REMOVE"]).into_iter().filter(is_route) {
        out.at(
            format!("{}.patch.operation", change.path()),
            said!("{} cannot be removed", "{} 不能移除", change.text("applyTo")),
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
                    r#"{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: a, namespace: shop}, spec: {configPatches: [{applyTo: HTTP_ROUTE, patch: {operation: REMOVE}}]}}"#,
                    &["spec.configPatches[0].patch.operation"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: a, namespace: shop}, spec: {priority: 1, configPatches: [{applyTo: CLUSTER, patch: {operation: REMOVE}}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
