//! A route sends to a subset none of whose pods is ready.

use mesh::{About, Found, Level, Rule, Subject, Words, selects};
use world::said;

use crate::kinds::NETWORKING;
use crate::kinds::destination_rule::decide::for_host;
use crate::read::Index;
use crate::read::hosts::service_of;
use crate::rules::destinations;

pub(crate) const RULE: Rule = Rule {
    name: "subset-not-ready",
    level: Level::Warning,
    aliases: &[],
    what: "The route sends to a subset of which no pod is ready.",
    why: "Requests that are sent there get 503 until a pod is ready.",
    fix: "Move the weight away, or look why the pods are not ready.",
    zh: Words {
        what: "路由发往的子集没有一个 Pod 就绪。",
        why: "在有 Pod 就绪之前，发往那里的请求得到 503。",
        fix: "请把权重移走，或查明 Pod 为何未就绪。",
    },
    about: &[About::Document(NETWORKING, "VirtualService")],
    reads: &[
        ("networking.istio.io", "VirtualService"),
        ("networking.istio.io", "DestinationRule"),
        ("networking.istio.io", "ServiceEntry"),
        ("", "Service"),
        ("", "Pod"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.virtual_services.subject(subject) else { return };
    let home = &typed.document.key.namespace;
    for place in destinations(typed).into_iter().filter(|place| !place.target.subset.is_empty()) {
        let Some((namespace, name)) = service_of(&place.host) else { continue };
        let Some(service) = ask.places.service(namespace, name) else { continue };
        let Some(merged) = for_host(ask, home, &place.host, namespace) else { continue };
        let Some(named) = merged.subset(&place.target.subset) else { continue };
        let labels = &named.subset.labels;
        let pods: Vec<_> =
            ask.places.of_service(service).into_iter().filter(|pod| selects(labels, &pod.labels)).collect();
        if !pods.is_empty() && pods.iter().all(|pod| !pod.ready) {
            let message = said!(
                "none of the {} pods of {name} {} is ready",
                "{name} {1} 的 {0} 个 Pod 都未就绪",
                pods.len(),
                place.target.subset
            );
            out.at(format!("{}.subset", place.path), message);
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
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: v4, labels: {version: v4}}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}, weight: 90}, {destination: {host: reviews, subset: v4}, weight: 10}]}]}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: reviews-v4, namespace: shop}, spec: {replicas: 0, selector: {matchLabels: {app: reviews, version: v4}}, template: {metadata: {labels: {app: reviews, version: v4}}}}}"#,
                    &["spec.http[0].route[1].destination.subset"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: v9, labels: {version: v9}}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}, weight: 90}, {destination: {host: reviews, subset: v9}, weight: 10}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
