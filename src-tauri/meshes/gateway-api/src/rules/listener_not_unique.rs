//! Two listeners of a gateway cannot both be open.
//!
//! Kiali compares only listeners that write a host; two that write none are just as equal.

use mesh::{About, Found, Level, Rule, Subject, Words};
use serde_json::Value;
use world::said;

use super::{Index, list, text};
use crate::GROUP;

pub(crate) const RULE: Rule = Rule {
    name: "listener-not-unique",
    level: Level::Error,
    aliases: &["KIA1503"],
    what: "Two listeners of the gateway have the same port, protocol and host.",
    why: "They cannot both be open: the later one is in conflict and its routes do not attach.",
    fix: "Give them different hosts or ports, or make one of them.",
    zh: Words {
        what: "网关的两个监听器端口、协议和主机都相同。",
        why: "它们不能同时打开：后一个处于冲突状态，其路由不会附着。",
        fix: "请给它们不同的主机或端口，或合并成一个。",
    },
    about: &[About::Document(GROUP, "Gateway")],
    reads: &[(GROUP, "Gateway")],
};

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    let Some(gateway) = subject.document() else { return };
    let listeners = list(&gateway.body, "/spec/listeners");
    for (at, later) in listeners.iter().enumerate() {
        let same = |a: &Value, b: &Value| {
            a.get("port") == b.get("port") && text(a, "protocol") == text(b, "protocol") && host(a) == host(b)
        };
        if let Some(earlier) = listeners.iter().take(at).find(|earlier| same(earlier, later)) {
            out.at(
                format!("spec.listeners[{at}]"),
                said!(
                    "{} has the same port, protocol and host",
                    "{} 的端口、协议和主机都与它相同",
                    text(earlier, "name").unwrap_or_default()
                ),
            );
        }
    }
}

/// The host of a listener; empty for all.
fn host(listener: &Value) -> &str {
    text(listener, "hostname").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: edge, namespace: shop}, spec: {gatewayClassName: istio, listeners: [{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTP, hostname: ""}, {name: c, port: 80, protocol: HTTP, hostname: a.example.com}, {name: d, port: 80, protocol: HTTP, hostname: a.example.com}]}}"#,
                    &["spec.listeners[1]", "spec.listeners[3]"],
                ),
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: edge, namespace: shop}, spec: {gatewayClassName: istio, listeners: [{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTP, hostname: a.example.com}, {name: c, port: 443, protocol: HTTPS}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
