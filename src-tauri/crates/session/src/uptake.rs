//! How far the proxies have taken up a change: sent, acknowledged, rejected, in force. What was sent is told apart from what had
//! been sent before by the control plane's own stamps, never by this machine's clock.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use journal::EntryId;
use mesh::Unknown;
use serde_json::{Value, json};
use world::{ObjectKey, said};

use crate::proxies::{Fleet, Proxy, Sync};
use crate::write::plan::Step;
use crate::write::review::Plan;
use crate::{Error, Result, Session};

/// A proxy that was sent nothing for so long is not concerned: the control plane sends a change within its debounce
/// time (istiod: 100 ms after the last change, 10 s at most; pilot/pkg/features, PILOT_DEBOUNCE_MAX).
const LIMIT: Duration = Duration::from_secs(15);

/// How far one proxy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing was sent yet.
    Waiting,
    /// Sent, not acknowledged yet.
    Sent,
    /// It has it.
    Acknowledged,
    /// It refused it.
    Rejected,
    /// Its control plane does not say.
    Unknown,
}

/// Whether what was acknowledged holds for every connection. One that is open keeps the chain of filters that it was accepted with until
/// Envoy has drained it (istio: `drainDuration`, 45 s).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Force {
    /// It was not acknowledged yet, or the proxy was not read since.
    NotYet,
    /// So many listeners and chains of filters still drain.
    Drains(u32),
    /// It holds for every connection.
    InForce,
    /// The proxy does not say.
    Unknown,
}

/// One proxy.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Namespace of its pod.
    pub namespace: String,
    /// Its pod.
    pub pod: String,
    /// The workload.
    pub workload: String,
    /// How far it is.
    pub state: State,
    /// The rejection's own text.
    pub because: String,
    /// Whether it holds for every connection.
    pub force: Force,
}

/// One table for both directions, so that no word is kept that is not read.
const STATES: [(State, &str); 5] = [
    (State::Waiting, "waiting"),
    (State::Sent, "sent"),
    (State::Acknowledged, "acknowledged"),
    (State::Rejected, "rejected"),
    (State::Unknown, "unknown"),
];

impl State {
    /// As the journal keeps it.
    pub fn word(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).map_or("unknown", |(_, word)| word)
    }
}

impl Row {
    fn saved(&self) -> Value {
        json!({"namespace": self.namespace, "pod": self.pod, "workload": self.workload, "state": self.state.word(), "because": self.because})
    }

    /// From the journal.
    pub(crate) fn from_saved(saved: &Value) -> Self {
        let text = |name: &str| saved[name].as_str().unwrap_or_default().to_owned();
        let state = STATES.iter().find(|(_, word)| saved["state"] == *word).map_or(State::Unknown, |(state, _)| *state);
        let (namespace, pod, workload) = (text("namespace"), text("pod"), text("workload"));
        // Whether something drained long ago is not kept.
        let force = if state == State::Acknowledged { Force::Unknown } else { Force::NotYet };
        Self { namespace, pod, workload, state, because: text("because"), force }
    }
}

/// How far all are.
#[derive(Clone, Debug, PartialEq)]
pub struct Uptake {
    /// The entry.
    pub entry: EntryId,
    /// Every proxy that is concerned.
    pub rows: Vec<Row>,
    /// Why nothing can be said.
    pub unknown: Vec<Unknown>,
    /// Nothing more will change.
    pub settled: bool,
    /// From the write to the last acknowledgement.
    pub took: Option<Duration>,
}

impl Uptake {
    /// How many proxies still drain, and for how many all of it is in force.
    pub fn forces(&self) -> (u32, u32) {
        let count = |of: fn(&Force) -> bool| self.rows.iter().filter(|row| of(&row.force)).count() as u32;
        (count(|force| matches!(force, Force::Drains(_))), count(|force| *force == Force::InForce))
    }

    /// How many rows are in this state.
    pub fn count(&self, state: State) -> u32 {
        self.rows.iter().filter(|row| row.state == state).count() as u32
    }
}

/// (namespace, pod, type) → when it was last sent, by the control plane's clock.
type Stamps = HashMap<(String, String, String), Option<f64>>;

