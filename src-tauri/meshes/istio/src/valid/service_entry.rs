//! ServiceEntry. Upstream: ValidateServiceEntry.

use std::collections::BTreeSet;

use world::said;

use super::names::{self, Protocol, protocol};
use super::{Flaws, selector, workload};
use crate::read::field::Field;

pub(super) fn check(namespace: &str, spec: &Field, flaws: &mut Flaws) {
    let chosen = spec.get("workloadSelector");
    if !selector::workload(&chosen, flaws) {
        return;
    }
    let endpoints = spec.items("endpoints");
    let both = chosen.is_set() && !endpoints.is_empty();
    flaws.never(
        both,
        &spec.get("endpoints"),
        ("workloadSelector and endpoints exclude each other", "workloadSelector 与 endpoints 不能同时使用"),
    );
    let resolution = spec.text("resolution");
    check_hosts(spec, resolution, flaws);
    let ports = spec.items("ports");
    check_ports(spec, &ports, resolution, flaws);
    match resolution {
        "" | "NONE" => {
            flaws.never(
                !endpoints.is_empty(),
                &spec.get("endpoints"),
                ("with resolution NONE there are no endpoints", "resolution 为 NONE 时没有 endpoints"),
            );
            if chosen.is_set() {
                flaws.warn(
                    &chosen,
                    ("with resolution NONE nothing is selected", "resolution 为 NONE 时不会选择任何对象"),
                );
            }
        }
        "STATIC" => {
            let names: BTreeSet<&str> = ports.iter().map(|p| p.text("name")).collect();
            for endpoint in &endpoints {
                workload::entry(endpoint, Some(&names), false, flaws);
            }
        }
        "DNS" | "DNS_ROUND_ROBIN" => by_dns(spec, &ports, &endpoints, flaws),
        "DYNAMIC_DNS" => by_dynamic_dns(spec, &ports, flaws),
        other => flaws
            .error(&spec.get("resolution"), said!("there is no resolution {other}", "没有 {other} 这种 resolution")),
    }
    let hosts = spec.items("hosts").len();
    let other = |p: &Field| !matches!(protocol(p.text("protocol")), Some(Protocol::Http | Protocol::Tls));
    let mixed = !matches!(resolution, "" | "NONE") && hosts > 1 && ports.iter().any(other);
    flaws.never(
        mixed,
        &spec.get("hosts"),
        (
            "on a port that is neither HTTP nor TLS several hosts cannot be told apart",
            "在既非 HTTP 也非 TLS 的端口上无法区分多个主机",
        ),
    );
    selector::export_to(namespace, spec, true, false, flaws);
}

fn check_hosts(spec: &Field, resolution: &str, flaws: &mut Flaws) {
    let hosts = spec.items("hosts");
    flaws.never(hosts.is_empty(), &spec.get("hosts"), ("a ServiceEntry needs a host", "ServiceEntry 至少需要一个主机"));
    for host in &hosts {
        let text = host.as_text();
        flaws.never(text == "*", host, ("* is no host of a ServiceEntry", "* 不能作为 ServiceEntry 的主机"));
        flaws.hold(host, names::wildcard_host(text));
        if let Some(wrong) = names::partial_wildcard(text).filter(|_| resolution != "DYNAMIC_DNS") {
            flaws.warn(host, wrong);
        }
    }
    for address in spec.items("addresses") {
        flaws.hold(&address, names::ip_range(address.as_text()));
        let range = address.as_text().contains('/') && !matches!(resolution, "" | "NONE" | "STATIC");
        flaws.never(
            range,
            &address,
            ("ranges of addresses go with resolution NONE and STATIC", "地址范围只能用于 resolution NONE 和 STATIC"),
        );
    }
}

