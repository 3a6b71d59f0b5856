//! Rules of HTTPRoutes and GRPCRoutes as the rules of VirtualServices that istiod derives from them.
//! Upstream: istio/istio pilot/pkg/config/kube/gateway/conversion.go, convertHTTPRoute and convertGRPCRoute.

use std::collections::BTreeMap;

use gateway_api::api::Api;
use gateway_api::spec::{
    BackendRef, Cors, Filter, GrpcMatch, GrpcMethod, HeaderModifier, HttpMatch as ApiMatch, HttpRule, NameValue,
    PathModifier, RequestRedirect, UrlRewrite, ValueMatch,
};
use mesh::Places;

use crate::kinds::virtual_service::spec::{
    CorsPolicy, DirectResponse, HeaderOperations, Headers, HttpMatch, HttpRoute, Mirror, Percent, Port, Redirect,
    RegexRewrite, Retries, Rewrite, StringMatch, Target, Weighted,
};
use crate::read::hosts::service_host;

/// What a route may refer to, and from where.
#[derive(Clone, Copy)]
pub(super) struct From<'a> {
    pub api: &'a Api,
    pub places: &'a Places,
    /// Kind and namespace of the route.
    pub kind: &'static str,
    pub home: &'a str,
    /// Routes for callers in the mesh need no grant.
    pub mesh: bool,
}

/// Why istiod drops a route with all of its rules.
pub(super) type Broken = String;

/// An HTTPRoute's rule, without its conditions.
pub(super) fn of_http(from: From, rule: &HttpRule) -> Result<HttpRoute, Broken> {
    let mut out = HttpRoute::default();
    for filter in &rule.filters {
        apply(from, filter, &mut out)?;
    }
    out.retries = rule.retry.as_ref().map(|retry| {
        let attempts = retry.attempts.unwrap_or(2);
        let always = ["connect-failure", "refused-stream", "unavailable", "cancelled"].map(str::to_owned);
        let on: Vec<String> = always.into_iter().chain(retry.codes.iter().map(u16::to_string)).collect();
        Retries { attempts, per_try_timeout: None, retry_on: (attempts > 0).then(|| on.join(",")) }
    });
    if let Some(timeouts) = &rule.timeouts {
        out.timeout = limit(timeouts.request.as_ref());
        if let Some(try_limit) = limit(timeouts.backend_request.as_ref()) {
            match &mut out.retries {
                Some(retries) => retries.per_try_timeout = Some(try_limit),
                None => out.timeout = Some(try_limit),
            }
        }
    }
    send(from, &rule.backend_refs, &mut out)?;
    Ok(out)
}

/// A GRPCRoute's rule, without its conditions.
pub(super) fn of_grpc(from: From, filters: &[Filter], backends: &[BackendRef]) -> Result<HttpRoute, Broken> {
    let mut out = HttpRoute::default();
    for filter in filters {
        let known = ["RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror"];
        if !known.contains(&filter.kind.as_str()) {
            return Err(format!("Istio knows no filter {} for calls", filter.kind));
        }
        apply(from, filter, &mut out)?;
    }
    send(from, backends, &mut out)?;
    Ok(out)
}

/// A limit of zero is none.
fn limit(text: Option<&String>) -> Option<String> {
    text.filter(|t| t.chars().any(|c| c.is_ascii_digit() && c != '0')).cloned()
}

fn apply(from: From, filter: &Filter, out: &mut HttpRoute) -> Result<(), Broken> {
    match filter.kind.as_str() {
        "RequestHeaderModifier" => {
            let request = filter.request_header_modifier.as_ref().map(operations).transpose()?;
            out.headers = Some(Headers { request, response: None });
        }
        "ResponseHeaderModifier" => {
            filter.response_header_modifier.as_ref().map(operations).transpose()?;
        }
        "RequestRedirect" => out.redirect = filter.request_redirect.as_ref().map(redirect),
        "URLRewrite" => out.rewrite = filter.url_rewrite.as_ref().and_then(rewrite),
        "RequestMirror" => {
            let Some(mirror) = &filter.request_mirror else { return Ok(()) };
            // A copy that has nowhere to go is not made; a call with such a copy is not routed.
            match backend(from, &mirror.backend_ref)? {
                Some(destination) if exists(from, &mirror.backend_ref) => {
                    let fraction = mirror
                        .fraction
                        .map(|f| 100.0 * f.numerator / f.denominator.filter(|d| *d != 0.0).unwrap_or(100.0));
                    let percentage = fraction.or(mirror.percent).map(|value| Percent { value });
                    out.mirrors.push(Mirror { destination: Some(destination), percentage });
                }
                _ if from.kind == "GRPCRoute" => return Err("its mirror has nowhere to go".into()),
                _ => {}
            }
        }
        "CORS" => out.cors_policy = filter.cors.as_ref().map(origins),
        other => return Err(format!("Istio knows no filter {other}")),
    }
    Ok(())
}

