//! A world as Linkerd's policy controller reads it.

pub(crate) mod access;
pub(crate) mod settings;

use std::sync::Arc;

use mesh::{Lens, Log, Places, Shelf, Shelved, Touched, Typed};
use world::{Difference, ObjectKey, Pod, Said, World};

use crate::detect;
use crate::kinds::POLICY;
use crate::kinds::spec::{AuthorizationPolicy, MeshTls, Networks, Server, ServerAuthorization};
use settings::Settings;

/// Kinds that decide every verdict.
const NEEDED: [(&str, &str); 5] = [
    (POLICY, "Server"),
    (POLICY, "AuthorizationPolicy"),
    (POLICY, "ServerAuthorization"),
    (POLICY, "MeshTLSAuthentication"),
    (POLICY, "NetworkAuthentication"),
];

/// Every policy of a world, read once. All of it writes down what is read.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    /// The world that was read.
    pub world: Lens,
    /// Who is where in it.
    pub places: Arc<Places>,
    /// The control plane's own settings. Where they change, all is read anew.
    pub settings: Settings,
    pub servers: Shelf<Server>,
    pub policies: Shelf<AuthorizationPolicy>,
    pub authorizations: Shelf<ServerAuthorization>,
    pub identities: Shelf<MeshTls>,
    pub networks: Shelf<Networks>,
}

impl Index {
    /// Reads a world.
    pub fn of(world: &World, places: Arc<Places>) -> Self {
        Self {
            settings: Settings::of(world),
            servers: Shelf::of(world),
            policies: Shelf::of(world),
            authorizations: Shelf::of(world),
            identities: Shelf::of(world),
            networks: Shelf::of(world),
            world: Lens::of(world),
            places,
        }
    }

    /// The same, writing down in this log.
    pub fn listening(&self, log: &Log) -> Self {
        let mut index = self.clone();
        index.world = self.world.listening(log);
        index.places = Arc::new(self.places.listening(log));
        index.shelves_mut().into_iter().for_each(|shelf| shelf.listen(log));
        index
    }

    /// The index of what the world became; `None` where the control plane's own settings changed, and with them everything.
    pub fn after(
        &self,
        next: &World,
        places: &Arc<Places>,
        difference: &Difference,
        touched: &mut Touched,
    ) -> Option<Self> {
        if difference.has_document("", "ConfigMap") && self.settings != Settings::of(next) {
            return None;
        }
        let mut index = Self { world: Lens::of(next), places: places.clone(), ..self.clone() };
        index.shelves_mut().into_iter().for_each(|shelf| shelf.change(difference, touched));
        Some(index)
    }

    fn shelves_mut(&mut self) -> [&mut dyn Shelved; 5] {
        [&mut self.servers, &mut self.policies, &mut self.authorizations, &mut self.identities, &mut self.networks]
    }

    /// Whether a pod has the proxy.
    pub fn is_meshed(&self, pod: &Pod) -> bool {
        detect::carries_proxy(pod, |namespace| self.world.namespace(namespace))
    }

    /// Why the policy controller cannot read an object and ignores it; `None` where it can.
    pub fn problem(&self, key: &ObjectKey) -> Option<&str> {
        let shelves: [&dyn Shelved; 5] =
            [&self.servers, &self.policies, &self.authorizations, &self.identities, &self.networks];
        let shelf = shelves.into_iter().find(|shelf| shelf.kind() == (key.group.as_str(), key.kind.as_str()))?;
        shelf.problem(key)
    }

    /// Why a kind that decides cannot be read; `None` where all can.
    pub fn unreadable(&self) -> Option<Said> {
        self.world.unreadable(&NEEDED)
    }

    /// The Servers that mean a pod's port, the one that holds first: of several the oldest.
    /// Upstream: linkerd/linkerd2 policy-controller/k8s/index/src/inbound/index.rs, Pod::reindex_servers.
    pub fn servers_of<'a>(&'a self, pod: &'a Pod, port: u16) -> impl Iterator<Item = &'a Typed<Server>> {
        let all = self.servers.within(&pod.namespace);
        all.filter(move |server| means(&server.spec, pod) && ports(&server.spec, pod).contains(&port))
    }
}

/// Whether a Server selects a pod.
pub(crate) fn means(server: &Server, pod: &Pod) -> bool {
    server.pod_selector.as_ref().is_some_and(|selector| selector.fits(&pod.labels))
}

/// The ports of a pod that a Server means: a number, or all container ports of a name.
pub(crate) fn ports(server: &Server, pod: &Pod) -> Vec<u16> {
    if let Some(number) = server.port.as_u64() {
        return u16::try_from(number).into_iter().collect();
    }
    let name = server.port.as_str().unwrap_or_default();
    let named = pod.containers.iter().flat_map(|c| &c.ports).filter(|(n, _)| n == name).map(|(_, port)| *port);
    named.collect()
}
