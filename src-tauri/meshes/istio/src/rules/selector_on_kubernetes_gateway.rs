//! A policy selects a gateway that wants to be named.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::parts::{namespace, spec};

pub(crate) const RULE: Rule = Rule {
    name: "selector-on-kubernetes-gateway",
    level: Level::Warning,
    aliases: &["IST0166"],
    what: "The policy selects pods of a Kubernetes Gateway by label.",
    why: "Policies for such gateways are attached by targetRefs; by selector they do nothing there.",
    fix: "Write targetRefs with the Gateway's name.",
    zh: Words {
        what: "该策略通过标签选择了 Kubernetes Gateway 的 Pod。",
        why: "此类网关的策略需用 targetRefs 关联，用选择器在那里不起作用。",
        fix: "请用 targetRefs 写明该 Gateway 的名称。",
    },
    about: &[
        About::Document("security.istio.io", "AuthorizationPolicy"),
        About::Document("security.istio.io", "RequestAuthentication"),
        About::Document("telemetry.istio.io", "Telemetry"),
        About::Document("extensions.istio.io", "WasmPlugin"),
    ],
    reads: &[
        ("security.istio.io", "AuthorizationPolicy"),
        ("security.istio.io", "RequestAuthentication"),
        ("telemetry.istio.io", "Telemetry"),
        ("extensions.istio.io", "WasmPlugin"),
        ("", "Pod"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let spec = spec(subject);
    if spec.has("targetRef") || !spec.has("selector") {
        return;
    }
    let ns = namespace(subject);
    let selector = spec.get("selector").labels("matchLabels");
    let mut pods = ask.places.pods_in(&ns).filter(|pod| mesh::selects(&selector, &pod.labels));
    if let Some(gateway) = pods.find_map(|pod| pod.labels.get("gateway.networking.k8s.io/gateway-name")) {
        out.at(
            "spec.selector",
            said!(
                "it selects the proxies of the Kubernetes Gateway {gateway}",
                "它选择了 Kubernetes Gateway {gateway} 的代理"
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
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {gateway.networking.k8s.io/gateway-name: gw}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: gw}}}}"#,
                    &["spec.selector"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {gateway.networking.k8s.io/gateway-name: gw}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gw}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: b, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}}}"#,
                    &[],
                ),
            ],
        );
    }
}
