//! What is added up of a caller and a host, over proxies and steps.

use std::collections::BTreeMap;

use super::{Cluster, Counters, Growth, Place, Secured, Source, Spread, Workload};

/// A caller and the host that it calls.
type Way = (Workload, String);

/// How requests travel, from whoever knows: all, and those of them under TLS. Istio's report at the caller says "unknown"
/// (`connection_security_policy` is the callee's to tell), and it may name another workload behind the service, or none.
#[derive(Default)]
pub(super) struct Told {
    places: BTreeMap<Place, Sum>,
    callees: BTreeMap<Way, Sum>,
    /// Envoy's connections, over all ports and subsets of the host.
    callers: BTreeMap<Way, (f64, f64)>,
}

impl Told {
    pub(super) fn by_callee(&mut self, place: &Place, security: &str, growth: &Growth) {
        if let Some(from) = &place.from {
            let way = (from.clone(), place.cluster.host.clone());
            self.callees.entry(way).or_default().by_label(security, growth);
        }
        self.places.entry(place.clone()).or_default().by_label(security, growth);
    }

    pub(super) fn by_caller(&mut self, from: &Workload, cluster: &Cluster, counters: &Counters) {
        let sum = self.callers.entry((from.clone(), cluster.host.clone())).or_default();
        *sum = (sum.0 + counters.connections - counters.failed_connections, sum.1 + counters.handshakes);
    }

    /// The nearest report counts; connections only where no request was reported on.
    pub(super) fn complete(&self, place: &Place, sum: &mut Sum) {
        if place.source != Source::IstioCaller {
            return;
        }
        let Some(from) = &place.from else { return };
        let way = (from.clone(), place.cluster.host.clone());
        let reports = [self.places.get(place), self.callees.get(&way)];
        if let Some(report) = reports.into_iter().flatten().find(|report| report.made.0 > 0.0) {
            sum.made = report.made;
        }
        sum.ever = self.callers.get(&way).copied().unwrap_or_default();
    }
}

/// Rates a second, summed over proxies.
#[derive(Default)]
pub(super) struct Sum {
    pub(super) requests: f64,
    pub(super) errors: f64,
    pub(super) forbidden: f64,
    pub(super) connections: f64,
    /// Connections in the window, and those of them under TLS.
    pub(super) made: (f64, f64),
    pub(super) ever: (f64, f64),
    pub(super) has_requests: bool,
    pub(super) times: Spread,
}

impl Sum {
    /// What a proxy counts of its own connections says how they came.
    pub(super) fn own(&mut self, growth: &Growth, seconds: f64) {
        self.add(growth, seconds);
        self.made = (self.made.0 + growth.connections, self.made.1 + growth.handshakes);
    }

    pub(super) fn add(&mut self, growth: &Growth, seconds: f64) {
        self.requests += growth.requests / seconds;
        self.errors += growth.errors / seconds;
        self.forbidden += growth.forbidden / seconds;
        self.connections += growth.connections / seconds;
        self.times.add(&growth.times);
    }

    /// Istio's own metrics say of each request, or of each connection, how it came.
    pub(super) fn by_label(&mut self, security: &str, growth: &Growth) {
        let all = growth.requests + growth.connections;
        match security {
            "mutual_tls" => self.made = (self.made.0 + all, self.made.1 + all),
            "none" => self.made.0 += all,
            _ => {}
        }
    }

    pub(super) fn error_share(&self) -> f64 {
        if self.requests > 0.0 { (self.errors / self.requests).min(1.0) } else { 0.0 }
    }

    pub(super) fn secured(&self, in_mesh: bool) -> Secured {
        let how = |(all, tls): (f64, f64)| match (all > 0.0, tls / all) {
            (false, _) => Secured::Unknown,
            (_, share) if share <= 0.0 => Secured::Plaintext,
            (_, share) if share < 0.98 => Secured::Mixed,
            _ if in_mesh => Secured::Mtls,
            _ => Secured::Tls,
        };
        if self.made.0 > 0.0 {
            return how(self.made);
        }
        // Of connections that were made in one way and in the other, nobody tells which are still open.
        Some(how(self.ever)).filter(|how| *how != Secured::Mixed).unwrap_or(Secured::Unknown)
    }
}
