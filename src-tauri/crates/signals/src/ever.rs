//! What the counters tell of all the time since each proxy began, however long ago: who has ever called what.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::{DryRun, Edge, Inbound, Judged, Sample, Step, Track, Traffic, Workload, edges, growths, inbound};

/// What was counted from one time to another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Between {
    /// Who called what.
    pub edges: Vec<Edge>,
    /// What was received.
    pub inbound: Vec<Inbound>,
    /// The workloads whose proxies were counting.
    pub counting: BTreeSet<Workload>,
}

/// What the proxies of a workload counted of policies in dry-run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DryRuns {
    /// Proxies that count such things, and those that do not.
    pub proxies: (usize, usize),
    /// By action and kind of traffic.
    pub judged: BTreeMap<DryRun, Judged>,
}

impl Traffic {
    /// What the proxies of each workload counted of policies in dry-run from a time on: only what was counted wholly since. Also the time
    /// from which on that is known, where any was.
    pub fn dry_runs(&self, from: f64) -> (Option<f64>, BTreeMap<Workload, DryRuns>) {
        let (mut begun, mut all): (Option<f64>, BTreeMap<Workload, DryRuns>) = (None, BTreeMap::new());
        for track in self.tracks.values() {
            let of = all.entry(track.workload.clone()).or_default();
            let counts = !track.last.1.dry_runs.is_empty();
            of.proxies = (of.proxies.0 + usize::from(counts), of.proxies.1 + usize::from(!counts));
            for step in track.steps.iter().filter(|step| counts && step.at - step.seconds >= from) {
                let start = step.at - step.seconds;
                begun = Some(begun.map_or(start, |known| known.min(start)));
                for (dry_run, grown) in &step.dry_runs {
                    let judged = of.judged.entry(*dry_run).or_default();
                    judged.passed += grown.passed;
                    judged.refused += grown.refused;
                }
            }
        }
        (begun, all)
    }

    /// Who has called what since the proxies that are here began to count. In these edges the rates are counts.
    pub fn ever(&self) -> Vec<Edge> {
        let whole: Vec<(&Track, Step)> = self.tracks.values().map(|track| (track, track.whole())).collect();
        edges(whole.iter().map(|(track, step)| (*track, vec![step], 1.0)))
    }

    /// Who called what, and what was received, from one time to another: only what was counted wholly in between. A workload that is not
    /// among those that counted may have called all the same.
    pub fn between(&self, from: f64, to: f64) -> Between {
        let within = |track| Track::between(track, from, to).map(|(steps, seconds)| (track, steps, seconds));
        let counted: Vec<_> = self.tracks.values().filter_map(within).collect();
        Between {
            counting: counted.iter().map(|(track, ..)| track.workload.clone()).collect(),
            edges: edges(counted.iter().cloned()),
            inbound: inbound(counted.into_iter()),
        }
    }

    /// Of all connections that the proxies of each workload have taken, the share that came in the clear.
    pub fn clear_ever(&self) -> BTreeMap<Workload, f64> {
        let mut sums: BTreeMap<Workload, (f64, f64)> = BTreeMap::new();
        for track in self.tracks.values() {
            let (all, tls) = track.last.1.accepted;
            let sum = sums.entry(track.workload.clone()).or_default();
            *sum = (sum.0 + all, sum.1 + tls);
        }
        let counted = sums.into_iter().filter(|(_, (all, _))| *all > 0.0);
        counted.map(|(workload, (all, tls))| (workload, ((all - tls) / all).clamp(0.0, 1.0))).collect()
    }

    /// The ports at which each workload has ever called each host, as its own proxy counted, and whether it counted requests there:
    /// Istio's metrics do not say ports.
    pub fn ports_called(&self) -> BTreeMap<(Workload, String), BTreeMap<u16, bool>> {
        let mut ports: BTreeMap<(Workload, String), BTreeMap<u16, bool>> = BTreeMap::new();
        for track in self.tracks.values() {
            let called = track.last.1.clusters.iter().filter(|(cluster, _)| cluster.outbound && cluster.port != 0);
            for (cluster, counters) in called.filter(|(_, c)| c.requests > 0.0 || c.connections > 0.0) {
                let of = ports.entry((track.workload.clone(), cluster.host.clone())).or_default();
                *of.entry(cluster.port).or_default() |= counters.requests > 0.0;
            }
        }
        ports
    }

    /// For how many seconds up to `now` what was counted is still known step by step.
    pub fn watched(&self, now: f64) -> f64 {
        let begun = self.tracks.values().filter_map(|track| track.steps.front()).map(|step| step.at - step.seconds);
        begun.reduce(f64::min).map_or(0.0, |begun| now - begun)
    }
}

impl Track {
    fn between(&self, from: f64, to: f64) -> Option<(Vec<&Step>, f64)> {
        let steps: Vec<&Step> =
            self.steps.iter().filter(|step| step.at <= to && step.at - step.seconds >= from).collect();
        let seconds: f64 = steps.iter().map(|step| step.seconds).sum();
        (seconds > 0.0).then_some((steps, seconds))
    }

    /// All that it has ever counted, as one step.
    fn whole(&self) -> Step {
        let (at, sample) = &self.last;
        Step {
            at: *at,
            seconds: 1.0,
            denied: sample.denied,
            dry_runs: Vec::new(),
            accepted: sample.accepted,
            clusters: growths(&HashMap::new(), &sample.clusters),
            standard: growths(&HashMap::new(), &sample.standard),
        }
    }
}

/// Edges from how much Istio's own metrics grew within so many seconds, whoever added them up.
pub(crate) fn edges_of(grown: Sample, seconds: f64) -> Vec<Edge> {
    let nobody = Workload { namespace: String::new(), name: String::new() };
    let track = Track { workload: nobody, last: (0.0, Sample::default()), steps: VecDeque::new() };
    let step = Step {
        at: 0.0,
        seconds,
        denied: 0.0,
        dry_runs: Vec::new(),
        accepted: (0.0, 0.0),
        clusters: Vec::new(),
        standard: growths(&HashMap::new(), &grown.standard),
    };
    edges(std::iter::once((&track, vec![&step], seconds)))
}
