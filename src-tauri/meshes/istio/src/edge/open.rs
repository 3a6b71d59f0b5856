//! The ports that one gateway's pod has open: the doors of all gateways that choose it, brought together.
//! Upstream: istio/istio pilot/pkg/model/push_context.go and gateway.go, mergeGateways.

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh::{selects, target_port};
use world::{Pod, Service};

use super::door::{Door, Opener, Protocol};
use crate::read::Index;
use crate::read::hosts::service_host;

/// What is open at one port of a pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct Open<'a> {
    /// Plain requests, from all doors that take them.
    pub http: Vec<&'a Door>,
    /// Bytes that are not TLS.
    pub bytes: Option<&'a Door>,
    /// TLS, one for each set of server names.
    pub tls: Vec<&'a Door>,
    /// Doors that are shut because another was there before, with why.
    pub shut: Vec<(&'a Door, String)>,
}

impl Open<'_> {
    /// Nothing listens.
    pub fn is_shut(&self) -> bool {
        self.http.is_empty() && self.bytes.is_none() && self.tls.is_empty()
    }
}

impl Index {
    /// What a gateway's pod has open at a port.
    pub fn open_at<'a>(&'a self, pod: &Pod, services: &[Arc<Service>], port: u16) -> Open<'a> {
        let mut open = Open::default();
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for door in self.doors_of(pod, services).into_iter().filter(|d| ports(d, pod, services).contains(&port)) {
            if door.is_tls() {
                let own: Vec<&str> = door.hosts.iter().map(|(_, host)| host.as_str()).collect();
                if let Some(host) = own.iter().find(|h| names.contains(**h)) {
                    open.shut.push((door, format!("another server of this port takes {host} already")));
                    continue;
                }
                names.extend(own);
            }
            if door.inward {
                open.shut.push((door, "it listens for its own pod alone".into()));
                continue;
            }
            let plain = !open.http.is_empty() || open.bytes.is_some();
            match door.protocol {
                _ if plain && (door.protocol != Protocol::Http || open.http.is_empty()) => {
                    open.shut.push((door, "another server of this port speaks another protocol".into()));
                }
                Protocol::Http => open.http.push(door),
                _ if door.is_tls() => open.tls.push(door),
                _ => open.bytes = Some(door),
            }
        }
        open
    }

    /// The doors that choose a pod. One that istiod made for a Kubernetes Gateway takes no others from other namespaces.
    /// Upstream: push_context.go, filterStrictGatewayMerging.
    fn doors_of<'a>(&'a self, pod: &Pod, services: &[Arc<Service>]) -> Vec<&'a Door> {
        let mine = |door: &&Door| match &door.opener {
            Opener::Labels(labels) => {
                let near = !self.settings.flags.gateways_stay_home() || door.namespace == pod.namespace;
                near && selects(labels, &pod.labels)
            }
            Opener::Services(namespace, names) => {
                let named = |s: &Arc<Service>| names.contains(&service_host(&s.namespace, &s.name));
                *namespace == pod.namespace && services.iter().any(named)
            }
        };
        let mut doors: Vec<&Door> = self.doors().iter().filter(mine).collect();
        let homes: BTreeSet<&str> = doors.iter().filter(|d| d.managed).map(|d| d.namespace.as_str()).collect();
        doors.retain(|door| door.api || homes.is_empty() || homes.contains(door.namespace.as_str()));
        doors
    }
}

/// The ports of the pod that a door opens. Upstream: gateway.go, resolvePorts: the port behind that of a service; a Gateway of Istio whose port no
/// service has opens the port itself.
fn ports(door: &Door, pod: &Pod, services: &[Arc<Service>]) -> Vec<u16> {
    let behind = |service: &Arc<Service>| {
        let ports = service.ports.iter().filter(|p| p.port == door.port && p.protocol != "UDP");
        ports.filter_map(|p| target_port(p, pod)).collect::<Vec<_>>()
    };
    match &door.opener {
        Opener::Services(_, names) => {
            let ours = services.iter().filter(|s| names.contains(&service_host(&s.namespace, &s.name)));
            ours.flat_map(behind).collect()
        }
        Opener::Labels(_) => {
            let translates =
                |s: &&Arc<Service>| !s.labels.contains_key("experimental.istio.io/disable-gateway-port-translation");
            let first = services.iter().filter(translates).flat_map(behind).next();
            vec![first.unwrap_or(door.port)]
        }
    }
}
