//! Traffic over the last minutes, from the counters of every proxy. Counters only grow; what is kept is how much they grew.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::envoy::{Cluster, Counters, DryRun, Judged, Sample, Standard};
use crate::histogram::{Parts, Spread};
use crate::{Proxy, Round};

/// How many seconds are kept.
const KEPT: f64 = 15.0 * 60.0;

/// A workload by namespace and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// Namespace.
    pub namespace: String,
    /// Name of the Deployment or other owner.
    pub name: String,
}

/// How requests travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Secured {
    /// Under mutual TLS of the mesh.
    Mtls,
    /// Under TLS to a place outside the mesh.
    Tls,
    /// In the clear.
    Plaintext,
    /// Some so, some so.
    Mixed,
    /// Nobody counted it.
    Unknown,
}

/// What kind of traffic was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Requests of HTTP.
    Http,
    /// Requests of gRPC.
    Grpc,
    /// Connections alone.
    Tcp,
}

/// Where a number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Envoy's own counters at the caller.
    EnvoyCluster,
    /// Istio's own metrics at the caller.
    IstioCaller,
    /// Istio's own metrics at the callee: the caller has no proxy.
    IstioCallee,
}

/// Requests from one workload to one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// Who calls; `None` for callers without a proxy, whom nobody knows.
    pub from: Option<Workload>,
    /// Namespace and name of the Service; `None` for places that are none.
    pub to_service: Option<(String, String)>,
    /// The host as the caller's proxy knows it.
    pub host: String,
    /// The subset, where a route chose one.
    pub subset: Option<String>,
    /// The workload that answered, where the source says so.
    pub to_workload: Option<Workload>,
    /// The service's port; 0 where the source does not say.
    pub port: u16,
    /// What kind of traffic.
    pub protocol: Protocol,
    /// Requests a second; connections a second for TCP.
    pub requests_per_second: f64,
    /// Share of 5xx and of requests without an answer.
    pub error_share: f64,
    /// 403s a second while some proxy counts refusals by authorization: without such a proxy a 403 is the application's.
    pub denied_per_second: f64,
    /// Half of the requests were answered within so many milliseconds.
    pub p50: Option<f64>,
    /// 99 of 100 were.
    pub p99: Option<f64>,
    /// How it travels.
    pub secured: Secured,
    /// Who counted.
    pub source: Source,
}

/// Requests that a workload's own proxies have received.
#[derive(Clone, Debug, PartialEq)]
pub struct Inbound {
    /// The workload.
    pub workload: Workload,
    /// The container's port.
    pub port: u16,
    /// Requests a second.
    pub requests_per_second: f64,
    /// Share of 5xx and of requests without an answer.
    pub error_share: f64,
    /// Refused by authorization, a second, on all ports together.
    pub denied_per_second: f64,
    /// Half of the requests were answered within so many milliseconds.
    pub p50: Option<f64>,
    /// 99 of 100 were.
    pub p99: Option<f64>,
    /// Share of connections under TLS, on all ports together; `None` where none came.
    pub tls_share: Option<f64>,
}

/// Whose rates over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// A Service, by its callers: one line a subset.
    Service(String, String),
    /// A workload, by its own proxies.
    Workload(Workload),
    /// From a workload to a Service: one line a subset.
    Edge(Workload, (String, String)),
}

/// Rates over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Seconds since 1970, ascending; shared by all lines.
    pub at: Vec<f64>,
    /// The lines.
    pub lines: Vec<SeriesLine>,
}

/// One line of a series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeriesLine {
    /// The subset, or empty.
    pub name: String,
    /// Requests a second; `None` where nobody measured.
    pub requests: Vec<Option<f64>>,
    /// Errors a second.
    pub errors: Vec<Option<f64>>,
}

/// The store.
#[derive(Default)]
pub struct Traffic {
    tracks: BTreeMap<(String, String), Track>,
}

/// One proxy over time.
struct Track {
    workload: Workload,
    last: (f64, Sample),
    steps: VecDeque<Step>,
}

/// How much the counters of a proxy grew from one look to the next.
struct Step {
    at: f64,
    seconds: f64,
    denied: f64,
    dry_runs: Vec<(DryRun, Judged)>,
    accepted: (f64, f64),
    clusters: Vec<(Cluster, Growth)>,
    standard: Vec<(Standard, Growth)>,
}

impl Step {
    /// The proxy has counted connections of its own to a host.
    fn connects_to(&self, host: &str) -> bool {
        let is_it = |cluster: &Cluster| cluster.outbound && cluster.host == host;
        self.clusters.iter().any(|(cluster, growth)| is_it(cluster) && growth.connections > 0.0)
    }
}

#[derive(Clone, Default)]
struct Growth {
    requests: f64,
    errors: f64,
    forbidden: f64,
    connections: f64,
    handshakes: f64,
    times: Parts,
}

