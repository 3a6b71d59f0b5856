//! A route asks for claims of a token that nobody checks.

use mesh::{About, Found, Level, Rule, Subject, Words};

use mesh::selects;
use world::{Pod, said};

use crate::kinds::SECURITY;
use crate::read::Index;
use crate::read::field::Field;
use crate::rules::parts::{gateway_key, namespace, spec};
use crate::valid::names::is_claim;

pub(crate) const RULE: Rule = Rule {
    name: "claim-route-without-authentication",
    level: Level::Error,
    aliases: &["IST0149"],
    what: "The VirtualService routes by claims of the caller's token, and no RequestAuthentication holds for the gateway.",
    why: "Without it no token is read, so no such rule ever matches.",
    fix: "Add a RequestAuthentication for the gateway's pods.",
    zh: Words {
        what: "该 VirtualService 按调用方令牌中的声明路由，但没有 RequestAuthentication 对该网关生效。",
        why: "没有它就不会读取令牌，这样的规则永远不会匹配。",
        fix: "请为网关的 Pod 添加 RequestAuthentication。",
    },
    about: &[About::Document("networking.istio.io", "VirtualService")],
    reads: &[
        ("networking.istio.io", "VirtualService"),
        ("security.istio.io", "RequestAuthentication"),
        ("networking.istio.io", "Gateway"),
        ("", "Pod"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let (spec, ns) = (spec(subject), namespace(subject));
    let matches: Vec<Field> = spec.items("http").iter().flat_map(|rule| rule.items("match")).collect();
    let headers = matches.iter().flat_map(|m| m.entries("headers").into_iter().chain(m.entries("withoutHeaders")));
    let Some((claim, field)) = headers.into_iter().find(|(name, _)| is_claim(name)) else { return };
    for named in spec.texts("gateways") {
        let gateway = gateway_key(named, &ns).and_then(|key| ask.world.document(&key));
        let Some(gateway) = gateway else { continue };
        let selector = Field::of(gateway).get("spec").labels("selector");
        if let Some(pod) = ask.places.selected_anywhere(&selector).into_iter().find(|pod| !is_checked(ask, pod)) {
            out.at(
                field.path(),
                said!(
                    "{claim}: no RequestAuthentication holds for {} of {}",
                    "{claim}：没有 RequestAuthentication 对 {1} 的 {0} 生效",
                    pod.workload.1,
                    gateway.key
                ),
            );
            return;
        }
    }
}

fn is_checked(ask: &Index, pod: &Pod) -> bool {
    let within = |namespace: &str| {
        let mut all = ask.world.documents_in(SECURITY, "RequestAuthentication", namespace);
        all.any(|d| selects(&Field::of(d).at("spec.selector").labels("matchLabels"), &pod.labels))
    };
    within(&ask.root) || within(&pod.namespace)
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: edge-1, namespace: istio-system, labels: {istio: edge}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTP}}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com], gateways: [istio-system/edge], http: [{match: [{headers: {"@request.auth.claims.group": {exact: a}}}], route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.http[0].match[0].headers[@request.auth.claims.group]"],
                ),
                (
                    r#"{apiVersion: v1, kind: Pod, metadata: {name: edge-1, namespace: istio-system, labels: {istio: edge}}, spec: {containers: [{name: app}, {name: istio-proxy, image: proxyv2}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: istio-system}, spec: {selector: {istio: edge}, servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTP}}]}}
---
{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: r, namespace: istio-system}, spec: {selector: {matchLabels: {istio: edge}}, jwtRules: [{issuer: a}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com], gateways: [istio-system/edge], http: [{match: [{headers: {"@request.auth.claims.group": {exact: a}}}], route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
