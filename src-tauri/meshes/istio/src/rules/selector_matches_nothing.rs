//! A policy selects no workload.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::SECURITY;
use crate::kinds::peer_authentication::decide::selector;
use crate::read::Index;
use crate::rules::parts::{spec, words};
use crate::rules::{beside, governed};

pub(crate) const RULE: Rule = Rule {
    name: "selector-matches-nothing",
    level: Level::Warning,
    aliases: &["IST0127", "KIA0004"],
    what: "No workload in the namespace has the labels that the policy asks for.",
    why: "The policy holds nowhere. For a policy that should protect something, that something is open.",
    fix: "Correct the labels, or remove the policy.",
    zh: Words {
        what: "命名空间中没有工作负载带有策略所要求的标签。",
        why: "策略在任何地方都不生效。如果它本该保护什么，那里现在是敞开的。",
        fix: "请更正标签，或删除策略。",
    },
    about: &[About::Document(SECURITY, "PeerAuthentication"), About::Document(SECURITY, "AuthorizationPolicy")],
    reads: &[("security.istio.io", "PeerAuthentication"), ("security.istio.io", "AuthorizationPolicy"), ("", "Pod")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let peer = ask.peer_authentications.subject(subject).and_then(|t| selector(&t.spec));
    let policy = || ask.authorization_policies.subject(subject).and_then(|t| t.spec.labels());
    let key = subject.key();
    let Some(wanted) = peer.or_else(policy) else {
        let attached = spec(subject).has("targetRef") || !spec(subject).items("targetRefs").is_empty();
        let whole = key.kind == "AuthorizationPolicy" && key.namespace != ask.root && !attached;
        if whole && ask.places.pods_in(&key.namespace).next().is_none() {
            out.at("spec", said!("there is no workload in {}", "{} 中没有工作负载", key.namespace));
        }
        return;
    };
    // A PeerAuthentication of the root namespace with a selector is about that namespace alone.
    let found = if peer.is_some() {
        ask.places.selected(&key.namespace, wanted)
    } else {
        governed(ask, &key.namespace, Some(wanted))
    };
    if !found.is_empty() {
        return;
    }
    let near = beside(ask, &key.namespace, peer.is_none())
        .into_iter()
        .find(|pod| wanted.iter().filter(|(k, v)| pod.labels.get(k) != Some(*v)).count() == 1);
    let labels = words(wanted);
    let message = match near.filter(|_| wanted.len() > 1).map(|pod| &pod.workload.1) {
        Some(near) => {
            said!(
                "no workload has {labels}; {near} misses it by one label",
                "没有工作负载具有 {labels}；{near} 只差一个标签"
            )
        }
        None => said!("no workload has {labels}", "没有工作负载具有 {labels}"),
    };
    out.at("spec.selector.matchLabels", message);
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: nobody}}, rules: [{}]}}"#,
                    &["spec.selector.matchLabels"],
                ),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: bare, labels: {istio-injection: disabled}}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: bare}, spec: {rules: [{}]}}"#,
                    &["spec"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews, version: v7}}, mtls: {mode: STRICT}}}"#,
                    &["spec.selector.matchLabels"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}, rules: [{}]}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: b, namespace: shop}, spec: {mtls: {mode: STRICT}}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: c, namespace: istio-system}, spec: {selector: {matchLabels: {app: reviews}}, rules: [{}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
