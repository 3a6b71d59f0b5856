//! The answers of the contract, over an index.

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh::{
    Entering, Found, Log, Membership, Mtls, Places, Posture, Reading, Received, Request, Route, Share, Subject,
    Touched, Verdict, selects,
};
use world::{Difference, Labels, ObjectKey, Pod, World};

use crate::edge::Table;
use crate::kinds::destination_rule::decide::for_host;
use crate::kinds::sidecar::Scope;
use crate::kinds::virtual_service::matches::Asking;
use crate::kinds::virtual_service::select::Entry;
use crate::kinds::virtual_service::{select, words};
use crate::kinds::{authorization_policy, peer_authentication};
use crate::read::Index;
use crate::read::hosts::service_host;
use crate::read::waypoint::Binding;
use crate::{probes, rules, verdict};

impl Reading for Index {
    fn decide(&self, request: &Request) -> Option<Verdict> {
        verdict::decide(self, request)
    }

    fn receive(&self, request: &Request, ip: &str, pod: &Arc<Pod>, port: u16) -> Option<Received> {
        verdict::receive(self, request, ip, pod, port)
    }

    fn listening(&self, log: &Log) -> Box<dyn Reading> {
        Box::new(Index::listening(self, log))
    }

    fn after(
        &self,
        next: &World,
        places: &Arc<Places>,
        difference: &Difference,
        touched: &mut Touched,
    ) -> Option<Box<dyn Reading>> {
        Some(Box::new(Index::after(self, next, places, difference, touched)?))
    }

    fn check(&self, rule: usize, subject: &Subject, found: &mut Found) {
        if let Some((_, check)) = rules::ALL.get(rule) {
            check(self, subject, found);
        }
    }

    fn routes(&self, namespace: &str, service: &str) -> Vec<Route> {
        routes(self, namespace, service)
    }

    fn entering(&self, route: &ObjectKey) -> Vec<Entering> {
        Index::entering(self, route)
    }

    fn subset(&self, namespace: &str, service: &str, subset: &str) -> Option<Labels> {
        let rules = for_host(self, namespace, &service_host(namespace, service), namespace)?;
        rules.subset(subset).map(|named| named.subset.labels.clone())
    }

    fn posture(&self, namespace: &str, workload: &str) -> Option<Posture> {
        let pods = self.places.of_workload(namespace, workload);
        pods.iter().find_map(|pod| posture(self, pod, None))
    }

    fn ports(&self, namespace: &str, workload: &str) -> Vec<(u16, Posture)> {
        let pods = self.places.of_workload(namespace, workload);
        pods.iter().find_map(|pod| ports(self, pod)).unwrap_or_default()
    }

    fn in_force(&self, namespace: &str, name: &str) -> Vec<ObjectKey> {
        in_force(self, namespace, name).into_iter().collect()
    }

    fn probes(&self, objects: &BTreeSet<ObjectKey>) -> Vec<Request> {
        probes::probes(self, objects)
    }
}

/// The ports that its policies name and at which another mode is in force than elsewhere.
fn ports(index: &Index, pod: &Pod) -> Option<Vec<(u16, Posture)>> {
    let whole = posture(index, pod, None)?;
    let selecting = index.peer_authentications.within(&pod.namespace).filter(|typed| {
        peer_authentication::decide::selector(&typed.spec).is_some_and(|wanted| selects(wanted, &pod.labels))
    });
    let named: BTreeSet<u16> =
        selecting.flat_map(|typed| typed.spec.port_level_mtls.keys()).filter_map(|port| port.parse().ok()).collect();
    let at = named.into_iter().filter_map(|port| Some((port, posture(index, pod, Some(port))?)));
    Some(at.filter(|(_, own)| own.mtls != whole.mtls).collect())
}

/// How a pod of the mesh takes connections, by its own proxy or by that of its node: at a port, or at those that nobody names.
fn posture(index: &Index, pod: &Pod, port: Option<u16>) -> Option<Posture> {
    let read = match index.membership(pod)? {
        Membership::Node => peer_authentication::decide::ztunnel::posture,
        Membership::Sidecar | Membership::Gateway => peer_authentication::decide::posture,
    };
    Some(read(index, &pod.namespace, &pod.labels, port))
}

/// The rules as a caller in the service's own namespace meets them, each match of a rule for itself.
fn routes(index: &Index, namespace: &str, service: &str) -> Vec<Route> {
    let host = service_host(namespace, service);
    let Some(found) = index.places.service(namespace, service) else { return Vec::new() };
    let in_mesh = index.places.pods().any(|pod| index.membership(pod).is_some());
    let nobody = Labels::new();
    let port = found.ports.first().map_or(0, |p| p.port);
    let asking = Asking { namespace, labels: &nobody, gateway: None, scope: Scope::whole(namespace) };
    // Conditions on the caller are shown as words, so every rule is listed, whoever it concerns.
    let chosen = select::for_host(index, &host, asking, port).map(|(table, _)| table);
    let chosen = chosen.or_else(|| index.exactly(&host).next().map(Table::Written));
    let Some(table) = chosen else {
        let all = vec![Share { name: service.to_owned(), share: 1.0 }];
        let default = Route { when: Vec::new(), destinations: all, object: None, path: String::new() };
        return if in_mesh { vec![default] } else { Vec::new() };
    };
    let of = |entry: Entry| {
        let route = &entry.http.route;
        let share = |(at, share): (usize, f64)| Some(Share { name: words::name(&route.get(at)?.destination), share });
        Route {
            when: entry.condition().map(words::conditions).unwrap_or_default(),
            destinations: verdict::shares(route).into_iter().filter_map(share).collect(),
            object: Some(entry.key.clone()),
            path: entry.path(),
        }
    };
    table.every(index).into_iter().map(of).collect()
}

/// For a service its routes and rules, and the policies of the pods behind it; for a workload its own.
fn in_force(index: &Index, namespace: &str, name: &str) -> BTreeSet<ObjectKey> {
    let mut keys = BTreeSet::new();
    let mut pods = index.places.of_workload(namespace, name);
    if let Some(service) = index.places.service(namespace, name) {
        pods.extend(index.places.of_service(service));
        let host = service_host(namespace, name);
        let nobody = Labels::new();
        keys.extend(index.exactly(&host).map(|t| t.document.key.clone()));
        let port = service.ports.first().map_or(0, |p| p.port);
        let asking = Asking { namespace, labels: &nobody, gateway: None, scope: Scope::whole(namespace) };
        let chosen = select::for_host(index, &host, asking, port);
        keys.extend(chosen.iter().flat_map(|(table, _)| table.every(index)).map(|entry| entry.key.clone()));
        keys.extend(for_host(index, namespace, &host, namespace).iter().flat_map(|merged| merged.objects().cloned()));
        if let Binding::Waypoint(waypoint) = index.waypoint_of_service(service) {
            let own = ObjectKey::new("", "Service", namespace, name);
            let bound = authorization_policy::decide::waypoint::in_force(index, &waypoint.key, Some(&own));
            keys.extend(bound.map(|t| t.document.key.clone()));
            keys.insert(waypoint.key);
        }
    }
    for pod in pods {
        let Some(posture) = posture(index, pod, None) else { continue };
        keys.extend(posture.object.filter(|_| posture.mtls != Mtls::None));
        let policies = authorization_policy::decide::in_force(index, namespace, &pod.labels);
        keys.extend(policies.map(|t| t.document.key.clone()));
    }
    keys
}
