//! The Kubernetes Gateway API: routes and gateways in the words that every mesh understands.
//!
//! It reads the kinds, which routes attach where, whose match is asked first, and who may refer to what: all that the API itself settles,
//! for any mesh. Its objects have no proxies of their own: verdicts are those of the mesh that carries them out.

pub mod api;
pub mod attach;
pub mod hosts;
pub mod listeners;
pub mod rank;
pub mod spec;

mod rules;
mod summary;

use std::sync::Arc;

use mesh::{Kind, Membership, Mesh, Places, Presence, Reading, Rule, Summary};
use world::{Document, Pod, World};

/// API group of its kinds.
pub const GROUP: &str = "gateway.networking.k8s.io";

const fn kind(kind: &'static str, plural: &'static str, namespaced: bool, purpose: &'static str) -> Kind {
    Kind { group: GROUP, kind, plural, namespaced, purpose }
}

const KINDS: &[Kind] = &[
    kind("GatewayClass", "gatewayclasses", false, "Names who makes gateways."),
    kind("Gateway", "gateways", true, "Opens ports at the edge, or inside the mesh."),
    kind("HTTPRoute", "httproutes", true, "Says where HTTP requests go."),
    kind("GRPCRoute", "grpcroutes", true, "Says where gRPC calls go."),
    kind("TLSRoute", "tlsroutes", true, "Says where TLS connections go, by server name."),
    kind("TCPRoute", "tcproutes", true, "Says where TCP connections go."),
    kind("UDPRoute", "udproutes", true, "Says where datagrams go."),
    kind("ListenerSet", "listenersets", true, "Adds listeners to a gateway of somebody else."),
    kind("ReferenceGrant", "referencegrants", true, "Lets other namespaces refer to this one's objects."),
    kind("BackendTLSPolicy", "backendtlspolicies", true, "Says how a gateway encrypts towards a service."),
];

/// The Gateway API, as the engine knows it.
#[derive(Clone, Copy, Debug, Default)]
pub struct GatewayApi;

impl Mesh for GatewayApi {
    fn name(&self) -> &'static str {
        "Gateway API"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    fn detect(&self, world: &World, groups: &[String]) -> Option<Presence> {
        if !groups.iter().any(|group| group == GROUP) {
            return None;
        }
        let gateways = world.documents_of(GROUP, "Gateway").count();
        let mode = match gateways {
            0 => "CRDs only".to_owned(),
            1 => "1 gateway".to_owned(),
            n => format!("{n} gateways"),
        };
        Some(Presence { mesh: "Gateway API", versions: Vec::new(), mode })
    }

    fn membership(&self, _world: &World, _pod: &Pod) -> Option<Membership> {
        None
    }

    fn summary(&self, document: &Document) -> Option<Summary> {
        summary::of(document)
    }

    fn rules(&self) -> Vec<&'static Rule> {
        rules::ALL.iter().map(|(rule, _)| *rule).collect()
    }

    fn read(&self, world: &World, places: &Arc<Places>) -> Option<Box<dyn Reading>> {
        Some(Box::new(rules::Index::of(world, places)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_here_where_its_group_is_served() {
        let found = |groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|g| (*g).to_owned()).collect();
            GatewayApi.detect(&World::new(), &groups).map(|p| p.mode)
        };
        assert_eq!(found(&["apps"]), None);
        assert_eq!(found(&[GROUP]).as_deref(), Some("CRDs only"));
    }
}
