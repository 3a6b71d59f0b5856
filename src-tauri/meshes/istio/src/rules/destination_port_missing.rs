//! A destination does not say which port.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::read::hosts::fqdn;
use crate::rules::parts::{all_destinations, namespace, ports_of};

pub(crate) const RULE: Rule = Rule {
    name: "destination-port-missing",
    level: Level::Warning,
    aliases: &["IST0112"],
    what: "The host has several ports, and the destination names none.",
    why: "Requests go to the port that the caller used. At a gateway that is the gateway's own port, which the service may not have.",
    fix: "Name the port of the destination.",
    zh: Words {
        what: "该主机有多个端口，而目的地没有指定端口。",
        why: "请求会发往调用方所用的端口；在网关处则是网关自身的端口，服务可能没有该端口。",
        fix: "请为目的地指定端口。",
    },
    about: &[About::Document("networking.istio.io", "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService"), ("", "Service"), ("networking.istio.io", "ServiceEntry")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    for destination in all_destinations(subject).into_iter().filter(|d| !d.has("port")) {
        let host = fqdn(destination.text("host"), &namespace(subject));
        let ports = ports_of(ask, &host).unwrap_or_default();
        if ports.len() > 1 {
            let list = ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            out.at(destination.path(), said!("{host} has the ports {list}", "{host} 有端口 {list}"));
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
                    r#"{apiVersion: v1, kind: Service, metadata: {name: two, namespace: shop}, spec: {ports: [{name: http-a, port: 80}, {name: http-b, port: 81}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [two], http: [{route: [{destination: {host: two}}], mirror: {host: two}}]}}"#,
                    &["spec.http[0].route[0].destination", "spec.http[0].mirror"],
                ),
                (
                    r#"{apiVersion: v1, kind: Service, metadata: {name: two, namespace: shop}, spec: {ports: [{name: http-a, port: 80}, {name: http-b, port: 81}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [two], http: [{route: [{destination: {host: two, port: {number: 81}}}]}, {route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
