//! A destination names a port that the host has not.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::read::hosts::fqdn;
use crate::rules::parts::{all_destinations, namespace, ports_of};

pub(crate) const RULE: Rule = Rule {
    name: "destination-port-not-found",
    level: Level::Error,
    aliases: &["IST0101"],
    what: "The host has no such port.",
    why: "Requests that the rule catches are answered 503 by the caller's own proxy.",
    fix: "Name a port of the service, which may be another than that of its pods.",
    zh: Words {
        what: "该主机没有这样的端口。",
        why: "命中该规则的请求会由调用方自己的代理返回 503。",
        fix: "请填写服务的端口，它可能与 Pod 的端口不同。",
    },
    about: &[About::Document("networking.istio.io", "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService"), ("", "Service"), ("networking.istio.io", "ServiceEntry")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    for destination in all_destinations(subject).into_iter().filter(|d| d.has("port")) {
        let (host, number) =
            (fqdn(destination.text("host"), &namespace(subject)), destination.get("port").number("number"));
        let Some(ports) = ports_of(ask, &host) else { continue };
        if !ports.iter().any(|port| f64::from(*port) == number) {
            let list = ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            out.at(
                format!("{}.port", destination.path()),
                said!("{host} has no port {number}, but {list}", "{host} 没有端口 {number}，只有 {list}"),
            );
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, port: {number: 80}}}]}], tcp: [{route: [{destination: {host: reviews, port: {number: 81}}}]}]}}"#,
                    &["spec.http[0].route[0].destination.port", "spec.tcp[0].route[0].destination.port"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, port: {number: 9080}}}]}, {route: [{destination: {host: nosuch, port: {number: 1}}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
