//! `targetRefs`: the gateways, waypoints and services that a policy is bound to.

use serde::Deserialize;
use serde_json::Value;
use world::{Document, Labels, ObjectKey};

use crate::kinds::{NETWORKING, or_default};
use crate::read::waypoint::{CLASS, GATEWAY, GATEWAY_NAME};

/// `targetRefs[]`
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct TargetRef {
    #[serde(deserialize_with = "or_default")]
    pub group: String,
    #[serde(deserialize_with = "or_default")]
    pub kind: String,
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub namespace: String,
}

/// The targets of a policy, the older single one among them.
pub(crate) fn targets(document: &Document) -> Vec<TargetRef> {
    let read = |value: &Value| TargetRef::deserialize(value).ok();
    let list = document.at("/spec/targetRefs").and_then(Value::as_array);
    let many: Vec<_> = list.into_iter().flatten().filter_map(read).collect();
    if many.is_empty() { document.at("/spec/targetRef").and_then(read).into_iter().collect() } else { many }
}

/// Whether a policy names the gateway to which a workload with these labels belongs.
/// Upstream: istio/istio pilot/pkg/model/policyattachment.go, ShouldAttachPolicy.
pub(crate) fn names(policy: &Document, namespace: &str, labels: &Labels) -> bool {
    let Some(gateway) = labels.get(GATEWAY_NAME) else { return false };
    let here = |target: &TargetRef| target.namespace.is_empty() || target.namespace == namespace;
    policy.key.namespace == namespace
        && targets(policy).iter().any(|t| t.group == GATEWAY && t.kind == "Gateway" && t.name == *gateway && here(t))
}

/// Whether a policy is bound to a waypoint for one of its services, or to the waypoint whole. A selector binds nothing to a waypoint.
/// Upstream: istio/istio pilot/pkg/model/policyattachment.go, ShouldAttachPolicy.
pub(crate) fn binds(policy: &Document, waypoint: &ObjectKey, service: Option<&ObjectKey>, root: &str) -> bool {
    let home = &policy.key.namespace;
    targets(policy).iter().any(|target| {
        let group = if target.group == "core" { "" } else { target.group.as_str() };
        match (group, target.kind.as_str()) {
            ("", "Service") | (NETWORKING, "ServiceEntry") => service.is_some_and(|service| {
                let same = service.group == group && service.kind == target.kind && service.name == target.name;
                same && service.namespace == *home
            }),
            (GATEWAY, "GatewayClass") => home == root && target.name == CLASS,
            (GATEWAY, "Gateway") => {
                let here = target.namespace.is_empty() || target.namespace == *home;
                here && waypoint.namespace == *home && waypoint.name == target.name
            }
            _ => false,
        }
    })
}
