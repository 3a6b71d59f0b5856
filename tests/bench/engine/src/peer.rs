//! A program of its own over a file, ours or `istioctl analyze`: timed from outside, with its greatest memory.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bench_engine::figure::memory_of;
use serde::{Deserialize, Serialize};

use crate::Failure;

/// The word by which this program checks a file and says what it found.
pub const WHOLE: &str = "check-file";

/// (code, object) of findings that `istioctl analyze` knows.
pub type Coded = BTreeSet<(String, String)>;

/// How often its memory is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// What a run of ours says of itself.
#[derive(Debug, Deserialize, Serialize)]
pub struct Said {
    pub found: Coded,
    /// Milliseconds until the file was a world.
    pub read: f64,
    /// Milliseconds until it was checked as well.
    pub checked: f64,
}

/// One run.
#[derive(Debug)]
pub struct Run {
    pub millis: f64,
    /// Milliseconds of processor time, to ten.
    pub work: f64,
    /// MiB
    pub peak: f64,
    pub out: String,
}

/// Checks a file as a process that does nothing else.
pub fn whole(file: &str, out: &mut impl Write) -> Result<(), Failure> {
    let start = Instant::now();
    let millis = || start.elapsed().as_secs_f64() * 1e3;
    let text = std::fs::read_to_string(file)?;
    let world = crate::generated::read(&text)?;
    drop(text);
    let read = millis();
    let engine = meshes::engine();
    let found = engine.check(&world);
    let said = Said { checked: millis(), read, found: crate::runs::coded(&engine, &found) };
    writeln!(out, "{}", serde_json::to_string(&said)?)?;
    Ok(())
}

/// Our own run.
pub fn ours(file: &Path) -> Result<(Run, Said), Failure> {
    let run = run(Command::new(std::env::current_exe()?).arg(WHOLE).arg(file))?;
    let said = serde_json::from_str(&run.out)?;
    Ok((run, said))
}

/// The peer's, by the command that `NETLOFT_ISTIOCTL` names; `None` without it.
pub fn theirs(file: &Path) -> Result<Option<(Run, Coded)>, Failure> {
    let Ok(command) = std::env::var("NETLOFT_ISTIOCTL") else { return Ok(None) };
    let mut words = command.split_whitespace();
    let mut analyze = Command::new(words.next().ok_or("NETLOFT_ISTIOCTL is empty")?);
    analyze.args(words).args(["analyze", "--use-kube=false", "-A"]).arg(file);
    let run = run(&mut analyze)?;
    let coded = run.out.lines().filter_map(line).collect();
    Ok(Some((run, coded)))
}

/// (code, object) of a line such as `Error [IST0101] (VirtualService ns-0/svc-0 mesh.yaml:75) …`.
fn line(line: &str) -> Option<(String, String)> {
    let (_, rest) = line.split_once('[')?;
    let (code, rest) = rest.split_once(']')?;
    let mut words = rest.trim_start().strip_prefix('(')?.split([' ', ')']);
    Some((code.to_owned(), format!("{} {}", words.next()?, words.next()?)))
}

fn run(command: &mut Command) -> Result<Run, Failure> {
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
