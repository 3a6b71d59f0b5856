//! A waypoint is asked for where nothing is in ambient mode.

use mesh::{About, Found, Level, Membership, Rule, Subject, Words};
use world::said;

use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "waypoint-label-outside-ambient",
    level: Level::Warning,
    aliases: &["KIA1312"],
    what: "A waypoint is asked for where no pod is in ambient mode.",
    why: "Pods outside ambient mode are not guarded by the waypoint: callers with a sidecar go past it.",
    fix: "Put the namespace into ambient mode (istio.io/dataplane-mode: ambient), or remove the label.",
    zh: Words {
        what: "在没有 Pod 处于 ambient 模式的地方要求了 waypoint。",
        why: "ambient 模式之外的 Pod 不受 waypoint 保护：带 sidecar 的调用方会绕过它。",
        fix: "请把命名空间切换到 ambient 模式（istio.io/dataplane-mode: ambient），或删除该标签。",
    },
    about: &[About::Namespace],
    reads: &[("", "Namespace"), ("", "Pod")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(namespace) = subject.namespace() else { return };
    let Some(name) = namespace.labels.get("istio.io/use-waypoint").filter(|name| *name != "none") else { return };
    let mut pods = ask.places.pods_in(&namespace.name).peekable();
    if pods.peek().is_some()
        && pods.all(|pod| !matches!(ask.membership(pod), Some(Membership::Node | Membership::Gateway)))
    {
        out.at(
            "metadata.labels[istio.io/use-waypoint]",
            said!(
                "nothing in {} is in ambient mode, so {name} guards none of it",
                "{} 中没有处于 ambient 模式的 Pod，因此 {name} 什么也不守护",
                namespace.name
            ),
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
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: amb, labels: {istio.io/use-waypoint: wp}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}"#,
                    &["metadata.labels[istio.io/use-waypoint]"],
                ),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: amb, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: wp}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: amb, labels: {}}, spec: {clusterIP: 10.9.9.9, selector: {app: web}, ports: [{name: http, port: 80}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: wp, namespace: amb}, spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: empty, labels: {istio.io/use-waypoint: wp}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: b, labels: {istio.io/use-waypoint: none}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: b, namespace: b}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}"#,
                    &[],
                ),
            ],
        );
    }
}
