//! From a world, its traffic and the tray's effect to nodes and edges.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use mesh::{Effect, Engine, Finding, Membership, Mtls, Ready, Tone, Unknown, unreadable};
use world::{Said, Service, Workload, said};

use super::folded::by_namespace;
use super::place::place;
use super::sum::Sum;
use super::{Edge, Flow, Graph, Group, Health, Level, Node, NodeKind, Place, edge_id, service_id, workload_id};

/// From this share of errors on a thing is broken; from a fifth of it, it deserves a look.
const BAD_ERRORS: f64 = 0.05;
const SOME_ERRORS: f64 = 0.01;

/// Everything that a map is made from.
pub struct Sources<'a> {
    /// The meshes.
    pub engine: &'a Engine,
    /// The world, read.
    pub ready: &'a Ready,
    /// Measured traffic; `None` where nothing could be measured, with the reason in `unknown`.
    pub flows: Option<&'a [Flow]>,
    /// Findings of the world.
    pub findings: &'a [Arc<Finding>],
    /// What the tray would do.
    pub effect: Option<&'a Effect>,
    /// (namespace, workload) → what is wrong with one of its proxies.
    pub ill: &'a HashMap<(String, String), Said>,
}

/// Draws the map of these namespaces (all for none named). `previous` keeps nodes where they were.
pub fn build(sources: &Sources<'_>, level: Level, namespaces: &[String], previous: Option<&Graph>) -> Graph {
    let mut builder = Builder::new(sources, level);
    builder.nodes(namespaces);
    builder.edges(namespaces);
    builder.pending();
    let mut graph = builder.finish();
    if level == Level::Namespaces {
        graph = by_namespace(graph);
    }
    place(&mut graph, previous);
    graph
}

/// These nodes as the map of all namespaces shows them, but for their places; of one that it does not show, nothing.
pub fn some(sources: &Sources<'_>, level: Level, ids: &[String]) -> Vec<Node> {
    let mut builder = Builder::new(sources, level);
    builder.alone(ids);
    builder.pending();
    builder.nodes.into_values().collect()
}

type Names = (String, String);

struct Builder<'a> {
    sources: &'a Sources<'a>,
    level: Level,
    nodes: BTreeMap<String, Node>,
    edges: BTreeMap<(String, String), (Sum, Option<f64>)>,
    /// How many findings are about objects of a namespace and name.
    findings: HashMap<(&'a str, &'a str), u32>,
    /// Workloads of each service, and the service that a workload is shown as.
    behind: BTreeMap<Names, Vec<Names>>,
    shown_as: BTreeMap<Names, Names>,
    pending: HashMap<String, (Option<f64>, bool)>,
    moved: BTreeSet<String>,
}

impl<'a> Builder<'a> {
    fn new(sources: &'a Sources<'a>, level: Level) -> Self {
        let (mut behind, mut shown_as) = (BTreeMap::new(), BTreeMap::new());
        for service in sources.ready.world().services() {
            let names: BTreeSet<Names> = workloads_behind(sources.ready, service);
            let of = (service.namespace.clone(), service.name.clone());
            for workload in &names {
                // A workload behind several services is shown as the one with the fewest others behind it.
                let fits = shown_as
                    .get(workload)
                    .and_then(|known| behind.get(known))
                    .is_none_or(|others: &Vec<Names>| names.len() < others.len());
                if fits {
                    shown_as.insert(workload.clone(), of.clone());
                }
            }
            behind.insert(of, names.into_iter().collect());
        }
        let mut findings = HashMap::new();
        for finding in sources.findings {
            *findings.entry((finding.object.namespace.as_str(), finding.object.name.as_str())).or_default() += 1;
        }
        Self {
            sources,
            level,
            nodes: BTreeMap::new(),
            edges: BTreeMap::new(),
            findings,
            behind,
            shown_as,
            pending: HashMap::new(),
            moved: BTreeSet::new(),
        }
    }

    /// Workloads that are drawn on their own beside their service: its versions.
    fn versions(&self, service: &Names) -> &[Names] {
        match self.behind.get(service) {
            Some(workloads) if workloads.len() > 1 => workloads,
            _ => &[],
        }
    }

    /// The node that stands for a workload.
    fn node_for(&self, workload: &Names) -> String {
        if self.level != Level::Workloads
            && let Some(service) = self.shown_as.get(workload)
            && self.versions(service).is_empty()
        {
            return service_id(&service.0, &service.1);
        }
        workload_id(&workload.0, &workload.1)
    }

