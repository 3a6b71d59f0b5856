//! A ReferenceGrant names a namespace that is not there.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use super::{Index, list, text};
use crate::GROUP;

pub(crate) const RULE: Rule = Rule {
    name: "grant-from-missing-namespace",
    level: Level::Warning,
    aliases: &["KIA1601"],
    what: "The ReferenceGrant lets in a namespace that is not there.",
    why: "A slip in the name grants nothing; a namespace of that name that comes later gets the right unseen.",
    fix: "Correct the name, or remove the entry.",
    zh: Words {
        what: "ReferenceGrant 允许的命名空间不存在。",
        why: "名称若有笔误就什么也没允许；以后若出现同名的命名空间，它会悄悄得到权限。",
        fix: "请更正名称，或删除这一项。",
    },
    about: &[About::Document(GROUP, "ReferenceGrant")],
    reads: &[(GROUP, "ReferenceGrant"), ("", "Namespace")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(grant) = subject.document() else { return };
    for (at, from) in list(&grant.body, "/spec/from").iter().enumerate() {
        if let Some(namespace) = text(from, "namespace").filter(|name| ask.world.namespace(name).is_none()) {
            out.at(
                format!("spec.from[{at}].namespace"),
                said!("there is no namespace {namespace}", "命名空间 {namespace} 不存在"),
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
                    r#"{apiVersion: gateway.networking.k8s.io/v1beta1, kind: ReferenceGrant, metadata: {name: g, namespace: shop}, spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: nowhere}, {group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: legacy}], to: [{group: "", kind: Service}]}}"#,
                    &["spec.from[0].namespace"],
                ),
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1beta1, kind: ReferenceGrant, metadata: {name: g, namespace: shop}, spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: legacy}], to: [{group: "", kind: Service}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
