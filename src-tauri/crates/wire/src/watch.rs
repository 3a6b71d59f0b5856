//! What has changed, merged: at most one pulse a frame, and none where nothing did. The page asks at its own pace.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use session::live::Live;
use session::{Session, Workbench};
use tokio::sync::watch::Receiver;

use crate::convert::{link, millis};
use crate::types::{Link, Pulse, Topic};

/// Two pulses are at least this far apart: a frame at 60 Hz, for nobody sees more.
const APART: Duration = Duration::from_millis(16);
/// Freshness alone is told this often.
const FRESH: Duration = Duration::from_secs(1);

/// A running watch; dropping it ends it.
#[must_use]
#[derive(Debug)]
pub struct Watch(tokio::task::JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Watch {
    /// Waits until it ends: its session was closed, or its sink is gone.
    pub async fn ended(&mut self) {
        let _ = (&mut self.0).await;
    }
}

/// Pulses of one session.
pub(crate) fn session(
    session: &Arc<Session>,
    bench: &Workbench,
    sink: impl FnMut(Pulse) -> bool + Send + 'static,
) -> Watch {
    let (session, clusters, journal) = (session.clone(), bench.changed(), bench.records().changed());
    Watch(tokio::spawn(follow(session, clusters, journal, sink)))
}

/// Pulses of what belongs to no session: the list of clusters, the journal.
pub(crate) fn bench(bench: &Workbench, mut sink: impl FnMut(Pulse) -> bool + Send + 'static) -> Watch {
    let (mut clusters, mut journal) = (bench.changed(), bench.records().changed());
    Watch(tokio::spawn(async move {
        loop {
            let topic = tokio::select! {
                changed = clusters.changed() => changed.map(|()| Topic::Clusters),
                changed = journal.changed() => changed.map(|()| Topic::Journal),
            };
            let Ok(topic) = topic else { return };
            let pulse =
                Pulse { session: String::new(), revision: 0.0, link: Link::Live, heard_at: 0.0, spoiled: vec![topic] };
            if !sink(pulse) {
                return;
            }
            tokio::time::sleep(APART).await;
        }
    }))
}

async fn follow(
    session: Arc<Session>,
    mut clusters: Receiver<u64>,
    mut journal: Receiver<u64>,
    mut sink: impl FnMut(Pulse) -> bool + Send,
) {
    let (mut live, mut traffic, mut fleet, mut tray, mut access) =
        (session.live(), session.traffic(), session.fleet(), session.tray(), session.access_told());
    let mut prometheus = session.prometheus();
    let mut told = Told::default();
    // The first pulse says how things stand, so that nobody has to ask before.
    live.mark_changed();
    let mut last_fresh = tokio::time::Instant::now();
    loop {
        let mut spoiled: HashSet<Topic> = HashSet::new();
        let ended = tokio::select! {
            () = session.stopped() => true,
            changed = live.changed() => changed.is_err(),
            changed = traffic.changed() => { spoiled.extend([Topic::Traffic, Topic::Graph]); changed.is_err() }
            changed = fleet.changed() => { spoiled.extend([Topic::Proxies, Topic::Overview, Topic::Graph]); changed.is_err() }
            changed = tray.changed() => { spoiled.extend(DRAFT); changed.is_err() }
            changed = access.changed() => { spoiled.insert(Topic::Access); changed.is_err() }
            changed = prometheus.changed() => { spoiled.insert(Topic::Prometheus); changed.is_err() }
            changed = clusters.changed() => { spoiled.insert(Topic::Clusters); changed.is_err() }
            changed = journal.changed() => { spoiled.insert(Topic::Journal); changed.is_err() }
        };
        if ended {
            return;
        }
        let now = live.borrow_and_update().clone();
        spoiled.extend(told.spoiled_by(&now));
        if !spoiled.is_empty() || last_fresh.elapsed() >= FRESH {
            last_fresh = tokio::time::Instant::now();
            if !sink(told.pulse(session.id(), &now, spoiled)) {
                return;
            }
        }
        tokio::time::sleep(APART).await;
    }
}

/// A change of the tray shows in all of these.
const DRAFT: [Topic; 5] = [Topic::Draft, Topic::Graph, Topic::Findings, Topic::Overview, Topic::Objects];

/// What the last pulse said.
#[derive(Default)]
struct Told {
    revision: Option<u64>,
    link: Option<Link>,
}

impl Told {
    fn spoiled_by(&self, now: &Live) -> Vec<Topic> {
        let mut topics = Vec::new();
        if self.revision != Some(now.world.revision()) {
            topics.extend([
                Topic::Overview,
                Topic::Graph,
                Topic::Objects,
                Topic::Findings,
                Topic::Draft,
                Topic::Journal,
            ]);
        }
        if self.link != Some(link(now)) {
            topics.push(Topic::Overview);
        }
        topics
    }

    fn pulse(&mut self, session: &str, now: &Live, spoiled: HashSet<Topic>) -> Pulse {
        (self.revision, self.link) = (Some(now.world.revision()), Some(link(now)));
        let mut spoiled: Vec<Topic> = spoiled.into_iter().collect();
        spoiled.sort_by_key(|topic| *topic as u8);
        Pulse {
            session: session.to_owned(),
            revision: now.world.revision() as f64,
            link: link(now),
            heard_at: now.heard_at.map_or(0.0, millis),
            spoiled,
        }
    }
}