/// What was known when a write began.
#[derive(Clone, Debug)]
pub(crate) struct Tracker {
    began: Instant,
    before: Stamps,
    types: Vec<&'static str>,
    took: Option<Duration>,
    /// So many had it, since then.
    rose: (u32, Duration),
    recorded: bool,
    /// When each proxy was first seen to have it, in seconds since 1970.
    acknowledged: HashMap<(String, String), f64>,
}

/// All writes of this session.
pub(crate) type Trackers = std::sync::Mutex<BTreeMap<EntryId, Tracker>>;

fn stamps(fleet: &Fleet) -> Stamps {
    let of = |proxy: &Proxy| {
        let (namespace, pod) = (proxy.namespace.clone(), proxy.pod.clone());
        proxy
            .types
            .iter()
            .map(move |t| ((namespace.clone(), pod.clone(), t.name.clone()), t.sent_at))
            .collect::<Vec<_>>()
    };
    fleet.proxies.iter().flat_map(of).collect()
}

/// The xDS types that carry a change of an object, from its kind and what it says before and after (istio pilot/pkg/xds: which
/// generators need which config; `WDS` and `WADS` are those of ztunnels).
fn types(key: &ObjectKey, says: [Option<&Value>; 2]) -> &'static [&'static str] {
    match key.kind.as_str() {
        // Routes of bytes are part of a listener (pilot/pkg/networking/core/tls.go).
        "VirtualService" if says.into_iter().flatten().any(routes_bytes) => &["LDS", "RDS"],
        "VirtualService" | "HTTPRoute" | "GRPCRoute" => &["RDS"],
        "DestinationRule" => &["CDS"],
        "PeerAuthentication" => &["LDS", "CDS", "WADS"],
        "AuthorizationPolicy" => &["LDS", "WADS"],
        "RequestAuthentication" => &["LDS"],
        // The extension itself comes apart from the listener that names it (pilot/pkg/xds/ecds.go).
        "WasmPlugin" | "TrafficExtension" => &["LDS", "ECDS"],
        "EnvoyFilter" => &["CDS", "LDS", "RDS", "ECDS"],
        "ServiceEntry" | "WorkloadEntry" | "WorkloadGroup" | "Service" => &["CDS", "LDS", "RDS", "EDS", "WDS"],
        // Other controllers read them, and no proxy.
        "Rollout" | "Canary" => &[],
        _ => &["CDS", "LDS", "RDS"],
    }
}

fn routes_bytes(route: &Value) -> bool {
    ["/spec/tcp", "/spec/tls"].iter().any(|at| route.pointer(at).is_some_and(|rules| !rules.is_null()))
}

impl Session {
    /// Remembers what the proxies had before a write.
    pub(crate) fn begin_uptake(&self, entry: EntryId, plan: &Plan, fleet: &Fleet) {
        let of = |step: &Step| types(&step.key, [step.live.as_ref(), step.result.as_ref()]);
        let mut types: Vec<&'static str> = plan.steps.iter().flat_map(of).copied().collect();
        types.sort_unstable();
        types.dedup();
        let before = stamps(fleet);
        let tracker = Tracker::new(before, types);
        self.trackers.lock().unwrap_or_else(PoisonError::into_inner).insert(entry, tracker);
        self.hurry.notify_one();
    }

