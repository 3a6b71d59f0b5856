//! Two WorkloadGroups give their machines the same labels.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::{Document, said};

use crate::kinds::NETWORKING;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "workload-group-duplicate-labels",
    level: Level::Warning,
    aliases: &["KIA1702"],
    what: "Another WorkloadGroup of the namespace gives its machines the same labels.",
    why: "Services and policies select by labels, so they cannot tell the machines of one from those of the other.",
    fix: "Give each group a label of its own.",
    zh: Words {
        what: "命名空间中另一个 WorkloadGroup 给它的机器同样的标签。",
        why: "服务和策略按标签选择，因此分不清是哪一组的机器。",
        fix: "请给每一组各自的标签。",
    },
    about: &[About::Document(NETWORKING, "WorkloadGroup")],
    reads: &[("networking.istio.io", "WorkloadGroup")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(document) = subject.document() else { return };
    let labels =
        |d: &Document| d.at("/spec/metadata/labels").filter(|l| l.as_object().is_some_and(|l| !l.is_empty())).cloned();
    let Some(own) = labels(document) else { return };
    let mut all = ask.world.documents_in(NETWORKING, "WorkloadGroup", &document.key.namespace);
    if let Some(other) = all.find(|d| d.key != document.key && labels(d).as_ref() == Some(&own)) {
        out.at("spec.metadata.labels", said!("{} has the same labels", "{} 有同样的标签", other.key.name));
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
                    r#"{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: a, namespace: shop}, spec: {metadata: {labels: {app: vm}}, template: {}}}
---
{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: b, namespace: shop}, spec: {metadata: {labels: {app: vm}}, template: {}}}"#,
                    &["spec.metadata.labels", "spec.metadata.labels"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: a, namespace: shop}, spec: {metadata: {labels: {app: vm}}, template: {}}}
---
{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: b, namespace: legacy}, spec: {metadata: {labels: {app: vm}}, template: {}}}
---
{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: c, namespace: shop}, spec: {template: {}}}"#,
                    &[],
                ),
            ],
        );
    }
}
