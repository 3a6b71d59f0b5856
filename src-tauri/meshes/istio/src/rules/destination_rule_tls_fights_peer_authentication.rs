//! The TLS mode of a DestinationRule is not what the workloads take.

use std::sync::Arc;

use mesh::{About, Found, Level, Membership, Mtls, Rule, Subject, Typed, Words};
use world::yaml::Edit;
use world::{Said, Service, said};

use crate::kinds::NETWORKING;
use crate::kinds::destination_rule::DestinationRule;
use crate::kinds::destination_rule::decide::{Merged, for_host, host_of};
use crate::kinds::peer_authentication::decide::posture;
use crate::read::Index;
use crate::read::hosts::{is_wildcard, service_host, wildcard_matches};

pub(crate) const RULE: Rule = Rule {
    name: "destination-rule-tls-fights-peer-authentication",
    level: Level::Error,
    aliases: &["KIA0205", "KIA0206", "KIA0207", "KIA0208", "KIA0505", "KIA0506"],
    what: "Callers are told to connect in a way that the workloads of the host refuse.",
    why: "Every connection that the rule governs fails: callers see 503.",
    fix: "Take the TLS mode out of the DestinationRule, so that proxies choose by themselves, or change the PeerAuthentication.",
    zh: Words {
        what: "调用方被要求使用的连接方式，会被该主机的工作负载拒绝。",
        why: "受这条规则影响的每个连接都会失败：调用方看到 503。",
        fix: "请从 DestinationRule 中去掉 TLS 模式，让代理自行选择；或者修改 PeerAuthentication。",
    },
    about: &[About::Document(NETWORKING, "DestinationRule")],
    reads: &[
        ("networking.istio.io", "DestinationRule"),
        ("security.istio.io", "PeerAuthentication"),
        ("", "Service"),
        ("", "Pod"),
        ("", "Namespace"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.destination_rules.subject(subject) else { return };
    let host = host_of(typed);
    let Some(tls) = typed.spec.traffic_policy.as_ref().and_then(|p| p.tls.as_ref()) else { return };
    for pod in reached(ask, typed, &host).into_iter().flat_map(|service| ask.places.of_service(service)) {
        let member = ask.membership(pod) == Some(Membership::Sidecar);
        let posture = posture(ask, &pod.namespace, &pod.labels, None);
        let takes = match (tls.mode.as_str(), posture.mtls) {
            ("DISABLE", Mtls::Strict) if member => ("only mutual TLS", "只接受双向 TLS"),
            ("ISTIO_MUTUAL", Mtls::Disabled) if member => ("only plaintext", "只接受明文"),
            ("ISTIO_MUTUAL", _) if !member => ("plaintext alone, for it has no proxy", "没有代理，只接受明文"),
            _ => continue,
        };
        let by = posture.object.filter(|_| member);
        let by = by.map_or_else(Said::default, |key| said!(" ({key})", "（{key}）"));
        let (rule, mode, who) = (&typed.document.key, &tls.mode, &pod.workload.1);
        let message = Said::new(
            format!("{rule} asks for {mode}, and {who} takes {}{}", takes.0, by.en),
            format!("{rule} 要求 {mode}，而 {who} {}{}", takes.1, by.zh),
        );
        out.mend("spec.trafficPolicy.tls.mode", message, vec![Edit::remove("/spec/trafficPolicy/tls")]);
        break;
    }
}

/// The services whose callers go by this rule: that of its host, or all that its star stands for and no narrower rule beside it takes away.
fn reached<'a>(ask: &'a Index, typed: &Typed<DestinationRule>, host: &str) -> Vec<&'a Arc<Service>> {
    if !is_wildcard(host) {
        return ask.service_called(host).into_iter().collect();
    }
    let home = &typed.document.key.namespace;
    let decides = |service: &&Arc<Service>| {
        let full = service_host(&service.namespace, &service.name);
        let ours = |merged: Merged<'_>| merged.objects().any(|key| *key == typed.document.key);
        wildcard_matches(host, &full) && for_host(ask, home, &full, &service.namespace).is_some_and(ours)
    };
    ask.world.services().filter(decides).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: shop}, spec: {mtls: {mode: STRICT}}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: istio-system}, spec: {host: "*.local", trafficPolicy: {tls: {mode: DISABLE}}}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: legacy}, spec: {host: "*.legacy.svc.cluster.local", trafficPolicy: {tls: {mode: DISABLE}}}}"#,
                    &["spec.trafficPolicy.tls.mode"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, trafficPolicy: {tls: {mode: DISABLE}}}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: shop}, spec: {mtls: {mode: STRICT}}}"#,
                    &["spec.trafficPolicy.tls.mode"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: shop}, spec: {mtls: {mode: DISABLE}}}"#,
                    &["spec.trafficPolicy.tls.mode"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: batch.legacy.svc.cluster.local, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}}"#,
                    &["spec.trafficPolicy.tls.mode"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: shop}, spec: {host: details, trafficPolicy: {tls: {mode: DISABLE}}}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}, mtls: {mode: STRICT}}}"#,
                    &[],
                ),
            ],
        );
    }
}
