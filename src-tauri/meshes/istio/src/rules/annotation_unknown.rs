//! An annotation that Istio does not know.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::annotations::{known, of_istio};

pub(crate) const RULE: Rule = Rule {
    name: "annotation-unknown",
    level: Level::Warning,
    aliases: &["IST0108"],
    what: "The annotation is in Istio's name, and Istio knows none of that name.",
    why: "It does nothing; most often a letter is wrong.",
    fix: "Correct the name, or remove it.",
    zh: Words {
        what: "该注解使用了 Istio 的域名，但 Istio 并不认识它。",
        why: "它不起作用；多半是拼写有误。",
        fix: "请更正名称，或将其删除。",
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
    for name in of_istio(subject).into_keys().filter(|name| known(name).is_none()) {
        out.at(
            format!("metadata.annotations[{name}]"),
            said!("Istio knows no annotation {name}", "Istio 没有 {name} 这个注解"),
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
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}, annotations: {sidecar.istio.io/injct: "true"}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}"#,
                    &["metadata.annotations[sidecar.istio.io/injct]"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}, annotations: {sidecar.istio.io/proxyCPU: 10m, example.com/a: b}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
