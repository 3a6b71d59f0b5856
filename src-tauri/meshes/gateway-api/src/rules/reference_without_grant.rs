//! An object refers to another namespace that has not granted it.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::{ObjectKey, said};

use super::{Index, Reference, backends, list, text};
use crate::GROUP;

pub(crate) const RULE: Rule = Rule {
    name: "reference-without-grant",
    level: Level::Error,
    aliases: &["KIA1402"],
    what: "The object refers to another namespace, and no ReferenceGrant there allows it.",
    why: "The reference is passed over: requests to such a backend get 500, a listener with such a certificate does not open.",
    fix: "Write a ReferenceGrant in the other namespace, or keep both in one.",
    zh: Words {
        what: "该对象引用了另一个命名空间，而那里没有 ReferenceGrant 允许。",
        why: "该引用会被忽略：发往这种后端的请求得到 500，使用这种证书的监听器不会打开。",
        fix: "请在对方命名空间写一个 ReferenceGrant，或把两者放在同一命名空间。",
    },
    about: &[
        About::Document(GROUP, "HTTPRoute"),
        About::Document(GROUP, "GRPCRoute"),
        About::Document(GROUP, "TLSRoute"),
        About::Document(GROUP, "TCPRoute"),
        About::Document(GROUP, "Gateway"),
    ],
    reads: &[
        (GROUP, "HTTPRoute"),
        (GROUP, "GRPCRoute"),
        (GROUP, "TLSRoute"),
        (GROUP, "TCPRoute"),
        (GROUP, "Gateway"),
        (GROUP, "ReferenceGrant"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(document) = subject.document() else { return };
    let home = &document.key.namespace;
    let mut all: Vec<(String, Reference)> =
        backends(document).into_iter().map(|(path, value)| (path, Reference::backend(value, home))).collect();
    for (at, listener) in list(&document.body, "/spec/listeners").iter().enumerate() {
        let secrets = list(listener, "/tls/certificateRefs").iter().enumerate();
        let path = |n| format!("spec.listeners[{at}].tls.certificateRefs[{n}]");
        all.extend(secrets.map(|(n, value)| (path(n), Reference::of(value, home, "", "Secret"))));
    }
    for (path, to) in all.into_iter().filter(|(_, to)| to.namespace != home) {
        if !granted(ask, &document.key, &to) {
            out.at(
                path,
                said!(
                    "no ReferenceGrant in {} lets {} of {home} refer to {} {}",
                    "{0} 中没有 ReferenceGrant 允许 {home} 的 {1} 引用 {2} {3}",
                    to.namespace,
                    document.key.kind,
                    to.kind,
                    to.name
                ),
            );
        }
    }
}

fn granted(ask: &Index, from: &ObjectKey, to: &Reference) -> bool {
    ask.world.documents_in(GROUP, "ReferenceGrant", to.namespace).any(|grant| {
        let lets = list(&grant.body, "/spec/from").iter().any(|f| {
            text(f, "group") == Some(from.group.as_str())
                && text(f, "kind") == Some(from.kind.as_str())
                && text(f, "namespace") == Some(from.namespace.as_str())
        });
        lets && list(&grant.body, "/spec/to").iter().any(|t| {
            text(t, "group").unwrap_or_default() == to.group
                && text(t, "kind") == Some(to.kind)
                && text(t, "name").is_none_or(|name| name.is_empty() || name == to.name)
        })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: shop}, spec: {rules: [{backendRefs: [{name: batch, namespace: legacy, port: 9080}]}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: edge, namespace: shop}, spec: {gatewayClassName: istio, listeners: [{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: cert, namespace: legacy}]}}]}}
---
{apiVersion: gateway.networking.k8s.io/v1beta1, kind: ReferenceGrant, metadata: {name: g, namespace: legacy}, spec: {from: [{group: gateway.networking.k8s.io, kind: GRPCRoute, namespace: shop}], to: [{group: "", kind: Service}]}}"#,
                    &["spec.rules[0].backendRefs[0]", "spec.listeners[0].tls.certificateRefs[0]"],
                ),
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: shop}, spec: {rules: [{backendRefs: [{name: batch, namespace: legacy, port: 9080}, {name: reviews, port: 9080}]}]}}
---
{apiVersion: gateway.networking.k8s.io/v1beta1, kind: ReferenceGrant, metadata: {name: g, namespace: legacy}, spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}], to: [{group: "", kind: Service, name: batch}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
