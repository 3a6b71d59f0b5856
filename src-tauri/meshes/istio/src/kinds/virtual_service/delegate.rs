//! Rules that another VirtualService writes for a root: the root says when, the delegate says what.
//! Upstream: istio/istio pilot/pkg/model/virtualservice.go, MergeHTTPRoutes; virtualservice_controller.go, mergeVirtualServices.

use std::borrow::Cow;
use std::collections::BTreeMap;

use world::ObjectKey;

use super::spec::{HttpMatch, HttpRoute, StringMatch, VirtualService};
use crate::kinds::Typed;
use crate::read::Index;

/// A rule in force, with the object that writes it and its place there.
pub(crate) struct Written<'a> {
    pub key: &'a ObjectKey,
    pub rule: usize,
    pub http: Cow<'a, HttpRoute>,
}

/// The rules of a root in order, each delegate's rules in the place of the rule that names it. A delegate that is not there, that has hosts of its
/// own, or that is not exported to the root's namespace leaves nothing.
pub(crate) fn rules<'a>(index: &'a Index, root: &'a Typed<VirtualService>) -> Vec<Written<'a>> {
    let home = &root.document.key.namespace;
    let mut all = Vec::new();
    for (rule, http) in root.spec.http.iter().enumerate() {
        let Some(named) = &http.delegate else {
            all.push(Written { key: &root.document.key, rule, http: Cow::Borrowed(http) });
            continue;
        };
        let namespace = if named.namespace.is_empty() { home } else { &named.namespace };
        let Some(delegate) = index.virtual_services.named(namespace, &named.name) else { continue };
        if !delegate.spec.hosts.is_empty() || !index.rules_shown(delegate).to(home) {
            continue;
        }
        let merged = delegate.spec.http.iter().enumerate().filter_map(|(rule, leaf)| {
            Some(Written { key: &delegate.document.key, rule, http: Cow::Owned(merged(http, leaf)?) })
        });
        all.extend(merged);
    }
    all
}

/// What the leaf does not say, the root says; `None` where their conditions contradict each other.
fn merged(root: &HttpRoute, leaf: &HttpRoute) -> Option<HttpRoute> {
    let mut out = leaf.clone();
    out.matches = matches(&root.matches, &leaf.matches)?;
    // A delegate's delegate is nobody's: the rule is left without a destination.
    out.delegate = None;
    fn either<T: Clone>(leaf: &mut Option<T>, root: &Option<T>) {
        if leaf.is_none() {
            leaf.clone_from(root);
        }
    }
    either(&mut out.rewrite, &root.rewrite);
    either(&mut out.timeout, &root.timeout);
    either(&mut out.retries, &root.retries);
    either(&mut out.fault, &root.fault);
    either(&mut out.mirror, &root.mirror);
    either(&mut out.mirror_percentage, &root.mirror_percentage);
    either(&mut out.mirror_percent, &root.mirror_percent);
    either(&mut out.cors_policy, &root.cors_policy);
    either(&mut out.headers, &root.headers);
    if out.mirrors.is_empty() {
        out.mirrors.clone_from(&root.mirrors);
    }
    Some(out)
}

/// Every match of the leaf with every match of the root that it does not contradict; one that contradicts all of them voids the rule.
fn matches(root: &[HttpMatch], leaf: &[HttpMatch]) -> Option<Vec<HttpMatch>> {
    if root.is_empty() || leaf.is_empty() {
        return Some(if root.is_empty() { leaf.to_vec() } else { root.to_vec() });
    }
    let mut out = Vec::new();
    for own in leaf {
        let before = out.len();
        out.extend(root.iter().filter(|root| !contradict(root, own)).map(|root| both(root, own)));
        if out.len() == before {
            return None;
        }
    }
    Some(out)
}

fn both(root: &HttpMatch, leaf: &HttpMatch) -> HttpMatch {
    fn over<V: Clone>(root: &BTreeMap<String, V>, leaf: &BTreeMap<String, V>) -> BTreeMap<String, V> {
        let mut all = root.clone();
        all.extend(leaf.iter().map(|(k, v)| (k.clone(), v.clone())));
        all
    }
    let mut out = leaf.clone();
    for (own, root) in [
        (&mut out.uri, &root.uri),
        (&mut out.scheme, &root.scheme),
        (&mut out.method, &root.method),
        (&mut out.authority, &root.authority),
    ] {
        if own.is_none() {
            own.clone_from(root);
        }
    }
    out.headers = over(&root.headers, &leaf.headers);
    out.without_headers = over(&root.without_headers, &leaf.without_headers);
    out.query_params = over(&root.query_params, &leaf.query_params);
    out.source_labels = root.source_labels.with(&leaf.source_labels);
    out.port = leaf.port.filter(|p| *p != 0).or(root.port);
    if out.source_namespace.is_empty() {
        out.source_namespace.clone_from(&root.source_namespace);
    }
    if out.gateways.is_empty() {
        out.gateways.clone_from(&root.gateways);
    }
    out
}

/// Upstream: virtualservice.go, hasConflict.
fn contradict(root: &HttpMatch, leaf: &HttpMatch) -> bool {
    let strings = [
        (&root.uri, &leaf.uri),
        (&root.scheme, &leaf.scheme),
        (&root.method, &leaf.method),
        (&root.authority, &leaf.authority),
    ];
    let maps = [
        (&root.headers, &leaf.headers),
        (&root.without_headers, &leaf.without_headers),
        (&root.query_params, &leaf.query_params),
    ];
    let port = |m: &HttpMatch| m.port.unwrap_or(0);
    strings.into_iter().any(|(root, leaf)| strings_contradict(root.as_ref(), leaf.as_ref()))
        || maps.into_iter().any(|(root, leaf)| leaf.iter().any(|(k, v)| strings_contradict(root.get(k), Some(v))))
        || root.ignore_uri_case != leaf.ignore_uri_case
        || (port(root) != 0 && port(leaf) != 0 && port(root) != port(leaf))
        || (!root.source_namespace.is_empty() && leaf.source_namespace != root.source_namespace)
        || leaf.source_labels.iter().any(|(k, v)| root.source_labels.get(k).is_some_and(|of_root| of_root != v))
        || (!root.gateways.is_empty() && leaf.gateways.iter().any(|g| !root.gateways.contains(g)))
        || (!root.gateways.is_empty() && root.gateways.len() < leaf.gateways.len())
}

/// Upstream: virtualservice.go, stringMatchConflict: the leaf must ask for a part of what the root asks for; expressions go with nothing.
fn strings_contradict(root: Option<&StringMatch>, leaf: Option<&StringMatch>) -> bool {
    let (Some(root), Some(leaf)) = (root, leaf) else { return false };
    let text = |of: &Option<String>| of.clone().filter(|t| !t.is_empty());
    let says = |m: &StringMatch| expression(m) || text(&m.prefix).is_some() || text(&m.exact).is_some();
    if (expression(root) && says(leaf)) || (expression(leaf) && says(root)) {
        return true;
    }
    if let Some(exact) = text(&root.exact) {
        return text(&leaf.prefix).is_some() || leaf.exact.as_deref() != Some(&exact);
    }
    match (text(&root.prefix), text(&leaf.prefix).or(text(&leaf.exact))) {
        (Some(prefix), Some(own)) => !own.starts_with(&prefix),
        _ => true,
    }
}

fn expression(of: &StringMatch) -> bool {
    of.regex.as_ref().is_some_and(|r| !r.text.is_empty())
}
