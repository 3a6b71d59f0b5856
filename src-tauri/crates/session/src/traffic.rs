//! Measured traffic: what the proxies counted, as flows between workloads and as requests that the engine can be asked.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use mesh::{Ready, Request, Unknown, selects};
use signals::{Edge, Of, Protocol, Workload};
use world::World;

use crate::map::{Flow, NodeKind, Secured, node_of};

/// What callers without a proxy are called on the map: nobody counts them but the callee.
pub const UNKNOWN_CALLERS: &str = "outside the mesh";

/// How far back in seconds it is looked where proxies are read seldom: three rounds of ten thousand, which take a minute each.
const FURTHER: f64 = 200.0;

/// Differences between what callers and callees count are noise below this, per second and as a share.
const NOISE: (f64, f64) = (0.05, 0.1);

/// Namespace and name.
pub type Names = (String, String);

/// What was measured last. Clones share the counters.
#[derive(Clone, Default)]
pub struct Traffic {
    /// Grows with each look.
    pub revision: u64,
    /// Something was measured; else `unknown` says why not.
    pub measured: bool,
    /// How often all proxies were read: what flows is told by how counters grow, from one reading to the next.
    pub rounds: u32,
    /// What could not be measured.
    pub unknown: Vec<Unknown>,
    /// What looking costs those who are asked.
    pub cost: Cost,
    /// The poller's clock at that look.
    pub(crate) now: f64,
    /// The world's clock at that look, milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) store: Arc<RwLock<signals::Traffic>>,
}

/// What one look at all proxies costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Proxies that were asked.
    pub proxies: u32,
    /// Bytes of their answers.
    pub bytes: f64,
    /// Seconds until the last had answered.
    pub seconds: f64,
    /// Seconds from one look to the next.
    pub every: f64,
}

/// A line over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// A version, or the thing itself.
    pub name: String,
    /// `requests` or `errors`.
    pub what: &'static str,
    /// Per second; `None` for a gap.
    pub values: Vec<Option<f64>>,
}

/// Rates over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Seconds since 1970, ascending.
    pub at: Vec<f64>,
    /// Lines over them.
    pub lines: Vec<Line>,
    /// Where the numbers come from.
    pub source: String,
}

impl Traffic {
    /// Edges as the proxies counted them over the last so many seconds.
    pub fn edges(&self, window: f64) -> Vec<Edge> {
        self.store.read().unwrap_or_else(PoisonError::into_inner).edges(window, self.now)
    }

    /// A time of the world (milliseconds since 1970) by the poller's clock.
    pub(crate) fn clock(&self, at: i64) -> f64 {
        self.now + (at - self.at) as f64 / 1000.0
    }

    /// For how many seconds up to now what was counted is known step by step.
    pub(crate) fn watched(&self) -> f64 {
        self.store.read().unwrap_or_else(PoisonError::into_inner).watched(self.now)
    }

    /// Of all connections that the proxies of each workload have taken since they began, the share in plaintext.
    pub(crate) fn clear_ever(&self) -> BTreeMap<Workload, f64> {
        self.store.read().unwrap_or_else(PoisonError::into_inner).clear_ever()
    }

    /// What the proxies of each workload counted of policies in dry-run from a time of the poller's clock on, and since when.
    pub(crate) fn dry_runs(&self, from: f64) -> (Option<f64>, BTreeMap<Workload, signals::DryRuns>) {
        self.store.read().unwrap_or_else(PoisonError::into_inner).dry_runs(from)
    }

    /// When a proxy was read last, in seconds since 1970, and how much of its former configuration still drained then.
    pub(crate) fn draining(&self, namespace: &str, pod: &str) -> Option<(f64, Option<f64>)> {
        self.store.read().unwrap_or_else(PoisonError::into_inner).draining(namespace, pod)
    }

    /// The flows over the last so many seconds: edges with the workloads that answered.
    pub fn over(&self, window: u32, ready: &Ready) -> Vec<Flow> {
        let window = f64::from(window.max(1));
        let edges = self.edges(window);
        let inbound = self.store.read().unwrap_or_else(PoisonError::into_inner).inbound(window, self.now);
        all_flows(&edges, &inbound, ready)
    }

