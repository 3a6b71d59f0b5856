//! A PeerAuthentication of the root namespace selects workloads.
//!
//! Upstream: istio/istio pilot/pkg/security/authn/policy_applier.go, ComposePeerAuthentication.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::SECURITY;
use crate::kinds::peer_authentication::decide::selector;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "peer-authentication-selector-in-root",
    level: Level::Error,
    aliases: &[],
    what: "A PeerAuthentication of the root namespace has a selector, and so holds nowhere.",
    why: "In the root namespace only one without a selector counts, for the whole mesh; one with a selector is passed over, even for workloads there.",
    fix: "Remove the selector to mean the whole mesh, or move the object to the namespace of the workloads.",
    zh: Words {
        what: "根命名空间中的 PeerAuthentication 带有选择器，因此在任何地方都不生效。",
        why: "根命名空间中只有不带选择器的才算数，对整个网格生效；带选择器的会被跳过，连那里的工作负载也不管。",
        fix: "若指整个网格，请删除选择器；否则请把对象移到工作负载所在的命名空间。",
    },
    about: &[About::Document(SECURITY, "PeerAuthentication")],
    reads: &[("security.istio.io", "PeerAuthentication")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.peer_authentications.subject(subject) else { return };
    let key = &typed.document.key;
    if key.namespace == ask.root && selector(&typed.spec).is_some() {
        out.at(
            "spec.selector",
            said!(
                "{} is the root namespace: with a selector this holds nowhere",
                "{} 是根命名空间：带选择器时在任何地方都不生效",
                ask.root
            ),
        );
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
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: istio-system}, spec: {selector: {matchLabels: {app: istiod}}, mtls: {mode: STRICT}}}"#,
                    &["spec.selector"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: istio-system}, spec: {mtls: {mode: STRICT}}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}, mtls: {mode: STRICT}}}"#,
                    &[],
                ),
            ],
        );
    }
}
