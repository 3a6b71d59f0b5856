//! An object has another shape than its kind allows.

use mesh::{Finding, Level, Rule};

use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "shape",
    level: Level::Error,
    aliases: &["IST0106"],
    what: "A field has another type than its kind allows.",
    why: "istiod cannot read the object and ignores it whole.",
    fix: "Correct the field that is named.",
    reads: &[
        ("networking.istio.io", "VirtualService"),
        ("networking.istio.io", "DestinationRule"),
        ("security.istio.io", "PeerAuthentication"),
        ("security.istio.io", "AuthorizationPolicy"),
        ("networking.istio.io", "ServiceEntry"),
    ],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    out.extend(index.broken.iter().map(|(key, error)| RULE.at(key, "spec", error.clone())));
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: reviews}}"#,
                    &["spec"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], novel: 1}}"#,
                    &[],
                ),
            ],
        );
    }
}
