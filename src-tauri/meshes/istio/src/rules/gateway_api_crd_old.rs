//! A kind of the Gateway API is older than Istio needs.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "gateway-api-crd-old",
    level: Level::Warning,
    aliases: &["IST0176"],
    what: "The CustomResourceDefinition is of an older version of the Gateway API than Istio needs.",
    why: "istiod does not watch the kind: its objects do nothing.",
    fix: "Install a newer version of the Gateway API.",
    zh: Words {
        what: "该 CustomResourceDefinition 的 Gateway API 版本低于 Istio 的要求。",
        why: "istiod 不会监听该类型，其对象不起作用。",
        fix: "请安装更新版本的 Gateway API。",
    },
    about: &[About::Document("apiextensions.k8s.io", "CustomResourceDefinition")],
    reads: &[("apiextensions.k8s.io", "CustomResourceDefinition")],
};

/// Upstream: istio/istio pkg/config/schema/gatewayapi/minimumversions.go.
const LEAST: [(&str, [u64; 3]); 4] =
    [("grpcroutes", [1, 1, 0]), ("backendtlspolicies", [1, 4, 0]), ("tlsroutes", [1, 5, 0]), ("tcproutes", [1, 6, 0])];

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    let Some(document) = subject.document() else { return };
    let plural = document.key.name.strip_suffix(".gateway.networking.k8s.io").unwrap_or_default();
    let Some((_, least)) = LEAST.iter().find(|(name, _)| *name == plural) else { return };
    let Some(text) = document.annotations.get("gateway.networking.k8s.io/bundle-version") else { return };
    if version(text).is_some_and(|installed| installed < *least) {
        let [major, minor, patch] = least;
        let path = "metadata.annotations[gateway.networking.k8s.io/bundle-version]";
        out.at(
            path,
            said!(
                "it is of version {text}, and Istio needs {major}.{minor}.{patch}",
                "它的版本是 {text}，而 Istio 需要 {major}.{minor}.{patch}"
            ),
        );
    }
}

/// Numbers of a version, without what stands behind a dash.
fn version(text: &str) -> Option<[u64; 3]> {
    let plain = text.trim_start_matches('v').split(['-', '+']).next()?;
    let numbers: Vec<u64> = plain.split('.').map(|n| n.parse().ok()).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: tlsroutes.gateway.networking.k8s.io, annotations: {gateway.networking.k8s.io/bundle-version: v1.4.1}}}"#,
                    &["metadata.annotations[gateway.networking.k8s.io/bundle-version]"],
                ),
                (
                    r#"{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: tlsroutes.gateway.networking.k8s.io, annotations: {gateway.networking.k8s.io/bundle-version: v1.5.0-rc.1}}}"#,
                    &[],
                ),
            ],
        );
    }
}