    /// The flows that were counted from one time to another, seconds since 1970, and the workloads whose proxies were counting then.
    pub(crate) fn between(&self, from: f64, to: f64, ready: &Ready) -> (Vec<Flow>, BTreeSet<Names>) {
        let between = self.store.read().unwrap_or_else(PoisonError::into_inner).between(from, to);
        let counting = between.counting.into_iter().map(|workload| (workload.namespace, workload.name)).collect();
        (all_flows(&between.edges, &between.inbound, ready), counting)
    }

    /// The flows of the last seconds, of which none were counted before `since`; of up to [`FURTHER`] where no proxy was read often enough.
    pub(crate) fn lately(&self, seconds: f64, since: f64, ready: &Ready) -> Vec<Flow> {
        self.recent(seconds, since, |from| self.between(from, self.now, ready).0)
    }

    /// What the workloads' own proxies received in that time.
    pub(crate) fn received(&self, seconds: f64, since: f64) -> Vec<signals::Inbound> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        self.recent(seconds, since, |from| store.between(from, self.now).inbound)
    }

    fn recent<T>(&self, seconds: f64, since: f64, of: impl Fn(f64) -> Vec<T>) -> Vec<T> {
        let of = |seconds: f64| of((self.now - seconds).max(since));
        let found = of(seconds);
        if found.is_empty() { of(seconds.max(FURTHER)) } else { found }
    }

    /// Rates of a node or an edge over time; a line for each version that took the requests. `callers` are the workloads
    /// that the calling end of an edge stands for.
    pub fn series(&self, of: &str, callers: &[Names], window: u32) -> Series {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        let asked = questions(of, callers);
        let name = of.rsplit(['/', ':']).next().unwrap_or(of);
        let mut series = Series { source: "counters of the proxies".into(), ..Series::default() };
        let mut sums: BTreeMap<(String, &'static str), Vec<Option<f64>>> = BTreeMap::new();
        for question in asked {
            let answer = store.series(&question, f64::from(window.max(1)), self.now);
            series.at = answer.at;
            for line in answer.lines {
                let version = if line.name.is_empty() { name.to_owned() } else { line.name };
                add(sums.entry((version, "requests")).or_default(), &line.requests);
                add(sums.entry((name.to_owned(), "errors")).or_default(), &line.errors);
            }
        }
        series.lines = sums.into_iter().map(|((name, what), values)| Line { name, what, values }).collect();
        // Requests come first; the order of their names is theirs.
        series.lines.sort_by_key(|line| line.what != "requests");
        series
    }
}

/// Those that somebody counted, and those that only the callee tells of.
pub(crate) fn all_flows(edges: &[Edge], inbound: &[signals::Inbound], ready: &Ready) -> Vec<Flow> {
    let mut flows: Vec<Flow> = edges.iter().flat_map(|edge| flows(edge, ready)).collect();
    flows.extend(uncounted(&flows, inbound, ready));
    judge(&mut flows, ready);
    flows
}

fn add(sum: &mut Vec<Option<f64>>, values: &[Option<f64>]) {
    if sum.is_empty() {
        sum.extend_from_slice(values);
        return;
    }
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum = sum.iter().chain(value).copied().reduce(|a, b| a + b);
    }
}

/// What has to be asked of the counters for a node or an edge.
fn questions(of: &str, callers: &[Names]) -> Vec<Of> {
    let into = |id: &str| match node_of(id) {
        Some((NodeKind::Service, ns, name)) => Some(Of::Service(ns.into(), name.into())),
        Some((NodeKind::Workload, ns, name)) => {
            Some(Of::Workload(Workload { namespace: ns.into(), name: name.into() }))
        }
        _ => None,
    };
    let Some((_, to)) = of.split_once('>') else { return into(of).into_iter().collect() };
    match into(to) {
        Some(Of::Service(ns, name)) => {
            let workload = |(namespace, name): &Names| Workload { namespace: namespace.clone(), name: name.clone() };
            callers.iter().map(|caller| Of::Edge(workload(caller), (ns.clone(), name.clone()))).collect()
        }
        other => other.into_iter().collect(),
    }
}

pub(crate) fn url(edge: &Edge, world: &World) -> String {
    let host = edge.to_service.as_ref().map_or_else(|| edge.host.clone(), |(ns, name)| format!("{name}.{ns}"));
    let port = port(edge, world);
    format!("http://{host}:{port}/")
}

