//! A waypoint is asked for that is not there or does not take the requests.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::Service;

use crate::read::Index;
use crate::read::waypoint::Binding;

pub(crate) const RULE: Rule = Rule {
    name: "waypoint-not-found",
    level: Level::Error,
    aliases: &["KIA1313"],
    what: "A waypoint is asked for that is not there, or that does not take these requests.",
    why: "Requests go straight to the pods: routes and policies that were meant for the waypoint do not hold.",
    fix: "Make the waypoint, or correct the label istio.io/use-waypoint.",
    zh: Words {
        what: "所要求的 waypoint 不存在，或不接收这些请求。",
        why: "请求直接到 Pod：为 waypoint 准备的路由和策略都不生效。",
        fix: "请创建该 waypoint，或更正 istio.io/use-waypoint 标签。",
    },
    about: &[About::Namespace, About::Service],
    reads: &[
        ("", "Service"),
        ("", "Pod"),
        ("", "Namespace"),
        ("gateway.networking.k8s.io", "Gateway"),
        ("gateway.networking.k8s.io", "GatewayClass"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let of = |service: &Service| match ask.waypoint_of_service(service) {
        Binding::Unbound((object, path), why) => Some((object, path, why)),
        Binding::Pods | Binding::Waypoint(_) | Binding::Unknown(_) => None,
    };
    let key = subject.key();
    let found = match (subject.service(), subject.namespace()) {
        (Some(service), _) => of(service),
        (_, Some(namespace)) => {
            ask.world.services_in(&namespace.name).find_map(|service| of(service).filter(|(by, ..)| *by == key))
        }
        _ => None,
    };
    if let Some((_, path, why)) = found.filter(|(by, ..)| *by == key) {
        out.at(path, why);
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
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: amb, labels: {}}, spec: {clusterIP: 10.9.9.9, selector: {app: web}, ports: [{name: http, port: 80}]}}"#,
                    &["metadata.labels[istio.io/use-waypoint]"],
                ),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: amb, labels: {istio.io/dataplane-mode: ambient}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: amb, labels: {}}, spec: {clusterIP: 10.9.9.9, selector: {app: web}, ports: [{name: http, port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: b, namespace: amb, labels: {istio.io/use-waypoint: other}}, spec: {clusterIP: 10.9.9.8, selector: {app: web}, ports: [{name: http, port: 80}]}}"#,
                    &["metadata.labels[istio.io/use-waypoint]"],
                ),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: amb, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: wp}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: amb, labels: {}}, spec: {clusterIP: 10.9.9.9, selector: {app: web}, ports: [{name: http, port: 80}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: wp, namespace: amb}, spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
