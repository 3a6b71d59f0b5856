//! A DestinationRule lies where no caller looks for it.
//!
//! Upstream: istio/istio pilot/pkg/model/push_context.go, destinationRule.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::kinds::destination_rule::decide::host_of;
use crate::read::Index;
use crate::read::hosts::is_wildcard;
use crate::read::hosts::service_of;

pub(crate) const RULE: Rule = Rule {
    name: "destination-rule-out-of-reach",
    level: Level::Warning,
    aliases: &[],
    what: "The DestinationRule lies in a namespace where nobody looks for it.",
    why: "A caller takes rules from its own namespace, then from the service's, then from the root namespace. No workload with a proxy runs in this one.",
    fix: "Move it to the namespace of the service, or to that of the callers it is meant for.",
    zh: Words {
        what: "DestinationRule 所在的命名空间没人会去找它。",
        why: "调用方先看自己的命名空间，再看服务的，最后看根命名空间；而这个命名空间里没有带代理的工作负载。",
        fix: "请把它移到服务的命名空间，或它所针对的调用方的命名空间。",
    },
    about: &[About::Document(NETWORKING, "DestinationRule")],
    reads: &[("networking.istio.io", "DestinationRule"), ("", "Service"), ("", "Pod"), ("", "Namespace")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.destination_rules.subject(subject) else { return };
    let home = &typed.document.key.namespace;
    let host = host_of(typed);
    let Some((namespace, name)) = service_of(&host) else { return };
    if is_wildcard(&host) || namespace == home || *home == ask.root || ask.places.service(namespace, name).is_none() {
        return;
    }
    if ask.places.pods_in(home).all(|pod| ask.membership(pod).is_none()) {
        out.at(
            "metadata.namespace",
            said!(
                "callers look in {namespace} and {}, and none with a proxy runs in {home}",
                "调用方只查看 {namespace} 和 {}，而 {home} 中没有带代理的调用方",
                ask.root
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
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: legacy}, spec: {host: reviews.shop.svc.cluster.local}}"#,
                    &["metadata.namespace"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: istio-system}, spec: {host: reviews.shop.svc.cluster.local}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: c, namespace: shop}, spec: {host: batch.legacy.svc.cluster.local}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: d, namespace: legacy}, spec: {host: api.example.com}}"#,
                    &[],
                ),
            ],
        );
    }
}
