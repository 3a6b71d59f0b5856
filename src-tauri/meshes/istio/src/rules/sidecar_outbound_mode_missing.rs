//! A Sidecar has an outbound policy without a mode.
//!
//! Kiali calls it ambiguous, because what it reads no longer tells a missing mode from REGISTRY_ONLY; the mesh takes them for the same.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::yaml::Edit;

use crate::kinds::NETWORKING;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "sidecar-outbound-mode-missing",
    level: Level::Warning,
    aliases: &["KIA1007"],
    what: "The Sidecar has an outboundTrafficPolicy without a mode.",
    why: "Without a mode it means REGISTRY_ONLY: calls to hosts that the mesh does not know are blocked, whatever the mesh's own default.",
    fix: "Write the mode that is meant: ALLOW_ANY or REGISTRY_ONLY.",
    zh: Words {
        what: "Sidecar 的 outboundTrafficPolicy 没有写 mode。",
        why: "不写 mode 就是 REGISTRY_ONLY：无论网格默认如何，对网格不认识的主机的调用都会被拦截。",
        fix: "请写明想要的模式：ALLOW_ANY 或 REGISTRY_ONLY。",
    },
    about: &[About::Document(NETWORKING, "Sidecar")],
    reads: &[("networking.istio.io", "Sidecar")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.sidecars.subject(subject) else { return };
    if typed.spec.outbound_traffic_policy.as_ref().is_some_and(|policy| policy.mode.is_empty()) {
        let fix = vec![Edit::set("/spec/outboundTrafficPolicy/mode", "REGISTRY_ONLY")];
        out.mend(
            "spec.outboundTrafficPolicy",
            (
                "without a mode it blocks every host that the mesh does not know",
                "没有 mode 时，它会阻止网格不认识的所有主机",
            ),
            fix,
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
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {egress: [{hosts: ["./*"]}], outboundTrafficPolicy: {}}}"#,
                    &["spec.outboundTrafficPolicy"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {outboundTrafficPolicy: {mode: ALLOW_ANY}}}
---
{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: b, namespace: shop}, spec: {egress: [{hosts: ["./*"]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
