//! A Sidecar or Telemetry selects no workload.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::parts::{namespace, spec, words};

pub(crate) const RULE: Rule = Rule {
    name: "workload-selector-matches-nothing",
    level: Level::Error,
    aliases: &["IST0101"],
    what: "No workload of the namespace has the labels that the object asks for.",
    why: "It holds nowhere.",
    fix: "Correct the labels, or remove the object.",
    zh: Words {
        what: "该命名空间中没有工作负载具有所要求的标签。",
        why: "该对象不对任何工作负载生效。",
        fix: "请更正标签，或删除该对象。",
    },
    about: &[About::Document("networking.istio.io", "Sidecar"), About::Document("telemetry.istio.io", "Telemetry")],
    reads: &[("networking.istio.io", "Sidecar"), ("telemetry.istio.io", "Telemetry"), ("", "Pod")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let spec = spec(subject);
    let (sidecar, telemetry) = (spec.get("workloadSelector"), spec.get("selector"));
    let (at, selector) = if sidecar.is_set() {
        (sidecar.get("labels"), sidecar.labels("labels"))
    } else {
        (telemetry.get("matchLabels"), telemetry.labels("matchLabels"))
    };
    if !selector.is_empty() && ask.places.selected(&namespace(subject), &selector).is_empty() {
        out.at(at.path(), said!("no workload has {}", "没有工作负载具有 {}", words(&selector)));
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
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {workloadSelector: {labels: {app: nobody}}, egress: [{hosts: ["./*"]}]}}"#,
                    &["spec.workloadSelector.labels"],
                ),
                (
                    r#"{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: nobody}}}}"#,
                    &["spec.selector.matchLabels"],
                ),
                (
                    r#"{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}}}
---
{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: b, namespace: shop}, spec: {egress: [{hosts: ["./*"]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
