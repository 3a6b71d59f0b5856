//! The endpoints behind a host: pods, and addresses of nobody in the cluster.

use std::sync::Arc;

use mesh::{Kept, selects, target_port};
use world::{Labels, Pod, TargetPort};

use super::balance::Stand;
use crate::kinds::Typed;
use crate::kinds::service_entry::ServiceEntry;
use crate::kinds::workload_entry::WorkloadEntry;
use crate::read::Index;
use crate::read::hosts::service_host;
use crate::read::registry::Host;

/// A pod and the port that it takes the request on.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub pod: Arc<Pod>,
    pub port: u16,
    /// What whoever lists it by its address says of mutual TLS; `None` where the pod itself shows it.
    pub mutual: Option<bool>,
    /// The account, with its namespace, as which callers expect it to run.
    pub account: Option<(String, String)>,
    /// How it stands beside the other endpoints.
    pub stand: Stand,
    /// Nothing listens there, as far as anything says.
    pub silent: bool,
}

impl Peer {
    /// As the pod shows itself.
    pub fn of(pod: &Arc<Pod>, port: u16) -> Self {
        let account = Some((pod.namespace.clone(), pod.service_account.clone()));
        Self { pod: pod.clone(), port, mutual: None, account, stand: Stand::default(), silent: false }
    }

    /// One of its containers says that it listens there.
    pub fn declares(&self, port: u16) -> bool {
        self.pod.containers.iter().flat_map(|c| &c.ports).any(|(_, number)| *number == port)
    }

    /// `namespace/workload`
    pub fn name(&self) -> String {
        format!("{}/{}", self.pod.namespace, self.pod.workload.1)
    }
}

/// An address that is no pod's.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub name: String,
    /// How it stands beside the other endpoints.
    pub stand: Stand,
}

/// Pods, and addresses of nobody in the cluster.
pub(super) type Endpoints = (Vec<Peer>, Vec<Address>);

/// The endpoints of a host at a port, of those that have all of these labels.
pub(super) fn endpoints(index: &Index, host: &Host, port: u16, labels: &Labels) -> Endpoints {
    match host {
        Host::Service(service) => {
            let Some(found) = service.ports.iter().find(|p| p.port == port) else { return Default::default() };
            let pods = index.places.behind(service).filter(|p| selects(labels, &p.labels));
            let mut all: Endpoints =
                (pods.filter_map(|pod| Some(Peer::of(pod, target_port(found, pod)?))).collect(), Vec::new());
            by_hand(index, index.places.kept(service, Some(&found.name)).unwrap_or_default(), labels, &mut all);
            let target = match &found.target {
                TargetPort::Number(number) => *number,
                TargetPort::Name(_) => port,
            };
            if index.settings.flags.services_select_entries() {
                machines(index, &service.namespace, &service.selector, labels, (&found.name, target), &mut all);
            }
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

/// The endpoints that somebody keeps for a service by hand, of those that have all of these labels; only pods have any.
pub(super) fn by_hand(index: &Index, kept: Vec<Kept>, labels: &Labels, all: &mut Endpoints) {
    for Kept { address, port } in kept {
        match index.places.pod_at(&address) {
            Some(pod) if !selects(labels, &pod.labels) => {}
            Some(pod) if all.0.iter().any(|peer| peer.port == port && Arc::ptr_eq(&peer.pod, pod)) => {}
            Some(pod) => all.0.push(Peer::of(pod, port)),
            None if labels.is_empty() => all.1.push(Address { name: address, stand: Stand::default() }),
            None => {}
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
        all.1.push(Address { name: name.to_owned(), stand: Stand::default() });
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
    let stand = Stand::of(entry);
    match index.places.resolve(&entry.address, namespace) {
        mesh::Resolved::Pod(pod) => all.0.push(Peer { mutual, account, stand, ..Peer::of(&pod, port) }),
        mesh::Resolved::Service(service) => {
            let Some(found) = service.ports.iter().find(|p| p.port == port) else { return };
            let pods = index.places.behind(&service);
            let mut all_of: Vec<Peer> = pods.filter_map(|pod| Some(Peer::of(pod, target_port(found, pod)?))).collect();
            // What one endpoint gets is shared by the pods behind it.
            let part = stand.weight / all_of.len().max(1) as f64;
            for peer in &mut all_of {
                (peer.mutual, peer.account) = (mutual, account.clone());
                peer.stand = Stand { weight: part, ..stand.clone() };
            }
            all.0.extend(all_of);
        }
        mesh::Resolved::Outside(_) | mesh::Resolved::Nowhere(_) => {
            all.1.push(Address { name: entry.address.clone(), stand });
        }
    }
}
