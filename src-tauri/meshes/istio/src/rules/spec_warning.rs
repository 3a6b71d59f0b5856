//! A field has a value that istiod takes with a warning.

use mesh::{About, Found, Level, Rule, Subject, Words};

use crate::read::Index;
use crate::valid::flaws;

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
    about: &[
        About::Document("networking.istio.io", "VirtualService"),
        About::Document("networking.istio.io", "DestinationRule"),
        About::Document("networking.istio.io", "Gateway"),
        About::Document("networking.istio.io", "ServiceEntry"),
        About::Document("networking.istio.io", "Sidecar"),
        About::Document("networking.istio.io", "WorkloadEntry"),
        About::Document("networking.istio.io", "WorkloadGroup"),
        About::Document("networking.istio.io", "EnvoyFilter"),
        About::Document("networking.istio.io", "ProxyConfig"),
        About::Document("security.istio.io", "PeerAuthentication"),
        About::Document("security.istio.io", "AuthorizationPolicy"),
        About::Document("security.istio.io", "RequestAuthentication"),
        About::Document("telemetry.istio.io", "Telemetry"),
        About::Document("extensions.istio.io", "WasmPlugin"),
        About::Document("extensions.istio.io", "TrafficExtension"),
    ],
    reads: &[
        ("networking.istio.io", "VirtualService"),
        ("networking.istio.io", "DestinationRule"),
        ("networking.istio.io", "Gateway"),
        ("networking.istio.io", "ServiceEntry"),
        ("networking.istio.io", "Sidecar"),
        ("networking.istio.io", "WorkloadEntry"),
        ("networking.istio.io", "WorkloadGroup"),
        ("networking.istio.io", "EnvoyFilter"),
        ("networking.istio.io", "ProxyConfig"),
        ("security.istio.io", "PeerAuthentication"),
        ("security.istio.io", "AuthorizationPolicy"),
        ("security.istio.io", "RequestAuthentication"),
        ("telemetry.istio.io", "Telemetry"),
        ("extensions.istio.io", "WasmPlugin"),
        ("extensions.istio.io", "TrafficExtension"),
    ],
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
