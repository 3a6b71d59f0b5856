//! The journal, off the caller's task: each of its writes waits for the disk.

use std::path::Path;

use journal::{Entry, EntryId, Filter, Journal, JournalError, NewEntry, ObjectOutcome, State};
use tokio::sync::watch;

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
        self.changed.send_modify(|count| *count += 1);
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

    pub(crate) async fn acknowledged(&self, id: EntryId, acknowledged: u32, total: u32) -> Result<()> {
        self.change(move |journal| journal.acknowledged(id, acknowledged, total)).await
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
}
