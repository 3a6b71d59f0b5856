//! The map and its panel; proxies.

use super::{Lost, MatrixRequest, ObjectRef, Said, Unknown, wire};

wire! {
    /// What the map shows.
    pub enum MapLevel { Services, Workloads, Namespaces }
}

wire! {
    pub struct GraphArgs {
        pub session: String,
        pub window_seconds: u32,
        pub level: MapLevel,
        /// Empty for all.
        pub namespaces: Vec<String>,
        /// The traffic of this time, in milliseconds since 1970; of now where it is left out.
        #[serde(default)]
        #[ts(optional)]
        pub at: Option<f64>,
    }
}

wire! {
    /// What is kept of the traffic of the last hours.
    pub struct Past {
        /// Milliseconds since 1970, ascending: what the map can be asked for.
        pub moments: Vec<f64>,
        /// So many of them, the first, are told by a Prometheus; the rest was kept here.
        pub from_prometheus: u32,
        /// Bytes on disk.
        pub bytes: f64,
        /// Files that are damaged: what they held after the damage is lost.
        pub damaged: u32,
    }
}

wire! {
    /// State of a thing on the map.
    pub enum Health { Ok, Warn, Bad, Idle, Unknown }
}

wire! {
    pub enum NodeKind { Service, Workload, Gateway, External, Namespace }
}

wire! {
    /// The map at one revision, laid out. Lengths are in CSS pixels at zoom 1; y grows downwards.
    pub struct Graph {
        pub revision: f64,
        pub window_seconds: u32,
        pub width: f64,
        pub height: f64,
        pub groups: Vec<GraphGroup>,
        pub nodes: Vec<GraphNode>,
        pub edges: Vec<GraphEdge>,
        pub unknown: Vec<Unknown>,
    }
}

wire! {
    /// A namespace's box.
    pub struct GraphGroup {
        pub namespace: String,
        pub in_mesh: bool,
        /// `STRICT`, `PERMISSIVE`, `DISABLE`, `mixed`, or empty.
        pub mtls: String,
        pub workloads: u32,
        pub requests_per_second: f64,
        pub x: f64,
        pub y: f64,
        pub w: f64,
        pub h: f64,
    }
}

wire! {
    pub struct GraphNode {
        /// `service:shop/reviews`, `workload:shop/reviews-v1`, `external:api.example.com`, `namespace:shop`.
        pub id: String,
        pub kind: NodeKind,
        pub namespace: String,
        pub name: String,
        /// Label `version`, or empty; of a namespace, its mutual TLS as in `GraphGroup`.
        pub version: String,
        pub pods: u32,
        pub versions: u32,
        pub health: Health,
        /// Why, where it is not ok.
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
        pub in_mesh: bool,
        pub requests_per_second: f64,
        pub error_share: f64,
        pub findings: u32,
        /// The tray changes what this node's requests do.
        pub pending: bool,
        /// Ports that a service is called at.
        pub ports: Vec<u16>,
        pub x: f64,
        pub y: f64,
        pub w: f64,
        pub h: f64,
    }
}

wire! {
    /// How an edge's requests travel.
    pub enum Secured { Mtls, Tls, Plaintext, Mixed, Unknown }
}

wire! {
    pub struct GraphEdge {
        pub id: String,
        pub from: String,
        pub to: String,
        pub requests_per_second: f64,
        pub error_share: f64,
        /// Milliseconds, or null where nobody measured it.
        pub p50: Option<f64>,
        pub p99: Option<f64>,
        pub secured: Secured,
        pub protocol: String,
        /// Share of the service's requests, for a service → workload edge.
        pub share: Option<f64>,
        /// The share after the tray is applied, where it differs.
        pub pending_share: Option<f64>,
        /// The tray would cut these requests off.
        pub pending_cut: bool,
        /// Requests are seen to be refused (denied, reset).
        pub denied_per_second: f64,
        /// Points of the curve: x, y pairs.
        pub points: Vec<f64>,
    }
}

wire! {
    pub struct NodeArgs { pub session: String, pub node: String, pub window_seconds: u32 }
}

wire! {
    /// The panel of one node.
    pub struct NodeDetail {
        pub node: GraphNode,
        pub requests_per_second: f64,
        pub success_share: Option<f64>,
        pub p50: Option<f64>,
        pub p99: Option<f64>,
        /// Share of requests over mutual TLS, 0 to 1.
        pub mtls_share: Option<f64>,
        pub workloads: Vec<WorkloadRow>,
        /// Routing and security objects in force here.
        pub objects: Vec<ObjectRow>,
        /// Where requests go: the rules in order, as the engine decides them.
        pub rules: Vec<RouteRule>,
        pub findings: Vec<super::Finding>,
        pub proxies_total: u32,
        pub proxies_synced: u32,
        /// The object's own kind: a Service, or the workload.
        pub object: ObjectRef,
    }
}

wire! {
    pub struct WorkloadRow {
        pub namespace: String,
        pub name: String,
        pub version: String,
        pub pods: u32,
        pub ready: u32,
        pub health: Health,
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
        pub requests_per_second: f64,
        pub error_share: f64,
        pub service_account: String,
    }
}

wire! {
    /// One rule of a service's route.
    pub struct RouteRule {
        /// Conditions in words; empty for "all else".
        pub when: Vec<Said>,
        pub destinations: Vec<RouteShare>,
        pub object: Option<ObjectRef>,
        pub path: String,
    }
}

wire! {
    pub struct RouteShare { pub name: String, pub share: f64, pub pending_share: Option<f64> }
}

wire! {
    pub struct CallerRow {
        pub namespace: String,
        pub workload: String,
        pub allowed: bool,
        /// What it loses all the same: not every workload that is called takes it.
        pub lost: Vec<Lost>,
        /// Every request that was asked about, where not the same becomes of all of them for the same reason; else none.
        pub requests: Vec<MatrixRequest>,
        pub secured: Secured,
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
        pub object: Option<ObjectRef>,
        pub path: String,
        pub requests_per_second: f64,
    }
}

wire! {
    pub struct SeriesArgs {
        pub session: String,
        /// A node's or an edge's id.
        pub of: String,
        pub window_seconds: u32,
    }
}

wire! {
    /// Rates over time; one line a version where the thing has versions.
    pub struct Series {
        /// Seconds since 1970, ascending, shared by all lines.
        pub at: Vec<f64>,
        pub lines: Vec<SeriesLine>,
        /// Where the numbers come from, in words.
        pub source: String,
    }
}

wire! {
    pub struct SeriesLine {
        pub name: String,
        /// `requests`, `errors`.
        pub what: String,
        /// Per second; null for a gap.
        pub values: Vec<Option<f64>>,
    }
}

wire! {
    /// A routing or security object in a list.
    pub struct ObjectRow {
        pub object: ObjectRef,
        pub version: String,
        /// One line: what it does.
        pub summary: String,
        /// The same in Chinese; empty where only the kind's purpose can be said.
        pub summary_zh: String,
        pub hosts: Vec<String>,
        /// Milliseconds since 1970, or null.
        pub created_at: Option<f64>,
        pub findings: u32,
        pub pending: bool,
        /// Helm, Argo CD, Flux …, by its marks.
        pub owner: String,
    }
}
