//! A DestinationRule is about a host that the mesh does not know.

use mesh::{Finding, Level, Rule};

use crate::kinds::destination_rule::decide::host_of;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "destination-rule-host-not-found",
    level: Level::Warning,
    aliases: &["IST0174", "KIA0202"],
    what: "The host is no Service and no ServiceEntry.",
    why: "The rule holds nowhere: its subsets and TLS settings have no effect.",
    fix: "Correct the name: a short name is looked up in the rule's own namespace, a name with a dot is taken as it stands.",
    reads: &[("networking.istio.io", "DestinationRule"), ("", "Service"), ("networking.istio.io", "ServiceEntry")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    for typed in index.all_destination_rules() {
        let host = host_of(typed);
        if !index.knows(&host) {
            out.push(RULE.at(&typed.document.key, "spec.host", format!("no Service or ServiceEntry is called {host}")));
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
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: nosuch}}"#,
                    &["spec.host"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews.shop}}"#,
                    &["spec.host"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: shop}, spec: {host: "*.shop.svc.cluster.local"}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: c, namespace: shop}, spec: {host: "*"}}"#,
                    &[],
                ),
            ],
        );
    }
}
