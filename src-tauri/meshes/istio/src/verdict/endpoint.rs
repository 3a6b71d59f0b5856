//! What a destination stands for: the pods behind a host, port and subset, and how the caller's proxy connects to them.

use std::sync::Arc;

use mesh::{Mtls, Step, selects, target_port};
use world::{Labels, ObjectKey, Pod, TargetPort};

use super::way::Hop;
use crate::kinds::Typed;
use crate::kinds::destination_rule::decide::{Merged, Told, for_caller};
use crate::kinds::peer_authentication::decide::posture;
use crate::kinds::service_entry::ServiceEntry;
use crate::kinds::workload_entry::WorkloadEntry;
use crate::read::Index;
use crate::read::hosts::service_host;
use crate::read::registry::{Host, Speech};

/// A pod and the port that it takes the request on.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub pod: Arc<Pod>,
    pub port: u16,
    /// What whoever lists it by its address says of mutual TLS; `None` where the pod itself shows it.
    pub mutual: Option<bool>,
    /// The account, with its namespace, as which callers expect it to run.
    account: Option<(String, String)>,
    /// Nothing listens there, as far as anything says.
    pub silent: bool,
}

impl Peer {
    /// As the pod shows itself.
    pub fn of(pod: &Arc<Pod>, port: u16) -> Self {
        let account = Some((pod.namespace.clone(), pod.service_account.clone()));
        Self { pod: pod.clone(), port, mutual: None, account, silent: false }
    }

    /// `namespace/workload`
    pub fn name(&self) -> String {
        format!("{}/{}", self.pod.namespace, self.pod.workload.1)
    }
}

/// Why a destination stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Nothing {
    /// The caller's proxy knows no such host.
    Host,
    /// The host has no such port.
    Port,
    /// No rule in force names the subset.
    Subset(String),
}

impl Nothing {
    /// In words.
    pub fn because(&self, host: &str, port: u16) -> String {
        match self {
            Self::Host => format!("{host} is no host that the caller's proxy knows"),
            Self::Port => format!("{host} has no port {port}"),
            Self::Subset(name) => {
                format!("no DestinationRule that holds for this caller names a subset {name} of {host}")
            }
        }
    }
}

/// One destination of a route, resolved.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    /// (namespace, service), or ("", host).
    pub name: (String, String),
    pub port: u16,
    pub subset: Option<(String, ObjectKey, String)>,
    /// Ready pods.
    pub peers: Vec<Peer>,
    /// Addresses of no pod of this cluster.
    pub addresses: Vec<String>,
    /// The TLS mode that a DestinationRule sets, with the object and field.
    pub tls: Option<(String, ObjectKey, String)>,
    /// The name that the rule asks for in TLS; empty where it names none.
    pub sni: String,
    /// The same, as its endpoints are told where the connections leave it to them.
    pub told: Option<(String, ObjectKey, String)>,
    /// Why proxies speak no mutual TLS to it unless told to.
    pub unasked: Option<Unasked>,
    /// The caller's own choice of an address counts, not the endpoints.
    pub passthrough: bool,
    /// Who may answer in mutual TLS, as (namespace, account); anybody of the mesh where none is named.
    pub accounts: Vec<(String, String)>,
    /// How the port is taken; `None` where no host says so.
    pub speech: Option<Speech>,
    /// What a DestinationRule says that no single request shows.
    pub facts: Vec<Step>,
}

impl Cluster {
    /// What stands for nothing but its name.
    pub fn named(name: (String, String), port: u16) -> Self {
        Self {
            name,
            port,
            subset: None,
            peers: Vec::new(),
            addresses: Vec::new(),
            tls: None,
            sni: String::new(),
            told: None,
            unasked: None,
            passthrough: false,
            accounts: Vec::new(),
            speech: None,
            facts: Vec::new(),
        }
    }

    /// One pod by its address.
    pub fn at(pod: &Arc<Pod>, port: u16) -> Self {
        let peers = vec![Peer::of(pod, port)];
        Self { peers, ..Self::named((pod.namespace.clone(), pod.name.clone()), port) }
    }

