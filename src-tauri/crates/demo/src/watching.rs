//! A watch: a stream of events from a revision on, with bookmarks, initial events and an end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::form::{self, Form};
use crate::kinds::Kind;
use crate::refusal::Refusal;
use crate::selector::Selector;
use crate::store::{Event, Happening, Store, Stored};

/// A bookmark comes this often, and this long before the end (k8s.io/apiserver/pkg/storage/cacher/cacher.go, cache_watcher.go).
const BOOKMARK_PERIOD: Duration = Duration::from_secs(60);
const BOOKMARK_BEFORE_END: Duration = Duration::from_secs(2);
/// Objects in one piece of the initial events.
const PIECE: usize = 256;

/// What is watched, and how.
pub(crate) struct Watch {
    pub(crate) store: Arc<Store>,
    pub(crate) kind: Arc<Kind>,
    pub(crate) version: String,
    pub(crate) namespace: Option<String>,
    pub(crate) selector: Selector,
    pub(crate) form: Form,
    pub(crate) bookmarks: bool,
    pub(crate) timeout: Duration,
    pub(crate) cancel: CancellationToken,
}

/// Where a watch begins.
pub(crate) enum Start {
    /// With the events after this revision.
    After(u64),
    /// With all objects as they are now.
    Now {
        /// Then with a bookmark that says so (`sendInitialEvents`).
        mark_end: bool,
    },
}

struct Run {
    watch: Watch,
    initial: std::vec::IntoIter<Arc<Stored>>,
    mark_end: bool,
    after: u64,
    told: tokio::sync::watch::Receiver<u64>,
    end: Instant,
    bookmark: Instant,
    over: bool,
}

impl Watch {
    /// The events as lines of JSON.
    pub(crate) fn stream(self, start: Start) -> Result<impl Stream<Item = Bytes> + Send + 'static, Refusal> {
        let told = self.store.follow(&self.kind).ok_or(Refusal::NoSuchPath)?;
        let (initial, after, mark_end) = match start {
            Start::After(revision) => (Vec::new(), revision, false),
            Start::Now { mark_end } => {
                let wanted = |o: &Stored| self.wants(o);
                let (all, _, revision) =
                    self.store.list(&self.kind, self.namespace.as_deref(), None, usize::MAX, wanted);
                (all, revision, mark_end)
            }
        };
        let now = Instant::now();
        let end = now + self.timeout;
        let bookmark = (now + BOOKMARK_PERIOD).min((end - BOOKMARK_BEFORE_END).max(now));
        let run = Run { watch: self, initial: initial.into_iter(), mark_end, after, told, end, bookmark, over: false };
        Ok(futures::stream::unfold(run, |mut run| async move { Some((run.next().await?, run)) }))
    }

    fn wants(&self, stored: &Stored) -> bool {
        self.namespace.as_ref().is_none_or(|n| *n == stored.names.0)
            && self
                .selector
                .matches(&stored.labels, (&stored.names.0, &stored.names.1), || stored.body(&self.kind, &self.version))
    }

    fn line(&self, happening: Happening, stored: &Stored, into: &mut Vec<u8>) {
        let name = match happening {
            Happening::Added => "ADDED",
            Happening::Modified => "MODIFIED",
            Happening::Deleted => "DELETED",
        };
        into.extend_from_slice(format!("{{\"type\":\"{name}\",\"object\":").as_bytes());
        into.extend(form::object(stored, &self.kind, &self.version, self.form));
        into.extend_from_slice(b"}\n");
    }

    /// An object that no longer fits the selector has gone, for this watch; one that now fits has come.
    fn event(&self, event: &Event, into: &mut Vec<u8>) {
        let before = event.before.as_ref().is_some_and(|o| self.wants(o));
        let now = event.happening != Happening::Deleted && self.wants(&event.object);
        match (before, now) {
            (false, true) => self.line(Happening::Added, &event.object, into),
            (true, true) => self.line(Happening::Modified, &event.object, into),
            (true, false) => self.line(Happening::Deleted, &event.object, into),
            (false, false) => {}
        }
    }

    fn bookmark(&self, revision: u64, end_of_initial: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
        if end_of_initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object =
            json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(&self.version), "metadata": metadata});
        line("BOOKMARK", &object)
    }
}

fn line(name: &str, object: &Value) -> Bytes {
    Bytes::from(format!("{}\n", json!({"type": name, "object": object})))
}

impl Run {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.over {
                return None;
            }
            if let Some(piece) = self.initial_piece() {
                return Some(piece);
            }
            match self.watch.store.since(&self.watch.kind, self.after) {
                Err(too_old) => {
                    self.over = true;
                    let message = format!("too old resource version: {} ({})", self.after, too_old.floor);
                    return Some(line("ERROR", &Refusal::Expired(message).status()));
                }
                Ok((events, revision)) => {
                    self.after = revision.max(self.after);
                    let mut text = Vec::new();
                    events.iter().for_each(|event| self.watch.event(event, &mut text));
                    if !text.is_empty() {
                        return Some(text.into());
                    }
                }
            }
            tokio::select! {
                () = self.watch.cancel.cancelled() => return None,
                () = tokio::time::sleep_until(self.end) => return None,
                () = tokio::time::sleep_until(self.bookmark) => {
                    let now = Instant::now();
                    let last = now + BOOKMARK_BEFORE_END >= self.end;
                    self.bookmark = if last { self.end + BOOKMARK_PERIOD } else {
                        (now + BOOKMARK_PERIOD).min(self.end - BOOKMARK_BEFORE_END)
                    };
                    if self.watch.bookmarks {
                        return Some(self.watch.bookmark(self.after, false));
                    }
                }
                told = self.told.changed() => if told.is_err() { return None },
            }
        }
    }

    fn initial_piece(&mut self) -> Option<Bytes> {
        let mut text = Vec::new();
        for stored in self.initial.by_ref().take(PIECE) {
            self.watch.line(Happening::Added, &stored, &mut text);
        }
        if !text.is_empty() {
            return Some(text.into());
        }
        std::mem::take(&mut self.mark_end).then(|| self.watch.bookmark(self.after, true))
    }
}
