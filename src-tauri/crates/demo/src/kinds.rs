//! The kinds that this cluster serves, read from `crds/*.json`. Those of the meshes are generated from their CRDs, without
//! descriptions; those of the core are written by hand and know only what merging and defaulting need.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::schema::Schema;

/// A kind of object, at all its versions.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Kind {
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    #[serde(default)]
    pub(crate) short_names: Vec<String>,
    #[serde(default)]
    pub(crate) categories: Vec<String>,
    pub(crate) namespaced: bool,
    pub(crate) versions: Vec<Version>,
    /// Subresources beside `status`.
    #[serde(default)]
    pub(crate) subresources: Vec<String>,
    #[serde(rename = "schemas")]
    raw: Vec<Value>,
    #[serde(skip)]
    compiled: Vec<Arc<Schema>>,
}

/// One served version of a kind.
#[derive(Debug, Deserialize)]
pub(crate) struct Version {
    pub(crate) name: String,
    pub(crate) storage: bool,
    pub(crate) status: bool,
    schema: usize,
    #[serde(default)]
    pub(crate) columns: Vec<Column>,
}

/// A column that `kubectl get` prints.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) r#type: String,
    pub(crate) json_path: String,
    #[serde(default)]
    pub(crate) priority: i32,
}

/// Why the data of the kinds could not be read; a fault of this crate, found by its tests.
#[derive(Debug, thiserror::Error)]
pub enum KindsError {
    /// `crds/<name>` is no list of kinds.
    #[error("crds/{file} does not read: {source}")]
    Unreadable {
        /// The file.
        file: &'static str,
        /// What serde says.
        source: serde_json::Error,
    },
    /// A version names a schema that is not there.
    #[error("{kind} {version} names a schema that is not there")]
    NoSchema {
        /// The kind.
        kind: String,
        /// The version.
        version: String,
    },
}

/// All kinds, in the order of discovery.
#[derive(Debug)]
pub(crate) struct Kinds(Vec<Arc<Kind>>);

impl Kinds {
    /// The kinds of the shop's meshes, and more where some are given.
    pub(crate) fn read(more: &str) -> Result<Self, KindsError> {
        let files = [
            ("core.json", include_str!("../crds/core.json")),
            ("istio.json", include_str!("../crds/istio.json")),
            ("gateway-api.json", include_str!("../crds/gateway-api.json")),
            ("linkerd.json", include_str!("../crds/linkerd.json")),
            ("rollouts.json", include_str!("../crds/rollouts.json")),
            ("(those given besides)", if more.is_empty() { "[]" } else { more }),
        ];
        let mut kinds = Vec::new();
        for (file, text) in files {
            let read: Vec<Kind> =
                serde_json::from_str(text).map_err(|source| KindsError::Unreadable { file, source })?;
            for mut kind in read {
                kind.compiled = kind.raw.drain(..).map(|raw| Arc::new(Schema::new(raw))).collect();
                if let Some(version) = kind.versions.iter().find(|v| v.schema >= kind.compiled.len()) {
                    return Err(KindsError::NoSchema { version: version.name.clone(), kind: kind.kind });
                }
                kinds.push(Arc::new(kind));
            }
        }
        Ok(Self(kinds))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.0.iter()
    }

    /// The kind behind `/apis/<group>/<version>/<plural>`.
    pub(crate) fn served(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Kind>> {
        self.0.iter().find(|k| k.group == group && k.plural == plural && k.version(version).is_some())
    }

    /// The kind of a document.
    pub(crate) fn of(&self, group: &str, kind: &str) -> Option<&Arc<Kind>> {
        self.0.iter().find(|k| k.group == group && k.kind == kind)
    }

    /// Groups in order, the core group (its name is empty) first.
    pub(crate) fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for kind in &self.0 {
            if !groups.contains(&kind.group.as_str()) {
                groups.push(&kind.group);
            }
        }
        groups
    }

    /// Versions of a group, the most stable first, as Kubernetes orders them: v1 before v1beta1 before v1alpha3.
    pub(crate) fn versions(&self, group: &str) -> Vec<&str> {
        let mut versions: Vec<&str> = Vec::new();
        for version in self.0.iter().filter(|k| k.group == group).flat_map(|k| &k.versions) {
            if !versions.contains(&version.name.as_str()) {
                versions.push(&version.name);
            }
        }
        versions.sort_by_key(|v| std::cmp::Reverse(kube::core::Version::parse(v).priority()));
        versions
    }
}

impl Kind {
    pub(crate) fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|v| v.name == name)
    }

    /// The version that objects are kept at.
    pub(crate) fn storage(&self) -> &str {
        self.versions.iter().find(|v| v.storage).or(self.versions.first()).map_or("v1", |v| v.name.as_str())
    }

    /// The schema of a version.
    pub(crate) fn schema(&self, version: &str) -> Option<&Arc<Schema>> {
        self.version(version).and_then(|v| self.compiled.get(v.schema))
    }

    /// `v1` or `group/v1`.
    pub(crate) fn api_version(&self, version: &str) -> String {
        if self.group.is_empty() { version.to_owned() } else { format!("{}/{version}", self.group) }
    }

    /// `virtualservices.networking.istio.io`, as messages name it.
    pub(crate) fn qualified_plural(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// Core kinds are Go types with their own decoder; the others are custom resources, and worded as such.
    pub(crate) fn is_custom(&self) -> bool {
        let others = ["argoproj.io", "flagger.app"].contains(&self.group.as_str());
        others || self.group.ends_with("istio.io") || self.group.starts_with("gateway.networking")
    }
}
