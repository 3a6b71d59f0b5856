//! Asking the proxies, over and over, until the session ends.

mod watcher;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use cluster::Connection;
use jiff::Timestamp;
use signals::{Complaint, KeptOut, Poller, Strain, Strains, Throttling};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use watcher::Watcher;
use world::{World, said};

use crate::Session;
use crate::live::{Link, Live};
use crate::prometheus::Uses;
use crate::proxies::Fleet;
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
/// From one look at what only grows to the next, for who looks twice and no more.
const APART: Duration = Duration::from_secs(5);
/// A kubelet counts anew every 10 to 15 s: who hears the same counts again asks again, for so long.
const COUNTS: Duration = Duration::from_secs(16);

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
    if live.wait_for(|live| !signals::proxies(&live.world).is_empty() || live.link == Link::Live).await.is_err() {
        return;
    }
    loop {
        let proxies = signals::counting(&live.borrow().world);
        let told = |next: &mut Traffic, round: signals::Round| {
            next.revision += 1;
            (next.now, next.at) = (poller.now(), Timestamp::now().as_millisecond());
            next.measured |= !round.samples.is_empty();
            next.store.write().unwrap_or_else(PoisonError::into_inner).take(round, &proxies);
            sender.send_replace(Arc::new(next.clone()));
        };
        let mut next = (**sender.borrow()).clone();
        let (first, mut read) = (next.rounds == 0, 0);
        let part = |part: signals::Round| {
            read += part.samples.len();
            if first {
                let because = said!(
                    "{read} of {} proxies have been read so far",
                    "目前已读取 {} 个代理中的 {read} 个",
                    proxies.len()
                );
                next.unknown = vec![mesh::Unknown { about: ("traffic", "流量").into(), because }];
            }
            told(&mut next, part);
        };
        let round = poller.round_in_parts(&proxies, PART, part).await;
        next.rounds = next.rounds.saturating_add(1);
        next.unknown = round.unknown.iter().map(unknown).collect();
        if proxies.is_empty() {
            let because = said!("no proxy runs in this cluster that counts requests", "此集群中没有会统计请求的代理");
            next.unknown.push(mesh::Unknown { about: ("traffic", "流量").into(), because });
        }
        let signals::Cost { proxies: asked, bytes, seconds } = round.cost;
        next.cost = Cost { proxies: asked, bytes, seconds, every: seconds + Poller::step(proxies.len()).as_secs_f64() };
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
        self.looked_at(true).await.0
    }

    /// The same, looked at twice, some seconds apart: whether an istiod keeps up, and whom its CPU limit stops, is told by counters, which
    /// have to grow. What the second look cannot tell is said.
    pub async fn fleet_twice(&self) -> Fleet {
        let (world, connection) = (self.world(), self.connection());
        let mut watcher = Watcher::default();
        let all = signals::proxies(&world);
        let ((shares, untold), usage, looks) = tokio::join!(
            grown(connection, &world),
            signals::usage(connection, &world),
            watcher.looker.look(connection, &all)
        );
        (watcher.shares, watcher.usage, watcher.looks) = (shares, usage, looks);
        watcher.throttle();
        // Synchronisation moves within seconds, and is asked last.
        let mut health = signals::health(connection, &world).await;
        watcher.remember(&mut health);
        let mut fleet = watcher.join(&world, &health);
        fleet.unknown.extend(untold);
        fleet
    }

    /// Every proxy with what they cost at this moment, and what would fit by all that was measured of them and by what they used over
    /// `days`. That is a question of its own ([`Session::uses_asked`]), whose answer may take long.
    pub async fn cost_now(&self, closely: bool, days: &Uses) -> (Fleet, Resources) {
        let (fleet, apps) = self.looked_at(closely).await;
        self.recall().await;
        let mut history = self.measured.borrow().history.clone();
        history.take(Timestamp::now().as_millisecond() as f64, &uses(&fleet));
        let cost = resources(&self.world(), &fleet, &Measured { history, apps }, days);
        (fleet, cost)
    }

    /// Every proxy, and what is in use by the containers beside them.
    async fn looked_at(&self, closely: bool) -> (Fleet, HashMap<(String, String), (f64, f64)>) {
        let (world, connection) = (self.world(), self.connection());
        let mut watcher = Watcher::default();
        let all = if closely { signals::proxies(&world) } else { Vec::new() };
        let planes = if closely { signals::control_planes(&world) } else { Vec::new() };
        let (health, usage, looks, kept_out, (complaints, unheard)) = tokio::join!(
            signals::health(connection, &world),
            signals::usage(connection, &world),
            watcher.looker.look(connection, &all),
            signals::kept_out(connection, &world),
            signals::complaints(connection, &planes)
        );
        (watcher.shares.complaints, watcher.shares.unheard) = (complaints, unheard);
        (watcher.usage, watcher.looks, watcher.shares.kept_out) = (usage, looks, kept_out);
        let fleet = watcher.join(&world, &health);
        (fleet, watcher.usage.apps)
    }
}

