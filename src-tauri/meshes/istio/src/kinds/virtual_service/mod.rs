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
use world::{Document, Said, said};

use crate::kinds::read;
use spec::VirtualService;

pub(crate) fn summary(document: &Document) -> Summary {
    let Ok(spec) = read::<VirtualService>(document) else {
        return Summary::unreadable();
    };
    let first = spec.http.last().map(words::action).unwrap_or_default();
    let text = match spec.http.len() {
        0 if !spec.tls.is_empty() || !spec.tcp.is_empty() => said!("routes connections", "路由连接"),
        0 => said!("routes nothing", "不路由任何请求"),
        1 => first,
        n => Said::new(format!("{n} rules, else {}", first.en), format!("{n} 条规则，其余：{}", first.zh)),
    };
    let gateways: Vec<_> = spec.gateways.iter().filter(|g| *g != "mesh").map(String::as_str).collect();
    let at = if gateways.is_empty() { Said::default() } else { said!("at {}", "经 {}", gateways.join(", ")) };
    Summary { text: Said::joined(&[text, at], " · "), hosts: spec.hosts }
}
