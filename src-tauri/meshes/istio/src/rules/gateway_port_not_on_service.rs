//! A port of a Gateway is on no Service.

use mesh::{About, Found, Level, Rule, Subject, Words};

use world::{TargetPort, said};

use crate::read::Index;
use crate::rules::parts::spec;

pub(crate) const RULE: Rule = Rule {
    name: "gateway-port-not-on-service",
    level: Level::Warning,
    aliases: &["IST0162"],
    what: "No Service in front of the gateway's pods has this port.",
    why: "The proxy opens it, but nobody outside can reach it.",
    fix: "Add the port to the gateway's Service, or correct the number.",
    zh: Words {
        what: "网关 Pod 前面的 Service 都没有这个端口。",
        why: "代理会打开该端口，但外部无法访问。",
        fix: "请在网关的 Service 上添加该端口，或更正端口号。",
    },
    about: &[About::Document("networking.istio.io", "Gateway")],
    reads: &[("networking.istio.io", "Gateway"), ("", "Pod"), ("", "Service")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let spec = spec(subject);
    let pods = ask.places.selected_anywhere(&spec.labels("selector"));
    let mut open: Vec<u16> = Vec::new();
    for pod in &pods {
        let services = ask.places.services_selecting(&pod.namespace, &pod.labels);
        for port in services.iter().flat_map(|s| &s.ports).filter(|port| port.protocol == "TCP") {
            open.push(port.port);
            if let TargetPort::Number(number) = port.target {
                open.push(number);
            }
        }
    }
    for server in spec.items("servers").into_iter().filter(|s| s.has("port") && !pods.is_empty()) {
        let port = server.get("port");
        if !open.iter().any(|open| f64::from(*open) == port.number("number")) {
            out.at(
                format!("{}.number", port.path()),
                said!("no Service of the gateway has port {}", "网关的 Service 都没有端口 {}", port.number("number")),
            );
        }
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
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: edge-1, namespace: istio-system, labels: {istio: edge}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, ports: [{name: http, port: 80, targetPort: 8080}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 81, name: http, protocol: HTTP}}]}}"#,
                    &["spec.servers[0].port.number"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: edge-1, namespace: istio-system, labels: {istio: edge}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, ports: [{name: http, port: 80, targetPort: 8080}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTP}}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: b, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 8080, name: b, protocol: HTTP}}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
