//! One open cluster: its watches, its world, its tray. Nothing of it outlives it.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cluster::{Connection, Followed, Keep, Probed};
use mesh::{Effect, Engine, Extent, Findings, Ready, Request, Source};
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use world::{Coverage, World};

use crate::change::tray::Tray;
use crate::history::Arrived;
use crate::kinds::{Unlisted, follow_new, pass_on};
use crate::live::{self, Live};
use crate::map::{Graph, Level};
use crate::matrix::{Cell, Matrix, MatrixKey};
use crate::memo::Memo;
use crate::node::CallersKey;
use crate::observed::Calls;
use crate::past::keep;
use crate::prometheus;
use crate::proxies::Fleet;
use crate::proxies::access;
use crate::proxies::compare;
use crate::proxies::detail::Held;
use crate::proxies::levels::Changed;
use crate::records::Records;
use crate::resources::{Measured, Proposed};
use crate::sampling;
use crate::schema::Schemas;
use crate::traffic::Traffic;
use crate::uptake::Trackers;
use crate::workbench::Card;
use crate::write::review::Plan;
use crate::write::settle;
use crate::{Error, Result};

/// The core kinds that every view needs; those of the meshes come on top.
const CORE: [(&str, &str); 7] = [
    ("", "Namespace"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("", "Pod"),
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
];

/// What a session is made of.
pub struct Opening {
    /// Its id.
    pub id: String,
    /// The cluster.
    pub card: Card,
    /// The way to it.
    pub connection: Connection,
    /// What it said of itself.
    pub probed: Probed,
    /// The meshes.
    pub engine: Arc<Engine>,
    /// The journal.
    pub records: Records,
    /// How long an apply waits for a server that went away in the middle of it, before it leaves the rest to the next start.
    pub patience: Duration,
}

/// A server that restarts is back within this.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What an answer is made of: it is computed again only where one of these has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    pub(crate) world: u64,
    pub(crate) tray: u64,
    pub(crate) traffic: u64,
    pub(crate) fleet: u64,
}

pub(crate) type GraphKey = (Level, Vec<String>, u32);

/// World, tray, and the requests that were seen.
type SeenKey = (u64, u64, Vec<(Request, bool)>);

/// An open cluster. Dropping or stopping it ends every watch, poll and forward that it began.
pub struct Session {
    pub(crate) opening: Opening,
    pub(crate) live: watch::Receiver<Live>,
    /// Kinds of the meshes' groups that no table knows.
    pub(crate) unlisted: watch::Receiver<BTreeSet<Unlisted>>,
    pub(crate) traffic: watch::Receiver<Arc<Traffic>>,
    pub(crate) fleet: watch::Receiver<Arc<Fleet>>,
    pub(crate) proxy: Held,
    pub(crate) access: access::Held,
    pub(crate) compared: compare::Held,
    pub(crate) levels: Changed,
    pub(crate) scopes: Proposed,
    pub(crate) measured: watch::Receiver<Arc<Measured>>,
    pub(crate) measures: watch::Sender<Arc<Measured>>,
    /// What was measured before this session is among it.
    pub(crate) recalled: tokio::sync::OnceCell<()>,
    pub(crate) tray: watch::Sender<Tray>,
    pub(crate) reviewed: Mutex<Option<Arc<Plan>>>,
    pub(crate) graphs: tokio::sync::Mutex<HashMap<GraphKey, (Stamp, Arc<Graph>)>>,
    ready: Memo<u64, Arc<Ready>>,
    drafted: Memo<(u64, u64), Arc<Ready>>,
    findings: Memo<u64, Arc<Findings>>,
    drafted_findings: Memo<(u64, u64), Arc<Findings>>,
    seen: Memo<SeenKey, Arc<Findings>>,
    drafted_seen: Memo<SeenKey, Arc<Findings>>,
    effect: Memo<(u64, u64, u64), Arc<Effect>>,
    pub(crate) trackers: Trackers,
    pub(crate) arrived: Arrived,
    pub(crate) past: keep::Held,
    pub(crate) called: keep::Calls,
    pub(crate) prometheus: prometheus::Held,
    pub(crate) schemas: Schemas,
    pub(crate) matrix: Memo<MatrixKey, Arc<Matrix>>,
    pub(crate) callers: Memo<CallersKey, Arc<Vec<Cell>>>,
    pub(crate) hurry: Arc<Notify>,
    /// Changes whose end nobody saw, by what was found of them.
    pub(crate) settled: settle::Told,
    /// Steps to STRICT that went back by themselves.
    pub(crate) taken_back: Mutex<Vec<crate::strict::TakenBack>>,
    /// Somebody wants something of a rollout.
    pub(crate) wished: Arc<Notify>,
    driver: String,
    pub(crate) cancel: CancellationToken,
    _alive: DropGuard,
}

