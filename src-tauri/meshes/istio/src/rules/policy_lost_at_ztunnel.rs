//! A policy asks for what ztunnel does not see.
//!
//! Kiali warns of every policy for requests in an ambient namespace; ours looks at the pods that the policy is about.
//! Upstream: istio/istio pilot/pkg/serviceregistry/ambient/authorization.go, handleRule.

use mesh::{About, Found, Level, Membership, Rule, Subject, Words};
use world::Said;

use crate::kinds::SECURITY;
use crate::kinds::authorization_policy::decide::ztunnel::losses_of;
use crate::kinds::authorization_policy::dry_run;
use crate::read::Index;
use crate::rules::governed;

pub(crate) const RULE: Rule = Rule {
    name: "policy-lost-at-ztunnel",
    level: Level::Error,
    aliases: &["KIA0110", "KIA1317"],
    what: "The policy asks for parts of requests, and where its workloads are guarded only connections are seen.",
    why: "In ambient mode ztunnel guards pods: it leaves such a rule out of an ALLOW, and drops the condition from a DENY.",
    fix: "Bind the policy with targetRefs to the service, and give the service a waypoint.",
    zh: Words {
        what: "策略要求的是请求中的内容，而守护其工作负载的地方只看得到连接。",
        why: "在 ambient 模式下由 ztunnel 守护 Pod：它会把这样的规则从 ALLOW 中略去，从 DENY 中去掉该条件。",
        fix: "请用 targetRefs 把策略绑定到服务，并给该服务一个 waypoint。",
    },
    about: &[About::Document(SECURITY, "AuthorizationPolicy")],
    reads: &[("security.istio.io", "AuthorizationPolicy"), ("", "Pod"), ("", "Namespace")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.authorization_policies.subject(subject) else { return };
    if typed.spec.has_target() || dry_run(&typed.document) {
        return;
    }
    let losses = losses_of(typed);
    if losses.is_empty() {
        return;
    }
    let pods = governed(ask, &typed.document.key.namespace, typed.spec.labels());
    let Some(pod) = pods.into_iter().find(|pod| ask.membership(pod) == Some(Membership::Node)) else { return };
    for loss in losses {
        let (at, why) = (&pod.workload.1, loss.because);
        out.at(loss.path, Said::new(format!("at {at}, {}", why.en), format!("在 {at} 处，{}", why.zh)));
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
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: amb}, spec: {rules: [{to: [{operation: {methods: [GET]}}]}, {from: [{source: {namespaces: [shop]}}]}]}}"#,
                    &["spec.rules[0]"],
                ),
                (
                    r#"{apiVersion: v1, kind: Namespace, metadata: {name: amb, labels: {istio.io/dataplane-mode: ambient}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: amb}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: amb, labels: {}}, spec: {clusterIP: 10.9.9.9, selector: {app: web}, ports: [{name: http, port: 80}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{to: [{operation: {methods: [GET]}}]}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: amb}, spec: {rules: [{to: [{operation: {ports: ["80"]}}]}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: b, namespace: amb}, spec: {targetRefs: [{kind: Service, group: "", name: web}], rules: [{to: [{operation: {methods: [GET]}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
