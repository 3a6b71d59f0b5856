//! The objects, their revisions and a bounded history of what happened, as etcd and the watch cache keep them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::sync::watch;
use world::{Change, Labels, Object, ObjectKey, Origin};

use crate::kinds::{Kind, Kinds};

/// Namespace (empty for kinds of the cluster) and name.
pub(crate) type Names = (String, String);

/// Revisions start here, so that there is always one that is too old.
const FIRST_REVISION: u64 = 1000;

/// One object at one revision. The body is kept as text: it is served far more often than it is changed.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) names: Names,
    pub(crate) uid: String,
    pub(crate) revision: u64,
    pub(crate) labels: Labels,
    /// The JSON text after `{"apiVersion":…,"kind":…,`: one text serves every version and every form.
    pub(crate) tail: Bytes,
}

impl Stored {
    /// The whole object as JSON text at a version.
    pub(crate) fn text(&self, kind: &Kind, version: &str) -> Vec<u8> {
        let mut text =
            format!("{{\"apiVersion\":\"{}\",\"kind\":\"{}\",", kind.api_version(version), kind.kind).into_bytes();
        text.extend_from_slice(&self.tail);
        text
    }

    /// The whole object at a version.
    pub(crate) fn body(&self, kind: &Kind, version: &str) -> Value {
        serde_json::from_slice(&self.text(kind, version)).unwrap_or_default()
    }
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    Added,
    Modified,
    Deleted,
}

/// One step of a kind's history.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) revision: u64,
    pub(crate) happening: Happening,
    pub(crate) object: Arc<Stored>,
    pub(crate) before: Option<Arc<Stored>>,
}

/// The object changed between reading and writing; read again.
#[derive(Debug)]
pub(crate) struct Raced;

/// The history before this revision is gone.
#[derive(Debug)]
pub(crate) struct TooOld {
    pub(crate) floor: u64,
}

#[derive(Debug)]
struct Shelf {
    objects: BTreeMap<Names, Arc<Stored>>,
    history: VecDeque<Event>,
    /// Events up to this revision are no longer in the history.
    floor: u64,
    told: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    revision: u64,
    shelves: HashMap<String, Shelf>,
    changes: Vec<Change>,
}

/// All objects.
#[derive(Debug)]
pub(crate) struct Store {
    state: Mutex<State>,
    history: usize,
}

