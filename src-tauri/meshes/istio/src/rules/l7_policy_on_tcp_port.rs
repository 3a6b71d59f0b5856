//! A rule about requests guards a port that carries bytes.

use std::sync::Arc;

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::{Pod, said};

use crate::kinds::SECURITY;
use crate::kinds::authorization_policy::decide::needs_http;
use crate::read::Index;
use crate::read::registry::{Speech, speech};

pub(crate) const RULE: Rule = Rule {
    name: "l7-policy-on-tcp-port",
    level: Level::Warning,
    aliases: &[],
    what: "The policy looks at requests, and every service of the workload says that its port carries bytes.",
    why: "On such a port an ALLOW rule that looks at requests lets nobody in, and a DENY rule loses those conditions and denies more.",
    fix: "Name the port after its protocol (http-…), or restrict the rule to fields of connections.",
    zh: Words {
        what: "策略要检查请求，但该工作负载的所有服务都声明其端口只传字节。",
        why: "在这种端口上，检查请求的 ALLOW 规则不放行任何人；DENY 规则会丢掉这些条件，拒绝得更多。",
        fix: "请按协议给端口命名（http-…），或让规则只使用连接层的字段。",
    },
    about: &[About::Document(SECURITY, "AuthorizationPolicy")],
    reads: &[("security.istio.io", "AuthorizationPolicy"), ("", "Service"), ("", "Pod")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.authorization_policies.subject(subject) else { return };
    let Some(labels) = typed.spec.labels() else { return };
    let pods = ask.places.selected(&typed.document.key.namespace, labels);
    let bytes = |pod: &&&Arc<Pod>| {
        let mut ports = ask.services_of(pod).flat_map(|s| &s.ports).peekable();
        ports.peek().is_some() && ports.all(|port| speech(port) == Speech::Tcp)
    };
    let Some(pod) = pods.iter().find(bytes) else { return };
    for (at, _) in typed.spec.rules.iter().enumerate().filter(|(_, rule)| needs_http(rule)) {
        let message = said!(
            "ports of {} carry bytes, so conditions on requests cannot be asked there",
            "{} 的端口只传字节，无法在那里检查请求的条件",
            pod.workload.1
        );
        out.at(format!("spec.rules[{at}]"), message);
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
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: store}}, rules: [{to: [{operation: {methods: [GET]}}]}]}}"#,
                    &["spec.rules[0]"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: store}}, rules: [{to: [{operation: {ports: ["6379"]}}]}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: b, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}, rules: [{to: [{operation: {methods: [GET]}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