    /// Resolves a destination.
    pub fn of(hop: &Hop, host: &str, port: u16, subset: Option<&str>) -> Result<Self, Nothing> {
        let (index, caller) = (hop.index, hop.from.namespace.as_str());
        let found = index.host(&hop.scope, host, caller).ok_or(Nothing::Host)?;
        if found.speech(port).is_none() {
            return Err(Nothing::Port);
        }
        let rules = for_caller(index, (caller, &hop.from.labels), &found.name(), found.namespace());
        // What a policy of the service says stands beside the rules of its namespace, and before those of the root.
        let policy = match &found {
            Host::Service(service) => index.backend_tls(service, port),
            Host::Entry(..) => None,
        };
        let home = rules.as_ref().and_then(Merged::home).unwrap_or(found.namespace());
        let policy = policy.filter(|_| home == found.namespace() || home != caller);
        let rules = rules.filter(|_| policy.is_none() || home == found.namespace());
        let named = match subset {
            None => None,
            Some(name) => {
                let named = rules.as_ref().and_then(|r| r.subset(name));
                Some(named.ok_or_else(|| Nothing::Subset(name.to_owned()))?)
            }
        };
        let tls = rules.as_ref().and_then(|r| r.tls(port, named.as_ref()));
        let told = rules.as_ref().and_then(|r| r.tls_of_endpoints(port, named.as_ref()));
        let facts = rules.as_ref().map(|r| r.facts(port, named.as_ref())).unwrap_or_default();
        let facts = facts.into_iter().map(|(fact, key, path)| Step::by("policy", key, path, fact.words())).collect();
        let written = |(tls, key, path): Told| (tls.mode.clone(), key.clone(), path);
        let labels = named.as_ref().map(|n| n.subset.labels.clone()).unwrap_or_default();
        let passthrough = found.is_passthrough();
        let (all, addresses) = endpoints(index, &found, port, &Labels::new());
        let mut accounts: Vec<(String, String)> = all.iter().filter_map(|peer| peer.account.clone()).collect();
        accounts.extend(told_names(&found));
        let unasked = Unasked::of(index, &found, &all);
        // Where the caller's choice of an address counts, labels do not.
        let (peers, addresses) =
            if passthrough || labels.is_empty() { (all, addresses) } else { endpoints(index, &found, port, &labels) };
        Ok(Self {
            name: found.answer_name(),
            port,
            peers,
            addresses,
            unasked,
            passthrough,
            accounts,
            speech: found.speech(port),
            facts,
            sni: tls.as_ref().map(|(tls, ..)| tls.sni.clone()).unwrap_or_default(),
            tls: tls.map(written).or(policy.map(|(key, path)| ("SIMPLE".to_owned(), key, path))),
            told: told.map(written),
            subset: named.map(|n| (n.subset.name.clone(), n.object.clone(), n.path)),
        })
    }
}

/// The accounts that a ServiceEntry says besides, as `spiffe://cluster.local/ns/a/sa/b`.
fn told_names(host: &Host) -> Vec<(String, String)> {
    let Host::Entry(typed, ..) = host else { return Vec::new() };
    let account = |name: &String| {
        let (namespace, account) = name.split_once("/ns/")?.1.split_once("/sa/")?;
        Some((namespace.to_owned(), account.to_owned()))
    };
    typed.spec.subject_alt_names.iter().filter_map(account).collect()
}

/// Why proxies speak no mutual TLS to a host by themselves.
/// Upstream: istio/istio pilot/pkg/model/push_context.go, BestEffortInferServiceMTLSMode; pilot/pkg/networking/core/cluster_tls.go,
/// buildUpstreamTLSSettings.
#[derive(Clone, Debug)]
pub(super) enum Unasked {
    /// It is outside the mesh.
    External,
    /// The policy of its namespace or of the mesh turns it off, whatever is said of its workloads.
    Off(ObjectKey, String),
    /// Its callers choose among its pods, and not all of them have a proxy.
    Mixed,
}

impl Unasked {
    /// Of a host with all its peers.
    fn of(index: &Index, host: &Host, peers: &[Peer]) -> Option<Self> {
        if host.is_external() {
            return Some(Self::External);
        }
        let bare = |peer: &Peer| !peer.mutual.unwrap_or_else(|| index.membership(&peer.pod).is_some());
        if host.is_passthrough() && (peers.is_empty() || peers.iter().any(bare)) {
            return Some(Self::Mixed);
        }
        let whole = posture(index, host.namespace(), &Labels::new(), None);
        (whole.mtls == Mtls::Disabled).then_some(())?;
        whole.object.map(|object| Self::Off(object, whole.path))
    }
}

type Endpoints = (Vec<Peer>, Vec<String>);

