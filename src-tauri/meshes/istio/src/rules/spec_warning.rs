//! A field has a value that istiod takes with a warning.

use mesh::{Found, Level, Rule, Subject, Words};

use crate::read::Index;
use crate::valid::{ABOUT, READS, flaws};

pub(crate) const RULE: Rule = Rule {
    name: "spec-warning",
    level: Level::Warning,
    aliases: &["IST0133"],
    what: "istiod takes the object, and warns about a field of it.",
    why: "The field does nothing, or something other than it seems to.",
    fix: "Follow the warning, or take the field out.",
    zh: Words {
        what: "istiod 会接受该对象，但对其中某个字段发出警告。",
        why: "该字段不起作用，或者其作用与表面含义不同。",
        fix: "请按警告处理，或删除该字段。",
    },
    about: ABOUT,
    reads: READS,
};

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    let Some(document) = subject.document() else { return };
    for flaw in flaws(document).into_iter().filter(|flaw| !flaw.refused) {
        out.at(flaw.path, flaw.message);
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
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, trafficPolicy: {outlierDetection: {consecutiveErrors: 1}}}}"#,
                    &["spec.trafficPolicy.outlierDetection.consecutiveErrors"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {action: DENY, rules: [{to: [{operation: {methods: [POST]}}]}]}}"#,
                    &["spec.rules[0]"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {action: DENY, rules: [{to: [{operation: {methods: [POST], ports: ["9080"]}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
