//! What a proxy should ask for and may use, from what it was seen to use. Never applied by itself: a patch that the user may put into the tray.

use super::history::Line;
use crate::prometheus::Usage;

/// Shorter than this nothing is said.
const ENOUGH: f64 = 300.0;
/// A Prometheus is asked in larger steps.
const ENOUGH_KEPT: f64 = 3600.0;
/// Fewer samples tell no percentile.
const SAMPLES: usize = 12;
/// A difference below this share is not worth a restart.
const WORTH: f64 = 0.2;
/// Where to begin: what a small proxy needs at rest.
const LEAST: Sizes =
    Sizes { cpu_request: 10.0, cpu_limit: 100.0, memory_request: 40.0 * MIB, memory_limit: 128.0 * MIB };
const MIB: f64 = 1_048_576.0;

/// Requests and limits of one container.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sizes {
    /// Thousandths of a core.
    pub cpu_request: f64,
    /// Thousandths of a core.
    pub cpu_limit: f64,
    /// Bytes.
    pub memory_request: f64,
    /// Bytes.
    pub memory_limit: f64,
}

/// Where what was seen comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It was sampled here.
    Sampled,
    /// A Prometheus has it.
    Prometheus,
}

/// What is advised for the proxies of a workload.
#[derive(Clone, Debug, PartialEq)]
pub enum Advice {
    /// It was not seen long enough.
    TooEarly {
        /// Seconds until it was.
        left: f64,
    },
    /// What it has fits.
    Fits,
    /// Something else would fit better.
    Change {
        /// To this.
        to: Sizes,
        /// Who saw it.
        source: Source,
        /// Seconds that it was seen.
        seen: f64,
        /// Thousandths of a core at the 95th percentile of the busiest proxy.
        cpu_p95: f64,
        /// Bytes at the most of the largest proxy.
        memory_most: f64,
    },
}

/// Advice from what was seen, by whoever saw longer, and from what is set; `None` in `now` is not set.
pub(crate) fn advise(line: Option<&Line>, kept: Option<Usage>, now: [Option<f64>; 4]) -> Advice {
    let span = line.map_or(0.0, Line::seen);
    let sampled = line.filter(|line| span >= ENOUGH && line.samples().len() >= SAMPLES);
    let (source, Usage { seen, cpu_p95, memory_most }) = match (kept, sampled) {
        (Some(kept), _) if kept.seen >= ENOUGH_KEPT && kept.seen > span => (Source::Prometheus, kept),
        (_, Some(line)) => (Source::Sampled, of_line(line)),
        _ => return Advice::TooEarly { left: (ENOUGH - span).max(0.0) },
    };
    let to = fitting(cpu_p95, memory_most);
    let wanted = [to.cpu_request, to.cpu_limit, to.memory_request, to.memory_limit];
    // What is not set asks for nothing and is not held back: a limit is never invented where there was none.
    let differs =
        now.iter().zip(wanted).any(|(now, to)| now.is_some_and(|now| (now - to).abs() > now.max(1.0) * WORTH));
    let unset = now[0].is_none() || now[2].is_none();
    if differs || unset { Advice::Change { to, source, seen, cpu_p95, memory_most } } else { Advice::Fits }
}

fn of_line(line: &Line) -> Usage {
    Usage {
        seen: line.seen(),
        cpu_p95: percentile(line.samples().map(|sample| sample.cpu_peak), 0.95),
        memory_most: percentile(line.samples().map(|sample| sample.memory_peak), 1.0),
    }
}

/// A fifth above the usual for requests; twice that for limits; nothing below where one begins.
fn fitting(cpu_p95: f64, memory_most: f64) -> Sizes {
    let cpu_request = up(cpu_p95 * 1.2, 5.0).max(LEAST.cpu_request);
    let memory_request = up(memory_most * 1.2, 8.0 * MIB).max(LEAST.memory_request);
    Sizes {
        cpu_request,
        cpu_limit: up(cpu_request * 4.0, 50.0).max(LEAST.cpu_limit),
        memory_request,
        memory_limit: up(memory_request * 2.0, 32.0 * MIB).max(LEAST.memory_limit),
    }
}

fn up(value: f64, step: f64) -> f64 {
    (value / step).ceil() * step
}

