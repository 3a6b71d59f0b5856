//! Services give one port of a Deployment two protocols.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use std::collections::BTreeMap;

use crate::read::Index;
use crate::rules::parts::{fronting, list};

pub(crate) const RULE: Rule = Rule {
    name: "deployment-protocols-conflict",
    level: Level::Warning,
    aliases: &["IST0116"],
    what: "Services in front of the Deployment give the same port different protocols.",
    why: "Its proxies take the port in one way alone, so one kind of callers fails.",
    fix: "Give the port one protocol, or two ports.",
    zh: Words {
        what: "该 Deployment 前面的多个 Service 为同一端口指定了不同协议。",
        why: "其代理只会以一种方式处理该端口，另一类调用方会失败。",
        fix: "请统一该端口的协议，或使用两个端口。",
    },
    about: &[About::Workload],
    reads: &[
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("apps", "DaemonSet"),
        ("", "Service"),
        ("", "Namespace"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let services = fronting(ask, subject);
    let mut by_port: BTreeMap<u16, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for (service, port) in services.iter().flat_map(|s| s.ports.iter().map(move |port| (s, port))) {
        by_port.entry(port.port).or_default().entry(&port.protocol).or_default().push(&service.name);
    }
    for (port, protocols) in by_port.into_iter().filter(|(_, protocols)| protocols.len() > 1) {
        let names = list(protocols.values().flatten());
        out.at(
            "metadata.name",
            said!("{names} give port {port} {}", "{names} 为端口 {port} 指定了不同的协议：{}", list(protocols.keys())),
        );
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
                    r#"{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}, spec: {selector: {app: reviews}, ports: [{name: a, port: 53, protocol: UDP}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: b, namespace: shop}, spec: {selector: {app: reviews}, ports: [{name: tcp-b, port: 53}]}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: reviews-v1, namespace: shop}, spec: {template: {metadata: {labels: {app: reviews}}, spec: {}}}}"#,
                    &["metadata.name", "metadata.name", "metadata.name"],
                ),
                (
                    r#"{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}, spec: {selector: {app: reviews}, ports: [{name: a, port: 53, protocol: UDP}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: b, namespace: shop}, spec: {selector: {app: reviews}, ports: [{name: tcp-b, port: 54}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
