//! An injector is served by a Service that is not there.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::read::field::Field;
use crate::rules::injectors::injectors;

pub(crate) const RULE: Rule = Rule {
    name: "injector-service-not-found",
    level: Level::Error,
    aliases: &["IST0139"],
    what: "The webhook that injects proxies names a Service that does not exist.",
    why: "Pods of its namespaces are not made, or are made without a proxy.",
    fix: "Correct the webhook, or remove it if that control plane is gone.",
    zh: Words {
        what: "注入代理的 webhook 引用了不存在的 Service。",
        why: "相应命名空间的 Pod 无法创建，或创建时没有代理。",
        fix: "请更正该 webhook；若对应的控制面已不存在，请删除它。",
    },
    about: &[About::Document("admissionregistration.k8s.io", "MutatingWebhookConfiguration")],
    reads: &[("admissionregistration.k8s.io", "MutatingWebhookConfiguration"), ("", "Service")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(document) = subject.document().filter(|d| injectors(ask).iter().any(|(own, _)| own.key == d.key)) else {
        return;
    };
    for hook in Field::of(document).items("webhooks") {
        let service = hook.at("clientConfig.service");
        let (namespace, name) = (service.text("namespace"), service.text("name"));
        if service.is_set() && ask.world.service(namespace, name).is_none() {
            out.at(
                service.path(),
                said!("there is no Service {namespace}/{name}", "Service {namespace}/{name} 不存在"),
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
                    r#"{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: injector.istio.io, namespaceSelector: {}, clientConfig: {service: {name: istiod, namespace: istio-system}}}]}"#,
                    &["webhooks[0].clientConfig.service"],
                ),
                (
                    r#"{apiVersion: v1, kind: Service, metadata: {name: istiod, namespace: istio-system}, spec: {ports: [{name: https, port: 443}]}}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: injector.istio.io, namespaceSelector: {}, clientConfig: {service: {name: istiod, namespace: istio-system}}}]}"#,
                    &[],
                ),
            ],
        );
    }
}
