//! Two Gateways of one proxy use the same certificate.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use mesh::selects;

use crate::kinds::NETWORKING;
use crate::read::Index;
use crate::read::field::Field;
use crate::rules::parts::spec;

pub(crate) const RULE: Rule = Rule {
    name: "gateway-duplicate-certificate",
    level: Level::Warning,
    aliases: &["IST0138"],
    what: "Another Gateway for the same proxies uses the same certificate.",
    why: "Browsers reuse a connection for all hosts that a certificate is for: requests for one host arrive at the other Gateway and are answered 404.",
    fix: "Put the hosts into one Gateway, or give each its own certificate.",
    zh: Words {
        what: "同一代理的另一个 Gateway 使用了相同的证书。",
        why: "浏览器会对证书涵盖的所有主机复用连接：发往某个主机的请求可能到达另一个 Gateway 并得到 404。",
        fix: "请把这些主机放入同一个 Gateway，或为每个 Gateway 使用各自的证书。",
    },
    about: &[About::Document("networking.istio.io", "Gateway")],
    reads: &[("networking.istio.io", "Gateway")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let (own, spec) = (subject.key(), spec(subject));
    let servers: Vec<Field> = spec.items("servers").into_iter().filter(|s| s.has("tls")).collect();
    if servers.is_empty() {
        return;
    }
    let selector = spec.labels("selector");
    for other in ask.world.documents_of(NETWORKING, "Gateway").filter(|other| other.key != own) {
        let theirs = Field::of(other).get("spec");
        if !selects(&selector, &theirs.labels("selector")) {
            continue;
        }
        let twin =
            |server: &&Field| theirs.items("servers").iter().any(|their| same(&server.get("tls"), &their.get("tls")));
        if let Some(server) = servers.iter().find(twin) {
            out.at(format!("{}.tls", server.path()), said!("{} uses it too", "{} 也使用了它", other.key));
            return;
        }
    }
}

fn same(a: &Field, b: &Field) -> bool {
    let equal = |name: &str| !a.text(name).is_empty() && a.text(name) == b.text(name);
    let neither = a.text("credentialName").is_empty() && b.text("credentialName").is_empty();
    equal("credentialName") || (neither && equal("serverCertificate") && equal("privateKey"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: c}}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: b, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: c}}]}}"#,
                    &["spec.servers[0].tls", "spec.servers[0].tls"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: c}}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: b, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: d}}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: c, namespace: istio-system}, spec: {selector: {app: x}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: c}}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
