//! A pod has a sidecar in a namespace in ambient mode.

use mesh::{About, Found, Level, Membership, Rule, Subject, Words};
use world::said;

use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "sidecar-in-ambient-namespace",
    level: Level::Warning,
    aliases: &["KIA1316"],
    what: "The workload has a sidecar, and its namespace is in ambient mode.",
    why: "ztunnel leaves pods with a sidecar alone; this one is guarded as before, not like its neighbours.",
    fix: "Restart it without a sidecar, or set istio.io/dataplane-mode: none on its pods to say that this is meant.",
    zh: Words {
        what: "工作负载带有 sidecar，而它的命名空间处于 ambient 模式。",
        why: "ztunnel 不管带 sidecar 的 Pod；它仍按原来的方式受保护，与邻居不同。",
        fix: "请在没有 sidecar 的情况下重启它，或在其 Pod 上设置 istio.io/dataplane-mode: none 表示这是有意的。",
    },
    about: &[About::Workload],
    reads: &[("apps", "Deployment"), ("", "Pod"), ("", "Namespace")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(workload) = subject.workload() else { return };
    let Some(namespace) = ask.world.namespace(&workload.namespace) else { return };
    let mode = namespace.labels.get("istio.io/dataplane-mode");
    if mode != Some("ambient") || workload.labels.contains_key("istio.io/dataplane-mode") {
        return;
    }
    let pods = ask.places.of_workload(&workload.namespace, &workload.name);
    if pods.into_iter().any(|pod| ask.membership(pod) == Some(Membership::Sidecar)) {
        out.at("spec.template", said!("{} is in ambient mode", "{} 处于 ambient 模式", workload.namespace));
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
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: amb, labels: {istio.io/dataplane-mode: ambient}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web, sidecar.istio.io/inject: "true"}}}}}"#,
                    &["spec.template"],
                ),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: amb, labels: {istio.io/dataplane-mode: ambient}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: amb, labels: {}}, spec: {clusterIP: 10.9.9.9, selector: {app: web}, ports: [{name: http, port: 80}]}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: b, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web, sidecar.istio.io/inject: "true", istio.io/dataplane-mode: none}}}}}"#,
                    &[],
                ),
            ],
        );
    }
}
