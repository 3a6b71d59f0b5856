//! EnvoyFilter. Upstream: pkg/config/validation/envoyfilter/envoyfilter.go, validateEnvoyFilter. What a patch holds is Envoy's own:
//! of it only that is looked at which Envoy's own types all share, the `@type` of what may be anything.

use world::said;

use super::{Flaws, names, selector};
use crate::kinds::envoy_filter::{MANAGER, Place};
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
    match Place::named(to).and_then(Place::matched_by) {
        // Listener filters came later, and upstream compares their match with nothing.
        Some(wanted) if to != "LISTENER_FILTER" => {
            if any && !found.has(wanted) {
                flaws.error(&found, said!("{to} is matched by {wanted}", "{to} 应由 {wanted} 匹配"));
            } else if wanted == "listener" && !filter(&found.at("listener.filterChain.filter"), to, flaws) {
                return;
            }
        }
        _ => {}
    }
    typed(&patch.get("value"), flaws);
}

/// Looks at everything in a value that may be anything. Upstream: BuildXDSObjectFromStruct, which reads it as protobuf does.
fn typed(holder: &Field, flaws: &mut Flaws) {
    for name in holder.value().as_object().into_iter().flat_map(serde_json::Map::keys) {
        let field = holder.get(name);
        match name.as_str() {
            "typed_config" | "typedConfig" => anything(name, &field, flaws),
            "typed_per_filter_config"
            | "typedPerFilterConfig"
            | "typed_extension_protocol_options"
            | "typedExtensionProtocolOptions" => {
                for (key, one) in holder.entries(name) {
                    anything(key, &one, flaws);
                }
            }
            // Free in its shape.
            "filter_metadata" | "filterMetadata" => {}
            _ => {
                typed(&field, flaws);
                for item in holder.items(name) {
                    typed(&item, flaws);
                }
            }
        }
    }
}

/// A value that says itself of which type it is.
fn anything(name: &str, value: &Field, flaws: &mut Flaws) {
    let own = value.get("@type");
    match own.as_text() {
        _ if !value.is_set() => {}
        "" => flaws.error(value, said!("{name} needs an @type that says what it is", "{name} 需要用 @type 说明其类型")),
        named if named.contains(".v2.") => {
            flaws.error(
                &own,
                said!("{named} is of Envoy's API v2, which is gone", "{named} 属于 Envoy 已移除的 v2 API"),
            );
        }
        // What stands in it is of a type that only the proxy knows.
        named if named.ends_with("TypedStruct") => {}
        _ => typed(value, flaws),
    }
}

/// Whether the rest of the patch is still looked at.
fn filter(filter: &Field, to: &str, flaws: &mut Flaws) -> bool {
    if !filter.is_set() {
        return true;
    }
    if matches!(to, "LISTENER" | "FILTER_CHAIN") {
        flaws.warn(filter, said!("a match of filters does nothing for {to}", "对 {to} 匹配过滤器不起作用"));
    }
    let (name, inner) = (filter.text("name"), filter.get("subFilter"));
    let manager = [MANAGER, "envoy.http_connection_manager"];
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
        return false;
    }
    for of in [filter, &inner].into_iter().filter(|of| is_old(of.text("name"))) {
        flaws.warn(&of.get("name"), said!("{} is an old name of the filter", "{} 是该过滤器的旧名称", of.text("name")));
    }
    true
}

/// Names from before filters were called `envoy.filters.…`.
fn is_old(name: &str) -> bool {
    name.starts_with("envoy.") && !name.starts_with("envoy.filters.") && name.matches('.').count() <= 2
}

#[cfg(test)]
mod tests {
    use world::yaml;

    use super::*;

