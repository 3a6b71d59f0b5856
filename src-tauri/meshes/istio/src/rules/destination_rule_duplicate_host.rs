//! Two DestinationRules of a namespace are about one host.

use mesh::{Finding, Level, Rule};

use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "destination-rule-duplicate-host",
    level: Level::Warning,
    aliases: &["KIA0201"],
    what: "An older DestinationRule of this namespace is about the same host.",
    why: "Only subsets with new names are added from the younger one; its traffic policy and subsets of the same name are ignored.",
    fix: "Put both into one DestinationRule.",
    reads: &[("networking.istio.io", "DestinationRule")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    for by in index.destination_rules.values() {
        for rules in by.exact.values().chain(by.wildcards.iter().map(|(_, rules)| rules)) {
            for (at, typed) in rules.iter().enumerate().filter(|(_, t)| t.spec.workload_selector.is_none()) {
                let older = || rules.iter().take(at).filter(|t| t.spec.workload_selector.is_none());
                let named = |name: &str| older().find(|o| o.spec.subsets.iter().any(|s| s.name == name));
                for (n, subset) in typed.spec.subsets.iter().enumerate() {
                    if let Some(first) = named(&subset.name) {
                        let message = format!("{} defines subset {} first", first.document.key, subset.name);
                        out.push(RULE.at(&typed.document.key, format!("spec.subsets[{n}]"), message));
                    }
                }
                let policy = typed.spec.traffic_policy.is_some();
                if let Some(first) = older().find(|o| policy && o.spec.traffic_policy.is_some()) {
                    let message =
                        format!("{} sets the traffic policy for {} first", first.document.key, typed.spec.host);
                    out.push(RULE.at(&typed.document.key, "spec.trafficPolicy", message));
                }
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
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: shop}, spec: {host: reviews.shop.svc.cluster.local, subsets: [{name: v1, labels: {version: v2}}]}}"#,
                    &["spec.subsets[0]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, trafficPolicy: {tls: {mode: DISABLE}}}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: shop}, spec: {host: reviews, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}}"#,
                    &["spec.trafficPolicy"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: shop}, spec: {host: reviews, subsets: [{name: v2, labels: {version: v2}}]}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: c, namespace: shop}, spec: {host: details}}"#,
                    &[],
                ),
            ],
        );
    }
}