impl Store {
    /// Empty; keeps this many events of each kind.
    pub(crate) fn new(kinds: &Kinds, history: usize) -> Self {
        let shelf = || Shelf {
            objects: BTreeMap::new(),
            history: VecDeque::new(),
            floor: FIRST_REVISION,
            told: watch::Sender::new(FIRST_REVISION),
        };
        let shelves = kinds.iter().map(|kind| (kind.qualified_plural(), shelf())).collect();
        let state = State { revision: FIRST_REVISION, shelves, changes: Vec::new() };
        Self { state: Mutex::new(state), history }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest revision of all.
    pub(crate) fn revision(&self) -> u64 {
        self.lock().revision
    }

    pub(crate) fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Option<Arc<Stored>> {
        let state = self.lock();
        state.shelves.get(&kind.qualified_plural())?.objects.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    /// Objects in order of their names, behind `after`, at most `limit` of those that `wanted` lets through; how many
    /// are left over, at least; and the revision of this answer.
    pub(crate) fn list(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        after: Option<&Names>,
        limit: usize,
        wanted: impl Fn(&Stored) -> bool,
    ) -> (Vec<Arc<Stored>>, usize, u64) {
        let state = self.lock();
        let Some(shelf) = state.shelves.get(&kind.qualified_plural()) else { return (Vec::new(), 0, state.revision) };
        let start = match (after, namespace) {
            (Some(names), _) => Bound::Excluded(names.clone()),
            (None, Some(namespace)) => Bound::Included((namespace.to_owned(), String::new())),
            (None, None) => Bound::Unbounded,
        };
        let mut found = Vec::new();
        let mut left = 0;
        for (names, object) in shelf.objects.range((start, Bound::Unbounded)) {
            if namespace.is_some_and(|n| n != names.0) {
                break;
            }
            if found.len() < limit {
                if wanted(object) {
                    found.push(object.clone());
                }
            } else if wanted(object) {
                left += 1;
            }
        }
        (found, left, state.revision)
    }

    /// Puts an object in place of the one at revision `expected` (`None`: of none). The body's `apiVersion` and `kind` are those of
    /// the kind; its `resourceVersion` is set here.
    pub(crate) fn put(
        &self,
        kind: &Kind,
        names: &Names,
        expected: Option<u64>,
        mut body: Map<String, Value>,
    ) -> Result<Arc<Stored>, Raced> {
        let mut state = self.lock();
        let revision = state.revision + 1;
        let shelf = state.shelves.get_mut(&kind.qualified_plural()).ok_or(Raced)?;
        let before = shelf.objects.get(names).cloned();
        if before.as_ref().map(|o| o.revision) != expected {
            return Err(Raced);
        }
        let stored = Arc::new(stored(names, revision, &mut body));
        shelf.objects.insert(names.clone(), stored.clone());
        let happening = if before.is_some() { Happening::Modified } else { Happening::Added };
        shelf.record(Event { revision, happening, object: stored.clone(), before }, self.history);
        state.revision = revision;
        body.insert("apiVersion".into(), kind.api_version(kind.storage()).into());
        body.insert("kind".into(), kind.kind.clone().into());
        if let Ok(object) = Object::read(Value::Object(body), Origin::Cluster) {
            state.changes.push(Change::Put(object));
        }
        Ok(stored)
    }

    /// Takes the object of this revision away.
    pub(crate) fn delete(&self, kind: &Kind, names: &Names, expected: u64) -> Result<Arc<Stored>, Raced> {
        let mut state = self.lock();
        let revision = state.revision + 1;
        let shelf = state.shelves.get_mut(&kind.qualified_plural()).ok_or(Raced)?;
        let before = shelf.objects.get(names).filter(|o| o.revision == expected).cloned().ok_or(Raced)?;
        shelf.objects.remove(names);
        let mut body = body_of(&before);
        let object = Arc::new(stored(names, revision, &mut body));
        let event = Event { revision, happening: Happening::Deleted, object: object.clone(), before: Some(before) };
        shelf.record(event, self.history);
        state.revision = revision;
        state.changes.push(Change::Delete(ObjectKey::new(&kind.group, &kind.kind, &names.0, &names.1)));
        Ok(object)
    }

    /// Makes all that is there now the beginning: no event before it is kept.
    pub(crate) fn forget_history(&self) {
        let mut state = self.lock();
        let revision = state.revision;
        for shelf in state.shelves.values_mut() {
            shelf.history.clear();
            shelf.floor = revision;
        }
    }

    /// The changes since the last call, for a world that follows this store.
    pub(crate) fn take_changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.lock().changes)
    }

    /// A kind's events after a revision, and the newest revision of all.
    pub(crate) fn since(&self, kind: &Kind, after: u64) -> Result<(Vec<Event>, u64), TooOld> {
        let state = self.lock();
        let Some(shelf) = state.shelves.get(&kind.qualified_plural()) else { return Ok((Vec::new(), state.revision)) };
        if after < shelf.floor {
            return Err(TooOld { floor: shelf.floor });
        }
        let start = shelf.history.partition_point(|event| event.revision <= after);
        Ok((shelf.history.range(start..).cloned().collect(), state.revision))
    }

    /// Tells of every new event of a kind.
    pub(crate) fn follow(&self, kind: &Kind) -> Option<watch::Receiver<u64>> {
        self.lock().shelves.get(&kind.qualified_plural()).map(|shelf| shelf.told.subscribe())
    }
}

impl Shelf {
    fn record(&mut self, event: Event, keep: usize) {
        let revision = event.revision;
        self.history.push_back(event);
        while self.history.len() > keep {
            if let Some(gone) = self.history.pop_front() {
                self.floor = gone.revision;
            }
        }
        self.told.send_replace(revision);
    }
}

fn body_of(stored: &Stored) -> Map<String, Value> {
    let mut text = vec![b'{'];
    text.extend_from_slice(&stored.tail);
    serde_json::from_slice(&text).unwrap_or_default()
}

fn stored(names: &Names, revision: u64, body: &mut Map<String, Value>) -> Stored {
    body.shift_remove("apiVersion");
    body.shift_remove("kind");
    let metadata = body.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert("resourceVersion".into(), revision.to_string().into());
    }
    let text = |field: &str| metadata.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let labels = metadata
        .get("labels")
        .and_then(Value::as_object)
        .map(|labels| labels.iter().filter_map(|(name, value)| Some((name, value.as_str()?))).collect());
    let (uid, labels) = (text("uid"), labels.unwrap_or_default());
    let whole = serde_json::to_vec(body).unwrap_or_default();
    Stored { names: names.clone(), uid, revision, labels, tail: Bytes::from(whole).slice(1..) }
}
