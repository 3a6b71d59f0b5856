//! A route sends requests to a host that the mesh does not know.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::read::Index;
use crate::read::hosts::fqdn;
use crate::rules::parts::{all_destinations, namespace};

pub(crate) const RULE: Rule = Rule {
    name: "host-not-found",
    level: Level::Error,
    aliases: &["IST0101", "KIA1101"],
    what: "A destination names a host that is no Service and no ServiceEntry.",
    why: "Requests that the rule catches are answered 503 by the caller's own proxy.",
    fix: "Correct the name (a short name is looked up in the VirtualService's own namespace, a name with a dot is taken as it stands), or add a ServiceEntry.",
    zh: Words {
        what: "某个目的地的主机既不是 Service，也不是 ServiceEntry。",
        why: "命中这条规则的请求由调用方自己的代理回答 503。",
        fix: "请更正名称（短名称在 VirtualService 自己的命名空间中查找，带点的名称按原样使用），或添加 ServiceEntry。",
    },
    about: &[About::Document(NETWORKING, "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService"), ("", "Service"), ("networking.istio.io", "ServiceEntry")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let home = namespace(subject);
    for destination in all_destinations(subject) {
        let host = fqdn(destination.text("host"), &home);
        if !ask.knows(&host) {
            out.at(
                format!("{}.host", destination.path()),
                said!("no Service or ServiceEntry is called {host}", "没有名为 {host} 的 Service 或 ServiceEntry"),
            );
        } else if !callers(ask, subject, &home).iter().any(|caller| ask.shows(&host, caller)) {
            out.at(
                format!("{}.host", destination.path()),
                said!("{host} is not exported to where this is asked", "{host} 没有导出到使用此规则的命名空间"),
            );
        }
    }
}

/// The namespaces for whose callers the routes are; the own one where they are for all.
fn callers(ask: &Index, subject: &Subject, home: &str) -> Vec<String> {
    let shown = ask.virtual_services.subject(subject).map(|typed| ask.rules_shown(typed));
    match shown.filter(|shown| !shown.is_public()) {
        Some(shown) => shown.names().map(str::to_owned).collect(),
        None => vec![home.to_owned()],
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
                    r#"{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: e, namespace: legacy}, spec: {hosts: [a.example.com], exportTo: [.], ports: [{number: 80, name: http, protocol: HTTP}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], tcp: [{route: [{destination: {host: a.example.com}}]}]}}"#,
                    &["spec.tcp[0].route[0].destination.host"],
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
