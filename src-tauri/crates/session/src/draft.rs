//! Steps of the tray.

use std::sync::Arc;

use serde_json::Value;
use world::yaml;
use world::{Gvk, ObjectKey, said};

use crate::change::tray::{ChangeKind, Item};
use crate::rollout::foreign;
use crate::write::plan::read;
use crate::{Error, Result, Session};

impl Session {
    /// Puts an edited or new object into the tray. `base` is the resourceVersion that the edit started from; empty for
    /// a new object.
    ///
    /// # Errors
    /// Where the text is no object, or of a kind that is not changed here. The tray stays as it was.
    pub async fn draft_put(&self, text: &str, base: &str) -> Result<()> {
        let reading = yaml::read(text);
        if let Some(problem) = reading.problems.iter().find(|problem| problem.error) {
            return Err(Error::NotAnObject { line: problem.line, reason: problem.message.clone() });
        }
        let key = self.key_of(&reading.value)?;
        let base_body = if base.is_empty() { None } else { self.body_at(&key, base).await? };
        let kind = if base.is_empty() { ChangeKind::Create } else { ChangeKind::Update };
        let item =
            Item { key, kind, yaml: text.to_owned(), body: Arc::new(reading.value), base: base.to_owned(), base_body };
        self.tray.send_modify(|tray| tray.put(item));
        Ok(())
    }

    /// Marks an object for deletion.
    ///
    /// # Errors
    /// Where it is not there.
    pub async fn draft_delete(&self, key: &ObjectKey) -> Result<()> {
        self.authored(key)?;
        let live = read(self.connection(), key).await?.ok_or_else(|| Error::gone(key.clone()))?;
        let base = live["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
        let item = Item {
            key: key.clone(),
            kind: ChangeKind::Delete,
            yaml: String::new(),
            body: Arc::new(Value::Null),
            base,
            base_body: Some(Arc::new(live)),
        };
        self.tray.send_modify(|tray| tray.put(item));
        Ok(())
    }

    /// Takes one object out.
    pub fn draft_remove(&self, key: &ObjectKey) {
        self.tray.send_modify(|tray| tray.remove(key));
    }

    /// Empties the tray.
    pub fn draft_clear(&self) {
        self.tray.send_modify(crate::change::tray::Tray::clear);
    }

    /// Takes the last step back.
    pub fn draft_undo(&self) {
        self.tray.send_modify(|tray| {
            tray.undo();
        });
    }

    /// Which object a text is.
    pub(crate) fn key_of(&self, value: &Value) -> Result<ObjectKey> {
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        for (pointer, field) in [("/apiVersion", "apiVersion"), ("/kind", "kind"), ("/metadata/name", "metadata.name")]
        {
            if text(pointer).is_empty() {
                return Err(Error::NotAnObject { line: 1, reason: said!("{field} is missing", "缺少 {field}") });
            }
        }
        let gvk = Gvk::new(text("/apiVersion"), text("/kind"));
        let key = ObjectKey::new(&gvk.group, &gvk.kind, text("/metadata/namespace"), text("/metadata/name"));
        let namespaced = self.authored(&key)?;
        if namespaced && key.namespace.is_empty() {
            return Err(Error::NotAnObject {
                line: 1,
                reason: said!("metadata.namespace is missing", "缺少 metadata.namespace"),
            });
        }
        Ok(key)
    }

    /// Whether a kind lives in namespaces; only kinds of a mesh, and those of controllers of rollouts, are written.
    fn authored(&self, key: &ObjectKey) -> Result<bool> {
        let kinds = self.engine().meshes().flat_map(|mesh| mesh.kinds());
        let known = kinds.into_iter().find(|kind| kind.group == key.group && kind.kind == key.kind);
        let unlisted = self.unlisted.borrow();
        let new =
            || unlisted.iter().find(|kind| kind.group == key.group && kind.kind == key.kind).map(|k| k.namespaced);
        let rolls = || foreign::kinds().any(|kind| kind == (&*key.group, &*key.kind)).then_some(true);
        let namespaced = known.map(|kind| kind.namespaced).or_else(new).or_else(rolls);
        namespaced.ok_or_else(|| Error::NotOurs { object: key.clone() })
    }

    /// The object at the version that an edit started from, where it is still to be had.
    async fn body_at(&self, key: &ObjectKey, version: &str) -> Result<Option<Arc<Value>>> {
        if let Some(known) = self.world().document(key).filter(|document| document.resource_version == version) {
            return Ok(Some(known.body.clone()));
        }
        let live = read(self.connection(), key).await?;
        Ok(live.filter(|live| live["metadata"]["resourceVersion"] == version).map(Arc::new))
    }
}