    /// Writes into the journal how far each change has come, also where nobody looks at it. Once for a session.
    pub fn follow_uptakes(self: &Arc<Self>) {
        let (weak, stopped, mut fleet) = (Arc::downgrade(self), self.cancel.clone(), self.fleet.clone());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = stopped.cancelled() => return,
                    changed = fleet.changed() => if changed.is_err() { return },
                    // A proxy that says nothing moves nothing: what stays so settles by time alone.
                    () = tokio::time::sleep(LIMIT) => {}
                }
                let Some(session) = weak.upgrade() else { return };
                for entry in session.unrecorded() {
                    if let Err(error) = session.record_uptake(entry).await {
                        tracing::warn!(%error, "how far a change has come was not kept");
                    }
                }
            }
        });
    }

    fn unrecorded(&self) -> Vec<EntryId> {
        let trackers = self.trackers.lock().unwrap_or_else(PoisonError::into_inner);
        trackers.iter().filter(|(_, tracker)| !tracker.recorded).map(|(entry, _)| *entry).collect()
    }

    async fn record_uptake(&self, entry: EntryId) -> Result<()> {
        match self.opening.records.get(entry).await?.state {
            // Its write is under way.
            journal::State::Intended => {}
            // Nothing of it is there to be taken up.
            journal::State::RolledBack => {
                self.trackers.lock().unwrap_or_else(PoisonError::into_inner).remove(&entry);
            }
            journal::State::Applied | journal::State::Partial | journal::State::Undone => {
                self.uptake(entry).await?;
            }
        }
        Ok(())
    }

    /// How far the proxies have taken up an entry.
    ///
    /// # Errors
    /// Where there is no such entry.
    pub async fn uptake(&self, entry: EntryId) -> Result<Uptake> {
        let tracker = self.trackers.lock().unwrap_or_else(PoisonError::into_inner).get(&entry).cloned();
        let Some(tracker) = tracker else {
            let known = self.opening.records.get(entry).await?;
            if known.cluster != self.cluster_name() {
                return Err(Error::NoSuchEntry { entry });
            }
            let because = said!(
                "it was written by an earlier session; {0} of {1} had taken it up then",
                "它由较早的会话写入；当时 {1} 个中有 {0} 个已采用",
                known.acknowledged,
                known.proxies
            );
            let unknown = vec![Unknown { about: ("uptake", "采用情况").into(), because }];
            let rows = known.uptake.iter().map(Row::from_saved).collect();
            return Ok(Uptake { entry, rows, unknown, settled: true, took: None });
        };
        let fleet = self.fleet.borrow().clone();
        let mut uptake = judge(entry, &tracker, &fleet, tracker.began.elapsed());
        uptake.took = tracker.took;
        self.remember(&mut uptake).await?;
        self.judge_force(&mut uptake, &fleet);
        Ok(uptake)
    }

    /// Says of each proxy that has it whether it is in force.
    fn judge_force(&self, uptake: &mut Uptake, fleet: &Fleet) {
        let mut trackers = self.trackers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(tracker) = trackers.get_mut(&uptake.entry) else { return };
        let traffic = self.traffic.borrow().clone();
        let now = traffic.clock(jiff::Timestamp::now().as_millisecond());
        // A ztunnel has no listeners: it closes what a new policy refuses (ztunnel, src/proxy/connection_manager.rs).
        let listens = |proxy: &&Proxy| proxy.types.iter().any(|kind| kind.name == "LDS");
        let listening: HashSet<(&str, &str)> =
            fleet.proxies.iter().filter(listens).map(|proxy| (&*proxy.namespace, &*proxy.pod)).collect();
        for row in uptake.rows.iter_mut().filter(|row| row.state == State::Acknowledged) {
            let since = *tracker.acknowledged.entry((row.namespace.clone(), row.pod.clone())).or_insert(now);
            row.force = if listening.contains(&(&*row.namespace, &*row.pod)) {
                force(&tracker.types, since, traffic.draining(&row.namespace, &row.pod))
            } else {
                Force::InForce
            };
        }
    }

    /// Keeps how long it took, and writes the count into the journal once it stands.
    async fn remember(&self, uptake: &mut Uptake) -> Result<()> {
        let acknowledged = uptake.count(State::Acknowledged);
        let total = uptake.rows.len() as u32;
        let record = {
            let mut trackers = self.trackers.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(tracker) = trackers.get_mut(&uptake.entry) else { return Ok(()) };
            tracker.note(acknowledged, total, tracker.began.elapsed());
            uptake.took = tracker.took;
            uptake.settled && !std::mem::replace(&mut tracker.recorded, uptake.settled)
        };
        if record {
            let rows = uptake.rows.iter().map(Row::saved).collect();
            self.opening.records.acknowledged(uptake.entry, acknowledged, total, rows).await?;
        }
        Ok(())
    }
}

