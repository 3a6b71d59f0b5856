//! Two Gateways of one proxy take the same host and port.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use mesh::selects;

use crate::read::Index;
use crate::read::field::Field;
use crate::rules::parts::spec;

pub(crate) const RULE: Rule = Rule {
    name: "gateways-conflict",
    level: Level::Error,
    aliases: &["IST0145", "KIA0301"],
    what: "Another Gateway for the same proxies has the same host on the same port.",
    why: "The older one takes the host: what is bound to the younger one is not asked.",
    fix: "Put both into one Gateway, or tell them apart by host or port.",
    zh: Words {
        what: "同一代理的另一个 Gateway 在同一端口上有相同的主机。",
        why: "较早的 Gateway 会占用该主机，绑定到较晚 Gateway 的规则不会被使用。",
        fix: "请合并为一个 Gateway，或用不同的主机或端口加以区分。",
    },
    about: &[About::Document("networking.istio.io", "Gateway")],
    reads: &[("networking.istio.io", "Gateway"), ("", "Pod")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let (own, spec) = (subject.key(), spec(subject));
    let selector = spec.labels("selector");
    let servers = spec.items("servers");
    let beside = |server: &Field| {
        let number = server.get("port").number("number");
        let at = |host: &str| ask.gateways.found(&format!("{number}/{host}"));
        server.texts("hosts").into_iter().flat_map(at).collect::<Vec<_>>()
    };
    let mut others: Vec<_> = servers.iter().flat_map(beside).map(|other| &other.document).collect();
    others.retain(|other| other.key != own);
    others.sort_by(|a, b| a.key.cmp(&b.key));
    others.dedup_by(|a, b| a.key == b.key);
    for server in servers {
        for other in &others {
            let theirs = Field::of(other).get("spec");
            let host = theirs.items("servers").iter().find_map(|their| common(&server, their));
            if let Some(host) = host.filter(|_| share(ask, &selector, &theirs.labels("selector"))) {
                let number = server.get("port").number("number");
                out.at(
                    format!("{}.hosts", server.path()),
                    said!("{} has {host} on port {number} too", "{} 在端口 {number} 上也有 {host}", other.key),
                );
                break;
            }
        }
    }
}

/// A host that two servers on one port both have.
fn common<'a>(a: &Field<'a>, b: &Field<'a>) -> Option<&'a str> {
    let number = |of: &Field| of.get("port").number("number");
    let same = number(a) == number(b) && a.text("bind") == b.text("bind");
    let theirs = b.texts("hosts");
    a.texts("hosts").into_iter().find(|host| same && theirs.contains(host))
}

/// Some proxy is selected by both; without any pod, the same words select the same proxies.
fn share(ask: &Index, a: &world::Labels, b: &world::Labels) -> bool {
    a == b || ask.places.selected_anywhere(a).iter().any(|pod| selects(b, &pod.labels))
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTP}}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: b, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTP}}]}}"#,
                    &["spec.servers[0].hosts", "spec.servers[0].hosts"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: edge-1, namespace: istio-system, labels: {istio: edge}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTP}}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: b, namespace: istio-system}, spec: {selector: {}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTP}}]}}"#,
                    &["spec.servers[0].hosts", "spec.servers[0].hosts"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTP}}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: b, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 81, name: http, protocol: HTTP}}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: c, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: [a.example.com], port: {number: 80, name: http, protocol: HTTP}}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: d, namespace: istio-system}, spec: {selector: {app: x}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTP}}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
