//! A VirtualService names a gateway that does not exist.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::{ObjectKey, said};

use crate::kinds::NETWORKING;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "gateway-not-found",
    level: Level::Error,
    aliases: &["IST0101", "KIA1102"],
    what: "The VirtualService is bound to a Gateway that does not exist.",
    why: "No proxy at the edge takes up its routes.",
    fix: "Correct the name: NAMESPACE/NAME, or NAME for a Gateway of the same namespace.",
    zh: Words {
        what: "VirtualService 绑定到了不存在的 Gateway。",
        why: "没有任何边缘代理会采用它的路由。",
        fix: "请更正名称：写成 NAMESPACE/NAME；同一命名空间的 Gateway 只写 NAME。",
    },
    about: &[About::Document(NETWORKING, "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService"), ("networking.istio.io", "Gateway")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.virtual_services.subject(subject) else { return };
    for (at, gateway) in typed.spec.gateways.iter().enumerate().filter(|(_, g)| *g != "mesh") {
        let (namespace, name) = gateway.split_once('/').unwrap_or((&typed.document.key.namespace, gateway));
        let key = ObjectKey::new(NETWORKING, "Gateway", namespace, name);
        if ask.world.document(&key).is_none() {
            out.at(format!("spec.gateways[{at}]"), said!("there is no {key}", "{key} 不存在"));
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], gateways: [mesh, edge], http: [{route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.gateways[1]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], gateways: [istio-system/edge], http: [{route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
