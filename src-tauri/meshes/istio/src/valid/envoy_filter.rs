//! EnvoyFilter. Upstream: pkg/config/validation/envoyfilter/envoyfilter.go, validateEnvoyFilter. What a patch holds is Envoy's own
//! and is not looked into.

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
        () if matches!(to, "" | "INVALID") => Some((change.get("applyTo"), "applyTo is missing")),
        () if !patch.is_set() => Some((patch.clone(), "the patch is missing")),
        () if matches!(operation, "" | "INVALID") => Some((patch.get("operation"), "the operation is missing")),
        () if operation != "REMOVE" && !patch.has("value") => Some((patch.get("value"), "the value is missing")),
        () => None,
    };
    if let Some((at, message)) = missing {
        flaws.error(&at, message);
        return;
    }
    let version = found.at("proxy.proxyVersion");
    let text = version.as_text();
    if text.len() > 1024 {
        flaws.warn(&version, "it is longer than 1024 letters and not looked at");
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
        flaws.error(&found, format!("{to} is matched by {wanted}"));
    } else if wanted == "listener" {
        filter(&found.at("listener.filterChain.filter"), to, flaws);
    }
}

fn filter(filter: &Field, to: &str, flaws: &mut Flaws) {
    if !filter.is_set() {
        return;
    }
    if matches!(to, "LISTENER" | "FILTER_CHAIN") {
        flaws.warn(filter, format!("a match of filters does nothing for {to}"));
    }
    let (name, inner) = (filter.text("name"), filter.get("subFilter"));
    let manager = ["envoy.filters.network.http_connection_manager", "envoy.http_connection_manager"];
    let wrong = match () {
        () if name.is_empty() => "the filter needs a name",
        () if !inner.is_set() => "",
        () if to != "HTTP_FILTER" => "subFilter goes with HTTP_FILTER alone",
        () if !manager.contains(&name) => "subFilter needs the HTTP connection manager around it",
        () if inner.text("name").is_empty() => "the inner filter needs a name",
        () => "",
    };
    flaws.never(!wrong.is_empty(), filter, wrong);
    for of in [filter, &inner].into_iter().filter(|of| wrong.is_empty() && is_old(of.text("name"))) {
        flaws.warn(&of.get("name"), format!("{} is an old name of the filter", of.text("name")));
    }
}

/// Names from before filters were called `envoy.filters.…`.
fn is_old(name: &str) -> bool {
    name.starts_with("envoy.") && !name.starts_with("envoy.filters.") && name.matches('.').count() <= 2
}
