//! The map: who calls whom, how much, how well, how safely; with what the tray would change. Pure.

pub(crate) mod build;
mod folded;
mod place;
mod sum;

use mesh::Unknown;
use world::{ObjectKey, Said};

/// What the map shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Services, and the versions of those that have several.
    Services,
    /// Workloads alone.
    Workloads,
    /// Namespaces, and the calls from one to another.
    Namespaces,
}

/// How a thing fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// Nothing known.
    #[default]
    Unknown,
    /// Nothing happens there.
    Idle,
    /// All is well.
    Ok,
    /// Deserves a look.
    Warn,
    /// Broken.
    Bad,
}

/// How requests travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Secured {
    /// Mutual TLS.
    Mtls,
    /// TLS that is not mutual.
    Tls,
    /// Nothing protects them.
    Plaintext,
    /// Some so, some so.
    Mixed,
    /// Nobody measured it, and the configuration does not settle it.
    Unknown,
}

impl From<signals::Secured> for Secured {
    fn from(counted: signals::Secured) -> Self {
        match counted {
            signals::Secured::Mtls => Self::Mtls,
            signals::Secured::Tls => Self::Tls,
            signals::Secured::Plaintext => Self::Plaintext,
            signals::Secured::Mixed => Self::Mixed,
            signals::Secured::Unknown => Self::Unknown,
        }
    }
}

impl From<Option<mesh::Transport>> for Secured {
    fn from(verdict: Option<mesh::Transport>) -> Self {
        match verdict {
            Some(mesh::Transport::Mtls) => Self::Mtls,
            Some(mesh::Transport::Tls) => Self::Tls,
            Some(mesh::Transport::Plaintext) => Self::Plaintext,
            None => Self::Unknown,
        }
    }
}

/// Requests between two workloads, as measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// (namespace, workload) of the caller; an empty namespace for one outside.
    pub from: (String, String),
    /// (namespace, service) that it called; an empty namespace for a host outside.
    pub service: (String, String),
    /// Port of the service.
    pub port: u16,
    /// Workload that answered; empty where that is not known.
    pub workload: String,
    /// `http`, `grpc`, `tcp`.
    pub protocol: String,
    /// Requests, or connections, a second.
    pub per_second: f64,
    /// Share of errors, 0 to 1.
    pub error_share: f64,
    /// Refused by policy or by TLS, a second.
    pub denied_per_second: f64,
    /// Milliseconds.
    pub p50: Option<f64>,
    /// Milliseconds.
    pub p99: Option<f64>,
    /// How they travel.
    pub secured: Secured,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// A Service.
    Service,
    /// A Deployment or other owner of pods.
    Workload,
    /// A gateway.
    Gateway,
    /// Something outside of the cluster.
    External,
    /// A namespace, with all that is in it.
    Namespace,
}

/// A box and where it is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// Left.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

/// A node of the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// `service:shop/reviews`, `workload:shop/reviews-v1`, `external:api.example.com`, `namespace:shop`.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// Namespace; empty outside, and for a namespace itself.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Label `version`, or empty; of a namespace, its mutual TLS as in [`Group::mtls`].
    pub version: String,
    /// Pods behind it.
    pub pods: u32,
    /// Pods that are ready.
    pub ready: u32,
    /// Workloads behind it.
    pub versions: u32,
    /// How it fares.
    pub health: Health,
    /// Why, where it is not ok.
    pub because: Said,
    /// A mesh takes its traffic.
    pub in_mesh: bool,
    /// Requests a second that it takes.
    pub per_second: f64,
    /// Share of errors among them.
    pub error_share: f64,
    /// Findings about it and the objects in force on it.
    pub findings: u32,
    /// The tray changes what its requests do.
    pub pending: bool,
    /// Ports that a service is called at.
    pub ports: Vec<u16>,
    /// The service that it is a version of.
    pub of: Option<String>,
    /// Where it is drawn.
    pub place: Place,
}

/// An edge of the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// `from>to`.
    pub id: String,
    /// Node that calls.
    pub from: String,
    /// Node that is called.
    pub to: String,
    /// Requests a second.
    pub per_second: f64,
    /// Share of errors.
    pub error_share: f64,
    /// Refused a second.
    pub denied_per_second: f64,
    /// Milliseconds.
    pub p50: Option<f64>,
    /// Milliseconds.
    pub p99: Option<f64>,
    /// How they travel.
    pub secured: Secured,
    /// `http`, `grpc`, `tcp`.
    pub protocol: String,
    /// Share of the service's requests, for an edge from a service to a version.
    pub share: Option<f64>,
    /// The share with the tray applied, where it differs.
    pub pending_share: Option<f64>,
    /// The tray would cut these requests off.
    pub pending_cut: bool,
    /// Points of the curve.
    pub points: Vec<f64>,
}

/// A namespace's box.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The namespace.
    pub namespace: String,
    /// A mesh takes the traffic of some of its pods.
    pub in_mesh: bool,
    /// `STRICT`, `PERMISSIVE`, `DISABLE`, `mixed`, or empty.
    pub mtls: String,
    /// How many workloads.
    pub workloads: u32,
    /// Requests a second into it.
    pub per_second: f64,
    /// Where it is drawn.
    pub place: Place,
}

impl Group {
    fn named(namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            in_mesh: false,
            mtls: String::new(),
            workloads: 0,
            per_second: 0.0,
            place: Place::default(),
        }
    }
}

/// The map at one revision.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Of the world.
    pub revision: u64,
    /// Width of all.
    pub width: f64,
    /// Height of all.
    pub height: f64,
    /// Namespaces.
    pub groups: Vec<Group>,
    /// Nodes.
    pub nodes: Vec<Node>,
    /// Edges.
    pub edges: Vec<Edge>,
    /// What could not be known.
    pub unknown: Vec<Unknown>,
    /// The placement, for the next one to stay close to.
    pub placed: Option<std::sync::Arc<mesh::layout::Placed>>,
}

/// The id of a service's node.
pub fn service_id(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { format!("external:{name}") } else { format!("service:{namespace}/{name}") }
}

/// The id of a workload's node.
pub fn workload_id(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { format!("external:{name}") } else { format!("workload:{namespace}/{name}") }
}

/// The id of a namespace's node.
pub fn namespace_id(name: &str) -> String {
    format!("namespace:{name}")
}

/// The id of the edge between two nodes.
pub fn edge_id(from: &str, to: &str) -> String {
    format!("{from}>{to}")
}

/// (kind, namespace, name) of a node's id.
pub fn node_of(id: &str) -> Option<(NodeKind, &str, &str)> {
    let (kind, rest) = id.split_once(':')?;
    match kind {
        "external" => Some((NodeKind::External, "", rest)),
        "namespace" => Some((NodeKind::Namespace, "", rest)),
        "service" => rest.split_once('/').map(|(ns, name)| (NodeKind::Service, ns, name)),
        "workload" => rest.split_once('/').map(|(ns, name)| (NodeKind::Workload, ns, name)),
        _ => None,
    }
}

/// The object behind a node.
pub fn object_of(world: &world::World, id: &str) -> Option<ObjectKey> {
    match node_of(id)? {
        (NodeKind::Service, namespace, name) => Some(ObjectKey::new("", "Service", namespace, name)),
        (NodeKind::Workload, namespace, name) => {
            let kind = world.workload(namespace, name).map_or("Deployment", |w| w.kind.as_str());
            Some(ObjectKey::new("apps", kind, namespace, name))
        }
        (NodeKind::Namespace, _, name) => Some(ObjectKey::new("", "Namespace", "", name)),
        _ => None,
    }
}
