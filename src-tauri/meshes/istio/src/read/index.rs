//! Every object of Istio in one world, typed once, and found by host or namespace.

use std::sync::Arc;

use mesh::{Dep, Lens, Log, Membership, Places, Shelf, Shelved, Table, Touched, Typed};
use world::{Difference, Document, ObjectKey, Pod, Said, Service, Workload, World};

use crate::detect;
use crate::edge::Later;
use crate::kinds::authorization_policy::AuthorizationPolicy;
use crate::kinds::destination_rule::{DestinationRule, decide::host_of};
use crate::kinds::gateway::Gateway;
use crate::kinds::peer_authentication::PeerAuthentication;
use crate::kinds::request_authentication::RequestAuthentication;
use crate::kinds::service_entry::ServiceEntry;
use crate::kinds::sidecar::{Scope, Sidecar};
use crate::kinds::virtual_service::spec::VirtualService;
use crate::kinds::workload_entry::WorkloadEntry;
use crate::read::hosts::{fqdn, is_wildcard};
use crate::read::registry::{Speech, speech};
use crate::read::settings::{HOME, Settings};

/// EnvoyFilters, WasmPlugins and the like: what they do to a request cannot be read from them.
const OPAQUE: [(&str, &str); 3] = [
    ("networking.istio.io", "EnvoyFilter"),
    ("extensions.istio.io", "WasmPlugin"),
    ("extensions.istio.io", "TrafficExtension"),
];

/// The index with a shelf for each kind: one line a kind.
macro_rules! index {
    ($($shelf:ident: $kind:ty,)*) => {
        /// A world as Istio reads it. All of it writes down what is read: a rule can read nothing that is not in the log.
        #[derive(Clone, Debug)]
        pub(crate) struct Index {
            /// The world that was read.
            pub world: Lens,
            /// Who is where in it.
            pub places: Arc<Places>,
            /// The mesh's own settings. Where they change, all is read anew.
            pub settings: Settings,
            /// Namespace whose policies hold for the whole mesh.
            pub root: String,
            http: Table<u16, Arc<Service>>,
            /// What gateways open and route.
            pub(crate) edge: Arc<Later>,
            $(pub $shelf: Shelf<$kind>,)*
        }

        impl Index {
            /// Reads a world.
            pub fn of(world: &World, places: Arc<Places>) -> Self {
                let settings = Settings::of(world);
                let mut index = Self {
                    world: Lens::of(world),
                    places: places.clone(),
                    root: settings.root().to_owned(),
                    settings,
                    http: Table::default(),
                    edge: Arc::new(Later::of(world, places.clone())),
                    $($shelf: Shelf::of(world),)*
                };
                world.services().for_each(|service| index.put_service(service));
                index
            }

            fn shelves(&self) -> Vec<&dyn Shelved> {
                vec![$(&self.$shelf,)*]
            }

            fn shelves_mut(&mut self) -> Vec<&mut dyn Shelved> {
                vec![$(&mut self.$shelf,)*]
            }
        }
    };
}

index! {
    virtual_services: VirtualService,
    destination_rules: DestinationRule,
    peer_authentications: PeerAuthentication,
    authorization_policies: AuthorizationPolicy,
    service_entries: ServiceEntry,
    sidecars: Sidecar,
    gateways: Gateway,
    request_authentications: RequestAuthentication,
    workload_entries: WorkloadEntry,
}

impl Index {
    /// The same, writing down in this log.
    pub fn listening(&self, log: &Log) -> Self {
        let mut index = self.clone();
        index.world = self.world.listening(log);
        index.places = Arc::new(self.places.listening(log));
        index.shelves_mut().into_iter().for_each(|shelf| shelf.listen(log));
        index
    }

    /// The index of what the world became; `None` where the mesh's own settings changed, and with them everything.
    pub fn after(
        &self,
        next: &World,
        places: &Arc<Places>,
        difference: &Difference,
        touched: &mut Touched,
    ) -> Option<Self> {
        let at_home = |workload: &Arc<Workload>| workload.namespace == HOME;
        let istiod = difference.workloads.iter().any(|(was, is)| was.iter().chain(is).any(at_home));
        if (istiod || difference.has_document("", "ConfigMap")) && self.settings != Settings::of(next) {
            return None;
        }
        let edge = Arc::new(self.edge.after(next, places.clone(), difference));
        let mut index = Self { world: Lens::of(next), places: places.clone(), edge, ..self.clone() };
        index.shelves_mut().into_iter().for_each(|shelf| shelf.change(difference, touched));
        for (was, is) in &difference.services {
            was.iter().for_each(|service| index.take_service(service));
            is.iter().for_each(|service| index.put_service(service));
            for port in was.iter().chain(is).flat_map(|service| &service.ports) {
                touched.add(Dep::found("", "Service", &("http", port.port)));
            }
        }
        Some(index)
    }

