//! Two gateways open the same port and host at the same proxies.
//!
//! Kiali compares all gateways; each without an address gets proxies and an address of its own, so those never meet.

use mesh::{About, Found, Level, Rule, Subject, Words};
use serde_json::Value;
use world::{Document, said};

use super::{Index, list, text};
use crate::GROUP;

pub(crate) const RULE: Rule = Rule {
    name: "gateways-overlap",
    level: Level::Warning,
    aliases: &["KIA1501"],
    what: "Another gateway at the same address opens the same port for the same host.",
    why: "The proxies behind the address serve both: which gateway answers a request depends on their age.",
    fix: "Name different hosts, or make one gateway of them.",
    zh: Words {
        what: "同一地址上的另一个网关为同一主机打开了同一端口。",
        why: "该地址后面的代理同时为两者服务：由哪个网关应答取决于它们的先后。",
        fix: "请写不同的主机，或合并成一个网关。",
    },
    about: &[About::Document(GROUP, "Gateway")],
    reads: &[(GROUP, "Gateway")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(gateway) = subject.document() else { return };
    let own = addresses(gateway);
    if own.is_empty() {
        return;
    }
    let others: Vec<_> = (ask.world.documents_of(GROUP, "Gateway"))
        .filter(|other| other.key != gateway.key && addresses(other).iter().any(|address| own.contains(address)))
        .collect();
    for (at, listener) in list(&gateway.body, "/spec/listeners").iter().enumerate() {
        let same = |other: &Value| {
            let host = |l| text(l, "hostname").unwrap_or_default();
            listener.get("port") == other.get("port")
                && text(listener, "protocol") == text(other, "protocol")
                && host(listener) == host(other)
        };
        if let Some(other) = others.iter().find(|other| list(&other.body, "/spec/listeners").iter().any(same)) {
            out.at(
                format!("spec.listeners[{at}]"),
                said!("{}/{} opens it too", "{}/{} 也打开了它", other.key.namespace, other.key.name),
            );
        }
    }
}

/// The addresses that a gateway is asked to have; with none it gets proxies of its own.
fn addresses(gateway: &Document) -> Vec<&str> {
    list(&gateway.body, "/spec/addresses")
        .iter()
        .filter_map(|address| text(address, "value"))
        .filter(|value| !value.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: a, namespace: shop}, spec: {gatewayClassName: istio, addresses: [{type: Hostname, value: ingress.istio-system.svc.cluster.local}], listeners: [{name: a, port: 80, protocol: HTTP}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: b, namespace: legacy}, spec: {gatewayClassName: istio, addresses: [{type: Hostname, value: ingress.istio-system.svc.cluster.local}], listeners: [{name: b, port: 80, protocol: HTTP}, {name: c, port: 443, protocol: HTTPS}]}}"#,
                    &["spec.listeners[0]", "spec.listeners[0]"],
                ),
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: edge, namespace: shop}, spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: b, namespace: shop}, spec: {gatewayClassName: istio, listeners: [{name: b, port: 80, protocol: HTTP}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
