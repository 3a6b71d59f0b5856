//! An object exactly as the API server or a file gave it.

use std::sync::Arc;

use serde_json::Value;

use crate::{Gvk, Labels, ObjectKey};

/// Where a document came from, so that a finding can lead back to it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Origin {
    /// The cluster's API server.
    #[default]
    Cluster,
    /// A file, with the line (from 1) on which the document starts.
    File {
        /// Path as the user gave it; `-` for standard input.
        path: String,
        /// Line of the document's first content, from 1.
        line: usize,
    },
    /// The user's unsaved draft.
    Draft,
}

/// A policy or routing object, kept whole: unknown fields and all. Its typed readings live in the meshes.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its identity.
    pub key: ObjectKey,
    /// The version it was read at.
    pub version: String,
    /// `metadata.uid`; empty for files and drafts of new objects.
    pub uid: String,
    /// `metadata.resourceVersion`; empty for files and drafts of new objects.
    pub resource_version: String,
    /// `metadata.creationTimestamp` in seconds since 1970; `None` for files and drafts. Istio breaks ties by age.
    pub created: Option<i64>,
    /// When somebody last wrote to it, its status aside, in seconds since 1970: the newest of `metadata.managedFields`, else when it was
    /// created.
    pub written: Option<i64>,
    /// `metadata.labels`.
    pub labels: Labels,
    /// `metadata.annotations`.
    pub annotations: Labels,
    /// The whole object, without `metadata.managedFields`.
    pub body: Arc<Value>,
    /// Where it came from.
    pub origin: Origin,
}

impl Document {
    /// Group, version and kind.
    pub fn gvk(&self) -> Gvk {
        Gvk { group: self.key.group.clone(), version: self.version.clone(), kind: self.key.kind.clone() }
    }

    /// The `spec`, or JSON null where there is none.
    pub fn spec(&self) -> &Value {
        self.body.get("spec").unwrap_or(&Value::Null)
    }

    /// A value by JSON pointer (`/spec/http/0/route`), or `None`.
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        self.body.pointer(pointer)
    }
}
