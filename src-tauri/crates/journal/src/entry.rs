//! What the journal holds.

use serde_json::Value;
use world::{ObjectKey, Said};

/// Number of an entry, growing, never used twice.
pub type EntryId = i64;

/// What happened, or is to happen, to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    Create,
    /// It was there and has other fields now.
    Update,
    /// It is gone.
    Delete,
    /// Its controller was told something through its status, which is the controller's to write: there is no way back but to tell it otherwise.
    Order,
}

/// How far an entry, or one of its objects, has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// On disk, nothing known to be written. After a crash: ask the cluster.
    Intended,
    /// Written.
    Applied,
    /// It failed, and what was written has been put back.
    RolledBack,
    /// It failed in the middle and could not all be put back.
    Partial,
    /// Applied, and later undone by another entry.
    Undone,
}

/// One table for both directions, so that no word is written that is not read.
const STATES: [(State, &str); 5] = [
    (State::Intended, "intended"),
    (State::Applied, "applied"),
    (State::RolledBack, "rolled-back"),
    (State::Partial, "partial"),
    (State::Undone, "undone"),
];

const CHANGES: [(Change, &str); 4] =
    [(Change::Create, "create"), (Change::Update, "update"), (Change::Delete, "delete"), (Change::Order, "order")];

impl State {
    /// As it is kept and exported.
    pub fn word(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).map_or("", |(_, word)| word)
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        STATES.iter().find(|(_, w)| *w == word).map(|(state, _)| *state)
    }
}

impl Change {
    /// As it is kept and exported.
    pub fn word(self) -> &'static str {
        CHANGES.iter().find(|(change, _)| *change == self).map_or("", |(_, word)| word)
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        CHANGES.iter().find(|(_, w)| *w == word).map(|(change, _)| *change)
    }
}

/// A change that is about to be made.
#[derive(Clone, Debug, Default)]
pub struct NewEntry {
    /// Which cluster: its server and certificate authority in one stable name, not the context's.
    pub cluster: String,
    /// The context that the user had chosen.
    pub context: String,
    /// Who the API server says the user is.
    pub user: String,
    /// Why, in the user's words.
    pub message: Said,
    /// The objects, in the order in which they are written.
    pub objects: Vec<NewObject>,
    /// What it would do to traffic, as the preview said it; kept as given.
    pub says: Vec<Value>,
    /// The entry that this one takes back.
    pub undoes: Option<EntryId>,
    /// Those before it that it takes back as well, oldest first.
    pub undoes_too: Vec<EntryId>,
}

/// An object that is about to be written.
#[derive(Clone, Debug)]
pub struct NewObject {
    /// Which object.
    pub key: ObjectKey,
    /// The version that it is written at.
    pub version: String,
    /// What happens to it.
    pub change: Change,
    /// All of it before; `None` where it was not there.
    pub before: Option<Value>,
    /// All of it as asked for; `None` where it goes.
    pub after: Option<Value>,
    /// The resourceVersion that `before` was read at; empty for new objects.
    pub resource_version: String,
}

/// How the write of one object ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectOutcome {
    /// Where it stands now.
    pub state: State,
    /// The resourceVersion after the write; empty where nothing was written.
    pub resource_version: String,
    /// The server's words, or ours, where it failed.
    pub because: Said,
}

/// One object of an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectRecord {
    /// Which object.
    pub key: ObjectKey,
    /// The version that it was written at.
    pub version: String,
    /// What happened to it.
    pub change: Change,
    /// All of it before, without secrets.
    pub before: Option<Value>,
    /// All of it as asked for, without secrets.
    pub after: Option<Value>,
    /// Something in `before` or `after` was a secret and is not here: an undo must not write these images back as they
    /// are.
    pub redacted: bool,
    /// The resourceVersion that `before` was read at.
    pub resource_version: String,
    /// How its write ended.
    pub outcome: ObjectOutcome,
}

/// A change as it is remembered.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number.
    pub id: EntryId,
    /// When it was intended, in milliseconds since 1970.
    pub at: i64,
    /// Which cluster.
    pub cluster: String,
    /// The context that the user had chosen.
    pub context: String,
    /// Who the API server says the user is.
    pub user: String,
    /// Why, in the user's words.
    pub message: Said,
    /// Where it stands now.
    pub state: State,
    /// Its objects in the order of the writes.
    pub objects: Vec<ObjectRecord>,
    /// What the preview said.
    pub says: Vec<Value>,
    /// The entry that this one took back.
    pub undoes: Option<EntryId>,
    /// Those before it that it took back as well, oldest first.
    pub undoes_too: Vec<EntryId>,
    /// Proxies that have taken it up.
    pub acknowledged: u32,
    /// Proxies that were to take it up.
    pub proxies: u32,
    /// What became of it at each proxy, once that stood; kept as given.
    pub uptake: Vec<Value>,
}

impl Entry {
    /// Everything that it took back, oldest first.
    pub fn taken_back(&self) -> impl Iterator<Item = EntryId> {
        self.undoes_too.iter().copied().chain(self.undoes)
    }
}

/// Which entries to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this cluster alone.
    pub cluster: Option<String>,
    /// With this text in message, user, or an object's kind, namespace or name.
    pub search: String,
    /// With an object of this kind; empty for all.
    pub kind: String,
    /// By this user; empty for all.
    pub user: String,
    /// Not before this time, milliseconds since 1970.
    pub since: Option<i64>,
    /// Before this time, milliseconds since 1970.
    pub until: Option<i64>,
    /// At most so many; 0 for all.
    pub limit: usize,
    /// Older than this one.
    pub before: Option<EntryId>,
}
