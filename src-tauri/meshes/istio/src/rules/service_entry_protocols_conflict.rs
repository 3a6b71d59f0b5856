//! Two ServiceEntries give a host and port different protocols.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "service-entry-protocols-conflict",
    level: Level::Warning,
    aliases: &["IST0177", "KIA1212"],
    what: "Another ServiceEntry gives the same host and port another protocol.",
    why: "Proxies that see both use one of them, and which one is not defined.",
    fix: "Give the port one protocol everywhere, or narrow exportTo.",
    zh: Words {
        what: "另一个 ServiceEntry 为同一主机和端口指定了不同的协议。",
        why: "同时看到两者的代理只会使用其一，且无法确定是哪一个。",
        fix: "请统一该端口的协议，或收窄 exportTo。",
    },
    about: &[About::Document("networking.istio.io", "ServiceEntry")],
    reads: &[("networking.istio.io", "ServiceEntry")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(own) = ask.service_entries.subject(subject) else { return };
    for host in &own.spec.hosts {
        for other in ask.entries_for(host).filter(|other| other.spec.hosts.contains(host)) {
            for (at, port) in own.spec.ports.iter().enumerate() {
                let twin = other.spec.ports.iter().find(|p| p.number == port.number);
                let differs = twin.filter(|twin| !twin.protocol.eq_ignore_ascii_case(&port.protocol));
                if let Some(twin) = differs.filter(|_| ask.entry_shown(own).meets(&ask.entry_shown(other))) {
                    out.at(
                        format!("spec.ports[{at}].protocol"),
                        said!(
                            "{} says {} for {host} port {}",
                            "{0} 为 {host} 的端口 {2} 指定了 {1}",
                            other.document.key,
                            twin.protocol,
                            port.number
                        ),
                    );
                    return;
                }
            }
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
                    r#"{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}}
---
{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: b, namespace: shop}, spec: {hosts: [a.example.com], resolution: DNS, ports: [{number: 80, name: tls, protocol: TLS}]}}"#,
                    &["spec.ports[0].protocol", "spec.ports[0].protocol"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com], exportTo: [.], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}}
---
{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: b, namespace: legacy}, spec: {hosts: [a.example.com], exportTo: [.], resolution: DNS, ports: [{number: 80, name: tls, protocol: TLS}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
