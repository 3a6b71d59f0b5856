//! Whether Istio is here, and how a pod takes part.

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh::{Membership, Presence};
use world::{Labels, Namespace, Pod, World};

use crate::read::waypoint::{GATEWAY_NAME, MANAGED, MANAGED_WAYPOINT};

const GROUPS: [&str; 4] = ["networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io"];

/// From the API groups that are served and from what runs: istiod's images name its versions.
pub(crate) fn presence(world: &World, groups: &[String]) -> Option<Presence> {
    let mut versions: BTreeSet<Version> = BTreeSet::new();
    let (mut control_plane, mut ambient) = (false, false);
    for pod in world.pods() {
        match pod.labels.get("app") {
            Some("istiod") => {
                control_plane = true;
                versions.extend(pod.containers.iter().filter(|c| c.name == "discovery").map(|c| Version::of(&c.image)));
            }
            Some("ztunnel") => ambient = true,
            _ => {}
        }
    }
    let served = groups.iter().any(|group| GROUPS.contains(&group.as_str()));
    if !control_plane && !served {
        return None;
    }
    let sidecars = world.pods().any(|pod| has_proxy(pod));
    let mode = match (control_plane, sidecars, ambient) {
        (false, ..) => "CRDs only",
        (_, true, true) => "sidecar and ambient",
        (_, _, true) => "ambient",
        _ => "sidecar",
    };
    Some(Presence {
        mesh: "Istio",
        versions: versions.into_iter().rev().map(|v| v.text).filter(|t| !t.is_empty()).collect(),
        mode: mode.into(),
    })
}

/// A version that sorts by its numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    numbers: Vec<u64>,
    text: String,
}

impl Version {
    /// From an image: the tag without its flavour (`1.29.2-distroless`), none where a digest alone names it.
    fn of(image: &str) -> Self {
        let image = image.split('@').next().unwrap_or_default();
        let tag = image.rsplit('/').next().and_then(|name| name.split_once(':')).map_or("", |(_, tag)| tag);
        let text = ["-distroless", "-debug"].iter().fold(tag, |t, flavour| t.strip_suffix(flavour).unwrap_or(t));
        let numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
        Self { numbers, text: text.to_owned() }
    }
}

/// How a pod takes part. A pod without containers stands for a workload's template: it will be injected as its labels say.
pub(crate) fn membership(world: &World, pod: &Pod) -> Option<Membership> {
    member(pod, |name| world.namespace(name))
}

/// The same, with somebody who knows namespaces.
pub(crate) fn member<'a>(pod: &Pod, namespace: impl Fn(&str) -> Option<&'a Arc<Namespace>>) -> Option<Membership> {
    if pod.host_network || is_ztunnel(pod) {
        return None;
    }
    if is_gateway(pod) {
        return Some(Membership::Gateway);
    }
    if has_proxy(pod) || (pod.containers.is_empty() && will_be_injected(pod, &namespace)) {
        return Some(Membership::Sidecar);
    }
    is_captured(pod, &namespace).then_some(Membership::Node)
}

/// Whether the proxy of its node takes a pod's traffic: as its own label says, else its namespace's; the annotation that the node agent leaves
/// on what it took speaks where both are silent (its selectors can be changed).
/// Upstream: istio/istio manifests/charts/istio-cni/values.yaml, ambient.enablementSelectors; cni/pkg/util/enablement_selector.go, Matches.
fn is_captured<'a>(pod: &Pod, namespace: impl Fn(&str) -> Option<&'a Arc<Namespace>>) -> bool {
    let mode = |labels: &Labels| labels.get("istio.io/dataplane-mode").map(str::to_owned);
    match mode(&pod.labels).as_deref() {
        Some("ambient") => return true,
        Some("none") => return false,
        _ => {}
    }
    let around = namespace(&pod.namespace).and_then(|n| mode(&n.labels));
    around.as_deref() == Some("ambient") || pod.annotations.get("ambient.istio.io/redirection") == Some("enabled")
}

/// The proxy of a node is nobody's workload. Upstream: istio/istio cni/pkg/util/podutil.go, IsZtunnelPod.
fn is_ztunnel(pod: &Pod) -> bool {
    pod.labels.get("app") == Some("ztunnel")
}

/// Whether a sidecar also answers HBONE, as the injector says on its pod.
/// Upstream: istio/istio pilot/pkg/serviceregistry/ambient/workloads.go, setTunnelProtocol.
pub(crate) fn tunnels(labels: &Labels) -> bool {
    labels.get("networking.istio.io/tunnel") == Some("http")
}

/// Whether a pod is a waypoint, a proxy that stands between pods.
/// Upstream: istio/istio pilot/pkg/model/context.go, IsWaypointProxy.
pub(crate) fn is_waypoint(labels: &Labels) -> bool {
    labels.get(MANAGED) == Some(MANAGED_WAYPOINT)
}

fn has_proxy(pod: &Pod) -> bool {
    pod.container("istio-proxy").is_some()
}

/// Gateway deployments run the proxy alone; those that istiod makes for a Gateway are named after it.
fn is_gateway(pod: &Pod) -> bool {
    let said = pod.labels.get("istio").is_some_and(|v| v.ends_with("gateway"));
    let injected = pod.annotations.get("inject.istio.io/templates").is_some_and(|t| t == "gateway");
    let alone = !pod.containers.is_empty() && pod.containers.iter().all(|c| c.name == "istio-proxy");
    said || injected || alone || pod.labels.contains_key(GATEWAY_NAME)
}

/// Upstream: istio/istio pkg/kube/inject/inject.go, injectRequired: the pod's own word, then its namespace's.
fn will_be_injected<'a>(pod: &Pod, namespace: impl Fn(&str) -> Option<&'a Arc<Namespace>>) -> bool {
    let own = pod.labels.get("sidecar.istio.io/inject").or(pod.annotations.get("sidecar.istio.io/inject"));
    if let Some(own) = own {
        return own == "true";
    }
    let Some(namespace) = namespace(&pod.namespace) else { return false };
    match namespace.labels.get("istio-injection") {
        Some("enabled") => true,
        Some(_) => false,
        None => namespace.labels.contains_key("istio.io/rev") || pod.labels.contains_key("istio.io/rev"),
    }
}
