//! The journal, off the caller's task: each of its writes waits for the disk.

use std::path::Path;

use ::rollout::Command;
use journal::{
    Entry, EntryId, Filter, Guard, Journal, JournalError, Look, NewEntry, ObjectOutcome, Plaintext, Rollout, RolloutId,
    State,
};
use serde_json::Value;
use tokio::sync::watch;

use crate::rollout::Kept;
use crate::session::defect;
use crate::{Error, Result};

/// The journal of a workbench; clones share it.
#[derive(Clone)]
pub struct Records {
    journal: Journal,
    changed: watch::Sender<u64>,
}

impl Records {
    /// Opens the journal of a profile.
    ///
    /// # Errors
    /// Where the disk refuses, or the file is not ours.
    pub fn open(folder: &Path) -> Result<Self> {
        let opened = Journal::open(folder)?;
        if let Some(aside) = &opened.set_aside {
            tracing::warn!(file = %aside.display(), "a damaged journal was set aside");
        }
        Ok(Self { journal: opened.journal, changed: watch::channel(0).0 })
    }

    /// Grows with each change.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Says that what was told of an entry has changed, though the journal has not.
    pub(crate) fn tell(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Journal) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T> {
        let journal = self.journal.clone();
        let done = tokio::task::spawn_blocking(move || work(&journal)).await;
        Ok(done.map_err(|_| defect("the journal"))??)
    }

    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Journal) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T> {
        let done = self.run(work).await?;
        self.tell();
        Ok(done)
    }

    /// What is about to be written; on disk when it returns.
    pub(crate) async fn intend(&self, entry: NewEntry) -> Result<EntryId> {
        self.change(move |journal| journal.intend(&entry)).await
    }

    pub(crate) async fn outcome(&self, id: EntryId, at: usize, outcome: ObjectOutcome) -> Result<()> {
        self.change(move |journal| journal.outcome(id, at, &outcome)).await
    }

    pub(crate) async fn close(&self, id: EntryId, state: State) -> Result<()> {
        self.change(move |journal| journal.close(id, state)).await
    }

    pub(crate) async fn uncertain(&self, cluster: &str) -> Result<Vec<Entry>> {
        let cluster = cluster.to_owned();
        self.run(move |journal| journal.uncertain(&cluster)).await
    }

    pub(crate) async fn settle(&self, id: EntryId, found: Vec<(usize, ObjectOutcome)>) -> Result<State> {
        self.change(move |journal| journal.settle(id, &found)).await
    }

    pub(crate) async fn acknowledged(
        &self,
        id: EntryId,
        acknowledged: u32,
        total: u32,
        uptake: Vec<Value>,
    ) -> Result<()> {
        self.change(move |journal| journal.acknowledged(id, acknowledged, total, &uptake)).await
    }

    /// Entries, newest first.
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn list(&self, filter: Filter) -> Result<Vec<Entry>> {
        self.run(move |journal| journal.list(&filter)).await
    }

    /// One entry.
    ///
    /// # Errors
    /// Where there is none, or the disk fails.
    pub async fn get(&self, id: EntryId) -> Result<Entry> {
        match self.run(move |journal| journal.get(id)).await {
            Err(Error::Journal(JournalError::NoEntry(_))) => Err(Error::NoSuchEntry { entry: id }),
            answer => answer,
        }
    }

    /// What was seen of traffic in plaintext; no change that anybody is told of.
    pub(crate) async fn looked(&self, cluster: &str, look: Look) -> Result<()> {
        let cluster = cluster.to_owned();
        self.run(move |journal| journal.looked(&cluster, &look)).await
    }

    pub(crate) async fn plaintext(&self, cluster: &str) -> Result<Option<Plaintext>> {
        let cluster = cluster.to_owned();
        self.run(move |journal| journal.plaintext(&cluster)).await
    }

    pub(crate) async fn guard(&self, cluster: &str, namespace: &str, now: i64) -> Result<()> {
        let (cluster, namespace) = (cluster.to_owned(), namespace.to_owned());
        self.run(move |journal| journal.guard(&cluster, &namespace, now)).await
    }

    pub(crate) async fn guard_keep(&self, cluster: &str, guard: Guard) -> Result<()> {
        let cluster = cluster.to_owned();
        self.run(move |journal| journal.guard_keep(&cluster, &guard)).await
    }

    pub(crate) async fn unguard_next(&self, cluster: &str, namespace: &str) -> Result<()> {
        let (cluster, namespace) = (cluster.to_owned(), namespace.to_owned());
        self.run(move |journal| journal.unguard_next(&cluster, &namespace)).await
    }

    pub(crate) async fn unguard(&self, cluster: &str, namespace: &str, since: i64) -> Result<()> {
        let (cluster, namespace) = (cluster.to_owned(), namespace.to_owned());
        self.run(move |journal| journal.unguard(&cluster, &namespace, since)).await
    }

    pub(crate) async fn guards(&self, cluster: &str) -> Result<Vec<Guard>> {
        let cluster = cluster.to_owned();
        self.run(move |journal| journal.guards(&cluster)).await
    }

    pub(crate) async fn rollouts(&self, cluster: &str) -> Result<Vec<Rollout>> {
        let cluster = cluster.to_owned();
        self.run(move |journal| journal.rollouts(&cluster)).await
    }

    pub(crate) async fn rollout_begin(
        &self,
        cluster: &str,
        user: &str,
        driver: &str,
        kept: &Kept,
    ) -> Result<RolloutId> {
        let (cluster, user, driver, state) = (cluster.to_owned(), user.to_owned(), driver.to_owned(), state_of(kept)?);
        self.change(move |journal| journal.rollout_begin(&cluster, &user, &driver, &state)).await
    }

    /// False where another program drives it by now.
    pub(crate) async fn rollout_keep(&self, id: RolloutId, driver: &str, kept: &Kept) -> Result<bool> {
        let (driver, state, is_over) = (driver.to_owned(), state_of(kept)?, kept.run.phase.is_over());
        self.change(move |journal| journal.rollout_keep(id, &driver, &state, is_over)).await
    }

    /// A sign of life alone is no change that anybody is told of; false where another program drives it by now.
    pub(crate) async fn rollout_beat(&self, id: RolloutId, driver: &str) -> Result<bool> {
        let driver = driver.to_owned();
        self.run(move |journal| journal.rollout_beat(id, &driver)).await
    }

    pub(crate) async fn rollout_adopt(&self, id: RolloutId, driver: &str, heard: i64) -> Result<bool> {
        let driver = driver.to_owned();
        self.change(move |journal| journal.rollout_adopt(id, &driver, heard)).await
    }

    pub(crate) async fn rollout_wish(&self, id: RolloutId, command: Command) -> Result<()> {
        let word = serde_json::to_string(&command).map_err(|_| defect("a wish for a rollout"))?;
        self.run(move |journal| journal.rollout_wish(id, &word)).await
    }

    pub(crate) async fn rollout_take_wish(&self, id: RolloutId) -> Result<Option<Command>> {
        let word = self.run(move |journal| journal.rollout_take_wish(id)).await?;
        Ok(word.and_then(|word| serde_json::from_str(&word).ok()))
    }
}

fn state_of(kept: &Kept) -> Result<Value> {
    serde_json::to_value(kept).map_err(|_| defect("a rollout's state"))
}
