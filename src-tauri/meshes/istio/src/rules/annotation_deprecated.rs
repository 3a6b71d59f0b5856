//! An annotation that Istio has left behind.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::annotations::{known, labels_of, of_istio};

pub(crate) const RULE: Rule = Rule {
    name: "annotation-deprecated",
    level: Level::Info,
    aliases: &["IST0135"],
    what: "The annotation is old.",
    why: "A coming version of Istio may no longer know it.",
    fix: "Use what has taken its place; for sidecar.istio.io/inject that is the label of the same name.",
    zh: Words {
        what: "该注解已过时。",
        why: "Istio 的后续版本可能不再支持它。",
        fix: "请改用替代方式；sidecar.istio.io/inject 应改为同名标签。",
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
    for name in of_istio(subject).into_keys().filter(|name| known(name).is_some_and(|known| known.old)) {
        let replaced = labels_of(subject).contains_key(name);
        if !(name == "sidecar.istio.io/inject" && replaced) {
            out.at(format!("metadata.annotations[{name}]"), said!("{name} is old", "{name} 已过时"));
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
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}, annotations: {sidecar.istio.io/inject: "true"}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}"#,
                    &["metadata.annotations[sidecar.istio.io/inject]"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {sidecar.istio.io/inject: "true"}, annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/proxyCPU: 10m}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
