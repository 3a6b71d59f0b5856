//! Cilium.
//!
//! So far it says whether Cilium is here, which kinds it has and which pods its agents serve. Deliberately absent until a later version:
//! verdicts and findings.

use std::collections::BTreeSet;

use mesh::{Kind, Membership, Mesh, Presence};
use world::{Pod, World};

const GROUP: &str = "cilium.io";

/// Namespaces that the agents are installed in; others are not searched, for that would be every pod for every pod.
const HOMES: [&str; 2] = ["kube-system", "cilium"];

const fn kind(kind: &'static str, plural: &'static str, namespaced: bool, purpose: &'static str) -> Kind {
    Kind { group: GROUP, kind, plural, namespaced, purpose }
}

const KINDS: &[Kind] = &[
    kind("CiliumNetworkPolicy", "ciliumnetworkpolicies", true, "Says what may enter and leave pods of a namespace."),
    kind(
        "CiliumClusterwideNetworkPolicy",
        "ciliumclusterwidenetworkpolicies",
        false,
        "Says what may enter and leave pods or nodes.",
    ),
    kind("CiliumEnvoyConfig", "ciliumenvoyconfigs", true, "Gives the node's Envoy listeners and routes."),
    kind("CiliumClusterwideEnvoyConfig", "ciliumclusterwideenvoyconfigs", false, "The same for the whole cluster."),
    kind("CiliumLocalRedirectPolicy", "ciliumlocalredirectpolicies", true, "Keeps requests for a service on the node."),
    kind(
        "CiliumEgressGatewayPolicy",
        "ciliumegressgatewaypolicies",
        false,
        "Says by which node requests leave the cluster.",
    ),
    kind("CiliumCIDRGroup", "ciliumcidrgroups", false, "Names blocks of addresses for policies."),
];

/// Cilium, as the engine knows it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cilium;

impl Mesh for Cilium {
    fn name(&self) -> &'static str {
        "Cilium"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    fn detect(&self, world: &World, groups: &[String]) -> Option<Presence> {
        let versions: BTreeSet<String> = world.pods().filter(|p| is_agent(p)).filter_map(|p| version(p)).collect();
        let agents = world.pods().any(|p| is_agent(p));
        let served = groups.iter().any(|group| group == GROUP);
        if !agents && !served {
            return None;
        }
        let mode = if agents { "agent on each node" } else { "CRDs only" };
        Some(Presence { mesh: "Cilium", versions: versions.into_iter().rev().collect(), mode: mode.into() })
    }

    /// Where an agent runs, it serves every pod of its node that has a network of its own.
    fn membership(&self, world: &World, pod: &Pod) -> Option<Membership> {
        let mut agents = HOMES.iter().flat_map(|home| world.pods_in(home)).filter(|p| is_agent(p));
        let on_its_node = agents.any(|p| p.node == pod.node);
        let served = !pod.host_network && !pod.node.is_empty() && on_its_node;
        served.then_some(Membership::Node)
    }
}

fn is_agent(pod: &Pod) -> bool {
    pod.labels.get("k8s-app") == Some("cilium")
}

fn version(pod: &Pod) -> Option<String> {
    let image = &pod.container("cilium-agent")?.image;
    let (_, tag) = image.split('@').next()?.rsplit('/').next()?.split_once(':')?;
    Some(tag.trim_start_matches('v').to_owned())
}

#[cfg(test)]
mod tests {
    use world::{Change, Container, Object};

    use super::*;

    #[test]
    fn it_is_here_where_its_agents_run() {
        let agent = Pod {
            namespace: "kube-system".into(),
            name: "cilium-x".into(),
            node: "n1".into(),
            host_network: true,
            labels: [("k8s-app".to_owned(), "cilium".to_owned())].into(),
            containers: vec![Container {
                name: "cilium-agent".into(),
                image: "example.org/cilium:v1.19.1@sha256:0".into(),
                ..Container::default()
            }],
            ..Pod::default()
        };
        let world = World::new().after([Change::Put(Object::Pod(agent.clone()))]);
        assert_eq!(Cilium.detect(&world, &[]).unwrap().versions, ["1.19.1"]);
        let on = |node: &str| Pod { node: node.into(), ..Pod::default() };
        assert_eq!(Cilium.membership(&world, &on("n1")), Some(Membership::Node));
        assert_eq!(Cilium.membership(&world, &on("n2")), None);
        assert_eq!(Cilium.membership(&world, &agent), None);
        assert_eq!(Cilium.detect(&World::new(), &[]), None);
    }
}
