//! What the cluster's own schemas say: the fields of a kind, and whether an object keeps to them.

mod check;
mod fields;

use std::collections::HashMap;
use std::sync::Arc;

use mesh::Finding;
use mesh::guide::Guide;
use serde_json::Value;
use world::yaml;
use world::{Gvk, Object, ObjectKey, Origin, Said};

pub use check::{Fault, Problem};
pub use fields::{Alternative, Choice, Field};
pub(crate) use fields::{kind, text};

use crate::{Error, Result, Session};

/// Schemas that were read: (group, version, kind) → how the definitions of the group stood then, and the schema.
pub(crate) type Schemas = tokio::sync::Mutex<HashMap<(String, String, String), (String, Arc<Value>)>>;

/// What is wrong with the text of an object.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Where it departs from the schema of its kind, with the line.
    pub problems: Vec<(Problem, u32)>,
    /// What the rules of the meshes find in it, with the tray applied.
    pub findings: Vec<Arc<Finding>>,
    /// Why the schema was not asked; empty where it was.
    pub because: Said,
}

impl Session {
    /// The fields of a kind.
    ///
    /// # Errors
    /// Where the kind is not served, or its schema cannot be read.
    pub async fn schema(&self, group: &str, kind: &str) -> Result<Vec<Field>> {
        let apis = self.connection().apis().await?;
        let api = apis.find(group, kind).ok_or_else(|| Error::gone(ObjectKey::new(group, kind, "", "")))?;
        Ok(fields::fields(&*self.schema_of(group, &api.version, kind).await?, kind, api.namespaced))
    }

    /// Everything wrong with a text: by the schema of its kind, and by the rules of the meshes as far as it is in the tray or live.
    ///
    /// # Errors
    /// A defect alone: a schema that cannot be read is a reason, and a broken text has no problems but its own.
    pub async fn check_object(&self, text: &str) -> Result<Checked> {
        let reading = yaml::read(text);
        let part = |pointer: &str| reading.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let gvk = Gvk::new(part("/apiVersion"), part("/kind"));
        if gvk.kind.is_empty() || gvk.version.is_empty() {
            return Ok(Checked::default());
        }
        let key = ObjectKey::new(&gvk.group, &gvk.kind, part("/metadata/namespace"), part("/metadata/name"));
        let found = self.findings(true).await?;
        let findings = found.findings.iter().filter(|finding| finding.object == key).cloned().collect();
        let schema = match self.schema_of(&gvk.group, &gvk.version, &gvk.kind).await {
            Ok(schema) => schema,
            Err(error) => return Ok(Checked { findings, because: error.said(), ..Checked::default() }),
        };
        let problems = check::check(&schema, &reading.value).into_iter().map(|problem| {
            let line = line_of(&reading, &problem.pointer);
            (problem, line)
        });
        Ok(Checked { problems: problems.collect(), findings, because: Said::default() })
    }

    /// How an object is written step by step; `None` for kinds whose fields say enough, and for what is no object.
    pub fn guide(&self, text: &str) -> Option<Guide> {
        match Object::read(yaml::read(text).value, Origin::Draft) {
            Ok(Object::Document(document)) => self.engine().guide(&self.world(), &document),
            _ => None,
        }
    }

    /// The schema of a kind, read again where a definition of its group has changed since.
    pub(crate) async fn schema_of(&self, group: &str, version: &str, kind: &str) -> Result<Arc<Value>> {
        let stamp = self.definitions(group);
        let key = (group.to_owned(), version.to_owned(), kind.to_owned());
        let mut known = self.schemas.lock().await;
        if let Some((_, schema)) = known.get(&key).filter(|(at, _)| *at == stamp) {
            return Ok(schema.clone());
        }
        let schema = Arc::new(self.connection().openapi(group, version, kind).await?);
        known.insert(key, (stamp, schema.clone()));
        Ok(schema)
    }

    /// The versions of the definitions of a group.
    fn definitions(&self, group: &str) -> String {
        let (world, end) = (self.world(), format!(".{group}"));
        let all = world.documents_of("apiextensions.k8s.io", "CustomResourceDefinition");
        let mut versions: Vec<&str> =
            all.filter(|crd| crd.key.name.ends_with(&end)).map(|crd| crd.resource_version.as_str()).collect();
        versions.sort_unstable();
        versions.join(" ")
    }
}

/// The line of a place; of what it would stand in, where it is missing.
fn line_of(reading: &yaml::Reading, pointer: &str) -> u32 {
    let mut at = pointer;
    loop {
        if let Some(line) = reading.lines.get(at) {
            return u32::try_from(*line).unwrap_or(u32::MAX);
        }
        match at.rfind('/') {
            Some(slash) => at = &at[..slash],
            None => return 1,
        }
    }
}
