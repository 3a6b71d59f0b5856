//! Whether Linkerd is here, and which pods carry its proxy.

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh::Presence;
use world::{Labels, Namespace, Pod, World};

use crate::kinds::KINDS;

/// From the API groups that are served and from what runs.
pub(crate) fn presence(world: &World, groups: &[String]) -> Option<Presence> {
    let control = world.pods().filter(|pod| pod.labels.contains_key("linkerd.io/control-plane-component"));
    let versions: BTreeSet<String> = control.filter_map(|pod| version(pod)).collect();
    let served = groups.iter().any(|g| KINDS.iter().any(|k| k.group == g));
    if versions.is_empty() && !served {
        return None;
    }
    let mode = if versions.is_empty() { "CRDs only" } else { "sidecar" };
    Some(Presence { mesh: "Linkerd", versions: versions.into_iter().rev().collect(), mode: mode.into() })
}

/// Whether a pod has the proxy. A pod without containers stands for a workload's template: it will be injected as annotations say.
pub(crate) fn carries_proxy<'a>(pod: &Pod, namespace: impl Fn(&str) -> Option<&'a Arc<Namespace>>) -> bool {
    let planned = || pod.containers.is_empty() && will_be_injected(pod, &namespace);
    !pod.host_network && (pod.container("linkerd-proxy").is_some() || planned())
}

/// The pod's own word, then its namespace's. Upstream: linkerd/linkerd2 pkg/inject/report.go, isInjectEnabled.
fn will_be_injected<'a>(pod: &Pod, namespace: &impl Fn(&str) -> Option<&'a Arc<Namespace>>) -> bool {
    let said = |annotations: &Labels| annotations.get("linkerd.io/inject").map(str::to_owned);
    let inherited = || namespace(&pod.namespace).and_then(|n| said(&n.annotations));
    said(&pod.annotations).or_else(inherited).is_some_and(|word| word == "enabled" || word == "ingress")
}

/// From the annotation that the control plane's pods carry, else from the tag of their image.
fn version(pod: &Pod) -> Option<String> {
    let said = pod.annotations.get("linkerd.io/proxy-version").map(str::to_owned);
    let image = pod.containers.iter().find(|c| c.name != "linkerd-proxy").map(|c| c.image.as_str());
    let tag = image.and_then(|i| i.rsplit('/').next()?.split_once(':')).map(|(_, tag)| tag.to_owned());
    said.or(tag)
}

#[cfg(test)]
mod tests {
    use world::{Change, Container, Object};

    use super::*;

    fn pod(labels: &[(&str, &str)], container: &str, image: &str) -> Pod {
        Pod {
            namespace: "linkerd".into(),
            name: container.into(),
            labels: labels.iter().copied().collect(),
            containers: vec![Container { name: container.into(), image: image.into(), ..Container::default() }],
            ..Pod::default()
        }
    }

    #[test]
    fn it_is_here_where_its_control_plane_runs() {
        let control = [("linkerd.io/control-plane-component", "destination")];
        let world =
            World::new().after([Change::Put(Object::Pod(pod(&control, "destination", "x/controller:edge-26.8.3")))]);
        let found = presence(&world, &[]).unwrap();
        assert_eq!((found.versions, found.mode.as_str()), (vec!["edge-26.8.3".to_owned()], "sidecar"));
        assert_eq!(presence(&World::new(), &[]), None);
        assert_eq!(presence(&World::new(), &["policy.linkerd.io".into()]).unwrap().mode, "CRDs only");
        let meshed = |container: &str| carries_proxy(&pod(&[], container, ""), |name| world.namespace(name));
        assert!(meshed("linkerd-proxy"));
        assert!(!meshed("app"));
    }
}
