//! A workload has no policy where its neighbours have.
//!
//! Kiali says it of every workload, also where nobody writes policies; there the posture of a workload shows the same.

use mesh::{About, Found, Level, Membership, Rule, Subject, Words};
use world::said;

use crate::kinds::authorization_policy::decide::in_force;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "workload-without-policy",
    level: Level::Info,
    aliases: &["KIA1301"],
    what: "No AuthorizationPolicy is about this workload, though its namespace has some.",
    why: "Whoever can reach it may call it; beside workloads that are guarded that is easily overlooked.",
    fix: "Write a policy for it, or one without a selector for the whole namespace.",
    zh: Words {
        what: "所在命名空间有 AuthorizationPolicy，但没有一个管到这个工作负载。",
        why: "能连到它的都可以调用它；旁边的工作负载都有保护时，这很容易被忽视。",
        fix: "请为它写一个策略，或写一个不带选择器的策略覆盖整个命名空间。",
    },
    about: &[About::Workload],
    reads: &[("apps", "Deployment"), ("", "Pod"), ("", "Namespace"), ("security.istio.io", "AuthorizationPolicy")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(workload) = subject.workload() else { return };
    let namespace = &workload.namespace;
    let mut near = ask.authorization_policies.within(namespace).peekable();
    // Policies that are bound to services and gateways are about pods that cannot be told from here.
    if near.peek().is_none() || near.any(|typed| typed.spec.has_target()) {
        return;
    }
    let pods = ask.places.of_workload(namespace, &workload.name);
    let Some(pod) =
        pods.first().filter(|pod| matches!(ask.membership(pod), Some(Membership::Sidecar | Membership::Node)))
    else {
        return;
    };
    if in_force(ask, namespace, &pod.labels).next().is_none() {
        out.at(
            "spec.template.metadata.labels",
            said!("no policy of {namespace} selects it", "{namespace} 的策略都没有选择它"),
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
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}, rules: [{}]}}"#,
                    &[
                        "spec.template.metadata.labels",
                        "spec.template.metadata.labels",
                        "spec.template.metadata.labels",
                        "spec.template.metadata.labels",
                    ],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: b, namespace: legacy}, spec: {selector: {matchLabels: {app: x}}, rules: [{}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
