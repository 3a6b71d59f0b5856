//! A policy names callers of another trust domain.
//!
//! `cluster.local` in a policy stands for the mesh's own trust domain, whatever that is.
//! Upstream: istio/istio pilot/pkg/security/trustdomain/bundle.go, ReplaceTrustDomainAliases.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::SECURITY;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "policy-trust-domain-unknown",
    level: Level::Info,
    aliases: &["KIA0108"],
    what: "The policy names a caller of a trust domain that is not known here.",
    why: "Whether such a caller exists cannot be seen from this cluster; a slip in the name would match nobody.",
    fix: "Check the name. For callers of this mesh, cluster.local always works.",
    zh: Words {
        what: "策略写了信任域未知的调用方。",
        why: "从本集群看不出这样的调用方是否存在；名称若有笔误，将匹配不到任何人。",
        fix: "请核对名称。对本网格的调用方，写 cluster.local 总是可以的。",
    },
    about: &[About::Document(SECURITY, "AuthorizationPolicy")],
    reads: &[("security.istio.io", "AuthorizationPolicy")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.authorization_policies.subject(subject) else { return };
    for (at, rule) in typed.spec.rules.iter().enumerate() {
        for (n, source) in rule.from.iter().map(|f| &f.source).enumerate() {
            for (field, list) in [("principals", &source.principals), ("notPrincipals", &source.not_principals)] {
                for (i, principal) in list.iter().enumerate() {
                    let domain = principal.split_once("/ns/").map_or("", |(domain, _)| domain);
                    if !domain.is_empty() && domain != "cluster.local" && !domain.contains('*') {
                        let message = said!(
                            "who is of trust domain {domain} cannot be seen from here",
                            "从这里看不到谁属于信任域 {domain}"
                        );
                        out.at(format!("spec.rules[{at}].from[{n}].source.{field}[{i}]"), message);
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
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/reviews, other.org/ns/a/sa/b]}}]}]}}"#,
                    &["spec.rules[0].from[0].source.principals[1]"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/reviews, "*/ns/a/sa/b", "*"]}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
