//! DestinationRule. Upstream: ValidateDestinationRule, validateTrafficPolicy and what they call; agent.ValidateTLS.

use std::collections::BTreeSet;

use world::said;

use super::{Flaws, load_balancer, names, selector};
use crate::read::field::Field;

pub(super) fn check(namespace: &str, spec: &Field, flaws: &mut Flaws) {
    flaws.hold(&spec.get("host"), names::wildcard_host(spec.text("host")));
    policy(namespace, &spec.get("trafficPolicy"), flaws);
    let mut seen = BTreeSet::new();
    for subset in spec.items("subsets") {
        let name = subset.get("name");
        flaws.hold(
            &name,
            (!seen.insert(name.as_text()))
                .then(|| said!("two subsets are called {}", "两个子集都叫 {}", name.as_text())),
        );
        flaws.hold(&name, names::label(name.as_text()));
        flaws.labels(&subset, "labels");
        policy(namespace, &subset.get("trafficPolicy"), flaws);
    }
    let selected = spec.has("workloadSelector");
    selector::export_to(namespace, spec, false, selected, flaws);
    selector::check(&spec.get("workloadSelector"), flaws);
}

const PARTS: [&str; 4] = ["outlierDetection", "connectionPool", "loadBalancer", "tls"];

fn policy(namespace: &str, policy: &Field, flaws: &mut Flaws) {
    if !policy.is_set() {
        return;
    }
    let more = ["tunnel", "proxyProtocol", "retryBudget"].iter().any(|part| policy.has(part));
    if !more && policy.items("portLevelSettings").is_empty() && !PARTS.iter().any(|part| policy.has(part)) {
        flaws.error(policy, ("the traffic policy says nothing", "流量策略没有任何内容"));
        return;
    }
    if policy.has("tunnel") && policy.has("proxyProtocol") {
        flaws.error(
            &policy.get("tunnel"),
            ("tunnel and proxyProtocol exclude each other", "tunnel 与 proxyProtocol 不能同时使用"),
        );
        return;
    }
    parts(namespace, policy, flaws);
    for port in policy.items("portLevelSettings") {
        flaws.never(!port.has("port"), &port.get("port"), ("the port is missing", "缺少端口"));
        if PARTS.iter().any(|part| port.has(part)) {
            parts(namespace, &port, flaws);
        } else {
            flaws.error(&port, ("the policy of the port says nothing", "该端口的策略没有任何内容"));
        }
    }
    tunnel(&policy.get("tunnel"), flaws);
}

fn parts(namespace: &str, policy: &Field, flaws: &mut Flaws) {
    outlier_detection(&policy.get("outlierDetection"), flaws);
    connection_pool(&policy.get("connectionPool"), flaws);
    load_balancer::check(&policy.get("loadBalancer"), policy.has("outlierDetection"), flaws);
    client_tls(namespace, &policy.get("tls"), flaws);
}

fn tunnel(tunnel: &Field, flaws: &mut Flaws) {
    if tunnel.is_set() {
        let protocol = tunnel.get("protocol");
        let known = matches!(protocol.as_text(), "" | "CONNECT" | "POST");
        flaws.never(!known, &protocol, ("a tunnel speaks CONNECT or POST", "tunnel 只使用 CONNECT 或 POST"));
        let target = tunnel.get("targetHost");
        flaws.hold(&target, names::fqdn(target.as_text()).filter(|_| !names::is_ip(target.as_text())));
        flaws.hold(&tunnel.get("targetPort"), names::port(tunnel.number("targetPort")));
    }
}

fn outlier_detection(outlier: &Field, flaws: &mut Flaws) {
    if !outlier.is_set() {
        return;
    }
    flaws.duration(outlier, "baseEjectionTime");
    flaws.duration(outlier, "interval");
    if outlier.number("consecutiveErrors") != 0.0 {
        let at = outlier.get("consecutiveErrors");
        flaws.warn(
            &at,
            (
                "consecutiveErrors is old; write consecutiveGatewayErrors or consecutive5xxErrors",
                "consecutiveErrors 已过时；请写 consecutiveGatewayErrors 或 consecutive5xxErrors",
            ),
        );
    }
    let local = outlier.number("consecutiveLocalOriginFailures") > 0.0;
    let at = outlier.get("consecutiveLocalOriginFailures");
    let split = outlier.is_true("splitExternalLocalOriginErrors");
    flaws.never(
        local && !split,
        &at,
        (
            "it counts only with splitExternalLocalOriginErrors: true",
            "只有 splitExternalLocalOriginErrors: true 时才计数",
        ),
    );
    for name in ["maxEjectionPercent", "minHealthPercent"] {
        let good = (0.0..=100.0).contains(&outlier.number(name));
        flaws.never(!good, &outlier.get(name), ("a percentage lies between 0 and 100", "百分比应在 0 到 100 之间"));
    }
}

