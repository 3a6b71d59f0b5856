//! The journal as the user sees it: each entry with what has become of it in the cluster.

mod export;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use journal::{Change, Entry, EntryId, Filter, ObjectRecord, State};
use serde_json::Value;
use world::yaml::{self, DiffLine};
use world::{ObjectKey, Said, World};

pub use export::{Form, export};

use crate::change::owners::others;
use crate::change::touched::{Touched, dotted, meant, touched};
use crate::says::Line;
use crate::uptake;
use crate::write::settle::Found;
use crate::{Error, Result, Session, Workbench};

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
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
    /// Of every cluster, not of this one alone.
    pub all_clusters: bool,
}

impl Wanted {
    fn filter(&self, cluster: Option<String>) -> Filter {
        Filter {
            cluster: cluster.filter(|_| !self.all_clusters),
            search: self.search.clone(),
            kind: self.kind.clone(),
            user: self.user.clone(),
            since: self.since,
            until: self.until,
            ..Filter::default()
        }
    }
}

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
    pub because: Said,
    /// Fields that the cluster has otherwise than we left them, each with who owns it now, where that is known.
    pub drift: Vec<Drift>,
}

/// A field that somebody changed after us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// As people write it.
    pub field: String,
    /// The managers that own it now; empty where the server names none.
    pub managers: Vec<String>,
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
    /// What became of it at each proxy, once that stood.
    pub uptake: Vec<uptake::Row>,
}

impl Session {
    /// Entries of this cluster, newest first.
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn history(&self, wanted: &Wanted) -> Result<Vec<Row>> {
        if *wanted == Wanted::default() {
            let filter = wanted.filter(Some(self.cluster_name()));
            return Ok(rows(self.opening.records.list(filter).await?, &self.world(), &self.arrived()));
        }
        // What an entry of ours was followed by is seen among all of this cluster's, whatever is wanted.
        let own = Filter { cluster: Some(self.cluster_name()), ..Filter::default() };
        let drifted: HashMap<EntryId, u32> =
            rows(self.opening.records.list(own).await?, &self.world(), &self.arrived())
                .into_iter()
                .map(|r| (r.entry.id, r.drifted))
                .collect();
        let entries = self.opening.records.list(wanted.filter(Some(self.cluster_name()))).await?;
        let row = |entry: Entry| Row { drifted: drifted.get(&entry.id).copied().unwrap_or(0), entry };
        Ok(entries.into_iter().map(row).collect())
    }

    /// Entries as a text for others, newest first.
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn history_export(&self, wanted: &Wanted, form: Form) -> Result<String> {
        Ok(export(&self.history(wanted).await?, form))
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
        let newer = self.history(&Wanted::default()).await?;
        let row = newer.into_iter().find(|row| row.entry.id == id).unwrap_or(Row { entry, drifted: 0 });
        let world = self.world();
        let mut items = Vec::new();
        for record in &row.entry.objects {
            let mut item = item(record);
            if row.drifted > 0 {
                item.drift = self.named(&record.key, drift(record, &world)).await;
            }
            if record.outcome.state == State::Intended {
                let live = crate::write::plan::read(self.connection(), &record.key).await;
                item.because = match live {
                    Ok(live) => Found::of(record, live.as_ref()).after(&item.because),
                    Err(error) if item.because.en.is_empty() => error.said(),
                    Err(error) => Said::in_turn(&[item.because, error.said()]),
                };
            }
            items.push(item);
        }
        Ok(told(row, items))
    }

    /// Who has written these fields as they are now. A world does not keep that, so the server is asked; where it cannot be, nobody is named.
    async fn named(&self, key: &ObjectKey, fields: Vec<Touched>) -> Vec<Drift> {
        let live = match fields.is_empty() {
            true => None,
            false => crate::write::plan::read(self.connection(), key).await.ok().flatten(),
        };
        let owners = live.map(|live| others(&live, &fields, "")).unwrap_or_default();
        let one = |field: Touched| {
            let name = dotted(&field.path);
            Drift { managers: owners.get(&name).cloned().unwrap_or_default(), field: name }
        };
        fields.into_iter().map(one).collect()
    }
}

impl Workbench {
    /// Entries of all clusters, newest first; whether they still stand is not asked.
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn history_of_all(&self, wanted: &Wanted) -> Result<Vec<Row>> {
        let entries = self.records().list(wanted.filter(None)).await?;
        Ok(entries.into_iter().map(|entry| Row { entry, drifted: 0 }).collect())
    }

