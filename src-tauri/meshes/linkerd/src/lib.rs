//! Linkerd.
//!
//! So far it says whether Linkerd is here, which kinds it has and which pods carry its proxy. Deliberately absent until a later version:
//! verdicts and findings.

use std::collections::BTreeSet;

use mesh::{Kind, Membership, Mesh, Presence};
use world::{Pod, World};

const POLICY: &str = "policy.linkerd.io";

const fn kind(group: &'static str, kind: &'static str, plural: &'static str, purpose: &'static str) -> Kind {
    Kind { group, kind, plural, namespaced: true, purpose }
}

const KINDS: &[Kind] = &[
    kind(POLICY, "Server", "servers", "Names a port of workloads that policies guard."),
    kind(POLICY, "AuthorizationPolicy", "authorizationpolicies", "Says who may call a Server, route or namespace."),
    kind(POLICY, "ServerAuthorization", "serverauthorizations", "Says who may call a Server, in the older form."),
    kind(POLICY, "MeshTLSAuthentication", "meshtlsauthentications", "Names callers by their identity."),
    kind(POLICY, "NetworkAuthentication", "networkauthentications", "Names callers by their address."),
    kind(POLICY, "HTTPRoute", "httproutes", "Says where HTTP requests go, in Linkerd's own group."),
    kind(POLICY, "EgressNetwork", "egressnetworks", "Says what may leave the cluster."),
    kind(POLICY, "HTTPLocalRateLimitPolicy", "httplocalratelimitpolicies", "Limits how many requests a Server takes."),
    kind("linkerd.io", "ServiceProfile", "serviceprofiles", "Describes the routes of a service."),
    kind("workload.linkerd.io", "ExternalWorkload", "externalworkloads", "Adds a machine outside Kubernetes."),
    kind("multicluster.linkerd.io", "Link", "links", "Joins another cluster."),
];

/// Linkerd, as the engine knows it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Linkerd;

impl Mesh for Linkerd {
    fn name(&self) -> &'static str {
        "Linkerd"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    fn detect(&self, world: &World, groups: &[String]) -> Option<Presence> {
        let control = world.pods().filter(|pod| pod.labels.contains_key("linkerd.io/control-plane-component"));
        let versions: BTreeSet<String> = control.filter_map(|pod| version(pod)).collect();
        let served = groups.iter().any(|g| KINDS.iter().any(|k| k.group == g));
        if versions.is_empty() && !served {
            return None;
        }
        let mode = if versions.is_empty() { "CRDs only" } else { "sidecar" };
        Some(Presence { mesh: "Linkerd", versions: versions.into_iter().rev().collect(), mode: mode.into() })
    }

    fn membership(&self, _world: &World, pod: &Pod) -> Option<Membership> {
        (pod.container("linkerd-proxy").is_some() && !pod.host_network).then_some(Membership::Sidecar)
    }
}

/// From the annotation that the control plane's pods carry, else from the tag of their image.
fn version(pod: &Pod) -> Option<String> {
    let said = pod.annotations.get("linkerd.io/proxy-version").cloned();
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
            labels: labels.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            containers: vec![Container { name: container.into(), image: image.into(), ..Container::default() }],
            ..Pod::default()
        }
    }

    #[test]
    fn it_is_here_where_its_control_plane_runs() {
        let control = [("linkerd.io/control-plane-component", "destination")];
        let world =
            World::new().after([Change::Put(Object::Pod(pod(&control, "destination", "x/controller:edge-26.8.3")))]);
        let found = Linkerd.detect(&world, &[]).unwrap();
        assert_eq!((found.versions, found.mode.as_str()), (vec!["edge-26.8.3".to_owned()], "sidecar"));
        assert_eq!(Linkerd.detect(&World::new(), &[]), None);
        assert_eq!(Linkerd.detect(&World::new(), &[POLICY.into()]).unwrap().mode, "CRDs only");
        assert_eq!(Linkerd.membership(&world, &pod(&[], "linkerd-proxy", "")), Some(Membership::Sidecar));
        assert_eq!(Linkerd.membership(&world, &pod(&[], "app", "")), None);
    }
}