fn endpoints(index: &Index, host: &Host, port: u16, labels: &Labels) -> Endpoints {
    match host {
        Host::Service(service) => {
            let Some(found) = service.ports.iter().find(|p| p.port == port) else { return Default::default() };
            let pods = index.places.of_service(service).into_iter().filter(|p| p.ready && selects(labels, &p.labels));
            let mut all: Endpoints =
                (pods.filter_map(|pod| Some(Peer::of(pod, target_port(found, pod)?))).collect(), Vec::new());
            let target = match &found.target {
                TargetPort::Number(number) => *number,
                TargetPort::Name(_) => port,
            };
            machines(index, &service.namespace, &service.selector, labels, (&found.name, target), &mut all);
            // ServiceEntries of its namespace for its full name add to its endpoints.
            let full = service_host(&service.namespace, &service.name);
            let same = |t: &&Typed<ServiceEntry>| {
                t.document.key.namespace == service.namespace
                    && t.spec.hosts.iter().any(|h| h.eq_ignore_ascii_case(&full))
            };
            for typed in index.entries_for(&full).filter(same).filter(|t| t.spec.resolution == "STATIC") {
                of_entry(index, typed, &full, &found.name, labels, &mut all);
            }
            all
        }
        Host::Entry(typed, name, more) => {
            let mut all = Endpoints::default();
            if let Some(found) = host.entry_ports().find(|p| p.number == port) {
                for typed in [*typed].into_iter().chain(more.iter().copied()) {
                    of_entry(index, typed, name, &found.name, labels, &mut all);
                }
            }
            all
        }
    }
}

/// What one entry adds for the port that it calls so: endpoints of several are put together by the names of their ports.
fn of_entry(index: &Index, typed: &Typed<ServiceEntry>, name: &str, port: &str, labels: &Labels, all: &mut Endpoints) {
    let (spec, namespace) = (&typed.spec, &typed.document.key.namespace);
    let Some(found) = spec.ports.iter().find(|p| p.name == port) else { return };
    let target = found.target_port.filter(|p| *p != 0).unwrap_or(found.number);
    if let Some(selector) = &spec.workload_selector {
        let pods = index.places.selected(namespace, &selector.labels).into_iter();
        all.0.extend(pods.filter(|p| p.ready && selects(labels, &p.labels)).map(|pod| Peer::of(pod, target)));
        machines(index, namespace, &selector.labels, labels, (&found.name, target), all);
        return;
    }
    for endpoint in spec.endpoints.iter().filter(|e| selects(labels, &e.labels)) {
        add(index, namespace, endpoint, (&found.name, target), all);
    }
    // Without endpoints the host's own name is asked for, unless the entry says that its addresses are all there is.
    if spec.endpoints.is_empty() && spec.resolution != "STATIC" {
        all.1.push(name.to_owned());
    }
}

/// The WorkloadEntries of a namespace that have all of these labels.
fn machines(
    index: &Index,
    namespace: &str,
    selector: &Labels,
    labels: &Labels,
    port: (&str, u16),
    all: &mut Endpoints,
) {
    if selector.is_empty() {
        return;
    }
    for typed in index.workload_entries.within(namespace) {
        if selects(selector, &typed.spec.labels) && selects(labels, &typed.spec.labels) {
            add(index, namespace, &typed.spec, port, all);
        }
    }
}

/// An endpoint by its address: a pod of this cluster, the pods of a service, or somebody outside.
fn add(index: &Index, namespace: &str, entry: &WorkloadEntry, (name, target): (&str, u16), all: &mut Endpoints) {
    let port = entry.ports.get(name).copied().unwrap_or(target);
    let mutual = Some(entry.is_mutual());
    let named = Some(&entry.service_account).filter(|a| !a.is_empty() && entry.is_mutual());
    let account = named.map(|account| (namespace.to_owned(), account.clone()));
    match index.places.resolve(&entry.address, namespace) {
        mesh::Resolved::Pod(pod) => all.0.push(Peer { mutual, account, ..Peer::of(&pod, port) }),
        mesh::Resolved::Service(service) => {
            let Some(found) = service.ports.iter().find(|p| p.port == port) else { return };
            let pods = index.places.of_service(&service).into_iter().filter(|p| p.ready);
            let peer = |pod| Some(Peer { mutual, account: account.clone(), ..Peer::of(pod, target_port(found, pod)?) });
            let peers = pods.filter_map(peer);
            all.0.extend(peers);
        }
        mesh::Resolved::Outside(_) | mesh::Resolved::Nowhere(_) => all.1.push(entry.address.clone()),
    }
}
