//! Two Sidecars are for a whole namespace.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::read::Index;
use crate::read::field::Field;
use crate::rules::parts::{is_ambient_namespace, namespace};

pub(crate) const RULE: Rule = Rule {
    name: "sidecars-without-selector",
    level: Level::Error,
    aliases: &["IST0111"],
    what: "More than one Sidecar of the namespace has no selector.",
    why: "Which one holds for the namespace is not defined.",
    fix: "Keep one without selector, and give the others one.",
    zh: Words {
        what: "该命名空间中有多个没有选择器的 Sidecar。",
        why: "哪一个对该命名空间生效没有定义。",
        fix: "请只保留一个没有选择器的 Sidecar，并为其余的添加选择器。",
    },
    about: &[About::Document("networking.istio.io", "Sidecar")],
    reads: &[("networking.istio.io", "Sidecar"), ("", "Namespace")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let (own, ns) = (subject.key(), namespace(subject));
    let general = |document: &world::Document| Field::of(document).at("spec.workloadSelector.labels").len() == 0;
    if !subject.document().is_some_and(|d| general(d)) || is_ambient_namespace(ask, &ns) {
        return;
    }
    let mut others =
        ask.world.documents_in(NETWORKING, "Sidecar", &ns).filter(|other| other.key != own && general(other));
    if let Some(other) = others.next() {
        out.at("spec", said!("{} has no selector either", "{} 也没有选择器", other.key));
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
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {egress: [{hosts: ["./*"]}]}}
---
{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: b, namespace: shop}, spec: {egress: [{hosts: ["./*"]}]}}"#,
                    &["spec", "spec"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {egress: [{hosts: ["./*"]}]}}
---
{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: b, namespace: legacy}, spec: {egress: [{hosts: ["./*"]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
