//! Two Sidecars select one pod.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::read::Index;
use crate::read::field::Field;
use crate::rules::parts::{is_ambient, namespace, spec};

pub(crate) const RULE: Rule = Rule {
    name: "sidecars-overlap",
    level: Level::Error,
    aliases: &["IST0110"],
    what: "More than one Sidecar selects the same pod.",
    why: "Which one holds is not defined: it can change without anybody changing anything.",
    fix: "Narrow the selectors so that each pod has one Sidecar.",
    zh: Words {
        what: "多个 Sidecar 选择了同一个 Pod。",
        why: "哪一个生效没有定义，可能在无人改动时发生变化。",
        fix: "请收窄选择器，使每个 Pod 只对应一个 Sidecar。",
    },
    about: &[About::Document("networking.istio.io", "Sidecar")],
    reads: &[("networking.istio.io", "Sidecar"), ("", "Pod")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let (own, ns) = (subject.key(), namespace(subject));
    let selector = spec(subject).get("workloadSelector").labels("labels");
    for pod in ask.places.selected(&ns, &selector).into_iter().filter(|pod| !is_ambient(pod)) {
        let other = ask.world.documents_in(NETWORKING, "Sidecar", &ns).filter(|other| other.key != own).find(|other| {
            let theirs = Field::of(other).at("spec.workloadSelector").labels("labels");
            !theirs.is_empty() && mesh::selects(&theirs, &pod.labels)
        });
        if let Some(other) = other {
            out.at("spec.workloadSelector", said!("{} selects {} too", "{} 也选择了 {}", other.key, pod.workload.1));
            return;
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
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {workloadSelector: {labels: {app: reviews}}, egress: [{hosts: ["./*"]}]}}
---
{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: b, namespace: shop}, spec: {workloadSelector: {labels: {version: v1}}, egress: [{hosts: ["./*"]}]}}"#,
                    &["spec.workloadSelector", "spec.workloadSelector"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {workloadSelector: {labels: {app: reviews}}, egress: [{hosts: ["./*"]}]}}
---
{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: b, namespace: shop}, spec: {egress: [{hosts: ["./*"]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
