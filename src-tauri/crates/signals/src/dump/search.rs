//! Search over everything that a dump holds.

use std::ops::Range;

use super::{Dump, Sort};

/// Most places that are shown.
const MOST: usize = 300;
/// Bytes shown on each side of a place.
const AROUND: usize = 60;

/// A place where the text stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// In which list.
    pub sort: Sort,
    /// At which place of it.
    pub at: usize,
    /// The text around it.
    pub around: String,
}

/// Where a text stands, whatever the case of its letters; one place a part.
pub fn search(dump: &Dump, body: &[u8], wanted: &str) -> Vec<Hit> {
    let wanted = wanted.trim().to_ascii_lowercase();
    if wanted.is_empty() {
        return Vec::new();
    }
    let finder = memchr::memmem::Finder::new(&wanted);
    let mut lower = Vec::new();
    let mut hits = Vec::new();
    for (sort, at, range) in parts(dump) {
        let Some(text) = body.get(range) else { continue };
        lower.clear();
        lower.extend(text.iter().map(u8::to_ascii_lowercase));
        if let Some(found) = finder.find(&lower) {
            hits.push(Hit { sort, at, around: around(text, found, wanted.len()) });
        }
        if hits.len() >= MOST {
            break;
        }
    }
    hits
}

fn parts(dump: &Dump) -> impl Iterator<Item = (Sort, usize, Range<usize>)> + '_ {
    let listeners = dump.listeners.iter().map(|part| &part.text).enumerate().map(|(n, r)| (Sort::Listeners, n, r));
    let routes = dump.routes.iter().map(|part| &part.text).enumerate().map(|(n, r)| (Sort::Routes, n, r));
    let clusters = dump.clusters.iter().map(|part| &part.text).enumerate().map(|(n, r)| (Sort::Clusters, n, r));
    let bootstrap = std::iter::once((Sort::Bootstrap, 0, &dump.bootstrap.text));
    listeners.chain(routes).chain(clusters).chain(bootstrap).map(|(sort, at, range)| (sort, at, range.clone()))
}

fn around(text: &[u8], at: usize, length: usize) -> String {
    let (start, end) = (at.saturating_sub(AROUND), (at + length + AROUND).min(text.len()));
    let shown = String::from_utf8_lossy(&text[start..end]);
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}
