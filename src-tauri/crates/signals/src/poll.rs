//! Reading the statistics of all proxies, politely: few at once, filtered where they are made, slow ones left in peace.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cluster::{ApiError, Cause, Connection, escape};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use world::said;

use crate::clock::Clock;
use crate::envoy::{self, Sample};
use crate::{ADMIN_PORT, Proxy, Role, Unknown};

/// How many proxies are read at once.
const AT_ONCE: usize = 8;
/// From one question to the next: an API server is asked 200 times a second at most, however many proxies there are.
const APART: Duration = Duration::from_millis(5);
/// A round ends where nobody has answered for so long: those that are left are heard in a later one.
const LATE: Duration = Duration::from_secs(2);
/// A proxy that takes longer is passed over for some rounds: rendering statistics holds up its main thread.
const SLOW: Duration = Duration::from_secs(1);
/// For how many rounds.
const REST: u32 = 5;
/// When both ways are closed to us, they are tried again after this.
const CLOSED: Duration = Duration::from_secs(60);
/// Envoy's port for statistics, which the pod's network reaches; its path passes a filter on.
const STATS_PORT: u16 = 15090;
/// ztunnel's port for its statistics (ztunnel src/config.rs, `DEFAULT_STATS_PORT`).
const ZTUNNEL_PORT: u16 = 15020;

/// What one round brought.
#[derive(Debug, Default)]
pub struct Round {
    /// The proxies that answered, with the time of the answer in seconds since 1970.
    pub samples: Vec<(Proxy, f64, Sample)>,
    /// Those that did not, by namespace and pod.
    pub failed: Vec<((String, String), ApiError)>,
    /// What cannot be known, and why.
    pub unknown: Vec<Unknown>,
    /// What it cost.
    pub cost: Cost,
}

/// What a round cost those who were asked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Proxies that were asked.
    pub proxies: u32,
    /// Bytes of their answers.
    pub bytes: f64,
    /// Seconds until the last had answered.
    pub seconds: f64,
}

#[derive(Clone, Debug)]
enum Way {
    /// By the API server's proxy.
    Proxy,
    /// By port-forward: the proxy is forbidden.
    Forward,
    /// Neither, since then.
    Closed(Instant, ApiError),
}

/// Namespace and pod.
type Place = (String, String);

/// Reads all proxies of a cluster, again and again.
pub struct Poller {
    asker: Arc<Asker>,
    asked: tokio::sync::Mutex<Asked>,
}

/// What a round leaves to the next.
#[derive(Default)]
struct Asked {
    /// Those that were asked and have not answered yet.
    whom: HashSet<Place>,
    tasks: JoinSet<Answered>,
    /// Those that are left in peace.
    resting: HashMap<Place, Rest>,
}

/// What one proxy said, how long that was in bytes, and when.
struct Answered {
    proxy: Proxy,
    at: f64,
    answer: Result<(Sample, usize), ApiError>,
    is_slow: bool,
}

/// Why one is left in peace, and for how many rounds still.
struct Rest {
    rounds: u32,
    error: Option<ApiError>,
}

impl Poller {
    /// A poller over a connection.
    pub fn new(connection: Connection) -> Self {
        Self { asker: Arc::new(Asker::new(connection)), asked: Default::default() }
    }

    /// How long from the end of one round to the next, by the number of proxies.
    pub fn step(proxies: usize) -> Duration {
        Duration::from_secs(match proxies {
            0..=50 => 2,
            51..=200 => 5,
            201..=1000 => 10,
            _ => 15,
        })
    }

    /// The time as samples have it: seconds since 1970 when the poller began, and only forward since, also through sleep.
    pub fn now(&self) -> f64 {
        self.asker.clock.now()
    }

    /// Reads every proxy once that is ready: one that starts has better things to do. Whoever keeps the others waiting is heard in a later round.
    pub async fn round(&self, proxies: &[Proxy]) -> Round {
        self.round_in_parts(proxies, Duration::MAX, |_| {}).await
    }

    /// The same, which tells what has come in whenever `every` has gone by, for a round over thousands takes minutes. The answer is the
    /// rest, with what the whole round cost and did not get.
    pub async fn round_in_parts(&self, proxies: &[Proxy], every: Duration, mut told: impl FnMut(Round)) -> Round {
        let (mut round, begun, mut last) = (Round::default(), Instant::now(), Instant::now());
        let mut asked = self.asked.lock().await;
        let there: HashSet<Place> = proxies.iter().map(Proxy::key).collect();
        asked.resting.retain(|place, _| there.contains(place));
        for proxy in proxies.iter().filter(|proxy| proxy.container.ready) {
            self.ask(proxy, &mut asked, &mut round);
        }
        while let Ok(Some(answered)) = tokio::time::timeout(LATE, asked.tasks.join_next()).await {
            answered.into_iter().for_each(|answered| asked.hear(answered, &mut round));
            if last.elapsed() >= every && !round.samples.is_empty() {
                let samples = std::mem::take(&mut round.samples);
                told(Round { samples, cost: round.cost, ..Round::default() });
                last = Instant::now();
            }
        }
        round.cost.seconds = begun.elapsed().as_secs_f64();
        if let Some(reason) = summary(&round.failed) {
            round.unknown.push(reason);
        }
        round
    }

