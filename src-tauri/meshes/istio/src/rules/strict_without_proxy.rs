//! STRICT is asked of a workload that has no proxy.

use std::collections::BTreeSet;

use mesh::{About, Found, Level, Mtls, Rule, Subject, Words};
use world::said;

use crate::kinds::SECURITY;
use crate::kinds::peer_authentication::decide::posture;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "strict-without-proxy",
    level: Level::Warning,
    aliases: &[],
    what: "A PeerAuthentication covers a workload that has no proxy to enforce it.",
    why: "That workload keeps taking plaintext from everybody, although its namespace looks protected.",
    fix: "Inject the proxy into the workload, or exclude it from the policy on purpose.",
    zh: Words {
        what: "PeerAuthentication 覆盖了没有代理的工作负载，没有人来执行它。",
        why: "该工作负载仍然接受所有人的明文，尽管它的命名空间看起来受到保护。",
        fix: "请给该工作负载注入代理，或明确把它排除在策略之外。",
    },
    about: &[About::Document(SECURITY, "PeerAuthentication")],
    reads: &[("security.istio.io", "PeerAuthentication"), ("", "Pod"), ("", "Namespace")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.peer_authentications.subject(subject) else { return };
    let key = &typed.document.key;
    // A policy for the whole mesh says nothing of namespaces that are not in it.
    if key.namespace == ask.root {
        return;
    }
    let mut seen = BTreeSet::new();
    for pod in ask.places.pods_in(&key.namespace).filter(|pod| !pod.host_network && ask.membership(pod).is_none()) {
        let posture = posture(ask, &pod.namespace, &pod.labels, None);
        let by_this = posture.mtls == Mtls::Strict && posture.object.as_ref() == Some(key);
        if by_this && seen.insert(&pod.workload.1) {
            out.at(
                posture.path,
                said!(
                    "{} has no proxy, so it takes plaintext all the same",
                    "{} 没有代理，因此照样接受明文",
                    pod.workload.1
                ),
            );
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
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: legacy}, spec: {mtls: {mode: STRICT}}}"#,
                    &["spec.mtls.mode"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: shop}, spec: {mtls: {mode: STRICT}}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: istio-system}, spec: {mtls: {mode: STRICT}}}"#,
                    &[],
                ),
            ],
        );
    }
}
