//! One kind: list, watch, and begin again in the right place whatever happens.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kube::client::Body;
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use world::{Change, Coverage, Said, said};

use super::gather;
use super::item::{self, Event, Item, Known, Names, Page};
use super::lines::Lines;
use super::{Followed, Shared};
use crate::Api;
use crate::connection::{Call, escape};
use crate::cost::Heard;
use crate::error::{ApiError, Cause, Unreachable};

/// How far a relist may be behind what we have seen before it is believed all the same (a restored or new server).
const PATIENCE: u32 = 3;

/// Why a round ended.
enum End {
    /// As it should: the next one goes on from where we are.
    Clean,
    /// Versions that we know are no longer kept, or cannot be trusted.
    Relist,
    /// The kind is not served.
    Missing,
    /// The call failed.
    Failed(ApiError),
}

struct Kind {
    shared: Arc<Shared>,
    index: usize,
    followed: Followed,
    events: Sender<gather::Event>,
    rounds: watch::Receiver<u64>,
    /// What has been said of each object.
    known: HashMap<Names, Known>,
    /// The version to watch from; empty before the first list.
    from: String,
    failures: u32,
    behind: u32,
}

/// Follows one kind for ever.
pub(super) async fn run(shared: Arc<Shared>, index: usize, followed: Followed, events: Sender<gather::Event>) {
    let rounds = shared.link.rounds();
    let mut kind = Kind {
        shared,
        index,
        followed,
        events,
        rounds,
        known: HashMap::new(),
        from: String::new(),
        failures: 0,
        behind: 0,
    };
    loop {
        let begun = Instant::now();
        let end = kind.round().await;
        let wait = kind.after(end, begun.elapsed()).await;
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = kind.rounds.changed() => tokio::time::sleep(Duration::from_millis(fastrand::u64(0..500))).await,
        }
    }
}

impl Kind {
    /// Lists where that is needed, then watches until something ends it.
    async fn round(&mut self) -> End {
        self.rounds.mark_unchanged();
        let api = match self.api().await {
            Ok(Some(api)) => api,
            Ok(None) => return End::Missing,
            Err(error) => return End::Failed(error),
        };
        match self.go(&api).await {
            Ok(()) => End::Clean,
            Err(end) => end,
        }
    }

    async fn go(&mut self, api: &Api) -> Result<(), End> {
        if self.from.is_empty() && !self.shared.pages_only.load(Ordering::Relaxed) {
            self.watch(api, true).await?;
            if !self.from.is_empty() {
                return Ok(());
            }
        }
        if self.from.is_empty() {
            self.pages(api).await?;
        }
        self.watch(api, false).await
    }

    async fn api(&self) -> Result<Option<Api>, ApiError> {
        let Followed { group, kind, .. } = &self.followed;
        let known = self.shared.connection.apis_known().await?;
        if let Some(api) = known.find(group, kind) {
            return Ok(Some(api.clone()));
        }
        Ok(self.shared.served_anew().await?.find(group, kind).cloned())
    }

    /// What to do, and how long to wait, after a round.
    async fn after(&mut self, end: End, lasted: Duration) -> Duration {
        let pace = self.shared.pace.clone();
        match end {
            End::Clean => {
                self.failures = 0;
                return Duration::from_secs(1).saturating_sub(lasted).min(pace.watch / 2);
            }
            End::Relist => self.from.clear(),
            End::Missing => {
                self.from.clear();
                let gone = std::mem::take(&mut self.known);
                let Followed { group, kind, .. } = &self.followed;
                let gone: Vec<Change> = gone.keys().map(|names| item::deleted(group, kind, names)).collect();
                self.send(gone).await;
                self.cover(Coverage::Missing).await;
                return pace.missing;
            }
            End::Failed(error) => match error.cause {
                Cause::Gone => self.from.clear(),
                Cause::Forbidden { verb, .. } => {
                    let verb = if verb.is_empty() { "list".into() } else { verb };
                    self.cover(Coverage::Denied(verb)).await;
                    return jitter(pace.denied);
                }
                Cause::NotFound { .. } => {
                    // The kind has gone, or is served at another version now.
                    self.from.clear();
                    let _ = self.shared.served_anew().await;
                }
                Cause::TooManyRequests { after } => {
                    self.stale(said!("the API server asks to wait", "API 服务器要求等待")).await;
                    return jitter(after);
                }
                cause => {
                    tracing::debug!(kind = self.followed.kind, %cause, "following is interrupted");
                    self.stale(cause.said()).await;
                }
            },
        }
        let (first, longest) = pace.back_off;
        let wait = first.saturating_mul(1 << self.failures.min(10)).min(longest);
        self.failures += 1;
        jitter(wait)
    }

