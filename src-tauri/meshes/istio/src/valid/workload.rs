//! WorkloadEntry and WorkloadGroup. Upstream: validateWorkloadEntry, ValidateWorkloadGroup, validateReadinessProbe.

use std::collections::BTreeSet;

use world::said;

use super::gateway::socket_path;
use super::{Flaws, names};
use crate::read::field::Field;

/// An endpoint; `ports` are those of its ServiceEntry, where it is one's.
pub(super) fn entry(entry: &Field, of: Option<&BTreeSet<&str>>, by_name: bool, flaws: &mut Flaws) {
    let address = entry.get("address");
    let text = address.as_text();
    if text.is_empty() {
        if entry.text("network").is_empty() {
            flaws.error(&address, ("the address is missing", "缺少地址"));
            return;
        }
        flaws.warn(&address, ("there is a network, but no address in it", "写了 network，却没有其中的地址"));
    } else if let Some(socket) = text.strip_prefix("unix://") {
        flaws.hold(&address, socket_path(socket));
        flaws.never(
            entry.get("ports").len() > 0,
            &entry.get("ports"),
            ("a Unix socket has no ports", "Unix 套接字没有端口"),
        );
        let one = of.is_none_or(|ports| ports.len() == 1);
        flaws.never(!one, &address, ("a Unix socket serves one port", "一个 Unix 套接字只服务一个端口"));
    } else if !names::is_ip(text) {
        let good = by_name && names::fqdn(text).is_none();
        flaws.hold(
            &address,
            (!good).then(|| said!("'{text}' is no address that this entry can have", "“{text}”不能作为该条目的地址")),
        );
    }
    ports(entry, of, flaws);
    flaws.labels(entry, "labels");
}

/// The ports of an endpoint, which are those of its service by name.
pub(super) fn ports(entry: &Field, of: Option<&BTreeSet<&str>>, flaws: &mut Flaws) {
    for (name, port) in entry.entries("ports") {
        let unknown = of.is_some_and(|names| !names.contains(name));
        flaws.hold(
            &port,
            unknown.then(|| said!("the ServiceEntry has no port {name}", "该 ServiceEntry 没有端口 {name}")),
        );
        flaws.hold(&port, names::label(name).or_else(|| names::port(entry.get("ports").number(name))));
    }
}

pub(super) fn group(spec: &Field, flaws: &mut Flaws) {
    if !spec.has("template") {
        flaws.error(&spec.get("template"), ("the template is missing", "缺少 template"));
        return;
    }
    flaws.labels(&spec.get("metadata"), "labels");
    probe(&spec.get("probe"), flaws);
}

fn probe(probe: &Field, flaws: &mut Flaws) {
    if !probe.is_set() {
        return;
    }
    for name in ["periodSeconds", "initialDelaySeconds", "timeoutSeconds", "successThreshold", "failureThreshold"] {
        flaws.never(probe.number(name) < 0.0, &probe.get(name), ("it is negative", "不能为负数"));
    }
    let (http, tcp, exec, grpc) = (probe.get("httpGet"), probe.get("tcpSocket"), probe.get("exec"), probe.get("grpc"));
    if http.is_set() {
        flaws.hold(&http.get("port"), names::port(http.number("port")));
        let scheme = matches!(http.text("scheme"), "" | "HTTP" | "HTTPS");
        flaws.never(!scheme, &http.get("scheme"), ("the scheme is HTTP or HTTPS", "scheme 应为 HTTP 或 HTTPS"));
        for header in http.items("httpHeaders") {
            let name = header.text("name");
            flaws.hold(
                &header,
                names::header_name(name, true).or_else(|| {
                    name.contains('_').then(|| said!("'{name}' is no name of a header", "“{name}”不是 HTTP 头的名称"))
                }),
            );
        }
    } else if tcp.is_set() {
        flaws.hold(&tcp.get("port"), names::port(tcp.number("port")));
    } else if exec.is_set() {
        flaws.never(exec.items("command").is_empty(), &exec, ("the command is missing", "缺少 command"));
    } else {
        let why = if grpc.is_set() {
            ("istiod does not know this probe", "istiod 不支持这种探针")
        } else {
            ("the probe says nothing", "探针没有任何内容")
        };
        flaws.error(probe, why);
    }
}
