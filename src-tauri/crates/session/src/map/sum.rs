//! Totals of what makes one edge: flows, or the edges of a finer map.

use super::{Edge, Flow, Secured, edge_id};

/// Rates are added up; of percentiles the worst is kept, for those of several flows cannot be added.
#[derive(Default)]
pub(super) struct Sum {
    /// Requests a second.
    pub per_second: f64,
    errors: f64,
    denied: f64,
    p50: Option<f64>,
    p99: Option<f64>,
    secured: Option<Secured>,
    protocol: String,
}

impl Sum {
    pub(super) fn add(&mut self, other: Self) {
        self.per_second += other.per_second;
        self.errors += other.errors;
        self.denied += other.denied;
        self.p50 = worst(self.p50, other.p50);
        self.p99 = worst(self.p99, other.p99);
        self.secured = match (self.secured, other.secured) {
            (None | Some(Secured::Unknown), secured) => secured.or(self.secured),
            // Flows of which nothing is known do not say that some travel otherwise.
            (known, None | Some(Secured::Unknown)) => known,
            (known, secured) if known == secured => known,
            _ => Some(Secured::Mixed),
        };
        if !other.protocol.is_empty() {
            self.protocol = other.protocol;
        }
    }

    pub(super) fn error_share(&self) -> f64 {
        if self.per_second > 0.0 { (self.errors / self.per_second).min(1.0) } else { 0.0 }
    }

    /// The edge that these totals are of: no shares, nothing pending, not drawn yet.
    pub(super) fn edge(self, from: String, to: String) -> Edge {
        Edge {
            id: edge_id(&from, &to),
            from,
            to,
            per_second: self.per_second,
            error_share: self.error_share(),
            denied_per_second: self.denied,
            p50: self.p50,
            p99: self.p99,
            secured: self.secured.unwrap_or(Secured::Unknown),
            protocol: self.protocol,
            share: None,
            pending_share: None,
            pending_cut: false,
            points: Vec::new(),
        }
    }
}

impl From<&Flow> for Sum {
    fn from(flow: &Flow) -> Self {
        Self {
            per_second: flow.per_second,
            errors: flow.per_second * flow.error_share,
            denied: flow.denied_per_second,
            p50: flow.p50,
            p99: flow.p99,
            secured: Some(flow.secured),
            protocol: flow.protocol.clone(),
        }
    }
}

impl From<&Edge> for Sum {
    fn from(edge: &Edge) -> Self {
        Self {
            per_second: edge.per_second,
            errors: edge.per_second * edge.error_share,
            denied: edge.denied_per_second,
            p50: edge.p50,
            p99: edge.p99,
            secured: Some(edge.secured),
            protocol: edge.protocol.clone(),
        }
    }
}

fn worst(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}
