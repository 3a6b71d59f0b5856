//! What ztunnel makes of PeerAuthentications: it always takes HBONE, and where they say STRICT it takes nothing in plaintext.

use mesh::{Mtls, Posture, selects};
use world::Labels;

use super::{decided, read_mode, selector};
use crate::kinds::Typed;
use crate::kinds::peer_authentication::PeerAuthentication;
use crate::read::Index;

type Policy<'a> = Option<&'a Typed<PeerAuthentication>>;

/// The policies that bear on a workload: the oldest of each level.
struct Levels<'a> {
    mesh: Policy<'a>,
    namespace: Policy<'a>,
    workload: Policy<'a>,
}

/// STRICT or PERMISSIVE. DISABLE keeps nobody from coming by HBONE, so that it is PERMISSIVE here.
/// Upstream: istio/istio pilot/pkg/serviceregistry/ambient/authorization.go, convertedSelectorPeerAuthentications and convertPeerAuthentication.
/// Where the two do not fit together (it is named below), a workload is open that its policies call STRICT.
pub(crate) fn posture(index: &Index, namespace: &str, labels: &Labels, port: Option<u16>) -> Posture {
    let levels = Levels::of(index, namespace, labels);
    let mut posture = Posture { mtls: Mtls::Permissive, object: None, path: String::new() };
    for typed in [levels.mesh, levels.namespace, levels.workload].into_iter().flatten() {
        if let Some(mode) = mode(Some(typed)) {
            posture = decided(typed, open_or_strict(mode), "spec.mtls.mode".into());
        }
    }
    match (levels.workload, port) {
        (Some(typed), Some(port)) => levels.at_port(typed, port).unwrap_or(posture),
        _ => posture,
    }
}

impl<'a> Levels<'a> {
    fn of(index: &'a Index, namespace: &str, labels: &Labels) -> Self {
        let oldest = |namespace: &str, wanted: &dyn Fn(&PeerAuthentication) -> bool| {
            index.peer_authentications.within(namespace).find(|typed| wanted(&typed.spec))
        };
        let elsewhere = namespace != index.root;
        let whole = |spec: &PeerAuthentication| selector(spec).is_none();
        let selecting = |spec: &PeerAuthentication| selector(spec).is_some_and(|wanted| selects(wanted, labels));
        Self {
            mesh: oldest(&index.root, &whole),
            namespace: if elsewhere { oldest(namespace, &whole) } else { None },
            workload: if elsewhere { oldest(namespace, &selecting) } else { None },
        }
    }

    /// What the ports of a workload's policy make of this port; `None` where they change nothing, and the whole workload's mode holds.
    fn at_port(&self, typed: &'a Typed<PeerAuthentication>, port: u16) -> Option<Posture> {
        let ports = &typed.spec.port_level_mtls;
        let listed = |wanted: &[Mtls]| ports.values().filter_map(|m| read_mode(&m.mode)).any(|m| wanted.contains(&m));
        let (own, strict) = (mode(Some(typed)), |typed: Policy| mode(typed) == Some(Mtls::Strict));
        let inherited = if mode(self.namespace).is_some() { strict(self.namespace) } else { strict(self.mesh) };
        let converted = match own {
            Some(Mtls::Strict) => listed(&[Mtls::Permissive, Mtls::Disabled]),
            None if inherited => listed(&[Mtls::Permissive]),
            _ => listed(&[Mtls::Strict]),
        };
        if !converted {
            return None;
        }
        let unset_above = mode(self.namespace).is_none();
        // A STRICT port under a STRICT mesh is left to the mesh's own policy, also where the workload's mode has put that out of force.
        let left_out = own == Some(Mtls::Strict)
            || (own.is_none() && strict(self.namespace))
            || (unset_above && strict(self.mesh));
        // An exception is made only from a STRICT policy right above: a namespace's policy without a mode loses the mesh's STRICT.
        let excepts = own == Some(Mtls::Strict)
            || (own.is_none() && (strict(self.namespace) || (self.namespace.is_none() && strict(self.mesh))));
        let here = ports.get(&port.to_string()).and_then(|m| read_mode(&m.mode));
        let is_strict = match here {
            Some(Mtls::Strict) if !left_out => true,
            Some(Mtls::Permissive | Mtls::Disabled) => false,
            _ => excepts && listed(&[Mtls::Permissive, Mtls::Disabled]),
        };
        let path = if here.is_some() { format!("spec.portLevelMtls.{port}") } else { "spec.portLevelMtls".into() };
        Some(decided(typed, if is_strict { Mtls::Strict } else { Mtls::Permissive }, path))
    }
}

fn mode(typed: Policy) -> Option<Mtls> {
    read_mode(&typed?.spec.mtls.as_ref()?.mode)
}

fn open_or_strict(mode: Mtls) -> Mtls {
    if mode == Mtls::Strict { Mtls::Strict } else { Mtls::Permissive }
}