fn check_ports(spec: &Field, ports: &[Field], resolution: &str, flaws: &mut Flaws) {
    let addressed = !spec.items("addresses").is_empty() || !matches!(resolution, "" | "NONE");
    let (mut names_seen, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for port in ports {
        let (name, number, speaks) = (port.text("name"), port.number("number"), port.text("protocol"));
        flaws.hold(
            &port.get("name"),
            (!names_seen.insert(name)).then(|| said!("two ports are called {name}", "两个端口都叫 {name}")),
        );
        flaws.hold(
            &port.get("number"),
            (!numbers.insert(number as i64)).then(|| said!("port {number} is there twice", "端口 {number} 写了两次")),
        );
        if port.number("targetPort") != 0.0 {
            flaws.hold(&port.get("targetPort"), names::port(port.number("targetPort")));
        }
        if !addressed && matches!(speaks, "" | "TCP") {
            flaws.warn(
                port,
                (
                    "without addresses, TCP to this port cannot be told from TCP to any other host",
                    "没有地址时，无法区分发往此端口的 TCP 与发往其他主机的 TCP",
                ),
            );
        }
        flaws.hold(&port.get("name"), names::label(name));
        let unknown = !speaks.is_empty() && protocol(speaks).is_none();
        flaws.hold(
            &port.get("protocol"),
            unknown.then(|| said!("there is no protocol {speaks}", "没有 {speaks} 这个协议")),
        );
        flaws.hold(&port.get("number"), names::port(number));
    }
}

fn by_dns(spec: &Field, ports: &[Field], endpoints: &[Field], flaws: &mut Flaws) {
    let hosts = spec.items("hosts");
    if endpoints.is_empty()
        && let Some(host) = hosts.iter().find(|h| names::fqdn(h.as_text()).is_some())
    {
        flaws.error(
            host,
            (
                "DNS cannot resolve a pattern; name endpoints, or the full host",
                "DNS 无法解析通配主机；请写 endpoints，或写完整的主机名",
            ),
        );
    }
    let many = spec.text("resolution") == "DNS_ROUND_ROBIN" && endpoints.len() > 1;
    flaws.never(many, &spec.get("endpoints"), ("DNS_ROUND_ROBIN takes one endpoint", "DNS_ROUND_ROBIN 只接受一个端点"));
    let known: BTreeSet<&str> = ports.iter().map(|p| p.text("name")).collect();
    for endpoint in endpoints {
        let address = endpoint.get("address");
        flaws.hold(&address, names::fqdn(address.as_text()).filter(|_| !names::is_ip(address.as_text())));
        flaws.labels(endpoint, "labels");
        workload::ports(endpoint, Some(&known), flaws);
    }
    let tcp = |p: &Field| matches!(protocol(p.text("protocol")), Some(Protocol::Tcp | Protocol::Tls));
    if !spec.items("addresses").is_empty() && hosts.len() > 1 && ports.iter().any(tcp) {
        flaws.warn(
            &spec.get("hosts"),
            ("with addresses and a TCP port there can be only one host", "有地址和 TCP 端口时只能有一个主机"),
        );
    }
}

fn by_dynamic_dns(spec: &Field, ports: &[Field], flaws: &mut Flaws) {
    let hosts = spec.items("hosts");
    for host in hosts.iter().filter(|h| !h.as_text().starts_with('*')) {
        flaws.error(host, ("DYNAMIC_DNS is for hosts with a star", "DYNAMIC_DNS 只用于带星号的主机"));
    }
    for name in ["addresses", "endpoints"] {
        flaws.hold(
            &spec.get(name),
            (!spec.items(name).is_empty()).then(|| said!("DYNAMIC_DNS knows no {name}", "DYNAMIC_DNS 不支持 {name}")),
        );
    }
    for port in ports {
        let speaks = port.text("protocol").to_ascii_lowercase();
        let good = matches!(speaks.as_str(), "http" | "tls" | "grpc" | "http2");
        flaws.never(
            !good,
            &port.get("protocol"),
            ("DYNAMIC_DNS speaks HTTP, HTTP2, GRPC and TLS", "DYNAMIC_DNS 只支持 HTTP、HTTP2、GRPC 和 TLS"),
        );
    }
}
