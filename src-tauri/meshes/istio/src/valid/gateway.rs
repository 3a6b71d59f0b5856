//! Gateway. Upstream: ValidateGateway, validateServer, validateTLSOptions.

use std::collections::BTreeSet;

use world::said;

use super::Flaws;
use super::names::{self, Protocol, protocol};
use crate::read::field::Field;

pub(super) fn check(whole: &Field, spec: &Field, flaws: &mut Flaws) {
    let name = whole.at("metadata.name");
    flaws.hold(&name, names::label(name.as_text()));
    let servers = spec.items("servers");
    flaws.never(servers.is_empty(), &spec.get("servers"), ("a gateway needs a server", "网关至少需要一个 server"));
    let mut seen = BTreeSet::new();
    for server in &servers {
        check_server(server, flaws);
        let port = server.get("port");
        if port.is_set() {
            let fresh = seen.insert(port.text("name"));
            flaws.hold(
                &port.get("name"),
                (!fresh)
                    .then(|| said!("two servers call their port {}", "两个 server 的端口都叫 {}", port.text("name"))),
            );
            let redirect = server.get("tls").is_true("httpsRedirect");
            if redirect && protocol(port.text("protocol")) != Some(Protocol::Http) {
                flaws.warn(
                    &server.at("tls.httpsRedirect"),
                    ("only HTTP servers redirect to HTTPS", "只有 HTTP 的 server 才能重定向到 HTTPS"),
                );
            }
        }
    }
}

fn check_server(server: &Field, flaws: &mut Flaws) {
    let hosts = server.items("hosts");
    flaws.never(hosts.is_empty(), &server.get("hosts"), ("a server needs a host", "server 至少需要一个主机"));
    for host in &hosts {
        flaws.hold(host, names::namespaced_host(host.as_text(), true));
    }
    let (port, bind, before) = (server.get("port"), server.text("bind"), flaws.0.len());
    check_port(&port, bind, flaws);
    let port_is_good = flaws.0.len() == before;
    check_bind(&server.get("bind"), &port, flaws);
    let tls = server.get("tls");
    server_tls(&tls, flaws);
    let speaks = protocol(port.text("protocol"));
    match speaks {
        _ if !port_is_good => {}
        Some(Protocol::Tls) => flaws.never(
            !tls.is_set(),
            &tls,
            ("an HTTPS or TLS server needs TLS settings", "HTTPS 或 TLS 的 server 需要 TLS 设置"),
        ),
        Some(Protocol::Http) if tls.is_set() => {
            let passes = matches!(tls.text("mode"), "" | "PASSTHROUGH" | "AUTO_PASSTHROUGH");
            let keys = ["caCertificates", "privateKey", "serverCertificate"];
            let bare = passes && keys.iter().all(|key| tls.text(key).is_empty());
            flaws.never(
                !bare,
                &tls,
                ("an HTTP server takes no TLS settings but the redirect", "HTTP 的 server 除重定向外不接受 TLS 设置"),
            );
        }
        _ => flaws.never(
            tls.is_set(),
            &tls,
            (
                "a server that is neither HTTPS nor TLS takes no TLS settings",
                "既非 HTTPS 也非 TLS 的 server 不接受 TLS 设置",
            ),
        ),
    }
}

fn check_port(port: &Field, bind: &str, flaws: &mut Flaws) {
    if !port.is_set() {
        flaws.error(port, ("a server needs a port", "server 需要端口"));
        return;
    }
    let (field, name) = (port.get("protocol"), port.text("protocol"));
    flaws.hold(
        &field,
        (protocol(name).is_none())
            .then(|| said!("'{name}' is no protocol that a gateway knows", "“{name}”不是网关支持的协议")),
    );
    if port.number("number") > 0.0 || !bind.starts_with("unix://") {
        flaws.hold(&port.get("number"), names::port(port.number("number")));
    }
    flaws.never(
        port.number("targetPort") > 0.0,
        &port.get("targetPort"),
        ("targetPort does nothing here", "targetPort 在这里不起作用"),
    );
    flaws.never(port.text("name").is_empty(), &port.get("name"), ("the port needs a name", "端口需要名称"));
}

fn check_bind(bind: &Field, port: &Field, flaws: &mut Flaws) {
    let text = bind.as_text();
    if let Some(socket) = text.strip_prefix("unix://") {
        flaws.hold(bind, socket_path(socket));
        flaws.never(
            port.number("number") != 0.0,
            &port.get("number"),
            ("the port of a Unix socket is 0", "Unix 套接字的端口应为 0"),
        );
    } else if !text.is_empty() {
        flaws.hold(bind, names::ip(text));
    }
}

/// A path of a Unix socket.
pub(super) fn socket_path(path: &str) -> names::Wrong {
    let good = path.starts_with('@') || (path.starts_with('/') && !path.ends_with('/'));
    (!good).then(|| said!("'{path}' is no path of a socket", "“{path}”不是套接字的路径"))
}

