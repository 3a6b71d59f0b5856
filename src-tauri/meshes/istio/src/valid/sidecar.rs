//! Sidecar. Upstream: ValidateSidecar and what it calls.

use std::collections::{BTreeMap, BTreeSet};

use world::said;

use super::destination_rule::connection_pool;
use super::gateway::{server_tls, socket_path};
use super::names::{self, Protocol, protocol};
use super::{Flaws, selector};
use crate::read::field::Field;

pub(super) fn check(namespace: &str, spec: &Field, flaws: &mut Flaws) {
    if !selector::workload(&spec.get("workloadSelector"), flaws) {
        return;
    }
    let (ingress, egress) = (spec.items("ingress"), spec.items("egress"));
    let more = spec.has("outboundTrafficPolicy") || spec.has("inboundConnectionPool");
    if ingress.is_empty() && egress.is_empty() && !more {
        flaws.error(spec, ("the Sidecar says nothing", "该 Sidecar 没有任何内容"));
        return;
    }
    let mut seen = BTreeSet::new();
    for listener in &ingress {
        let port = listener.get("port");
        flaws.never(!port.is_set(), &port, ("a listener needs a port", "监听器需要端口"));
        if port.is_set() {
            inbound(listener, &port, flaws);
            let fresh = seen.insert(port.number("number") as i64);
            flaws.never(!fresh, &port, ("two listeners have the same port", "两个监听器的端口相同"));
        }
    }
    connection_pool(&spec.get("inboundConnectionPool"), flaws);
    outbound(namespace, &egress, flaws);
    traffic_policy(&spec.get("outboundTrafficPolicy"), flaws);
}

fn inbound(listener: &Field, port: &Field, flaws: &mut Flaws) {
    check_port(port, flaws);
    flaws.hold(&port.get("number"), names::port(port.number("number")));
    let bind = listener.get("bind");
    flaws.hold(&bind, names::ip(bind.as_text()).filter(|_| !bind.as_text().is_empty()));
    default_endpoint(&listener.get("defaultEndpoint"), flaws);
    inbound_tls(&listener.get("tls"), port, flaws);
    let pool = listener.get("connectionPool");
    connection_pool(&pool, flaws);
    if pool.has("http") && protocol(port.text("protocol")) != Some(Protocol::Http) {
        flaws.warn(
            &pool.get("http"),
            ("the port does not speak HTTP, so this does nothing", "该端口不使用 HTTP，因此这里不起作用"),
        );
    }
}

fn check_port(port: &Field, flaws: &mut Flaws) {
    flaws.never(
        port.number("targetPort") > 0.0,
        &port.get("targetPort"),
        ("targetPort does nothing here", "targetPort 在这里不起作用"),
    );
    let name = port.get("name");
    flaws.hold(&name, names::label(name.as_text()).filter(|_| !name.as_text().is_empty()));
    let speaks = port.text("protocol");
    let known = speaks.is_empty() || protocol(speaks).is_some();
    flaws.hold(
        &port.get("protocol"),
        (!known).then(|| said!("there is no protocol {speaks}", "没有 {speaks} 这个协议")),
    );
}

fn default_endpoint(endpoint: &Field, flaws: &mut Flaws) {
    let text = endpoint.as_text();
    if text.is_empty() {
        return;
    }
    if let Some(socket) = text.strip_prefix("unix://") {
        flaws.hold(endpoint, socket_path(socket));
        return;
    }
    let (host, port) = mesh::split_port(text);
    let known = matches!(host, "" | "127.0.0.1" | "0.0.0.0" | "::1" | "::");
    flaws.never(
        !known,
        endpoint,
        (
            "requests go to 127.0.0.1, 0.0.0.0, [::1], [::] or a Unix socket",
            "请求只能发往 127.0.0.1、0.0.0.0、[::1]、[::] 或 Unix 套接字",
        ),
    );
    flaws.hold(endpoint, names::port(port.and_then(|p| p.parse().ok()).unwrap_or(0.0)));
}

