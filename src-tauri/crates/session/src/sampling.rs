//! Asking the proxies, over and over, until the session ends.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use cluster::Connection;
use jiff::Timestamp;
use signals::{HealthReport, KeptOut, Looker, Looks, Poller, Strain, Strains, Throttling, UsageReport};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use world::World;

use crate::Session;
use crate::live::Live;
use crate::proxies::{Fleet, Seen, join};
use crate::resources::{Measured, Resources, resources, uses};
use crate::traffic::{Cost, Traffic};

/// From one look at the proxies' synchronisation to the next, while a change is being taken up.
const HOT: Duration = Duration::from_millis(500);
/// For so long after a change.
const HOT_FOR: Duration = Duration::from_secs(15);
/// From one part of a round over the proxies' counters to the next, where it takes that long.
const PART: Duration = Duration::from_secs(5);
/// metrics-server measures every 15 s.
const USAGE: Duration = Duration::from_secs(15);
/// Certificates live a day and configurations change by pushes; asking costs each proxy a rendering of all that it knows.
const LOOKS: Duration = Duration::from_secs(300);
/// So many between two looks at their synchronisation, which shall not wait for them.
const AT_A_TIME: usize = 32;

/// Samples the traffic.
pub(crate) fn traffic(
    connection: Connection,
    live: watch::Receiver<Live>,
    cancel: CancellationToken,
) -> watch::Receiver<Arc<Traffic>> {
    let (sender, receiver) = watch::channel(Arc::<Traffic>::default());
    tokio::spawn(async move {
        tokio::select! { () = cancel.cancelled() => {}, () = count(connection, live, sender) => {} }
    });
    receiver
}

async fn count(connection: Connection, mut live: watch::Receiver<Live>, sender: watch::Sender<Arc<Traffic>>) {
    let poller = Poller::new(connection);
    // Until the pods are listed there is nobody to ask.
    if live
        .wait_for(|live| !signals::proxies(&live.world).is_empty() || live.link == crate::live::Link::Live)
        .await
        .is_err()
    {
        return;
    }
    loop {
        let proxies = signals::proxies(&live.borrow().world);
        let told = |next: &mut Traffic, round: signals::Round| {
            next.revision += 1;
            (next.now, next.at) = (poller.now(), Timestamp::now().as_millisecond());
            next.measured |= !round.samples.is_empty();
            next.store.write().unwrap_or_else(PoisonError::into_inner).take(round, &proxies);
            sender.send_replace(Arc::new(next.clone()));
        };
        let mut next = (**sender.borrow()).clone();
        let (first, mut read) = (next.cost.proxies == 0, 0);
        let part = |part: signals::Round| {
            read += part.samples.len();
            if first {
                let because = format!("{read} of {} proxies have been read so far", proxies.len());
                next.unknown = vec![mesh::Unknown { about: "traffic".into(), because }];
            }
            told(&mut next, part);
        };
        let round = poller.round_in_parts(&proxies, PART, part).await;
        next.unknown = round.unknown.iter().map(unknown).collect();
        if proxies.is_empty() {
            let because = "no proxy runs in this cluster that counts requests".to_owned();
            next.unknown.push(mesh::Unknown { about: "traffic".into(), because });
        }
        let signals::Cost { proxies: asked, bytes, seconds } = round.cost;
        next.cost = Cost { proxies: asked, bytes, seconds, every: Poller::step(proxies.len()).as_secs_f64() };
        told(&mut next, round);
        tokio::time::sleep(Poller::step(proxies.len())).await;
    }
}

pub(crate) fn unknown(unknown: &signals::Unknown) -> mesh::Unknown {
    mesh::Unknown { about: unknown.about.clone(), because: unknown.because.clone() }
}

impl Session {
    /// What every proxy was sent and has acknowledged right now.
    pub(crate) async fn synchronised_now(&self) -> Fleet {
        let world = self.world();
        let health = signals::health(self.connection(), &world).await;
        Watcher::default().join(&world, &health)
    }

    /// Every proxy as it is right now, certificates and all: for callers that look once.
    pub async fn fleet_now(&self) -> Fleet {
        self.looked_at().await.0
    }

    /// The same with what they cost at this moment. What they used over days is a question of its own ([`Session::uses_asked`]), whose answer
    /// may take long.
    pub async fn cost_now(&self) -> (Fleet, Resources) {
        let (fleet, apps) = self.looked_at().await;
        let measured = Measured { apps, ..Measured::default() };
        let cost = resources(&fleet, &measured, &HashMap::new());
        (fleet, cost)
    }

