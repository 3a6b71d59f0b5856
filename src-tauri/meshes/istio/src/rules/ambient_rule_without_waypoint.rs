//! A route or rule is for a service in ambient mode that has no waypoint.
//!
//! Kiali has a code for a namespace without a waypoint and one for a service; what matters is who takes the requests of the service.

use mesh::{About, Found, Level, Membership, Rule, Subject, Words};
use serde_json::Value;
use world::{Said, said};

use crate::kinds::NETWORKING;
use crate::kinds::destination_rule::decide::host_of;
use crate::read::Index;
use crate::read::hosts::fqdn;
use crate::read::waypoint::Binding;

pub(crate) const RULE: Rule = Rule {
    name: "ambient-rule-without-waypoint",
    level: Level::Warning,
    aliases: &["KIA0210", "KIA0211", "KIA1109", "KIA1113"],
    what: "The object routes requests for a service in ambient mode that has no waypoint.",
    why: "Callers in ambient mode connect through ztunnel, which routes nothing: only callers with a sidecar go by it.",
    fix: "Label the service or its namespace with istio.io/use-waypoint, and make that waypoint.",
    zh: Words {
        what: "该对象为一个没有 waypoint 的 ambient 服务做请求路由。",
        why: "ambient 模式的调用方经 ztunnel 连接，它不做路由：只有带 sidecar 的调用方会按它走。",
        fix: "请给服务或其命名空间加上 istio.io/use-waypoint 标签，并创建该 waypoint。",
    },
    about: &[About::Document(NETWORKING, "VirtualService"), About::Document(NETWORKING, "DestinationRule")],
    reads: &[
        ("networking.istio.io", "VirtualService"),
        ("networking.istio.io", "DestinationRule"),
        ("", "Service"),
        ("", "Pod"),
        ("", "Namespace"),
        ("gateway.networking.k8s.io", "Gateway"),
        ("gateway.networking.k8s.io", "GatewayClass"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    for (path, host) in hosts(ask, subject) {
        let Some(service) = ask.service_called(&host) else {
            continue;
        };
        let mut pods = ask.places.of_service(service).into_iter();
        if !pods.any(|pod| ask.membership(pod) == Some(Membership::Node)) {
            continue;
        }
        match ask.waypoint_of_service(service) {
            Binding::Pods => out.at(path, said!("{} asks for no waypoint", "{} 没有要求 waypoint", service.name)),
            Binding::Unbound(_, why) => out.at(path, Said::of(&*service.name, why)),
            Binding::Waypoint(_) | Binding::Unknown(_) => {}
        }
    }
}

/// The hosts for which the object says something that only a proxy which sees requests can do.
pub(super) fn hosts(ask: &Index, subject: &Subject) -> Vec<(String, String)> {
    if let Some(typed) = ask.virtual_services.subject(subject) {
        let (spec, home) = (&typed.spec, &typed.document.key.namespace);
        let mesh = spec.gateways.is_empty() || spec.gateways.iter().any(|g| g == "mesh");
        if !mesh || (spec.http.is_empty() && spec.tls.is_empty()) {
            return Vec::new();
        }
        let hosts = spec.hosts.iter().enumerate();
        return hosts.map(|(at, host)| (format!("spec.hosts[{at}]"), fqdn(host, home))).collect();
    }
    let Some(typed) = ask.destination_rules.subject(subject) else { return Vec::new() };
    let own = ["/loadBalancer/consistentHash", "/connectionPool/http", "/outlierDetection"];
    let of_requests = |policy: &Value| own.iter().any(|field| policy.pointer(field).is_some());
    let spec = typed.document.spec();
    let subsets = spec.get("subsets").and_then(Value::as_array).into_iter().flatten();
    let policies = subsets.chain([spec]).filter_map(|of| of.get("trafficPolicy"));
    if policies.into_iter().any(of_requests) { vec![("spec.host".to_owned(), host_of(typed))] } else { Vec::new() }
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
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: amb, labels: {}}, spec: {clusterIP: 10.9.9.9, selector: {app: web}, ports: [{name: http, port: 80}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: amb}, spec: {hosts: [reviews.shop.svc.cluster.local, web], http: [{route: [{destination: {host: web}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: amb}, spec: {host: web, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 3}}}}"#,
                    &["spec.hosts[1]", "spec.host"],
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
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: amb}, spec: {hosts: [web], http: [{route: [{destination: {host: web}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: amb}, spec: {host: web, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: amb, labels: {istio.io/dataplane-mode: ambient}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: amb, labels: {}}, spec: {clusterIP: 10.9.9.9, selector: {app: web}, ports: [{name: http, port: 80}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: amb}, spec: {hosts: [web], gateways: [edge], http: [{route: [{destination: {host: web}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: amb}, spec: {host: web}}"#,
                    &[],
                ),
            ],
        );
    }
}
