//! STRICT is asked of a workload that has no proxy.

use mesh::{Finding, Level, Mtls, Rule};

use crate::detect::membership;
use crate::kinds::peer_authentication::decide::posture;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "strict-without-proxy",
    level: Level::Warning,
    aliases: &[],
    what: "A PeerAuthentication covers a workload that has no proxy to enforce it.",
    why: "That workload keeps taking plaintext from everybody, although its namespace looks protected.",
    fix: "Inject the proxy into the workload, or exclude it from the policy on purpose.",
    reads: &[("security.istio.io", "PeerAuthentication"), ("", "Pod")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    let mut seen = std::collections::BTreeSet::new();
    for pod in index.places.pods().filter(|pod| pod.namespace != index.root && !pod.host_network) {
        let posture = posture(index, &pod.namespace, &pod.labels, None);
        // A policy for the whole mesh says nothing of namespaces that are not in it.
        let Some(key) = posture.object.filter(|key| posture.mtls == Mtls::Strict && key.namespace == pod.namespace)
        else {
            continue;
        };
        if membership(&index.world, pod).is_none() && seen.insert((key.clone(), pod.workload.1.clone())) {
            out.push(RULE.at(
                &key,
                posture.path,
                format!("{} has no proxy, so it takes plaintext all the same", pod.workload.1),
            ));
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
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: legacy}, spec: {mtls: {mode: STRICT}}}"#,
                    &["spec.mtls.mode"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: shop}, spec: {mtls: {mode: STRICT}}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: istio-system}, spec: {mtls: {mode: STRICT}}}"#,
                    &[],
                ),
            ],
        );
    }
}
