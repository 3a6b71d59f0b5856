//! A policy is for a Server or route that is not there.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::{ObjectKey, said};

use crate::kinds::POLICY;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "linkerd-policy-target-missing",
    level: Level::Error,
    aliases: &[],
    what: "The policy's target is not in its namespace.",
    why: "The policy lets nobody into anything: a Server of that name would be shut for the callers that it names.",
    fix: "Correct the name of the target, or write the Server or route.",
    zh: Words {
        what: "策略的目标不在其命名空间中。",
        why: "该策略不会放行任何人：它所列的调用方仍被同名的 Server 拒之门外。",
        fix: "请更正目标名称，或编写相应的 Server 或路由。",
    },
    about: &[About::Document(POLICY, "AuthorizationPolicy")],
    reads: &[
        (POLICY, "AuthorizationPolicy"),
        (POLICY, "Server"),
        (POLICY, "HTTPRoute"),
        ("gateway.networking.k8s.io", "HTTPRoute"),
        ("gateway.networking.k8s.io", "GRPCRoute"),
    ],
};

pub(crate) fn check(index: &Index, subject: &Subject, out: &mut Found) {
    let Some(policy) = index.policies.subject(subject) else { return };
    let (key, target) = (&policy.document.key, &policy.spec.target_ref);
    if target.is("", "Namespace") {
        return;
    }
    let named = ObjectKey::new(&target.group, &target.kind, &key.namespace, &target.name);
    if index.world.document(&named).is_none() {
        out.at("spec.targetRef", said!("there is no {} {} here", "这里没有 {} {}", target.kind, target.name));
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
                    r"{apiVersion: policy.linkerd.io/v1alpha1, kind: AuthorizationPolicy, metadata: {name: a, namespace: loyalty}, spec: {targetRef: {group: policy.linkerd.io, kind: Server, name: points}, requiredAuthenticationRefs: []}}",
                    &["spec.targetRef"],
                ),
                (
                    r"{apiVersion: policy.linkerd.io/v1alpha1, kind: AuthorizationPolicy, metadata: {name: a, namespace: loyalty}, spec: {targetRef: {kind: Namespace, name: loyalty}, requiredAuthenticationRefs: []}}",
                    &[],
                ),
            ],
        );
    }
}
