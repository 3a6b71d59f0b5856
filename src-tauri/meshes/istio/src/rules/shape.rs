//! An object has another shape than its kind allows.

use mesh::{About, Found, Level, Rule, Subject, Words};

use crate::kinds::{NETWORKING, SECURITY};
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "shape",
    level: Level::Error,
    aliases: &["IST0106"],
    what: "A field has another type than its kind allows.",
    why: "istiod cannot read the object and ignores it whole.",
    fix: "Correct the field that is named.",
    zh: Words {
        what: "某个字段的类型不是该资源类型所允许的。",
        why: "istiod 读不了这个对象，会整个忽略它。",
        fix: "请更正所指出的字段。",
    },
    about: &[
        About::Document(NETWORKING, "VirtualService"),
        About::Document(NETWORKING, "DestinationRule"),
        About::Document(SECURITY, "PeerAuthentication"),
        About::Document(SECURITY, "AuthorizationPolicy"),
        About::Document(NETWORKING, "ServiceEntry"),
    ],
    reads: &[
        ("networking.istio.io", "VirtualService"),
        ("networking.istio.io", "DestinationRule"),
        ("security.istio.io", "PeerAuthentication"),
        ("security.istio.io", "AuthorizationPolicy"),
        ("networking.istio.io", "ServiceEntry"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    if let Some(problem) = ask.problem(&subject.key()) {
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: reviews}}"#,
                    &["spec"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], novel: 1}}"#,
                    &[],
                ),
            ],
        );
    }
}
