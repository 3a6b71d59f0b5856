//! Every object of Istio in one world, typed once, and found by host or namespace.

use std::collections::HashMap;
use std::sync::Arc;

use mesh::{Places, selects, unreadable};
use serde::de::DeserializeOwned;
use world::{Document, ObjectKey, Pod, Service, World};

use crate::kinds::authorization_policy::AuthorizationPolicy;
use crate::kinds::destination_rule::{DestinationRule, decide::host_of};
use crate::kinds::peer_authentication::PeerAuthentication;
use crate::kinds::service_entry::ServiceEntry;
use crate::kinds::sidecar::Sidecar;
use crate::kinds::virtual_service::spec::VirtualService;
use crate::kinds::{NETWORKING, SECURITY, Typed, read};
use crate::read::hosts::{fqdn, is_wildcard};
use crate::read::registry::{Speech, speech};
use crate::read::settings::Settings;

/// DestinationRules of one namespace by host, each list oldest first.
#[derive(Debug, Default)]
pub(crate) struct ByHost {
    /// By full name.
    pub exact: HashMap<String, Vec<Typed<DestinationRule>>>,
    /// By pattern with a star.
    pub wildcards: Vec<(String, Vec<Typed<DestinationRule>>)>,
}

/// A world as Istio reads it.
#[derive(Debug)]
pub(crate) struct Index {
    /// The world that was read.
    pub world: World,
    /// Who is where in it.
    pub places: Arc<Places>,
    /// The mesh's own settings.
    pub settings: Settings,
    /// Namespace whose policies hold for the whole mesh.
    pub root: String,
    /// Oldest first.
    pub virtual_services: Vec<Typed<VirtualService>>,
    by_host: HashMap<String, Vec<usize>>,
    by_wildcard: Vec<(String, usize)>,
    /// By namespace.
    pub destination_rules: HashMap<String, ByHost>,
    /// By namespace, oldest first.
    pub peer_authentications: HashMap<String, Vec<Typed<PeerAuthentication>>>,
    /// By namespace, by name.
    pub authorization_policies: HashMap<String, Vec<Typed<AuthorizationPolicy>>>,
    /// Oldest first.
    pub service_entries: Vec<Typed<ServiceEntry>>,
    /// By namespace, oldest first.
    pub sidecars: HashMap<String, Vec<Typed<Sidecar>>>,
    /// Services that take requests on a port.
    pub http_ports: HashMap<u16, Vec<(String, String)>>,
    services: HashMap<String, Vec<Arc<Service>>>,
    /// EnvoyFilters, WasmPlugins and the like: what they do to a request cannot be read from them.
    pub opaque: Vec<Arc<Document>>,
    /// Objects whose spec has another shape than the kind allows; istiod ignores them.
    pub broken: Vec<(ObjectKey, String)>,
}

impl Index {
    /// Reads a world.
    pub fn of(world: &World, places: Arc<Places>) -> Self {
        let mut broken = Vec::new();
        let settings = Settings::of(world);
        let virtual_services = aged(typed(world, NETWORKING, "VirtualService", &mut broken));
        let rules = aged(typed(world, NETWORKING, "DestinationRule", &mut broken));
        let peers = aged(typed(world, SECURITY, "PeerAuthentication", &mut broken));
        let policies = typed(world, SECURITY, "AuthorizationPolicy", &mut broken);
        let service_entries = aged(typed(world, NETWORKING, "ServiceEntry", &mut broken));
        let sidecars = aged(typed(world, NETWORKING, "Sidecar", &mut broken));
        let opaque = [
            (NETWORKING, "EnvoyFilter"),
            ("extensions.istio.io", "WasmPlugin"),
            ("extensions.istio.io", "TrafficExtension"),
        ];
        let (by_host, by_wildcard) = hosts_of(&virtual_services);
        let mut http_ports: HashMap<u16, Vec<(String, String)>> = HashMap::new();
        for service in world.services() {
            for port in service.ports.iter().filter(|p| speech(p) == Speech::Http) {
                http_ports.entry(port.port).or_default().push((service.namespace.clone(), service.name.clone()));
            }
        }
        let mut services: HashMap<String, Vec<Arc<Service>>> = HashMap::new();
        for service in world.services().filter(|s| !s.selector.is_empty()) {
            services.entry(service.namespace.clone()).or_default().push(service.clone());
        }
        Self {
            http_ports,
            services,
            world: world.clone(),
            places,
            root: settings.root().to_owned(),
            settings,
            by_host,
            by_wildcard,
            virtual_services,
            destination_rules: rules_by_host(rules),
            peer_authentications: by_namespace(peers),
            authorization_policies: by_namespace(policies),
            service_entries,
            sidecars: by_namespace(sidecars),
            opaque: opaque.iter().flat_map(|(group, kind)| world.documents_of(group, kind)).cloned().collect(),
            broken,
        }
    }

