//! What proxies used over time, in a bounded room: when it is full, two neighbours become one, so that the span grows and the size does not.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// Samples of one workload: at 15 s each, three hours; at 30 s six; and so on.
const MOST: usize = 720;
/// Workloads that are kept; those beyond have no history.
const WORKLOADS: usize = 5000;
/// Nobody measured between two measurements that are further apart, in milliseconds: on disk a moment is a minute.
const GAP: f64 = 180_000.0;

/// Namespace and workload; of a sum a namespace alone, or the name of a mesh alone.
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
    /// So many proxies were not measured then: what they used is not in it.
    pub unknown: u32,
}

/// What each proxy of a workload used at one time, CPU and memory; `None` where it was not measured.
pub(crate) type Used = HashMap<Names, Vec<Option<(f64, f64)>>>;

/// By namespace, how many proxies were not measured at one time.
pub(crate) type Gaps = Vec<(String, u32)>;

impl Sample {
    /// Of what each proxy of a workload used.
    fn of(at: f64, uses: &[Option<(f64, f64)>]) -> Self {
        let one = |(cpu, memory): &(f64, f64)| {
            let (cpu, memory) = (*cpu as f32, *memory as f32);
            Self { at, cpu, cpu_peak: cpu, memory, memory_peak: memory, unknown: 0 }
        };
        let unknown = uses.iter().filter(|used| used.is_none()).count() as u32;
        let mut all = Self { at, unknown, ..Self::default() };
        uses.iter().flatten().for_each(|used| all.add(&one(used)));
        all
    }

    /// Others at the same time, together with these.
    pub(crate) fn add(&mut self, other: &Self) {
        self.cpu += other.cpu;
        self.cpu_peak = self.cpu_peak.max(other.cpu_peak);
        self.memory += other.memory;
        self.memory_peak = self.memory_peak.max(other.memory_peak);
        self.unknown += other.unknown;
    }