impl Session {
    /// Begins to follow.
    pub fn open(opening: Opening) -> Self {
        let cancel = CancellationToken::new();
        let (told, live) = watch::channel(Live::new(unread(&opening.engine)));
        let (sender, batches) = mpsc::channel(64);
        let listed = cluster::follow(opening.connection.clone(), kinds(&opening.engine), cancel.clone());
        tokio::spawn(pass_on(listed, sender.clone()));
        let (found, unlisted) = watch::channel(BTreeSet::new());
        let (connection, engine) = (opening.connection.clone(), opening.engine.clone());
        tokio::spawn(follow_new(connection, engine, sender, found, cancel.clone()));
        tokio::spawn(live::follow(batches, told, cancel.clone()));
        let hurry = Arc::new(Notify::new());
        let traffic = sampling::traffic(opening.connection.clone(), live.clone(), cancel.clone());
        let (connection, records) = (opening.connection.clone(), opening.records.clone());
        let earlier = (connection, records, opening.card.cluster().to_owned());
        let settled = settle::Told::default();
        tokio::spawn(settle::whenever_live(earlier, settled.clone(), live.clone(), cancel.clone()));
        let (measures, measured) = watch::channel(Arc::<Measured>::default());
        let hurried = (hurry.clone(), measures.clone());
        let fleet = sampling::fleet(opening.connection.clone(), live.clone(), hurried, cancel.clone());
        Self {
            opening,
            live,
            unlisted,
            traffic,
            fleet,
            proxy: Held::default(),
            access: access::Held::default(),
            compared: compare::Held::default(),
            levels: Changed::default(),
            scopes: Proposed::default(),
            measured,
            measures,
            recalled: tokio::sync::OnceCell::new(),
            tray: watch::channel(Tray::default()).0,
            reviewed: Mutex::default(),
            graphs: tokio::sync::Mutex::default(),
            ready: Memo::default(),
            drafted: Memo::default(),
            findings: Memo::default(),
            drafted_findings: Memo::default(),
            seen: Memo::default(),
            drafted_seen: Memo::default(),
            effect: Memo::default(),
            trackers: Trackers::default(),
            arrived: Arrived::default(),
            past: keep::Held::default(),
            called: keep::Calls::default(),
            prometheus: prometheus::Held::default(),
            schemas: Schemas::default(),
            matrix: Memo::default(),
            callers: Memo::default(),
            hurry,
            settled,
            taken_back: Mutex::default(),
            wished: Arc::default(),
            driver: driver(),
            _alive: cancel.clone().drop_guard(),
            cancel,
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.opening.id
    }

    /// What tells this session's rollouts from those that another session or program drives.
    pub(crate) fn driver(&self) -> &str {
        &self.driver
    }

    /// The cluster.
    pub fn card(&self) -> &Card {
        &self.opening.card
    }

    /// The way to it.
    pub fn connection(&self) -> &Connection {
        &self.opening.connection
    }

    /// The meshes.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.opening.engine
    }

    /// The world as it changes.
    pub fn live(&self) -> watch::Receiver<Live> {
        self.live.clone()
    }

    /// The traffic as it is measured.
    pub fn traffic(&self) -> watch::Receiver<Arc<Traffic>> {
        self.traffic.clone()
    }

    /// The proxies as they report.
    pub fn fleet(&self) -> watch::Receiver<Arc<Fleet>> {
        self.fleet.clone()
    }

    /// The tray as it changes.
    pub fn tray(&self) -> watch::Receiver<Tray> {
        self.tray.subscribe()
    }

    /// The world now.
    pub fn world(&self) -> World {
        self.live.borrow().world.clone()
    }

    /// Ends everything that it began.
    pub fn stop(&self) {
        self.cancel.cancel();
    }

