//! Services reach one port of a Deployment by different ports.

use mesh::{About, Found, Level, Rule, Subject, Words};

use std::collections::{BTreeMap, BTreeSet};

use world::{TargetPort, said};

use crate::read::Index;
use crate::rules::parts::{fronting, list};

pub(crate) const RULE: Rule = Rule {
    name: "deployment-ports-conflict",
    level: Level::Warning,
    aliases: &["IST0137"],
    what: "Services in front of the Deployment reach the same port of its pods by different ports.",
    why: "Its proxies know a port of the pod by one port of one service, so the others may be routed and protected otherwise than meant.",
    fix: "Let each service port have a port of its own in the pods.",
    zh: Words {
        what: "该 Deployment 前面的 Service 用不同端口访问其 Pod 的同一端口。",
        why: "其代理只按一个服务的一个端口识别 Pod 端口，其他端口的路由和保护可能与预期不同。",
        fix: "请让每个服务端口对应 Pod 中各自的端口。",
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
    let mut by_target: BTreeMap<String, BTreeMap<u16, BTreeSet<&str>>> = BTreeMap::new();
    for (service, port) in services.iter().flat_map(|s| s.ports.iter().map(move |port| (s, port))) {
        let target = match &port.target {
            TargetPort::Number(0) => port.port.to_string(),
            TargetPort::Number(number) => number.to_string(),
            TargetPort::Name(name) => name.clone(),
        };
        by_target.entry(target).or_default().entry(port.port).or_default().insert(&service.name);
    }
    for (target, ports) in by_target.into_iter().filter(|(_, ports)| ports.len() > 1) {
        let names: BTreeSet<&str> = ports.values().flatten().copied().collect();
        let (names, ports) = (list(names), list(ports.keys()));
        let message =
            said!("{names} reach port {target} by {ports}", "{names} 访问端口 {target} 所用的端口不同：{ports}");
        out.at("metadata.name", message);
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
                    r#"{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}, spec: {selector: {app: details}, ports: [{name: http-a, port: 80, targetPort: 9080}]}}"#,
                    &["metadata.name"],
                ),
                (
                    r#"{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}, spec: {selector: {app: details}, ports: [{name: http-a, port: 80, targetPort: 8080}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: b, namespace: legacy}, spec: {selector: {app: batch}, ports: [{name: http-b, port: 80}, {name: http-c, port: 81, targetPort: 80}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
