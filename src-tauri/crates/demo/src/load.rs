//! Puts the shop's objects into the store, as if their managers had written them.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Options;
use crate::kinds::Kinds;
use crate::manifests::{self, Manifest, uuid};
use crate::store::Store;

/// Why the shop does not read; a fault of this crate, found by its tests.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file is no YAML.
    #[error("shop/{file} does not read: {source}")]
    Unreadable {
        /// The file.
        file: &'static str,
        /// What serde says.
        source: serde_yaml::Error,
    },
    /// An object is of a kind that is not served.
    #[error("{0} is of a kind that is not served")]
    UnknownKind(String),
    /// Two objects have one name.
    #[error("{0} is there twice")]
    Twice(String),
}

/// The files of the shop: who wrote them, and whether by server-side apply.
const FILES: [(&str, &str, &str, bool); 3] = [
    ("helm.yaml", include_str!("../shop/helm.yaml"), "helm", false),
    ("argocd.yaml", include_str!("../shop/argocd.yaml"), "argocd-controller", true),
    ("kubectl.yaml", include_str!("../shop/kubectl.yaml"), "kubectl-client-side-apply", false),
];

pub(crate) fn shop(kinds: &Kinds, store: &Store, options: &Options) -> Result<(), LoadError> {
    let now = Timestamp::now();
    for manifest in manifests::cluster(options.seed, options.services, now) {
        put(kinds, store, options.seed, manifest)?;
    }
    for (file, text, manager, applied) in FILES {
        for document in serde_yaml::Deserializer::from_str(text) {
            let body = Value::deserialize(document).map_err(|source| LoadError::Unreadable { file, source })?;
            put(kinds, store, options.seed, Manifest { body, manager, applied })?;
        }
    }
    store.forget_history();
    Ok(())
}

fn put(kinds: &Kinds, store: &Store, seed: u64, manifest: Manifest) -> Result<(), LoadError> {
    let Manifest { mut body, .. } = manifest;
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("/apiVersion"), text("/kind"));
    let names = (text("/metadata/namespace"), text("/metadata/name"));
    let path = format!("{kind}/{}/{}", names.0, names.1);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let kind = kinds.of(group, &kind).ok_or_else(|| LoadError::UnknownKind(path.clone()))?;
    let metadata = &mut body["metadata"];
    if metadata.get("uid").is_none() {
        metadata["uid"] = uuid(&path, seed).into();
    }
    if metadata.get("creationTimestamp").is_none() {
        metadata["creationTimestamp"] = manifests::written(Timestamp::now()).into();
    }
    if metadata.get("generation").is_none() && body.get("spec").is_some() {
        body["metadata"]["generation"] = 1.into();
    }
    let body: Map<String, Value> = body.as_object().cloned().unwrap_or_default();
    store.put(kind, &names, None, body).map_err(|_| LoadError::Twice(path))?;
    Ok(())
}
