//! A policy asks for an authentication that is not there, or that names nobody.

use mesh::{About, Found, Level, Rule, Subject, Words};

use crate::kinds::POLICY;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "linkerd-authentication-missing",
    level: Level::Error,
    aliases: &[],
    what: "The policy asks for an authentication that cannot be used, so Linkerd ignores the policy whole.",
    why: "Callers that it should let in are refused, unless another policy lets them in.",
    fix: "Correct the reference, or write the authentication that it means.",
    zh: Words {
        what: "策略所要求的身份验证不可用，因此 Linkerd 会忽略整个策略。",
        why: "本应放行的调用方会被拒绝，除非另有策略放行。",
        fix: "请更正引用，或编写它所指的身份验证。",
    },
    about: &[About::Document(POLICY, "AuthorizationPolicy")],
    reads: &[
        ("policy.linkerd.io", "AuthorizationPolicy"),
        ("policy.linkerd.io", "MeshTLSAuthentication"),
        ("policy.linkerd.io", "NetworkAuthentication"),
    ],
};

pub(crate) fn check(index: &Index, subject: &Subject, out: &mut Found) {
    let Some(policy) = index.policies.subject(subject) else { return };
    if let Err(ignored) = index.newer(policy) {
        out.at("spec.requiredAuthenticationRefs", ignored.because());
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
                    r"{apiVersion: policy.linkerd.io/v1alpha1, kind: AuthorizationPolicy, metadata: {name: a, namespace: loyalty}, spec: {targetRef: {group: policy.linkerd.io, kind: Server, name: points-http}, requiredAuthenticationRefs: [{group: policy.linkerd.io, kind: MeshTLSAuthentication, name: nobody}]}}",
                    &["spec.requiredAuthenticationRefs"],
                ),
                (
                    r"{apiVersion: policy.linkerd.io/v1alpha1, kind: AuthorizationPolicy, metadata: {name: a, namespace: loyalty}, spec: {targetRef: {group: policy.linkerd.io, kind: Server, name: points-http}, requiredAuthenticationRefs: [{kind: ServiceAccount, name: anybody}]}}",
                    &[],
                ),
            ],
        );
    }
}
