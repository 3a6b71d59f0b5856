//! A route or rule lies where the waypoint of its service does not look.
//!
//! Kiali asks for the namespace of the service alone; the waypoint's own is as good.
//! Upstream: istio/istio pilot/pkg/networking/core/listener_waypoint.go, getVirtualServiceForWaypoint.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::read::Index;
use crate::read::waypoint::Binding;
use crate::rules::ambient_rule_without_waypoint::hosts;

pub(crate) const RULE: Rule = Rule {
    name: "ambient-rule-elsewhere",
    level: Level::Warning,
    aliases: &["KIA0212", "KIA1114"],
    what: "The object is for a service behind a waypoint, and lies in a namespace where the waypoint does not look.",
    why: "A waypoint takes routes from the namespace of the service and from its own, and passes over all others.",
    fix: "Move it to the namespace of the service.",
    zh: Words {
        what: "该对象针对 waypoint 后面的服务，却位于 waypoint 不会查看的命名空间。",
        why: "waypoint 只采用服务所在命名空间和它自己命名空间中的路由，其余一概忽略。",
        fix: "请把它移到服务所在的命名空间。",
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
    let home = subject.key().namespace;
    for (path, host) in hosts(ask, subject) {
        let Some(service) = ask.service_called(&host) else {
            continue;
        };
        let Binding::Waypoint(waypoint) = ask.waypoint_of_service(service) else { continue };
        // Rules, not routes, are also looked for in the root namespace.
        let rooted = home == ask.root && ask.destination_rules.subject(subject).is_some();
        if home != service.namespace && home != waypoint.key.namespace && !rooted {
            out.at(
                path,
                said!(
                    "waypoint {} looks in {} and in its own namespace",
                    "waypoint {} 只查看 {} 和它自己的命名空间",
                    waypoint.key.name,
                    service.namespace
                ),
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
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: amb, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: wp}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: amb, labels: {}}, spec: {clusterIP: 10.9.9.9, selector: {app: web}, ports: [{name: http, port: 80}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: wp, namespace: amb}, spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [web.amb.svc.cluster.local], http: [{route: [{destination: {host: web.amb.svc.cluster.local}}]}]}}"#,
                    &["spec.hosts[0]"],
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
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: istio-system}, spec: {host: web.amb.svc.cluster.local, trafficPolicy: {outlierDetection: {}}}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: legacy}, spec: {hosts: [reviews.shop.svc.cluster.local], http: [{route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
