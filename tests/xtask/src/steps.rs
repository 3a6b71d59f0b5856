//! Running programs, and counting what their test runners report.

use std::fmt;
use std::io::{BufRead, BufReader, Write, stdout};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Why a step failed, in words.
#[derive(Debug)]
pub struct Failed(String);

impl Failed {
    /// With these words.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Tests that a runner counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Runs a program with its output on ours.
///
/// # Errors
/// Where it cannot be started or does not succeed.
pub fn run(command: &mut Command) -> Result<(), Failed> {
    let name = said(command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed(format!("{name}: {status}"))),
        Err(error) => Err(Failed(format!("{name}: {error}"))),
    }
}

/// Runs a test runner, shows its output and reads its counts from it.
///
/// # Errors
/// As `run`; what was counted until then is in the message's count all the same.
pub fn count(command: &mut Command) -> (Count, Result<(), Failed>) {
    let name = said(command);
    let mut total = Count::default();
    let mut child = match command.stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => return (total, Err(Failed(format!("{name}: {error}")))),
    };
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            total += counted(&line);
            let _ = writeln!(stdout(), "{line}");
        }
    }
    let done = match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed(format!("{name}: {status}"))),
        Err(error) => Err(Failed(format!("{name}: {error}"))),
    };
    (total, done)
}

/// Does a step, says how long it took, and keeps the words of its failure.
pub fn step(name: &str, work: impl FnOnce() -> Result<(), Failed>) -> Option<String> {
    println!("\n== {name}");
    let start = Instant::now();
    let done = work();
    let seconds = start.elapsed().as_secs_f64();
    match done {
        Ok(()) => {
            println!("== {name}: ok, {seconds:.0} s");
            None
        }
        Err(why) => {
            println!("== {name}: FAILED after {seconds:.0} s: {why}");
            Some(format!("{name}: {why}"))
        }
    }
}

fn said(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|arg| arg.to_string_lossy().into_owned()));
    words.join(" ")
}

/// What one line of a runner's output says. cargo test: `test result: ok. 4 passed; 0 failed; 1 ignored; …`;
/// vitest: `Tests  3 failed | 12 passed | 1 skipped (16)`; node: `# pass 5` or `ℹ pass 5`.
fn counted(line: &str) -> Count {
    let plain = without_colour(line);
    let line = plain.trim();
    if let Some(rest) = line.strip_prefix("test result:") {
        return Count {
            passed: before(rest, " passed"),
            failed: before(rest, " failed"),
            skipped: before(rest, " ignored"),
        };
    }
    if let Some(rest) = line.strip_prefix("Tests ") {
        return Count {
            passed: before(rest, " passed"),
            failed: before(rest, " failed"),
            skipped: before(rest, " skipped"),
        };
    }
    let node = |what: &str| {
        ["# ", "ℹ "].iter().find_map(|mark| line.strip_prefix(&format!("{mark}{what} "))?.parse().ok()).unwrap_or(0)
    };
    Count { passed: node("pass"), failed: node("fail"), skipped: node("skipped") }
}

/// The number that stands before these words.
fn before(text: &str, words: &str) -> u64 {
    let Some(end) = text.find(words) else { return 0 };
    text[..end].rsplit(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..start]);
        rest = rest[start..].find('m').map_or("", |end| &rest[start + end + 1..]);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_three_runners() {
        for (line, passed, failed, skipped) in [
            (
                "test result: ok. 14 passed; 2 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.00s",
                14,
                2,
                1,
            ),
            ("      Tests  3 failed | 12 passed | 1 skipped (16)", 12, 3, 1),
            (
                "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[32m12 passed\u{1b}[39m\u{1b}[22m\u{1b}[90m (12)\u{1b}[39m",
                12,
                0,
                0,
            ),
            ("# pass 5", 5, 0, 0),
            ("ℹ skipped 2", 0, 0, 2),
            (" Test Files  4 passed (4)", 0, 0, 0),
            ("running 12 tests", 0, 0, 0),
        ] {
            assert_eq!(counted(line), Count { passed, failed, skipped }, "{line}");
        }
    }
}
