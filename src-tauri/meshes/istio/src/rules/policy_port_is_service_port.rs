//! A policy names the port of a service instead of that of its pods.
//!
//! Upstream: istio/istio pilot/pkg/security/authz/model/generator.go, destPortGenerator: the port of the connection as it arrives.

use mesh::{About, Found, Level, Rule, Subject, Words, target_port};
use std::sync::Arc;
use world::yaml::Edit;
use world::{Pod, said};

use crate::kinds::SECURITY;
use crate::read::Index;
use crate::rules::governed;

pub(crate) const RULE: Rule = Rule {
    name: "policy-port-is-service-port",
    level: Level::Warning,
    aliases: &[],
    what: "The policy names the port that callers use, and its workloads listen on another.",
    why: "Policies are asked where the request arrives, at the port of the pod: this entry matches no request.",
    fix: "Write the port of the pod.",
    zh: Words {
        what: "策略写的是调用方使用的端口，而它的工作负载监听的是另一个端口。",
        why: "策略在请求到达处、即 Pod 的端口上判断：这一项匹配不到任何请求。",
        fix: "请写 Pod 的端口。",
    },
    about: &[About::Document(SECURITY, "AuthorizationPolicy")],
    reads: &[("security.istio.io", "AuthorizationPolicy"), ("", "Pod"), ("", "Service")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.authorization_policies.subject(subject) else { return };
    if typed.spec.has_target() {
        return;
    }
    let pods = governed(ask, &typed.document.key.namespace, typed.spec.labels());
    for (at, rule) in typed.spec.rules.iter().enumerate() {
        for (n, operation) in rule.to.iter().map(|to| &to.operation).enumerate() {
            for (field, list) in [("ports", &operation.ports), ("notPorts", &operation.not_ports)] {
                for (p, port) in list.iter().enumerate() {
                    let Some((service, target)) = port.parse().ok().and_then(|port| elsewhere(ask, &pods, port)) else {
                        continue;
                    };
                    let path = format!("spec.rules[{at}].to[{n}].operation.{field}[{p}]");
                    let pointer = format!("/spec/rules/{at}/to/{n}/operation/{field}/{p}");
                    let message = said!(
                        "port {port} of {service} arrives at port {target} of its pods",
                        "{service} 的端口 {port} 到达其 Pod 的端口 {target}"
                    );
                    out.mend(path, message, vec![Edit::set(&pointer, target.to_string())]);
                }
            }
        }
    }
}

/// A service that has this port, and the port of the pods behind it; `None` where some pod may listen on the port itself.
fn elsewhere(ask: &Index, pods: &[&Arc<Pod>], port: u16) -> Option<(String, u16)> {
    let mut found = None;
    for pod in pods {
        let listens = pod.containers.iter().flat_map(|c| &c.ports).any(|(_, own)| *own == port);
        for service in ask.services_of(pod) {
            for own in &service.ports {
                let target = target_port(own, pod);
                if target == Some(port) || listens {
                    return None;
                }
                if let Some(target) = target.filter(|_| own.port == port) {
                    found = found.or_else(|| Some((service.name.clone(), target)));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: v1, kind: Service, metadata: {name: front, namespace: shop, labels: {}}, spec: {selector: {app: reviews}, ports: [{name: http, port: 80, targetPort: 9080}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}, rules: [{to: [{operation: {ports: ["80", "9080"]}}]}]}}"#,
                    &["spec.rules[0].to[0].operation.ports[0]"],
                ),
                (
                    r#"{apiVersion: v1, kind: Service, metadata: {name: front, namespace: shop, labels: {}}, spec: {selector: {app: reviews}, ports: [{name: http, port: 80, targetPort: 9080}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: ratings}}, rules: [{to: [{operation: {ports: ["80", "9080"]}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
