//! A route sends requests to a host that the mesh does not know.

use mesh::{Finding, Level, Rule};

use crate::read::Index;
use crate::rules::destinations;

pub(crate) const RULE: Rule = Rule {
    name: "host-not-found",
    level: Level::Error,
    aliases: &["IST0101", "KIA1101"],
    what: "A destination names a host that is no Service and no ServiceEntry.",
    why: "Requests that the rule catches are answered 503 by the caller's own proxy.",
    fix: "Correct the name (a short name is looked up in the VirtualService's own namespace, a name with a dot is taken as it stands), or add a ServiceEntry.",
    reads: &[("networking.istio.io", "VirtualService"), ("", "Service"), ("networking.istio.io", "ServiceEntry")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    for use_of in destinations(index) {
        if !index.knows(&use_of.host) {
            let message = format!("no Service or ServiceEntry is called {}", use_of.host);
            out.push(RULE.at(use_of.object, format!("{}.host", use_of.path), message));
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: nosuch}}]}]}}"#,
                    &["spec.http[0].route[0].destination.host"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews.shop}}]}]}}"#,
                    &["spec.http[0].route[0].destination.host"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{mirror: {host: gone}, route: [{destination: {host: details}}]}]}}"#,
                    &["spec.http[0].mirror.host"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: e, namespace: shop}, spec: {hosts: ["*.example.com"], ports: [{number: 80, name: http, protocol: HTTP}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: api.example.com}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
