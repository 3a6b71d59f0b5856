//! istiod fetches keys from wherever it is told to.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::SECURITY;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "jwks-fetch-unrestricted",
    level: Level::Warning,
    aliases: &["IST0175"],
    what: "RequestAuthentications let istiod fetch keys, and nothing says which addresses it must not ask.",
    why: "Whoever may write such an object can make istiod send requests inside the cluster.",
    fix: "Set BLOCKED_CIDRS_IN_JWKS_URIS at istiod.",
    zh: Words {
        what: "RequestAuthentication 会让 istiod 获取密钥，但没有限制它不得访问的地址。",
        why: "能编写此类对象的人可以让 istiod 向集群内部发送请求。",
        fix: "请在 istiod 上设置 BLOCKED_CIDRS_IN_JWKS_URIS。",
    },
    about: &[About::Workload],
    reads: &[
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("apps", "DaemonSet"),
        ("security.istio.io", "RequestAuthentication"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(istiod) = subject.workload().filter(|w| w.own_labels.get("app").is_some_and(|app| app == "istiod")) else {
        return;
    };
    let blocked = istiod.containers.iter().any(|c| c.env.iter().any(|name| name == "BLOCKED_CIDRS_IN_JWKS_URIS"));
    let count = ask.world.documents_of(SECURITY, "RequestAuthentication").count();
    if !blocked && count > 0 {
        out.at(
            "spec.template.spec.containers",
            said!(
                "{count} RequestAuthentications, and no BLOCKED_CIDRS_IN_JWKS_URIS",
                "有 {count} 个 RequestAuthentication，而没有设置 BLOCKED_CIDRS_IN_JWKS_URIS"
            ),
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
                    r#"{apiVersion: apps/v1, kind: Deployment, metadata: {name: istiod, namespace: istio-system, labels: {app: istiod}}, spec: {template: {metadata: {labels: {app: istiod}}, spec: {}}}}
---
{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: a, namespace: shop}, spec: {jwtRules: [{issuer: a}]}}"#,
                    &["spec.template.spec.containers"],
                ),
                (
                    r#"{apiVersion: apps/v1, kind: Deployment, metadata: {name: istiod, namespace: istio-system, labels: {app: istiod}}, spec: {template: {metadata: {labels: {app: istiod}}, spec: {containers: [{name: discovery, env: [{name: BLOCKED_CIDRS_IN_JWKS_URIS, value: 10.0.0.0/8}]}]}}}}
---
{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: a, namespace: shop}, spec: {jwtRules: [{issuer: a}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
