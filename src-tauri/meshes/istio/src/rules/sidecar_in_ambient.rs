//! A Sidecar is for pods without a sidecar.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::parts::{is_ambient, is_ambient_namespace, namespace, spec};

pub(crate) const RULE: Rule = Rule {
    name: "sidecar-in-ambient",
    level: Level::Warning,
    aliases: &["IST0167"],
    what: "The Sidecar is for workloads that are in ambient mode.",
    why: "They have no sidecar proxy, so it does nothing.",
    fix: "Remove it, or use what ambient mode knows: a waypoint, or an AuthorizationPolicy.",
    zh: Words {
        what: "该 Sidecar 针对的是处于 ambient 模式的工作负载。",
        why: "它们没有 sidecar 代理，因此它不起作用。",
        fix: "请删除它，或改用 ambient 模式支持的方式：waypoint 或 AuthorizationPolicy。",
    },
    about: &[About::Document("networking.istio.io", "Sidecar")],
    reads: &[("networking.istio.io", "Sidecar"), ("", "Pod"), ("", "Namespace")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let ns = namespace(subject);
    let selector = spec(subject).get("workloadSelector").labels("labels");
    let pods = ask.places.selected(&ns, &selector);
    if selector.is_empty() && is_ambient_namespace(ask, &ns) {
        out.at("spec", said!("the namespace {ns} is in ambient mode", "命名空间 {ns} 处于 ambient 模式"));
    } else if let Some(pod) = pods.into_iter().find(|pod| is_ambient(pod)) {
        out.at("spec.workloadSelector", said!("{} is in ambient mode", "{} 处于 ambient 模式", pod.workload.1));
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
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: ambient, labels: {istio.io/dataplane-mode: ambient}}}
---
{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: ambient}, spec: {egress: [{hosts: ["./*"]}]}}"#,
                    &["spec"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}, annotations: {ambient.istio.io/redirection: enabled}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {workloadSelector: {labels: {app: a}}, egress: [{hosts: ["./*"]}]}}"#,
                    &["spec.workloadSelector"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {workloadSelector: {labels: {app: reviews}}, egress: [{hosts: ["./*"]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
