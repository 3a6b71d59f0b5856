//! The cluster's own tool. `ORACLE_KUBECTL` is its command line.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::Outcome;

/// A call of it, with its streams in our hands.
pub fn command(args: &[&str]) -> Outcome<Command> {
    let line = std::env::var("ORACLE_KUBECTL").unwrap_or_else(|_| "kubectl".into());
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().ok_or("ORACLE_KUBECTL is empty")?);
    command.args(words).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
}

/// Runs it, with this input, and gives what it printed.
pub fn kubectl(args: &[&str], input: Option<&str>) -> Outcome<String> {
    let mut child = command(args)?.spawn()?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin.write_all(input.as_bytes())?;
    }
    let out = child.wait_with_output()?;
    if out.status.success() {
        Ok(String::from_utf8(out.stdout)?)
    } else {
        Err(String::from_utf8_lossy(&out.stderr).into_owned().into())
    }
}
