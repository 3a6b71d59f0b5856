//! Rules of a VirtualService in words.

use world::{Said, said};

use super::select::Entry;
use super::spec::{HeaderOperations, Headers, HttpMatch, HttpRoute, StringMatch, Target};

/// What a rule does, in a few words.
pub(crate) fn action(rule: &HttpRoute) -> Said {
    if let Some(redirect) = &rule.redirect {
        return said!("redirect to {}{}", "重定向到 {}{}", redirect.authority, redirect.uri);
    }
    if let Some(direct) = &rule.direct_response {
        return said!("answers {} itself", "自行应答 {}", direct.status);
    }
    if rule.delegate.is_some() {
        return said!("delegates", "委托给其他路由");
    }
    let total: i64 = rule.route.iter().map(|r| i64::from(r.weight.max(0))).sum();
    let parts: Vec<String> = rule
        .route
        .iter()
        .filter(|r| rule.route.len() == 1 || r.weight > 0)
        .map(|r| match rule.route.len() {
            1 => name(&r.destination),
            _ => format!("{} {} %", name(&r.destination), percent(i64::from(r.weight), total)),
        })
        .collect();
    parts.join(", ").into()
}

#[allow(clippy::cast_precision_loss, reason = "weights are small")]
fn percent(weight: i64, total: i64) -> f64 {
    (weight as f64 / total.max(1) as f64 * 1000.0).round() / 10.0
}

/// `v1` for a subset, else the first part of the host.
pub(crate) fn name(target: &Target) -> String {
    if target.subset.is_empty() {
        target
            .host
            .strip_suffix(".svc.cluster.local")
            .unwrap_or(&target.host)
            .split('.')
            .next()
            .unwrap_or_default()
            .into()
    } else {
        target.subset.clone()
    }
}

/// The conditions of a match, each in words.
pub(crate) fn conditions(m: &HttpMatch) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(uri) = &m.uri {
        let case = if m.ignore_uri_case { ", in any case" } else { "" };
        all.push(format!("path {}{case}", string(uri)));
    }
    for (name, of) in [("scheme", &m.scheme), ("method", &m.method), ("authority", &m.authority)] {
        all.extend(of.as_ref().map(|of| format!("{name} {}", string(of))));
    }
    all.extend(m.headers.iter().map(|(name, of)| format!("header {name} {}", string(of))));
    all.extend(m.without_headers.iter().map(|(name, of)| format!("no header {name} {}", string(of))));
    all.extend(m.query_params.iter().map(|(name, of)| format!("query {name} {}", string(of))));
    all.extend(m.port.map(|port| format!("port {port}")));
    all.extend(m.source_labels.iter().map(|(key, value)| format!("caller has {key}={value}")));
    if !m.source_namespace.is_empty() {
        all.push(format!("caller in {}", m.source_namespace));
    }
    if !m.gateways.is_empty() {
        all.push(format!("at {}", m.gateways.join(" or ")));
    }
    all
}

/// What a rule and its destinations change of the answer's headers, each with the field that says it.
pub(crate) fn answers(entry: &Entry) -> Vec<(String, String)> {
    let of = |headers: &Option<Headers>| headers.as_ref().and_then(|h| h.response.as_ref()).map(operations);
    let field = if entry.is_derived() { "filters" } else { "headers" };
    let own = of(&entry.http.headers).map(|words| (entry.field("headers"), words));
    let parts = entry.http.route.iter().enumerate();
    let parts = parts.filter_map(|(at, r)| Some((entry.field(&format!("route[{at}].{field}")), of(&r.headers)?)));
    own.into_iter().chain(parts).filter(|(_, words)| !words.is_empty()).collect()
}

fn operations(of: &HeaderOperations) -> String {
    let set = of.set.iter().map(|(name, value)| format!("{name} is set to '{value}'"));
    let add = of.add.iter().map(|(name, value)| format!("{name} '{value}' is added"));
    let gone = of.remove.iter().map(|name| format!("{name} is taken away"));
    set.chain(add).chain(gone).collect::<Vec<_>>().join(", ")
}

fn string(of: &StringMatch) -> String {
    match of {
        StringMatch { exact: Some(text), .. } => format!("is '{text}'"),
        StringMatch { prefix: Some(text), .. } => format!("begins with '{text}'"),
        StringMatch { regex: Some(pattern), .. } if pattern.text != "*" => format!("matches '{}'", pattern.text),
        _ => "is there".into(),
    }
}