impl Tracker {
    fn new(before: Stamps, types: Vec<&'static str>) -> Self {
        Self {
            began: Instant::now(),
            before,
            types,
            took: None,
            rose: (0, Duration::ZERO),
            recorded: false,
            acknowledged: HashMap::new(),
        }
    }

    /// It took until the last acknowledgement, and not until those that were sent nothing were known to be not concerned.
    fn note(&mut self, acknowledged: u32, total: u32, age: Duration) {
        if acknowledged > self.rose.0 {
            self.rose = (acknowledged, age);
        }
        if self.took.is_none() && total > 0 && acknowledged == total {
            self.took = Some(self.rose.1);
        }
    }
}

/// Whether something that was acknowledged then holds for every connection, by when the proxy was read last and what drained then. What is
/// no part of a listener holds for the next request on any connection.
fn force(types: &[&str], acknowledged: f64, read: Option<(f64, Option<f64>)>) -> Force {
    if !types.contains(&"LDS") {
        return Force::InForce;
    }
    match read {
        Some((at, _)) if at <= acknowledged => Force::NotYet,
        Some((_, Some(draining))) if draining > 0.0 => Force::Drains(draining as u32),
        Some((_, Some(_))) => Force::InForce,
        Some((_, None)) | None => Force::Unknown,
    }
}

fn judge(entry: EntryId, tracker: &Tracker, fleet: &Fleet, age: Duration) -> Uptake {
    let over = age >= LIMIT;
    let rows: Vec<Row> = fleet
        .proxies
        .iter()
        // Of others nobody tells whether they have taken it up.
        .filter(|proxy| proxy.is_xds())
        .map(|proxy| row(proxy, tracker))
        // Whoever was sent nothing in all that time is not concerned.
        .filter(|row| !(over && row.state == State::Waiting))
        .collect();
    let done = |row: &Row| matches!(row.state, State::Acknowledged | State::Rejected | State::Unknown);
    let some = rows.iter().any(|row| row.state == State::Acknowledged || row.state == State::Rejected);
    let settled = over || (some && rows.iter().all(done));
    Uptake { entry, rows, unknown: fleet.unknown.clone(), settled, took: None }
}

fn row(proxy: &Proxy, tracker: &Tracker) -> Row {
    let concerned = proxy.types.iter().filter(|t| tracker.types.contains(&t.name.as_str()));
    let mut state = if proxy.types.is_empty() { State::Unknown } else { State::Waiting };
    for kind in concerned {
        let at = (proxy.namespace.clone(), proxy.pod.clone(), kind.name.clone());
        let sent = tracker.before.get(&at).is_none_or(|before| *before != kind.sent_at);
        let now = match kind.state {
            Sync::Error if sent => State::Rejected,
            Sync::Stale if sent => State::Sent,
            Sync::Synced if sent => State::Acknowledged,
            _ => continue,
        };
        state = worse(state, now);
    }
    let because = if state == State::Rejected { proxy.nack.clone() } else { String::new() };
    Row {
        namespace: proxy.namespace.clone(),
        pod: proxy.pod.clone(),
        workload: proxy.workload.clone(),
        state,
        because,
        force: Force::NotYet,
    }
}

