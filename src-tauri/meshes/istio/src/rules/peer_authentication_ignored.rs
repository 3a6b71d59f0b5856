//! An older PeerAuthentication decides for the same workloads.
//!
//! Kiali marks both; the older one does hold.
//! Upstream: istio/istio pilot/pkg/security/authn/policy_applier.go, ComposePeerAuthentication.

use mesh::{About, Found, Level, Rule, Subject, Words, selects};
use world::said;

use crate::kinds::SECURITY;
use crate::kinds::peer_authentication::decide::selector;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "peer-authentication-ignored",
    level: Level::Error,
    aliases: &["KIA0002", "KIA0003"],
    what: "Another PeerAuthentication for the same workloads is older, and it alone decides.",
    why: "Of several on one level only the oldest counts: what this one says holds nowhere, or not everywhere that it claims.",
    fix: "Keep one of them, or select different workloads.",
    zh: Words {
        what: "同一些工作负载已有更早的 PeerAuthentication，只有它起决定作用。",
        why: "同一层级只有最早的那个生效：这一个所说的在任何地方都不成立，或只在部分地方成立。",
        fix: "请只保留其中一个，或选择不同的工作负载。",
    },
    about: &[About::Document(SECURITY, "PeerAuthentication")],
    reads: &[("security.istio.io", "PeerAuthentication"), ("", "Pod")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.peer_authentications.subject(subject) else { return };
    let key = &typed.document.key;
    let older = || ask.peer_authentications.within(&key.namespace).take_while(|t| t.document.key != *key);
    let Some(wanted) = selector(&typed.spec) else {
        if let Some(first) = older().find(|t| selector(&t.spec).is_none()) {
            out.at(
                "spec",
                said!(
                    "{} is older and decides for the whole namespace",
                    "{} 更早，对整个命名空间起决定作用",
                    first.document.key.name
                ),
            );
        }
        return;
    };
    // One with a selector holds nothing in the root namespace: that is another finding.
    if key.namespace == ask.root {
        return;
    }
    let taken = ask.places.selected(&key.namespace, wanted).into_iter().find_map(|pod| {
        let first = older().find(|t| selector(&t.spec).is_some_and(|labels| selects(labels, &pod.labels)))?;
        Some((pod, first))
    });
    if let Some((pod, first)) = taken {
        let message = said!(
            "{} decides for {}, and is older",
            "{} 更早，对 {} 起决定作用",
            first.document.key.name,
            pod.workload.1
        );
        out.at("spec.selector.matchLabels", message);
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
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: shop}, spec: {mtls: {mode: STRICT}}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: b, namespace: shop}, spec: {mtls: {mode: PERMISSIVE}}}"#,
                    &["spec"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}, mtls: {mode: STRICT}}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: b, namespace: shop}, spec: {selector: {matchLabels: {version: v1}}, mtls: {mode: PERMISSIVE}}}"#,
                    &["spec.selector.matchLabels"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: shop}, spec: {mtls: {mode: STRICT}}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: b, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}, mtls: {mode: PERMISSIVE}}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: c, namespace: shop}, spec: {selector: {matchLabels: {app: ratings}}, mtls: {mode: PERMISSIVE}}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: d, namespace: legacy}, spec: {mtls: {mode: STRICT}}}"#,
                    &[],
                ),
            ],
        );
    }
}
