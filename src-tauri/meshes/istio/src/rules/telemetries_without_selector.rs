//! Two Telemetry objects are for a whole namespace.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::TELEMETRY;
use crate::read::Index;
use crate::read::field::Field;
use crate::rules::parts::{namespace, spec};

pub(crate) const RULE: Rule = Rule {
    name: "telemetries-without-selector",
    level: Level::Error,
    aliases: &["IST0160"],
    what: "More than one Telemetry of the namespace has no selector.",
    why: "The oldest one holds alone: what the others ask for does not happen.",
    fix: "Put them into one.",
    zh: Words {
        what: "该命名空间中有多个没有选择器的 Telemetry。",
        why: "只有最早的那个生效，其他的要求不会发生。",
        fix: "请将它们合并为一个。",
    },
    about: &[About::Document("telemetry.istio.io", "Telemetry")],
    reads: &[("telemetry.istio.io", "Telemetry")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let (own, ns) = (subject.key(), namespace(subject));
    if spec(subject).has("selector") {
        return;
    }
    let mut others = ask.world.documents_in(TELEMETRY, "Telemetry", &ns).filter(|other| other.key != own);
    if let Some(other) = others.find(|other| !Field::of(other).at("spec.selector").is_set()) {
        out.at("spec", said!("{} has no selector either", "{} 也没有选择器", other.key));
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
                    r#"{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: a, namespace: shop}, spec: {}}
---
{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: b, namespace: shop}, spec: {}}"#,
                    &["spec", "spec"],
                ),
                (
                    r#"{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: a, namespace: shop}, spec: {}}
---
{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: b, namespace: legacy}, spec: {}}
---
{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: c, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}}}"#,
                    &[],
                ),
            ],
        );
    }
}
