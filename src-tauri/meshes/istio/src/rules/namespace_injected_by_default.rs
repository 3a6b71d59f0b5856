//! A namespace is in the mesh without being asked.

use mesh::{About, Found, Level, Rule, Subject, Words};

use crate::read::Index;
use crate::rules::parts::{injected_by_default, is_undecided};

pub(crate) const RULE: Rule = Rule {
    name: "namespace-injected-by-default",
    level: Level::Info,
    aliases: &["IST0148"],
    what: "The namespace has no label of the mesh, and the injector is told to take such namespaces too.",
    why: "Its pods get a proxy although nothing at the namespace says so.",
    fix: "Label it istio-injection=enabled, or =disabled where no proxy is meant.",
    zh: Words {
        what: "该命名空间没有网格标签，而注入器被设置为同样注入这类命名空间。",
        why: "其 Pod 会获得代理，但命名空间上没有任何说明。",
        fix: "请添加 istio-injection=enabled；若不需要代理，请写 =disabled。",
    },
    about: &[About::Namespace],
    reads: &[("", "Namespace"), ("", "ConfigMap")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    if subject.namespace().is_some_and(|namespace| is_undecided(namespace)) && injected_by_default(ask) {
        out.at(
            "metadata.labels",
            (
                "the injector takes namespaces without a label, and this is one",
                "注入器会处理没有标签的命名空间，而这里就没有标签",
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
                    r#"{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-sidecar-injector, namespace: istio-system}, data: {values: '{"sidecarInjectorWebhook": {"enableNamespacesByDefault": true}, "global": {"hub": "h", "tag": "1", "proxy": {"image": "proxyv2"}}}'}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: extra}}"#,
                    &["metadata.labels"],
                ),
                (
                    r#"{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-sidecar-injector, namespace: istio-system}, data: {values: '{"sidecarInjectorWebhook": {"enableNamespacesByDefault": true}, "global": {"hub": "h", "tag": "1", "proxy": {"image": "proxyv2"}}}'}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: extra, labels: {istio-injection: disabled}}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-sidecar-injector, namespace: istio-system}, data: {values: '{"sidecarInjectorWebhook": {"enableNamespacesByDefault": false}, "global": {"hub": "h", "tag": "1", "proxy": {"image": "proxyv2"}}}'}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: extra}}"#,
                    &[],
                ),
            ],
        );
    }
}
