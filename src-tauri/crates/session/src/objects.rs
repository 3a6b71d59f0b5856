//! Routing and security objects: lists, and one whole with its owners.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use world::yaml;
use world::{Document, ObjectKey, Said};

use crate::change::owners::{FieldManager, managers, owner};
use crate::change::touched::desired;
use crate::{Error, Result, Session};

/// An object in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which object.
    pub key: ObjectKey,
    /// The version that it is served at.
    pub version: String,
    /// One line: what it does.
    pub summary: Said,
    /// Hosts that it is about.
    pub hosts: Vec<String>,
    /// Seconds since 1970.
    pub created: Option<i64>,
    /// How many findings it has.
    pub findings: u32,
    /// The tray changes it.
    pub pending: bool,
    /// Who may set it back.
    pub owner: String,
}

/// An object whole, as its author means it.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// Which object.
    pub key: ObjectKey,
    /// YAML without managedFields, status and what the server keeps in its metadata.
    pub yaml: String,
    /// `metadata.resourceVersion`
    pub resource_version: String,
    /// `metadata.uid`
    pub uid: String,
    /// Who set which fields.
    pub managers: Vec<FieldManager>,
    /// Who may set it back.
    pub owner: String,
}

impl Session {
    /// Objects of these kinds (all that can be authored for none named) in a namespace (all for an empty one).
    ///
    /// # Errors
    /// A defect alone.
    pub async fn objects(&self, kinds: &[String], namespace: &str) -> Result<Vec<Row>> {
        let world = self.drafted().await?.world().clone();
        let findings = self.findings(false).await?;
        let mut counts: HashMap<&ObjectKey, u32> = HashMap::new();
        for finding in &findings.findings {
            *counts.entry(&finding.object).or_default() += 1;
        }
        let tray = self.tray.borrow().clone();
        let pending: HashSet<&ObjectKey> = tray.items().iter().map(|item| &item.key).collect();
        let unlisted = self.unlisted.borrow().clone();
        let listed = self.engine().meshes().flat_map(|mesh| mesh.kinds()).map(|kind| (kind.group, kind.kind));
        let new = unlisted.iter().map(|kind| (kind.group.as_str(), kind.kind.as_str()));
        let of_a_mesh: HashSet<(&str, &str)> = listed.chain(new).collect();
        let wanted = |document: &&std::sync::Arc<Document>| {
            let key = &document.key;
            let ours = of_a_mesh.contains(&(key.group.as_str(), key.kind.as_str()));
            ours && (kinds.is_empty() || kinds.contains(&key.kind))
                && (namespace.is_empty() || key.namespace == namespace)
        };
        let row = |document: &std::sync::Arc<Document>| self.row(document, &counts, &pending);
        Ok(world.documents().filter(wanted).map(row).collect())
    }

    fn row(&self, document: &Document, counts: &HashMap<&ObjectKey, u32>, pending: &HashSet<&ObjectKey>) -> Row {
        let summary = self.engine().summary(document);
        Row {
            key: document.key.clone(),
            version: document.version.clone(),
            summary: summary.text,
            hosts: summary.hosts,
            created: document.created,
            findings: counts.get(&document.key).copied().unwrap_or(0),
            pending: pending.contains(&document.key),
            owner: owner(&document.body),
        }
    }

    /// Rows of these objects; those that are gone are left out.
    pub(crate) async fn rows_of(&self, keys: &[ObjectKey]) -> Result<Vec<Row>> {
        let all = self.objects(&[], "").await?;
        Ok(all.into_iter().filter(|row| keys.contains(&row.key)).collect())
    }

    /// One object, read from the server now.
    ///
    /// # Errors
    /// Where it is not there or may not be read.
    pub async fn document(&self, key: &ObjectKey) -> Result<Whole> {
        let found = crate::write::plan::read(self.connection(), key).await?;
        let object = found.ok_or_else(|| Error::gone(key.clone()))?;
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut shown = desired(&object);
        hide_secrets(key, &mut shown);
        Ok(Whole {
            key: key.clone(),
            yaml: yaml::write(&shown),
            resource_version: text("/metadata/resourceVersion"),
            uid: text("/metadata/uid"),
            managers: managers(&object),
            owner: owner(&object),
        })
    }
}

/// The data of a Secret reaches no view.
fn hide_secrets(key: &ObjectKey, object: &mut Value) {
    if key.kind == "Secret" && key.group.is_empty() {
        for name in ["data", "stringData"] {
            for value in object.get_mut(name).and_then(Value::as_object_mut).into_iter().flat_map(|m| m.values_mut()) {
                *value = Value::String("(hidden)".into());
            }
        }
    }
}
