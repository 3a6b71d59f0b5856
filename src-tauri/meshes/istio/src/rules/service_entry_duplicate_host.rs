//! Another ServiceEntry has the same host and port.
//!
//! Upstream: istio/istio pilot/pkg/model/sidecar.go, appendSidecarServices: the oldest of a host is kept.

use mesh::{About, Found, Level, Rule, Subject, Typed, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::kinds::service_entry::ServiceEntry;
use crate::read::Index;
use crate::read::hosts::is_wildcard;

pub(crate) const RULE: Rule = Rule {
    name: "service-entry-duplicate-host",
    level: Level::Warning,
    aliases: &["KIA1211"],
    what: "An older ServiceEntry lists the same host and port.",
    why: "Proxies that see both take the host from the older one: what this one says of it is passed over.",
    fix: "Keep one of them, or keep them apart with exportTo.",
    zh: Words {
        what: "更早的 ServiceEntry 已列出同样的主机和端口。",
        why: "两个都看得到的代理以更早的为准：这一个对该主机所说的会被忽略。",
        fix: "请只保留其中一个，或用 exportTo 把它们分开。",
    },
    about: &[About::Document(NETWORKING, "ServiceEntry")],
    reads: &[("networking.istio.io", "ServiceEntry")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.service_entries.subject(subject) else { return };
    let key = &typed.document.key;
    for (at, port) in typed.spec.ports.iter().enumerate() {
        let twin = typed.spec.hosts.iter().find_map(|host| {
            let older = ask
                .service_entries
                .found(&if is_wildcard(host) { "*".to_owned() } else { host.to_ascii_lowercase() })
                .take_while(|t| t.document.key != *key);
            let same = |t: &&Typed<ServiceEntry>| {
                ask.entry_shown(typed).meets(&ask.entry_shown(t))
                    && t.spec.hosts.iter().any(|h| h.eq_ignore_ascii_case(host))
                    && t.spec
                        .ports
                        .iter()
                        .any(|p| p.number == port.number && p.protocol.eq_ignore_ascii_case(&port.protocol))
            };
            older.filter(same).map(|t| (host, &t.document.key)).next()
        });
        if let Some((host, other)) = twin {
            out.at(
                format!("spec.ports[{at}]"),
                said!(
                    "{}/{} lists {host}:{} too, and is older",
                    "{}/{} 更早，也列出了 {host}:{}",
                    other.namespace,
                    other.name,
                    port.number
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
                    r#"{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS}}
---
{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: b, namespace: shop}, spec: {hosts: [b.example.com, A.example.com], ports: [{number: 443, name: tls, protocol: TLS}, {number: 80, name: http, protocol: HTTP}], resolution: DNS}}"#,
                    &["spec.ports[1]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: a, namespace: legacy}, spec: {hosts: [a.example.com], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS, exportTo: ["."]}}
---
{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: b, namespace: shop}, spec: {hosts: [a.example.com], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS, exportTo: ["."]}}"#,
                    &[],
                ),
            ],
        );
    }
}
