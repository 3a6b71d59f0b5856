//! A policy names callers where callers have no identity.

use mesh::{Finding, Level, Mtls, Rule, selects};

use crate::kinds::peer_authentication::decide::posture;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "policy-needs-mutual-tls",
    level: Level::Error,
    aliases: &["KIA0105"],
    what: "The policy asks who the caller is, and its workloads take only plaintext.",
    why: "Plaintext carries no identity: ALLOW rules like this let nobody in, DENY rules stop nobody.",
    fix: "Let the workload take mutual TLS (PeerAuthentication PERMISSIVE or STRICT).",
    reads: &[("security.istio.io", "AuthorizationPolicy"), ("security.istio.io", "PeerAuthentication"), ("", "Pod")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    for typed in index.authorization_policies.values().flatten() {
        let home = &typed.document.key.namespace;
        let covered = |pod: &&std::sync::Arc<world::Pod>| {
            (pod.namespace == *home || *home == index.root)
                && typed.spec.labels().is_none_or(|l| selects(l, &pod.labels))
        };
        let Some(pod) = index
            .places
            .pods()
            .filter(covered)
            .find(|pod| posture(index, &pod.namespace, &pod.labels, None).mtls == Mtls::Disabled)
        else {
            continue;
        };
        for (at, rule) in typed.spec.rules.iter().enumerate() {
            for (n, source) in rule.from.iter().map(|f| &f.source).enumerate() {
                for (field, list) in [
                    ("principals", &source.principals),
                    ("namespaces", &source.namespaces),
                    ("serviceAccounts", &source.service_accounts),
                ] {
                    if !list.is_empty() {
                        let message = format!("{} takes only plaintext, which names no caller", pod.workload.1);
                        out.push(RULE.at(
                            &typed.document.key,
                            format!("spec.rules[{at}].from[{n}].source.{field}"),
                            message,
                        ));
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
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: shop}, spec: {mtls: {mode: DISABLE}}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: ratings}}, rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/reviews]}}]}]}}"#,
                    &["spec.rules[0].from[0].source.principals"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: ratings}}, rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/reviews]}}]}]}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: shop}, spec: {mtls: {mode: DISABLE}}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{to: [{operation: {methods: [GET]}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
