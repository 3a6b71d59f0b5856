//! A VirtualService names a gateway that does not exist.

use mesh::{Finding, Level, Rule};
use world::ObjectKey;

use crate::kinds::NETWORKING;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "gateway-not-found",
    level: Level::Error,
    aliases: &["IST0101", "KIA1102"],
    what: "The VirtualService is bound to a Gateway that does not exist.",
    why: "No proxy at the edge takes up its routes.",
    fix: "Correct the name: NAMESPACE/NAME, or NAME for a Gateway of the same namespace.",
    reads: &[("networking.istio.io", "VirtualService"), ("networking.istio.io", "Gateway")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    for typed in &index.virtual_services {
        for (at, gateway) in typed.spec.gateways.iter().enumerate().filter(|(_, g)| *g != "mesh") {
            let (namespace, name) = gateway.split_once('/').unwrap_or((&typed.document.key.namespace, gateway));
            let key = ObjectKey::new(NETWORKING, "Gateway", namespace, name);
            if index.world.document(&key).is_none() {
                out.push(RULE.at(&typed.document.key, format!("spec.gateways[{at}]"), format!("there is no {key}")));
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], gateways: [mesh, edge], http: [{route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.gateways[1]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], gateways: [istio-system/edge], http: [{route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
