//! VirtualService: where requests for a host go.

pub(crate) mod bytes;
pub(crate) mod cors;
pub(crate) mod delegate;
pub(crate) mod matches;
pub(crate) mod select;
pub(crate) mod spec;
pub(crate) mod waypoint;
pub(crate) mod words;

use mesh::Summary;
use world::Document;

use crate::kinds::read;
use spec::VirtualService;

pub(crate) fn summary(document: &Document) -> Summary {
    let Ok(spec) = read::<VirtualService>(document) else {
        return Summary { text: "cannot be read".into(), hosts: Vec::new() };
    };
    let first = spec.http.last().map(words::action).unwrap_or_default();
    let text = match spec.http.len() {
        0 if !spec.tls.is_empty() || !spec.tcp.is_empty() => "routes connections".to_owned(),
        0 => "routes nothing".to_owned(),
        1 => first,
        n => format!("{n} rules, else {first}"),
    };
    let gateways: Vec<_> = spec.gateways.iter().filter(|g| *g != "mesh").map(String::as_str).collect();
    let at = if gateways.is_empty() { String::new() } else { format!(" · at {}", gateways.join(", ")) };
    Summary { text: format!("{text}{at}"), hosts: spec.hosts }
}
