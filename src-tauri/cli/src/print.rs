//! Answers on standard output; colours on a terminal alone.

use std::io::{IsTerminal as _, Write as _};

use mesh::Unknown;
use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;

/// What a text means.
#[derive(Clone, Copy)]
pub enum Mark {
    Good,
    Warn,
    Bad,
    Quiet,
}

/// The text in its colour. `NO_COLOR` is heard.
pub fn paint(mark: Mark, text: &str) -> String {
    if !std::io::stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return plain(text);
    }
    let code = match mark {
        Mark::Good => 32,
        Mark::Warn => 33,
        Mark::Bad => 31,
        Mark::Quiet => 2,
    };
    format!("\x1b[{code}m{}\x1b[0m", plain(text))
}

/// Text of a cluster without what a terminal would obey.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// A line of the answer.
pub fn line(text: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

/// One JSON document, on lines of its own.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
    line(&text)
}

/// One JSON line.
pub fn json_line(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(std::io::Error::from)?;
    line(&text)
}

/// What is not known, for scripts.
pub fn unknowns(all: &[Unknown]) -> Vec<Value> {
    all.iter().map(|unknown| serde_json::json!({"about": unknown.about.en, "because": unknown.because.en})).collect()
}

/// A message for the person, not part of the answer.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", plain(text));
}

/// Rows in columns as wide as their widest cell.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|at| {
            rows.iter().chain([&head]).map(|row| row.get(at).map_or(0, |cell| cell.chars().count())).max().unwrap_or(0)
        })
        .collect();
    for row in std::iter::once(&head).chain(rows) {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{:width$}", plain(cell))).collect();
        line(cells.join("  ").trim_end())?;
    }
    Ok(())
}
