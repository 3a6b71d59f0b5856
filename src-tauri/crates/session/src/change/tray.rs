//! The tray: the user's changes that wait to be applied. An overlay on a world, with its own history of steps.

use std::sync::Arc;

use serde_json::Value;
use world::{Change, Object, ObjectKey, Origin, ReadError, World};

use super::touched::{desired, touched};

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It is new.
    Create,
    /// It changes.
    Update,
    /// It goes.
    Delete,
}

/// One object of the tray.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Which object.
    pub key: ObjectKey,
    /// What happens to it.
    pub kind: ChangeKind,
    /// As the user wrote it; empty for a deletion.
    pub yaml: String,
    /// What the text says; null for a deletion.
    pub body: Arc<Value>,
    /// The resourceVersion that the edit started from; empty for a new object.
    pub base: String,
    /// The object at that version, where the world still had it.
    pub base_body: Option<Arc<Value>>,
}

impl Item {
    /// Someone changed the object since the edit began.
    pub fn outdated(&self, world: &World) -> bool {
        match (world.document(&self.key), self.kind) {
            (None, ChangeKind::Create) => false,
            // Of workloads the world keeps a few facts alone: their dry-run carries the version, and the server decides.
            (None, _) if self.key.group == "apps" && world.workload(&self.key.namespace, &self.key.name).is_some() => {
                false
            }
            (None, _) | (Some(_), ChangeKind::Create) => true,
            (Some(live), _) if live.resource_version == self.base => false,
            // Only the server's own parts may have moved (status, generation): that is nobody's change.
            (Some(live), _) => self.base_body.as_ref().is_none_or(|base| desired(base) != desired(&live.body)),
        }
    }

    /// How many fields it changes.
    pub fn fields_changed(&self) -> usize {
        let base = self.base_body.as_deref().unwrap_or(&Value::Null);
        touched(base, &self.body).len()
    }
}

/// All of them, and how they came to be.
#[derive(Clone, Debug, Default)]
pub struct Tray {
    revision: u64,
    items: Arc<Vec<Item>>,
    earlier: Vec<Arc<Vec<Item>>>,
}

/// Steps that can be taken back.
const STEPS: usize = 100;

impl Tray {
    /// Grows by one with each step.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The items in the order in which they came.
    pub fn items(&self) -> &Arc<Vec<Item>> {
        &self.items
    }

    /// The last step can be taken back.
    pub fn can_undo(&self) -> bool {
        !self.earlier.is_empty()
    }

    /// Puts an item in; the same object's earlier item is replaced where it stands.
    pub fn put(&mut self, item: Item) {
        self.step(|items| match items.iter_mut().find(|known| known.key == item.key) {
            Some(known) => *known = item,
            None => items.push(item),
        });
    }

    /// Takes one out.
    pub fn remove(&mut self, key: &ObjectKey) {
        self.step(|items| items.retain(|item| item.key != *key));
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.step(Vec::clear);
    }

    /// Takes the last step back; false where there is none.
    pub fn undo(&mut self) -> bool {
        let Some(earlier) = self.earlier.pop() else { return false };
        self.items = earlier;
        self.revision += 1;
        true
    }

    /// Forgets what was applied: these items are no longer the user's wish but the cluster's state, also not by undo.
    pub fn applied(&mut self, keys: &[ObjectKey]) {
        let items = self.items.iter().filter(|item| !keys.contains(&item.key)).cloned().collect();
        self.items = Arc::new(items);
        self.earlier.clear();
        self.revision += 1;
    }

    fn step(&mut self, change: impl FnOnce(&mut Vec<Item>)) {
        let mut items = (*self.items).clone();
        change(&mut items);
        if items == *self.items {
            return;
        }
        self.earlier.push(std::mem::replace(&mut self.items, Arc::new(items)));
        if self.earlier.len() > STEPS {
            self.earlier.remove(0);
        }
        self.revision += 1;
    }

    /// The world as it would be with the tray applied.
    ///
    /// # Errors
    /// Where an item is no object; `put` refuses those, so this names a defect.
    pub fn over(&self, world: &World) -> Result<World, ReadError> {
        if self.items.is_empty() {
            return Ok(world.clone());
        }
        let changes: Result<Vec<Change>, ReadError> = self.items.iter().map(|item| item.change(world)).collect();
        Ok(world.after(changes?))
    }
}

impl Item {
    fn change(&self, world: &World) -> Result<Change, ReadError> {
        if self.kind == ChangeKind::Delete {
            return Ok(Change::Delete(self.key.clone()));
        }
        let mut object = Object::read((*self.body).clone(), Origin::Draft)?;
        // An edited object keeps its age: Istio breaks ties between objects by it.
        if let (Object::Document(document), Some(live)) = (&mut object, world.document(&self.key)) {
            document.created = live.created;
            document.uid.clone_from(&live.uid);
            document.resource_version.clone_from(&live.resource_version);
        }
        Ok(Change::Put(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(weight: u32, version: &str) -> Value {
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": {"name": "reviews", "namespace": "shop", "resourceVersion": version, "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": {"w": weight}})
    }

    fn item(weight: u32, kind: ChangeKind, base: &str) -> Item {
        let key = ObjectKey::new("networking.istio.io", "VirtualService", "shop", "reviews");
        let base_body = (!base.is_empty()).then(|| Arc::new(body(90, base)));
        Item { key, kind, yaml: String::new(), body: Arc::new(body(weight, "")), base: base.into(), base_body }
    }

    fn world(weight: u32, version: &str) -> World {
        World::new().after([Change::Put(Object::read(body(weight, version), Origin::Cluster).unwrap())])
    }

    #[test]
    fn steps_are_taken_back_one_by_one() {
        let mut tray = Tray::default();
        tray.put(item(80, ChangeKind::Update, "7"));
        tray.put(item(70, ChangeKind::Update, "7"));
        tray.put(item(70, ChangeKind::Update, "7"));
        assert_eq!((tray.items().len(), tray.revision()), (1, 2), "putting the same twice is no step");
        assert!(tray.undo());
        assert_eq!(tray.items()[0].body["spec"]["w"], 80);
        assert!(tray.undo() && tray.items().is_empty() && !tray.undo());
    }

    #[test]
    fn the_overlay_keeps_the_age_of_an_edited_object() {
        let mut tray = Tray::default();
        tray.put(item(80, ChangeKind::Update, "7"));
        let over = tray.over(&world(90, "7")).unwrap();
        let document = over.documents().next().unwrap();
        assert_eq!(document.spec()["w"], 80);
        assert_eq!((document.origin.clone(), document.created), (Origin::Draft, Some(1_767_225_600)));
    }

    #[test]
    fn outdated_is_what_somebody_else_changed() {
        for (kind, base, live, expected) in [
            (ChangeKind::Update, "7", world(90, "7"), false),
            (ChangeKind::Update, "7", world(90, "8"), false),
            (ChangeKind::Update, "7", world(10, "8"), true),
            (ChangeKind::Update, "7", World::new(), true),
            (ChangeKind::Create, "", World::new(), false),
            (ChangeKind::Create, "", world(90, "7"), true),
        ] {
            assert_eq!(item(80, kind, base).outdated(&live), expected, "{kind:?} from {base:?}");
        }
    }
}