/// `connectionPool`, also of a Sidecar's listener.
pub(super) fn connection_pool(pool: &Field, flaws: &mut Flaws) {
    if !pool.is_set() {
        return;
    }
    let (http, tcp) = (pool.get("http"), pool.get("tcp"));
    if !http.is_set() && !tcp.is_set() {
        flaws.error(pool, ("the connection pool says nothing", "连接池没有任何内容"));
        return;
    }
    let counts = [
        "http1MaxPendingRequests",
        "http2MaxRequests",
        "maxRequestsPerConnection",
        "maxRetries",
        "maxConcurrentStreams",
    ];
    for name in counts {
        flaws.never(http.number(name) < 0.0, &http.get(name), ("it is negative", "不能为负数"));
    }
    flaws.duration(&http, "idleTimeout");
    let both = http.text("h2UpgradePolicy") == "UPGRADE" && http.is_true("useClientProtocol");
    flaws.never(
        both,
        &http.get("useClientProtocol"),
        (
            "h2UpgradePolicy UPGRADE and useClientProtocol exclude each other",
            "h2UpgradePolicy UPGRADE 与 useClientProtocol 不能同时使用",
        ),
    );
    let alive = http.get("http2KeepAlive");
    if alive.is_set() {
        for name in ["interval", "timeout"] {
            flaws.hold(&alive.get(name), (!alive.has(name)).then(|| said!("{name} is missing", "缺少 {name}")));
            flaws.duration(&alive, name);
        }
    }
    flaws.never(tcp.number("maxConnections") < 0.0, &tcp.get("maxConnections"), ("it is negative", "不能为负数"));
    flaws.duration(&tcp, "connectTimeout");
    flaws.duration(&tcp, "maxConnectionDuration");
    if names::nanoseconds(tcp.text("idleTimeout")).is_some_and(|n| n.abs() >= 1e6) {
        flaws.duration(&tcp, "idleTimeout");
    }
    flaws.duration(&tcp.get("tcpKeepalive"), "time");
    flaws.duration(&tcp.get("tcpKeepalive"), "interval");
}

/// `tls` towards a host.
fn client_tls(namespace: &str, tls: &Field, flaws: &mut Flaws) {
    let mode = tls.text("mode");
    let given = |name: &str| !tls.text(name).is_empty();
    if let Some(name) = tls.text("credentialName").strip_prefix("configmap://") {
        let at = tls.get("credentialName");
        let own = name.split_once('/').is_none_or(|(ns, _)| ns == namespace) && !namespace.is_empty();
        flaws.never(
            !own,
            &at,
            (
                "a ConfigMap with certificates lies in the rule's own namespace",
                "保存证书的 ConfigMap 必须位于该规则自己的命名空间",
            ),
        );
    }
    if tls.is_true("insecureSkipVerify") {
        let names = !tls.items("subjectAltNames").is_empty();
        let checks = given("caCertificates") || names || (mode == "SIMPLE" && given("credentialName"));
        let wrong = matches!(mode, "SIMPLE" | "MUTUAL") && checks;
        flaws.never(
            wrong,
            tls,
            (
                "insecureSkipVerify looks at no certificate, so it excludes a CA and subjectAltNames",
                "insecureSkipVerify 不检查证书，因此不能与 CA 和 subjectAltNames 同时使用",
            ),
        );
    }
    if matches!(mode, "SIMPLE" | "MUTUAL") && given("credentialName") {
        let files = ["clientCertificate", "caCertificates", "privateKey", "caCrl"].iter().any(|name| given(name));
        flaws.never(
            files,
            tls,
            ("credentialName excludes certificates in files", "credentialName 不能与文件中的证书同时使用"),
        );
        return;
    }
    for name in ["clientCertificate", "privateKey"] {
        flaws.hold(
            &tls.get(name),
            (mode == "MUTUAL" && !given(name))
                .then(|| said!("MUTUAL needs {name} or credentialName", "MUTUAL 需要 {name} 或 credentialName")),
        );
    }
}
