//! Two gateways ask for the same IP address.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::{Document, said};

use super::{Index, list, text};
use crate::GROUP;

pub(crate) const RULE: Rule = Rule {
    name: "gateway-address-taken",
    level: Level::Warning,
    aliases: &["KIA1502"],
    what: "Another gateway asks for the same IP address.",
    why: "An address is given once: one of the two stays without it, and is not reachable there.",
    fix: "Ask for different addresses, or make one gateway of them.",
    zh: Words {
        what: "另一个网关要求同一个 IP 地址。",
        why: "一个地址只会分配一次：其中之一得不到它，在那里无法访问。",
        fix: "请要求不同的地址，或合并成一个网关。",
    },
    about: &[About::Document(GROUP, "Gateway")],
    reads: &[(GROUP, "Gateway")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(gateway) = subject.document() else { return };
    for (at, own) in addresses(gateway) {
        let mut others = ask.world.documents_of(GROUP, "Gateway").filter(|other| other.key != gateway.key);
        if let Some(other) = others.find(|other| addresses(other).iter().any(|(_, address)| *address == own)) {
            out.at(
                format!("spec.addresses[{at}].value"),
                said!("{}/{} asks for {own} too", "{}/{} 也要求 {own}", other.key.namespace, other.key.name),
            );
        }
    }
}

/// The IP addresses that a gateway asks for, with their places. A name may stand for proxies that several gateways share.
fn addresses(gateway: &Document) -> Vec<(usize, &str)> {
    let all = list(&gateway.body, "/spec/addresses").iter().enumerate();
    let ip = all.filter(|(_, address)| text(address, "type").unwrap_or("IPAddress") == "IPAddress");
    ip.filter_map(|(at, address)| Some((at, text(address, "value").filter(|value| !value.is_empty())?))).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: a, namespace: shop}, spec: {gatewayClassName: istio, addresses: [{value: 10.0.0.7}], listeners: []}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: b, namespace: shop}, spec: {gatewayClassName: istio, addresses: [{type: IPAddress, value: 10.0.0.7}], listeners: []}}"#,
                    &["spec.addresses[0].value", "spec.addresses[0].value"],
                ),
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: a, namespace: shop}, spec: {gatewayClassName: istio, addresses: [{type: Hostname, value: a.b.svc.cluster.local}], listeners: []}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: b, namespace: shop}, spec: {gatewayClassName: istio, addresses: [{type: Hostname, value: a.b.svc.cluster.local}], listeners: []}}"#,
                    &[],
                ),
            ],
        );
    }
}
