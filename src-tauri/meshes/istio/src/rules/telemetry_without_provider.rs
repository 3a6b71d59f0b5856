//! A Telemetry asks for access logs from nobody.

use mesh::{About, Found, Level, Rule, Subject, Words};

use crate::read::Index;
use crate::read::field::Field;
use crate::rules::parts::{mesh_config, spec};

pub(crate) const RULE: Rule = Rule {
    name: "telemetry-without-provider",
    level: Level::Warning,
    aliases: &["IST0157"],
    what: "The object asks for access logs, names no provider, and the mesh has no default one.",
    why: "Nothing is logged.",
    fix: "Name a provider, for example envoy, or set defaultProviders in the mesh's settings.",
    zh: Words {
        what: "该对象要求访问日志，但没有指定提供者，网格也没有默认提供者。",
        why: "不会记录任何日志。",
        fix: "请指定提供者（例如 envoy），或在网格设置中设置 defaultProviders。",
    },
    about: &[About::Document("telemetry.istio.io", "Telemetry")],
    reads: &[("telemetry.istio.io", "Telemetry"), ("", "ConfigMap")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let mute = |l: &Field| !l.is_true("disabled") && l.items("providers").is_empty();
    let entries: Vec<Field> = spec(subject).items("accessLogging").into_iter().filter(mute).collect();
    if entries.is_empty() {
        return;
    }
    let config = mesh_config(ask);
    if Field::root(&config).at("defaultProviders.accessLogging").len() == 0 {
        for entry in entries {
            out.at(entry.path(), ("neither the entry nor the mesh names a provider", "该条目和网格都没有指定提供者"));
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
                    r#"{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: a, namespace: shop}, spec: {accessLogging: [{}]}}"#,
                    &["spec.accessLogging[0]"],
                ),
                (
                    r#"{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: a, namespace: shop}, spec: {accessLogging: [{disabled: true}, {providers: [{name: envoy}]}]}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-system}, data: {mesh: "defaultProviders: {accessLogging: [envoy]}"}}
---
{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: a, namespace: shop}, spec: {accessLogging: [{}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
