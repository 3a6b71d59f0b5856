//! A policy names a namespace that does not exist.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::SECURITY;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "policy-namespace-missing",
    level: Level::Warning,
    aliases: &["IST0101", "KIA0101"],
    what: "A rule names callers of a namespace that does not exist.",
    why: "Nobody can call from there, so this entry matches nobody.",
    fix: "Correct the name of the namespace.",
    zh: Words {
        what: "规则中的调用方命名空间不存在。",
        why: "没有人能从那里发起调用，因此这一项不会匹配任何人。",
        fix: "请更正命名空间的名称。",
    },
    about: &[About::Document(SECURITY, "AuthorizationPolicy")],
    reads: &[("security.istio.io", "AuthorizationPolicy"), ("", "Namespace")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.authorization_policies.subject(subject) else { return };
    for (at, rule) in typed.spec.rules.iter().enumerate() {
        for (n, source) in rule.from.iter().map(|f| &f.source).enumerate() {
            for (field, list) in [("namespaces", &source.namespaces), ("notNamespaces", &source.not_namespaces)] {
                for (i, name) in list.iter().enumerate().filter(|(_, name)| !is_there(ask, name)) {
                    let path = format!("spec.rules[{at}].from[{n}].source.{field}[{i}]");
                    out.at(path, said!("there is no namespace {name}", "命名空间 {name} 不存在"));
                }
            }
        }
    }
}

/// A star may stand at either end.
fn is_there(ask: &Index, name: &str) -> bool {
    match (name.strip_prefix('*'), name.strip_suffix('*')) {
        (Some(suffix), _) => suffix.is_empty() || ask.world.namespaces().any(|n| n.name.ends_with(suffix)),
        (_, Some(prefix)) => ask.world.namespaces().any(|n| n.name.starts_with(prefix)),
        _ => ask.world.namespace(name).is_some(),
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
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {namespaces: [nowhere]}}]}]}}"#,
                    &["spec.rules[0].from[0].source.namespaces[0]"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {notNamespaces: ["prod-*"]}}]}]}}"#,
                    &["spec.rules[0].from[0].source.notNamespaces[0]"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {namespaces: [shop, "leg*", "*-system", "*"]}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