/// What counters tell by how much they grow between two looks, and what they do not tell.
async fn grown(connection: &Connection, world: &World) -> (Shares, Vec<mesh::Unknown>) {
    let planes = signals::control_planes(world);
    let pushed = async {
        if planes.is_empty() {
            return HashMap::new();
        }
        let mut strains = Strains::default();
        let _ = strains.round(connection, &planes).await;
        tokio::time::sleep(APART).await;
        strains.round(connection, &planes).await
    };
    let stopped = async {
        let mut throttling = Throttling::default();
        let again = async {
            throttling.of_all(connection, world).await;
            let begun = Instant::now();
            while throttling.waits() && begun.elapsed() < COUNTS {
                tokio::time::sleep(APART).await;
                throttling.of_all(connection, world).await;
            }
        };
        // Of a thousand nodes, those that answer within this are heard.
        let _ = tokio::time::timeout(COUNTS * 2, again).await;
        throttling
    };
    let (strains, throttling, kept_out, (complaints, unheard)) =
        tokio::join!(pushed, stopped, signals::kept_out(connection, world), signals::complaints(connection, &planes));
    let silent = planes.iter().map(|(namespace, pod)| format!("{namespace}/{pod}"));
    let mut untold: Vec<_> = silent
        .filter(|name| !strains.contains_key(name))
        .map(|name| mesh::Unknown {
            about: said!("whether {name} keeps up", "{name} 是否跟得上"),
            because: ("its counters of pushes were not told twice", "没有两次得知它的下发计数").into(),
        })
        .collect();
    untold.extend(throttling.untold(world).as_ref().map(unknown));
    (Shares { throttled: throttling.shares().clone(), strains, kept_out, complaints, unheard }, untold)
}

/// Looks at every proxy; `hurry` asks for a closer look after a change, `measures` takes what is used.
pub(crate) fn fleet(
    connection: Connection,
    live: watch::Receiver<Live>,
    (hurry, measures): (Arc<Notify>, watch::Sender<Arc<Measured>>),
    cancel: CancellationToken,
) -> watch::Receiver<Arc<Fleet>> {
    let (sender, receiver) = watch::channel(Arc::<Fleet>::default());
    let (told, shares) = watch::channel(Shares::default());
    let (asides, beside) = (aside(connection.clone(), live.clone(), told), cancel.clone());
    tokio::spawn(async move {
        tokio::select! { () = beside.cancelled() => {}, () = asides => {} }
    });
    tokio::spawn(async move {
        tokio::select! { () = cancel.cancelled() => {}, () = look(connection, live, shares, &hurry, (sender, measures)) => {} }
    });
    receiver
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
    /// What istiods complain of in their pushes, and of which that is not known.
    complaints: Vec<Complaint>,
    unheard: Vec<signals::Unknown>,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            throttled: HashMap::new(),
            strains: HashMap::new(),
            kept_out: Ok(Vec::new()),
            complaints: Vec::new(),
            unheard: Vec::new(),
        }
    }
}

/// Asks them, again and again.
async fn aside(connection: Connection, mut live: watch::Receiver<Live>, told: watch::Sender<Shares>) {
    let (mut throttling, mut strains) = (Throttling::default(), Strains::default());
    // Before everything is listed there is nobody to ask.
    if live.wait_for(|live| live.link == Link::Live).await.is_err() {
        return;
    }
    loop {
        let world = live.borrow().world.clone();
        let planes = signals::control_planes(&world);
        let (throttled, strains, kept_out, (complaints, unheard)) = tokio::join!(
            throttling.round(&connection, &world),
            strains.round(&connection, &planes),
            signals::kept_out(&connection, &world),
            signals::complaints(&connection, &planes)
        );
        told.send_replace(Shares { throttled: throttled.clone(), strains, kept_out, complaints, unheard });
        tokio::time::sleep(USAGE).await;
    }
}

async fn look(
    connection: Connection,
    mut live: watch::Receiver<Live>,
    shares: watch::Receiver<Shares>,
    hurry: &Notify,
    (sender, measures): (watch::Sender<Arc<Fleet>>, watch::Sender<Arc<Measured>>),
) {
    if live.wait_for(|live| !signals::proxies(&live.world).is_empty() || live.link == Link::Live).await.is_err() {
        return;
    }
    let mut watcher = Watcher::default();
    let mut hot_until: Option<Instant> = None;
    loop {
        let Live { world, link, .. } = live.borrow().clone();
        watcher.shares = shares.borrow().clone();
        // Before everything is listed, one that was there all the time would seem new.
        if link == Link::Live {
            watcher.rescope(&world);
        }
        let hot = hot_until.is_some_and(|until| until > Instant::now());
        // The first look is a quick one: synchronisation is known before the rest is.
        let mut measured_now = false;
        if !hot && sender.borrow().revision > 0 {
            measured_now = watcher.measure(&connection, &world).await;
            watcher.look_closely(&connection, &signals::proxies(&world)).await;
        }
        let mut health = signals::health(&connection, &world).await;
        watcher.remember(&mut health);
        let of = health.rows.len();
        // Of a large mesh this is no work for a thread that others wait for.
        let joined = tokio::task::spawn_blocking(move || {
            let fleet = watcher.join(&world, &health);
            (watcher, fleet)
        });
        let Ok((back, mut next)) = joined.await else { return };
        watcher = back;
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
        let pause = if hot || watcher.used_at.is_none() { HOT } else { calm(of) };
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
