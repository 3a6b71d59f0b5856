//! A program of its own over a file, ours or `istioctl analyze`: timed from outside, with its greatest memory.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use bench_engine::process::{Run, istioctl, run};
use serde::{Deserialize, Serialize};

use crate::Failure;

/// The word by which this program checks a file and says what it found.
pub const WHOLE: &str = "check-file";

/// (code, object) of findings that `istioctl analyze` knows.
pub type Coded = BTreeSet<(String, String)>;

/// What a run of ours says of itself.
#[derive(Debug, Deserialize, Serialize)]
pub struct Said {
    pub found: Coded,
    /// Milliseconds until the file was a world.
    pub read: f64,
    /// Milliseconds until it was checked as well.
    pub checked: f64,
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
    let Some(mut analyze) = istioctl() else { return Ok(None) };
    analyze.args(["analyze", "--use-kube=false", "-A"]).arg(file);
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