    /// Done when the session is stopped.
    pub async fn stopped(&self) {
        self.cancel.cancelled().await;
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            world: self.live.borrow().world.revision(),
            tray: self.tray.borrow().revision(),
            traffic: self.traffic.borrow().revision,
            fleet: self.fleet.borrow().revision,
        }
    }

    /// The world, read by every mesh.
    ///
    /// # Errors
    /// A defect alone.
    pub async fn ready(&self) -> Result<Arc<Ready>> {
        let (world, engine) = (self.world(), self.engine().clone());
        let revision = world.revision();
        let read = move |last: Option<Arc<Ready>>| match last {
            Some(last) => Arc::new(last.after(&world)),
            None => Arc::new(engine.ready(&world)),
        };
        let made = self.ready.onward(revision, read).await;
        made.ok_or_else(|| defect("reading the world"))
    }

    /// The world with the tray applied, read by every mesh.
    ///
    /// # Errors
    /// A defect alone.
    pub async fn drafted(&self) -> Result<Arc<Ready>> {
        let (world, tray) = (self.world(), self.tray.borrow().clone());
        if tray.items().is_empty() {
            return self.ready().await;
        }
        let over = tray.over(&world).map_err(|error| Error::Defect { what: error.to_string() })?;
        let (key, ready) = ((world.revision(), tray.revision()), self.ready().await?);
        let read = move || {
            // What was found in the cluster is kept for the draft, which looks only at what it changes.
            ready.check();
            Arc::new(ready.after(&over))
        };
        let made = self.drafted.get(key, read).await;
        made.ok_or_else(|| defect("reading the draft"))
    }

    /// Everything wrong or risky, in the cluster or with the tray applied: in the objects, and for the traffic that is seen.
    ///
    /// # Errors
    /// A defect alone.
    pub async fn findings(&self, with_draft: bool) -> Result<Arc<Findings>> {
        let (ready, checked) = self.checked(with_draft).await?;
        let now = self.ready().await?;
        let calls = self.traffic.borrow().calls(now.world());
        let asked: Vec<_> = calls.iter().map(Calls::key).collect();
        let memo = if with_draft { &self.drafted_seen } else { &self.seen };
        let key = (ready.world().revision(), self.tray.borrow().revision(), asked);
        let made = memo.get(key, move || {
            let observed: Vec<_> = calls.iter().map(|calls| calls.observed(&now)).collect();
            Arc::new(checked.with(&ready.check_seen(&observed)))
        });
        let made = made.await;
        made.ok_or_else(|| defect("checking the traffic"))
    }

    /// What the objects alone say.
    async fn checked(&self, with_draft: bool) -> Result<(Arc<Ready>, Arc<Findings>)> {
        let ready = if with_draft { self.drafted().await? } else { self.ready().await? };
        let of = ready.clone();
        let made = if with_draft {
            let key = (self.world().revision(), self.tray.borrow().revision());
            self.drafted_findings.get(key, move || Arc::new(of.check())).await
        } else {
            self.findings.get(ready.world().revision(), move || Arc::new(of.check())).await
        };
        Ok((ready, made.ok_or_else(|| defect("checking the world"))?))
    }

    /// What the tray would do; `None` where it is empty.
    ///
    /// # Errors
    /// A defect alone.
    pub async fn effect(&self) -> Result<Option<Arc<Effect>>> {
        let tray = self.tray.borrow().clone();
        if tray.items().is_empty() {
            return Ok(None);
        }
        let (before, after) = (self.ready().await?, self.drafted().await?);
        let (traffic, engine) = (self.traffic.borrow().clone(), self.engine().clone());
        let stamp = self.stamp();
        let key = (stamp.world, stamp.tray, stamp.traffic);
        let made = self.effect.get(key, move || {
            let observed = traffic.observed_of_all(&before, &engine);
            Arc::new(before.effect(&after, &observed))
        });
        let made = made.await;
        made.map(Some).ok_or_else(|| defect("comparing the draft"))
    }

    pub(crate) fn plan(&self) -> Option<Arc<Plan>> {
        self.reviewed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_plan(&self, plan: Option<Arc<Plan>>) {
        *self.reviewed.lock().unwrap_or_else(PoisonError::into_inner) = plan;
    }
}

/// A world before anything is known of it but what will never be read.
fn unread(engine: &Engine) -> World {
    let sources = engine.meshes().flat_map(|mesh| mesh.sources());
    let nothing = sources.filter(|source| source.extent == Extent::Nothing);
    nothing.fold(World::new(), |world, source| world.covering(source.group, source.kind, Coverage::Withheld))
}

/// Everything that is followed.
fn kinds(engine: &Engine) -> Vec<Followed> {
    let meshes = engine.meshes().flat_map(|mesh| mesh.kinds()).map(|kind| (kind.group, kind.kind));
    let rollouts = crate::rollout::foreign::kinds();
    let mut kinds: Vec<Followed> =
        CORE.into_iter().chain(meshes).chain(rollouts).map(|(group, kind)| Followed::new(group, kind)).collect();
    // Those that selectors make are as many as there are services, and the pods show what they say.
    kinds.push(Followed { picked: mesh::KEPT.to_owned(), ..Followed::new(mesh::SLICES.0, mesh::SLICES.1) });
    for Source { group, kind, extent } in engine.meshes().flat_map(|mesh| mesh.sources()) {
        let followed = Followed::new(group, kind);
        match extent {
            Extent::Whole => kinds.push(followed),
            Extent::Within(namespace) => kinds.push(Followed { within: (*namespace).to_owned(), ..followed }),
            Extent::Beside(namespace) => {
                kinds.push(Followed { within: (*namespace).to_owned(), beside: true, ..followed });
            }
            Extent::Heads => kinds.push(Followed { keep: Keep::Heads, ..followed }),
            Extent::Labels => kinds.push(Followed { keep: Keep::Labels, ..followed }),
            Extent::Nothing => {}
        }
    }
    kinds.sort();
    kinds.dedup();
    kinds
}

/// A token that no other session has.
fn driver() -> String {
    format!("{:016x}", RandomState::new().hash_one(std::process::id()))
}

pub(crate) fn defect(what: &str) -> Error {
    Error::Defect { what: format!("{what} ended in the middle") }
}
