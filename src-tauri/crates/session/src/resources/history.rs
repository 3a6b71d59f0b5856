//! What proxies used over time, in a bounded room: when it is full, two neighbours become one, so that the span grows and the size does not.

use std::collections::{HashMap, VecDeque};

/// Samples of one workload: at 15 s each, three hours; at 30 s six; and so on.
const MOST: usize = 720;
/// Workloads that are kept; those beyond have no history.
const WORKLOADS: usize = 5000;
/// Nobody measured between two measurements that are further apart, in milliseconds: on disk a moment is a minute.
const GAP: f64 = 180_000.0;

/// Namespace and workload.
pub(crate) type Names = (String, String);

/// What the proxies of one workload used at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Milliseconds since 1970.
    pub at: f64,
    /// Thousandths of a core, all of its proxies together.
    pub cpu: f32,
    /// The most of one.
    pub cpu_peak: f32,
    /// Bytes, all of its proxies together.
    pub memory: f32,
    /// The most of one.
    pub memory_peak: f32,
}

impl Sample {
    /// Of what each proxy of a workload used: CPU and memory.
    pub(crate) fn of(at: f64, uses: &[(f64, f64)]) -> Self {
        let sum = |of: fn(&(f64, f64)) -> f64| uses.iter().map(of).sum::<f64>() as f32;
        let most = |of: fn(&(f64, f64)) -> f64| uses.iter().map(of).fold(0.0, f64::max) as f32;
        Self { at, cpu: sum(|u| u.0), cpu_peak: most(|u| u.0), memory: sum(|u| u.1), memory_peak: most(|u| u.1) }
    }

    /// Two neighbours as one: the mean of what they used together, the most of their peaks.
    fn with(self, other: Self) -> Self {
        Self {
            at: other.at,
            cpu: (self.cpu + other.cpu) / 2.0,
            cpu_peak: self.cpu_peak.max(other.cpu_peak),
            memory: (self.memory + other.memory) / 2.0,
            memory_peak: self.memory_peak.max(other.memory_peak),
        }
    }
}

/// What was used over time, from wherever it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// The oldest first.
    pub samples: Vec<Sample>,
    /// So many of them, the oldest, are a Prometheus'; the rest were sampled here.
    pub from_prometheus: usize,
    /// Why there are none of a Prometheus.
    pub unknown: Option<mesh::Unknown>,
}

/// Of one workload.
#[derive(Clone, Debug, Default)]
pub struct Line {
    samples: VecDeque<Sample>,
    /// So many measurements make one sample.
    step: usize,
    /// Measurements that wait to make one.
    waiting: Vec<Sample>,
    /// When the last measurement was taken, milliseconds since 1970.
    last: Option<f64>,
    /// Milliseconds that were measured.
    seen: f64,
}

impl Line {
    /// The samples, the oldest first.
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = &Sample> + ExactSizeIterator {
        self.samples.iter()
    }

    /// For so many seconds it was measured: times at which nobody did, as while the program did not run, do not count.
    pub fn seen(&self) -> f64 {
        self.seen / 1000.0
    }

    pub(crate) fn take(&mut self, sample: Sample) {
        let since = self.last.map_or(0.0, |last| (sample.at - last).max(0.0));
        self.seen += if since <= GAP { since } else { 0.0 };
        self.last = Some(sample.at);
        self.step = self.step.max(1);
        self.waiting.push(sample);
        if self.waiting.len() < self.step {
            return;
        }
        if let Some(one) = std::mem::take(&mut self.waiting).into_iter().reduce(Sample::with) {
            self.samples.push_back(one);
        }
        if self.samples.len() >= MOST {
            let all: Vec<Sample> = self.samples.drain(..).collect();
            self.samples = all.chunks(2).filter_map(|pair| pair.iter().copied().reduce(Sample::with)).collect();
            self.step *= 2;
        }
    }
}

/// Of all workloads.
#[derive(Clone, Debug, Default)]
pub struct History {
    lines: HashMap<Names, Line>,
}

