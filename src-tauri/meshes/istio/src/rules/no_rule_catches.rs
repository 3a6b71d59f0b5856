//! Some requests for a host are caught by no rule.

use mesh::{Finding, Level, Rule};

use crate::kinds::virtual_service::matches::catches_all;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "no-rule-catches",
    level: Level::Warning,
    aliases: &[],
    what: "Every rule has conditions, so some requests are caught by none.",
    why: "A VirtualService takes over its hosts whole: what no rule catches is answered 404, it does not fall back to the service.",
    fix: "Add a last rule without conditions that sends the rest where it should go.",
    reads: &[("networking.istio.io", "VirtualService")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    for typed in &index.virtual_services {
        let spec = &typed.spec;
        let in_mesh = spec.gateways.is_empty() || spec.gateways.iter().any(|g| g == "mesh");
        // Conditions on port and caller are settled before the proxy sees the rule, so they alone leave nothing out for it.
        let open = spec.http.iter().any(|rule| rule.matches.is_empty() || rule.matches.iter().any(catches_all));
        if in_mesh && !spec.http.is_empty() && !open {
            let hosts = spec.hosts.join(", ");
            out.push(RULE.at(
                &typed.document.key,
                "spec.http",
                format!("requests for {hosts} that no rule catches are answered 404"),
            ));
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.http"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /}}], route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}}]}, {route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
