//! A gateway does not listen for the hosts of a VirtualService.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::read::field::Field;
use crate::read::hosts::matches;
use crate::rules::parts::{gateway_key, namespace, spec};

pub(crate) const RULE: Rule = Rule {
    name: "host-not-in-gateway",
    level: Level::Warning,
    aliases: &["IST0132"],
    what: "The Gateway has none of the hosts of the VirtualService.",
    why: "At that gateway none of its rules is ever asked.",
    fix: "Add the host to a server of the Gateway, or correct the hosts.",
    zh: Words {
        what: "该 Gateway 不包含此 VirtualService 的任何主机。",
        why: "在该网关上，它的规则永远不会被使用。",
        fix: "请把主机添加到 Gateway 的某个 server，或更正主机。",
    },
    about: &[About::Document("networking.istio.io", "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService"), ("networking.istio.io", "Gateway")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let (spec, ns) = (spec(subject), namespace(subject));
    let hosts = spec.texts("hosts");
    for named in spec.items("gateways") {
        let gateway = gateway_key(named.as_text(), &ns).and_then(|key| ask.world.document(&key));
        let Some(gateway) = gateway else { continue };
        let served: Vec<&str> =
            Field::of(gateway).get("spec").items("servers").iter().flat_map(|s| s.texts("hosts")).collect();
        let open: Vec<&str> = served.iter().filter_map(|host| shown(host, &gateway.key.namespace, &ns)).collect();
        if !open.iter().any(|open| hosts.iter().any(|host| matches(open, host))) {
            out.at(named.path(), said!("{} listens for {}", "{} 监听的主机是 {}", gateway.key, served.join(", ")));
        }
    }
}

/// A host of a gateway as it is for the VirtualServices of a namespace.
fn shown<'a>(host: &'a str, gateway: &str, namespace: &str) -> Option<&'a str> {
    let Some((of, host)) = host.split_once('/') else { return Some(host) };
    (of == "*" || of == namespace || (of == "." && gateway == namespace)).then_some(host)
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: [b.example.com], port: {number: 80, name: http, protocol: HTTP}}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com], gateways: [istio-system/edge], http: [{route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.gateways[0]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: [legacy/a.example.com], port: {number: 80, name: http, protocol: HTTP}}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com], gateways: [istio-system/edge], http: [{route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.gateways[0]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*.example.com", "legacy/x"], port: {number: 80, name: http, protocol: HTTP}}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com], gateways: [istio-system/edge, mesh, nosuch], http: [{route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["shop/*"], port: {number: 80, name: http, protocol: HTTP}}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com], gateways: [istio-system/edge], http: [{route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