impl History {
    /// Adds what was measured at one time. Workloads that are gone lose their history; those that were not measured keep it.
    pub(crate) fn take(&mut self, at: f64, uses: &HashMap<Names, Vec<(f64, f64)>>) {
        self.lines.retain(|names, _| uses.contains_key(names));
        for (names, uses) in uses.iter().filter(|(_, uses)| !uses.is_empty()) {
            if self.lines.len() >= WORKLOADS && !self.lines.contains_key(names) {
                continue;
            }
            self.lines.entry(names.clone()).or_default().take(Sample::of(at, uses));
        }
    }

    /// Adds one sample of one workload.
    pub(crate) fn take_one(&mut self, names: Names, sample: Sample) {
        if self.lines.len() < WORKLOADS || self.lines.contains_key(&names) {
            self.lines.entry(names).or_default().take(sample);
        }
    }

    /// Puts what was measured earlier before what it has.
    pub(crate) fn begin_with(&mut self, earlier: Self) {
        for (names, mut line) in earlier.lines {
            let own = self.lines.remove(&names).unwrap_or_default();
            let last = line.last.unwrap_or(f64::NEG_INFINITY);
            // What others keep on disk while it is measured here is the same.
            let later = own.samples.into_iter().chain(own.waiting).filter(|sample| sample.at > last);
            later.for_each(|sample| line.take(sample));
            self.lines.insert(names, line);
        }
    }

    /// Of one workload.
    pub fn of(&self, namespace: &str, workload: &str) -> Option<&Line> {
        self.lines.get(&(namespace.to_owned(), workload.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str) -> Names {
        ("shop".to_owned(), name.to_owned())
    }

    #[test]
    fn the_room_stays_bounded_and_the_span_grows() {
        let mut history = History::default();
        for n in 0..5000 {
            let uses = HashMap::from([(names("a"), vec![(10.0, 5.0), (f64::from(n % 7), 1.0)])]);
            history.take(f64::from(n) * 15_000.0, &uses);
        }
        let line = history.of("shop", "a").unwrap();
        assert!(line.samples().len() < MOST && line.samples().len() > MOST / 4, "{}", line.samples().len());
        assert!(line.seen() > 4900.0 * 15.0 * 0.9, "{}", line.seen());
        let last = line.samples().next_back().unwrap();
        assert_eq!((last.cpu_peak, last.memory), (10.0, 6.0));
        assert!(line.samples().zip(line.samples().skip(1)).all(|(a, b)| a.at < b.at));
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let mut history = History::default();
        history.take(1.0, &HashMap::from([(names("a"), vec![(1.0, 1.0)])]));
        history.take(2.0, &HashMap::from([(names("b"), vec![(1.0, 1.0)])]));
        assert!(history.of("shop", "a").is_none() && history.of("shop", "b").is_some());
    }

    #[test]
    fn what_was_measured_earlier_counts_and_the_time_between_does_not() {
        let of = |from: f64, count: u32, step: f64| {
            let mut history = History::default();
            for n in 0..count {
                let uses = HashMap::from([(names("a"), vec![(10.0, 5.0)])]);
                history.take(from + f64::from(n) * step, &uses);
            }
            history
        };
        let (earlier, mut now) = (of(0.0, 11, 60_000.0), of(80_000_000.0, 5, 15_000.0));
        now.begin_with(earlier.clone());
        let line = now.of("shop", "a").unwrap();
        assert_eq!((line.samples().len(), line.seen()), (16, 660.0));
        assert!(line.samples().zip(line.samples().skip(1)).all(|(a, b)| a.at < b.at));
        let mut same = of(30_000.0, 5, 15_000.0);
        same.begin_with(earlier);
        assert_eq!(same.of("shop", "a").unwrap().seen(), 600.0, "nothing counts twice");
    }

    #[test]
    fn what_is_not_measured_for_once_keeps_its_past() {
        let mut history = History::default();
        history.take(1.0, &HashMap::from([(names("a"), vec![(1.0, 1.0)])]));
        history.take(2.0, &HashMap::from([(names("a"), Vec::new())]));
        assert_eq!(history.of("shop", "a").unwrap().samples().len(), 1);
    }
}
