//! Puts the shop's objects into the store, as if their managers had written them.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::Options;
use crate::kinds::{Kind, Kinds};
use crate::managed::{Hand, Owners};
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
        /// Where, and what is wrong.
        source: world::yaml::Problem,
    },
    /// An object is of a kind that is not served.
    #[error("{0} is of a kind that is not served")]
    UnknownKind(String),
    /// Two objects have one name.
    #[error("{0} is there twice")]
    Twice(String),
}

/// The files of the shop: who wrote them, and whether by server-side apply.
const FILES: [(&str, &str, &str, bool); 4] = [
    ("helm.yaml", include_str!("../shop/helm.yaml"), "helm", false),
    ("argocd.yaml", include_str!("../shop/argocd.yaml"), "argocd-controller", true),
    ("kubectl.yaml", include_str!("../shop/kubectl.yaml"), "kubectl-client-side-apply", false),
    ("loyalty.yaml", include_str!("../shop/loyalty.yaml"), "kubectl-client-side-apply", false),
];

pub(crate) fn shop(kinds: &Kinds, store: &Store, options: &Options) -> Result<(), LoadError> {
    let now = Timestamp::now();
    for manifest in manifests::cluster(options.seed, options.services, now) {
        put(kinds, store, options.seed, manifest)?;
    }
    for (file, text, manager, applied) in FILES {
        for body in world::yaml::values(text).map_err(|source| LoadError::Unreadable { file, source })? {
            put(kinds, store, options.seed, Manifest { body, manager, applied })?;
        }
    }
    if options.rollouts {
        let file = "rollouts.yaml";
        let text = include_str!("../shop/rollouts.yaml");
        for body in world::yaml::values(text).map_err(|source| LoadError::Unreadable { file, source })? {
            put(kinds, store, options.seed, Manifest { body, manager: "kubectl-client-side-apply", applied: false })?;
        }
    }
    store.forget_history();
    Ok(())
}

/// Records the manager as the owner of all that it wrote.
fn own(kind: &Kind, body: &mut Value, manager: &str, applies: bool) {
    let version =
        body.get("apiVersion").and_then(Value::as_str).and_then(|v| v.rsplit('/').next()).unwrap_or("v1").to_owned();
    let Some(schema) = kind.schema(&version) else { return };
    let hand =
        Hand { manager: manager.into(), applies, api_version: kind.api_version(&version), subresource: String::new() };
    let since = body.pointer("/metadata/creationTimestamp").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut owners = Owners::default();
    let mut written = body.clone();
    if let Some(written) = written.as_object_mut() {
        written.shift_remove("status");
    }
    if applies {
        // Nobody else owns anything yet: this cannot conflict.
        if owners.apply(&Value::Null, &written, schema.root(), &hand, (true, &since)).is_err() {
            return;
        }
    } else {
        owners.update(None, &written, schema.root(), &hand, &since);
    }
    body["metadata"]["managedFields"] = owners.write();
}

fn put(kinds: &Kinds, store: &Store, seed: u64, manifest: Manifest) -> Result<(), LoadError> {
    let mut body = manifest.body;
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
    if !manifests::is_team(&names.0)
        && matches!(kind.kind.as_str(), "Namespace" | "Service" | "Deployment" | "ConfigMap")
        || kind.is_custom()
    {
        own(kind, &mut body, manifest.manager, manifest.applied);
    }
    let body: Map<String, Value> = body.as_object().cloned().unwrap_or_default();
    store.put(kind, &names, None, body).map_err(|_| LoadError::Twice(path))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{schema, validate};

    #[test]
    fn every_object_of_the_shop_is_valid() {
        let kinds = Kinds::read("").unwrap();
        let store = Store::new(&kinds, 16);
        shop(&kinds, &store, &Options::default()).unwrap();
        let mut seen = 0;
        for kind in kinds.iter() {
            let (objects, _, _) = store.list(kind, None, None, usize::MAX, |_| true);
            for object in objects {
                let mut body = object.body(kind, kind.storage());
                let schema = kind.schema(kind.storage()).unwrap();
                let mut unknown = Vec::new();
                schema::prune(&mut body, schema.root(), "", &mut unknown);
                assert_eq!(unknown, Vec::<String>::new(), "{} {:?}", kind.kind, object.names);
                schema::complete(&mut body, schema.root());
                assert_eq!(validate::validate(schema, &body, None), [], "{} {:?}", kind.kind, object.names);
                seen += 1;
            }
        }
        assert!(seen > 100, "{seen}");
    }

    #[test]
    fn the_engine_decides_for_linkerd_too() {
        let kinds = Kinds::read("").unwrap();
        let store = Store::new(&kinds, 16);
        shop(&kinds, &store, &Options::default()).unwrap();
        let world = world::World::new().after(store.take_changes());
        let ready = meshes::engine().ready(&world);
        let ask = |workload: &str, url: &str| {
            let (namespace, workload) = workload.split_once('/').unwrap_or(("loyalty", workload));
            let from = mesh::Caller::Workload { namespace: namespace.into(), workload: workload.into() };
            let (id, method) = (String::new(), "GET".into());
            let request = mesh::Request { id, from, via: None, method, url: url.into(), headers: Vec::new(), at: None };
            let verdict = ready.explain(&request);
            (verdict.outcome, verdict.status, verdict.transport.unwrap())
        };
        use mesh::{Outcome, Transport};
        for (workload, url, expected) in [
            ("portal-v1", "http://points:8080/balance", (Outcome::Forwarded, None, Transport::Mtls)),
            ("importer-v1", "http://points:8080/import", (Outcome::Denied, Some(403), Transport::Plaintext)),
            ("points-v1", "http://tiers:8080/tier", (Outcome::Forwarded, None, Transport::Mtls)),
            ("importer-v1", "http://rewards:8080/", (Outcome::Denied, Some(403), Transport::Plaintext)),
            ("importer-v1", "http://tiers:8080/", (Outcome::Forwarded, None, Transport::Plaintext)),
            // Between the meshes: neither knows the other's identities.
            ("prod/storefront-v1", "http://tiers.loyalty:8080/tier", (Outcome::Forwarded, None, Transport::Plaintext)),
            ("prod/storefront-v1", "http://points.loyalty:8080/", (Outcome::Denied, Some(403), Transport::Plaintext)),
            ("portal-v1", "http://catalog.prod:8080/products", (Outcome::Forwarded, None, Transport::Plaintext)),
            ("portal-v1", "http://payments.prod:8080/charge", (Outcome::Refused, None, Transport::Plaintext)),
        ] {
            assert_eq!(ask(workload, url), expected, "{workload} {url}");
        }
        let found: Vec<_> = ready.check().findings.into_iter().filter(|f| f.object.namespace == "loyalty").collect();
        let found: Vec<_> = found.iter().map(|f| (f.rule, f.object.name.as_str())).collect();
        assert_eq!(found, [("linkerd-authentication-missing", "points-reports")]);
        assert_eq!(ready.posture("loyalty", "points-v1").mtls, mesh::Mtls::Strict);
        assert_eq!(ready.posture("loyalty", "tiers-v1").mtls, mesh::Mtls::Permissive);
        assert_eq!(ready.in_force("loyalty", "points").len(), 3);
    }
}