    fn take_service(&mut self, service: &Service) {
        for port in &service.ports {
            self.http.take(&port.port, |s| s.namespace == service.namespace && s.name == service.name);
        }
    }

    fn put_service(&mut self, service: &Arc<Service>) {
        for port in service.ports.iter().filter(|p| speech(p) == Speech::Http) {
            self.http.put(port.port, service.clone(), |a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        }
    }

    /// How a pod takes part in the mesh.
    pub fn membership(&self, pod: &Pod) -> Option<Membership> {
        detect::member(pod, |namespace| self.world.namespace(namespace))
    }

    /// Services that take requests on a port.
    pub fn http_services(&self, port: u16) -> &[Arc<Service>] {
        self.world.log().note("", "Service", || Dep::found("", "Service", &("http", port)));
        self.http.get(&port)
    }

    /// Those of the namespaces that a proxy in this scope can see.
    pub fn http_services_for<'a>(&'a self, scope: &Scope, port: u16) -> impl Iterator<Item = &'a Arc<Service>> {
        let all = self.http_services(port);
        let within = |namespace: &str| {
            let from = all.partition_point(|service| service.namespace.as_str() < namespace);
            let rest = all.get(from..).unwrap_or_default();
            rest.get(..rest.partition_point(|service| service.namespace == namespace)).unwrap_or_default()
        };
        match scope.namespaces() {
            Some(names) => names.into_iter().map(within).collect::<Vec<_>>(),
            None => vec![all],
        }
        .into_iter()
        .flatten()
    }

    /// Services that select a pod.
    pub fn services_of<'a>(&'a self, pod: &Pod) -> impl Iterator<Item = &'a Arc<Service>> + use<'a> {
        self.places.services_selecting(&pod.namespace, &pod.labels).into_iter()
    }

    /// VirtualServices that list this host in full, oldest first.
    pub fn exactly<'a>(&'a self, host: &str) -> impl Iterator<Item = &'a Typed<VirtualService>> + use<'a> {
        // What is found by a star are all hosts with one.
        self.virtual_services.found(if is_wildcard(host) { "" } else { host })
    }

    /// VirtualServices that list a pattern with a star, with it, oldest first.
    pub fn by_pattern(&self) -> impl Iterator<Item = (String, &Typed<VirtualService>)> {
        self.virtual_services.found("*").flat_map(|typed| {
            let hosts = typed.spec.hosts.iter().map(|host| fqdn(host, &typed.document.key.namespace));
            hosts.filter(|host| is_wildcard(host)).map(move |host| (host, typed))
        })
    }

    /// DestinationRules of a namespace about exactly this host or pattern, oldest first.
    pub fn rules_for(&self, namespace: &str, host: &str) -> Vec<&Typed<DestinationRule>> {
        let all = self.destination_rules.found(&format!("{namespace}/{}", if is_wildcard(host) { "*" } else { host }));
        all.filter(|typed| !is_wildcard(host) || host_of(typed) == host).collect()
    }

    /// ServiceEntries that list this host in full, then those that list a host with a star; each oldest first.
    pub fn entries_for(&self, host: &str) -> impl Iterator<Item = &Typed<ServiceEntry>> + Clone {
        let exact = self.service_entries.found(if is_wildcard(host) { "" } else { host });
        exact.chain(self.service_entries.found("*"))
    }

    /// Objects whose effect on a request cannot be read from them.
    pub fn opaque(&self) -> impl Iterator<Item = &Arc<Document>> {
        OPAQUE.iter().flat_map(|(group, kind)| self.world.documents_of(group, kind))
    }

    /// Why istiod cannot read an object and ignores it; `None` where it can.
    pub fn problem(&self, key: &ObjectKey) -> Option<&str> {
        let shelves = self.shelves();
        let shelf = shelves.into_iter().find(|shelf| shelf.kind() == (key.group.as_str(), key.kind.as_str()))?;
        shelf.problem(key)
    }

    /// Why a kind that decides requests cannot be read; `None` where all can.
    pub fn unreadable(&self, kinds: &[(&str, &str)]) -> Option<Said> {
        self.world.unreadable(kinds)
    }
}
