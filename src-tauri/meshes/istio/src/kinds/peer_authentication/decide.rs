//! The mode in force at a workload's port.

pub(crate) mod ztunnel;

use mesh::{Mtls, Posture, selects};
use world::Labels;

use super::PeerAuthentication;
use crate::kinds::Typed;
use crate::read::Index;

/// Upstream: istio/istio pilot/pkg/security/authn/policy_applier.go, ComposePeerAuthentication: mesh, namespace, workload, port; the oldest
/// of each level; UNSET inherits; ports count only beside a selector.
pub(crate) fn posture(index: &Index, namespace: &str, labels: &Labels, port: Option<u16>) -> Posture {
    let mut posture = Posture { mtls: Mtls::Permissive, object: None, path: String::new() };
    let oldest = |namespace: &str, wanted: &dyn Fn(&PeerAuthentication) -> bool| {
        index.peer_authentications.within(namespace).find(|typed| wanted(&typed.spec))
    };
    let whole = |spec: &PeerAuthentication| selector(spec).is_none();
    let selecting = |spec: &PeerAuthentication| selector(spec).is_some_and(|wanted| selects(wanted, labels));
    let mut levels = vec![oldest(&index.root, &whole)];
    if namespace != index.root {
        levels.push(oldest(namespace, &whole));
    }
    let workload = if namespace == index.root { None } else { oldest(namespace, &selecting) };
    levels.push(workload);
    for typed in levels.into_iter().flatten() {
        if let Some(mode) = typed.spec.mtls.as_ref().and_then(|m| read_mode(&m.mode)) {
            posture = decided(typed, mode, "spec.mtls.mode".into());
        }
    }
    if let (Some(typed), Some(port)) = (workload, port)
        && let Some(mode) = typed.spec.port_level_mtls.get(&port.to_string()).and_then(|m| read_mode(&m.mode))
    {
        posture = decided(typed, mode, format!("spec.portLevelMtls.{port}"));
    }
    posture
}

fn decided(typed: &Typed<PeerAuthentication>, mtls: Mtls, path: String) -> Posture {
    Posture { mtls, object: Some(typed.document.key.clone()), path }
}

/// The labels that it asks for; `None` for all workloads.
pub(crate) fn selector(spec: &PeerAuthentication) -> Option<&Labels> {
    spec.selector.as_ref().map(|s| &s.match_labels).filter(|labels| !labels.is_empty())
}

fn read_mode(mode: &str) -> Option<Mtls> {
    match mode {
        "STRICT" => Some(Mtls::Strict),
        "PERMISSIVE" => Some(Mtls::Permissive),
        "DISABLE" => Some(Mtls::Disabled),
        _ => None,
    }
}