    /// A single failure after success is told only when the next try fails too: the link's own task tells what matters.
    async fn stale(&self, because: Said) {
        if self.failures > 0 || self.from.is_empty() {
            self.cover(Coverage::Stale(because)).await;
        }
    }

    async fn cover(&self, coverage: Coverage) {
        drop(self.events.send(gather::Event::Coverage(self.index, coverage)).await);
    }

    async fn send(&self, changes: Vec<Change>) {
        if !changes.is_empty() {
            drop(self.events.send(gather::Event::Changes(changes)).await);
        }
    }

    /// Everything as far as it is known now, in pages.
    async fn pages(&mut self, api: &Api) -> Result<(), End> {
        let tried = said!("list {}", "列出 {}", api.plural);
        let mut items = Vec::new();
        let mut next = String::new();
        loop {
            let (all, chosen) = (api.collection(&self.followed.within), self.followed.chosen());
            let mut path = format!("{all}?limit={}{chosen}", self.shared.pace.page);
            if !next.is_empty() {
                path = format!("{path}&continue={}", escape(&next));
            }
            let call = Call { accept: self.followed.accept(true), ..Call::get(&tried, path) };
            let reply = self.shared.connection.send(&call).await.map_err(End::Failed)?;
            self.shared.link.heard();
            let broken = |detail| End::Failed(self.shared.connection.error(&tried, Cause::Broken { detail }));
            let page = Page::read(&reply.body).map_err(broken)?;
            items.extend(page.items(api, &self.followed).map_err(broken)?);
            next = page.metadata.r#continue.clone().unwrap_or_default();
            if next.is_empty() {
                return self.take(items, page.metadata.resource_version).await;
            }
        }
    }

    /// A whole list, at once: what is new or changed is put, what is no longer there is deleted, the rest is left alone.
    async fn take(&mut self, items: Vec<Item>, version: String) -> Result<(), End> {
        let newest = self.known.values().map(|known| known.version).max().unwrap_or(0);
        if item::number(&version) < newest && self.behind < PATIENCE {
            self.behind += 1;
            return Err(End::Relist);
        }
        self.behind = 0;
        let mut before = std::mem::take(&mut self.known);
        let mut changes = Vec::new();
        for Item { names, known, change } in items {
            let same = before.remove(&names).is_some_and(|was| was.says_the_same(known));
            self.known.insert(names, known);
            if !same {
                changes.extend(change);
            }
        }
        changes.extend(before.keys().map(|names| item::deleted(&self.followed.group, &self.followed.kind, names)));
        self.from = version;
        self.send(changes).await;
        self.ready().await;
        Ok(())
    }

    async fn ready(&mut self) {
        self.cover(Coverage::Ready).await;
    }

    /// Watches from where we are, or (`list`) from a streaming list on. Ends with an error in every case but a clean end.
    async fn watch(&mut self, api: &Api, list: bool) -> Result<(), End> {
        let pace = self.shared.pace.clone();
        let lasts = pace.watch.mul_f64(1.0 + fastrand::f64() / 4.0);
        let seconds = lasts.as_secs().max(1);
        let all = api.collection(&self.followed.within);
        let chosen = self.followed.chosen();
        let mut path = format!("{all}?watch=1&allowWatchBookmarks=true&timeoutSeconds={seconds}{chosen}");
        path.push_str(&if list {
            "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan".to_owned()
        } else {
            format!("&resourceVersion={}", escape(&self.from))
        });
        let tried = said!("watch {}", "监视 {}", api.plural);
        let call = Call { identity: true, accept: self.followed.accept(false), ..Call::get(&tried, path) };
        let opened = tokio::select! {
            opened = self.shared.connection.open(&call) => opened,
            _ = self.rounds.changed() => return Ok(()),
        };
        let mut lines = match opened {
            Ok(response) => Lines::new(response.into_body()),
            Err(error) if list && refuses_streams(&error.cause) => {
                self.shared.pages_only.store(true, Ordering::Relaxed);
                return Ok(());
            }
            Err(error) => return Err(End::Failed(error)),
        };
        self.shared.link.heard();
        let begun = Instant::now();
        if list {
            let Some((items, version)) = self.streamed(api, &mut lines, &tried).await? else { return Ok(()) };
            self.take(items, version).await?;
        } else {
            self.ready().await;
        }
        self.read(api, &mut lines, &tried, begun + lasts + pace.overdue).await
    }

