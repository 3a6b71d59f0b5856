//! A narrower DestinationRule takes a host away from a wider one.
//!
//! Kiali warns of lost ISTIO_MUTUAL; proxies use it by themselves (auto mTLS), so that is no loss.
//! Upstream: istio/istio pilot/pkg/model/push_context.go, destinationRule: the most specific host of the first namespace that has one.

use mesh::{About, Found, Level, Rule, Subject, Typed, Words};
use world::said;
use world::yaml::Edit;

use crate::kinds::NETWORKING;
use crate::kinds::destination_rule::DestinationRule;
use crate::kinds::destination_rule::decide::host_of;
use crate::read::Index;
use crate::read::hosts::wildcard_matches;

pub(crate) const RULE: Rule = Rule {
    name: "destination-rule-hides-wider",
    level: Level::Warning,
    aliases: &["KIA0204"],
    what: "A wider DestinationRule sets TLS for this host, and this narrower one says nothing of TLS.",
    why: "Only the narrowest rule for a host counts, whole: the TLS settings of the wider one do not reach this host.",
    fix: "Repeat the TLS settings here.",
    zh: Words {
        what: "更宽的 DestinationRule 为该主机设置了 TLS，而这条更窄的规则没有提到 TLS。",
        why: "对一个主机只有最窄的规则整体生效：更宽规则的 TLS 设置到不了这个主机。",
        fix: "请在这里重复 TLS 设置。",
    },
    about: &[About::Document(NETWORKING, "DestinationRule")],
    reads: &[("networking.istio.io", "DestinationRule")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.destination_rules.subject(subject) else { return };
    let own = typed.spec.traffic_policy.as_ref();
    if own.is_some_and(|p| p.tls.is_some() || p.port_level_settings.iter().any(|port| port.tls.is_some())) {
        return;
    }
    let (host, home) = (host_of(typed), &typed.document.key.namespace);
    let root = (*home != ask.root).then_some(&ask.root);
    let around = std::iter::once(home).chain(root).flat_map(|namespace| ask.destination_rules.within(namespace));
    let wider = around.filter(|t| {
        let pattern = host_of(t);
        pattern != host && wildcard_matches(&pattern, &host)
    });
    let tls = |t: &Typed<DestinationRule>| {
        t.spec.traffic_policy.as_ref().and_then(|p| p.tls.as_ref()).map(|tls| tls.mode.clone())
    };
    // Mutual TLS of the mesh is used without being asked for: nothing of it is lost.
    let lost = wider.filter_map(|t| Some((t, tls(t)?))).find(|(_, mode)| !mode.is_empty() && mode != "ISTIO_MUTUAL");
    if let Some((wide, mode)) = lost {
        let pointer = "/spec/trafficPolicy/tls";
        let message = said!(
            "{} asks for TLS {mode} towards {}; that does not hold for {host}",
            "{} 要求对 {} 使用 TLS {mode}，但这对 {host} 不生效",
            wide.document.key,
            wide.spec.host
        );
        let said = wide.document.at(pointer).cloned().unwrap_or_default();
        out.mend("spec.host", message, vec![Edit::set(pointer, said)]);
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
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: "*.shop.svc.cluster.local", trafficPolicy: {tls: {mode: DISABLE}}}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: shop}, spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}}"#,
                    &["spec.host"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: istio-system}, spec: {host: "*.local", trafficPolicy: {tls: {mode: SIMPLE}}}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: shop}, spec: {host: reviews}}"#,
                    &["spec.host"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: "*.shop.svc.cluster.local", trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: shop}, spec: {host: reviews}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: c, namespace: shop}, spec: {host: "*.legacy.svc.cluster.local", trafficPolicy: {tls: {mode: DISABLE}}}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: d, namespace: shop}, spec: {host: "*.local", trafficPolicy: {tls: {mode: DISABLE}}}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: e, namespace: shop}, spec: {host: ratings, trafficPolicy: {tls: {mode: DISABLE}}}}"#,
                    &["spec.host"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: c, namespace: shop}, spec: {host: "*.legacy.svc.cluster.local", trafficPolicy: {tls: {mode: DISABLE}}}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: "*.shop.svc.cluster.local", trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: shop}, spec: {host: reviews}}"#,
                    &[],
                ),
            ],
        );
    }
}
