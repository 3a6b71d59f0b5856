//! Calls as the proxies counted them, each with whom the mesh knows its caller as.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use mesh::Ready;
use signals::Workload;

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
    /// How its requests travel.
    pub(super) secured: Secured,
    /// Requests: a second, or in all.
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
    let mut calls: BTreeMap<(Names, Names), Call> = BTreeMap::new();
    for edge in edges {
        let (Some(Workload { namespace, name }), Some(service)) = (edge.from, edge.to_service) else { continue };
        let ports = match edge.port {
            0 => called.get(&(Workload { namespace: namespace.clone(), name: name.clone() }, edge.host)),
            _ => None,
        };
        let ports = ports.cloned().unwrap_or_else(|| Some(edge.port).filter(|port| *port != 0).into_iter().collect());
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
            secured,
            amount: edge.requests_per_second,
            denied: edge.denied_per_second,
        };
        calls.entry((from, service)).and_modify(|known| known.add(&call)).or_insert(call);
    }
    calls.into_values().collect()
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
