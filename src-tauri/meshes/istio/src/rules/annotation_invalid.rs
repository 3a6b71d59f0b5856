//! An annotation has a value that Istio does not take.

use mesh::{About, Found, Level, Rule, Subject, Words};

use crate::read::Index;
use crate::rules::annotations::{kind_of, known, of_istio};

pub(crate) const RULE: Rule = Rule {
    name: "annotation-invalid",
    level: Level::Warning,
    aliases: &["IST0125"],
    what: "The value of the annotation is not of the form that Istio takes.",
    why: "The injector refuses the pod, or ignores the annotation.",
    fix: "Correct the value.",
    zh: Words {
        what: "该注解的值不符合 Istio 要求的格式。",
        why: "注入器会拒绝该 Pod，或忽略该注解。",
        fix: "请更正其取值。",
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
    for (name, value) in of_istio(subject) {
        let Some(known) = known(name).filter(|known| known.on.contains(&kind)) else { continue };
        if let Some(wrong) = (known.wrong)(value) {
            out.at(format!("metadata.annotations[{name}]"), wrong);
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
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}, annotations: {sidecar.istio.io/interceptionMode: a, traffic.sidecar.istio.io/excludeInboundPorts: "1,x", sidecar.istio.io/proxyCPU: much}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}"#,
                    &[
                        "metadata.annotations[sidecar.istio.io/interceptionMode]",
                        "metadata.annotations[sidecar.istio.io/proxyCPU]",
                        "metadata.annotations[traffic.sidecar.istio.io/excludeInboundPorts]",
                    ],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop, labels: {app: a}, annotations: {sidecar.istio.io/interceptionMode: TPROXY, traffic.sidecar.istio.io/excludeInboundPorts: "1,2", traffic.sidecar.istio.io/includeOutboundIPRanges: 10.0.0.0/8}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