/// Of two types of one proxy, the one that holds it back; one that was sent tells more than one that was not.
fn worse(a: State, b: State) -> State {
    let rank = |state| match state {
        State::Waiting | State::Unknown => 0,
        State::Acknowledged => 1,
        State::Sent => 2,
        State::Rejected => 3,
    };
    if rank(b) > rank(a) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxies::TypeSync;

    fn proxy(state: Sync, sent_at: f64) -> Proxy {
        Proxy {
            namespace: "shop".into(),
            pod: "a".into(),
            sync: state,
            types: vec![TypeSync { name: "RDS".into(), state, sent_at: Some(sent_at), nack: String::new() }],
            nack: "bad route".into(),
            ..Proxy::default()
        }
    }

    #[test]
    fn it_took_until_the_last_acknowledgement() {
        let mut tracker = Tracker::new(Stamps::new(), vec!["RDS"]);
        let seconds = Duration::from_secs;
        tracker.note(0, 3, seconds(0));
        tracker.note(2, 3, seconds(1));
        tracker.note(2, 3, seconds(9));
        assert_eq!(tracker.took, None);
        // The third was not concerned.
        tracker.note(2, 2, seconds(15));
        assert_eq!(tracker.took, Some(seconds(1)));
        tracker.note(2, 2, seconds(20));
        assert_eq!(tracker.took, Some(seconds(1)));
    }

    fn fleet(proxy: Proxy) -> Fleet {
        Fleet { proxies: vec![proxy], ..Fleet::default() }
    }

    #[test]
    fn in_force_once_nothing_drains_any_more() {
        for (types, read, expected) in [
            (&["RDS"][..], None, Force::InForce),
            (&["LDS"], None, Force::Unknown),
            (&["LDS"], Some((9.0, Some(0.0))), Force::NotYet),
            (&["CDS", "LDS"], Some((11.0, Some(2.0))), Force::Drains(2)),
            (&["LDS"], Some((11.0, Some(0.0))), Force::InForce),
            (&["LDS"], Some((11.0, None)), Force::Unknown),
        ] {
            assert_eq!(force(types, 10.0, read), expected, "{types:?} {read:?}");
        }
    }

    #[test]
    fn what_a_change_travels_in() {
        let key = |kind: &str| ObjectKey::new("g", kind, "shop", "a");
        let http = serde_json::json!({"spec": {"http": [{}]}});
        let tcp = serde_json::json!({"spec": {"http": [{}], "tcp": [{}]}});
        for (kind, says, expected) in [
            ("VirtualService", [Some(&http), Some(&http)], &["RDS"][..]),
            ("VirtualService", [Some(&http), Some(&tcp)], &["LDS", "RDS"]),
            ("VirtualService", [Some(&tcp), None], &["LDS", "RDS"]),
            ("WasmPlugin", [None, None], &["LDS", "ECDS"]),
            ("AuthorizationPolicy", [None, None], &["LDS", "WADS"]),
            ("Canary", [None, None], &[]),
        ] {
            assert_eq!(types(&key(kind), says), expected, "{kind}");
        }
    }

    #[test]
    fn a_ztunnel_takes_up_a_policy() {
        let ztunnel = |state: Sync, sent_at: f64| Proxy {
            types: vec![TypeSync { name: "WADS".into(), state, sent_at: Some(sent_at), nack: String::new() }],
            ..proxy(state, sent_at)
        };
        let before = stamps(&fleet(ztunnel(Sync::Synced, 100.0)));
        let tracker =
            Tracker::new(before, types(&ObjectKey::new("g", "AuthorizationPolicy", "a", "a"), [None; 2]).to_vec());
        let uptake = judge(1, &tracker, &fleet(ztunnel(Sync::Synced, 105.0)), LIMIT);
        assert_eq!(uptake.rows.first().map(|row| row.state), Some(State::Acknowledged));
    }

    #[test]
    fn only_what_was_sent_since_counts() {
        let before = stamps(&fleet(proxy(Sync::Synced, 100.0)));
        let tracker = Tracker::new(before, vec!["RDS"]);
        let soon = Duration::from_secs(1);
        for (now, age, state, settled) in [
            (proxy(Sync::Synced, 100.0), soon, Some(State::Waiting), false),
            (proxy(Sync::Stale, 105.0), soon, Some(State::Sent), false),
            (proxy(Sync::Synced, 105.0), soon, Some(State::Acknowledged), true),
            (proxy(Sync::Error, 105.0), soon, Some(State::Rejected), true),
            (proxy(Sync::Synced, 100.0), LIMIT, None, true),
        ] {
            let uptake = judge(1, &tracker, &fleet(now), age);
            assert_eq!((uptake.rows.first().map(|row| row.state), uptake.settled), (state, settled));
        }
        let rejected = judge(1, &tracker, &fleet(proxy(Sync::Error, 105.0)), soon);
        assert_eq!(rejected.rows[0].because, "bad route");
        assert_eq!(Row::from_saved(&rejected.rows[0].saved()), rejected.rows[0], "a row survives the journal");
    }
}
