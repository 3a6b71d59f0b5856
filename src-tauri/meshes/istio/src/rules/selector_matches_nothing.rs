//! A policy selects no workload.

use mesh::{Finding, Level, Rule, selects};

use crate::kinds::peer_authentication::decide::selector;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "selector-matches-nothing",
    level: Level::Warning,
    aliases: &["IST0127", "KIA0004"],
    what: "No workload in the namespace has the labels that the policy asks for.",
    why: "The policy holds nowhere. For a policy that should protect something, that something is open.",
    fix: "Correct the labels, or remove the policy.",
    reads: &[("security.istio.io", "PeerAuthentication"), ("security.istio.io", "AuthorizationPolicy"), ("", "Pod")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    let peers = index.peer_authentications.values().flatten().map(|t| (&t.document.key, selector(&t.spec)));
    let policies = index.authorization_policies.values().flatten().map(|t| (&t.document.key, t.spec.labels()));
    for (key, wanted) in peers.chain(policies) {
        let Some(wanted) = wanted else { continue };
        let everywhere = key.namespace == index.root && key.kind == "AuthorizationPolicy";
        let pods = || index.places.pods().filter(|pod| everywhere || pod.namespace == key.namespace);
        if pods().any(|pod| selects(wanted, &pod.labels)) {
            continue;
        }
        let near = pods().find(|pod| wanted.iter().filter(|(k, v)| pod.labels.get(*k) != Some(*v)).count() == 1);
        let near = near.filter(|_| wanted.len() > 1).map(|pod| format!("; {} misses it by one label", pod.workload.1));
        let labels: Vec<String> = wanted.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let message = format!("no workload has {}{}", labels.join(", "), near.unwrap_or_default());
        out.push(RULE.at(key, "spec.selector.matchLabels", message));
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
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: nobody}}, rules: [{}]}}"#,
                    &["spec.selector.matchLabels"],
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
