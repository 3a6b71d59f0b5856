//! A Server means a port that an older Server has already.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::POLICY;
use crate::read::{Index, means, ports};

pub(crate) const RULE: Rule = Rule {
    name: "linkerd-server-hidden",
    level: Level::Warning,
    aliases: &[],
    what: "An older Server already guards the same port of the same pods.",
    why: "Linkerd takes the oldest Server of a port alone: this one, and the policies for it, have no effect there.",
    fix: "Remove one of the two, or let them select different pods.",
    zh: Words {
        what: "已有更早的 Server 保护同一批 Pod 的同一端口。",
        why: "Linkerd 对每个端口只采用最早的 Server：此对象及其策略在那里不起作用。",
        fix: "请删除两者之一，或让它们选择不同的 Pod。",
    },
    about: &[About::Document(POLICY, "Server")],
    reads: &[(POLICY, "Server"), ("", "Pod"), ("", "Namespace")],
};

pub(crate) fn check(index: &Index, subject: &Subject, out: &mut Found) {
    let Some(server) = index.servers.subject(subject) else { return };
    let key = &server.document.key;
    let pods = index.places.pods_in(&key.namespace).filter(|p| index.is_meshed(p));
    let hidden = pods.filter(|pod| means(&server.spec, pod)).find_map(|pod| {
        let ports = ports(&server.spec, pod);
        let older = ports.into_iter().find_map(|port| index.servers_of(pod, port).next().map(|s| (port, s)));
        older.filter(|(_, older)| older.document.key != *key).map(|(port, older)| (port, older, pod))
    });
    if let Some((port, older, pod)) = hidden {
        let message = said!(
            "{} guards port {port} of {} already",
            "{} 已在保护 {} 的端口 {port}",
            older.document.key,
            pod.workload.1
        );
        out.at("spec.port", message);
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
                    r"{apiVersion: policy.linkerd.io/v1beta3, kind: Server, metadata: {name: second, namespace: loyalty}, spec: {podSelector: {matchLabels: {app: points}}, port: 8080}}",
                    &["spec.port"],
                ),
                (
                    r"{apiVersion: policy.linkerd.io/v1beta3, kind: Server, metadata: {name: second, namespace: loyalty}, spec: {podSelector: {matchLabels: {app: points}}, port: 9090}}",
                    &[],
                ),
            ],
        );
    }
}
