//! EnvoyFilter. Upstream: pkg/config/validation/envoyfilter/envoyfilter.go, validateEnvoyFilter. What a patch holds is Envoy's own
//! and is not looked into.

use world::said;

use super::{Flaws, names, selector};
use crate::read::field::Field;

pub(super) fn check(spec: &Field, flaws: &mut Flaws) {
    if !selector::workload(&spec.get("workloadSelector"), flaws) {
        return;
    }
    for change in spec.items("configPatches") {
        if change.at("match.context").as_text() != "WAYPOINT" {
            patch(&change, flaws);
        }
    }
}

/// One patch; istiod says only the first thing that is wrong with it.
fn patch(change: &Field, flaws: &mut Flaws) {
    let (to, patch, found) = (change.text("applyTo"), change.get("patch"), change.get("match"));
    let operation = patch.text("operation");
    let missing = match () {
        () if matches!(to, "" | "INVALID") => Some((change.get("applyTo"), ("applyTo is missing", "缺少 applyTo"))),
        () if !patch.is_set() => Some((patch.clone(), ("the patch is missing", "缺少 patch"))),
        () if matches!(operation, "" | "INVALID") => {
            Some((patch.get("operation"), ("the operation is missing", "缺少 operation")))
        }
        () if operation != "REMOVE" && !patch.has("value") => {
            Some((patch.get("value"), ("the value is missing", "缺少 value")))
        }
        () => None,
    };
    if let Some((at, message)) = missing {
        flaws.error(&at, message);
        return;
    }
    let version = found.at("proxy.proxyVersion");
    let text = version.as_text();
    if text.len() > 1024 {
        flaws.warn(&version, ("it is longer than 1024 letters and not looked at", "它超过 1024 个字符，不作检查"));
    } else if let Some(wrong) = names::regex(text).filter(|_| !text.is_empty()) {
        flaws.error(&version, wrong);
        return;
    }
    let any = ["listener", "routeConfiguration", "cluster"].iter().any(|kind| found.has(kind));
    let wanted = match to {
        "LISTENER" | "FILTER_CHAIN" | "NETWORK_FILTER" | "HTTP_FILTER" => "listener",
        "ROUTE_CONFIGURATION" | "VIRTUAL_HOST" | "HTTP_ROUTE" => "routeConfiguration",
        "CLUSTER" => "cluster",
        _ => return,
    };
    if any && !found.has(wanted) {
        flaws.error(&found, said!("{to} is matched by {wanted}", "{to} 应由 {wanted} 匹配"));
    } else if wanted == "listener" {
        filter(&found.at("listener.filterChain.filter"), to, flaws);
    }
}

fn filter(filter: &Field, to: &str, flaws: &mut Flaws) {
    if !filter.is_set() {
        return;
    }
    if matches!(to, "LISTENER" | "FILTER_CHAIN") {
        flaws.warn(filter, said!("a match of filters does nothing for {to}", "对 {to} 匹配过滤器不起作用"));
    }
    let (name, inner) = (filter.text("name"), filter.get("subFilter"));
    let manager = ["envoy.filters.network.http_connection_manager", "envoy.http_connection_manager"];
    let wrong = match () {
        () if name.is_empty() => Some(("the filter needs a name", "过滤器需要名称")),
        () if !inner.is_set() => None,
        () if to != "HTTP_FILTER" => {
            Some(("subFilter goes with HTTP_FILTER alone", "subFilter 只能与 HTTP_FILTER 一起使用"))
        }
        () if !manager.contains(&name) => Some((
            "subFilter needs the HTTP connection manager around it",
            "subFilter 外层必须是 HTTP connection manager",
        )),
        () if inner.text("name").is_empty() => Some(("the inner filter needs a name", "内层过滤器需要名称")),
        () => None,
    };
    if let Some(wrong) = wrong {
        flaws.error(filter, wrong);
        return;
    }
    for of in [filter, &inner].into_iter().filter(|of| is_old(of.text("name"))) {
        flaws.warn(&of.get("name"), said!("{} is an old name of the filter", "{} 是该过滤器的旧名称", of.text("name")));
    }
}

/// Names from before filters were called `envoy.filters.…`.
fn is_old(name: &str) -> bool {
    name.starts_with("envoy.") && !name.starts_with("envoy.filters.") && name.matches('.').count() <= 2
}
