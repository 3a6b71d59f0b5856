//! What gateways open and where it leads, in one form for Istio's own kinds and for those of the Gateway API, which istiod turns into
//! the former. Upstream: istio/istio pilot/pkg/config/kube/gateway.

mod derive;
mod door;
mod enter;
mod open;
mod rules;
mod secret;
mod table;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use gateway_api::GROUP;
use gateway_api::api::Api;
use mesh::{Dep, Places, Shelf};
use world::{Difference, Pod, Service, World};

pub(crate) use derive::{Derived, Rule};
pub(crate) use door::{Door, Mode, Protocol};
pub(crate) use open::Open;
pub(crate) use secret::{Lack, lack};
pub(crate) use table::{Connection, Layer4, MESH, Stand, Table, full_name};

use crate::kinds::NETWORKING;
use crate::kinds::gateway::Gateway;
use crate::read::Index;
use crate::read::flags::Flags;

/// The edge of one mesh.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    /// Ports that gateways open, oldest object first.
    doors: Vec<Door>,
    /// Routes of the Gateway API as istiod derives VirtualServices from them, oldest first.
    derived: Vec<Derived>,
    /// Places in `derived` by gateway; `mesh` for callers in the mesh, by host.
    at_gateway: HashMap<String, Vec<usize>>,
    in_mesh: HashMap<String, Vec<usize>>,
    /// What istiod makes for Kubernetes Gateways, with their names.
    promised: Vec<(String, Service, Pod)>,
    /// There are gateways or routes of the Gateway API, whether they lead anywhere or not: they ask for services, hosts and namespaces.
    asks: bool,
}

impl Edge {
    /// Reads a world.
    fn of(world: &World, places: &Places) -> Self {
        let read = Flags::of(world).reads_gateway_api();
        let api = if read { Api::of(world) } else { Api::default() };
        let mut doors: Vec<Door> = Shelf::<Gateway>::of(world).all().flat_map(door::of_istio).collect();
        doors.extend(door::of_api(&api));
        doors.sort_by_key(|door| (door.created, door.name.clone(), door.namespace.clone()));
        let derived = derive::all(&api, world, places);
        let (mut at_gateway, mut in_mesh): (HashMap<_, Vec<_>>, HashMap<_, Vec<_>>) = Default::default();
        for (at, route) in derived.iter().enumerate() {
            let (map, key) = match route.gateway.as_str() {
                table::MESH => (&mut in_mesh, &route.host),
                gateway => (&mut at_gateway, &gateway.to_owned()),
            };
            map.entry(key.clone()).or_default().push(at);
        }
        Self { doors, derived, at_gateway, in_mesh, promised: door::promised(&api), asks: !api.is_empty() }
    }

    /// Nothing that it is read from differs.
    fn stands(&self, difference: &Difference) -> bool {
        let differs = |group: &str, kind: &str| difference.has_document(group, kind);
        let own = differs(NETWORKING, "Gateway") || API.iter().any(|kind| differs(GROUP, kind));
        let around =
            !difference.services.is_empty() || !difference.namespaces.is_empty() || differs(NETWORKING, "ServiceEntry");
        !(own || self.asks && around)
    }

    /// The service and the pod that istiod makes for a Kubernetes Gateway, by the name of either.
    pub fn promised(&self, namespace: &str, name: &str) -> Option<(Service, Pod)> {
        let named = |p: &&(String, Service, Pod)| p.1.namespace == namespace && (p.0 == name || p.1.name == name);
        self.promised.iter().find(named).map(|(_, service, pod)| (service.clone(), pod.clone()))
    }

    /// Routes of the Gateway API for callers in the mesh that name a host of it.
    pub fn in_mesh(&self, host: &str) -> impl Iterator<Item = &Derived> {
        self.in_mesh.get(host).into_iter().flatten().filter_map(|at| self.derived.get(*at))
    }
}

/// The edge of a world, read when it is first asked for.
#[derive(Debug)]
pub(crate) struct Later {
    world: World,
    places: Arc<Places>,
    edge: OnceLock<Arc<Edge>>,
}

impl Later {
    /// Of this world.
    pub fn of(world: &World, places: Arc<Places>) -> Self {
        Self { world: world.clone(), places, edge: OnceLock::new() }
    }

    /// Of the world that it became: what was read stands where nothing that it is read from differs.
    pub fn after(&self, next: &World, places: Arc<Places>, difference: &Difference) -> Self {
        let edge = self.edge.get().filter(|edge| edge.stands(difference)).cloned();
        Self { edge: edge.map_or_else(OnceLock::new, OnceLock::from), ..Self::of(next, places) }
    }

    fn read(&self) -> &Edge {
        self.edge.get_or_init(|| Arc::new(Edge::of(&self.world, &self.places)))
    }
}

/// What the Gateway API's part of an edge is read from.
const API: [&str; 8] =
    ["GatewayClass", "Gateway", "ListenerSet", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "ReferenceGrant"];

impl Index {
    /// The edge of this world. All that it is read from is written down, but for the doors of Istio's own Gateways.
    pub fn edge(&self) -> &Edge {
        let note = |group: &str, kind: &str| self.world.log().note(group, kind, || Dep::every(group, kind));
        API.iter().for_each(|kind| note(GROUP, kind));
        let edge = self.edge.read();
        if edge.asks {
            for (group, kind) in [("", "Service"), ("", "Namespace"), (NETWORKING, "ServiceEntry")] {
                note(group, kind);
            }
        }
        edge
    }

    /// The doors of every gateway, oldest first.
    fn doors(&self) -> &[Door] {
        self.world.log().note(NETWORKING, "Gateway", || Dep::every(NETWORKING, "Gateway"));
        &self.edge().doors
    }
}
