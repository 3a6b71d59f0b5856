//! By which requests from outside a route is met at gateways.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_api::hosts::common;
use mesh::{Caller, Entering, Membership, Request, target_port};
use world::{ObjectKey, Pod, Service};

use super::door::{Door, Protocol};
use super::table::{Stand, Table, is_catch_all};
use crate::detect::is_waypoint;
use crate::kinds::virtual_service::select::Entry;
use crate::probes::{OUTSIDE, Sample, around};
use crate::read::Index;
use crate::read::hosts::{fqdn, service_of};

/// Doors of one pod that share a port, as somebody outside sees them.
struct Front<'a> {
    pod: &'a Pod,
    service: &'a Service,
    port: u16,
    scheme: &'static str,
    doors: Vec<&'a Door>,
}

impl Index {
    /// Requests from outside that meet a rule of this route, one for each rule, host and port: at gateways with ready pods, where no rule
    /// before it catches everything.
    pub fn entering(&self, route: &ObjectKey) -> Vec<Entering> {
        let mut pods: BTreeMap<(&str, &str), &Arc<Pod>> = BTreeMap::new();
        let opens = |pod: &&Arc<Pod>| {
            pod.ready && self.membership(pod) == Some(Membership::Gateway) && !is_waypoint(&pod.labels)
        };
        for pod in self.places.pods().filter(opens) {
            pods.entry((&pod.namespace, &pod.workload.1)).or_insert(pod);
        }
        let mut met = Vec::new();
        for pod in pods.into_values() {
            let services: Vec<Arc<Service>> = self.services_of(pod).cloned().collect();
            for service in &services {
                for port in &service.ports {
                    let Some(inner) = target_port(port, pod) else { continue };
                    let open = self.open_at(pod, &services, inner);
                    let front = |scheme, doors| Front { pod, service, port: port.port, scheme, doors };
                    self.meet(&front("http", open.http), route, &mut met);
                    for door in open.tls.into_iter().filter(|door| door.protocol == Protocol::Https) {
                        self.meet(&front("https", vec![door]), route, &mut met);
                    }
                }
            }
        }
        met
    }

    fn meet(&self, front: &Front, route: &ObjectKey, met: &mut Vec<Entering>) {
        for door in &front.doors {
            let holds = |table: &Table| table.every(self).iter().any(|entry| entry.key == route);
            for table in self.tables(&door.gateway, &front.pod.namespace).into_iter().filter(holds) {
                let hosts = table.hosts();
                let own = door.hosts_for(table.namespace());
                let shared = own.flat_map(|own| hosts.iter().filter_map(move |host| common(own, host)));
                let names: BTreeSet<&str> = shared.collect();
                met.extend(names.iter().flat_map(|name| self.at_host(front, door, name, route)));
            }
        }
    }

    /// Those to one host of a door.
    fn at_host(&self, front: &Front, door: &Door, name: &str, route: &ObjectKey) -> Vec<Entering> {
        let authority = if name == "*" { "any.example".to_owned() } else { name.replacen('*', "any", 1) };
        let stand = Stand { namespace: &front.pod.namespace, labels: &front.pod.labels };
        let host = self.host_at(&front.doors, &authority, stand);
        // Another host says more about it, or all of it is sent to HTTPS.
        let Some(host) = host.filter(|host| host.name == name && (host.redirect.is_none() || front.scheme == "https"))
        else {
            return Vec::new();
        };
        let last = host.entries.iter().position(|(entry, _)| is_catch_all(entry)).unwrap_or(host.entries.len());
        let reached = host.entries.iter().take(last + 1).map(|(entry, _)| entry);
        reached.filter(|entry| entry.key == route).map(|entry| front.entering(door, &authority, entry)).collect()
    }
}

impl Front<'_> {
    fn entering(&self, door: &Door, authority: &str, entry: &Entry) -> Entering {
        let sample = entry.condition().and_then(|condition| around(condition).into_iter().next());
        let Sample { method, path, headers } = sample.unwrap_or_default();
        let home = &entry.key.namespace;
        let to = entry.http.route.iter().filter_map(|weighted| {
            let host = fqdn(&weighted.destination.host, home);
            service_of(&host).map(|(namespace, name)| (namespace.to_owned(), name.to_owned()))
        });
        Entering {
            gateway: door.key.clone(),
            workload: (self.pod.namespace.clone(), self.pod.workload.1.clone()),
            request: Request {
                id: String::new(),
                from: Caller::Outside { ip: OUTSIDE.into() },
                via: Some((self.service.namespace.clone(), self.service.name.clone())),
                method,
                url: format!("{}://{authority}:{}{path}", self.scheme, self.port),
                headers: headers.into_iter().collect(),
                at: None,
            },
            services: to.collect(),
        }
    }
}
