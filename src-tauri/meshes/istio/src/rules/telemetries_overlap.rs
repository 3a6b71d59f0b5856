//! Two Telemetry objects select one pod.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::TELEMETRY;
use crate::read::Index;
use crate::read::field::Field;
use crate::rules::parts::{namespace, spec};

pub(crate) const RULE: Rule = Rule {
    name: "telemetries-overlap",
    level: Level::Error,
    aliases: &["IST0159"],
    what: "More than one Telemetry selects the same pod.",
    why: "The older one holds alone: what the other asks for does not happen.",
    fix: "Put both into one, or narrow the selectors.",
    zh: Words {
        what: "多个 Telemetry 选择了同一个 Pod。",
        why: "只有较早的那个生效，另一个所要求的不会发生。",
        fix: "请合并为一个，或收窄选择器。",
    },
    about: &[About::Document("telemetry.istio.io", "Telemetry")],
    reads: &[("telemetry.istio.io", "Telemetry"), ("", "Pod")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let (own, ns) = (subject.key(), namespace(subject));
    let selector = spec(subject).get("selector").labels("matchLabels");
    for pod in ask.places.selected(&ns, &selector) {
        let mut others = ask.world.documents_in(TELEMETRY, "Telemetry", &ns).filter(|other| other.key != own);
        let other = others.find(|other| {
            let theirs = Field::of(other).at("spec.selector").labels("matchLabels");
            !theirs.is_empty() && mesh::selects(&theirs, &pod.labels)
        });
        if let Some(other) = other {
            out.at("spec.selector", said!("{} selects {} too", "{} 也选择了 {}", other.key, pod.workload.1));
            return;
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
                    r#"{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}}}
---
{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: b, namespace: shop}, spec: {selector: {matchLabels: {version: v1}}}}"#,
                    &["spec.selector", "spec.selector"],
                ),
                (
                    r#"{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}}}
---
{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: b, namespace: shop}, spec: {selector: {matchLabels: {app: details}}}}
---
{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: c, namespace: shop}, spec: {}}"#,
                    &[],
                ),
            ],
        );
    }
}
