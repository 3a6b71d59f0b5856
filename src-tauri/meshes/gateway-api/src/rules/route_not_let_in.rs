//! A gateway does not let a route of this namespace in.

use mesh::{About, Found, Level, Rule, Subject, Words};
use serde_json::Value;
use world::{Labels, said};

use super::{Index, Reference, list, text};
use crate::GROUP;

pub(crate) const RULE: Rule = Rule {
    name: "route-not-let-in",
    level: Level::Error,
    aliases: &["KIA1401"],
    what: "No listener of the gateway lets routes of this namespace attach.",
    why: "A listener takes routes of its own namespace alone unless allowedRoutes says more: this one is passed over.",
    fix: "Widen allowedRoutes of the listener, or move the route.",
    zh: Words {
        what: "网关没有任何监听器允许该命名空间的路由附着。",
        why: "除非 allowedRoutes 另有说明，监听器只接受自己命名空间的路由：这一条会被忽略。",
        fix: "请放宽监听器的 allowedRoutes，或移动路由。",
    },
    about: &[
        About::Document(GROUP, "HTTPRoute"),
        About::Document(GROUP, "GRPCRoute"),
        About::Document(GROUP, "TLSRoute"),
        About::Document(GROUP, "TCPRoute"),
    ],
    reads: &[
        (GROUP, "HTTPRoute"),
        (GROUP, "GRPCRoute"),
        (GROUP, "TLSRoute"),
        (GROUP, "TCPRoute"),
        (GROUP, "Gateway"),
        ("", "Namespace"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(route) = subject.document() else { return };
    let home = &route.key.namespace;
    for (at, value) in list(&route.body, "/spec/parentRefs").iter().enumerate() {
        let parent = Reference::parent(value, home);
        if parent.group != GROUP || parent.kind != "Gateway" {
            continue;
        }
        let Some(gateway) = ask.find("Gateway", parent.namespace, parent.name) else { continue };
        let section = text(value, "sectionName");
        let meant = list(&gateway.body, "/spec/listeners")
            .iter()
            .filter(|l| section.is_none_or(|s| text(l, "name") == Some(s)));
        let mut meant = meant.peekable();
        if meant.peek().is_some() && !meant.any(|listener| lets_in(ask, listener, parent.namespace, home)) {
            out.at(
                format!("spec.parentRefs[{at}]"),
                said!("{} lets no routes of {home} in", "{} 不允许 {home} 的路由附着", parent.name),
            );
        }
    }
}

/// Whether a listener of a gateway in `owner` lets routes of a namespace in. A selector with expressions is taken to.
fn lets_in(ask: &Index, listener: &Value, owner: &str, home: &str) -> bool {
    let Some(namespaces) = listener.pointer("/allowedRoutes/namespaces") else { return owner == home };
    match text(namespaces, "from") {
        Some("All") => true,
        Some("None") => false,
        Some("Selector") => {
            let wanted: Labels = namespaces
                .pointer("/selector/matchLabels")
                .and_then(|l| serde_json::from_value(l.clone()).ok())
                .unwrap_or_default();
            let labels = ask.world.namespace(home).map(|n| n.labels.clone()).unwrap_or_default();
            mesh::selects(&wanted, &labels.with([("kubernetes.io/metadata.name", home)]))
        }
        _ => owner == home,
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
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: edge, namespace: shop}, spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: open, namespace: shop}, spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}, {name: tls, port: 443, protocol: HTTPS}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: legacy}, spec: {parentRefs: [{name: edge, namespace: shop}, {name: open, namespace: shop, sectionName: tls}]}}"#,
                    &["spec.parentRefs[0]", "spec.parentRefs[1]"],
                ),
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: edge, namespace: shop}, spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: open, namespace: shop}, spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}, {name: tls, port: 443, protocol: HTTPS}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: by-label, namespace: shop}, spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: legacy}}}}}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: shop}, spec: {parentRefs: [{name: edge}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: legacy}, spec: {parentRefs: [{name: open, namespace: shop}, {name: by-label, namespace: shop}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
