//! A Server means no pod, or a port that its pods do not have.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::POLICY;
use crate::read::{Index, means, ports};

pub(crate) const RULE: Rule = Rule {
    name: "linkerd-server-selects-nothing",
    level: Level::Warning,
    aliases: &[],
    what: "No pod of the namespace has the labels, or the named port, that the Server asks for.",
    why: "The Server guards nothing. What it should guard is as open as the default policy leaves it.",
    fix: "Correct the labels or the port.",
    zh: Words {
        what: "命名空间中没有 Pod 具有 Server 所要求的标签或命名端口。",
        why: "该 Server 什么也不保护，本应受保护的部分仍按默认策略开放。",
        fix: "请更正标签或端口。",
    },
    about: &[About::Document(POLICY, "Server")],
    reads: &[(POLICY, "Server"), ("", "Pod")],
};

pub(crate) fn check(index: &Index, subject: &Subject, out: &mut Found) {
    let Some(server) = index.servers.subject(subject) else { return };
    let key = &server.document.key;
    let mut pods = index.places.pods_in(&key.namespace).filter(|p| means(&server.spec, p)).peekable();
    if pods.peek().is_none() {
        out.at("spec.podSelector", ("no pod here has these labels", "这里没有 Pod 具有这些标签"));
    } else if let Some(name) = server.spec.port.as_str()
        && !index.places.planned()
        && pods.all(|pod| ports(&server.spec, pod).is_empty())
    {
        out.at(
            "spec.port",
            said!("no container port of its pods is called {name}", "它的 Pod 没有名为 {name} 的容器端口"),
        );
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        let pod = r"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: loyalty, labels: {app: points}}, spec: {containers: [{name: a, ports: [{name: http, containerPort: 8080}]}]}}
---
{apiVersion: policy.linkerd.io/v1beta3, kind: Server, metadata: {name: other, namespace: loyalty}, spec: {podSelector: {matchLabels: {app: points}}, port: grpc}}";
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r"{apiVersion: policy.linkerd.io/v1beta3, kind: Server, metadata: {name: other, namespace: loyalty}, spec: {podSelector: {matchLabels: {app: nobody}}, port: 8080}}",
                    &["spec.podSelector"],
                ),
                (pod, &["spec.port"]),
                (
                    r"{apiVersion: policy.linkerd.io/v1beta3, kind: Server, metadata: {name: other, namespace: loyalty}, spec: {podSelector: {matchExpressions: [{key: app, operator: In, values: [points, rewards]}]}, port: 9090}}",
                    &[],
                ),
            ],
        );
    }
}
