//! From the sessions' types to those of the bridge, and back. Nothing is decided here.

mod access;
mod author;
mod change;
mod cluster;
mod compare;
mod cost;
mod fault;
mod foreign;
mod guide;
mod map;
mod pressure;
mod prometheus;
mod proxies;
mod resources;
mod rollout;
mod security;
mod studio;
mod truth;
mod yaml;

/// Milliseconds since 1970, as JSON numbers are.
pub(crate) fn millis(at: std::time::SystemTime) -> f64 {
    at.duration_since(std::time::UNIX_EPOCH).map_or(0.0, |age| age.as_secs_f64() * 1000.0)
}

/// A list, each item converted.
pub(crate) fn all<A, B: From<A>>(items: impl IntoIterator<Item = A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}

pub(crate) use access::only;
pub(crate) use author::merged;
pub(crate) use change::{applied, draft, entry, entry_row, history_form, review, undo_choices, uptake, wanted};
pub(crate) use cluster::{card, file, fleeting, link, overview, probe, settings, settings_into};
pub(crate) use compare::{comparison, part_kind};
pub(crate) use cost::cost;
pub(crate) use foreign::foreign;
pub(crate) use map::{graph, level, node_detail, past};
pub(crate) use prometheus::prometheus;
pub(crate) use proxies::{proxies, proxy_detail, sort};
pub(crate) use security::scope;
pub(crate) use studio::{checked, kind, recipe, schema, template};
pub(crate) use yaml::{edit, reading};
