//! An EnvoyFilter changes what Istio makes.

use mesh::{About, Found, Level, Rule, Subject, Words};

use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "envoy-filter-fragile",
    level: Level::Info,
    aliases: &["IST0133"],
    what: "The object patches the configuration of proxies by hand.",
    why: "Each new version of Istio may make something else of that configuration: the patch then does nothing, or harm. What it does to a request cannot be told from here.",
    fix: "Prefer another kind where one does the same, and try the patch with each new version.",
    zh: Words {
        what: "该对象手工修改了代理的配置。",
        why: "Istio 每个新版本生成的配置都可能变化，补丁可能失效或造成损害；它对请求的影响也无法在此判断。",
        fix: "如有其他类型可实现同样的效果，请优先使用；每次升级都要重新验证该补丁。",
    },
    about: &[About::Document("networking.istio.io", "EnvoyFilter")],
    reads: &[("networking.istio.io", "EnvoyFilter")],
};

pub(crate) fn check(_: &Index, _: &Subject, out: &mut Found) {
    out.at(
        "spec.configPatches",
        (
            "it patches the configuration of proxies, which may change with each version of Istio",
            "它修改代理的配置，而这些配置可能随 Istio 的每个版本改变",
        ),
    );
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: a, namespace: shop}, spec: {configPatches: []}}"#,
                    &["spec.configPatches"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {egress: [{hosts: ["./*"]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
