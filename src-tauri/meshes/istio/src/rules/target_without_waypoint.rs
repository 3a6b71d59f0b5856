//! A policy is bound to a service that has no waypoint.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::Said;

use crate::kinds::SECURITY;
use crate::kinds::target::targets;
use crate::read::Index;
use crate::read::waypoint::Binding;

pub(crate) const RULE: Rule = Rule {
    name: "target-without-waypoint",
    level: Level::Warning,
    aliases: &["KIA0109", "KIA1110", "KIA1111", "KIA1112"],
    what: "The policy is bound to a service whose requests pass no waypoint.",
    why: "A policy with targetRefs to a service holds at the waypoint of the service; without one nobody asks it.",
    fix: "Label the service or its namespace with istio.io/use-waypoint, and make that waypoint.",
    zh: Words {
        what: "策略绑定的服务，其请求不经过任何 waypoint。",
        why: "用 targetRefs 绑定到服务的策略在该服务的 waypoint 上生效；没有 waypoint 就没人询问它。",
        fix: "请给服务或其命名空间加上 istio.io/use-waypoint 标签，并创建该 waypoint。",
    },
    about: &[
        About::Document(SECURITY, "AuthorizationPolicy"),
        About::Document(SECURITY, "RequestAuthentication"),
        About::Document("telemetry.istio.io", "Telemetry"),
        About::Document("extensions.istio.io", "WasmPlugin"),
    ],
    reads: &[
        ("security.istio.io", "AuthorizationPolicy"),
        ("security.istio.io", "RequestAuthentication"),
        ("telemetry.istio.io", "Telemetry"),
        ("extensions.istio.io", "WasmPlugin"),
        ("", "Service"),
        ("", "Pod"),
        ("", "Namespace"),
        ("gateway.networking.k8s.io", "Gateway"),
        ("gateway.networking.k8s.io", "GatewayClass"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(document) = subject.document() else { return };
    let field = if document.at("/spec/targetRefs").is_some() { "targetRefs" } else { "targetRef" };
    for (at, target) in targets(document).into_iter().enumerate().filter(|(_, t)| t.kind == "Service") {
        let Some(service) = ask.places.service(&document.key.namespace, &target.name) else { continue };
        let why = match ask.waypoint_of_service(service) {
            Binding::Pods => Said::from(("no waypoint is asked for", "没有要求 waypoint")),
            Binding::Unbound(_, why) => why,
            Binding::Waypoint(_) | Binding::Unknown(_) => continue,
        };
        let path = if field == "targetRefs" { format!("spec.targetRefs[{at}]") } else { "spec.targetRef".to_owned() };
        out.at(path, format!("for service {}: {why}", service.name));
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
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: amb, labels: {istio.io/dataplane-mode: ambient}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: amb, labels: {}}, spec: {clusterIP: 10.9.9.9, selector: {app: web}, ports: [{name: http, port: 80}]}}
---
{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: a, namespace: amb}, spec: {targetRefs: [{kind: Service, group: "", name: web}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: amb}, spec: {targetRef: {kind: Service, group: "", name: web}, rules: [{}]}}"#,
                    &["spec.targetRef", "spec.targetRefs[0]"],
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
{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: a, namespace: amb}, spec: {targetRefs: [{kind: Service, group: "", name: web}, {kind: Gateway, group: gateway.networking.k8s.io, name: wp}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
