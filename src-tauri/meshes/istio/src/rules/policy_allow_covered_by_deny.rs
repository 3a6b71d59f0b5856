//! A DENY rule covers all that an ALLOW rule lets in.

use mesh::{About, Found, Level, Rule, Subject, Typed, Words, selects};
use world::said;

use crate::kinds::SECURITY;
use crate::kinds::authorization_policy::covers::rule_covers;
use crate::kinds::authorization_policy::{AuthorizationPolicy, dry_run};
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "policy-allow-covered-by-deny",
    level: Level::Warning,
    aliases: &[],
    what: "A DENY policy refuses everything that this ALLOW rule would let in.",
    why: "DENY is asked first, so the rule lets nobody in: one of the two does not say what is meant.",
    fix: "Narrow the DENY rule, or remove this one.",
    zh: Words {
        what: "DENY 策略拒绝了这条 ALLOW 规则会放行的一切。",
        why: "DENY 先被询问，因此这条规则不放行任何人：两者之一说的不是本意。",
        fix: "请收窄 DENY 规则，或删除这一条。",
    },
    about: &[About::Document(SECURITY, "AuthorizationPolicy")],
    reads: &[("security.istio.io", "AuthorizationPolicy")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.authorization_policies.subject(subject) else { return };
    let (spec, home) = (&typed.spec, &typed.document.key.namespace);
    if spec.action() != "ALLOW" || spec.has_target() || dry_run(&typed.document) {
        return;
    }
    let root = (*home != ask.root).then_some(&ask.root);
    let around = std::iter::once(home).chain(root).flat_map(|namespace| ask.authorization_policies.within(namespace));
    let denying: Vec<_> = around.filter(|deny| stands_before(deny, typed)).collect();
    for (at, rule) in spec.rules.iter().enumerate() {
        let by = denying.iter().find_map(|deny| {
            let first = deny.spec.rules.iter().position(|wide| rule_covers(wide, rule))?;
            Some((deny, first))
        });
        if let Some((deny, first)) = by {
            let key = &deny.document.key;
            out.at(
                format!("spec.rules[{at}]"),
                said!(
                    "spec.rules[{first}] of {}/{} denies all of it",
                    "{}/{} 的 spec.rules[{first}] 拒绝了它的全部请求",
                    key.namespace,
                    key.name
                ),
            );
        }
    }
}

/// Whether a policy denies at every workload that the other is about.
fn stands_before(deny: &Typed<AuthorizationPolicy>, allow: &Typed<AuthorizationPolicy>) -> bool {
    let everywhere = match (deny.spec.labels(), allow.spec.labels()) {
        (None, _) => true,
        (Some(wanted), Some(labels)) => selects(wanted, labels),
        (Some(_), None) => false,
    };
    deny.spec.action() == "DENY" && !deny.spec.has_target() && !dry_run(&deny.document) && everywhere
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}, rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/productpage]}}], to: [{operation: {methods: [GET], paths: [/a/b]}}]}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: b, namespace: shop}, spec: {action: DENY, rules: [{from: [{source: {namespaces: [shop]}}]}, {to: [{operation: {paths: ["/a*"]}}]}]}}"#,
                    &["spec.rules[0]"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: b, namespace: istio-system}, spec: {action: DENY, rules: [{}]}}"#,
                    &["spec.rules[0]"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{to: [{operation: {paths: ["/a*"]}}]}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: b, namespace: shop}, spec: {action: DENY, rules: [{to: [{operation: {paths: [/a/b]}}]}, {to: [{operation: {paths: ["/a*"], notMethods: [GET]}}]}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: c, namespace: shop}, spec: {action: DENY, selector: {matchLabels: {app: reviews}}, rules: [{}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: d, namespace: legacy}, spec: {action: DENY, rules: [{}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
