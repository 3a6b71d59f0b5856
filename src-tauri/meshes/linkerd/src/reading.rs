//! The answers of the contract, over an index.

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh::{Found, Log, Mtls, Places, Posture, Reading, Received, Request, Route, Share, Subject, Touched, Verdict};
use world::{Difference, ObjectKey, Pod, World};

use crate::read::access::{Who, targets};
use crate::read::{Index, means};
use crate::{probes, rules, verdict};

impl Reading for Index {
    fn decide(&self, request: &Request) -> Option<Verdict> {
        verdict::decide(self, request)
    }

    fn receive(&self, _request: &Request, ip: &str, pod: &Arc<Pod>, port: u16) -> Option<Received> {
        self.is_meshed(pod).then(|| verdict::receive(self, ip, pod, port))
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

    /// Where a pod behind the service is meshed, its requests go to all of them alike.
    fn routes(&self, namespace: &str, service: &str) -> Vec<Route> {
        let meshed =
            |found: &Arc<world::Service>| self.places.of_service(found).into_iter().any(|pod| self.is_meshed(pod));
        let all = vec![Share { name: service.to_owned(), share: 1.0 }];
        let default = Route { when: Vec::new(), destinations: all, object: None, path: String::new() };
        self.places.service(namespace, service).filter(|s| meshed(s)).map(|_| default).into_iter().collect()
    }

    /// Meshed callers always come by mutual TLS; it is strict where nothing lets a caller without identity in.
    fn posture(&self, namespace: &str, workload: &str) -> Option<Posture> {
        let pods = self.places.of_workload(namespace, workload);
        let pod = pods.into_iter().find(|pod| self.is_meshed(pod))?;
        Some(posture(self, pod))
    }

    fn in_force(&self, namespace: &str, name: &str) -> Vec<ObjectKey> {
        in_force(self, namespace, name).into_iter().collect()
    }

    fn probes(&self, objects: &BTreeSet<ObjectKey>) -> Vec<Request> {
        probes::probes(self, objects)
    }
}

/// The ports that are known of a pod: those that its containers name, and those that services lead to.
fn ports(index: &Index, pod: &Pod) -> BTreeSet<u16> {
    let own = pod.containers.iter().filter(|c| c.name != "linkerd-proxy").flat_map(|c| &c.ports).map(|(_, port)| *port);
    let services = index.places.services_selecting(&pod.namespace, &pod.labels).into_iter();
    let led = services.flat_map(|s| s.ports.iter().filter_map(|port| mesh::target_port(port, pod)));
    own.chain(led).collect()
}

fn posture(index: &Index, pod: &Pod) -> Posture {
    let guards: Vec<_> = ports(index, pod).into_iter().map(|port| index.guard(pod, port)).collect();
    let opens = |guard: &&crate::read::access::Guard| guard.ways.iter().any(|way| way.who == Who::Anybody);
    let open = guards.iter().find(opens);
    let mtls = if open.is_some() || guards.is_empty() { Mtls::Permissive } else { Mtls::Strict };
    match open.or(guards.first()) {
        Some(guard) => match (guard.server, &guard.default) {
            (Some(server), _) => Posture { mtls, object: Some(server.document.key.clone()), path: "spec".into() },
            (None, Some((key, path))) => Posture { mtls, object: Some(key.clone()), path: path.clone() },
            (None, None) => Posture { mtls, object: None, path: String::new() },
        },
        None => Posture { mtls, object: None, path: String::new() },
    }
}

/// The Servers of the pods behind a service or workload, what is bound to them, and the authentications that those ask for.
fn in_force(index: &Index, namespace: &str, name: &str) -> BTreeSet<ObjectKey> {
    let mut pods = index.places.of_workload(namespace, name);
    if let Some(service) = index.places.service(namespace, name) {
        pods.extend(index.places.of_service(service));
    }
    pods.retain(|pod| index.is_meshed(pod));
    let mut keys = BTreeSet::new();
    let servers = index.servers.within(namespace);
    for server in servers.filter(|server| pods.iter().any(|pod| means(&server.spec, pod))) {
        let key = &server.document.key;
        keys.insert(key.clone());
        keys.extend(index.ways_into(server).filter_map(|way| way.object));
        let policies = index.policies.within(namespace).filter(|p| targets(&p.spec, key));
        for reference in policies.flat_map(|p| &p.spec.required_authentication_refs) {
            let kind = match reference {
                r if r.is(crate::kinds::POLICY, "MeshTLSAuthentication") => "MeshTLSAuthentication",
                r if r.is(crate::kinds::POLICY, "NetworkAuthentication") => "NetworkAuthentication",
                _ => continue,
            };
            let found = ObjectKey::new(crate::kinds::POLICY, kind, reference.home(namespace), &reference.name);
            keys.extend(index.world.document(&found).map(|d| d.key.clone()));
        }
    }
    keys
}
