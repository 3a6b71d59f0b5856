//! Calls as the proxies counted them, each with whom the mesh knows its caller as.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use mesh::Ready;
use signals::{Protocol, Workload};

use crate::map::{Flow, Secured};
use crate::traffic::{Names, Traffic, travels};

/// For so many seconds what was counted is known step by step.
pub(super) const IN_MEMORY: u32 = 900;

/// What was seen in a window.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Calls of workloads with a proxy to services.
    pub(super) calls: Vec<Call>,
    /// Requests to services from callers that no proxy counts: a second, or in all.
    pub(super) nameless: BTreeMap<Names, f64>,
    /// So many seconds of it were counted here; `None` where another did.
    pub(super) watched: Option<f64>,
}

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

impl Seen {
    /// As the proxies counted it within the last so many seconds, or ever.
    pub(super) fn counted(traffic: &Traffic, ready: &Ready, last: Option<u32>) -> Self {
        let store = traffic.store.read().unwrap_or_else(PoisonError::into_inner);
        let edges = last.map_or_else(|| store.ever(), |seconds| store.edges(f64::from(seconds), traffic.now));
        let called = store.ports_called();
        drop(store);
        let calls = edges.into_iter().filter_map(|edge| {
            let (Workload { namespace, name }, service) = (edge.from?, edge.to_service?);
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
            let (amount, denied) = (edge.requests_per_second, edge.denied_per_second);
            Some(Call { account: account(ready, &from), from, service, ports, tcp, secured, amount, denied })
        });
        let watched = last.map_or(traffic.watched(), |seconds| traffic.watched().min(f64::from(seconds)));
        Self { calls: together(calls), nameless: nameless(traffic, ready, last), watched: Some(watched) }
    }

    /// As the flows of a time that is past tell it; of so many seconds of the window something was kept here, or others counted.
    pub(super) fn told(flows: &[Flow], ready: &Ready, watched: Option<f64>) -> Self {
        let (unnamed, named): (Vec<&Flow>, Vec<&Flow>) =
            flows.iter().filter(|flow| !flow.service.0.is_empty()).partition(|flow| flow.from.0.is_empty());
        let mut nameless: BTreeMap<Names, f64> = BTreeMap::new();
        for flow in unnamed {
            *nameless.entry(flow.service.clone()).or_default() += flow.per_second;
        }
        let calls = named.into_iter().map(|flow| Call {
            account: account(ready, &flow.from),
            from: flow.from.clone(),
            service: flow.service.clone(),
            ports: [flow.port].into(),
            tcp: flow.protocol == "tcp",
            secured: flow.secured,
            amount: flow.per_second,
            denied: flow.denied_per_second,
        });
        Self { calls: together(calls), nameless, watched }
    }
}

/// Those of one caller to one service as one.
fn together(calls: impl Iterator<Item = Call>) -> Vec<Call> {
    let mut all: BTreeMap<(Names, Names, bool), Call> = BTreeMap::new();
    for call in calls {
        let way = (call.from.clone(), call.service.clone(), call.tcp);
        all.entry(way).and_modify(|known| known.add(&call)).or_insert(call);
    }
    all.into_values().collect()
}

/// Those of the ports at which requests were counted, or none were; all of them where none is told apart.
fn of_protocol(ports: &BTreeMap<u16, bool>, tcp: bool) -> BTreeSet<u16> {
    let some: BTreeSet<u16> = ports.iter().filter(|(_, requests)| **requests != tcp).map(|(port, _)| *port).collect();
    if some.is_empty() { ports.keys().copied().collect() } else { some }
}

/// Requests to services from callers that no proxy counts: a second, or in all.
fn nameless(traffic: &Traffic, ready: &Ready, last: Option<u32>) -> BTreeMap<Names, f64> {
    // They are told apart step by step alone: in all is what was counted since somebody has looked.
    let in_all = || (IN_MEMORY, traffic.watched().min(f64::from(IN_MEMORY)));
    let (seconds, times) = last.map_or_else(in_all, |seconds| (seconds, 1.0));
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
        let found = Seen::counted(&traffic, &meshes::engine().ready(&world), None).calls;
        let told: Vec<_> =
            found.iter().map(|call| (call.tcp, call.ports.clone(), call.amount, call.account.as_str())).collect();
        assert_eq!(told, [(false, [80].into(), 60.0, "page"), (true, [6379].into(), 6.0, "page")]);
    }

    #[test]
    fn flows_of_the_past_are_calls_too() {
        let flow = |from: (&str, &str), protocol: &str, per_second: f64, secured: Secured| Flow {
            from: (from.0.into(), from.1.into()),
            service: ("shop".into(), "cache".into()),
            port: if protocol == "tcp" { 6379 } else { 80 },
            workload: "cache".into(),
            protocol: protocol.into(),
            per_second,
            error_share: 0.0,
            denied_per_second: 0.0,
            p50: None,
            p99: None,
            secured,
        };
        let outside = Flow {
            service: (String::new(), "api.example.com".into()),
            ..flow(("shop", "page"), "http", 9.0, Secured::Tls)
        };
        let flows = [
            flow(("shop", "page"), "http", 2.0, Secured::Mtls),
            flow(("shop", "page"), "http", 1.0, Secured::Plaintext),
            flow(("shop", "page"), "tcp", 0.5, Secured::Mtls),
            flow(("", "outside the mesh"), "http", 4.0, Secured::Plaintext),
            outside,
        ];
        let seen = Seen::told(&flows, &meshes::engine().ready(&World::new()), Some(120.0));
        let told: Vec<_> = seen.calls.iter().map(|call| (call.tcp, call.amount, call.secured)).collect();
        assert_eq!(told, [(false, 3.0, Secured::Mixed), (true, 0.5, Secured::Mtls)]);
        assert_eq!(seen.nameless, [(("shop".to_owned(), "cache".to_owned()), 4.0)].into());
    }

    #[test]
    fn ports_are_those_at_which_such_was_counted() {
        let ports = [(80, true), (6379, false)].into();
        assert_eq!((of_protocol(&ports, true), of_protocol(&ports, false)), ([6379].into(), [80].into()));
        assert_eq!(of_protocol(&[(80, true)].into(), true), [80].into(), "what is not told apart stays");
    }
}
