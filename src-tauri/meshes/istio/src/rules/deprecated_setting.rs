//! Something is used that Istio has left behind.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use serde_json::json;
use world::yaml::Edit;

use crate::read::Index;
use crate::read::field::Field;
use crate::rules::parts::{mesh_config, pointer, spec};

pub(crate) const RULE: Rule = Rule {
    name: "deprecated-setting",
    level: Level::Warning,
    aliases: &["IST0002"],
    what: "A field, a kind or a provider is used that Istio no longer supports.",
    why: "It is ignored already, or will be by a coming version.",
    fix: "Write what has taken its place, which the message names.",
    zh: Words {
        what: "使用了 Istio 已不再支持的字段、类型或提供者。",
        why: "它已被忽略，或将在后续版本中被忽略。",
        fix: "请改用消息中所指出的替代写法。",
    },
    about: &[
        About::Document("networking.istio.io", "VirtualService"),
        About::Document("networking.istio.io", "Sidecar"),
        About::Document("telemetry.istio.io", "Telemetry"),
        About::Document("apiextensions.k8s.io", "CustomResourceDefinition"),
    ],
    reads: &[
        ("networking.istio.io", "VirtualService"),
        ("networking.istio.io", "Sidecar"),
        ("telemetry.istio.io", "Telemetry"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("", "ConfigMap"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(document) = subject.document() else { return };
    let spec = spec(subject);
    match document.key.kind.as_str() {
        "VirtualService" => spec.items("http").iter().for_each(|route| delay(route, out)),
        "Sidecar" => {
            let proxy = spec.at("outboundTrafficPolicy.egressProxy");
            if proxy.is_set() {
                out.at(
                    proxy.path(),
                    (
                        "egressProxy is ignored; route to an egress gateway with a VirtualService",
                        "egressProxy 已被忽略；请用 VirtualService 路由到出口网关",
                    ),
                );
            }
        }
        "Telemetry" => tracing(ask, &spec, out),
        _ => {
            let removed = ["clusterrbacconfigs", "rbacconfigs", "serviceroles", "servicerolebindings"];
            let plural = document.key.name.strip_suffix(".rbac.istio.io");
            if plural.is_some_and(|plural| removed.contains(&plural)) {
                out.at(
                    "spec.names.kind",
                    (
                        "Istio reads no object of this kind; AuthorizationPolicy has taken its place",
                        "Istio 已不再读取此类对象；AuthorizationPolicy 取代了它",
                    ),
                );
            }
        }
    }
}

fn delay(route: &Field, out: &mut Found) {
    let percent = route.at("fault.delay.percent");
    let value = route.at("fault.delay").number("percent");
    if value > 0.0 {
        let at = pointer(&percent.path());
        let parent = at.trim_end_matches("/percent");
        let fix = vec![Edit::set(&format!("{parent}/percentage"), json!({"value": value})), Edit::remove(&at)];
        out.mend(
            percent.path(),
            ("percent is old; write percentage: {value: …}", "percent 已过时；请写 percentage: {value: …}"),
            fix,
        );
    }
}

/// Lightstep is reached by OpenTelemetry now.
fn tracing(ask: &Index, spec: &Field, out: &mut Found) {
    let providers = spec.items("tracing").iter().flat_map(|t| t.items("providers")).collect::<Vec<_>>();
    if providers.is_empty() {
        return;
    }
    let config = mesh_config(ask);
    let known = Field::root(&config).items("extensionProviders");
    for provider in providers {
        let name = provider.text("name");
        if known.iter().any(|k| k.text("name") == name && k.has("lightstep")) {
            out.at(
                provider.path(),
                said!(
                    "{name} is a Lightstep provider; write one for OpenTelemetry",
                    "{name} 是 Lightstep 的提供者；请改用 OpenTelemetry 的提供者"
                ),
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{fault: {delay: {percent: 10, fixedDelay: 1s}}, route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.http[0].fault.delay.percent"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: a.b, port: {number: 1}}}}}"#,
                    &["spec.outboundTrafficPolicy.egressProxy"],
                ),
                (
                    r#"{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-system}, data: {mesh: "extensionProviders: [{name: ls, lightstep: {}}]"}}
---
{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: a, namespace: shop}, spec: {tracing: [{providers: [{name: ls}]}]}}"#,
                    &["spec.tracing[0].providers[0]"],
                ),
                (
                    r#"{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: serviceroles.rbac.istio.io}}"#,
                    &["spec.names.kind"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{fault: {delay: {percentage: {value: 10}, fixedDelay: 1s}}, route: [{destination: {host: reviews}}]}]}}
---
{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: b, namespace: shop}, spec: {tracing: [{providers: [{name: other}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
