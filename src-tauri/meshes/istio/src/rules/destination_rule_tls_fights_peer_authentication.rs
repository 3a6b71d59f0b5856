//! The TLS mode of a DestinationRule is not what the workloads take.

use mesh::{Finding, Level, Membership, Mtls, Rule};

use crate::detect::membership;
use crate::kinds::destination_rule::decide::host_of;
use crate::kinds::peer_authentication::decide::posture;
use crate::read::Index;
use crate::read::hosts::service_of;

pub(crate) const RULE: Rule = Rule {
    name: "destination-rule-tls-fights-peer-authentication",
    level: Level::Error,
    aliases: &["KIA0207", "KIA0208", "KIA0206"],
    what: "Callers are told to connect in a way that the workloads of the host refuse.",
    why: "Every connection that the rule governs fails: callers see 503.",
    fix: "Take the TLS mode out of the DestinationRule, so that proxies choose by themselves, or change the PeerAuthentication.",
    reads: &[
        ("networking.istio.io", "DestinationRule"),
        ("security.istio.io", "PeerAuthentication"),
        ("", "Service"),
        ("", "Pod"),
    ],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    for typed in index.all_destination_rules() {
        let host = host_of(typed);
        let Some(tls) = typed.spec.traffic_policy.as_ref().and_then(|p| p.tls.as_ref()) else { continue };
        let Some(service) = service_of(&host).and_then(|(namespace, name)| index.places.service(namespace, name))
        else {
            continue;
        };
        for pod in index.places.of_service(service) {
            let member = membership(&index.world, pod) == Some(Membership::Sidecar);
            let posture = posture(index, &pod.namespace, &pod.labels, None);
            let takes = match (tls.mode.as_str(), posture.mtls) {
                ("DISABLE", Mtls::Strict) if member => "only mutual TLS",
                ("ISTIO_MUTUAL", Mtls::Disabled) if member => "only plaintext",
                ("ISTIO_MUTUAL", _) if !member => "plaintext alone, for it has no proxy",
                _ => continue,
            };
            let by = posture.object.filter(|_| member).map(|key| format!(" ({key})")).unwrap_or_default();
            let message =
                format!("{} asks for {}, and {} takes {takes}{by}", typed.document.key, tls.mode, pod.workload.1);
            out.push(RULE.at(&typed.document.key, "spec.trafficPolicy.tls.mode", message));
            break;
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
