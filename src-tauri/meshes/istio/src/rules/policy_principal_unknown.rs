//! A policy names a caller that does not exist.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::{Said, said};

use crate::kinds::SECURITY;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "policy-principal-unknown",
    level: Level::Warning,
    aliases: &["KIA0106"],
    what: "The policy names a service account that does not exist, or whose pods have no proxy.",
    why: "No caller can ever have that identity, so this entry matches nobody.",
    fix: "Correct the name: cluster.local/ns/NAMESPACE/sa/ACCOUNT.",
    zh: Words {
        what: "策略中的服务账号不存在，或者使用它的 Pod 没有代理。",
        why: "没有任何调用方会有这个身份，因此这一项不会匹配任何人。",
        fix: "请更正名称：cluster.local/ns/NAMESPACE/sa/ACCOUNT。",
    },
    about: &[About::Document(SECURITY, "AuthorizationPolicy")],
    reads: &[("security.istio.io", "AuthorizationPolicy"), ("", "Pod"), ("", "Namespace"), ("", "ServiceAccount")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.authorization_policies.subject(subject) else { return };
    for (at, rule) in typed.spec.rules.iter().enumerate() {
        for (n, source) in rule.from.iter().map(|f| &f.source).enumerate() {
            for (i, principal) in source.principals.iter().enumerate().filter(|(_, p)| !p.contains('*')) {
                if let Some(why) = wrong(ask, principal) {
                    out.at(format!("spec.rules[{at}].from[{n}].source.principals[{i}]"), why);
                }
            }
        }
    }
}

fn wrong(ask: &Index, principal: &str) -> Option<Said> {
    let Some((domain, _)) = principal.split_once("/ns/") else {
        return Some(said!(
            "'{principal}' has not the form TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT",
            "“{principal}”不是 TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT 的形式"
        ));
    };
    let name = principal.get(domain.len()..).unwrap_or_default();
    // Callers of other trust domains live in other clusters.
    if domain != "cluster.local" {
        return None;
    }
    let missing = || Some(said!("there is no service account {name}", "服务账号 {name} 不存在"));
    let Some((namespace, account)) = name.strip_prefix("/ns/").and_then(|rest| rest.split_once("/sa/")) else {
        return missing();
    };
    let pods = ask.places.of_account(namespace, account);
    if pods.is_empty() && ask.world.service_account(namespace, account).is_none() {
        return missing();
    }
    let outside = !pods.is_empty() && pods.iter().all(|pod| ask.membership(pod).is_none());
    outside.then(|| {
        said!(
            "pods of {namespace}/{account} have no proxy, so they call in plaintext and have no identity",
            "{namespace}/{account} 的 Pod 没有代理，因此以明文调用，没有身份"
        )
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/nobody]}}]}]}}"#,
                    &["spec.rules[0].from[0].source.principals[0]"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {action: DENY, rules: [{from: [{source: {principals: [cluster.local/ns/legacy/sa/batch]}}]}]}}"#,
                    &["spec.rules[0].from[0].source.principals[0]"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {principals: [shop/reviews]}}]}]}}"#,
                    &["spec.rules[0].from[0].source.principals[0]"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/reviews, "*", other.domain/ns/a/sa/b]}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
