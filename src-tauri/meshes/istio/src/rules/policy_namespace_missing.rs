//! A policy names a namespace that does not exist.

use mesh::{Finding, Level, Rule};

use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "policy-namespace-missing",
    level: Level::Warning,
    aliases: &["KIA0101"],
    what: "A rule names callers of a namespace that does not exist.",
    why: "Nobody can call from there, so this entry matches nobody.",
    fix: "Correct the name of the namespace.",
    reads: &[("security.istio.io", "AuthorizationPolicy"), ("", "Namespace")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    for typed in index.authorization_policies.values().flatten() {
        for (at, rule) in typed.spec.rules.iter().enumerate() {
            for (n, source) in rule.from.iter().map(|f| &f.source).enumerate() {
                for (field, list) in [("namespaces", &source.namespaces), ("notNamespaces", &source.not_namespaces)] {
                    for (i, name) in list.iter().enumerate().filter(|(_, name)| !name.contains('*')) {
                        if index.world.namespace(name).is_none() {
                            let path = format!("spec.rules[{at}].from[{n}].source.{field}[{i}]");
                            out.push(RULE.at(&typed.document.key, path, format!("there is no namespace {name}")));
                        }
                    }
                }
            }
        }
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
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {namespaces: [shop, "prod-*"]}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
