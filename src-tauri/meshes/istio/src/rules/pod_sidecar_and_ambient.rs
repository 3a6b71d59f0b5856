//! Labels ask for a sidecar and for ambient mode at once.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "pod-sidecar-and-ambient",
    level: Level::Error,
    aliases: &["KIA1311", "KIA1314", "KIA1315"],
    what: "Labels ask for a sidecar and for ambient mode at once.",
    why: "The pod gets a sidecar and ztunnel leaves it alone: it is not in ambient mode, whatever its labels say.",
    fix: "Ask for one of them: remove sidecar.istio.io/inject and istio-injection, or set istio.io/dataplane-mode: none.",
    zh: Words {
        what: "标签同时要求 sidecar 和 ambient 模式。",
        why: "Pod 会得到 sidecar，ztunnel 不再管它：无论标签怎么说，它都不在 ambient 模式。",
        fix: "请只要求其中之一：删除 sidecar.istio.io/inject 和 istio-injection，或设置 istio.io/dataplane-mode: none。",
    },
    about: &[About::Workload],
    reads: &[("apps", "Deployment"), ("", "Pod"), ("", "Namespace")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(workload) = subject.workload() else { return };
    let Some(namespace) = ask.world.namespace(&workload.namespace) else { return };
    let own = |key: &str| workload.labels.get(key);
    let around = |key: &str| namespace.labels.get(key);
    let ambient = own(MODE).or(around(MODE)) == Some("ambient");
    let sidecar = own(INJECT).map_or(around("istio-injection") == Some("enabled"), |inject| inject == "true");
    if ambient && sidecar {
        let (en, zh) = match own(INJECT) {
            Some(_) => (INJECT, INJECT),
            None => ("the namespace's istio-injection", "命名空间的 istio-injection"),
        };
        let message =
            said!("{en} asks for a sidecar, {MODE} for ambient mode", "{zh} 要求 sidecar，{MODE} 要求 ambient 模式");
        out.at("spec.template.metadata.labels", message);
    }
}

const MODE: &str = "istio.io/dataplane-mode";
const INJECT: &str = "sidecar.istio.io/inject";

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
                    &["spec.template.metadata.labels"],
                ),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: amb, labels: {istio.io/dataplane-mode: ambient, istio-injection: enabled}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}"#,
                    &["spec.template.metadata.labels"],
                ),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: amb, labels: {istio.io/dataplane-mode: ambient, istio-injection: enabled}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web, istio.io/dataplane-mode: none}}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: b, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web, sidecar.istio.io/inject: "false"}}}}}"#,
                    &[],
                ),
            ],
        );
    }
}
