//! A gateway is of a class that is not there.
//!
//! Kiali asks its own settings for the classes; ours asks the cluster.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use super::Index;
use crate::GROUP;

pub(crate) const RULE: Rule = Rule {
    name: "gateway-class-not-found",
    level: Level::Error,
    aliases: &["KIA1504"],
    what: "The gateway is of a class that is not there.",
    why: "Nobody makes it: it gets no proxies and no address.",
    fix: "Name a class that is there, or install what brings this one.",
    zh: Words {
        what: "网关所属的类不存在。",
        why: "没有人会创建它：它得不到代理，也没有地址。",
        fix: "请写一个存在的类，或安装提供该类的组件。",
    },
    about: &[About::Document(GROUP, "Gateway")],
    reads: &[(GROUP, "Gateway"), (GROUP, "GatewayClass")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(gateway) = subject.document() else { return };
    let Some(class) = gateway.at("/spec/gatewayClassName").and_then(|v| v.as_str()) else { return };
    // Manifests rarely hold the classes, which controllers make by themselves: where none is known, nothing is.
    let mut classes = ask.world.documents_of(GROUP, "GatewayClass").peekable();
    if classes.peek().is_some() && !classes.any(|known| known.key.name == class) {
        out.at("spec.gatewayClassName", said!("there is no GatewayClass {class}", "GatewayClass {class} 不存在"));
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
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: istio}, spec: {controllerName: istio.io/gateway-controller}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: edge, namespace: shop}, spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: b, namespace: shop}, spec: {gatewayClassName: nginx, listeners: []}}"#,
                    &["spec.gatewayClassName"],
                ),
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: b, namespace: shop}, spec: {gatewayClassName: nginx, listeners: []}}"#,
                    &[],
                ),
            ],
        );
    }
}
