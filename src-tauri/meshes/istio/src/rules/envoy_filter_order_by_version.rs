//! A patch depends on patches that some proxies alone have.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::parts::spec;
use crate::rules::patches::{relative, varies_by_version};

pub(crate) const RULE: Rule = Rule {
    name: "envoy-filter-order-by-version",
    level: Level::Warning,
    aliases: &["IST0155"],
    what: "The patch is relative to another that is for some versions of the proxy alone, and the EnvoyFilter has no priority.",
    why: "On the other versions it finds nothing to be relative to, and does nothing.",
    fix: "Set priority, and a proxyVersion for both.",
    zh: Words {
        what: "该补丁依赖另一个仅适用于部分代理版本的补丁，而此 EnvoyFilter 没有设置 priority。",
        why: "在其他版本上它找不到参照，不起作用。",
        fix: "请设置 priority，并为两者都写明 proxyVersion。",
    },
    about: &[About::Document("networking.istio.io", "EnvoyFilter")],
    reads: &[("networking.istio.io", "EnvoyFilter")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let key = subject.key();
    for change in relative(&spec(subject)).into_iter().filter(|change| varies_by_version(ask, change, &key)) {
        let operation = change.get("patch").text("operation");
        out.at(
            format!("{}.patch.operation", change.path()),
            said!(
                "{operation} depends on a patch that only some versions of the proxy have",
                "{operation} 依赖一个只有部分代理版本才有的补丁"
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
                    r#"{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: a, namespace: shop}, spec: {configPatches: [{applyTo: HTTP_FILTER, match: {proxy: {proxyVersion: '1.*'}}, patch: {operation: INSERT_FIRST, value: {name: f}}}]}}
---
{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: b, namespace: shop}, spec: {configPatches: [{applyTo: HTTP_FILTER, patch: {operation: INSERT_BEFORE, value: {name: f}}}]}}"#,
                    &["spec.configPatches[0].patch.operation"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: a, namespace: shop}, spec: {configPatches: [{applyTo: HTTP_FILTER, match: {proxy: {proxyVersion: '1.*'}}, patch: {operation: INSERT_FIRST, value: {name: f}}}]}}
---
{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: b, namespace: shop}, spec: {configPatches: [{applyTo: HTTP_FILTER, patch: {operation: INSERT_BEFORE, value: {name: g}}}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
