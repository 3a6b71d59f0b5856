//! A program of its own, ours or a peer's: timed from outside, with its greatest memory.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::figure::memory_of;

/// How often its memory is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// One run.
#[derive(Debug)]
pub struct Run {
    /// From its start to its end.
    pub millis: f64,
    /// Milliseconds of processor time, to ten.
    pub work: f64,
    /// MiB
    pub peak: f64,
    /// What it wrote to its standard output.
    pub out: String,
}

/// A genuine istioctl, by the command that `NETLOFT_ISTIOCTL` names (`istioctl`, or what wraps it); `None` without it.
pub fn istioctl() -> Option<Command> {
    let named = std::env::var("NETLOFT_ISTIOCTL").ok()?;
    let mut words = named.split_whitespace();
    let mut command = Command::new(words.next()?);
    command.args(words);
    Some(command)
}

/// Runs it to its end.
///
/// # Errors
/// Where it cannot be started, or what it writes is no text.
pub fn run(command: &mut Command) -> Result<Run, Box<dyn std::error::Error + Send + Sync>> {
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let id = child.id().to_string();
    let (end, ended) = mpsc::channel::<()>();
    let looking = std::thread::spawn(move || {
        let mut peak = 0.0_f64;
        while ended.recv_timeout(LOOK) == Err(mpsc::RecvTimeoutError::Timeout) {
            peak = memory_of(&id).map_or(peak, |(_, most)| peak.max(most));
        }
        peak
    });
    let mut out = String::new();
    child.stdout.take().ok_or("it has no output")?.read_to_string(&mut out)?;
    let work = work_of(child.id());
    child.wait()?;
    let millis = start.elapsed().as_secs_f64() * 1e3;
    drop(end);
    let peak = looking.join().map_err(|_| "looking at the memory failed")? / f64::from(1 << 20);
    Ok(Run { millis, work, peak, out })
}

/// Milliseconds of processor time, of the process and the system for it; it has closed its output, and is not yet waited for.
fn work_of(id: u32) -> f64 {
    const TICK: f64 = 10.0;
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * TICK
}