    /// VirtualServices that list this host in full, oldest first.
    pub fn exactly<'a>(&'a self, host: &str) -> impl Iterator<Item = &'a Typed<VirtualService>> + use<'a> {
        self.by_host.get(host).into_iter().flatten().filter_map(|at| self.virtual_services.get(*at))
    }

    /// VirtualServices that list a pattern with a star, with it, oldest first.
    pub fn by_pattern(&self) -> impl Iterator<Item = (&str, &Typed<VirtualService>)> {
        self.by_wildcard.iter().filter_map(|(host, at)| Some((host.as_str(), self.virtual_services.get(*at)?)))
    }

    /// Services that select a pod.
    pub fn services_of<'a>(&'a self, pod: &'a Pod) -> impl Iterator<Item = &'a Arc<Service>> {
        let all = self.services.get(&pod.namespace).into_iter().flatten();
        all.filter(|service| selects(&service.selector, &pod.labels))
    }

    /// Every DestinationRule.
    pub fn all_destination_rules(&self) -> impl Iterator<Item = &Typed<DestinationRule>> {
        let all = self.destination_rules.values();
        all.flat_map(|by| by.exact.values().chain(by.wildcards.iter().map(|(_, rules)| rules))).flatten()
    }

    /// Why a kind that decides requests cannot be read; `None` where all can.
    pub fn unreadable(&self, kinds: &[(&str, &str)]) -> Option<String> {
        kinds.iter().find_map(|(group, kind)| unreadable(&self.world, group, kind))
    }
}

fn typed<T: DeserializeOwned + Default>(
    world: &World,
    group: &str,
    kind: &str,
    broken: &mut Vec<(ObjectKey, String)>,
) -> Vec<Typed<T>> {
    let mut all = Vec::new();
    for document in world.documents_of(group, kind) {
        match read(document) {
            Ok(spec) => all.push(Typed { document: document.clone(), spec }),
            Err(error) => broken.push((document.key.clone(), error.to_string())),
        }
    }
    all
}

/// Oldest first. A draft or a file has no age yet: it is the youngest.
/// Upstream: istio/istio pilot/pkg/model/config.go, configCompareByCreationTime: equal ages by name, then namespace.
fn aged<T>(mut all: Vec<Typed<T>>) -> Vec<Typed<T>> {
    all.sort_by(|a, b| {
        let (a, b) = (&a.document, &b.document);
        let age = |d: &Document| d.created.unwrap_or(i64::MAX);
        age(a).cmp(&age(b)).then(a.key.name.cmp(&b.key.name)).then(a.key.namespace.cmp(&b.key.namespace))
    });
    all
}

fn by_namespace<T>(all: Vec<Typed<T>>) -> HashMap<String, Vec<Typed<T>>> {
    let mut map: HashMap<String, Vec<Typed<T>>> = HashMap::new();
    for typed in all {
        map.entry(typed.document.key.namespace.clone()).or_default().push(typed);
    }
    map
}

type Hosts = (HashMap<String, Vec<usize>>, Vec<(String, usize)>);

fn hosts_of(all: &[Typed<VirtualService>]) -> Hosts {
    let (mut exact, mut wild): Hosts = Hosts::default();
    for (at, typed) in all.iter().enumerate() {
        for host in &typed.spec.hosts {
            let host = fqdn(host, &typed.document.key.namespace);
            if is_wildcard(&host) {
                wild.push((host, at));
            } else {
                let list = exact.entry(host).or_default();
                if list.last() != Some(&at) {
                    list.push(at);
                }
            }
        }
    }
    (exact, wild)
}

fn rules_by_host(all: Vec<Typed<DestinationRule>>) -> HashMap<String, ByHost> {
    let mut map: HashMap<String, ByHost> = HashMap::new();
    for typed in all {
        let host = host_of(&typed);
        let by = map.entry(typed.document.key.namespace.clone()).or_default();
        if !is_wildcard(&host) {
            by.exact.entry(host).or_default().push(typed);
        } else if let Some((_, list)) = by.wildcards.iter_mut().find(|(pattern, _)| *pattern == host) {
            list.push(typed);
        } else {
            by.wildcards.push((host, vec![typed]));
        }
    }
    map
}
