//! A Gateway selects no proxy.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::parts::{is_taken_for_granted, spec, words};

pub(crate) const RULE: Rule = Rule {
    name: "gateway-selector-matches-nothing",
    level: Level::Error,
    aliases: &["IST0101", "KIA0302"],
    what: "No pod has the labels that the Gateway asks for.",
    why: "No proxy opens its ports: nothing that is bound to it can be reached.",
    fix: "Correct the selector, or deploy the gateway.",
    zh: Words {
        what: "没有 Pod 具有该 Gateway 所要求的标签。",
        why: "没有代理会打开它的端口，绑定到它的一切都无法访问。",
        fix: "请更正选择器，或部署该网关。",
    },
    about: &[About::Document("networking.istio.io", "Gateway")],
    reads: &[("networking.istio.io", "Gateway"), ("", "Pod")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let selector = spec(subject).labels("selector");
    if ask.places.selected_anywhere(&selector).is_empty() && !is_taken_for_granted(ask, &selector) {
        out.at("spec.selector", said!("no pod has {}", "没有 Pod 具有 {}", words(&selector)));
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
                    r#"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: nosuch}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTP}}]}}"#,
                    &["spec.selector"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: edge-1, namespace: istio-system, labels: {istio: edge}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTP}}]}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: ingressgateway}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTP}}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
