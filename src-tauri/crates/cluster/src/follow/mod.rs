//! Following kinds: first everything, then every change, until told to stop.
//!
//! Each kind has a task of its own (`kind`), one task listens whether the server is there at all (`link`), and one gathers
//! what they bring into batches (`gather`). Lists are streamed where the server can (KEP-3157), else read in pages.

mod gather;
mod item;
mod kind;
mod lines;
mod link;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use world::{Change, Coverage};

use crate::connection::escape;
use crate::{Apis, Connection};
use link::Link;

/// A kind to follow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Followed {
    /// API group; empty for the core group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// What is kept of its objects.
    pub keep: Keep,
    /// Only objects of this namespace; empty for all.
    pub within: String,
    /// Only objects that this label selector picks; empty for all.
    pub picked: String,
    /// Another of the same kind says what is known of it: of this one nothing is told.
    pub beside: bool,
}

/// What is kept of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Keep {
    /// All of it.
    Whole,
    /// What stands under `metadata`: for Secrets, and for kinds whose objects are large.
    Heads,
    /// Its name and its labels. One whose labels are as they were has not changed.
    Labels,
}

impl Followed {
    /// A kind of a group.
    pub fn new(group: &str, kind: &str) -> Self {
        let (within, picked) = (String::new(), String::new());
        Self { group: group.into(), kind: kind.into(), keep: Keep::Whole, within, picked, beside: false }
    }

    /// How a list, or a watch, is asked for.
    fn accept(&self, list: bool) -> &'static str {
        match (self.keep, list) {
            (Keep::Whole, _) => "application/json",
            (Keep::Heads | Keep::Labels, true) => "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            (Keep::Heads | Keep::Labels, false) => "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
        }
    }

    /// Which objects a list, or a watch, is about: a parameter with what joins it to those before; empty for all.
    fn chosen(&self) -> String {
        if self.picked.is_empty() { String::new() } else { format!("&labelSelector={}", escape(&self.picked)) }
    }
}

/// What following brings, at most one batch in eight milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Batch {
    /// Objects came, changed or went, in order.
    Changes(Vec<Change>),
    /// What is known of a kind has changed. `Ready` comes after the changes that make it so.
    Coverage {
        /// API group.
        group: String,
        /// Kind.
        kind: String,
        /// What is known of it now.
        coverage: Coverage,
    },
    /// The server was heard: nothing else is new.
    Heard,
}

/// The times that following keeps to.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    /// How long a batch may wait for more.
    batch: Duration,
    /// The server is asked for a sign of life when nothing was heard for so long …
    beat: Duration,
    /// … and has so long to answer.
    answer: Duration,
    /// After so long, and up to a quarter more, the server ends a watch, and we begin the next. This bounds how long a
    /// watch can be dead alone: the way of one connection broke without a word while others live, so that nothing but
    /// its own end can tell. A new watch from a known version costs the server next to nothing (client-go's take minutes
    /// for the sake of thousands of clients).
    watch: Duration,
    /// A watch that the server has not ended so long after its time is dead.
    overdue: Duration,
    /// A streaming list has to bring something in this time.
    stream: Duration,
    /// Items of a page.
    page: usize,
    /// First and longest wait after a failure.
    back_off: (Duration, Duration),
    /// A kind that is denied is tried again after this.
    denied: Duration,
    /// Kinds that are missing are looked for at this distance.
    missing: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            batch: Duration::from_millis(8),
            beat: Duration::from_secs(2),
            answer: Duration::from_millis(2500),
            watch: Duration::from_secs(20),
            overdue: Duration::from_secs(3),
            stream: Duration::from_secs(10),
            page: 500,
            back_off: (Duration::from_millis(800), Duration::from_secs(30)),
            denied: Duration::from_secs(60),
            missing: Duration::from_secs(15),
        }
    }
}

/// What the tasks of one following share.
struct Shared {
    connection: Connection,
    pace: Pace,
    link: Link,
    /// The server has refused a streaming list, or never ended one.
    pages_only: AtomicBool,
    served: Mutex<Option<Instant>>,
}

impl Shared {
    /// What is served, asked anew at most once in a while whoever asks.
    async fn served_anew(&self) -> Result<Arc<Apis>, crate::ApiError> {
        let mut asked = self.served.lock().await;
        if asked.is_some_and(|at| at.elapsed() < self.pace.missing) {
            return self.connection.apis_known().await;
        }
        let apis = self.connection.apis().await;
        *asked = apis.is_ok().then(Instant::now);
        apis
    }
}

/// Follows these kinds until cancelled; then the channel closes.
pub fn follow(connection: Connection, kinds: Vec<Followed>, cancel: CancellationToken) -> Receiver<Batch> {
    follow_at(connection, kinds, cancel, Pace::default())
}

pub(crate) fn follow_at(
    connection: Connection,
    kinds: Vec<Followed>,
    cancel: CancellationToken,
    pace: Pace,
) -> Receiver<Batch> {
    let (batches, receiver) = mpsc::channel(64);
    let (events, incoming) = mpsc::channel(256);
    let shared = Arc::new(Shared {
        connection,
        pace: pace.clone(),
        link: Link::default(),
        pages_only: AtomicBool::new(false),
        served: Mutex::new(None),
    });
    tokio::spawn(async move {
        // Dropping the set at the end of the scope aborts every task in it.
        let mut tasks = JoinSet::new();
        for (index, followed) in kinds.iter().enumerate() {
            tasks.spawn(kind::run(shared.clone(), index, followed.clone(), events.clone()));
        }
        tasks.spawn(link::listen(shared.clone(), events));
        let gathered = gather::run(incoming, kinds, batches, pace.batch);
        cancel.run_until_cancelled(gathered).await;
    });
    receiver
}
