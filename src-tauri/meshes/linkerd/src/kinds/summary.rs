//! An object in a line.

use mesh::{Spec, Summary, read_spec};
use world::{Document, Said};

use super::spec::{AuthorizationPolicy, MeshTls, Networks, Ref, Server, ServerAuthorization};
use super::{KINDS, POLICY};

const EVERYBODY: (&str, &str) = ("everybody", "所有人");
const NOBODY: (&str, &str) = ("nobody", "无人");
const MESHED: (&str, &str) = ("meshed callers", "网格内的调用方");
const ALL_PODS: (&str, &str) = ("all pods", "所有 Pod");
const SELECTED: (&str, &str) = ("the Servers that it selects", "其选中的 Server");

/// What it does, in words; `None` for kinds of others.
pub(crate) fn of(document: &Document) -> Option<Summary> {
    let known = KINDS.iter().find(|k| k.group == document.key.group && k.kind == document.key.kind)?;
    match (known.group, known.kind) {
        (POLICY, "Server") => read(document, server),
        (POLICY, "AuthorizationPolicy") => read(document, policy),
        (POLICY, "ServerAuthorization") => read(document, authorization),
        (POLICY, "MeshTLSAuthentication") => read(document, identities),
        (POLICY, "NetworkAuthentication") => read(document, networks),
        _ => Some(Summary::purpose(known.purpose)),
    }
}

fn read<T: Spec>(document: &Document, words: impl Fn(&T) -> Said) -> Option<Summary> {
    let of = |spec| Summary { text: words(&spec), hosts: Vec::new() };
    Some(read_spec(document).map_or_else(|_| Summary::unreadable(), of))
}

fn server(spec: &Server) -> Said {
    let port = spec.port.as_str().map_or_else(|| spec.port.to_string(), str::to_owned);
    let selector = spec.pod_selector.clone().unwrap_or_default();
    let labels: Vec<String> = selector.match_labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let whom = if labels.is_empty() { ALL_PODS.into() } else { Said::from(labels.join(", ")) };
    let default = spec.access_policy.as_deref().unwrap_or("deny");
    Said::new(
        format!("port {port} of {} · else {default}", whom.en),
        format!("{} 的端口 {port} · 其余 {default}", whom.zh),
    )
}

fn policy(spec: &AuthorizationPolicy) -> Said {
    let name = |r: &Ref| r.name.clone();
    let who: Vec<String> = spec.required_authentication_refs.iter().map(name).collect();
    let who = if who.is_empty() { EVERYBODY.into() } else { Said::new(who.join(" and "), who.join(" 且 ")) };
    allows(&who, &format!("{} {}", spec.target_ref.kind, spec.target_ref.name).into())
}

fn authorization(spec: &ServerAuthorization) -> Said {
    let server = spec.server.name.as_deref().map_or_else(|| SELECTED.into(), Said::from);
    let who = match &spec.client.mesh_tls {
        _ if spec.client.unauthenticated => EVERYBODY,
        Some(_) => MESHED,
        None => NOBODY,
    };
    allows(&who.into(), &server)
}

fn allows(who: &Said, into: &Said) -> Said {
    Said::new(format!("allows {} into {}", who.en, into.en), format!("允许 {} 访问 {}", who.zh, into.zh))
}

fn identities(spec: &MeshTls) -> Said {
    let refs = spec.identity_refs.iter().map(|r| format!("{} {}", r.kind, r.name));
    let all: Vec<String> = spec.identities.iter().cloned().chain(refs).collect();
    if all.is_empty() { NOBODY.into() } else { all.join(", ").into() }
}

fn networks(spec: &Networks) -> Said {
    let all: Vec<&str> = spec.networks.iter().map(|n| n.cidr.as_str()).collect();
    if all.is_empty() { NOBODY.into() } else { all.join(", ").into() }
}
