//! Calls as the proxies counted them, each with whom the mesh knows its caller as.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use mesh::Ready;
use signals::{Protocol, Workload};

use super::Window;
use crate::map::Secured;
use crate::traffic::{Names, Traffic, travels};

/// How long what was counted is kept step by step.
const KEPT: u32 = 900;

/// A workload that calls a service.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    /// Namespace and workload.
    pub(super) from: Names,
    /// Its service account; empty where its pods are gone.
    pub(super) account: String,
    /// Namespace and service.
    pub(super) service: Names,
    /// Ports of the service; empty where nobody counted them.
    pub(super) ports: BTreeSet<u16>,
    /// Connections are counted, for what goes over them is no HTTP to its proxy.
    pub(super) tcp: bool,
    /// How they travel.
    pub(super) secured: Secured,
    /// Requests, or connections: a second, or in all.
    pub(super) amount: f64,
    /// Those of them that were refused.
    pub(super) denied: f64,
}

/// Calls of workloads with a proxy to services.
pub(super) fn calls(traffic: &Traffic, ready: &Ready, window: Window) -> Vec<Call> {
    let store = traffic.store.read().unwrap_or_else(PoisonError::into_inner);
    let edges = match window {
        Window::Last(seconds) => store.edges(f64::from(seconds), traffic.now),
        Window::Ever => store.ever(),
    };
    let called = store.ports_called();
    drop(store);
    let mut calls: BTreeMap<(Names, Names, bool), Call> = BTreeMap::new();
    for edge in edges {
        let (Some(Workload { namespace, name }), Some(service)) = (edge.from, edge.to_service) else { continue };
        let tcp = edge.protocol == Protocol::Tcp;
        let ports = match edge.port {
            0 => {
                let way = (Workload { namespace: namespace.clone(), name: name.clone() }, edge.host);
                called.get(&way).map(|ports| of_protocol(ports, tcp)).unwrap_or_default()
            }
            port => [port].into(),
        };
        let from = (namespace, name);
        let secured = match edge.secured {
            signals::Secured::Unknown => travels(&from, &service, port_of(&ports, &service, ready), ready),
            known => known.into(),
        };
        let account = account(ready, &from);
        let call = Call {
            from: from.clone(),
            account,
            service: service.clone(),
            ports,
            tcp,
            secured,
            amount: edge.requests_per_second,
            denied: edge.denied_per_second,
        };
        calls.entry((from, service, tcp)).and_modify(|known| known.add(&call)).or_insert(call);
    }
    calls.into_values().collect()
}

/// Those of the ports at which requests were counted, or none were; all of them where none is told apart.
fn of_protocol(ports: &BTreeMap<u16, bool>, tcp: bool) -> BTreeSet<u16> {
    let some: BTreeSet<u16> = ports.iter().filter(|(_, requests)| **requests != tcp).map(|(port, _)| *port).collect();
    if some.is_empty() { ports.keys().copied().collect() } else { some }
}

/// Requests to services from callers that no proxy counts: a second, or in all.
pub(super) fn nameless(traffic: &Traffic, ready: &Ready, window: Window) -> BTreeMap<Names, f64> {
    let (seconds, times) = match window {
        Window::Last(seconds) => (seconds, 1.0),
        // They are told apart step by step alone: in all is what was counted since somebody has looked.
        Window::Ever => (KEPT, traffic.watched().min(f64::from(KEPT))),
    };
    let mut found: BTreeMap<Names, f64> = BTreeMap::new();
    for flow in traffic.over(seconds, ready).into_iter().filter(|flow| flow.from.0.is_empty()) {
        *found.entry(flow.service).or_default() += flow.per_second * times;
    }
    found
}

/// A port to ask about: one that was seen, else the service's first.
pub(super) fn port_of(ports: &BTreeSet<u16>, service: &Names, ready: &Ready) -> u16 {
    let first = || ready.world().service(&service.0, &service.1).and_then(|s| s.ports.first()).map(|port| port.port);
    ports.first().copied().or_else(first).unwrap_or(80)
}

fn account(ready: &Ready, (namespace, workload): &Names) -> String {
    let pods = ready.places().of_workload(namespace, workload);
    let of_workload = || ready.world().workload(namespace, workload).map(|w| w.service_account.clone());
    pods.first().map(|pod| pod.service_account.clone()).or_else(of_workload).unwrap_or_default()
}

impl Call {
    fn add(&mut self, other: &Self) {
        self.amount += other.amount;
        self.denied += other.denied;
        self.ports.extend(&other.ports);
        if self.secured != other.secured {
            self.secured = Secured::Mixed;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use signals::envoy;
    use world::{Change, Object, Origin, World};

    use super::*;

    #[test]
    fn connections_and_requests_to_one_service_are_two_calls() {
        let world = World::new().after(
            [
                json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "cache", "namespace": "shop"}, "spec": {"selector": {"app": "cache"},
                    "ports": [{"name": "tcp", "port": 6379}, {"name": "http", "port": 80}, {"name": "tcp-more", "port": 6380}]}}),
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "page", "namespace": "shop", "labels": {"app": "page"}},
                    "spec": {"serviceAccountName": "page", "containers": [{"name": "page"}, {"name": "istio-proxy"}]}, "status": {"phase": "Running"}}),
            ]
            .map(|body| Change::Put(Object::read(body, Origin::Cluster).unwrap())),
        );
        let lines = |count: u32| {
            let of = |port: u16| format!("cluster_name=\"outbound|{port}||cache.shop.svc.cluster.local\"");
            let (tcp, http) = (of(6379), of(80));
            format!(
                "envoy_cluster_upstream_cx_total{{{tcp}}} {count}\nenvoy_cluster_ssl_handshake{{{tcp}}} {count}\n\
                envoy_cluster_upstream_cx_total{{{http}}} 1\nenvoy_cluster_upstream_rq{{{http},response_code=\"200\"}} {}\n",
                count * 10
            )
        };
        let traffic = Traffic { measured: true, now: 10.0, ..Traffic::default() };
        let proxy = signals::proxies(&world).remove(0);
        for (at, count) in [(0.0, 4), (10.0, 6)] {
            traffic.store.write().unwrap().record(&proxy, at, envoy::read(lines(count).as_bytes()));
        }
        let found = calls(&traffic, &meshes::engine().ready(&world), Window::Ever);
        let told: Vec<_> =
            found.iter().map(|call| (call.tcp, call.ports.clone(), call.amount, call.account.as_str())).collect();
        assert_eq!(told, [(false, [80].into(), 60.0, "page"), (true, [6379].into(), 6.0, "page")]);
    }

    #[test]
    fn ports_are_those_at_which_such_was_counted() {
        let ports = [(80, true), (6379, false)].into();
        assert_eq!((of_protocol(&ports, true), of_protocol(&ports, false)), ([6379].into(), [80].into()));
        assert_eq!(of_protocol(&[(80, true)].into(), true), [80].into(), "what is not told apart stays");
    }
}
