//! Reading the statistics of all proxies, politely: few at once, filtered where they are made, slow ones left in peace.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use cluster::{ApiError, Cause, Connection, escape};
use futures::StreamExt;

use crate::clock::Clock;
use crate::envoy::{self, Sample};
use crate::{ADMIN_PORT, Proxy, Role, Unknown};

/// How many proxies are read at once.
const AT_ONCE: usize = 8;
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

/// Reads all proxies of a cluster, again and again.
pub struct Poller {
    connection: Connection,
    way: Mutex<Way>,
    /// Rounds that a slow proxy still has in peace.
    resting: Mutex<HashMap<(String, String), u32>>,
    clock: Clock,
}

impl Poller {
    /// A poller over a connection.
    pub fn new(connection: Connection) -> Self {
        Self { connection, way: Mutex::new(Way::Proxy), resting: Mutex::default(), clock: Clock::new() }
    }

    /// How long from one round to the next, by the number of proxies.
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
        self.clock.now()
    }

    /// Reads every proxy once that is ready: one that starts has better things to do.
    pub async fn round(&self, proxies: &[Proxy]) -> Round {
        self.round_in_parts(proxies, Duration::MAX, |_| {}).await
    }

    /// The same, which tells what has come in whenever `every` has gone by, for a round over thousands takes minutes. The answer is the
    /// rest, with what the whole round cost and did not get.
    pub async fn round_in_parts(&self, proxies: &[Proxy], every: Duration, mut told: impl FnMut(Round)) -> Round {
        let (mut round, begun, mut last) = (Round::default(), Instant::now(), Instant::now());
        let due: Vec<_> = proxies.iter().filter(|proxy| proxy.container.ready && self.is_due(proxy)).collect();
        round.cost.proxies = due.len() as u32;
        // Collected first: a stream over the closure itself is not `Send` (rust-lang/rust#102211).
        let asked: Vec<_> =
            due.into_iter().map(|proxy| async move { (proxy, self.sample(proxy).await, self.now()) }).collect();
        let mut answers = futures::stream::iter(asked).buffer_unordered(AT_ONCE);
        while let Some((proxy, answer, at)) = answers.next().await {
            match answer {
                Ok((sample, bytes)) => {
                    round.cost.bytes += bytes as f64;
                    round.samples.push((proxy.clone(), at, sample));
                }
                Err(error) => round.failed.push((proxy.key(), error)),
            }
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

    fn is_due(&self, proxy: &Proxy) -> bool {
        let Ok(mut resting) = self.resting.lock() else { return true };
        match resting.get_mut(&proxy.key()) {
            Some(rounds) if *rounds > 1 => {
                *rounds -= 1;
                false
            }
            Some(_) => {
                resting.remove(&proxy.key());
                true
            }
            None => true,
        }
    }

    /// Its counters, and how long its answer was in bytes.
    async fn sample(&self, proxy: &Proxy) -> Result<(Sample, usize), ApiError> {
        let asked = Instant::now();
        let answer = self.statistics(proxy).await;
        if asked.elapsed() > SLOW
            && let Ok(mut resting) = self.resting.lock()
        {
            resting.insert(proxy.key(), REST);
        }
        let answer = answer?;
        Ok((envoy::read(&answer), answer.len()))
    }

    async fn statistics(&self, proxy: &Proxy) -> Result<bytes::Bytes, ApiError> {
        let (statistics, admin, path) = match proxy.role {
            // ztunnel has one port for both, and no filter.
            Role::Ztunnel => (ZTUNNEL_PORT, ZTUNNEL_PORT, "/metrics".to_owned()),
            Role::Sidecar | Role::Gateway | Role::Waypoint => {
                (STATS_PORT, ADMIN_PORT, format!("/stats/prometheus?usedonly&filter={}", escape(envoy::FILTER)))
            }
        };
        let (namespace, pod) = (&proxy.namespace, &proxy.pod);
        match self.way() {
            Way::Proxy => match self.connection.pod_proxy_get(namespace, pod, statistics, &path).await {
                Err(error) if is_forbidden(&error) => self.turn(Way::Forward),
                answer => return answer,
            },
            Way::Forward => {}
            Way::Closed(since, error) if since.elapsed() < CLOSED => return Err(error),
            Way::Closed(..) => self.turn(Way::Proxy),
        }
        let answer = self.connection.pod_forward_get(namespace, pod, admin, &path).await;
        if let Err(error) = &answer
            && is_forbidden(error)
        {
            self.turn(Way::Closed(Instant::now(), error.clone()));
        }
        answer
    }

    fn way(&self) -> Way {
        self.way.lock().map_or(Way::Proxy, |way| way.clone())
    }

    fn turn(&self, to: Way) {
        if let Ok(mut way) = self.way.lock() {
            *way = to;
        }
    }
}

fn is_forbidden(error: &ApiError) -> bool {
    matches!(error.cause, Cause::Forbidden { .. })
}

/// In one sentence, why proxies could not be read.
fn summary(failed: &[((String, String), ApiError)]) -> Option<Unknown> {
    let (pod, error) = failed.first()?;
    if failed.iter().any(|(_, error)| is_forbidden(error)) {
        return Some(Unknown::new("traffic", "you may neither get pods/proxy nor create pods/portforward"));
    }
    let others = match failed.len() {
        1 => String::new(),
        more => format!(" and {} more", more - 1),
    };
    Some(Unknown::new(format!("traffic of {}/{}{others}", pod.0, pod.1), error.cause.to_string()))
}
