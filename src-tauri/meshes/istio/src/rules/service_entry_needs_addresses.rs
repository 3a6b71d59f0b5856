//! TCP to a ServiceEntry cannot be told from other TCP.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::read::field::Field;
use crate::rules::parts::{mesh_config, spec};

pub(crate) const RULE: Rule = Rule {
    name: "service-entry-needs-addresses",
    level: Level::Warning,
    aliases: &["IST0134"],
    what: "A TCP port has no address to know its connections by.",
    why: "The proxy takes every TCP connection to that port, to whatever host, for this one.",
    fix: "Give addresses, or let Istio allocate them by capturing DNS.",
    zh: Words {
        what: "某个 TCP 端口没有可用于识别连接的地址。",
        why: "代理会把发往该端口的所有 TCP 连接（无论目标主机）都当作此条目的连接。",
        fix: "请填写 addresses，或启用 DNS 捕获让 Istio 自动分配地址。",
    },
    about: &[About::Document("networking.istio.io", "ServiceEntry")],
    reads: &[("networking.istio.io", "ServiceEntry"), ("", "ConfigMap")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let spec = spec(subject);
    let given = subject.document().is_some_and(|d| Field::of(d).at("status.addresses").len() > 0);
    let tcp = |port: &Field| matches!(port.text("protocol").to_ascii_uppercase().as_str(), "" | "TCP");
    let ports: Vec<Field> = spec.items("ports").into_iter().filter(tcp).collect();
    if ports.is_empty() || given || !spec.items("addresses").is_empty() || allocates(ask) {
        return;
    }
    for port in ports {
        out.at(
            port.path(),
            said!(
                "port {} takes TCP, and nothing says to which address",
                "端口 {} 接收 TCP，但没有说明发往哪个地址",
                port.number("number")
            ),
        );
    }
}

/// The mesh gives such hosts addresses of its own.
fn allocates(ask: &Index) -> bool {
    let config = mesh_config(ask);
    let data = Field::root(&config).at("defaultConfig.proxyMetadata");
    let on = |name: &str| data.text(name) == "true";
    on("ISTIO_META_DNS_CAPTURE") && (on("ISTIO_META_DNS_AUTO_ALLOCATE") || on("PILOT_ENABLE_IP_AUTOALLOCATE"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com], resolution: DNS, ports: [{number: 1, name: tcp, protocol: TCP}, {number: 2, name: http, protocol: HTTP}]}}"#,
                    &["spec.ports[0]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com], addresses: [1.2.3.4], resolution: DNS, ports: [{number: 1, name: tcp, protocol: TCP}]}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-system}, data: {mesh: "defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: 'true', ISTIO_META_DNS_AUTO_ALLOCATE: 'true'}}"}}
---
{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com], resolution: DNS, ports: [{number: 1, name: tcp, protocol: TCP}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
