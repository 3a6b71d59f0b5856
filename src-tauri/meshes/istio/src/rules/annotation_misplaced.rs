//! An annotation that does nothing on this kind.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::annotations::{kind_of, known, of_istio};

pub(crate) const RULE: Rule = Rule {
    name: "annotation-misplaced",
    level: Level::Warning,
    aliases: &["IST0107"],
    what: "The annotation does nothing on an object of this kind.",
    why: "What it asks for does not happen.",
    fix: "Put it where it belongs, which the message names; for a Deployment that is mostly its pod template.",
    zh: Words {
        what: "该注解在此类对象上不起作用。",
        why: "它所要求的行为不会发生。",
        fix: "请把它放到消息所指出的位置；对 Deployment 来说通常是 Pod 模板。",
    },
    about: &[About::Namespace, About::Service, About::Pod, About::Workload],
    reads: &[
        ("", "Namespace"),
        ("", "Service"),
        ("", "Pod"),
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("apps", "DaemonSet"),
    ],
};

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    let kind = kind_of(subject);
    for name in of_istio(subject).into_keys() {
        let belongs = known(name).map(|known| known.on).unwrap_or_default();
        if !belongs.is_empty() && !belongs.contains(&"Any") && !belongs.contains(&kind) {
            out.at(
                format!("metadata.annotations[{name}]"),
                said!("{name} belongs on {}", "{name} 应写在 {} 上", belongs.join(", ")),
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
                    r#"{apiVersion: v1, kind: Service, metadata: {name: s, namespace: shop, annotations: {sidecar.istio.io/proxyCPU: 10m}}, spec: {ports: [{name: http, port: 80}]}}"#,
                    &["metadata.annotations[sidecar.istio.io/proxyCPU]"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}, annotations: {sidecar.istio.io/proxyCPU: 10m}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: s, namespace: shop, annotations: {galley.istio.io/analyze-suppress: IST0001}}, spec: {ports: [{name: http, port: 80}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