    /// The items of a streaming list; `None` where it does not come to an end, so that pages are asked for instead.
    async fn streamed(
        &mut self,
        api: &Api,
        lines: &mut Lines<Heard<Body>>,
        tried: &Said,
    ) -> Result<Option<(Vec<Item>, String)>, End> {
        let pace = self.shared.pace.clone();
        let last = Instant::now() + pace.stream * 12;
        let mut items = Vec::new();
        loop {
            let patience = (Instant::now() + pace.stream).min(last);
            let line = tokio::select! {
                line = timeout_at(patience, lines.next()) => line,
                _ = self.rounds.changed() => return Err(End::Relist),
            };
            let Ok(line) = line else {
                tracing::info!(kind = api.kind, "the streaming list did not end; reading pages");
                self.shared.pages_only.store(true, Ordering::Relaxed);
                return Ok(None);
            };
            let Some(line) = line.map_err(|detail| self.cut(tried, detail))? else {
                // Ended before its end: once may be chance, twice is how this server does it.
                self.shared.pages_only.store(self.failures > 0, Ordering::Relaxed);
                return Err(End::Relist);
            };
            self.shared.link.heard();
            match item::event(&line, api, &self.followed).map_err(|detail| self.broken(tried, detail))?.0 {
                Event::Put(item) => items.push(item),
                Event::Delete(names) => items.retain(|item| item.names != names),
                Event::Bookmark { version, end_of_list: true } => return Ok(Some((items, version))),
                Event::Bookmark { .. } => {}
                Event::Error(cause) if refuses_streams(&cause) => {
                    self.shared.pages_only.store(true, Ordering::Relaxed);
                    return Ok(None);
                }
                Event::Error(cause) => return Err(End::Failed(self.shared.connection.error(tried, cause))),
            }
        }
    }

    /// Every change until the stream ends.
    async fn read(
        &mut self,
        api: &Api,
        lines: &mut Lines<Heard<Body>>,
        tried: &Said,
        until: Instant,
    ) -> Result<(), End> {
        loop {
            let line = tokio::select! {
                line = timeout_at(until, lines.next()) => line,
                // The link was down and is back: this stream may be dead without knowing it.
                _ = self.rounds.changed() => return Ok(()),
            };
            let line = match line {
                // The server should have ended it, and would have sent a bookmark before (kubernetes,
                // staging/src/k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go, `nextBookmarkTime`): it is dead.
                Err(_) => {
                    tracing::info!(kind = api.kind, "a watch died alone; the next one goes on from its last version");
                    return Ok(());
                }
                Ok(Ok(None)) => return Ok(()),
                Ok(Ok(Some(line))) => line,
                Ok(Err(detail)) => return Err(self.cut(tried, detail)),
            };
            self.shared.link.heard();
            let (event, version) =
                item::event(&line, api, &self.followed).map_err(|detail| self.broken(tried, detail))?;
            if !matches!(event, Event::Error(_)) {
                self.failures = 0;
            }
            match event {
                Event::Put(item) => self.put(item).await,
                Event::Delete(names) => {
                    if self.known.remove(&names).is_some() {
                        self.send(vec![item::deleted(&self.followed.group, &self.followed.kind, &names)]).await;
                    }
                }
                Event::Bookmark { .. } => {}
                Event::Error(Cause::Gone) => return Err(End::Relist),
                Event::Error(cause) => return Err(End::Failed(self.shared.connection.error(tried, cause))),
            }
            if let Some(version) = version.filter(|version| !version.is_empty()) {
                self.from = version;
            }
        }
    }

    /// Only ever forward: an event that is told twice or late changes nothing.
    async fn put(&mut self, Item { names, known, change }: Item) {
        let was = self.known.get(&names).copied();
        if known.version != 0 && was.is_some_and(|was| was.version >= known.version) {
            return;
        }
        self.known.insert(names, known);
        if was.is_some_and(|was| was.says_the_same(known)) {
            return;
        }
        self.send(change.into_iter().collect()).await;
    }

    fn cut(&self, tried: &Said, detail: String) -> End {
        End::Failed(self.shared.connection.error(tried, Cause::Unreachable(Unreachable::Cut(detail))))
    }

    /// A line that is none. The same place would bring it again and again: after a few times everything is read anew.
    fn broken(&self, tried: &Said, detail: String) -> End {
        tracing::warn!(kind = self.followed.kind, %detail, "a broken line in a watch");
        if self.failures >= 2 {
            return End::Relist;
        }
        End::Failed(self.shared.connection.error(tried, Cause::Broken { detail }))
    }
}

fn refuses_streams(cause: &Cause) -> bool {
    matches!(cause, Cause::Invalid { .. } | Cause::Refused { .. })
}

/// Up to half more, so that many do not come back at once.
fn jitter(wait: Duration) -> Duration {
    wait.mul_f64(1.0 + fastrand::f64() / 2.0)
}
