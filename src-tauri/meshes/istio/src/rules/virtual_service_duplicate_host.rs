//! Two VirtualServices are about one host.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::virtual_service::spec::VirtualService;
use crate::kinds::{NETWORKING, Typed};
use crate::read::Index;
use crate::read::hosts::fqdn;

pub(crate) const RULE: Rule = Rule {
    name: "virtual-service-duplicate-host",
    level: Level::Error,
    aliases: &["IST0109", "KIA1106"],
    what: "An older VirtualService is about the same host for the same callers.",
    why: "The older one takes the host whole: none of this one's rules is asked, and what the older one does not catch is answered 404.",
    fix: "Put the rules of both into one VirtualService.",
    zh: Words {
        what: "已有更早的 VirtualService 对同样的调用方针对同一主机。",
        why: "更早的那个会整个接管该主机：这一个的规则都不会被检查，更早的那个没有命中的请求会得到 404。",
        fix: "请把两者的规则合并到一个 VirtualService 中。",
    },
    about: &[About::Document(NETWORKING, "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.virtual_services.subject(subject) else { return };
    if !is_for_sidecars(typed) {
        return;
    }
    let own = ask.rules_shown(typed);
    for (at, host) in typed.spec.hosts.iter().enumerate() {
        let full = fqdn(host, &typed.document.key.namespace);
        let starred = ask.by_pattern().filter(|(pattern, _)| *pattern == full).map(|(_, t)| t);
        let older = ask.exactly(&full).chain(starred).find(|t| is_for_sidecars(t) && own.meets(&ask.rules_shown(t)));
        if let Some(older) = older.filter(|o| o.document.key != typed.document.key && takes_whole(o)) {
            let message =
                said!("{} is older and takes {host} whole", "{} 更早，并接管了 {host} 的全部请求", older.document.key);
            out.at(format!("spec.hosts[{at}]"), message);
        }
    }
}

fn is_for_sidecars(typed: &Typed<VirtualService>) -> bool {
    typed.spec.gateways.is_empty() || typed.spec.gateways.iter().any(|g| g == "mesh")
}

/// Rules that concern some callers alone leave the rest to the younger one.
fn takes_whole(typed: &Typed<VirtualService>) -> bool {
    typed.spec.http.iter().any(|r| {
        r.matches.is_empty() || r.matches.iter().any(|m| m.source_labels.is_empty() && m.source_namespace.is_empty())
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: b, namespace: shop}, spec: {hosts: [reviews.shop.svc.cluster.local], http: [{route: [{destination: {host: details}}]}]}}"#,
                    &["spec.hosts[0]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: b, namespace: shop}, spec: {hosts: [reviews], gateways: [edge], http: [{route: [{destination: {host: details}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: c, namespace: shop}, spec: {hosts: [details], http: [{route: [{destination: {host: details}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
