//! From a write at the API to the page's pulse: one object is stamped again and again, and each stamp is timed from just
//! before it is sent until the session's world has it, and until the bridge says so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cluster::{Connection, ExecPolicy, Options, Sources};
use serde_json::json;
use tokio::time::MissedTickBehavior;
use wire::{Host, Profile};
use world::ObjectKey;

use crate::Failure;
use crate::figure::Figure;
use crate::list;

/// (events a second, how many).
const RATES: [(u32, u32); 3] = [(1, 20), (100, 1000), (1000, 5000)];
const LIMIT: Duration = Duration::from_secs(60);
const STAMP: &str = "bench";

fn key() -> ObjectKey {
    ObjectKey::new("networking.istio.io", "VirtualService", "prod", "reviews")
}

pub fn run() -> Result<Vec<Figure>, Failure> {
    let (_server, kubeconfig) = list::server()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("kubeconfig");
    std::fs::write(&file, kubeconfig)?;
    let sources = Sources { list: vec![file], ..Sources::default() };
    list::runtime()?.block_on(async {
        let contexts = cluster::kubeconfig::read(&sources);
        let context = contexts.named(None).ok_or("the server's kubeconfig has no current context")?;
        let writer = cluster::connect(context, &ExecPolicy::default()).await?;
        let host = Host::start(Profile { sources, ..Profile::in_folder(folder.path()) })?;
        let session = host.workbench().open_session(&context.id).await?;
        let mut live = session.live();
        let ready = live.wait_for(|live| live.link == session::live::Link::Live);
        tokio::time::timeout(LIMIT, ready).await??;
        let mut figures = Vec::new();
        for (rate, count) in RATES {
            let (world, pulse) = measured(&host, &session, &writer, rate, count).await?;
            figures.push(Figure::of(format!("event to world, {rate} a second of {count}"), "ms", "", world));
            figures.push(Figure::of(
                format!("event to pulse, {rate} a second of {count}"),
                "ms",
                "goal p50: 25",
                pulse,
            ));
        }
        Ok(figures)
    })
}

/// When each stamp was sent, and when it was seen.
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

type Both = Arc<Mutex<(Seen, Seen)>>;

fn lock(both: &Both) -> std::sync::MutexGuard<'_, (Seen, Seen)> {
    both.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn measured(
    host: &Host,
    session: &Arc<session::Session>,
    writer: &Connection,
    rate: u32,
    count: u32,
) -> Result<(Vec<f64>, Vec<f64>), Failure> {
    let both = Both::default();
    let stamp = {
        let session = session.clone();
        move || session.world().document(&key()).and_then(|d| d.annotations.get(STAMP)?.parse().ok()).unwrap_or(0)
    };
    let (mut live, noting, look) = (session.live(), both.clone(), stamp.clone());
    let following = tokio::spawn(async move {
        while live.changed().await.is_ok() {
            lock(&noting).0.up_to(look());
        }
    });
    let noting = both.clone();
    let _watch = host.watch(session.id(), move |_| {
        lock(&noting).1.up_to(stamp());
        true
    })?;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let annotations = json!([{"op": "add", "path": "/metadata/annotations", "value": {STAMP: "0"}}]);
    writer.json_patch(&key(), &annotations, &Options::default()).await?;
    for stamp in 1..=count {
        ticks.tick().await;
        let now = Instant::now();
        {
            let mut both = lock(&both);
            both.0.sent.insert(stamp, now);
            both.1.sent.insert(stamp, now);
        }
        write(writer, stamp).await?;
    }
    let all = async {
        while lock(&both).1.millis.len() < count as usize {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LIMIT, all).await.map_err(|_| "events were lost")?;
    following.abort();
    let (world, pulse) = std::mem::take(&mut *lock(&both));
    Ok((world.millis, pulse.millis))
}

async fn write(writer: &Connection, stamp: u32) -> Result<(), Failure> {
    let path = format!("/metadata/annotations/{STAMP}");
    let steps = json!([{"op": "add", "path": path, "value": stamp.to_string()}]);
    writer.json_patch(&key(), &steps, &Options::default()).await?;
    Ok(())
}
