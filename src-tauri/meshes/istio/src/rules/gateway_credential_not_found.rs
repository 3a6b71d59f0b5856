//! A Gateway names a Secret that is not there.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::parts::{credentials, spec};

pub(crate) const RULE: Rule = Rule {
    name: "gateway-credential-not-found",
    level: Level::Error,
    aliases: &["IST0101"],
    what: "The Secret with the server's certificate is not in the namespace of the gateway's pods.",
    why: "The port is not opened: clients cannot connect to it.",
    fix: "Make the Secret there, or correct its name.",
    zh: Words {
        what: "保存服务器证书的 Secret 不在网关 Pod 所在的命名空间中。",
        why: "该端口不会打开，客户端无法连接。",
        fix: "请在该命名空间创建此 Secret，或更正其名称。",
    },
    about: &[About::Document("networking.istio.io", "Gateway")],
    reads: &[("networking.istio.io", "Gateway"), ("", "Pod"), ("", "Secret")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    for (field, secret) in credentials(ask, &spec(subject)) {
        if ask.world.document(&secret).is_none() {
            out.at(field.path(), said!("there is no {secret}", "{secret} 不存在"));
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
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: edge-1, namespace: istio-system, labels: {istio: edge}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: a}}]}}"#,
                    &["spec.servers[0].tls.credentialName"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: edge-1, namespace: istio-system, labels: {istio: edge}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: istio-system}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: a}}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
