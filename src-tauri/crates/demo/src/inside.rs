//! HTTP to the ports of pods, as it would be on the pod's own loopback: Envoy's admin, the agent, istiod's debug port.

use bytes::Bytes;
use http::{Response, StatusCode};
use regex::Regex;

use crate::api::{Body, answer, json};
use crate::ask::Ask;
use crate::proxies::{Proxy, Role};
use crate::traffic::{State, Traffic};
use crate::{dump, envoy, istiod, ztunnel};

/// Envoy's admin and the ports of its statistics; istiod's debug port.
pub(crate) const ADMIN: u16 = 15000;
const AGENT: u16 = 15020;
const STATISTICS: u16 = 15090;
const READINESS: u16 = 15021;
const DEBUG: u16 = 15014;
/// The admin port of Linkerd's proxies.
const LINKERD: u16 = 4191;

/// Whether anything listens there.
pub(crate) fn listens(traffic: &Traffic, namespace: &str, pod: &str, port: u16) -> bool {
    let state = traffic.state();
    let Some(found) = state.ready.world().pod(namespace, pod) else { return false };
    if let Some(proxy) = state.proxies.get(&(namespace.to_owned(), pod.to_owned())) {
        return matches!(port, ADMIN | AGENT | READINESS)
            || port == STATISTICS && proxy.role != Role::Ztunnel
            || has_port(found, port);
    }
    is_istiod(found) && port == DEBUG || has_port(found, port)
}

fn has_port(pod: &world::Pod, port: u16) -> bool {
    pod.containers.iter().any(|c| c.ports.iter().any(|(_, number)| *number == port))
}

fn is_istiod(pod: &world::Pod) -> bool {
    pod.labels.get("app").is_some_and(|app| app == "istiod")
}

/// Ports that the API server's proxy reaches: those that are open outside the pod's loopback.
pub(crate) fn open(port: u16) -> bool {
    port != ADMIN
}

/// Answers a request to a pod's port.
pub(crate) fn handle(traffic: &Traffic, namespace: &str, pod: &str, port: u16, ask: &Ask) -> Response<Body> {
    let path = ask.path.trim_end_matches('/');
    if let Some(large) = configuration(traffic, namespace, pod, port, ask) {
        return large;
    }
    let mut state = traffic.state();
    if port == ADMIN && path == "/logging" && ask.method == http::Method::POST {
        let proxy = state.proxies.get_mut(&(namespace.to_owned(), pod.to_owned()));
        return proxy.map_or_else(not_found, |proxy| text(logging(proxy, ask)));
    }
    if let Some(proxy) = node(&state, namespace, pod) {
        return match (port, path) {
            (AGENT, "/metrics" | "/stats/prometheus") => text(ztunnel::metrics(proxy)),
            (READINESS, "/healthz/ready") => text("ready\n"),
            _ => not_found(),
        };
    }
    let found = match port {
        LINKERD if path == "/metrics" => linkerd(&state, namespace, pod),
        ADMIN => admin(&state, namespace, pod, path, ask),
        AGENT | STATISTICS if path == "/stats/prometheus" => proxy_text(&state, namespace, pod, envoy::prometheus),
        AGENT if path == "/healthz/ready" => Some(text("")),
        READINESS if path == "/healthz/ready" => Some(text("")),
        DEBUG => control(&state, namespace, pod, path),
        _ => None,
    };
    found.unwrap_or_else(not_found)
}