    fn ask(&self, proxy: &Proxy, asked: &mut Asked, round: &mut Round) {
        let place = proxy.key();
        if let Some(rest) = asked.resting.get_mut(&place).filter(|rest| rest.rounds > 0) {
            rest.rounds -= 1;
            round.failed.extend(rest.error.clone().map(|error| (place, error)));
        } else if asked.whom.insert(place) {
            round.cost.proxies += 1;
            asked.tasks.spawn(self.asker.clone().ask(proxy.clone()));
        }
    }
}

impl Asked {
    fn hear(&mut self, Answered { proxy, at, answer, is_slow }: Answered, round: &mut Round) {
        let place = proxy.key();
        self.whom.remove(&place);
        self.resting.remove(&place);
        if is_slow {
            self.resting.insert(place.clone(), Rest { rounds: REST, error: answer.as_ref().err().cloned() });
        }
        match answer {
            Ok((sample, bytes)) => {
                round.cost.bytes += bytes as f64;
                round.samples.push((proxy, at, sample));
            }
            Err(error) => round.failed.push((place, error)),
        }
    }
}

/// Asks one proxy, in its turn.
struct Asker {
    connection: Connection,
    way: Mutex<Way>,
    clock: Clock,
    at_once: Semaphore,
    /// When the next may be asked.
    next: Mutex<Instant>,
}

impl Asker {
    fn new(connection: Connection) -> Self {
        let (way, next) = (Mutex::new(Way::Proxy), Mutex::new(Instant::now()));
        Self { connection, way, clock: Clock::new(), at_once: Semaphore::new(AT_ONCE), next }
    }

    async fn ask(self: Arc<Self>, proxy: Proxy) -> Answered {
        // Nobody closes it.
        let _one_of_few = self.at_once.acquire().await;
        self.turn().await;
        let asked = Instant::now();
        let answer = self.statistics(&proxy).await;
        let is_slow = asked.elapsed() > SLOW;
        let answer = answer.map(|answer| (envoy::read(&answer), answer.len()));
        Answered { proxy, at: self.clock.now(), answer, is_slow }
    }

    /// Waits until another question may be asked.
    async fn turn(&self) {
        if matches!(self.way(), Way::Closed(since, _) if since.elapsed() < CLOSED) {
            return;
        }
        let at = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let at = (*next).max(Instant::now());
            *next = at + APART;
            at
        };
        tokio::time::sleep_until(at.into()).await;
    }

    async fn statistics(&self, proxy: &Proxy) -> Result<bytes::Bytes, ApiError> {
        let (statistics, admin, path) = match proxy.role {
            // ztunnel has one port for both, and no filter.
            Role::Ztunnel => (ZTUNNEL_PORT, ZTUNNEL_PORT, "/metrics".to_owned()),
            Role::Sidecar | Role::Gateway | Role::Waypoint | Role::Node => {
                (STATS_PORT, ADMIN_PORT, format!("/stats/prometheus?usedonly&filter={}", escape(envoy::FILTER)))
            }
        };
        let (namespace, pod) = (&proxy.namespace, &proxy.pod);
        match self.way() {
            Way::Proxy => match self.connection.pod_proxy_get(namespace, pod, statistics, &path).await {
                Err(error) if is_forbidden(&error) => self.go(Way::Forward),
                answer => return answer,
            },
            Way::Forward => {}
            Way::Closed(since, error) if since.elapsed() < CLOSED => return Err(error),
            Way::Closed(..) => self.go(Way::Proxy),
        }
        let answer = self.connection.pod_forward_get(namespace, pod, admin, &path).await;
        if let Err(error) = &answer
            && is_forbidden(error)
        {
            self.go(Way::Closed(Instant::now(), error.clone()));
        }
        answer
    }

    fn way(&self) -> Way {
        self.way.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn go(&self, to: Way) {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }
}

fn is_forbidden(error: &ApiError) -> bool {
    matches!(error.cause, Cause::Forbidden { .. })
}

/// In one sentence, why proxies could not be read.
fn summary(failed: &[((String, String), ApiError)]) -> Option<Unknown> {
    let (pod, error) = failed.first()?;
    let verb = failed.iter().find_map(|(_, error)| match &error.cause {
        Cause::Forbidden { verb, .. } => Some(verb).filter(|verb| !verb.is_empty()),
        _ => None,
    });
    if let Some(verb) = verb {
        let because = said!(
            "you may neither get pods/proxy nor {verb} pods/portforward",
            "你既无权 get pods/proxy，也无权 {verb} pods/portforward"
        );
        return Some(Unknown::new(("traffic", "流量"), because));
    }
    let name = format!("{}/{}", pod.0, pod.1);
    let about = match failed.len() {
        1 => said!("traffic of {name}", "{name} 的流量"),
        more => said!("traffic of {name} and {} more", "{name} 及另外 {} 个的流量", more - 1),
    };
    Some(Unknown::new(about, error.cause.said()))
}
