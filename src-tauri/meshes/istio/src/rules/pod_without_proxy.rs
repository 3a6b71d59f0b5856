//! A pod in an injected namespace has no proxy.

use mesh::{About, Found, Level, Rule, Subject, Words};

use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "pod-without-proxy",
    level: Level::Warning,
    aliases: &["IST0103"],
    what: "The namespace asks for proxies, and this pod has none.",
    why: "It is outside the mesh: it was made before the label was set, or the injector did not answer.",
    fix: "Restart its workload; if that does not help, look at the injector.",
    zh: Words {
        what: "该命名空间要求注入代理，但此 Pod 没有代理。",
        why: "它在网格之外：可能在设置标签之前创建，或者注入器没有响应。",
        fix: "请重启其工作负载；若无效，请检查注入器。",
    },
    about: &[About::Pod],
    reads: &[("", "Pod"), ("", "Namespace")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(pod) = subject.pod() else { return };
    let Some(namespace) = ask.world.namespace(&pod.namespace).filter(|n| n.name != "istio-system") else { return };
    let says = |label: &str, value: &str| namespace.labels.get(label).is_some_and(|v| v == value);
    let injected = says("istio-injection", "enabled") && !says("istio.io/dataplane-mode", "ambient");
    let asked = pod.labels.get("sidecar.istio.io/inject").or_else(|| pod.annotations.get("sidecar.istio.io/inject"));
    let refused = pod.host_network || asked.is_some_and(|value| value.eq_ignore_ascii_case("false"));
    let has = pod.container("istio-proxy").is_some_and(|c| !c.image.is_empty());
    if injected && !refused && !has {
        out.at(
            "spec.containers",
            ("the namespace asks for a proxy, and none is here", "命名空间要求注入代理，而这里没有"),
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
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}}, spec: {containers: [{name: app}]}}"#,
                    &["spec.containers"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: q, namespace: shop, labels: {sidecar.istio.io/inject: "false"}}, spec: {containers: [{name: app}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: r, namespace: legacy, labels: {app: r}}, spec: {containers: [{name: app}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: s, namespace: shop, labels: {app: s}}, spec: {hostNetwork: true, containers: [{name: app}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
