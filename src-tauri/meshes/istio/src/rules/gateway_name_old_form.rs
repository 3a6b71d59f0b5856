//! A route names a gateway in the old form.
//!
//! Upstream: istio/istio pilot/pkg/model/virtualservice.go, resolveGatewayName.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;
use world::yaml::Edit;

use crate::kinds::NETWORKING;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "gateway-name-old-form",
    level: Level::Info,
    aliases: &["KIA1108"],
    what: "The gateway is named with dots, a form from before namespace/name.",
    why: "It still works, but reads like a host name, and newer tools do not follow it.",
    fix: "Write namespace/name.",
    zh: Words {
        what: "网关用带点的旧写法命名，那是 命名空间/名称 之前的形式。",
        why: "它仍然有效，但看起来像主机名，较新的工具也不认识。",
        fix: "请写成 命名空间/名称。",
    },
    about: &[About::Document(NETWORKING, "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.virtual_services.subject(subject) else { return };
    let mut named: Vec<(String, &String)> =
        typed.spec.gateways.iter().enumerate().map(|(g, gateway)| (format!("gateways/{g}"), gateway)).collect();
    for (at, rule) in typed.spec.http.iter().enumerate() {
        for (m, matching) in rule.matches.iter().enumerate() {
            let all = matching.gateways.iter().enumerate();
            named.extend(all.map(|(g, gateway)| (format!("http/{at}/match/{m}/gateways/{g}"), gateway)));
        }
    }
    for (pointer, gateway) in named {
        let Some((name, rest)) = gateway.split_once('.').filter(|_| !gateway.contains('/')) else { continue };
        let new = format!("{}/{name}", rest.split('.').next().unwrap_or_default());
        let fix = vec![Edit::set(&format!("/spec/{pointer}"), new.clone())];
        out.mend(path(&pointer), said!("{gateway} is {new}", "{gateway} 应写作 {new}"), fix);
    }
}

/// `gateways/1` as a finding names it: `spec.gateways[1]`.
fn path(pointer: &str) -> String {
    pointer.split('/').fold("spec".to_owned(), |path, part| match part.parse::<usize>() {
        Ok(index) => format!("{path}[{index}]"),
        Err(_) => format!("{path}.{part}"),
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], gateways: [mesh, edge.shop, edge.shop.svc.cluster.local, shop/edge], http: [{match: [{gateways: [edge.shop]}], route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.gateways[1]", "spec.gateways[2]", "spec.http[0].match[0].gateways[0]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], gateways: [mesh, edge, shop/edge.a], http: [{route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
