//! A Server that no authorization opens.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::POLICY;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "linkerd-server-lets-nobody-in",
    level: Level::Warning,
    aliases: &[],
    what: "No authorization lets anybody into the Server, and its access policy denies the rest.",
    why: "A Server takes the default policy out of force for its port: every request to it is refused.",
    fix: "Write an AuthorizationPolicy for it, or give it an access policy such as all-authenticated.",
    zh: Words {
        what: "没有任何授权放行此 Server 的调用方，其访问策略又拒绝其余请求。",
        why: "Server 会使该端口的默认策略失效：所有请求都会被拒绝。",
        fix: "请为它编写 AuthorizationPolicy，或设置 all-authenticated 之类的访问策略。",
    },
    about: &[About::Document(POLICY, "Server")],
    reads: &[
        (POLICY, "Server"),
        (POLICY, "AuthorizationPolicy"),
        (POLICY, "ServerAuthorization"),
        (POLICY, "MeshTLSAuthentication"),
        (POLICY, "NetworkAuthentication"),
        (POLICY, "HTTPRoute"),
        ("gateway.networking.k8s.io", "HTTPRoute"),
        ("gateway.networking.k8s.io", "GRPCRoute"),
    ],
};

pub(crate) fn check(index: &Index, subject: &Subject, out: &mut Found) {
    let Some(server) = index.servers.subject(subject) else { return };
    let key = &server.document.key;
    let closed = server.spec.access_policy.as_deref().unwrap_or("deny") == "deny";
    // Routes of a Server have authorizations of their own.
    if closed && index.ways_into(server).next().is_none() && !index.has_routes(key) {
        out.at("spec", said!("nothing lets a caller into {}", "没有任何规则放行 {} 的调用方", key.name));
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
                    r"{apiVersion: policy.linkerd.io/v1beta3, kind: Server, metadata: {name: shut, namespace: loyalty}, spec: {podSelector: {matchLabels: {app: points}}, port: 9090}}",
                    &["spec"],
                ),
                (
                    r"{apiVersion: policy.linkerd.io/v1beta3, kind: Server, metadata: {name: open, namespace: loyalty}, spec: {podSelector: {matchLabels: {app: points}}, port: 9090, accessPolicy: all-authenticated}}",
                    &[],
                ),
            ],
        );
    }
}
