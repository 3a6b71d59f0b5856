//! A Deployment waits for an injector that will not come.

use mesh::{About, Found, Level, Rule, Subject, Words};

use crate::read::Index;
use crate::rules::injectors::will_inject;

pub(crate) const RULE: Rule = Rule {
    name: "auto-image-not-injected",
    level: Level::Warning,
    aliases: &["IST0146"],
    what: "The proxy has the image auto, and no injector takes these pods.",
    why: "The image does not exist: the pods never start.",
    fix: "Label the namespace or the pod template so that they are injected.",
    zh: Words {
        what: "代理镜像为 auto，但没有注入器会处理这些 Pod。",
        why: "该镜像不存在，Pod 永远无法启动。",
        fix: "请为命名空间或 Pod 模板添加标签以启用注入。",
    },
    about: &[About::Workload],
    reads: &[
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("apps", "DaemonSet"),
        ("", "Namespace"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(workload) = subject.workload() else { return };
    let waits = workload.containers.iter().any(|c| c.name == "istio-proxy" && c.image == "auto");
    let name = if workload.namespace.is_empty() { "default" } else { &workload.namespace };
    let namespace = ask.world.namespace(name).map(|n| n.labels.clone()).unwrap_or_default();
    if waits && !will_inject(ask, &namespace, &workload.labels) {
        out.at(
            "spec.template.spec.containers",
            (
                "the image of istio-proxy is auto, and no injector takes these pods",
                "istio-proxy 的镜像是 auto，而没有注入器会处理这些 Pod",
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
                    r#"{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: shop}, spec: {template: {metadata: {labels: {app: d}}, spec: {containers: [{name: istio-proxy, image: auto}]}}}}"#,
                    &["spec.template.spec.containers"],
                ),
                (
                    r#"{apiVersion: v1, kind: Service, metadata: {name: istiod, namespace: istio-system}, spec: {ports: [{name: https, port: 443}]}}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: injector.istio.io, namespaceSelector: {matchLabels: {istio-injection: enabled}}, clientConfig: {service: {name: istiod, namespace: istio-system}}}]}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: shop}, spec: {template: {metadata: {labels: {app: d}}, spec: {containers: [{name: istio-proxy, image: auto}]}}}}"#,
                    &[],
                ),
            ],
        );
    }
}