    fn nodes(&mut self, namespaces: &[String]) {
        let world = self.sources.ready.world();
        let wanted = |namespace: &str| namespaces.is_empty() || namespaces.iter().any(|n| n == namespace);
        let mut nodes = Vec::new();
        if self.level != Level::Workloads {
            nodes.extend(world.services().filter(|s| wanted(&s.namespace)).map(|s| self.service_node(s)));
        }
        for workload in world.workloads().filter(|w| wanted(&w.namespace)) {
            let names = (workload.namespace.clone(), workload.name.clone());
            if self.node_for(&names) == workload_id(&names.0, &names.1) {
                nodes.push(self.workload_node(workload));
            }
        }
        self.nodes = nodes.into_iter().map(|node| (node.id.clone(), node)).collect();
    }

    fn service_node(&self, service: &Service) -> Node {
        let of = (service.namespace.clone(), service.name.clone());
        let workloads = self.behind.get(&of).cloned().unwrap_or_default();
        let mut node = self.node(service_id(&of.0, &of.1), NodeKind::Service, &of, &workloads);
        node.versions = workloads.len() as u32;
        node.ports = service.ports.iter().map(|port| port.port).collect();
        if let [(namespace, name)] = &workloads[..] {
            let labels =
                self.sources.ready.world().workload(namespace, name).map(|w| w.labels.clone()).unwrap_or_default();
            node.version = version(&labels);
        }
        node
    }

    fn workload_node(&self, workload: &Workload) -> Node {
        let of = (workload.namespace.clone(), workload.name.clone());
        let mut node = self.node(workload_id(&of.0, &of.1), NodeKind::Workload, &of, std::slice::from_ref(&of));
        node.versions = 1;
        node.version = version(&workload.labels);
        let service = self.shown_as.get(&of).filter(|_| self.level != Level::Workloads);
        node.of = service.map(|service| service_id(&service.0, &service.1));
        node
    }

    /// A node with what its pods and findings say; its traffic comes with the edges.
    fn node(&self, id: String, kind: NodeKind, of: &Names, workloads: &[Names]) -> Node {
        let places = self.sources.ready.places();
        let world = self.sources.ready.world();
        let pods: Vec<_> = workloads.iter().flat_map(|(ns, name)| places.of_workload(ns, name)).collect();
        let memberships: Vec<_> = pods.iter().filter_map(|pod| self.sources.engine.membership(world, pod)).collect();
        let gateway = memberships.iter().any(|(_, m)| *m == Membership::Gateway);
        let findings = self.findings.get(&(of.0.as_str(), of.1.as_str())).copied().unwrap_or_default();
        let ready = pods.iter().filter(|pod| pod.ready).count() as u32;
        let ill = workloads.iter().find_map(|names| self.sources.ill.get(names));
        let (health, because) = match (pods.len() as u32, ready, ill) {
            (0, ..) => (Health::Idle, said!("no pods", "没有 Pod")),
            (_, 0, _) => (Health::Bad, said!("no pod is ready", "没有就绪的 Pod")),
            (pods, ready, _) if ready < pods => {
                (Health::Warn, said!("{ready} of {pods} pods are ready", "{pods} 个 Pod 中 {ready} 个就绪"))
            }
            (_, _, Some(why)) => (Health::Warn, why.clone()),
            _ => (Health::Ok, Said::default()),
        };
        Node {
            id,
            kind: if gateway { NodeKind::Gateway } else { kind },
            namespace: of.0.clone(),
            name: of.1.clone(),
            version: String::new(),
            pods: pods.len() as u32,
            ready,
            versions: 0,
            health,
            because,
            in_mesh: !memberships.is_empty(),
            per_second: 0.0,
            error_share: 0.0,
            findings,
            pending: false,
            ports: Vec::new(),
            of: None,
            place: Place::default(),
        }
    }

    fn edges(&mut self, namespaces: &[String]) {
        let flows = self.sources.flows.unwrap_or_default();
        let wanted = |ns: &str| namespaces.is_empty() || namespaces.iter().any(|n| n == ns);
        let mut into: BTreeMap<String, Sum> = BTreeMap::new();
        let mut totals: HashMap<String, f64> = HashMap::new();
        for flow in flows.iter().filter(|f| wanted(&f.from.0) || wanted(&f.service.0)) {
            let (from, to, version) = self.ends(flow);
            self.ensure(&from);
            self.ensure(&to);
            into.entry(to.clone()).or_default().add(flow.into());
            if let Some(version) = version {
                self.ensure(&version);
                into.entry(version.clone()).or_default().add(flow.into());
                *totals.entry(to.clone()).or_default() += flow.per_second;
                self.edges.entry((to.clone(), version)).or_default().0.add(flow.into());
            }
            self.edges.entry((from, to)).or_default().0.add(flow.into());
        }
        self.quiet_versions();
        for ((from, _), (sum, share)) in &mut self.edges {
            if let Some(total) = totals.get(from).filter(|total| **total > 0.0 && share.is_none()) {
                *share = Some(sum.per_second / total);
            }
        }
        self.load(into);
    }

