//! A route attaches to a gateway that is not there.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use super::{Index, Reference, list, text};
use crate::GROUP;

pub(crate) const RULE: Rule = Rule {
    name: "route-parent-not-found",
    level: Level::Error,
    aliases: &["KIA1401"],
    what: "The route names a gateway, or a listener of it, that is not there.",
    why: "It attaches to nothing, and no request is routed by it.",
    fix: "Correct the name, the namespace or sectionName of the reference.",
    zh: Words {
        what: "路由所指的网关或其监听器不存在。",
        why: "它没有附着到任何地方，没有请求会按它路由。",
        fix: "请更正引用中的名称、命名空间或 sectionName。",
    },
    about: &[
        About::Document(GROUP, "HTTPRoute"),
        About::Document(GROUP, "GRPCRoute"),
        About::Document(GROUP, "TLSRoute"),
        About::Document(GROUP, "TCPRoute"),
    ],
    reads: &[(GROUP, "HTTPRoute"), (GROUP, "GRPCRoute"), (GROUP, "TLSRoute"), (GROUP, "TCPRoute"), (GROUP, "Gateway")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(route) = subject.document() else { return };
    for (at, value) in list(&route.body, "/spec/parentRefs").iter().enumerate() {
        let parent = Reference::parent(value, &route.key.namespace);
        if parent.group != GROUP || parent.kind != "Gateway" {
            continue;
        }
        let path = format!("spec.parentRefs[{at}]");
        let Some(gateway) = ask.find("Gateway", parent.namespace, parent.name) else {
            out.at(path, said!("there is no gateway {} in {}", "{1} 中没有网关 {0}", parent.name, parent.namespace));
            continue;
        };
        // A listener of that name may be added by a ListenerSet, which is then named itself.
        let listeners = list(&gateway.body, "/spec/listeners");
        if let Some(section) =
            text(value, "sectionName").filter(|s| !listeners.iter().any(|l| text(l, "name") == Some(s)))
        {
            out.at(
                format!("{path}.sectionName"),
                said!("{} has no listener {section}", "{} 没有监听器 {section}", parent.name),
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
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: edge, namespace: shop}, spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: shop}, spec: {parentRefs: [{name: nobody}, {name: edge, namespace: legacy}, {name: edge, sectionName: tls}]}}"#,
                    &["spec.parentRefs[0]", "spec.parentRefs[1]", "spec.parentRefs[2].sectionName"],
                ),
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: edge, namespace: shop}, spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: shop}, spec: {parentRefs: [{name: edge, sectionName: http}, {kind: Service, group: "", name: reviews}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
