//! The map and its panel.

use session::map::{Health as SessionHealth, Level, NodeKind as SessionKind, Secured as SessionSecured};
use session::matrix::Cell;
use session::node::Detail;

use super::all;
use crate::types::{
    CallerRow, Graph, GraphEdge, GraphGroup, GraphNode, Health, MapLevel, NodeDetail, NodeKind, ObjectRef, ObjectRow,
    Past, RouteRule, RouteShare, Secured, Series, SeriesLine, WorkloadRow,
};

pub(crate) fn level(level: MapLevel) -> Level {
    match level {
        MapLevel::Services => Level::Services,
        MapLevel::Workloads => Level::Workloads,
        MapLevel::Namespaces => Level::Namespaces,
    }
}

impl From<SessionHealth> for Health {
    fn from(health: SessionHealth) -> Self {
        match health {
            SessionHealth::Unknown => Self::Unknown,
            SessionHealth::Idle => Self::Idle,
            SessionHealth::Ok => Self::Ok,
            SessionHealth::Warn => Self::Warn,
            SessionHealth::Bad => Self::Bad,
        }
    }
}

impl From<SessionSecured> for Secured {
    fn from(secured: SessionSecured) -> Self {
        match secured {
            SessionSecured::Mtls => Self::Mtls,
            SessionSecured::Tls => Self::Tls,
            SessionSecured::Plaintext => Self::Plaintext,
            SessionSecured::Mixed => Self::Mixed,
            SessionSecured::Unknown => Self::Unknown,
        }
    }
}

pub(crate) fn past(of: session::past::Span) -> Past {
    let from_prometheus = of.before.len() as u32;
    let moments = of.before.into_iter().chain(of.moments).map(|at| at as f64 * 1000.0).collect();
    Past { moments, from_prometheus, bytes: of.bytes as f64, damaged: of.damaged as u32 }
}

pub(crate) fn graph(graph: &session::map::Graph, window_seconds: u32) -> Graph {
    Graph {
        revision: graph.revision as f64,
        window_seconds,
        width: graph.width,
        height: graph.height,
        groups: all(graph.groups.iter().cloned()),
        nodes: all(graph.nodes.iter().cloned()),
        edges: all(graph.edges.iter().cloned()),
        unknown: all(graph.unknown.iter().cloned()),
    }
}

impl From<session::map::Group> for GraphGroup {
    fn from(group: session::map::Group) -> Self {
        Self {
            namespace: group.namespace,
            in_mesh: group.in_mesh,
            mtls: group.mtls,
            workloads: group.workloads,
            requests_per_second: group.per_second,
            x: group.place.x,
            y: group.place.y,
            w: group.place.w,
            h: group.place.h,
        }
    }
}

impl From<session::map::Node> for GraphNode {
    fn from(node: session::map::Node) -> Self {
        Self {
            id: node.id,
            kind: match node.kind {
                SessionKind::Service => NodeKind::Service,
                SessionKind::Workload => NodeKind::Workload,
                SessionKind::Gateway => NodeKind::Gateway,
                SessionKind::External => NodeKind::External,
                SessionKind::Namespace => NodeKind::Namespace,
            },
            namespace: node.namespace,
            name: node.name,
            version: node.version,
            pods: node.pods,
            versions: node.versions,
            health: node.health.into(),
            because: node.because.en,
            zh: node.because.zh,
            in_mesh: node.in_mesh,
            requests_per_second: node.per_second,
            error_share: node.error_share,
            findings: node.findings,
            pending: node.pending,
            ports: node.ports,
            x: node.place.x,
            y: node.place.y,
            w: node.place.w,
            h: node.place.h,
        }
    }
}

impl From<session::map::Edge> for GraphEdge {
    fn from(edge: session::map::Edge) -> Self {
        Self {
            id: edge.id,
            from: edge.from,
            to: edge.to,
            requests_per_second: edge.per_second,
            error_share: edge.error_share,
            p50: edge.p50,
            p99: edge.p99,
            secured: edge.secured.into(),
            protocol: edge.protocol,
            share: edge.share,
            pending_share: edge.pending_share,
            pending_cut: edge.pending_cut,
            denied_per_second: edge.denied_per_second,
            points: edge.points,
        }
    }
}

pub(crate) fn node_detail(detail: Detail) -> NodeDetail {
    NodeDetail {
        requests_per_second: detail.node.per_second,
        node: detail.node.into(),
        success_share: detail.success_share,
        p50: detail.p50,
        p99: detail.p99,
        mtls_share: detail.mtls_share,
        workloads: all(detail.workloads),
        objects: all(detail.objects),
        rules: all(detail.rules),
        findings: all(detail.findings),
        proxies_total: detail.proxies_total,
        proxies_synced: detail.proxies_synced,
        object: ObjectRef::from(&detail.object),
    }
}

impl From<session::node::Behind> for WorkloadRow {
    fn from(row: session::node::Behind) -> Self {
        Self {
            namespace: row.namespace,
            name: row.name,
            version: row.version,
            pods: row.pods,
            ready: row.ready,
            health: row.health.into(),
            because: row.because.en,
            zh: row.because.zh,
            requests_per_second: row.per_second,
            error_share: row.error_share,
            service_account: row.service_account,
        }
    }
}

impl From<session::node::Rule> for RouteRule {
    fn from(rule: session::node::Rule) -> Self {
        let shares = rule.route.destinations.into_iter().zip(rule.pending);
        Self {
            when: all(rule.route.when),
            destinations: shares
                .map(|(share, pending_share)| RouteShare { name: share.name, share: share.share, pending_share })
                .collect(),
            object: rule.route.object.as_ref().map(ObjectRef::from),
            path: rule.route.path,
        }
    }
}

impl From<Cell> for CallerRow {
    fn from(Cell { calling: row, requests, .. }: Cell) -> Self {
        Self {
            namespace: row.namespace,
            workload: row.workload,
            allowed: row.allowed,
            lost: all(row.lost),
            requests: all(requests),
            secured: row.secured.into(),
            because: row.because.en,
            zh: row.because.zh,
            object: row.object.as_ref().map(ObjectRef::from),
            path: row.path,
            requests_per_second: row.per_second,
        }
    }
}

impl From<session::objects::Row> for ObjectRow {
    fn from(row: session::objects::Row) -> Self {
        Self {
            object: ObjectRef::from(&row.key),
            version: row.version,
            summary: row.summary.en,
            summary_zh: row.summary.zh,
            hosts: row.hosts,
            created_at: row.created.map(|seconds| seconds as f64 * 1000.0),
            findings: row.findings,
            pending: row.pending,
            owner: row.owner,
        }
    }
}

impl From<session::traffic::Series> for Series {
    fn from(series: session::traffic::Series) -> Self {
        let line = |line: session::traffic::Line| SeriesLine {
            name: line.name,
            what: line.what.to_owned(),
            values: line.values,
        };
        Self { at: series.at, lines: series.lines.into_iter().map(line).collect(), source: series.source }
    }
}