fn percentile(values: impl Iterator<Item = f32>, share: f64) -> f64 {
    let mut all: Vec<f32> = values.collect();
    all.sort_by(f32::total_cmp);
    let at = (all.len().saturating_sub(1)) as f64 * share;
    all.get(at.round() as usize).copied().map_or(0.0, f64::from)
}

impl Sizes {
    /// As they are written: CPU's request and limit, then memory's.
    pub fn quantities(&self) -> [String; 4] {
        let cpu = |millicores: f64| format!("{millicores:.0}m");
        let memory = |bytes: f64| format!("{:.0}Mi", bytes / MIB);
        [cpu(self.cpu_request), cpu(self.cpu_limit), memory(self.memory_request), memory(self.memory_limit)]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::history::History;
    use super::*;

    fn seen(count: u32, cpu: impl Fn(u32) -> f64, memory: f64) -> History {
        let mut history = History::default();
        for n in 0..count {
            let uses = HashMap::from([(("shop".to_owned(), "a".to_owned()), vec![Some((cpu(n), memory * MIB))])]);
            history.take(f64::from(n) * 15_000.0, &uses);
        }
        history
    }

    fn ask(history: &History, now: [Option<f64>; 4]) -> Advice {
        advise(history.of("shop", "a"), None, now)
    }

    const GENEROUS: [Option<f64>; 4] = [Some(100.0), Some(2000.0), Some(128.0 * MIB), Some(1024.0 * MIB)];

    #[test]
    fn too_little_was_seen() {
        assert_eq!(ask(&History::default(), GENEROUS), Advice::TooEarly { left: 300.0 });
        assert_eq!(ask(&seen(11, |_| 4.0, 30.0), GENEROUS), Advice::TooEarly { left: 150.0 });
    }

    #[test]
    fn a_small_proxy_begins_with_the_least() {
        let Advice::Change { to, cpu_p95, .. } = ask(&seen(100, |_| 4.0, 29.0), GENEROUS) else { panic!("no change") };
        assert_eq!((to, cpu_p95), (LEAST, 4.0));
        assert_eq!(to.quantities(), ["10m", "100m", "40Mi", "128Mi"]);
        let now = [to.cpu_request, to.cpu_limit, to.memory_request, to.memory_limit].map(Some);
        assert_eq!(ask(&seen(100, |_| 4.0, 29.0), now), Advice::Fits);
        assert!(matches!(ask(&seen(100, |_| 4.0, 29.0), [None; 4]), Advice::Change { .. }), "it asks for nothing");
    }

    #[test]
    fn a_busy_one_gets_what_it_uses_and_some_more() {
        // Busy for a tenth of the time: the 95th percentile sees it, the median would not.
        let busy = seen(200, |n| if n % 10 == 0 { 250.0 } else { 20.0 }, 100.0);
        let Advice::Change { to, .. } = ask(&busy, GENEROUS) else { panic!("no change") };
        assert_eq!(to.cpu_request, 300.0);
        assert_eq!(to.memory_request / MIB, 120.0);
        assert!(to.memory_limit >= to.memory_request * 2.0 && to.cpu_limit >= to.cpu_request);
    }

    #[test]
    fn whoever_saw_longer_is_believed() {
        let now = GENEROUS;
        let line = seen(100, |_| 4.0, 29.0);
        let kept = |seen| Some(Usage { seen, cpu_p95: 500.0, memory_most: 200.0 * MIB });
        let ask = |history: &History, kept| match advise(history.of("shop", "a"), kept, now) {
            Advice::Change { source, seen, cpu_p95, .. } => Some((source, seen, cpu_p95)),
            _ => None,
        };
        assert_eq!(ask(&line, kept(604_800.0)), Some((Source::Prometheus, 604_800.0, 500.0)));
        assert_eq!(
            ask(&line, kept(1200.0)),
            Some((Source::Sampled, 1485.0, 4.0)),
            "so short a time tells no percentile"
        );
        assert_eq!(ask(&History::default(), kept(1200.0)), None);
        assert_eq!(ask(&History::default(), kept(7200.0)), Some((Source::Prometheus, 7200.0, 500.0)));
    }
}