/// It broke over the question.
pub(crate) fn broken() -> Response<Body> {
    answer(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", "")
}

/// What is as large as a proxy's whole configuration; written without holding up the mesh.
fn configuration(traffic: &Traffic, namespace: &str, pod: &str, port: u16, ask: &Ask) -> Option<Response<Body>> {
    let path = ask.path.trim_end_matches('/');
    let (proxy, authority, since) = {
        let state = traffic.state();
        let proxy = match (port, path) {
            (ADMIN, "/config_dump" | "/clusters") => {
                state.proxies.get(&(namespace.to_owned(), pod.to_owned())).cloned()?
            }
            (DEBUG, "/debug/config_dump") => {
                state.ready.world().pod(namespace, pod).filter(|p| is_istiod(p))?;
                match as_sent(&state, ask.option("proxyID")) {
                    Some(proxy) => proxy,
                    None => return Some(not_connected()),
                }
            }
            _ => return None,
        };
        (proxy, state.authority.clone(), state.since.elapsed().as_secs_f64())
    };
    let with_endpoints = ask.query.contains_key("include_eds");
    let body = match (path, proxy.role) {
        ("/clusters", Role::Ztunnel) => return None,
        ("/clusters", _) => envoy::cluster_statuses(&proxy, since),
        ("/config_dump", Role::Ztunnel) => ztunnel::config_dump(&proxy, authority.as_deref()),
        ("/config_dump", _) => dump::config_dump(&proxy, authority.as_deref(), ask.option("resource"), with_endpoints),
        _ => dump::in_messages(&dump::config_dump(&proxy, None, "", with_endpoints)),
    };
    Some(json(StatusCode::OK, &body))
}

/// A connected proxy, `pod.namespace`, as istiod would have it.
fn as_sent(state: &State, asked: &str) -> Option<Proxy> {
    let named =
        |p: &&Proxy| p.is_connected() && p.role != Role::Ztunnel && format!("{}.{}", p.pod, p.namespace) == asked;
    let services = state.ready.world().services().count();
    Some(state.proxies.values().find(named)?.as_sent(&state.ready, services))
}

/// What istiod says of a proxy that it does not have (istio, pilot/pkg/xds/debug.go `errorHandler`).
fn not_connected() -> Response<Body> {
    let words = "Proxy not connected to this Pilot instance. It may be connected to another instance.\n";
    answer(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", words)
}

fn not_found() -> Response<Body> {
    answer(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found\n")
}

/// The proxy of a node, where the pod is one.
fn node<'a>(state: &'a State, namespace: &str, pod: &str) -> Option<&'a Proxy> {
    state.proxies.get(&(namespace.to_owned(), pod.to_owned())).filter(|proxy| proxy.role == Role::Ztunnel)
}

/// Envoy's loggers, a few of them, after setting those that are named: `http:debug,rbac:info`. A ztunnel has one level for all.
fn logging(proxy: &mut Proxy, ask: &Ask) -> String {
    let paths = ask.option("paths");
    if proxy.role == Role::Ztunnel {
        if !ask.option("level").is_empty() {
            proxy.levels.insert(String::new(), ask.option("level").to_owned());
        }
        return format!("current log level is {}\n", proxy.levels.get("").map_or("info", String::as_str));
    }
    const LOGGERS: [&str; 8] = ["admin", "client", "config", "conn_handler", "connection", "http", "rbac", "upstream"];
    let set = paths.split(',').filter_map(|pair| pair.split_once(':')).filter(|(logger, _)| LOGGERS.contains(logger));
    for (logger, level) in set {
        proxy.levels.insert(logger.to_owned(), level.to_owned());
    }
    let line = |logger: &&str| format!("  {logger}: {}\n", proxy.levels.get(*logger).map_or("warning", String::as_str));
    format!("active loggers:\n{}\n", LOGGERS.iter().map(line).collect::<String>())
}

fn text(body: impl Into<Bytes>) -> Response<Body> {
    answer(StatusCode::OK, "text/plain; charset=UTF-8", body)
}

fn proxy_text(state: &State, namespace: &str, pod: &str, write: fn(&Proxy) -> String) -> Option<Response<Body>> {
    state.proxies.get(&(namespace.to_owned(), pod.to_owned())).map(|proxy| text(write(proxy)))
}

fn admin(state: &State, namespace: &str, pod: &str, path: &str, ask: &Ask) -> Option<Response<Body>> {
    let proxy = state.proxies.get(&(namespace.to_owned(), pod.to_owned()))?;
    let ok = |body| Some(json(StatusCode::OK, &body));
    match path {
        "/stats/prometheus" => Some(text(envoy::prometheus(proxy))),
        "/stats" if ask.option("format") == "prometheus" => Some(text(envoy::prometheus(proxy))),
        "/stats" => {
            let filter = Regex::new(ask.option("filter")).ok();
            let mut stats = envoy::plain(proxy);
            stats.retain(|(name, _)| filter.as_ref().is_none_or(|f| f.is_match(name)));
            if ask.option("format") == "json" {
                let stats: Vec<_> = stats
                    .iter()
                    .map(|(name, value)| serde_json::json!({"name": name, "value": value.parse::<f64>().unwrap_or_default()}))
                    .collect();
                return ok(serde_json::json!({"stats": stats}));
            }
            let lines: String = stats.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
            Some(text(lines))
        }
        "/certs" => ok(envoy::certificates(proxy)),
        "/server_info" => ok(envoy::server_info(proxy, state.since.elapsed().as_secs())),
        "/memory" => {
            let bytes = envoy::memory(proxy);
            ok(
                serde_json::json!({"allocated": (bytes * 7 / 10).to_string(), "heap_size": (bytes * 17 / 20).to_string()}),
            )
        }
        "/ready" => Some(text("LIVE\n")),
        _ => None,
    }
}

/// What a proxy of Linkerd counts, those that are read of it. Its certificate lasts a day, and is fetched anew when 70 % of that is over
/// (linkerd2-proxy linkerd/proxy/identity-client/src/certify.rs).
fn linkerd(state: &State, namespace: &str, pod: &str) -> Option<Response<Body>> {
    const DAY: i64 = 86_400;
    let found = state.ready.world().pod(namespace, pod)?;
    found.container("linkerd-proxy").filter(|container| container.ready)?;
    let (began, now) = (found.created.unwrap_or_default(), jiff::Timestamp::now().as_second());
    let fetched = now - (now - began).max(0) % (DAY * 7 / 10);
    let gauge = |name: &str, value: i64| format!("# TYPE {name} gauge\n{name} {value}\n");
    let cert = |what: &str, value| gauge(&format!("control_identity_cert_{what}_timestamp_seconds"), value);
    Some(text(
        gauge("process_start_time_seconds", began) + &cert("expiration", fetched + DAY) + &cert("refresh", fetched),
    ))
}

fn control(state: &State, namespace: &str, pod: &str, path: &str) -> Option<Response<Body>> {
    state.ready.world().pod(namespace, pod).filter(|p| is_istiod(p))?;
    match path {
        "/debug/syncz" => Some(json(StatusCode::OK, &istiod::syncz(&state.proxies))),
        "/debug/connections" => Some(json(StatusCode::OK, &istiod::connections(&state.proxies, state.since.elapsed()))),
        "/debug/push_status" => Some(json(StatusCode::OK, &istiod::push_status(state))),
        "/version" => Some(text(istiod::version())),
        "/metrics" => Some(text(istiod::metrics(&state.proxies, state.since.elapsed()))),
        "/ready" => Some(text("")),
        _ => None,
    }
}
