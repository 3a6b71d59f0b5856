//! Two DestinationRules of a namespace are about one host.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::kinds::destination_rule::decide::host_of;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "destination-rule-duplicate-host",
    level: Level::Warning,
    aliases: &["KIA0201"],
    what: "An older DestinationRule of this namespace is about the same host.",
    why: "Only subsets with new names are added from the younger one; its traffic policy and subsets of the same name are ignored.",
    fix: "Put both into one DestinationRule.",
    zh: Words {
        what: "本命名空间中已有更早的 DestinationRule 针对同一主机。",
        why: "较晚的规则只会补充名称不同的子集；它的流量策略和同名子集都会被忽略。",
        fix: "请把两者合并为一个 DestinationRule。",
    },
    about: &[About::Document(NETWORKING, "DestinationRule")],
    reads: &[("networking.istio.io", "DestinationRule")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.destination_rules.subject(subject) else { return };
    if typed.spec.workload_selector.is_some() {
        return;
    }
    let all = ask.rules_for(&typed.document.key.namespace, &host_of(typed));
    let older = || {
        let before = all.iter().take_while(|t| t.document.key != typed.document.key);
        before.filter(|t| t.spec.workload_selector.is_none())
    };
    for (n, subset) in typed.spec.subsets.iter().enumerate() {
        if let Some(first) = older().find(|o| o.spec.subsets.iter().any(|s| s.name == subset.name)) {
            let message = said!("{} defines subset {} first", "{} 更早定义了子集 {}", first.document.key, subset.name);
            out.at(format!("spec.subsets[{n}]"), message);
        }
    }
    let policy = typed.spec.traffic_policy.is_some();
    if let Some(first) = older().find(|o| policy && o.spec.traffic_policy.is_some()) {
        let message = said!(
            "{} sets the traffic policy for {} first",
            "{} 更早为 {} 设置了流量策略",
            first.document.key,
            typed.spec.host
        );
        out.at("spec.trafficPolicy", message);
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
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: shop}, spec: {host: reviews.shop.svc.cluster.local, subsets: [{name: v1, labels: {version: v2}}]}}"#,
                    &["spec.subsets[0]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, trafficPolicy: {tls: {mode: DISABLE}}}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: shop}, spec: {host: reviews, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}}"#,
                    &["spec.trafficPolicy"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: shop}, spec: {host: reviews, subsets: [{name: v2, labels: {version: v2}}]}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: c, namespace: shop}, spec: {host: details}}"#,
                    &[],
                ),
            ],
        );
    }
}
