//! What a door lacks to end TLS: the Secret with its certificate, or the authority that callers' certificates are held against.
//! Upstream: istio/istio pilot/pkg/xds/sds.go, Generate; pilot/pkg/credentials/kube/secrets.go, GetCaCert.

use world::ObjectKey;

use super::door::{Door, Mode};
use crate::read::Index;

/// What is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// The Secret.
    Secret(ObjectKey),
    /// An authority in it.
    Authority(ObjectKey),
    /// Whether it holds an authority is not told.
    Untold(ObjectKey),
}

/// What a door of a pod in a namespace lacks. Where no Secret of the namespace is known, those that are named count as being there.
pub(crate) fn lack(index: &Index, door: &Door, pod: &str) -> Option<Lack> {
    let (home, name) = door.secret.as_ref()?;
    let home = home.as_deref().unwrap_or(pod);
    let key = |name: &str| ObjectKey::new("", "Secret", home, name);
    index.world.documents_in("", "Secret", home).next()?;
    let Some(secret) = index.world.document(&key(name)) else { return Some(Lack::Secret(key(name))) };
    let beside = || index.world.document(&key(&format!("{name}-cacert"))).is_some();
    if door.tls != Some(Mode::Optional) || beside() {
        return None;
    }
    match secret.at("/data") {
        None => Some(Lack::Untold(key(name))),
        Some(data) if data.get("ca.crt").is_some() || data.get("cacert").is_some() => None,
        Some(_) => Some(Lack::Authority(key(name))),
    }
}