impl Growth {
    /// A counter that has fallen began again at zero: all of it came since.
    fn between(before: Option<&Counters>, after: &Counters) -> Option<Self> {
        let before = before.filter(|b| b.requests <= after.requests && b.connections <= after.connections);
        let grown = |of: fn(&Counters) -> f64| (of(after) - before.map_or(0.0, of)).max(0.0);
        let growth = Self {
            requests: grown(|c| c.requests),
            errors: grown(|c| c.errors),
            forbidden: grown(|c| c.forbidden),
            connections: grown(|c| c.connections),
            handshakes: grown(|c| c.handshakes),
            times: after.times.since(before.map(|b| &b.times)),
        };
        (growth.requests > 0.0 || growth.connections > 0.0).then_some(growth)
    }
}

fn growths<K: Clone + Eq + std::hash::Hash>(
    before: &HashMap<K, Counters>,
    after: &HashMap<K, Counters>,
) -> Vec<(K, Growth)> {
    after.iter().filter_map(|(key, now)| Some((key.clone(), Growth::between(before.get(key), now)?))).collect()
}

impl Traffic {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in everything that a round of the poller brought, and forgets proxies that are gone.
    pub fn take(&mut self, round: Round, proxies: &[Proxy]) {
        for (proxy, at, sample) in round.samples {
            self.record(&proxy, at, sample);
        }
        let here: std::collections::HashSet<_> = proxies.iter().map(Proxy::key).collect();
        self.tracks.retain(|key, _| here.contains(key));
    }

    /// When a proxy was read last, and how many of its listeners and chains of filters still drained then, where it says.
    pub fn draining(&self, namespace: &str, pod: &str) -> Option<(f64, Option<f64>)> {
        let track = self.tracks.get(&(namespace.to_owned(), pod.to_owned()))?;
        Some((track.last.0, track.last.1.draining))
    }

    /// Takes in the counters of a proxy at a time (seconds since 1970, from a clock that only goes forward).
    pub fn record(&mut self, proxy: &Proxy, at: f64, sample: Sample) {
        let Some(track) = self.tracks.get_mut(&proxy.key()) else {
            let track = Track { workload: proxy.workload.clone(), last: (at, sample), steps: VecDeque::new() };
            self.tracks.insert(proxy.key(), track);
            return;
        };
        let (before_at, before) = &track.last;
        let seconds = at - before_at;
        if seconds <= 0.0 {
            return;
        }
        let grown = |before: f64, after: f64| if after >= before { after - before } else { after };
        let dry_runs = sample.dry_runs.iter().map(|(of, now)| {
            let then = before.dry_runs.get(of).copied().unwrap_or_default();
            (*of, Judged { passed: grown(then.passed, now.passed), refused: grown(then.refused, now.refused) })
        });
        let dry_runs = dry_runs.filter(|(_, grown)| grown.passed + grown.refused > 0.0).collect();
        track.steps.push_back(Step {
            at,
            seconds,
            denied: grown(before.denied, sample.denied),
            dry_runs,
            accepted: (grown(before.accepted.0, sample.accepted.0), grown(before.accepted.1, sample.accepted.1)),
            clusters: growths(&before.clusters, &sample.clusters),
            standard: growths(&before.standard, &sample.standard),
        });
        track.last = (at, sample);
        while track.steps.front().is_some_and(|step| step.at < at - KEPT) {
            track.steps.pop_front();
        }
    }

    /// How many proxies have been seen to count within this window.
    pub fn counting(&self, window: f64, now: f64) -> usize {
        self.tracks.values().filter(|track| track.within(window, now).is_some()).count()
    }

    /// Who calls what within the last `window` seconds, sorted by caller and host.
    pub fn edges(&self, window: f64, now: f64) -> Vec<Edge> {
        let within = |track| Track::within(track, window, now).map(|(steps, seconds)| (track, steps, seconds));
        edges(self.tracks.values().filter_map(within))
    }

    /// What the workloads' own proxies have received within the last `window` seconds.
    pub fn inbound(&self, window: f64, now: f64) -> Vec<Inbound> {
        let within = |track| Track::within(track, window, now).map(|(steps, seconds)| (track, steps, seconds));
        inbound(self.tracks.values().filter_map(within))
    }