const CIPHERS: [&str; 15] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
    "DES-CBC3-SHA",
];

fn ciphers(tls: &Field, flaws: &mut Flaws) {
    let old = matches!(tls.text("minProtocolVersion"), "TLSV1_0" | "TLSV1_1");
    let all = tls.items("cipherSuites");
    if old && all.is_empty() {
        flaws.warn(
            &tls.get("minProtocolVersion"),
            ("TLS older than 1.2 needs cipherSuites that fit it", "低于 1.2 的 TLS 需要与之相配的 cipherSuites"),
        );
    }
    let mut seen = BTreeSet::new();
    for cipher in &all {
        let name = cipher.as_text();
        let expression = name.is_empty() || name == "ALL" || !name.starts_with(char::is_alphanumeric);
        if !expression && !CIPHERS.contains(&name) {
            flaws.warn(cipher, said!("there is no cipher suite {name}", "没有 {name} 这个密码套件"));
        } else if !seen.insert(name) {
            flaws.warn(cipher, said!("{name} is listed twice", "{name} 列出了两次"));
        }
    }
}

/// `tls` of a server or of a Sidecar's listener.
pub(super) fn server_tls(tls: &Field, flaws: &mut Flaws) {
    if !tls.is_set() {
        return;
    }
    ciphers(tls, flaws);
    let given = given_by(tls);
    let mode = tls.text("mode");
    if mode == "ISTIO_MUTUAL" {
        let own = ["serverCertificate", "privateKey", "caCertificates"];
        let more = ["tlsCertificates", "credentialName", "credentialNames"];
        for name in own.iter().chain(&more).filter(|name| given(name)) {
            flaws.error(
                &tls.get(name),
                said!(
                    "ISTIO_MUTUAL brings its own certificates; take {name} out",
                    "ISTIO_MUTUAL 自带证书；请删除 {name}"
                ),
            );
        }
        return;
    }
    let own = ["caCrl", "serverCertificate", "privateKey", "caCertificates"];
    let all = own.iter().chain(&["tlsCertificates", "credentialName", "credentialNames"]).copied();
    if matches!(mode, "" | "PASSTHROUGH" | "AUTO_PASSTHROUGH") && all.into_iter().any(&given) {
        flaws.warn(tls, ("certificates do nothing where TLS passes through", "TLS 直通时证书不起作用"));
    }
    let sources = [
        given("serverCertificate") && given("privateKey"),
        given("credentialName"),
        given("credentialNames"),
        given("tlsCertificates"),
    ];
    let many = sources.iter().filter(|source| **source).count() > 1;
    flaws.never(many, tls, ("certificates come from more than one place", "证书有不止一个来源"));
    let terminates = matches!(mode, "SIMPLE" | "MUTUAL" | "OPTIONAL_MUTUAL");
    if terminates && !given("credentialName") && !given("credentialNames") {
        certificates(tls, mode, flaws);
    }
    if !terminates || !(given("credentialName") || given("credentialNames")) {
        let crl = tls.get("caCrl");
        let told = !crl.as_text().is_empty();
        flaws.never(
            told && given("credentialName"),
            &crl,
            (
                "with credentialName the list of revoked ones is in the Secret",
                "使用 credentialName 时，吊销列表在 Secret 中",
            ),
        );
        flaws.never(
            told && mode == "SIMPLE",
            &crl,
            (
                "SIMPLE looks at no client certificate, so nothing is revoked",
                "SIMPLE 不检查客户端证书，吊销列表不起作用",
            ),
        );
    }
}

/// Whether a field says anything.
fn given_by<'a>(tls: &'a Field) -> impl Fn(&str) -> bool + 'a {
    |name| !tls.text(name).is_empty() || tls.get(name).len() > 0
}

/// Certificates in files of the proxy.
fn certificates(tls: &Field, mode: &str, flaws: &mut Flaws) {
    let ca = mode != "SIMPLE" && tls.text("caCertificates").is_empty();
    flaws.hold(
        &tls.get("caCertificates"),
        ca.then(|| said!("{mode} needs the CA of the clients", "{mode} 需要客户端的 CA")),
    );
    let listed = tls.items("tlsCertificates");
    if listed.len() > 2 {
        flaws.warn(&tls.get("tlsCertificates"), ("at most two certificates are used", "最多使用两个证书"));
    }
    let own = [tls.clone()];
    for certificate in if listed.is_empty() { own.as_slice() } else { listed.as_slice() } {
        for name in ["serverCertificate", "privateKey"] {
            let missing = certificate.text(name).is_empty();
            flaws.hold(
                &certificate.get(name),
                missing.then(|| said!("{mode} needs {name} or credentialName", "{mode} 需要 {name} 或 credentialName")),
            );
        }
    }
}
