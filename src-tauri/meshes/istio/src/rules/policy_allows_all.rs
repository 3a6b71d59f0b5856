//! An ALLOW policy lets everybody in.

use mesh::{About, Found, Level, Rule, Subject, Typed, Words, selects};
use world::said;

use crate::kinds::SECURITY;
use crate::kinds::authorization_policy::AuthorizationPolicy;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "policy-allows-all",
    level: Level::Info,
    aliases: &[],
    what: "An ALLOW rule names no condition, and so lets everybody in.",
    why: "Whatever other ALLOW policies for the same workloads say no longer matters.",
    fix: "Name who may call, unless everybody is meant.",
    zh: Words {
        what: "一条 ALLOW 规则没有任何条件，因此放行所有人。",
        why: "同一些工作负载的其他 ALLOW 策略所说的都不再起作用。",
        fix: "除非确实指所有人，否则请写明谁可以调用。",
    },
    about: &[About::Document(SECURITY, "AuthorizationPolicy")],
    reads: &[("security.istio.io", "AuthorizationPolicy")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.authorization_policies.subject(subject) else { return };
    if typed.spec.action() != "ALLOW" {
        return;
    }
    let (home, labels) = (&typed.document.key.namespace, typed.spec.labels());
    // Alone it says openly what holds without it; beside another it undoes what that one says.
    let other = ask.authorization_policies.within(home).find(|t| {
        let meet = match (t.spec.labels(), labels) {
            (Some(a), Some(b)) => selects(a, b) || selects(b, a),
            _ => true,
        };
        t.document.key != typed.document.key
            && t.spec.action() == "ALLOW"
            && !t.spec.has_target()
            && meet
            && !is_open(t)
    });
    let Some(other) = other.filter(|_| !typed.spec.has_target()) else { return };
    for (at, rule) in typed.spec.rules.iter().enumerate() {
        if rule.from.is_empty() && rule.to.is_empty() && rule.when.is_empty() {
            out.at(
                format!("spec.rules[{at}]"),
                said!("it lets in whom {} does not name", "它放行 {} 没有列出的调用方", other.document.key.name),
            );
        }
    }
}

fn is_open(typed: &Typed<AuthorizationPolicy>) -> bool {
    typed.spec.rules.iter().any(|rule| rule.from.is_empty() && rule.to.is_empty() && rule.when.is_empty())
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: b, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}, rules: [{to: [{operation: {methods: [GET]}}]}]}}"#,
                    &["spec.rules[0]"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: b, namespace: shop}, spec: {action: DENY, rules: [{to: [{operation: {methods: [GET]}}]}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: c, namespace: legacy}, spec: {rules: [{to: [{operation: {methods: [GET]}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