    /// Rates over the last `window` seconds, in about ninety points.
    pub fn series(&self, of: &Of, window: f64, now: f64) -> Series {
        let longest_step = self.tracks.values().filter_map(|t| t.steps.back()).map(|s| s.seconds).fold(1.0, f64::max);
        let width = (window / 90.0).max(longest_step.min(window)).max(1.0);
        let count = (window / width).ceil() as usize;
        let from = now - width * count as f64;
        let mut lines: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        let mut measured = vec![false; count];
        for track in self.tracks.values().filter(|track| of.concerns(track)) {
            for (index, slot) in measured.iter_mut().enumerate() {
                let begin = from + width * index as f64;
                let overlaps = track.steps.iter().filter_map(|step| {
                    let overlap = (begin + width).min(step.at) - begin.max(step.at - step.seconds);
                    (overlap > 0.0).then_some((step, overlap))
                });
                let overlaps: Vec<_> = overlaps.collect();
                let covered: f64 = overlaps.iter().map(|(_, overlap)| overlap).sum();
                if covered <= 0.0 {
                    continue;
                }
                *slot = true;
                for (step, overlap) in overlaps {
                    for (name, growth) in of.lines(step) {
                        let line = lines.entry(name).or_insert_with(|| vec![(0.0, 0.0); count]);
                        let share = overlap / step.seconds / covered;
                        line[index].0 += growth.requests * share;
                        line[index].1 += growth.errors * share;
                    }
                }
            }
        }
        let line = |(name, values): (String, Vec<(f64, f64)>)| SeriesLine {
            name,
            requests: values.iter().zip(&measured).map(|(v, known)| known.then_some(v.0)).collect(),
            errors: values.iter().zip(&measured).map(|(v, known)| known.then_some(v.1)).collect(),
        };
        let at = (0..count).map(|index| from + width * (index as f64 + 1.0)).collect();
        Series { at, lines: lines.into_iter().map(line).collect() }
    }
}

/// Edges from what proxies counted, and over how many seconds.
fn edges<'a>(counted: impl Iterator<Item = (&'a Track, Vec<&'a Step>, f64)>) -> Vec<Edge> {
    let (mut sums, mut by_callees): (BTreeMap<Place, Sum>, BTreeMap<Place, Sum>) = Default::default();
    let mut told = Told::default();
    let mut refused = false;
    for (track, steps, seconds) in counted {
        refused |= steps.iter().any(|step| step.denied > 0.0);
        let istio = steps.iter().any(|step| step.standard.iter().any(|(series, _)| series.by_source));
        for step in &steps {
            for (cluster, growth) in step.clusters.iter().filter(|(cluster, _)| cluster.outbound) {
                let place = Place::cluster(&track.workload, cluster);
                if istio && growth.requests > 0.0 {
                    continue;
                }
                sums.entry(place).or_default().own(growth, seconds);
            }
            for (series, growth) in &step.standard {
                // The proxy's own counters of connections name the port, and Istio's do not.
                if series.by_source && growth.requests <= 0.0 && step.connects_to(&series.host) {
                    continue;
                }
                let place = Place::standard(series);
                // The callee knows how a request came; for the rest its report counts only where the caller's side has none.
                let sums = if !series.by_source && place.from.is_some() {
                    told.by_callee(&place, &series.security, growth);
                    &mut by_callees
                } else {
                    &mut sums
                };
                let sum = sums.entry(place).or_default();
                sum.add(growth, seconds);
                sum.by_label(&series.security, growth);
            }
        }
        track.ever(&mut sums, &mut told);
    }
    for (place, sum) in &mut sums {
        told.complete(place, sum);
    }
    carried::with_callees(&mut sums, by_callees);
    carried::without_carriers(&mut sums);
    sums.into_iter().filter_map(|(place, sum)| place.edge(&sum, refused)).collect()
}

/// What workloads received, from what their proxies counted, and over how many seconds.
fn inbound<'a>(counted: impl Iterator<Item = (&'a Track, Vec<&'a Step>, f64)>) -> Vec<Inbound> {
    #[derive(Default)]
    struct Whole {
        denied: f64,
        accepted: (f64, f64),
    }
    let mut ports: BTreeMap<(Workload, u16), Sum> = BTreeMap::new();
    let mut wholes: BTreeMap<Workload, Whole> = BTreeMap::new();
    for (track, steps, seconds) in counted {
        let whole = wholes.entry(track.workload.clone()).or_default();
        let ever = track.last.1.accepted;
        let mut came = (0.0, 0.0);
        for step in steps {
            whole.denied += step.denied / seconds;
            came = (came.0 + step.accepted.0, came.1 + step.accepted.1);
            for (cluster, growth) in step.clusters.iter().filter(|(cluster, _)| !cluster.outbound) {
                ports.entry((track.workload.clone(), cluster.port)).or_default().add(growth, seconds);
            }
        }
        let (all, tls) = if came.0 > 0.0 { came } else { ever };
        whole.accepted = (whole.accepted.0 + all, whole.accepted.1 + tls);
    }
    let inbound = |((workload, port), sum): ((Workload, u16), Sum)| {
        let whole = wholes.get(&workload)?;
        Some(Inbound {
            port,
            requests_per_second: sum.requests,
            error_share: sum.error_share(),
            denied_per_second: whole.denied,
            p50: sum.times.quantile(0.5),
            p99: sum.times.quantile(0.99),
            tls_share: (whole.accepted.0 > 0.0).then(|| (whole.accepted.1 / whole.accepted.0).min(1.0)),
            workload,
        })
    };
    ports.into_iter().filter_map(inbound).collect()
}