    /// One entry of any cluster, as the journal has it.
    ///
    /// # Errors
    /// Where there is none, or the disk fails.
    pub async fn entry_of_all(&self, id: EntryId) -> Result<Told> {
        let entry = self.records().get(id).await?;
        let items = entry.objects.iter().map(item).collect();
        Ok(told(Row { entry, drifted: 0 }, items))
    }
}

fn told(row: Row, items: Vec<ItemOfEntry>) -> Told {
    let says = row.entry.says.iter().map(Line::from_saved).collect();
    let uptake = row.entry.uptake.iter().map(uptake::Row::from_saved).collect();
    Told { says, uptake, row, items }
}

/// An object of an entry as text.
pub fn item(record: &ObjectRecord) -> ItemOfEntry {
    let text =
        |object: &Option<Value>| object.as_ref().map(|o| yaml::write(&meant(record.change, o))).unwrap_or_default();
    let (before, after) = (text(&record.before), text(&record.after));
    let diff = yaml::diff(&before, &after);
    let because = record.outcome.because.clone();
    ItemOfEntry { because, record: record.clone(), before, after, diff, drift: Vec::new() }
}

/// Rows with what has drifted: only the newest entry of an object can tell.
pub(crate) fn rows(entries: Vec<Entry>, world: &World, arrived: &HashSet<EntryId>) -> Vec<Row> {
    let mut newer: HashSet<ObjectKey> = HashSet::new();
    let mut rows = Vec::new();
    for entry in entries {
        let mut drifted = 0;
        if entry.state == State::Applied {
            for object in &entry.objects {
                let is_newest = newer.insert(object.key.clone());
                let is_coming = is_coming(&entry, object, world, arrived);
                drifted += u32::from(is_newest && !is_coming && !drift(object, world).is_empty());
            }
        }
        rows.push(Row { entry, drifted });
    }
    rows
}

/// So long after a write a new object that is not there may be on its way here.
const ON_ITS_WAY: Duration = Duration::from_secs(10);

/// Entries of this session whose new objects have been here since, or should have been.
pub(crate) type Arrived = Arc<Mutex<HashSet<EntryId>>>;

impl Session {
    pub(crate) fn arrived(&self) -> HashSet<EntryId> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From the moment that new objects are here, one that is not was taken away by somebody. Who asked of the entry before is told to ask again.
    pub(crate) fn await_arrival(&self, entry: EntryId, new: Vec<ObjectKey>) {
        let (mut live, arrived, records) = (self.live(), self.arrived.clone(), self.opening.records.clone());
        let cancel = self.cancel.clone();
        tokio::spawn(cancel.run_until_cancelled_owned(async move {
            let all = live.wait_for(|live| new.iter().all(|key| live.world.document(key).is_some()));
            // Whatever comes and goes between two looks is not seen at all.
            let _ = tokio::time::timeout(ON_ITS_WAY, all).await;
            arrived.lock().unwrap_or_else(PoisonError::into_inner).insert(entry);
            records.tell();
        }));
    }
}

/// Our own write has yet to be seen: what is there is what was there before it.
pub(crate) fn is_coming(entry: &Entry, object: &ObjectRecord, world: &World, arrived: &HashSet<EntryId>) -> bool {
    let is_young = || jiff::Timestamp::now().as_millisecond() < entry.at + ON_ITS_WAY.as_millis() as i64;
    match world.document(&object.key) {
        Some(document) => document.resource_version == object.resource_version,
        None => object.before.is_none() && !arrived.contains(&entry.id) && is_young(),
    }
}

/// The fields in which the cluster has an object otherwise than we left it.
fn drift(object: &ObjectRecord, world: &World) -> Vec<Touched> {
    // What its controller makes of an order is no drift.
    let covered = matches!(world.coverage(&object.key.group, &object.key.kind), world::Coverage::Ready);
    if !covered || object.change == Change::Order {
        return Vec::new();
    }
    let null = Value::Null;
    let now = world.document(&object.key).map(|document| document.body.clone());
    // A slim kind is not held whole: nothing can be said of it here.
    if now.is_none() && (object.key.group.is_empty() || object.key.group == "apps") {
        return Vec::new();
    }
    touched(object.after.as_ref().unwrap_or(&null), now.as_deref().unwrap_or(&null))
}
