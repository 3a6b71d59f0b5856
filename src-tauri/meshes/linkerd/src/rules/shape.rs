//! An object has another shape than its kind allows.

use mesh::{About, Found, Level, Rule, Subject, Words};

use crate::kinds::POLICY;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "linkerd-shape",
    level: Level::Error,
    aliases: &[],
    what: "A field has another type than its kind allows.",
    why: "Linkerd's policy controller cannot read the object and ignores it whole.",
    fix: "Correct the field that is named.",
    zh: Words {
        what: "某个字段的类型不是该资源类型所允许的。",
        why: "Linkerd 的策略控制器读不了这个对象，会整个忽略它。",
        fix: "请更正所指出的字段。",
    },
    about: &[
        About::Document(POLICY, "Server"),
        About::Document(POLICY, "AuthorizationPolicy"),
        About::Document(POLICY, "ServerAuthorization"),
        About::Document(POLICY, "MeshTLSAuthentication"),
        About::Document(POLICY, "NetworkAuthentication"),
    ],
    reads: &[
        (POLICY, "Server"),
        (POLICY, "AuthorizationPolicy"),
        (POLICY, "ServerAuthorization"),
        (POLICY, "MeshTLSAuthentication"),
        (POLICY, "NetworkAuthentication"),
    ],
};

pub(crate) fn check(index: &Index, subject: &Subject, out: &mut Found) {
    if let Some(problem) = index.problem(&subject.key()) {
        out.at("spec", problem);
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
                    r"{apiVersion: policy.linkerd.io/v1beta3, kind: Server, metadata: {name: a, namespace: loyalty}, spec: {podSelector: {matchLabels: [app]}, port: 1}}",
                    &["spec"],
                ),
                (
                    r"{apiVersion: policy.linkerd.io/v1beta3, kind: Server, metadata: {name: a, namespace: loyalty}, spec: {podSelector: {}, port: 1, novel: 1}}",
                    &[],
                ),
            ],
        );
    }
}
