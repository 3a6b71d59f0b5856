//! A rule about requests guards a port that carries bytes.

use mesh::{Finding, Level, Rule};

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
    reads: &[("security.istio.io", "AuthorizationPolicy"), ("", "Service"), ("", "Pod")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    for typed in index.authorization_policies.values().flatten() {
        let Some(labels) = typed.spec.labels() else { continue };
        let pods = index.places.selected(&typed.document.key.namespace, labels);
        let bytes = |pod: &&&std::sync::Arc<world::Pod>| {
            let mut ports = index.services_of(pod).flat_map(|s| &s.ports).peekable();
            ports.peek().is_some() && ports.all(|port| speech(port) == Speech::Tcp)
        };
        let Some(pod) = pods.iter().find(bytes) else { continue };
        for (at, _) in typed.spec.rules.iter().enumerate().filter(|(_, rule)| needs_http(rule)) {
            let message =
                format!("ports of {} carry bytes, so conditions on requests cannot be asked there", pod.workload.1);
            out.push(RULE.at(&typed.document.key, format!("spec.rules[{at}]"), message));
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
