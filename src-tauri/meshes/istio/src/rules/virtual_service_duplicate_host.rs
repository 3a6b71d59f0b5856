//! Two VirtualServices are about one host.

use mesh::{Finding, Level, Rule};

use crate::kinds::Typed;
use crate::kinds::virtual_service::spec::VirtualService;
use crate::read::Index;
use crate::read::hosts::fqdn;

pub(crate) const RULE: Rule = Rule {
    name: "virtual-service-duplicate-host",
    level: Level::Error,
    aliases: &["IST0109", "KIA1106"],
    what: "An older VirtualService is about the same host for the same callers.",
    why: "The older one takes the host whole: none of this one's rules is asked, and what the older one does not catch is answered 404.",
    fix: "Put the rules of both into one VirtualService.",
    reads: &[("networking.istio.io", "VirtualService")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    let in_mesh = |t: &Typed<VirtualService>| t.spec.gateways.is_empty() || t.spec.gateways.iter().any(|g| g == "mesh");
    let everyone =
        |t: &Typed<VirtualService>| t.spec.export_to.is_empty() || t.spec.export_to.iter().any(|to| to == "*");
    for typed in index.virtual_services.iter().filter(|t| in_mesh(t) && everyone(t)) {
        for (at, host) in typed.spec.hosts.iter().enumerate() {
            let full = fqdn(host, &typed.document.key.namespace);
            let all =
                index.exactly(&full).chain(index.by_pattern().filter(|(pattern, _)| *pattern == full).map(|(_, t)| t));
            let older = all.into_iter().find(|t| in_mesh(t) && everyone(t));
            // Rules that concern some callers alone leave the rest to the younger one.
            let whole = |t: &&Typed<VirtualService>| {
                t.spec.http.iter().any(|r| {
                    r.matches.is_empty()
                        || r.matches.iter().any(|m| m.source_labels.is_empty() && m.source_namespace.is_empty())
                })
            };
            if let Some(older) = older.filter(|o| o.document.key != typed.document.key).filter(whole) {
                let message = format!("{} is older and takes {host} whole", older.document.key);
                out.push(RULE.at(&typed.document.key, format!("spec.hosts[{at}]"), message));
            }
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