    /// These nodes alone, with their traffic and without edges.
    fn alone(&mut self, ids: &[String]) {
        for id in ids.iter().filter(|id| self.is_drawn(id)).collect::<Vec<_>>() {
            self.ensure(id);
        }
        let mut into: BTreeMap<String, Sum> = BTreeMap::new();
        for flow in self.sources.flows.unwrap_or_default() {
            let (from, to, version) = self.ends(flow);
            let called = [to].into_iter().chain(version).filter(|id| ids.contains(id));
            for id in called {
                self.ensure(&id);
                into.entry(id).or_default().add(flow.into());
            }
            if ids.contains(&from) {
                self.ensure(&from);
            }
        }
        self.load(into);
    }

    /// Whether the map shows it without any traffic.
    fn is_drawn(&self, id: &str) -> bool {
        let world = self.sources.ready.world();
        match super::node_of(id) {
            Some((NodeKind::Service, namespace, name)) => {
                self.level == Level::Services && world.service(namespace, name).is_some()
            }
            Some((NodeKind::Workload, namespace, name)) => {
                let names = (namespace.to_owned(), name.to_owned());
                world.workload(namespace, name).is_some() && self.node_for(&names) == id
            }
            _ => false,
        }
    }

    fn load(&mut self, into: BTreeMap<String, Sum>) {
        for (id, sum) in into {
            if let Some(node) = self.nodes.get_mut(&id) {
                load(node, &sum);
            }
        }
    }

    /// Versions without traffic hang on their service too: that is where a share can be moved to.
    fn quiet_versions(&mut self) {
        if self.level == Level::Workloads {
            return;
        }
        let pairs: Vec<(String, String)> = self
            .behind
            .iter()
            .filter(|(_, workloads)| workloads.len() > 1)
            .flat_map(|((ns, name), workloads)| {
                let from = service_id(ns, name);
                workloads.iter().map(move |w| (from.clone(), workload_id(&w.0, &w.1)))
            })
            .filter(|(from, to)| self.nodes.contains_key(from) && self.nodes.contains_key(to))
            .collect();
        for pair in pairs {
            self.edges.entry(pair).or_default();
        }
    }

    /// The node that calls, the one that is called, and the version that answered where it is drawn on its own.
    fn ends(&self, flow: &Flow) -> (String, String, Option<String>) {
        let (to, version) = self.callee(flow);
        (self.caller(flow), to, version)
    }

    fn caller(&self, flow: &Flow) -> String {
        if flow.from.0.is_empty() { service_id("", &flow.from.1) } else { self.node_for(&flow.from) }
    }

    /// The node that is called, and the version that answered where it is drawn on its own.
    fn callee(&self, flow: &Flow) -> (String, Option<String>) {
        let (ns, _) = &flow.service;
        let workload = (ns.clone(), flow.workload.clone());
        if self.level == Level::Workloads && !flow.workload.is_empty() {
            return (workload_id(&workload.0, &workload.1), None);
        }
        let to = service_id(ns, &flow.service.1);
        let drawn = self.versions(&flow.service).contains(&workload);
        (to, drawn.then(|| workload_id(&workload.0, &workload.1)))
    }

    /// Ends that the world does not have (hosts outside, other namespaces) are drawn as what they are.
    fn ensure(&mut self, id: &str) {
        if self.nodes.contains_key(id) {
            return;
        }
        let Some((kind, namespace, name)) = super::node_of(id) else { return };
        let world = self.sources.ready.world();
        let node = match kind {
            NodeKind::Service => world.service(namespace, name).map(|service| self.service_node(service)),
            NodeKind::Workload => world.workload(namespace, name).map(|workload| self.workload_node(workload)),
            _ => None,
        };
        let node = node.unwrap_or_else(|| {
            let mut node = self.node(id.to_owned(), kind, &(namespace.to_owned(), name.to_owned()), &[]);
            (node.health, node.because) = (Health::Unknown, Said::default());
            node
        });
        self.nodes.insert(id.to_owned(), node);
    }

    /// What the tray would do to nodes and edges.
    fn pending(&mut self) {
        let Some(effect) = self.sources.effect else { return };
        let mut shares: HashMap<String, Shares> = HashMap::new();
        for change in effect.changes.iter().filter(|change| change.tone != Tone::Stays) {
            let from = match &change.request.from {
                mesh::Caller::Workload { namespace, workload } => self.node_for(&(namespace.clone(), workload.clone())),
                _ => String::new(),
            };
            let ends = change.before.destinations.iter().chain(&change.after.destinations);
            for to in ends.map(|d| service_id(&d.service.0, &d.service.1)).collect::<BTreeSet<_>>() {
                if change.tone == Tone::Cuts && change.observed {
                    self.pending.entry(edge_id(&from, &to)).or_default().1 = true;
                }
                if let Some(node) = self.nodes.get_mut(&to) {
                    node.pending = true;
                }
            }
            if change.tone == Tone::Moves {
                let weight = if change.observed { change.per_second.max(1e-6) } else { 1e-9 };
                for destination in &change.after.destinations {
                    let service = service_id(&destination.service.0, &destination.service.1);
                    shares.entry(service).or_default().add(weight, destination);
                }
            }
        }
        for (service, shares) in shares {
            self.moved.insert(service.clone());
            for (to, share) in shares.of_workloads() {
                self.pending.entry(edge_id(&service, &to)).or_default().0 = Some(share);
            }
        }
    }

