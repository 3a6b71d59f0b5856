//! What controllers leave behind whose pods a webhook keeps out, in the words of genuine ones.

use serde_json::{Value, json};

use super::{Writer, hash};
use crate::shop::Kept;

/// The API server's words.
fn words(kept: Kept) -> &'static str {
    match kept {
        Kept::Denied => {
            "admission webhook \"images.policy.shop.example\" denied the request: image shop/recommendations:v1 is not signed"
        }
        Kept::Failed => {
            "Internal error occurred: failed calling webhook \"rev.object.sidecar-injector.istio.io\": failed to call webhook: \
             Post \"https://istiod-canary.istio-system.svc:443/inject?timeout=10s\": service \"istiod-canary\" not found"
        }
        Kept::Untrusted => {
            "Internal error occurred: failed calling webhook \"namespace.sidecar-injector.istio.io\": failed to call webhook: \
             Post \"https://istiod.istio-system.svc:443/inject?timeout=10s\": tls: failed to verify certificate: \
             x509: certificate signed by unknown authority"
        }
    }
}

/// What the ReplicaSet, and its Deployment after it, says of itself.
pub(super) fn condition(kept: Kept, since: &str) -> Value {
    json!({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": words(kept), "lastTransitionTime": since})
}

impl Writer {
    /// The event of a ReplicaSet, by name and identity.
    pub(super) fn failed_to_create(&mut self, namespace: &str, (set, uid): (&str, &str), kept: Kept) {
        // Nine days after all began: it is tried again every quarter of an hour.
        let (first, last) = (self.time(10), self.time(9 * 24 * 60 - 4));
        let name = format!("{set}.{:016x}", hash(set, self.seed));
        let involved =
            json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "namespace": namespace, "name": set, "uid": uid});
        let body = json!({"apiVersion": "v1", "kind": "Event",
            "metadata": {"name": name, "namespace": namespace, "creationTimestamp": first},
            "involvedObject": involved, "reason": "FailedCreate", "message": format!("Error creating: {}", words(kept)),
            "type": "Warning", "count": 788, "firstTimestamp": first, "lastTimestamp": last,
            "source": {"component": "replicaset-controller"}, "reportingComponent": "replicaset-controller",
            "reportingInstance": ""});
        self.add(body, "kube-controller-manager");
    }
}