fn inbound_tls(tls: &Field, port: &Field, flaws: &mut Flaws) {
    if !tls.is_set() {
        return;
    }
    let lists = ["subjectAltNames", "credentialNames", "tlsCertificates"];
    for name in lists.iter().filter(|name| tls.get(name).len() > 0) {
        flaws.error(&tls.get(name), said!("a Sidecar knows no {name}", "Sidecar 不支持 {name}"));
    }
    let other =
        [("httpsRedirect", tls.is_true("httpsRedirect")), ("credentialName", !tls.text("credentialName").is_empty())];
    for (name, _) in other.iter().filter(|(_, set)| *set) {
        flaws.error(&tls.get(name), said!("a Sidecar knows no {name}", "Sidecar 不支持 {name}"));
    }
    let mode = tls.text("mode");
    flaws.hold(
        &tls.get("mode"),
        (matches!(mode, "ISTIO_MUTUAL" | "AUTO_PASSTHROUGH"))
            .then(|| said!("a Sidecar knows no {mode}", "Sidecar 不支持 {mode}")),
    );
    let encrypted = protocol(port.text("protocol")) == Some(Protocol::Tls);
    flaws.never(
        !encrypted,
        tls,
        ("only an HTTPS or TLS port takes TLS settings", "只有 HTTPS 或 TLS 端口接受 TLS 设置"),
    );
    server_tls(tls, flaws);
}

fn outbound(namespace: &str, egress: &[Field], flaws: &mut Flaws) {
    let (mut ports, mut sockets) = (BTreeSet::new(), BTreeSet::new());
    for (at, listener) in egress.iter().enumerate() {
        let port = listener.get("port");
        if port.is_set() {
            outbound_port(listener, &port, flaws);
            let number = port.number("number") as i64;
            let fresh = if number == 0 { sockets.insert(listener.text("bind")) } else { ports.insert(number) };
            flaws.never(!fresh, &port, ("two listeners have the same port", "两个监听器的端口相同"));
        } else {
            flaws.never(
                at + 1 != egress.len(),
                listener,
                ("the listener without a port is the last", "没有端口的监听器必须排在最后"),
            );
        }
        hosts(namespace, listener, flaws);
    }
}

fn outbound_port(listener: &Field, port: &Field, flaws: &mut Flaws) {
    check_port(port, flaws);
    let bind = listener.get("bind");
    if port.number("number") != 0.0 {
        flaws.hold(&port.get("number"), names::port(port.number("number")));
        flaws.hold(&bind, names::ip(bind.as_text()).filter(|_| !bind.as_text().is_empty()));
        return;
    }
    match bind.as_text().strip_prefix("unix://") {
        Some(socket) => flaws.hold(&bind, socket_path(socket)),
        None => flaws.error(&bind, ("port 0 needs a Unix socket to listen on", "端口 0 需要监听 Unix 套接字")),
    }
    let mode = listener.get("captureMode");
    let free = matches!(mode.as_text(), "" | "DEFAULT" | "NONE");
    flaws.never(
        !free,
        &mode,
        ("nothing is captured for a Unix socket: DEFAULT or NONE", "Unix 套接字不捕获流量：只能是 DEFAULT 或 NONE"),
    );
}

fn hosts(namespace: &str, listener: &Field, flaws: &mut Flaws) {
    let all = listener.items("hosts");
    flaws.never(all.is_empty(), &listener.get("hosts"), ("a listener needs a host", "监听器至少需要一个主机"));
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for host in &all {
        let text = host.as_text();
        if let Some((ns, name)) = text.split_once('/').filter(|(ns, _)| !ns.starts_with('~')) {
            let known = seen.entry(if ns == "." { namespace } else { ns }).or_default();
            let twice = if name == "*" { !known.is_empty() } else { known.contains(name) || known.contains("*") };
            if twice {
                flaws.warn(host, said!("{text} is listed already", "{text} 已经列出"));
            }
            known.insert(name);
        }
        flaws.hold(host, names::namespaced_host(text, false));
    }
    if seen.len() != 1 && seen.get("*").is_some_and(|names| names.contains("*")) {
        flaws.warn(
            &listener.get("hosts"),
            ("*/* is everything; the other hosts add nothing", "*/* 已包含一切；其他主机没有作用"),
        );
    }
}

fn traffic_policy(policy: &Field, flaws: &mut Flaws) {
    let (mode, proxy) = (policy.get("mode"), policy.get("egressProxy"));
    if mode.as_text() == "ALLOW_ANY_DYNAMIC_DNS" {
        flaws.error(
            &mode,
            (
                "ALLOW_ANY_DYNAMIC_DNS is for the whole mesh, not for a Sidecar",
                "ALLOW_ANY_DYNAMIC_DNS 用于整个网格，不能用于 Sidecar",
            ),
        );
    } else if proxy.is_set() {
        if mode.as_text() != "ALLOW_ANY" {
            flaws.error(&proxy, ("egressProxy goes with ALLOW_ANY alone", "egressProxy 只能与 ALLOW_ANY 一起使用"));
            return;
        }
        flaws.hold(&proxy.get("host"), names::fqdn(proxy.text("host")));
        flaws.never(!proxy.has("port"), &proxy, ("egressProxy needs a port", "egressProxy 需要端口"));
    }
}