    /// Every proxy, and what is in use by the containers beside them.
    async fn looked_at(&self) -> (Fleet, HashMap<(String, String), (f64, f64)>) {
        let (world, connection) = (self.world(), self.connection());
        let mut watcher = Watcher::default();
        let all = signals::proxies(&world);
        let (health, usage, looks, kept_out) = tokio::join!(
            signals::health(connection, &world),
            signals::usage(connection, &world),
            watcher.looker.look(connection, &all),
            signals::kept_out(connection, &world)
        );
        (watcher.usage, watcher.looks, watcher.shares.kept_out) = (usage, looks, kept_out);
        let fleet = watcher.join(&world, &health);
        (fleet, watcher.usage.apps)
    }
}

/// Looks at every proxy; `hurry` asks for a closer look after a change.
pub(crate) fn fleet(
    connection: Connection,
    live: watch::Receiver<Live>,
    hurry: Arc<Notify>,
    cancel: CancellationToken,
) -> (watch::Receiver<Arc<Fleet>>, watch::Receiver<Arc<Measured>>) {
    let (sender, receiver) = watch::channel(Arc::<Fleet>::default());
    let (measures, measured) = watch::channel(Arc::<Measured>::default());
    let (told, shares) = watch::channel(Shares::default());
    let (asides, beside) = (aside(connection.clone(), live.clone(), told), cancel.clone());
    tokio::spawn(async move {
        tokio::select! { () = beside.cancelled() => {}, () = asides => {} }
    });
    tokio::spawn(async move {
        tokio::select! { () = cancel.cancelled() => {}, () = look(connection, live, shares, &hurry, (sender, measures)) => {} }
    });
    (receiver, measured)
}

/// What is asked of nodes, control planes and events, which may take long and shall hold up nobody.
#[derive(Clone, Debug)]
struct Shares {
    /// Namespace and pod → the share of time in which its CPU limit stopped it.
    throttled: HashMap<(String, String), f64>,
    /// `namespace/pod` of an istiod → how it did.
    strains: HashMap<String, Strain>,
    /// Pods that webhooks keep out, or why that is not known.
    kept_out: Result<Vec<KeptOut>, signals::Unknown>,
}

impl Default for Shares {
    fn default() -> Self {
        Self { throttled: HashMap::new(), strains: HashMap::new(), kept_out: Ok(Vec::new()) }
    }
}

/// Asks them, again and again.
async fn aside(connection: Connection, mut live: watch::Receiver<Live>, told: watch::Sender<Shares>) {
    let (mut throttling, mut strains) = (Throttling::default(), Strains::default());
    // Before everything is listed there is nobody to ask.
    if live.wait_for(|live| live.link == crate::live::Link::Live).await.is_err() {
        return;
    }
    loop {
        let world = live.borrow().world.clone();
        let planes = signals::control_planes(&world);
        let (throttled, strains, kept_out) = tokio::join!(
            throttling.round(&connection, &world),
            strains.round(&connection, &planes),
            signals::kept_out(&connection, &world)
        );
        told.send_replace(Shares { throttled: throttled.clone(), strains, kept_out });
        tokio::time::sleep(USAGE).await;
    }
}

/// What is kept from one look to the next: what is not asked for at each.
#[derive(Default)]
struct Watcher {
    usage: UsageReport,
    used_at: Option<Instant>,
    shares: Shares,
    looker: Looker,
    looks: Looks,
    looked_at: HashMap<(String, String), Instant>,
    lost: HashMap<(String, String), (String, Timestamp)>,
    behind: HashMap<(String, String), Timestamp>,
}

impl Watcher {
    fn join(&self, world: &World, health: &HealthReport) -> Fleet {
        let Self { usage, looks, lost, behind, .. } = self;
        let Shares { throttled, strains, kept_out } = &self.shares;
        join(Seen { world, health, usage, looks, lost, behind, strains, throttled, kept_out, now: Timestamp::now() })
    }

    /// Measures anew where the last time is long ago, and says whether it did.
    async fn measure(&mut self, connection: &Connection, world: &World) -> bool {
        if self.used_at.is_some_and(|at| at.elapsed() <= USAGE) {
            return false;
        }
        self.used_at = Some(Instant::now());
        self.usage = signals::usage(connection, world).await;
        for row in &mut self.usage.rows {
            row.throttled = self.shares.throttled.get(&(row.namespace.clone(), row.pod.clone())).copied();
        }
        true
    }