/// Istio's own metrics do not say the port: then it is the service's first.
fn port(edge: &Edge, world: &World) -> u16 {
    let service = edge.to_service.as_ref().and_then(|(ns, name)| world.service(ns, name));
    let first = service.and_then(|service| service.ports.first()).map_or(80, |port| port.port);
    if edge.port == 0 { first } else { edge.port }
}

/// An edge as flows to the workloads behind it. The source rarely says which of them answered: a subset's share is split
/// over its workloads by their ready pods, as an even balancer would.
fn flows(edge: &Edge, ready: &Ready) -> Vec<Flow> {
    let service = edge.to_service.clone().unwrap_or_else(|| (String::new(), edge.host.clone()));
    let parts = match &edge.to_workload {
        Some(workload) => vec![(workload.name.clone(), 1.0)],
        None => parts(edge, &service, ready),
    };
    let flow = |(workload, share): (String, f64)| Flow {
        from: edge
            .from
            .as_ref()
            .map_or((String::new(), UNKNOWN_CALLERS.into()), |w| (w.namespace.clone(), w.name.clone())),
        service: service.clone(),
        port: port(edge, ready.world()),
        workload,
        protocol: match edge.protocol {
            Protocol::Http => "http".into(),
            Protocol::Grpc => "grpc".into(),
            Protocol::Tcp => "tcp".into(),
        },
        per_second: edge.requests_per_second * share,
        error_share: edge.error_share,
        denied_per_second: edge.denied_per_second * share,
        p50: edge.p50,
        p99: edge.p99,
        secured: edge.secured.into(),
    };
    parts.into_iter().map(flow).collect()
}

/// (workload, share of the edge's requests)
fn parts(edge: &Edge, service: &Names, ready: &Ready) -> Vec<(String, f64)> {
    let places = ready.places();
    let Some(found) = ready.world().service(&service.0, &service.1) else { return vec![(String::new(), 1.0)] };
    let subset = edge.subset.as_deref().filter(|subset| !subset.is_empty());
    let behind: Option<BTreeSet<String>> = subset.and_then(|subset| of_subset(edge, subset, ready));
    let mut pods: BTreeMap<&str, f64> = BTreeMap::new();
    for pod in places.of_service(found).into_iter().filter(|pod| pod.ready) {
        let workload = pod.workload.1.as_str();
        if behind.as_ref().is_none_or(|names| names.contains(workload)) {
            *pods.entry(workload).or_default() += 1.0;
        }
    }
    let all: f64 = pods.values().sum();
    if all == 0.0 {
        return vec![(String::new(), 1.0)];
    }
    pods.into_iter().map(|(workload, count)| (workload.to_owned(), count / all)).collect()
}

/// The workloads of a subset, as the engine resolves it for this caller; for one whose own calls are not routed there, such as a gateway, as
/// the service's own namespace sees it.
fn of_subset(edge: &Edge, subset: &str, ready: &Ready) -> Option<BTreeSet<String>> {
    let from = edge.from.as_ref()?;
    let from = (from.namespace.clone(), from.name.clone());
    let verdict = ready.explain(&Request::of_workload(&from, "GET", url(edge, ready.world())));
    let found = verdict.destinations.into_iter().find(|d| d.subset.as_deref() == Some(subset));
    let named = || {
        let (namespace, name) = edge.to_service.as_ref()?;
        let labels = ready.subset(namespace, name, subset)?;
        let pods = ready.places().of_service(ready.world().service(namespace, name)?);
        Some(pods.into_iter().filter(|pod| selects(&labels, &pod.labels)).map(|pod| pod.workload.1.clone()).collect())
    };
    let workloads = found.map(|found| found.workloads.into_iter().collect()).or_else(named);
    workloads.filter(|names: &BTreeSet<String>| !names.is_empty())
}

/// Where no proxy says how requests travel, the engine's verdict on them does, if it knows.
fn judge(flows: &mut [Flow], ready: &Ready) {
    let mut known: HashMap<(Names, Names, u16), Secured> = HashMap::new();
    for flow in flows.iter_mut().filter(|flow| flow.secured == Secured::Unknown && !flow.from.0.is_empty()) {
        let way = (flow.from.clone(), flow.service.clone(), flow.port);
        flow.secured = *known.entry(way).or_insert_with(|| travels(&flow.from, &flow.service, flow.port, ready));
    }
}

