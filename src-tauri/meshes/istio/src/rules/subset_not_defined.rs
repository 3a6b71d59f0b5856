//! A route sends requests to a subset that nobody defines.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::kinds::destination_rule::decide::for_host;
use crate::read::Index;
use crate::read::hosts::service_of;
use crate::rules::destinations;

pub(crate) const RULE: Rule = Rule {
    name: "subset-not-defined",
    level: Level::Error,
    aliases: &["IST0101", "KIA1107"],
    what: "A destination names a subset that no DestinationRule in force defines.",
    why: "Requests for that subset are answered 503 by the caller's own proxy.",
    fix: "Add the subset to the DestinationRule of that host, or correct its name.",
    zh: Words {
        what: "某个目的地使用的子集，没有任何生效的 DestinationRule 定义它。",
        why: "发往该子集的请求由调用方自己的代理回答 503。",
        fix: "请在该主机的 DestinationRule 中添加这个子集，或更正名称。",
    },
    about: &[About::Document(NETWORKING, "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService"), ("networking.istio.io", "DestinationRule")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.virtual_services.subject(subject) else { return };
    for use_of in destinations(typed).into_iter().filter(|u| !u.target.subset.is_empty()) {
        let service = service_of(&use_of.host).map_or("", |(namespace, _)| namespace);
        let rules = for_host(ask, &typed.document.key.namespace, &use_of.host, service);
        let subset = &use_of.target.subset;
        if rules.is_none_or(|rules| rules.subset(subset).is_none()) {
            let message = said!(
                "no DestinationRule for {} defines a subset {subset}",
                "没有针对 {} 的 DestinationRule 定义子集 {subset}",
                use_of.host
            );
            out.at(format!("{}.subset", use_of.path), message);
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v9}}]}]}}"#,
                    &["spec.http[0].route[0].destination.subset"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: r, namespace: shop}, spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