    /// Asks some proxies themselves: those of which nothing is known yet, and those whose last look is long ago.
    async fn look_closely(&mut self, connection: &Connection, all: &[signals::Proxy]) {
        let there: HashSet<_> = all.iter().map(signals::Proxy::key).collect();
        self.looked_at.retain(|place, _| there.contains(place));
        self.looks.retain(|place, _| there.contains(place));
        self.looker.retain(&there);
        let old = |proxy: &&signals::Proxy| {
            proxy.container.ready && self.looked_at.get(&proxy.key()).is_none_or(|at| at.elapsed() > LOOKS)
        };
        let due: Vec<_> = all.iter().filter(old).take(AT_A_TIME).cloned().collect();
        let now = Instant::now();
        self.looked_at.extend(due.iter().map(|proxy| (proxy.key(), now)));
        self.looks.extend(self.looker.look(connection, &due).await);
    }

    /// Remembers which istiod each proxy talks to, and since when it is behind; those that are gone are forgotten.
    fn remember(&mut self, health: &HealthReport) {
        let now = Timestamp::now();
        let there: HashSet<_> = health.rows.iter().map(|row| (row.namespace.as_str(), row.pod.as_str())).collect();
        self.lost.retain(|place, _| there.contains(&(place.0.as_str(), place.1.as_str())));
        for row in health.rows.iter().filter(|row| !row.control_plane.is_empty()) {
            self.lost.insert((row.namespace.clone(), row.pod.clone()), (row.control_plane.clone(), now));
        }
        let late = |row: &signals::ProxyHealth| {
            let stale = row.types.values().filter(|kind| kind.state == signals::SyncState::Stale);
            stale.map(|kind| kind.sent_at.map_or(now, |at| at.min(now))).min()
        };
        let was = std::mem::take(&mut self.behind);
        let place = |row: &signals::ProxyHealth| (row.namespace.clone(), row.pod.clone());
        let since = health.rows.iter().filter_map(|row| {
            let (place, at) = (place(row), late(row)?);
            let at = was.get(&place).copied().unwrap_or(at);
            Some((place, at))
        });
        self.behind = since.collect();
    }
}

async fn look(
    connection: Connection,
    mut live: watch::Receiver<Live>,
    shares: watch::Receiver<Shares>,
    hurry: &Notify,
    (sender, measures): (watch::Sender<Arc<Fleet>>, watch::Sender<Arc<Measured>>),
) {
    if live
        .wait_for(|live| !signals::proxies(&live.world).is_empty() || live.link == crate::live::Link::Live)
        .await
        .is_err()
    {
        return;
    }
    let mut watcher = Watcher::default();
    let mut hot_until: Option<Instant> = None;
    loop {
        let world = live.borrow().world.clone();
        watcher.shares = shares.borrow().clone();
        let hot = hot_until.is_some_and(|until| until > Instant::now());
        // The first look is a quick one: synchronisation is known before the rest is.
        let mut measured_now = false;
        if !hot && sender.borrow().revision > 0 {
            measured_now = watcher.measure(&connection, &world).await;
            watcher.look_closely(&connection, &signals::proxies(&world)).await;
        }
        let health = signals::health(&connection, &world).await;
        watcher.remember(&health);
        let mut next = watcher.join(&world, &health);
        if measured_now {
            measures.send_modify(|measured| {
                let measured = Arc::make_mut(measured);
                measured.history.take(Timestamp::now().as_millisecond() as f64, &uses(&next));
                measured.apps.clone_from(&watcher.usage.apps);
            });
        }
        sender.send_if_modified(|known| {
            next.revision = known.revision + 1;
            let same = known.revision > 0 && known.says_the_same(&next);
            if !same {
                *known = Arc::new(std::mem::take(&mut next));
            }
            !same
        });
        // Right after the first look comes the closer one.
        let pause = if hot || watcher.used_at.is_none() { HOT } else { calm(health.rows.len()) };
        tokio::select! {
            () = hurry.notified() => hot_until = Some(Instant::now() + HOT_FOR),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// From one look at the proxies' synchronisation to the next, by their number: one answer of istiod names all of its proxies.
fn calm(proxies: usize) -> Duration {
    Duration::from_secs(match proxies {
        0..=500 => 3,
        501..=2000 => 6,
        _ => 12,
    })
}
