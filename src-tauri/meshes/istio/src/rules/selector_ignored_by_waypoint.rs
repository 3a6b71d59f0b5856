//! A policy for requests selects pods that no proxy for requests guards.
//!
//! Kiali says it of a Telemetry without a selector too; that one does hold at waypoints.
//! Upstream: istio/istio pilot/pkg/model/policyattachment.go, ShouldAttachPolicy; telemetry.go, namespaceWideTelemetryConfig.

use mesh::{About, Found, Level, Membership, Rule, Subject, Words};
use world::{Labels, said};

use crate::kinds::SECURITY;
use crate::kinds::target::targets;
use crate::read::Index;
use crate::rules::governed;

pub(crate) const RULE: Rule = Rule {
    name: "selector-ignored-by-waypoint",
    level: Level::Warning,
    aliases: &["KIA1115", "KIA1116", "KIA1117"],
    what: "The object is about requests, and selects pods in ambient mode, where nothing that sees requests asks it.",
    why: "ztunnel sees connections alone, and waypoints ask only what is bound to them or to their services by targetRefs.",
    fix: "Bind it with targetRefs to the service or to the waypoint.",
    zh: Words {
        what: "该对象针对请求，却选择了 ambient 模式的 Pod，那里没有能看到请求的代理会用它。",
        why: "ztunnel 只看得到连接，而 waypoint 只用通过 targetRefs 绑定到它们或其服务的对象。",
        fix: "请用 targetRefs 把它绑定到服务或 waypoint。",
    },
    about: &[
        About::Document(SECURITY, "RequestAuthentication"),
        About::Document("telemetry.istio.io", "Telemetry"),
        About::Document("extensions.istio.io", "WasmPlugin"),
    ],
    reads: &[
        ("security.istio.io", "RequestAuthentication"),
        ("telemetry.istio.io", "Telemetry"),
        ("extensions.istio.io", "WasmPlugin"),
        ("", "Pod"),
        ("", "Namespace"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(document) = subject.document() else { return };
    let said = document.at("/spec/selector/matchLabels").and_then(|v| v.as_object());
    let label = |(key, value): (&String, &serde_json::Value)| Some((key.clone(), value.as_str()?.to_owned()));
    let wanted: Labels = said.into_iter().flatten().filter_map(label).collect();
    // Telemetry without a selector holds for the waypoints of its namespace too.
    if !targets(document).is_empty() || (document.key.kind == "Telemetry" && wanted.is_empty()) {
        return;
    }
    let pods = governed(ask, &document.key.namespace, Some(&wanted).filter(|labels| !labels.is_empty()));
    let members: Vec<_> = pods.into_iter().filter_map(|pod| Some((pod, ask.membership(pod)?))).collect();
    let node = members.iter().find(|(_, member)| *member == Membership::Node);
    if let Some((pod, _)) = node.filter(|_| members.iter().all(|(_, member)| *member == Membership::Node)) {
        out.at(
            "spec.selector",
            said!(
                "{} is in ambient mode: nothing there asks it",
                "{} 处于 ambient 模式：那里没有代理会用它",
                pod.workload.1
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
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: amb, labels: {istio.io/dataplane-mode: ambient}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: amb, labels: {}}, spec: {clusterIP: 10.9.9.9, selector: {app: web}, ports: [{name: http, port: 80}]}}
---
{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: a, namespace: amb}, spec: {selector: {matchLabels: {app: web}}}}
---
{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: a, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, accessLogging: [{}]}}"#,
                    &["spec.selector", "spec.selector"],
                ),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: amb, labels: {istio.io/dataplane-mode: ambient}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: amb, labels: {}}, spec: {clusterIP: 10.9.9.9, selector: {app: web}, ports: [{name: http, port: 80}]}}
---
{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: a, namespace: amb}, spec: {accessLogging: [{}]}}
---
{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}}}
---
{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: a, namespace: amb}, spec: {targetRefs: [{kind: Service, group: "", name: web}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
