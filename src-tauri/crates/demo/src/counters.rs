//! What an Envoy counts of the requests that pass it.

use std::collections::BTreeMap;

/// Upper bounds of Envoy's histograms in milliseconds, as it prints them.
pub(crate) const BOUNDS: [f64; 19] = [
    0.5,
    1.0,
    5.0,
    10.0,
    25.0,
    50.0,
    100.0,
    250.0,
    500.0,
    1000.0,
    2500.0,
    5000.0,
    10_000.0,
    30_000.0,
    60_000.0,
    300_000.0,
    600_000.0,
    1_800_000.0,
    3_600_000.0,
];

/// How long things took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    /// Not cumulative; the last holds what is above all bounds.
    buckets: [u64; BOUNDS.len() + 1],
    pub(crate) sum: f64,
    pub(crate) count: u64,
}

impl Histogram {
    pub(crate) fn record(&mut self, milliseconds: f64) {
        let at = BOUNDS.iter().position(|bound| milliseconds <= *bound).unwrap_or(BOUNDS.len());
        self.buckets[at] += 1;
        self.sum += milliseconds;
        self.count += 1;
    }

    /// (bound, how many were at most that long).
    pub(crate) fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        BOUNDS.iter().zip(&self.buckets).scan(0, |total, (bound, count)| {
            *total += count;
            Some((*bound, *total))
        })
    }
}

/// Counters of one upstream cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Upstream {
    pub(crate) codes: BTreeMap<u16, u64>,
    pub(crate) time: Histogram,
    pub(crate) connections: u64,
    pub(crate) handshakes: u64,
    pub(crate) failed_connections: u64,
}

impl Upstream {
    /// A request that passed.
    pub(crate) fn passed(&mut self, code: u16, milliseconds: f64, mtls: bool) {
        *self.codes.entry(code).or_default() += 1;
        self.time.record(milliseconds);
        if self.requests() % 100 == 1 {
            self.connections += 1;
            self.handshakes += u64::from(mtls);
        }
    }

    pub(crate) fn requests(&self) -> u64 {
        self.codes.values().sum()
    }

    /// Those that ended with 5xx.
    pub(crate) fn failed(&self) -> u64 {
        self.codes.range(500..).map(|(_, count)| count).sum()
    }
}

/// One end of a request as Istio's own metrics name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct End {
    pub(crate) namespace: String,
    pub(crate) workload: String,
    pub(crate) app: String,
    pub(crate) version: String,
    pub(crate) principal: String,
}

impl End {
    /// Somebody outside the mesh.
    pub(crate) fn unknown() -> Self {
        let unknown = || "unknown".to_owned();
        Self { namespace: unknown(), workload: unknown(), app: unknown(), version: unknown(), principal: unknown() }
    }
}

/// The labels of `istio_requests_total`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Series {
    /// `source`, `destination`, `waypoint`.
    pub(crate) reporter: &'static str,
    pub(crate) from: End,
    pub(crate) to: End,
    /// `reviews.prod.svc.cluster.local`, `reviews`, `prod`.
    pub(crate) service: (String, String, String),
    pub(crate) code: u16,
    pub(crate) flags: &'static str,
    pub(crate) security: &'static str,
}

/// What authorization made of what came in: (let through, refused).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rbac {
    pub(crate) enforced: (u64, u64),
    /// As the policies of ALLOW, and of DENY, that are in dry-run would have it.
    pub(crate) dry_run: [(u64, u64); 2],
}

/// All that one proxy counted since it started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) upstreams: BTreeMap<String, Upstream>,
    pub(crate) series: BTreeMap<Series, Histogram>,
    /// Connections over which go bytes, as Istio's own metrics name them.
    pub(crate) opened: BTreeMap<Series, u64>,
    /// Connections taken by the inbound listener, and how many of them made a TLS handshake.
    pub(crate) accepted: (u64, u64),
    /// Connections that no filter chain would take: plaintext where only mutual TLS is allowed.
    pub(crate) unmatched: u64,
    /// What authorization made of requests.
    pub(crate) http_rbac: Rbac,
    /// What it made of connections over which go bytes.
    pub(crate) tcp_rbac: Rbac,
    /// Requests of the current second, smoothed.
    pub(crate) rate: f64,
    /// Connections at the last look, for the rate.
    pub(crate) seen: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_cumulative() {
        let mut histogram = Histogram::default();
        for milliseconds in [0.4, 7.0, 7.0, 9e9] {
            histogram.record(milliseconds);
        }
        let at = |wanted: f64| histogram.cumulative().find(|(bound, _)| *bound == wanted).unwrap().1;
        assert_eq!((at(0.5), at(5.0), at(10.0), at(3_600_000.0), histogram.count), (1, 1, 3, 3, 4));
    }
}
