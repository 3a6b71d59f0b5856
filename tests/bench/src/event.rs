//! From a write at the API to the bridge: one object is stamped again and again, and each stamp is timed from just
//! before it is sent until the session's world has it, and until a pulse has told the page so.
//!
//! The answer to the write is waited for before the next is sent; where the server is too slow for a rate, the figure of
//! the rate reached says so.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bench_engine::figure::Figure;
use cluster::{Connection, ExecPolicy, Options, Sources};
use serde_json::{Value, json};
use session::Session;
use session::live::Link;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, timeout};
use wire::{Host, Profile};
use world::ObjectKey;

use crate::Failure;
use crate::list;

const SERVICES: usize = 1000;
/// (events a second, how many).
const RATES: [(u32, u32); 3] = [(1, 20), (100, 1000), (1000, 5000)];
const LIMIT: Duration = Duration::from_secs(120);
const STAMP: &str = "bench";

pub fn key() -> ObjectKey {
    ObjectKey::new("networking.istio.io", "VirtualService", "prod", "reviews")
}

pub fn run() -> Result<Vec<Figure>, Failure> {
    opened(SERVICES, async |host, session, writer| {
        write(writer, "/metadata/annotations", json!({STAMP: "0"})).await?;
        let mut figures = Vec::new();
        let mut stamps = 1..1;
        for (rate, count) in RATES {
            stamps = stamps.end..stamps.end + count;
            figures.extend(stamped(host, session, writer, rate, stamps.clone()).await?);
        }
        Ok(figures)
    })
}

/// Works on a session that follows a cluster of so many services, which another process serves.
pub fn opened<T>(
    services: usize,
    work: impl AsyncFnOnce(&Host, &Arc<Session>, &Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (_server, kubeconfig) = list::server(services)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("kubeconfig");
    std::fs::write(&file, kubeconfig)?;
    let sources = Sources { list: vec![file], ..Sources::default() };
    list::runtime()?.block_on(async {
        let contexts = cluster::kubeconfig::read(&sources);
        let context = contexts.named(None).ok_or("the server's kubeconfig has no current context")?;
        let writer = cluster::connect(context, &ExecPolicy::default()).await?;
        let host = Host::start(Profile { sources, ..Profile::in_folder(folder.path()) })?;
        let session = host.workbench().open_session(&host.workbench().id_of(None)?).await?;
        timeout(LIMIT, session.live().wait_for(|live| live.link == Link::Live)).await??;
        work(&host, &session, &writer).await
    })
}

/// When each stamp was sent, and how long it took to be seen.
#[derive(Default)]
struct Seen {
    sent: BTreeMap<u32, Instant>,
    millis: Vec<f64>,
}

impl Seen {
    /// Everything up to this stamp is there.
    fn up_to(&mut self, stamp: u32) {
        let later = self.sent.split_off(&(stamp + 1));
        let seen = std::mem::replace(&mut self.sent, later);
        self.millis.extend(seen.values().map(|sent| sent.elapsed().as_secs_f64() * 1e3));
    }
}

/// One place where stamps are seen.
#[derive(Default)]
struct Place {
    seen: Mutex<Seen>,
    more: Notify,
}

impl Place {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session's world is looked at from here.
    fn look(&self, session: &Session) {
        let world = session.world();
        let stamp = world.document(&key()).and_then(|found| found.annotations.get(STAMP)?.parse().ok());
        self.seen().up_to(stamp.unwrap_or(0));
        self.more.notify_one();
    }

    /// The times of all stamps, once the last was seen.
    async fn all(&self) -> Result<Vec<f64>, Failure> {
        let seen = async {
            while !self.seen().sent.is_empty() {
                self.more.notified().await;
            }
        };
        timeout(LIMIT, seen).await.map_err(|_| "events were lost")?;
        Ok(std::mem::take(&mut self.seen().millis))
    }
}

async fn stamped(
    host: &Host,
    session: &Arc<Session>,
    writer: &Connection,
    rate: u32,
    stamps: Range<u32>,
) -> Result<[Figure; 3], Failure> {
    let (world, pulse) = (Arc::new(Place::default()), Arc::new(Place::default()));
    let (mut live, place, looking) = (session.live(), world.clone(), session.clone());
    let following = tokio::spawn(async move {
        while live.changed().await.is_ok() {
            place.look(&looking);
        }
    });
    let (place, looking) = (pulse.clone(), session.clone());
    let _watch = host.watch(session.id(), move |_| {
        place.look(&looking);
        true
    })?;
    let mut ticks = interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (start, count) = (Instant::now(), stamps.len());
    for stamp in stamps {
        ticks.tick().await;
        for place in [&world, &pulse] {
            place.seen().sent.insert(stamp, Instant::now());
        }
        write(writer, &format!("/metadata/annotations/{STAMP}"), json!(stamp.to_string())).await?;
    }
    let reached = count as f64 / start.elapsed().as_secs_f64();
    let (world, pulse) = (world.all().await?, pulse.all().await?);
    following.abort();
    let of = |what: &str| format!("event to {what}, {rate} a second, {SERVICES} services");
    Ok([
        Figure::of(format!("rate reached of {rate} events a second"), "a second", "", vec![reached]),
        Figure::of(of("world"), "ms", "", world),
        Figure::of(of("pulse"), "ms", "goal: p50 25 ms, p99 50 ms", pulse),
    ])
}

pub async fn write(writer: &Connection, path: &str, value: Value) -> Result<(), Failure> {
    let steps = json!([{"op": "add", "path": path, "value": value}]);
    writer.json_patch(&key(), &steps, &Options::default()).await?;
    Ok(())
}