    /// What a genuine istiod (1.31) said to a server-side dry-run of one patch: the field that it refused, or nothing.
    const ANSWERED: &[(&str, &str)] = &[
        (
            "{applyTo: CLUSTER, match: {listener: {portNumber: 1}}, patch: {operation: MERGE, value: {connect_timeout: 5s}}}",
            "match",
        ),
        ("{applyTo: HTTP_FILTER, match: {cluster: {service: x}}, patch: {operation: REMOVE}}", "match"),
        ("{applyTo: VIRTUAL_HOST, match: {listener: {}}, patch: {operation: MERGE, value: {name: a}}}", "match"),
        ("{applyTo: LISTENER_FILTER, match: {cluster: {}}, patch: {operation: ADD, value: {name: a}}}", ""),
        ("{applyTo: EXTENSION_CONFIG, match: {listener: {}}, patch: {operation: ADD, value: {name: a}}}", ""),
        (
            "{applyTo: BOOTSTRAP, match: {cluster: {}}, patch: {operation: MERGE, value: {stats_flush_interval: 1s}}}",
            "",
        ),
        (
            "{applyTo: HTTP_FILTER, patch: {operation: ADD, value: {name: a, typed_config: {x: 1}}}}",
            "patch.value.typed_config",
        ),
        (
            "{applyTo: HTTP_FILTER, patch: {operation: ADD, value: {name: a, typed_config: {}}}}",
            "patch.value.typed_config",
        ),
        (
            "{applyTo: HTTP_FILTER, patch: {operation: ADD, value: {name: a, typed_config: x}}}",
            "patch.value.typed_config",
        ),
        (
            "{applyTo: HTTP_FILTER, patch: {operation: ADD, value: {name: a, typed_config: {'@type': 1}}}}",
            "patch.value.typed_config",
        ),
        (
            "{applyTo: HTTP_FILTER, patch: {operation: ADD, value: {name: a, typedConfig: {}}}}",
            "patch.value.typedConfig",
        ),
        (
            "{applyTo: HTTP_FILTER, patch: {operation: ADD, value: {name: a, typed_config: {'@type': type.googleapis.com/envoy.config.filter.http.lua.v2.Lua}}}}",
            "patch.value.typed_config.@type",
        ),
        (
            "{applyTo: HTTP_FILTER, patch: {operation: ADD, value: {name: a, typed_config: {'@type': envoy.extensions.filters.http.lua.v3.Lua}}}}",
            "",
        ),
        ("{applyTo: HTTP_FILTER, patch: {operation: ADD, value: {name: a}}}", ""),
        ("{applyTo: HTTP_FILTER, patch: {operation: ADD, value: {}}}", ""),
        (
            "{applyTo: HTTP_FILTER, patch: {operation: ADD, value: {name: a, typed_config: {'@type': type.googleapis.com/udpa.type.v1.TypedStruct, type_url: x/y, value: {typed_config: {}}}}}}",
            "",
        ),
        (
            "{applyTo: CLUSTER, patch: {operation: MERGE, value: {transport_socket: {name: tls, typed_config: {common_tls_context: {}}}}}}",
            "patch.value.transport_socket.typed_config",
        ),
        (
            "{applyTo: HTTP_ROUTE, patch: {operation: MERGE, value: {typed_per_filter_config: {envoy.filters.http.lua: {disabled: true}}}}}",
            "patch.value.typed_per_filter_config[envoy.filters.http.lua]",
        ),
        (
            "{applyTo: HTTP_FILTER, match: {context: WAYPOINT, waypoint: {portNumber: 80}}, patch: {operation: ADD, value: {typed_config: {}}}}",
            "",
        ),
        ("{applyTo: LISTENER, patch: {operation: REPLACE, value: {name: a}}}", ""),
        ("{applyTo: ROUTE_CONFIGURATION, patch: {operation: ADD, value: {name: a}}}", ""),
        ("{applyTo: HTTP_FILTER, patch: {operation: REMOVE}}", ""),
        (
            "{applyTo: CLUSTER, match: {proxy: {proxyVersion: '('}}, patch: {operation: MERGE, value: {}}}",
            "match.proxy.proxyVersion",
        ),
        (
            "{applyTo: NETWORK_FILTER, match: {listener: {filterChain: {filter: {name: envoy.filters.network.http_connection_manager, subFilter: {name: a}}}}}, patch: {operation: REMOVE}}",
            "match.listener.filterChain.filter",
        ),
        (
            "{applyTo: HTTP_FILTER, match: {listener: {filterChain: {filter: {name: x, subFilter: {name: a}}}}}, patch: {operation: REMOVE}}",
            "match.listener.filterChain.filter",
        ),
        (
            "{applyTo: LISTENER, match: {listener: {filterChain: {filter: {name: x}}}}, patch: {operation: MERGE, value: {}}}",
            "",
        ),
        (
            "{applyTo: HTTP_FILTER, match: {listener: {filterChain: {filter: {}}}}, patch: {operation: REMOVE}}",
            "match.listener.filterChain.filter",
        ),
    ];

    #[test]
    fn a_patch_is_refused_where_istiod_refused_it() {
        for (text, refused) in ANSWERED {
            let value = yaml::read(&format!("spec: {{configPatches: [{text}]}}")).value;
            let mut flaws = Flaws::default();
            check(&Field::root(&value).get("spec"), &mut flaws);
            let found: Vec<&str> = flaws.0.iter().filter(|flaw| flaw.refused).map(|flaw| flaw.path.as_str()).collect();
            let wanted = format!("spec.configPatches[0].{refused}");
            let wanted: Vec<&str> = if refused.is_empty() { Vec::new() } else { vec![wanted.as_str()] };
            assert_eq!(found, wanted, "{text}");
        }
    }
}
