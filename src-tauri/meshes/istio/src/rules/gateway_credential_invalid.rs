//! A Secret of a Gateway holds no certificate.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::Said;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::kinds::SECRET_CONTENT;
use crate::read::Index;
use crate::read::field::Field;
use crate::rules::parts::{credentials, spec};

pub(crate) const RULE: Rule = Rule {
    name: "gateway-credential-invalid",
    level: Level::Error,
    aliases: &["IST0161"],
    what: "The Secret does not hold a certificate and its key in the fields where they belong.",
    why: "The port is not opened: clients cannot connect to it.",
    fix: "Put the certificate into tls.crt and the key into tls.key, both in PEM.",
    zh: Words {
        what: "该 Secret 没有在应有的字段中保存证书及其密钥。",
        why: "该端口不会打开，客户端无法连接。",
        fix: "请把 PEM 格式的证书放入 tls.crt，密钥放入 tls.key。",
    },
    about: &[About::Document("networking.istio.io", "Gateway")],
    reads: &[("networking.istio.io", "Gateway"), ("", "Pod"), ("", "Secret"), ("", SECRET_CONTENT)],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    for (field, secret) in credentials(ask, &spec(subject)) {
        let Some(document) = ask.world.document(&secret) else { continue };
        if let Some(why) = wrong(&Field::of(document).get("data")) {
            out.at(field.path(), Said::of(secret.to_string(), why));
        }
    }
}

/// Upstream: istio/istio pilot/pkg/credentials/kube/secrets.go, ExtractCertInfo. That a certificate has expired is not told here: rules know no clock.
fn wrong(data: &Field) -> Option<(&'static str, &'static str)> {
    let pairs = [("cert", "key"), ("tls.crt", "tls.key")];
    let given = |name: &str| !data.text(name).is_empty();
    let Some((certificate, _)) = pairs.into_iter().find(|(certificate, key)| given(certificate) && given(key)) else {
        return Some((
            "neither tls.crt and tls.key nor cert and key are there",
            "既没有 tls.crt 和 tls.key，也没有 cert 和 key",
        ));
    };
    (!is_certificate(data.text(certificate)))
        .then_some(("what should be a certificate is none", "应为证书的内容不是证书"))
}

/// A PEM block of DER that begins as a certificate does. Nothing of it is kept.
fn is_certificate(encoded: &str) -> bool {
    let text = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let inner = text
        .split_once("-----BEGIN CERTIFICATE-----")
        .and_then(|(_, rest)| rest.split_once("-----END CERTIFICATE-----"));
    let letters: String = inner.map(|(body, _)| body.split_whitespace().collect()).unwrap_or_default();
    STANDARD.decode(letters).is_ok_and(|der| der.first() == Some(&0x30))
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
{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: istio-system}, data: {tls.crt: bm90aGluZw==, tls.key: YQ==}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: a}}]}}"#,
                    &["spec.servers[0].tls.credentialName"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: edge-1, namespace: istio-system, labels: {istio: edge}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: istio-system}, data: {ca.crt: YQ==}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: a}}]}}"#,
                    &["spec.servers[0].tls.credentialName"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: edge-1, namespace: istio-system, labels: {istio: edge}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: istio-system}, data: {tls.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUIKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=, tls.key: YQ==}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: a}}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
