//! What a destination stands for: the pods behind a host, port and subset, and how the caller's proxy connects to them.

use std::sync::Arc;

use mesh::{selects, target_port};
use world::{Labels, ObjectKey, Pod};

use super::way::Hop;
use crate::kinds::destination_rule::decide::for_host;
use crate::kinds::service_entry::ServiceEntry;
use crate::read::Index;
use crate::read::registry::Host;

/// A pod and the port that it takes the request on.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub pod: Arc<Pod>,
    pub port: u16,
}

impl Peer {
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
}

impl Cluster {
    /// Resolves a destination.
    pub fn of(hop: &Hop, host: &str, port: u16, subset: Option<&str>) -> Result<Self, Nothing> {
        let (index, caller) = (hop.index, hop.from.namespace.as_str());
        let found = index.host(&hop.scope, host, caller).ok_or(Nothing::Host)?;
        if found.speech(port).is_none() {
            return Err(Nothing::Port);
        }
        let rules = for_host(index, caller, &found.name(), found.namespace());
        let named = match subset {
            None => None,
            Some(name) => {
                let named = rules.as_ref().and_then(|r| r.subset(name));
                Some(named.ok_or_else(|| Nothing::Subset(name.to_owned()))?)
            }
        };
        let tls = rules.as_ref().and_then(|r| r.tls(port, named.as_ref()));
        let labels = named.as_ref().map(|n| n.subset.labels.clone()).unwrap_or_default();
        let (peers, addresses) = endpoints(index, &found, port, &labels);
        Ok(Self {
            name: found.answer_name(),
            port,
            peers,
            addresses,
            tls: tls.map(|(tls, key, path)| (tls.mode.clone(), key.clone(), path)),
            subset: named.map(|n| (n.subset.name.clone(), n.object.clone(), n.path)),
        })
    }
}

fn endpoints(index: &Index, host: &Host, port: u16, labels: &Labels) -> (Vec<Peer>, Vec<String>) {
    match host {
        Host::Service(service) => {
            let Some(found) = service.ports.iter().find(|p| p.port == port) else { return Default::default() };
            let pods = index.places.of_service(service).into_iter().filter(|p| p.ready && selects(labels, &p.labels));
            (
                pods.filter_map(|pod| Some(Peer { pod: pod.clone(), port: target_port(found, pod)? })).collect(),
                Vec::new(),
            )
        }
        Host::Entry(typed, name) => {
            entry_endpoints(index, &typed.spec, &typed.document.key.namespace, name, port, labels)
        }
    }
}

fn entry_endpoints(
    index: &Index,
    spec: &ServiceEntry,
    namespace: &str,
    name: &str,
    port: u16,
    labels: &Labels,
) -> (Vec<Peer>, Vec<String>) {
    let Some(found) = spec.ports.iter().find(|p| p.number == port) else { return Default::default() };
    let target = found.target_port.unwrap_or(port);
    if let Some(selector) = &spec.workload_selector {
        let pods = index
            .places
            .selected(namespace, &selector.labels)
            .into_iter()
            .filter(|p| p.ready && selects(labels, &p.labels));
        return (pods.map(|pod| Peer { pod: pod.clone(), port: target }).collect(), Vec::new());
    }
    let (mut peers, mut addresses) = (Vec::new(), Vec::new());
    for endpoint in spec.endpoints.iter().filter(|e| selects(labels, &e.labels)) {
        let port = endpoint.ports.get(&found.name).copied().unwrap_or(target);
        match index.places.resolve(&endpoint.address, namespace) {
            mesh::Resolved::Pod(pod) => peers.push(Peer { pod, port }),
            _ => addresses.push(endpoint.address.clone()),
        }
    }
    // Without endpoints the host's own name is asked for, unless the entry says that its addresses are all there is.
    if spec.endpoints.is_empty() && spec.resolution != "STATIC" {
        addresses.push(name.to_owned());
    }
    (peers, addresses)
}
