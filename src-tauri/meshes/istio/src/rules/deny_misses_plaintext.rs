//! A DENY rule names callers by an identity that plaintext callers do not show.

use mesh::{About, Found, Level, Membership, Mtls, Rule, Subject, Words};
use world::said;

use crate::kinds::SECURITY;
use crate::kinds::peer_authentication::decide::posture;
use crate::read::Index;
use crate::rules::governed;

pub(crate) const RULE: Rule = Rule {
    name: "deny-misses-plaintext",
    level: Level::Info,
    aliases: &[],
    what: "The DENY rule names callers by identity, and its workloads take plaintext too.",
    why: "A caller that speaks plaintext shows no identity, so the rule does not stop it.",
    fix: "Take mutual TLS alone (PeerAuthentication STRICT), or write an ALLOW policy that names who may call.",
    zh: Words {
        what: "DENY 规则按身份指定调用方，而它的工作负载也接受明文。",
        why: "用明文的调用方不出示身份，因此这条规则拦不住它。",
        fix: "请只接受双向 TLS（PeerAuthentication STRICT），或写一个列明谁可以调用的 ALLOW 策略。",
    },
    about: &[About::Document(SECURITY, "AuthorizationPolicy")],
    reads: &[
        ("security.istio.io", "AuthorizationPolicy"),
        ("security.istio.io", "PeerAuthentication"),
        ("", "Pod"),
        ("", "Namespace"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.authorization_policies.subject(subject) else { return };
    if typed.spec.action() != "DENY" || typed.spec.has_target() {
        return;
    }
    let mut pods = governed(ask, &typed.document.key.namespace, typed.spec.labels()).into_iter();
    let open = pods.find(|pod| {
        ask.membership(pod) == Some(Membership::Sidecar)
            && posture(ask, &pod.namespace, &pod.labels, None).mtls == Mtls::Permissive
    });
    let Some(pod) = open else { return };
    for (at, rule) in typed.spec.rules.iter().enumerate() {
        for (n, source) in rule.from.iter().map(|f| &f.source).enumerate() {
            let lists = [
                ("principals", &source.principals),
                ("namespaces", &source.namespaces),
                ("serviceAccounts", &source.service_accounts),
            ];
            if let Some((field, _)) = lists.into_iter().find(|(_, list)| !list.is_empty()) {
                let message = said!(
                    "{} takes plaintext too, which names no caller",
                    "{} 也接受明文，而明文不表明调用方是谁",
                    pod.workload.1
                );
                out.at(format!("spec.rules[{at}].from[{n}].source.{field}"), message);
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
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {action: DENY, selector: {matchLabels: {app: reviews}}, rules: [{from: [{source: {namespaces: [legacy]}}]}]}}"#,
                    &["spec.rules[0].from[0].source.namespaces"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {action: DENY, rules: [{from: [{source: {namespaces: [legacy]}}]}]}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: shop}, spec: {mtls: {mode: STRICT}}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: b, namespace: shop}, spec: {rules: [{from: [{source: {namespaces: [shop]}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
