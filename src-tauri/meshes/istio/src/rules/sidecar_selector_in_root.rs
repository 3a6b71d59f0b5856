//! A Sidecar of the root namespace selects workloads.
//!
//! Upstream: istio/istio pilot/pkg/model/push_context.go, initSidecarScopes.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "sidecar-selector-in-root",
    level: Level::Warning,
    aliases: &["KIA1006"],
    what: "A Sidecar of the root namespace has a selector, and so is no default for the mesh.",
    why: "The default of the mesh is the one of the root namespace without a selector; with one it holds for workloads of that namespace alone.",
    fix: "Remove the selector to mean the whole mesh, or move the object to the namespace of the workloads.",
    zh: Words {
        what: "根命名空间中的 Sidecar 带有选择器，因此不是整个网格的默认值。",
        why: "网格的默认值是根命名空间中不带选择器的那个；带选择器的只对该命名空间的工作负载生效。",
        fix: "若指整个网格，请删除选择器；否则请把对象移到工作负载所在的命名空间。",
    },
    about: &[About::Document(NETWORKING, "Sidecar")],
    reads: &[("networking.istio.io", "Sidecar")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.sidecars.subject(subject) else { return };
    let selects = typed.spec.workload_selector.as_ref().is_some_and(|s| !s.labels.is_empty());
    if typed.document.key.namespace == ask.root && selects {
        out.at(
            "spec.workloadSelector",
            said!("it holds for workloads of {} alone", "它只对 {} 的工作负载生效", ask.root),
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
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: istio-system}, spec: {workloadSelector: {labels: {app: reviews}}, egress: [{hosts: ["./*"]}]}}"#,
                    &["spec.workloadSelector"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: istio-system}, spec: {egress: [{hosts: ["./*"]}]}}
---
{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {workloadSelector: {labels: {app: reviews}}, egress: [{hosts: ["./*"]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