    fn finish(mut self) -> Graph {
        let world = self.sources.ready.world();
        let mut edges = Vec::new();
        for ((from, to), (sum, share)) in std::mem::take(&mut self.edges) {
            let (pending_share, pending_cut) = self.pending.get(&edge_id(&from, &to)).copied().unwrap_or_default();
            // A version that none of the moved requests reaches any more keeps nothing.
            let pending_share = pending_share.or((share.is_some() && self.moved.contains(&from)).then_some(0.0));
            let differs = |after: &f64| (after - share.unwrap_or(0.0)).abs() > 0.005;
            edges.push(Edge { share, pending_share: pending_share.filter(differs), pending_cut, ..sum.edge(from, to) });
        }
        let groups = self.groups();
        let unknown = ["Service", "Pod"]
            .into_iter()
            .filter_map(|kind| {
                let about = said!("{kind}s on the map", "地图上的 {kind}");
                Some(Unknown { about, because: unreadable(world, "", kind)? })
            })
            .collect();
        Graph {
            revision: world.revision(),
            groups,
            nodes: self.nodes.into_values().collect(),
            edges,
            unknown,
            ..Graph::default()
        }
    }

    /// The boxes of the namespaces that have nodes.
    fn groups(&self) -> Vec<Group> {
        let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
        for node in self.nodes.values().filter(|node| !node.namespace.is_empty()) {
            let group = groups.entry(&node.namespace).or_insert_with(|| Group::named(&node.namespace));
            group.in_mesh |= node.in_mesh;
        }
        for workload in self.sources.ready.world().workloads() {
            let Some(group) = groups.get_mut(workload.namespace.as_str()) else { continue };
            let mtls = match self.sources.ready.posture(&workload.namespace, &workload.name).mtls {
                Mtls::Strict => "STRICT",
                Mtls::Permissive => "PERMISSIVE",
                Mtls::Disabled => "DISABLE",
                Mtls::None => "",
            };
            if group.workloads == 0 {
                mtls.clone_into(&mut group.mtls);
            } else if group.mtls != mtls {
                "mixed".clone_into(&mut group.mtls);
            }
            group.workloads += 1;
        }
        for flow in self.sources.flows.unwrap_or_default().iter().filter(|flow| flow.from.0 != flow.service.0) {
            if let Some(group) = groups.get_mut(flow.service.0.as_str()) {
                group.per_second += flow.per_second;
            }
        }
        groups.into_values().collect()
    }
}

/// Requests for a service by the workload that takes them.
#[derive(Default)]
struct Shares {
    total: f64,
    by: BTreeMap<String, f64>,
}

impl Shares {
    fn add(&mut self, weight: f64, destination: &mesh::Destination) {
        self.total += weight * destination.share;
        let each = weight * destination.share / destination.workloads.len().max(1) as f64;
        for workload in &destination.workloads {
            *self.by.entry(workload_id(&destination.service.0, workload)).or_default() += each;
        }
    }

    fn of_workloads(self) -> impl Iterator<Item = (String, f64)> {
        let total = self.total.max(f64::MIN_POSITIVE);
        self.by.into_iter().map(move |(id, weight)| (id, weight / total))
    }
}

/// Requests and errors, and what they say of a node's health.
fn load(node: &mut Node, sum: &Sum) {
    node.per_second = sum.per_second;
    node.error_share = sum.error_share();
    let percent = (node.error_share * 1000.0).round() / 10.0;
    let health = if node.error_share >= BAD_ERRORS {
        Health::Bad
    } else if node.error_share >= SOME_ERRORS {
        Health::Warn
    } else {
        return;
    };
    if health > node.health {
        let because = said!("{percent} % of its requests fail", "{percent} % 的请求失败");
        (node.health, node.because) = (health, because);
    }
}

fn version(labels: &world::Labels) -> String {
    labels.get("version").or(labels.get("app.kubernetes.io/version")).map(str::to_owned).unwrap_or_default()
}

/// (namespace, workload) of the pods that a service selects; those of its selector where it has no pods.
fn workloads_behind(ready: &Ready, service: &Service) -> BTreeSet<Names> {
    let pods = ready.places().of_service(service);
    pods.iter().map(|pod| (pod.namespace.clone(), pod.workload.1.clone())).collect()
}
