//! A gateway sends to a service, and not to the subsets that its callers use.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::read::hosts::fqdn;
use crate::rules::parts::namespace;

pub(crate) const RULE: Rule = Rule {
    name: "gateway-route-without-subset",
    level: Level::Warning,
    aliases: &["IST0140"],
    what: "The VirtualService sends requests from a gateway to a host without naming a subset, and another VirtualService splits that host by subset.",
    why: "The split holds for callers in the mesh alone: requests from the gateway go to all pods of the service.",
    fix: "Name the subsets here too, or bind the other VirtualService to the gateway.",
    zh: Words {
        what: "该 VirtualService 从网关把请求发往某主机而未指定子集，而另一个 VirtualService 按子集拆分了该主机。",
        why: "该拆分只对网格内的调用方生效：来自网关的请求会发往服务的所有 Pod。",
        fix: "请在此处同样指定子集，或把另一个 VirtualService 绑定到该网关。",
    },
    about: &[About::Document("networking.istio.io", "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(own) = ask.virtual_services.subject(subject).filter(|own| !own.spec.gateways.is_empty()) else { return };
    for (at, rule) in own.spec.http.iter().enumerate() {
        for (n, route) in rule.route.iter().enumerate().filter(|(_, route)| route.destination.subset.is_empty()) {
            let host = fqdn(&route.destination.host, &namespace(subject));
            let splits = ask.exactly(&host).filter(|other| other.document.key != own.document.key).find(|other| {
                let to = |target: &crate::kinds::virtual_service::spec::Target| {
                    !target.subset.is_empty() && fqdn(&target.host, &other.document.key.namespace) == host
                };
                other.spec.http.iter().flat_map(|r| &r.route).any(|r| to(&r.destination))
            });
            if let Some(other) = splits {
                out.at(
                    format!("spec.http[{at}].route[{n}].destination"),
                    said!(
                        "{} splits {host} by subset, and not for this gateway",
                        "{} 按子集拆分 {host}，但不针对此网关",
                        other.document.key
                    ),
                );
            }
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: split, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com], gateways: [istio-system/edge], http: [{route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.http[0].route[0].destination"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: split, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com], gateways: [istio-system/edge], http: [{route: [{destination: {host: reviews, subset: v1}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: b, namespace: shop}, spec: {hosts: [a.example.com], gateways: [istio-system/edge], http: [{route: [{destination: {host: details}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