impl Of {
    fn concerns(&self, track: &Track) -> bool {
        match self {
            Self::Service(..) => true,
            Self::Workload(workload) | Self::Edge(workload, _) => track.workload == *workload,
        }
    }

    fn lines<'a>(&self, step: &'a Step) -> Vec<(String, &'a Growth)> {
        let to = |cluster: &Cluster| match self {
            Self::Workload(_) => !cluster.outbound,
            Self::Service(namespace, name) | Self::Edge(_, (namespace, name)) => {
                cluster.outbound && cluster.service() == Some((namespace.as_str(), name.as_str()))
            }
        };
        step.clusters.iter().filter(|(cluster, _)| to(cluster)).map(|(c, growth)| (c.subset.clone(), growth)).collect()
    }
}

impl Track {
    /// The steps of a window with the seconds that they cover; the newest step alone where the window is shorter than it.
    /// `None` where the proxy has not been read lately.
    fn within(&self, window: f64, now: f64) -> Option<(Vec<&Step>, f64)> {
        let newest = self.steps.back()?;
        if newest.at < now - window - 2.0 * newest.seconds {
            return None;
        }
        let mut steps: Vec<_> = self.steps.iter().filter(|step| step.at > now - window).collect();
        if steps.is_empty() {
            steps.push(newest);
        }
        let seconds = steps.iter().map(|step| step.seconds).sum();
        Some((steps, seconds))
    }

    /// Connections live long: where none was made in the window, those of before tell how it travels.
    fn ever(&self, sums: &mut BTreeMap<Place, Sum>, told: &mut Told) {
        for (cluster, counters) in self.last.1.clusters.iter().filter(|(cluster, _)| cluster.outbound) {
            told.by_caller(&self.workload, cluster, counters);
            if let Some(sum) = sums.get_mut(&Place::cluster(&self.workload, cluster)) {
                let made = counters.connections - counters.failed_connections;
                sum.ever = (sum.ever.0 + made, sum.ever.1 + counters.handshakes);
                sum.has_requests |= counters.requests > 0.0;
            }
        }
    }
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    from: Option<Workload>,
    cluster: Cluster,
    to_workload: Option<Workload>,
    protocol: Protocol,
    source: Source,
}

impl Place {
    fn cluster(from: &Workload, cluster: &Cluster) -> Self {
        Self {
            from: Some(from.clone()),
            cluster: cluster.clone(),
            to_workload: None,
            protocol: Protocol::Http,
            source: Source::EnvoyCluster,
        }
    }

    fn standard(series: &Standard) -> Self {
        let workload = |(namespace, name): &(String, String)| {
            let known = !name.is_empty() && name != "unknown";
            known.then(|| Workload { namespace: namespace.clone(), name: name.clone() })
        };
        let from = workload(&series.from);
        let named = from.is_some();
        Self {
            from,
            cluster: Cluster { outbound: true, port: 0, subset: String::new(), host: series.host.clone() },
            to_workload: workload(&series.to),
            protocol: if series.protocol == "grpc" { Protocol::Grpc } else { Protocol::Http },
            source: if series.by_source || named { Source::IstioCaller } else { Source::IstioCallee },
        }
    }

    fn edge(self, sum: &Sum, refused: bool) -> Option<Edge> {
        let service = self.cluster.service().map(|(namespace, name)| (namespace.to_owned(), name.to_owned()));
        let tcp = !sum.has_requests && sum.requests <= 0.0;
        let rate = if tcp { sum.connections } else { sum.requests };
        if rate <= 0.0 {
            return None;
        }
        Some(Edge {
            secured: sum.secured(service.is_some()),
            from: self.from,
            to_service: service,
            subset: Some(self.cluster.subset).filter(|subset| !subset.is_empty()),
            host: self.cluster.host,
            to_workload: self.to_workload,
            port: self.cluster.port,
            protocol: if tcp { Protocol::Tcp } else { self.protocol },
            requests_per_second: rate,
            error_share: sum.error_share(),
            denied_per_second: if refused { sum.forbidden } else { 0.0 },
            p50: sum.times.quantile(0.5),
            p99: sum.times.quantile(0.99),
            source: self.source,
        })
    }
}

#[path = "sums.rs"]
mod sums;
use sums::{Sum, Told};

#[path = "carried.rs"]
mod carried;
#[path = "ever.rs"]
mod ever;
pub(crate) use ever::edges_of;
pub use ever::{Between, DryRuns};

#[cfg(test)]
#[path = "traffic_tests.rs"]
mod tests;
