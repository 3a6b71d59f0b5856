//! A route names the same destination twice.
//!
//! Kiali marks every one of them and leaves the port out of the comparison; another port is another destination.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;
use world::yaml::Edit;

use crate::kinds::NETWORKING;
use crate::kinds::virtual_service::spec::Weighted;
use crate::kinds::virtual_service::words;
use crate::read::Index;
use crate::read::hosts::fqdn;

pub(crate) const RULE: Rule = Rule {
    name: "route-repeats-destination",
    level: Level::Info,
    aliases: &["KIA1105"],
    what: "A route names the same destination more than once.",
    why: "Their weights add up, so the split is not what its lines seem to say.",
    fix: "Name each destination once, with the sum of the weights.",
    zh: Words {
        what: "一条路由多次写了同一个目的地。",
        why: "它们的权重会相加，因此分流比例与各行看上去的不同。",
        fix: "请每个目的地只写一次，权重写成总和。",
    },
    about: &[About::Document(NETWORKING, "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.virtual_services.subject(subject) else { return };
    let home = &typed.document.key.namespace;
    for (at, rule) in typed.spec.http.iter().enumerate() {
        let same = |a: &Weighted, b: &Weighted| {
            let (a, b) = (&a.destination, &b.destination);
            fqdn(&a.host, home) == fqdn(&b.host, home) && a.subset == b.subset && a.port == b.port
        };
        for (n, later) in rule.route.iter().enumerate() {
            let earlier = rule.route.iter().take(n).position(|earlier| same(earlier, later));
            let Some((first, was)) = earlier.and_then(|first| Some((first, rule.route.get(first)?))) else { continue };
            let name = words::name(&later.destination);
            let message = said!(
                "spec.http[{at}].route[{first}] sends to {name} too: together {} parts",
                "spec.http[{at}].route[{first}] 也发往 {name}：合计 {} 份",
                was.weight + later.weight
            );
            let route = format!("/spec/http/{at}/route");
            let plain = was.headers.is_none() && later.headers.is_none();
            let fix = vec![
                Edit::set(&format!("{route}/{first}/weight"), was.weight + later.weight),
                Edit::remove(&format!("{route}/{n}")),
            ];
            out.mend(format!("spec.http[{at}].route[{n}]"), message, if plain { fix } else { Vec::new() });
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}, weight: 50}, {destination: {host: reviews.shop.svc.cluster.local}, weight: 50}]}]}}"#,
                    &["spec.http[0].route[1]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}, weight: 50}, {destination: {host: reviews, subset: v2}, weight: 25}, {destination: {host: reviews, port: {number: 80}}, weight: 25}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
