//! Writes whose end nobody saw: the app was killed in the middle, or the server died and stayed away. Whenever the cluster
//! is live, each is compared with what is there now, and its entry is closed with what was found. Nothing is written to
//! the cluster for it: whether it is to be undone is the user's choice.

use std::sync::{Arc, Mutex, PoisonError};

use cluster::Connection;
use journal::{Change, Entry, EntryId, ObjectOutcome, ObjectRecord, State};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use world::{Said, said};

use super::plan::read;
use crate::change::touched::touched;
use crate::live::{Link, Live};
use crate::{Records, Result};

/// What a write has come to, by what is live now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It was not written.
    Before,
    /// It was written.
    After,
    /// Neither: somebody wrote since.
    Otherwise,
}

impl Found {
    pub(crate) fn of(record: &ObjectRecord, live: Option<&Value>) -> Self {
        let version = live.and_then(|live| live.pointer("/metadata/resourceVersion")).and_then(Value::as_str);
        if version.is_some_and(|version| version == record.resource_version) {
            return Self::Before;
        }
        // A secret is not in the journal, so nothing compares with what is; a status moves on by itself.
        let dark = record.redacted || record.change == Change::Order;
        let is = |image: &Option<Value>| match (image, live) {
            (Some(image), Some(live)) => !dark && touched(image, live).is_empty(),
            (None, None) => true,
            _ => false,
        };
        match (is(&record.before), is(&record.after)) {
            (true, _) => Self::Before,
            (_, true) => Self::After,
            _ => Self::Otherwise,
        }
    }

    pub(crate) fn said(self) -> Said {
        match self {
            Self::Before => {
                said!("the cluster has it as it was before: it was not written", "集群中它仍是之前的样子：未写入")
            }
            Self::After => {
                said!("the cluster has it as it was asked for: it was written", "集群中它已是所要求的样子：已写入")
            }
            Self::Otherwise => {
                said!("the cluster has it otherwise: somebody changed it since", "集群中它是另一个样子：此后有人改了它")
            }
        }
    }

    /// After what was known of it until now.
    pub(crate) fn after(self, known: &Said) -> Said {
        if known.en.is_empty() { self.said() } else { Said::in_turn(&[known.clone(), self.said()]) }
    }

    fn outcome(self, record: &ObjectRecord, live: Option<&Value>) -> ObjectOutcome {
        let version = live.and_then(|live| live.pointer("/metadata/resourceVersion")).and_then(Value::as_str);
        let (state, version) = match self {
            Self::Before => (State::RolledBack, None),
            Self::After => (State::Applied, version),
            Self::Otherwise => (State::Partial, None),
        };
        let because = self.after(&record.outcome.because);
        ObjectOutcome { state, resource_version: version.unwrap_or_default().to_owned(), because }
    }
}

/// A change whose end nobody saw, and what it has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its entry.
    pub entry: EntryId,
    /// Why it was made.
    pub message: Said,
    /// Objects of it that are known to be written.
    pub written: usize,
    /// Objects of it.
    pub objects: usize,
}

/// What was settled since the session began.
pub(crate) type Told = Arc<Mutex<Vec<Settled>>>;

/// Settles whatever is open each time the cluster has become live, until cancelled.
pub(crate) async fn whenever_live(
    (connection, records, cluster): (Connection, Records, String),
    told: Told,
    mut live: watch::Receiver<Live>,
    cancel: CancellationToken,
) {
    let rounds = async {
        while live.wait_for(|live| live.link == Link::Live).await.is_ok() {
            if let Err(error) = all(&connection, &records, &cluster, &told).await {
                tracing::warn!(%error, "what became of earlier writes could not be recorded");
            }
            if live.wait_for(|live| live.link != Link::Live).await.is_err() {
                return;
            }
        }
    };
    cancel.run_until_cancelled(rounds).await;
}

async fn all(connection: &Connection, records: &Records, cluster: &str, told: &Told) -> Result<()> {
    for entry in records.uncertain(cluster).await? {
        let found = found(connection, &entry).await;
        let state = records.settle(entry.id, found).await?;
        if state == State::Applied {
            for undone in entry.taken_back() {
                records.close(undone, State::Undone).await?;
            }
        }
        if state != State::Intended {
            let entry = records.get(entry.id).await?;
            let written = entry.objects.iter().filter(|object| object.outcome.state == State::Applied).count();
            let settled = Settled { entry: entry.id, message: entry.message, written, objects: entry.objects.len() };
            told.lock().unwrap_or_else(PoisonError::into_inner).push(settled);
        }
    }
    Ok(())
}

/// What is live of the objects that nobody knows of. One that cannot be read now stays open.
async fn found(connection: &Connection, entry: &Entry) -> Vec<(usize, ObjectOutcome)> {
    let mut found = Vec::new();
    for (at, record) in entry.objects.iter().enumerate().filter(|(_, o)| o.outcome.state == State::Intended) {
        match read(connection, &record.key).await {
            Ok(live) => found.push((at, Found::of(record, live.as_ref()).outcome(record, live.as_ref()))),
            Err(error) => tracing::info!(%error, "what became of an earlier write is not known yet"),
        }
    }
    found
}
