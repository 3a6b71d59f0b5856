//! The journal as the user sees it: each entry with what has become of it in the cluster.

use std::collections::HashSet;

use journal::{Entry, EntryId, Filter, ObjectRecord, State};
use serde_json::Value;
use world::yaml::{self, DiffLine};
use world::{ObjectKey, World};

use crate::change::touched::{desired, dotted, touched};
use crate::says::Line;
use crate::write::settle::Found;
use crate::{Error, Result, Session, Workbench};

/// An entry in a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// As the journal has it.
    pub entry: Entry,
    /// Objects that somebody changed after us.
    pub drifted: u32,
}

/// One object of an entry.
#[derive(Clone, Debug)]
pub struct ItemOfEntry {
    /// As the journal has it.
    pub record: ObjectRecord,
    /// As YAML, before.
    pub before: String,
    /// As YAML, after.
    pub after: String,
    /// From one to the other.
    pub diff: Vec<DiffLine>,
    /// What the journal says of its write, and what the cluster shows now.
    pub because: String,
}

/// An entry whole.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its row.
    pub row: Row,
    /// Its objects in the order of the writes.
    pub items: Vec<ItemOfEntry>,
    /// What the review said.
    pub says: Vec<Line>,
}

impl Session {
    /// Entries of this cluster, newest first.
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn history(&self, search: &str) -> Result<Vec<Row>> {
        let filter = Filter { cluster: Some(self.cluster_name()), search: search.to_owned(), ..Filter::default() };
        let entries = self.opening.records.list(filter).await?;
        Ok(rows(entries, &self.world()))
    }

    /// One entry.
    ///
    /// # Errors
    /// Where there is none of this cluster, or the disk fails.
    pub async fn entry_told(&self, id: EntryId) -> Result<Told> {
        let entry = self.opening.records.get(id).await?;
        if entry.cluster != self.cluster_name() {
            return Err(Error::NoSuchEntry { entry: id });
        }
        let newer = self.history("").await?;
        let row = newer.into_iter().find(|row| row.entry.id == id).unwrap_or(Row { entry, drifted: 0 });
        let mut items = Vec::new();
        for record in &row.entry.objects {
            let mut item = item(record);
            if record.outcome.state == State::Intended {
                let live = crate::write::plan::read(self.connection(), &record.key).await;
                let seen =
                    live.map_or_else(|e| e.to_string(), |live| Found::of(record, live.as_ref()).words().to_owned());
                item.because = if item.because.is_empty() { seen } else { format!("{}; {seen}", item.because) };
            }
            items.push(item);
        }
        let says = row.entry.says.iter().map(Line::from_saved).collect();
        Ok(Told { row, items, says })
    }
}

impl Workbench {
    /// Entries of all clusters, newest first; whether they still stand is not asked.
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn history_of_all(&self, search: &str) -> Result<Vec<Row>> {
        let entries = self.records().list(Filter { search: search.to_owned(), ..Filter::default() }).await?;
        Ok(entries.into_iter().map(|entry| Row { entry, drifted: 0 }).collect())
    }

    /// One entry of any cluster, as the journal has it.
    ///
    /// # Errors
    /// Where there is none, or the disk fails.
    pub async fn entry_of_all(&self, id: EntryId) -> Result<Told> {
        let entry = self.records().get(id).await?;
        let items = entry.objects.iter().map(item).collect();
        let says = entry.says.iter().map(Line::from_saved).collect();
        Ok(Told { row: Row { entry, drifted: 0 }, items, says })
    }
}

/// An object of an entry as text.
pub fn item(record: &ObjectRecord) -> ItemOfEntry {
    let text = |object: &Option<Value>| object.as_ref().map(|o| yaml::write(&desired(o))).unwrap_or_default();
    let (before, after) = (text(&record.before), text(&record.after));
    let diff = yaml::diff(&before, &after);
    ItemOfEntry { because: record.outcome.because.clone(), record: record.clone(), before, after, diff }
}

/// Rows with what has drifted: only the newest entry of an object can tell.
pub fn rows(entries: Vec<Entry>, world: &World) -> Vec<Row> {
    let mut newer: HashSet<ObjectKey> = HashSet::new();
    let mut rows = Vec::new();
    for entry in entries {
        let mut drifted = 0;
        if entry.state == State::Applied {
            for object in &entry.objects {
                drifted += u32::from(newer.insert(object.key.clone()) && !drift(object, world).is_empty());
            }
        }
        rows.push(Row { entry, drifted });
    }
    rows
}

/// The fields in which the cluster has an object otherwise than we left it.
fn drift(object: &ObjectRecord, world: &World) -> Vec<String> {
    if !matches!(world.coverage(&object.key.group, &object.key.kind), world::Coverage::Ready) {
        return Vec::new();
    }
    let null = Value::Null;
    let now = world.document(&object.key).map(|document| document.body.clone());
    // A slim kind is not held whole: nothing can be said of it here.
    if now.is_none() && (object.key.group.is_empty() || object.key.group == "apps") {
        return Vec::new();
    }
    let fields = touched(object.after.as_ref().unwrap_or(&null), now.as_deref().unwrap_or(&null));
    fields.iter().map(|field| dotted(&field.path)).collect()
}
