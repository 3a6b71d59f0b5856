//! A DestinationRule is about a host that the mesh does not know.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::kinds::destination_rule::decide::host_of;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "destination-rule-host-not-found",
    level: Level::Warning,
    aliases: &["IST0174", "KIA0202"],
    what: "The host is no Service and no ServiceEntry.",
    why: "The rule holds nowhere: its subsets and TLS settings have no effect.",
    fix: "Correct the name: a short name is looked up in the rule's own namespace, a name with a dot is taken as it stands.",
    zh: Words {
        what: "该主机既不是 Service，也不是 ServiceEntry。",
        why: "这条规则在任何地方都不生效：它的子集和 TLS 设置没有作用。",
        fix: "请更正名称：短名称在规则自己的命名空间中查找，带点的名称按原样使用。",
    },
    about: &[About::Document(NETWORKING, "DestinationRule")],
    reads: &[("networking.istio.io", "DestinationRule"), ("", "Service"), ("networking.istio.io", "ServiceEntry")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.destination_rules.subject(subject) else { return };
    let host = host_of(typed);
    if !ask.knows(&host) {
        out.at(
            "spec.host",
            said!("no Service or ServiceEntry is called {host}", "没有名为 {host} 的 Service 或 ServiceEntry"),
        );
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
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: nosuch}}"#,
                    &["spec.host"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews.shop}}"#,
                    &["spec.host"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: shop}, spec: {host: "*.shop.svc.cluster.local"}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: c, namespace: shop}, spec: {host: "*"}}"#,
                    &[],
                ),
            ],
        );
    }
}
