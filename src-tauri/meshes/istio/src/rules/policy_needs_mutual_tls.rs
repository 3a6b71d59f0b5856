//! A policy names callers where callers have no identity.

use mesh::{About, Found, Level, Mtls, Rule, Subject, Words};
use world::said;

use crate::kinds::SECURITY;
use crate::kinds::peer_authentication::decide::posture;
use crate::read::Index;
use crate::rules::governed;

pub(crate) const RULE: Rule = Rule {
    name: "policy-needs-mutual-tls",
    level: Level::Error,
    aliases: &["KIA0105"],
    what: "The policy asks who the caller is, and its workloads take only plaintext.",
    why: "Plaintext carries no identity: ALLOW rules like this let nobody in, DENY rules stop nobody.",
    fix: "Let the workload take mutual TLS (PeerAuthentication PERMISSIVE or STRICT).",
    zh: Words {
        what: "策略要判断调用方是谁，但它的工作负载只接受明文。",
        why: "明文不带身份：这样的 ALLOW 规则不放行任何人，DENY 规则拦不住任何人。",
        fix: "请让工作负载接受双向 TLS（PeerAuthentication 设为 PERMISSIVE 或 STRICT）。",
    },
    about: &[About::Document(SECURITY, "AuthorizationPolicy")],
    reads: &[("security.istio.io", "AuthorizationPolicy"), ("security.istio.io", "PeerAuthentication"), ("", "Pod")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.authorization_policies.subject(subject) else { return };
    let plaintext = governed(ask, &typed.document.key.namespace, typed.spec.labels())
        .into_iter()
        .find(|pod| posture(ask, &pod.namespace, &pod.labels, None).mtls == Mtls::Disabled);
    let Some(pod) = plaintext else { return };
    let who = &pod.workload.1;
    for (at, rule) in typed.spec.rules.iter().enumerate() {
        for (n, source) in rule.from.iter().map(|f| &f.source).enumerate() {
            for (field, list) in [
                ("principals", &source.principals),
                ("namespaces", &source.namespaces),
                ("serviceAccounts", &source.service_accounts),
                ("notPrincipals", &source.not_principals),
                ("notNamespaces", &source.not_namespaces),
                ("notServiceAccounts", &source.not_service_accounts),
            ] {
                if !list.is_empty() {
                    let (en, zh) = match field.starts_with("not") {
                        true => ("so this excludes nobody", "因此这不排除任何人"),
                        false => ("so this fits nobody", "因此没有人符合"),
                    };
                    let message = said!(
                        "{who} takes only plaintext, which names no caller, {en}",
                        "{who} 只接受明文，而明文不表明调用方是谁，{zh}"
                    );
                    out.at(format!("spec.rules[{at}].from[{n}].source.{field}"), message);
                }
            }
        }
        for (n, condition) in rule.when.iter().enumerate().filter(|(_, c)| IDENTITY.contains(&c.key.as_str())) {
            let message =
                said!("{who} takes only plaintext, which has no {}", "{who} 只接受明文，其中没有 {}", condition.key);
            out.at(format!("spec.rules[{at}].when[{n}]"), message);
        }
    }
}

/// What only mutual TLS tells of a connection.
const IDENTITY: [&str; 5] =
    ["source.principal", "source.namespace", "source.serviceAccount", "source.trustDomain", "connection.sni"];

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
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {notNamespaces: [legacy]}}], when: [{key: source.ip, values: [10.0.0.1]}, {key: connection.sni, values: [a]}]}]}}"#,
                    &["spec.rules[0].from[0].source.notNamespaces", "spec.rules[0].when[1]"],
                ),
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
