//! A subset has no pods.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::{Labels, ObjectKey, Pod, said};

use crate::kinds::NETWORKING;
use crate::kinds::destination_rule::decide::host_of;
use crate::read::Index;
use crate::rules::parts::words;

pub(crate) const RULE: Rule = Rule {
    name: "subset-selects-no-pods",
    level: Level::Error,
    aliases: &["IST0173", "KIA0203"],
    what: "No pod of the service has the labels of this subset.",
    why: "Requests for the subset are answered 503: no healthy upstream.",
    fix: "Correct the labels, or deploy the version.",
    zh: Words {
        what: "该服务没有任何 Pod 带有这个子集的标签。",
        why: "发往该子集的请求会得到 503：没有健康的上游。",
        fix: "请更正标签，或部署该版本。",
    },
    about: &[About::Document(NETWORKING, "DestinationRule")],
    reads: &[("networking.istio.io", "DestinationRule"), ("", "Service"), ("", "Pod"), ("", "Node")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.destination_rules.subject(subject) else { return };
    let host = host_of(typed);
    let Some(service) = ask.service_called(&host) else {
        return;
    };
    let pods = ask.places.of_service(service);
    for (at, subset) in typed.spec.subsets.iter().enumerate() {
        if !pods.iter().any(|pod| holds(ask, &subset.labels, pod)) {
            let message = said!("no pod of {} has {}", "{} 没有 Pod 带有 {}", service.name, words(&subset.labels));
            out.at(format!("spec.subsets[{at}].labels"), message);
        }
    }
}

/// Where a pod runs counts among its labels. Upstream: istio/istio pilot/pkg/serviceregistry/util/label/label.go, AugmentLabels.
fn holds(ask: &Index, wanted: &Labels, pod: &Pod) -> bool {
    wanted.iter().all(|(key, value)| match key {
        _ if pod.labels.get(key) == Some(value) => true,
        "kubernetes.io/hostname" => pod.node == *value,
        "topology.kubernetes.io/region" | "topology.kubernetes.io/zone" | "topology.istio.io/subzone" => {
            let node = ask.world.document(&ObjectKey::new("", "Node", "", &pod.node));
            !value.is_empty() && node.and_then(|node| node.labels.get(key)) == Some(value)
        }
        // Which cluster and network this is, no object says.
        "topology.istio.io/cluster" | "topology.istio.io/network" => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: v9, labels: {version: v9}}]}}"#,
                    &["spec.subsets[1].labels"],
                ),
                (
                    r#"{apiVersion: v1, kind: Node, metadata: {name: node-1, labels: {topology.kubernetes.io/zone: zone-a}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: ratings}}, spec: {nodeName: node-1, containers: []}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: ratings, subsets: [{name: here, labels: {topology.kubernetes.io/zone: zone-a}}, {name: there, labels: {topology.kubernetes.io/zone: zone-b}}]}}"#,
                    &["spec.subsets[1].labels"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: all, labels: {}}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