    /// Two neighbours as one: the mean of what they used together, the most of their peaks.
    fn with(self, other: Self) -> Self {
        Self {
            at: other.at,
            cpu: (self.cpu + other.cpu) / 2.0,
            cpu_peak: self.cpu_peak.max(other.cpu_peak),
            memory: (self.memory + other.memory) / 2.0,
            memory_peak: self.memory_peak.max(other.memory_peak),
            unknown: self.unknown.max(other.unknown),
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

/// What each workload uses at one time, as a sample of it, those of which nothing was measured left out; and of how many nothing was.
pub(crate) fn samples(at: f64, uses: &Used) -> (Vec<(Names, Sample)>, Gaps) {
    let measured = uses.iter().filter(|(_, uses)| uses.iter().any(Option::is_some));
    let mut all: Vec<_> = measured.map(|(names, uses)| (names.clone(), Sample::of(at, uses))).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let mut gaps: BTreeMap<&String, u32> = BTreeMap::new();
    // A mesh's sum has its own in it.
    for ((namespace, _), uses) in uses.iter().filter(|((namespace, _), _)| !namespace.is_empty()) {
        *gaps.entry(namespace).or_default() += uses.iter().filter(|used| used.is_none()).count() as u32;
    }
    let gaps = gaps.into_iter().filter(|(_, unknown)| *unknown > 0).map(|(of, unknown)| (of.clone(), unknown));
    (all, gaps.collect())
}

/// The sums of a moment: of each namespace, which has no workload's name.
pub(crate) fn sums(samples: &[(Names, Sample)], gaps: &[(String, u32)]) -> Vec<(Names, Sample)> {
    let mut sums: BTreeMap<&str, Sample> = BTreeMap::new();
    // What has no namespace is the sum of a mesh.
    for ((namespace, _), sample) in samples.iter().filter(|((namespace, _), _)| !namespace.is_empty()) {
        let sum = sums.entry(namespace).or_insert(Sample { at: sample.at, ..Sample::default() });
        sum.add(&Sample { unknown: 0, ..*sample });
    }
    for (namespace, unknown) in gaps {
        sums.entry(namespace).and_modify(|sum| sum.unknown += unknown);
    }
    sums.into_iter().map(|(of, sum)| ((of.to_owned(), String::new()), sum)).collect()
}

/// Of all workloads, with the sums of their namespaces and of their meshes.
#[derive(Clone, Debug, Default)]
pub struct History {
    lines: HashMap<Names, Line>,
}

impl History {
    /// Adds what was measured at one time. Workloads that are gone lose their history; those that were not measured keep it.
    pub(crate) fn take(&mut self, at: f64, uses: &Used) {
        let namespaces: HashSet<&str> = uses.keys().map(|(namespace, _)| namespace.as_str()).collect();
        let is_sum = |(of, name): &Names| name.is_empty() && namespaces.contains(of.as_str());
        self.lines.retain(|names, _| uses.contains_key(names) || is_sum(names));
        let (samples, gaps) = samples(at, uses);
        let sums = sums(&samples, &gaps);
        sums.into_iter().chain(samples).for_each(|(names, sample)| self.take_one(names, sample));
    }

    /// Adds one sample of one workload, or of a sum.
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

    /// Of one workload; of a namespace where no workload is named, of the mesh of this name where no namespace is.
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
            let uses = HashMap::from([(names("a"), vec![Some((10.0, 5.0)), Some((f64::from(n % 7), 1.0))])]);
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
        history.take(1.0, &HashMap::from([(names("a"), vec![Some((1.0, 1.0))])]));
        history.take(2.0, &HashMap::from([(names("b"), vec![Some((1.0, 1.0))])]));
        assert!(history.of("shop", "a").is_none() && history.of("shop", "b").is_some());
    }

    #[test]
    fn what_was_measured_earlier_counts_and_the_time_between_does_not() {
        let of = |from: f64, count: u32, step: f64| {
            let mut history = History::default();
            for n in 0..count {
                let uses = HashMap::from([(names("a"), vec![Some((10.0, 5.0))])]);
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
        history.take(1.0, &HashMap::from([(names("a"), vec![Some((1.0, 1.0))])]));
        history.take(2.0, &HashMap::from([(names("a"), Vec::new())]));
        assert_eq!(history.of("shop", "a").unwrap().samples().len(), 1);
    }

    #[test]
    fn sums_say_of_how_many_nothing_is_known() {
        let other = ("prod".to_owned(), "c".to_owned());
        let mut history = History::default();
        let used = |b: Option<(f64, f64)>, c: Option<(f64, f64)>| {
            HashMap::from([
                (names("a"), vec![Some((10.0, 5.0)), None]),
                (names("b"), vec![b]),
                (other.clone(), vec![c]),
            ])
        };
        history.take(1.0, &used(Some((4.0, 7.0)), Some((1.0, 1.0))));
        history.take(2.0, &used(None, None));
        let of = |namespace: &str| {
            let line = history.of(namespace, "").unwrap().samples();
            line.map(|sample| (sample.at, sample.cpu, sample.memory_peak, sample.unknown)).collect::<Vec<_>>()
        };
        assert_eq!(of("shop"), [(1.0, 14.0, 7.0, 1), (2.0, 10.0, 5.0, 2)]);
        assert_eq!(of("prod"), [(1.0, 1.0, 1.0, 0)], "where nothing was measured is no sum");
        history.take(3.0, &HashMap::from([(names("a"), vec![Some((1.0, 1.0))])]));
        assert!(history.of("prod", "").is_none() && history.of("shop", "").is_some(), "what is gone is forgotten");
    }

    #[test]
    fn a_mesh_is_summed_for_itself_and_in_no_namespace() {
        let mesh = |name: &str| (String::new(), name.to_owned());
        let uses = HashMap::from([
            (names("a"), vec![Some((10.0, 5.0)), None]),
            (names("b"), vec![Some((4.0, 7.0))]),
            (mesh("Istio"), vec![Some((10.0, 5.0)), None]),
            (mesh("Linkerd"), vec![Some((4.0, 7.0))]),
        ]);
        let mut history = History::default();
        history.take(1.0, &uses);
        let of = |namespace: &str, name: &str| {
            let last = history.of(namespace, name).and_then(|line| line.samples().next_back().copied())?;
            Some((last.cpu, last.cpu_peak, last.memory, last.unknown))
        };
        assert_eq!(of("", "Istio"), Some((10.0, 10.0, 5.0, 1)));
        assert_eq!(of("", "Linkerd"), Some((4.0, 4.0, 7.0, 0)));
        assert_eq!((of("shop", ""), of("", "")), (Some((14.0, 10.0, 12.0, 1)), None));
    }
}
