//! A policy names a caller that does not exist.

use std::collections::BTreeSet;

use mesh::{Finding, Level, Rule};

use crate::detect::membership;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "policy-principal-unknown",
    level: Level::Warning,
    aliases: &["KIA0106"],
    what: "The policy names a service account that does not exist, or whose pods have no proxy.",
    why: "No caller can ever have that identity, so this entry matches nobody.",
    fix: "Correct the name: cluster.local/ns/NAMESPACE/sa/ACCOUNT.",
    reads: &[("security.istio.io", "AuthorizationPolicy"), ("", "Pod"), ("", "ServiceAccount")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    let accounts: BTreeSet<String> = index
        .world
        .service_accounts()
        .map(|a| format!("/ns/{}/sa/{}", a.namespace, a.name))
        .chain(index.places.pods().map(|p| format!("/ns/{}/sa/{}", p.namespace, p.service_account)))
        .collect();
    for typed in index.authorization_policies.values().flatten() {
        for (at, rule) in typed.spec.rules.iter().enumerate() {
            for (n, source) in rule.from.iter().map(|f| &f.source).enumerate() {
                for (i, principal) in source.principals.iter().enumerate().filter(|(_, p)| !p.contains('*')) {
                    let path = format!("spec.rules[{at}].from[{n}].source.principals[{i}]");
                    if let Some(why) = wrong(index, &accounts, principal) {
                        out.push(RULE.at(&typed.document.key, path, why));
                    }
                }
            }
        }
    }
}

fn wrong(index: &Index, accounts: &BTreeSet<String>, principal: &str) -> Option<String> {
    let Some((domain, _)) = principal.split_once("/ns/") else {
        return Some(format!("'{principal}' has not the form TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT"));
    };
    let name = principal.get(domain.len()..).unwrap_or_default();
    // Callers of other trust domains live in other clusters.
    if domain != "cluster.local" {
        return None;
    }
    if !accounts.contains(name) {
        return Some(format!("there is no service account {name}"));
    }
    let (namespace, account) = name.strip_prefix("/ns/")?.split_once("/sa/")?;
    let pods = index.places.of_account(namespace, account);
    let outside = !pods.is_empty() && pods.iter().all(|pod| membership(&index.world, pod).is_none());
    outside
        .then(|| format!("pods of {namespace}/{account} have no proxy, so they call in plaintext and have no identity"))
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