/// Upstream: istio/istio pilot/pkg/config/kube/gateway/conversion.go, createCorsFilter: a star alone stands for any origin that has a scheme and a
/// host, one at the end for any end, others for any text.
fn origins(cors: &Cors) -> CorsPolicy {
    let regex = |text: String| StringMatch { regex: Some(text.into()), ..StringMatch::default() };
    let of = |origin: &String| match (origin.as_str(), origin.matches('*').count(), origin.strip_suffix('*')) {
        ("*", ..) => regex(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s?#]+".into()),
        (_, 0, _) => StringMatch { exact: Some(origin.clone()), ..StringMatch::default() },
        (_, 1, Some(prefix)) => StringMatch { prefix: Some(prefix.to_owned()), ..StringMatch::default() },
        _ => regex(regex::escape(origin).replace(r"\*", ".*")),
    };
    let allow_origins = cors.allow_origins.iter().filter(|o| !o.is_empty()).map(of).collect();
    CorsPolicy { allow_origins, unmatched_preflights: "IGNORE".into(), ..CorsPolicy::default() }
}

/// Names in lower case; of several the first counts. A value with control characters makes the route invalid.
fn operations(modifier: &HeaderModifier) -> Result<HeaderOperations, Broken> {
    let valid = |v: &NameValue| v.value.bytes().all(|b| b == 9 || (b >= 32 && b != 127));
    if let Some(bad) = modifier.set.iter().chain(&modifier.add).find(|v| !valid(v)) {
        return Err(format!("the value of header {} has characters that none may have", bad.name));
    }
    let map = |list: &[NameValue]| {
        let mut map = BTreeMap::new();
        for NameValue { name, value } in list {
            map.entry(name.to_ascii_lowercase()).or_insert_with(|| value.clone());
        }
        map
    };
    Ok(HeaderOperations { set: map(&modifier.set), add: map(&modifier.add), remove: modifier.remove.clone() })
}

fn redirect(filter: &RequestRedirect) -> Redirect {
    let path = |kind: &str, of: fn(&PathModifier) -> &Option<String>| {
        filter.path.as_ref().filter(|p| p.kind == kind).and_then(|p| of(p).clone()).unwrap_or_default()
    };
    let derive = if filter.scheme.is_some() { "FROM_PROTOCOL_DEFAULT" } else { "FROM_REQUEST_PORT" };
    Redirect {
        uri: path("ReplaceFullPath", |p| &p.replace_full_path),
        prefix_rewrite: path("ReplacePrefixMatch", |p| &p.replace_prefix_match),
        authority: filter.hostname.clone().unwrap_or_default(),
        scheme: filter.scheme.clone().unwrap_or_default(),
        port: filter.port,
        derive_port: filter.port.is_none().then(|| derive.to_owned()),
        redirect_code: filter.status_code.unwrap_or(302),
    }
}

fn rewrite(filter: &UrlRewrite) -> Option<Rewrite> {
    let mut out = Rewrite { authority: filter.hostname.clone().unwrap_or_default(), ..Rewrite::default() };
    match filter.path.as_ref().map(|p| (p.kind.as_str(), p)) {
        Some(("ReplacePrefixMatch", p)) => {
            let text = p.replace_prefix_match.as_deref().unwrap_or_default();
            let text = text.strip_suffix('/').unwrap_or(text);
            // Nothing in place of a prefix is the prefix taken away.
            out.uri = if text.is_empty() { "/".into() } else { text.to_owned() };
        }
        Some(("ReplaceFullPath", p)) => {
            let rewrite = p.replace_full_path.clone().unwrap_or_default();
            out.uri_regex_rewrite = Some(RegexRewrite { pattern: "/.*".into(), rewrite });
        }
        _ => {}
    }
    let says = !out.authority.is_empty() || !out.uri.is_empty() || out.uri_regex_rewrite.is_some();
    says.then_some(out)
}

fn send(from: From, backends: &[BackendRef], out: &mut HttpRoute) -> Result<(), Broken> {
    let weight = |b: &BackendRef| b.weight.unwrap_or(1);
    if backends.iter().map(weight).sum::<i32>() == 0 && out.redirect.is_none() {
        out.direct_response = Some(DirectResponse { status: 500 });
        return Ok(());
    }
    out.route = destinations(from, backends)?;
    for (weighted, backend) in out.route.iter_mut().zip(backends.iter().filter(|b| weight(b) != 0)) {
        for filter in &backend.filters {
            match filter.kind.as_str() {
                "RequestHeaderModifier" => {
                    let request = filter.request_header_modifier.as_ref().map(operations).transpose()?;
                    weighted.headers = Some(Headers { request, response: None });
                }
                "ResponseHeaderModifier" => {}
                other => return Err(format!("Istio knows no filter {other} for a backend")),
            }
        }
    }
    Ok(())
}

/// Those that have a weight; one that is not there, or may not be used, stays as a destination that leads nowhere.
pub(super) fn destinations(from: From, backends: &[BackendRef]) -> Result<Vec<Weighted>, Broken> {
    let all = backends.iter().filter(|b| b.weight.unwrap_or(1) != 0);
    all.map(|b| {
        let destination = backend(from, b)?.unwrap_or_default();
        Ok(Weighted { destination, weight: b.weight.unwrap_or(1), headers: None })
    })
    .collect()
}

/// Upstream: conversion.go, buildDestination. `None` where it leads nowhere.
fn backend(from: From, to: &BackendRef) -> Result<Option<Target>, Broken> {
    let object = &to.object;
    let (group, kind) = (object.group.as_deref().unwrap_or_default(), object.kind.as_deref().unwrap_or("Service"));
    let namespace = object.namespace.as_deref().unwrap_or(from.home);
    let granted = || from.api.grant(from.kind, from.home, object).is_some();
    if !from.mesh && namespace != from.home && !granted() {
        return Ok(None);
    }
    let host = match (group, kind) {
        ("" | "core", "Service") if object.name.contains('.') => {
            return Err(format!("{} is a host, where the name of a Service is asked for", object.name));
        }
        ("" | "core", "Service") | ("multicluster.x-k8s.io", "ServiceImport") => service_host(namespace, &object.name),
        ("networking.istio.io", "Hostname") if object.namespace.is_some() => {
            return Err("a Hostname has no namespace".into());
        }
        ("networking.istio.io", "Hostname") => object.name.clone(),
        _ => return Ok(None),
    };
    let Some(port) = to.port else { return Err(format!("it names no port of {}", object.name)) };
    Ok(Some(Target { host, subset: String::new(), port: Some(Port { number: port }) }))
}

/// Whether the service of a backend is there at all.
fn exists(from: From, to: &BackendRef) -> bool {
    let object = &to.object;
    let namespace = object.namespace.as_deref().unwrap_or(from.home);
    object.kind.as_deref().unwrap_or("Service") != "Service" || from.places.service(namespace, &object.name).is_some()
}

/// The conditions of one match; without a path, every path.
pub(super) fn http_match(m: &ApiMatch) -> HttpMatch {
    let (kind, value) = m.path.as_ref().map_or((None, None), |p| (p.kind.as_deref(), p.value.as_deref()));
    let value = value.unwrap_or("/").to_owned();
    let uri = match kind {
        Some("Exact") => StringMatch { exact: Some(value), ..StringMatch::default() },
        Some("RegularExpression") => StringMatch { regex: Some(value.into()), ..StringMatch::default() },
        _ if value == "/" => StringMatch { prefix: Some(value), ..StringMatch::default() },
        _ => StringMatch { prefix: Some(value.strip_suffix('/').unwrap_or(&value).into()), ..StringMatch::default() },
    };
    HttpMatch {
        // The prefix of a path ends where one of its parts does.
        by_parts: uri.prefix.as_deref().is_some_and(|prefix| prefix != "/"),
        uri: Some(uri),
        method: m.method.clone().map(|exact| StringMatch { exact: Some(exact), ..StringMatch::default() }),
        headers: values(&m.headers),
        query_params: values(&m.query_params),
        ..HttpMatch::default()
    }
}

/// The conditions of one match of a call: service and method are its path.
pub(super) fn grpc_match(m: &GrpcMatch) -> HttpMatch {
    let uri = m.method.as_ref().map(call);
    HttpMatch {
        by_parts: uri.as_ref().is_some_and(|uri| uri.prefix.is_some()),
        uri,
        headers: values(&m.headers),
        ..HttpMatch::default()
    }
}

fn call(method: &GrpcMethod) -> StringMatch {
    let exact = method.kind.as_deref().unwrap_or("Exact") == "Exact";
    let regex = |text: String| StringMatch { regex: Some(text.into()), ..StringMatch::default() };
    match (&method.service, &method.method) {
        (Some(service), Some(name)) if exact => {
            StringMatch { exact: Some(format!("/{service}/{name}")), ..StringMatch::default() }
        }
        (Some(service), None) if exact => StringMatch { prefix: Some(format!("/{service}")), ..StringMatch::default() },
        (Some(service), Some(name)) => regex(format!("/{service}/{name}")),
        (Some(service), None) => regex(format!("/{service}/.+")),
        (None, name) => regex(format!("/[^/]+/{}", name.as_deref().unwrap_or_default())),
    }
}

/// By name; of several of one name the last stays.
fn values(list: &[ValueMatch]) -> BTreeMap<String, StringMatch> {
    let of = |v: &ValueMatch| match v.kind.as_deref() {
        Some("RegularExpression") => StringMatch { regex: Some(v.value.clone().into()), ..StringMatch::default() },
        _ => StringMatch { exact: Some(v.value.clone()), ..StringMatch::default() },
    };
    list.iter().map(|v| (v.name.clone(), of(v))).collect()
}
