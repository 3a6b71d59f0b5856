//! A PeerAuthentication turns mutual TLS off.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;
use world::yaml::Edit;

use crate::kinds::SECURITY;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "mutual-tls-off",
    level: Level::Info,
    aliases: &[],
    what: "The PeerAuthentication turns mutual TLS off.",
    why: "Requests travel in plaintext and callers have no identity; policies that name callers match nobody.",
    fix: "Use PERMISSIVE where some callers cannot speak TLS; it takes both.",
    zh: Words {
        what: "PeerAuthentication 关闭了双向 TLS。",
        why: "请求以明文传输，调用方没有身份；指定调用方的策略匹配不到任何人。",
        fix: "若只有部分调用方不能用 TLS，请用 PERMISSIVE，它两者都接受。",
    },
    about: &[About::Document(SECURITY, "PeerAuthentication")],
    reads: &[("security.istio.io", "PeerAuthentication")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.peer_authentications.subject(subject) else { return };
    let off = |mode: &str| mode == "DISABLE";
    if typed.spec.mtls.as_ref().is_some_and(|mtls| off(&mtls.mode)) {
        let fix = vec![Edit::set("/spec/mtls/mode", "PERMISSIVE")];
        out.mend(
            "spec.mtls.mode",
            ("callers are not told apart and nothing is encrypted", "不区分调用方，也没有任何加密"),
            fix,
        );
    }
    for (port, _) in typed.spec.port_level_mtls.iter().filter(|(_, mtls)| off(&mtls.mode)) {
        let fix = vec![Edit::set(&format!("/spec/portLevelMtls/{port}/mode"), "PERMISSIVE")];
        out.mend(
            format!("spec.portLevelMtls.{port}.mode"),
            said!("nothing is encrypted on port {port}", "端口 {port} 上没有任何加密"),
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
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}, mtls: {mode: DISABLE}, portLevelMtls: {9080: {mode: DISABLE}, 80: {mode: STRICT}}}}"#,
                    &["spec.mtls.mode", "spec.portLevelMtls.9080.mode"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: shop}, spec: {mtls: {mode: STRICT}}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: b, namespace: legacy}, spec: {mtls: {}}}"#,
                    &[],
                ),
            ],
        );
    }
}
