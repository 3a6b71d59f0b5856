//! One figure with its spread.

use std::fmt;
use std::hint::black_box;
use std::time::Instant;

/// Runs of one measurement, in one unit.
#[derive(Clone, Debug)]
pub struct Figure {
    what: String,
    unit: &'static str,
    goal: &'static str,
    runs: Vec<f64>,
}

impl Figure {
    /// A figure that was measured by other means than a stopwatch.
    pub fn of(what: impl Into<String>, unit: &'static str, goal: &'static str, runs: Vec<f64>) -> Self {
        Self { what: what.into(), unit, goal, runs }
    }

    /// Milliseconds of `n` runs, after one that warms up.
    pub fn timed<T>(what: impl Into<String>, goal: &'static str, n: usize, mut run: impl FnMut() -> T) -> Self {
        black_box(run());
        let once = |_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed().as_secs_f64() * 1e3
        };
        Self::of(what, "ms", goal, (0..n).map(once).collect())
    }

    /// The same, of processor time: what else the machine does is not in it.
    pub fn worked<T>(what: impl Into<String>, goal: &'static str, n: usize, mut run: impl FnMut() -> T) -> Self {
        black_box(run());
        Self::of(what, "ms", goal, (0..n).map(|_| work(|| drop(black_box(run())))).collect())
    }

    /// No figure: what the next ones are about.
    pub fn note(what: impl Into<String>) -> Self {
        Self::of(what, "", "", Vec::new())
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.runs.is_empty() {
            return write!(f, "{}", self.what);
        }
        let mut runs = self.runs.clone();
        runs.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (runs.len().max(1) - 1) as f64 * share;
            runs.get(place.round() as usize).copied().unwrap_or(f64::NAN)
        };
        let (unit, n, goal) = (self.unit, runs.len(), self.goal);
        let (least, median, most) = (at(0.0), at(0.5), at(1.0));
        let p99 = if n >= 100 { format!(", p99 {:.2}", at(0.99)) } else { String::new() };
        write!(f, "{:72} {median:9.2} {unit} ({least:.2} to {most:.2}{p99}, n={n})  {goal}", self.what)
    }
}

/// Milliseconds that this thread's processor works at something.
pub fn work(run: impl FnOnce()) -> f64 {
    let start = clock(rustix::time::ClockId::ThreadCPUTime);
    run();
    clock(rustix::time::ClockId::ThreadCPUTime) - start
}

/// Milliseconds that processors have worked at this process, all of its threads.
pub fn worked() -> f64 {
    clock(rustix::time::ClockId::ProcessCPUTime)
}

fn clock(of: rustix::time::ClockId) -> f64 {
    let time = rustix::time::clock_gettime(of);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

/// This process's resident memory and its greatest so far, in bytes. `None` where the system does not say.
pub fn memory() -> Option<(f64, f64)> {
    memory_of("self")
}

/// How much more than before this process had at the most while it did this, in bytes; `None` where the system does not say.
pub fn grew<T>(work: impl FnOnce() -> T) -> (Option<f64>, T) {
    let before = memory().map(|(now, _)| now);
    // proc(5): 5 sets the peak to what is resident now.
    let before = before.filter(|_| std::fs::write("/proc/self/clear_refs", "5").is_ok());
    let done = work();
    let grown = before.zip(memory()).map(|(before, (_, peak))| (peak - before).max(0.0));
    (grown, done)
}

/// The same as [`memory`] of the process with this id.
pub fn memory_of(process: &str) -> Option<(f64, f64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib * 1024.0)
    };
    Some((of("VmRSS:")?, of("VmHWM:")?))
}
