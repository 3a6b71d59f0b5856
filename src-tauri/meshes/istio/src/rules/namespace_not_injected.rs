//! A namespace is outside the mesh.

use mesh::{About, Found, Level, Rule, Subject, Words};

use crate::read::Index;
use crate::rules::parts::{injected_by_default, is_undecided};

pub(crate) const RULE: Rule = Rule {
    name: "namespace-not-injected",
    level: Level::Info,
    aliases: &["IST0102"],
    what: "The namespace has no label that says whether its pods get a proxy.",
    why: "Its pods stay outside the mesh: no mutual TLS, no policies, no traffic to be seen.",
    fix: "Label it istio-injection=enabled, istio.io/rev or istio.io/dataplane-mode=ambient; or istio-injection=disabled, where that is meant.",
    zh: Words {
        what: "该命名空间没有说明其 Pod 是否注入代理的标签。",
        why: "其 Pod 留在网格之外：没有双向 TLS，没有策略，也看不到流量。",
        fix: "请添加 istio-injection=enabled、istio.io/rev 或 istio.io/dataplane-mode=ambient 标签；若本意如此，请写 istio-injection=disabled。",
    },
    about: &[About::Namespace],
    reads: &[("", "Namespace"), ("", "ConfigMap")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    if subject.namespace().is_some_and(|namespace| is_undecided(namespace)) && !injected_by_default(ask) {
        out.at(
            "metadata.labels",
            ("no label says whether pods here get a proxy", "没有标签说明这里的 Pod 是否注入代理"),
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
                (r#"{apiVersion: v1, kind: Namespace, metadata: {name: extra}}"#, &["metadata.labels"]),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: extra, labels: {istio-injection: disabled}}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: extra, labels: {istio.io/dataplane-mode: ambient}}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-sidecar-injector, namespace: istio-system}, data: {values: '{"sidecarInjectorWebhook": {"enableNamespacesByDefault": true}, "global": {"hub": "h", "tag": "1", "proxy": {"image": "proxyv2"}}}'}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: extra}}"#,
                    &[],
                ),
            ],
        );
    }
}
