//! A DestinationRule begins TLS on a port without a CA.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::parts::{spec, unverified};

pub(crate) const RULE: Rule = Rule {
    name: "port-tls-server-unverified",
    level: Level::Warning,
    aliases: &["IST0129"],
    what: "For a port, the rule begins TLS and names no CA to check the server's certificate with.",
    why: "Whoever answers in the server's place is believed; where the proxies trust no system CAs, the connection may fail.",
    fix: "Add caCertificates, or credentialName with a workloadSelector.",
    zh: Words {
        what: "该规则在某个端口上发起 TLS，但没有指定用于校验服务器证书的 CA。",
        why: "冒充服务器的任何一方都会被信任；若代理不信任系统 CA，连接可能失败。",
        fix: "请添加 caCertificates，或配合 workloadSelector 使用 credentialName。",
    },
    about: &[About::Document("networking.istio.io", "DestinationRule")],
    reads: &[("networking.istio.io", "DestinationRule")],
};

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    let spec = spec(subject);
    for port in spec.get("trafficPolicy").items("portLevelSettings") {
        let tls = port.get("tls");
        if unverified(&tls, &spec) {
            let number = port.get("port").number("number");
            out.at(
                tls.path(),
                said!(
                    "{} towards {} port {number}, and no CA",
                    "对 {1} 的端口 {number} 使用 {0}，但没有 CA",
                    tls.text("mode"),
                    spec.text("host")
                ),
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
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, trafficPolicy: {portLevelSettings: [{port: {number: 443}, tls: {mode: SIMPLE}}]}}}"#,
                    &["spec.trafficPolicy.portLevelSettings[0].tls"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, trafficPolicy: {portLevelSettings: [{port: {number: 443}, tls: {mode: SIMPLE, caCertificates: a}}]}}}"#,
                    &[],
                ),
            ],
        );
    }
}