/// How a workload's requests to a service travel, as the engine decides it.
pub(crate) fn travels(from: &Names, service: &Names, port: u16, ready: &Ready) -> Secured {
    let host = match service {
        (namespace, host) if namespace.is_empty() => host.clone(),
        (namespace, name) => format!("{name}.{namespace}"),
    };
    let verdict = ready.explain(&Request::of_workload(from, "GET", format!("http://{host}:{port}/")));
    let there = !verdict.destinations.is_empty() && verdict.destinations.iter().all(|d| d.service == *service);
    if there && verdict.unknown.is_empty() { verdict.transport.into() } else { Secured::Unknown }
}

/// Requests that a workload received and that no proxy of a caller has counted: their callers have none. Proxies are asked at different
/// moments, so that of few requests some always seem to come from nowhere; where every connection was under TLS, none did.
fn uncounted(flows: &[Flow], inbound: &[signals::Inbound], ready: &Ready) -> Vec<Flow> {
    let mut counted: HashMap<Names, f64> = HashMap::new();
    for flow in flows {
        *counted.entry((flow.service.0.clone(), flow.workload.clone())).or_default() += flow.per_second;
    }
    let mut received: BTreeMap<&Workload, (f64, &signals::Inbound)> = BTreeMap::new();
    for part in inbound {
        let sum = received.entry(&part.workload).or_insert((0.0, part));
        sum.0 += part.requests_per_second;
    }
    let found = received.into_iter().filter_map(|(workload, (all, part))| {
        let names = (workload.namespace.clone(), workload.name.clone());
        let rest = all - counted.get(&names).copied().unwrap_or(0.0);
        if is_noise(rest, all) || part.tls_share.is_some_and(|share| share >= 1.0) {
            return None;
        }
        let (service, port) = service_of(workload, ready)?;
        Some(Flow {
            from: (String::new(), UNKNOWN_CALLERS.into()),
            service,
            port,
            workload: workload.name.clone(),
            protocol: "http".into(),
            per_second: rest,
            error_share: part.error_share,
            denied_per_second: 0.0,
            p50: part.p50,
            p99: part.p99,
            secured: Secured::Plaintext,
        })
    });
    found.collect()
}

/// Whether so many requests a second, of all that a workload received, may be the difference of two moments alone.
pub(crate) fn is_noise(rest: f64, all: f64) -> bool {
    rest < NOISE.0 || rest < all * NOISE.1
}

/// The service that a workload stands behind, with its first port.
fn service_of(workload: &Workload, ready: &Ready) -> Option<(Names, u16)> {
    let pods = ready.places().of_workload(&workload.namespace, &workload.name);
    let labels = &pods.first()?.labels;
    let found = ready.places().services_selecting(&workload.namespace, labels).into_iter().next()?;
    let port = found.ports.first().map_or(80, |port| port.port);
    Some(((found.namespace.clone(), found.name.clone()), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_a_node_or_an_edge() {
        let callers = [("shop".to_owned(), "web-v1".to_owned())];
        let workload = |name: &str| Workload { namespace: "shop".into(), name: name.into() };
        let reviews = ("shop".to_owned(), "reviews".to_owned());
        for (of, expected) in [
            ("service:shop/reviews", vec![Of::Service("shop".into(), "reviews".into())]),
            ("workload:shop/reviews-v1", vec![Of::Workload(workload("reviews-v1"))]),
            ("service:shop/web>service:shop/reviews", vec![Of::Edge(workload("web-v1"), reviews)]),
            ("service:shop/reviews>workload:shop/reviews-v2", vec![Of::Workload(workload("reviews-v2"))]),
            ("external:api.example.com", vec![]),
        ] {
            assert_eq!(questions(of, &callers), expected, "{of}");
        }
    }

    #[test]
    fn a_gap_on_both_sides_stays_a_gap() {
        let mut sum = vec![Some(1.0), None, None];
        add(&mut sum, &[Some(2.0), Some(3.0), None]);
        assert_eq!(sum, [Some(3.0), Some(3.0), None]);
    }
}
