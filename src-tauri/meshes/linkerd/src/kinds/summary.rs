//! An object in a line.

use mesh::{Spec, Summary, read_spec};
use world::Document;

use super::spec::{AuthorizationPolicy, MeshTls, Networks, Ref, Server, ServerAuthorization};
use super::{KINDS, POLICY};

/// What it does, in words; `None` for kinds of others.
pub(crate) fn of(document: &Document) -> Option<Summary> {
    let known = KINDS.iter().find(|k| k.group == document.key.group && k.kind == document.key.kind)?;
    let text = match (known.group, known.kind) {
        (POLICY, "Server") => read(document, server),
        (POLICY, "AuthorizationPolicy") => read(document, policy),
        (POLICY, "ServerAuthorization") => read(document, authorization),
        (POLICY, "MeshTLSAuthentication") => read(document, identities),
        (POLICY, "NetworkAuthentication") => read(document, networks),
        _ => known.purpose.trim_end_matches('.').to_owned(),
    };
    Some(Summary { text, hosts: Vec::new() })
}

fn read<T: Spec>(document: &Document, words: impl Fn(&T) -> String) -> String {
    read_spec(document).map_or_else(|_| "cannot be read".into(), |spec| words(&spec))
}

fn server(spec: &Server) -> String {
    let port = spec.port.as_str().map_or_else(|| spec.port.to_string(), str::to_owned);
    let selector = spec.pod_selector.clone().unwrap_or_default();
    let labels: Vec<String> = selector.match_labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let whom = if labels.is_empty() { "all pods".to_owned() } else { labels.join(", ") };
    let default = spec.access_policy.as_deref().unwrap_or("deny");
    format!("port {port} of {whom} · else {default}")
}

fn policy(spec: &AuthorizationPolicy) -> String {
    let name = |r: &Ref| r.name.clone();
    let who: Vec<String> = spec.required_authentication_refs.iter().map(name).collect();
    let who = if who.is_empty() { "everybody".to_owned() } else { who.join(" and ") };
    format!("allows {who} into {} {}", spec.target_ref.kind, spec.target_ref.name)
}

fn authorization(spec: &ServerAuthorization) -> String {
    let server = spec.server.name.clone().unwrap_or_else(|| "the Servers that it selects".into());
    let who = match &spec.client.mesh_tls {
        _ if spec.client.unauthenticated => "everybody",
        Some(_) => "meshed callers",
        None => "nobody",
    };
    format!("allows {who} into {server}")
}

fn identities(spec: &MeshTls) -> String {
    let refs = spec.identity_refs.iter().map(|r| format!("{} {}", r.kind, r.name));
    let all: Vec<String> = spec.identities.iter().cloned().chain(refs).collect();
    if all.is_empty() { "nobody".into() } else { all.join(", ") }
}

fn networks(spec: &Networks) -> String {
    let all: Vec<&str> = spec.networks.iter().map(|n| n.cidr.as_str()).collect();
    if all.is_empty() { "nobody".into() } else { all.join(", ") }
}
