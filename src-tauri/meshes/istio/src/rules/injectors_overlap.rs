//! Two injectors take the same pods.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::read::field::Field;
use crate::rules::injectors::{injectors, occasions, takes};

pub(crate) const RULE: Rule = Rule {
    name: "injectors-overlap",
    level: Level::Error,
    aliases: &["IST0139"],
    what: "Another webhook injects proxies into the same pods.",
    why: "Pods are injected twice, by two versions of Istio perhaps.",
    fix: "Narrow the selectors so that each pod has one injector.",
    zh: Words {
        what: "另一个 webhook 会向同样的 Pod 注入代理。",
        why: "Pod 会被注入两次，甚至由两个 Istio 版本注入。",
        fix: "请收窄选择器，使每个 Pod 只有一个注入器。",
    },
    about: &[About::Document("admissionregistration.k8s.io", "MutatingWebhookConfiguration")],
    reads: &[("admissionregistration.k8s.io", "MutatingWebhookConfiguration")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let all = injectors(ask);
    let Some((own, _)) = all.iter().find(|(document, _)| document.key == subject.key()) else { return };
    let occasions = occasions(&all);
    for (at, hook) in Field::of(own).items("webhooks").iter().enumerate() {
        let twin = all
            .iter()
            .flat_map(|(document, hooks)| hooks.iter().enumerate().map(move |hook| (document, hook)))
            .find(|(document, (n, other))| {
                (document.key != own.key || *n != at)
                    && occasions.iter().any(|labels| takes(hook, labels) && takes(other, labels))
            });
        if let Some((document, (_, other))) = twin {
            out.at(
                hook.path(),
                said!("{} of {} takes the same pods", "{1} 的 {0} 处理同样的 Pod", other.text("name"), document.key),
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
                    r#"{apiVersion: v1, kind: Service, metadata: {name: istiod, namespace: istio-system}, spec: {ports: [{name: https, port: 443}]}}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: injector.istio.io, namespaceSelector: {matchLabels: {istio-injection: enabled}}, clientConfig: {service: {name: istiod, namespace: istio-system}}}]}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: b}, webhooks: [{name: injector.istio.io, namespaceSelector: {matchLabels: {istio-injection: enabled}}, clientConfig: {service: {name: istiod, namespace: istio-system}}}]}"#,
                    &["webhooks[0]", "webhooks[0]"],
                ),
                (
                    r#"{apiVersion: v1, kind: Service, metadata: {name: istiod, namespace: istio-system}, spec: {ports: [{name: https, port: 443}]}}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: injector.istio.io, namespaceSelector: {matchLabels: {istio-injection: enabled}}, clientConfig: {service: {name: istiod, namespace: istio-system}}}]}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: b}, webhooks: [{name: injector.istio.io, namespaceSelector: {matchLabels: {istio.io/rev: canary}, matchExpressions: [{key: istio-injection, operator: DoesNotExist}]}, clientConfig: {service: {name: istiod, namespace: istio-system}}}]}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: other}, webhooks: [{name: a.example.com}]}"#,
                    &[],
                ),
            ],
        );
    }
}
