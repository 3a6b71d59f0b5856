//! The access log of one proxy, as it grows: followed while somebody looks at it, a bounded number of lines kept, newest first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cluster::{Cause, Connection, Log, Since};
use jiff::Timestamp;
use serde_json::json;
use signals::access::{self, Lines};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use world::{Pod, Said, said, yaml};

use crate::{Error, Result, Session};

pub use signals::access::{Call, Direction, Entry, What, flag};

/// Lines that are kept, and bytes of them.
const KEPT: usize = 5_000;
const KEPT_BYTES: usize = 16 << 20;
/// Most lines in one answer.
const SHOWN: usize = 1_000;
/// From before it was asked for, so that the page does not begin empty.
const BEFORE: Since = Since::Seconds(300);
/// Nobody has asked for so long: it is followed no more.
const IDLE: Duration = Duration::from_secs(60);
/// Whoever looks is told of news this often.
const TOLD: Duration = Duration::from_millis(250);
/// A log that ended (its file is exchanged, its container begins again) is asked for again after this.
const AGAIN: Duration = Duration::from_secs(2);
const GROUP: &str = "telemetry.istio.io";

/// How the following goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Following {
    /// The first answer has not come.
    #[default]
    Begins,
    /// It runs.
    Runs,
    /// It ended: why.
    Ended(Said),
}

/// Which lines are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// Every line.
    All,
    /// Requests and connections.
    Calls,
    /// Those of them that failed.
    Failed,
}

/// What is known of the log.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// How the following goes.
    pub following: Following,
    /// The lines that fit, newest first, each with its number.
    pub rows: Vec<(u64, Entry)>,
    /// How many fit of those that are kept.
    pub fit: usize,
    /// How many were read.
    pub read: u64,
    /// How many of them are older than those that are kept.
    pub dropped: u64,
    /// How many are kept of a format that is not known.
    pub unknown: usize,
    /// No request was read, and the proxy writes none: its configuration names no access log. `None` where requests were read or its
    /// configuration is not known.
    pub off: Option<bool>,
}

#[derive(Default)]
struct Ring {
    following: Following,
    lines: VecDeque<(u64, Entry)>,
    bytes: usize,
    read: u64,
    calls: u64,
    /// When the newest line was written.
    last: Option<Timestamp>,
    /// The log was asked for again from then on: what is not newer comes once more.
    had: Option<Timestamp>,
    news: bool,
}

impl Ring {
    fn take(&mut self, line: &str) {
        let entry = access::read(line, true);
        if entry.at.is_some() && entry.at <= self.had {
            return;
        }
        self.last = self.last.max(entry.at);
        self.read += 1;
        self.calls += u64::from(matches!(entry.what, What::Call(_)));
        self.bytes += entry.raw.len();
        self.lines.push_front((self.read, entry));
        while self.lines.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some((_, oldest)) = self.lines.pop_back() else { break };
            self.bytes -= oldest.raw.len();
        }
        self.news = true;
    }
}

/// A log that is followed.
pub(crate) struct Followed {
    place: (String, String),
    ring: Arc<Mutex<Ring>>,
    asked: Arc<Mutex<Instant>>,
    _alive: DropGuard,
}

/// The one that is on screen, and whoever wants to hear of its news.
pub(crate) struct Held {
    followed: Mutex<Option<Followed>>,
    told: watch::Sender<u64>,
}

impl Default for Held {
    fn default() -> Self {
        Self { followed: Mutex::default(), told: watch::channel(0).0 }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// Moves whenever the log that is followed has something new.
    pub fn access_told(&self) -> watch::Receiver<u64> {
        self.access.told.subscribe()
    }

    /// The log of a proxy; it is followed from the first time that it is asked for until nobody asks any more.
    ///
    /// # Errors
    /// None today: what cannot be read is said in the answer.
    pub async fn proxy_access(&self, namespace: &str, pod: &str, search: &str, only: Only) -> Result<Shown> {
        let ring = self.follow_access(namespace, pod);
        let (mut shown, calls) = {
            let ring = lock(&ring);
            (shown(&ring, search, only), ring.calls)
        };
        if calls == 0 && shown.following == Following::Runs {
            // Asked of the proxy once: what is known of it stays until somebody asks anew.
            shown.off = self.proxy_held(namespace, pod).await.ok().map(|detail| detail.dump.logs().is_empty());
        }
        Ok(shown)
    }

    /// Follows it no more.
    pub fn proxy_access_stop(&self, namespace: &str, pod: &str) {
        let mut followed = lock(&self.access.followed);
        followed.take_if(|followed| followed.place.0 == namespace && followed.place.1 == pod);
    }

    fn follow_access(&self, namespace: &str, pod: &str) -> Arc<Mutex<Ring>> {
        let mut followed = lock(&self.access.followed);
        let mut ring = Arc::<Mutex<Ring>>::default();
        if let Some(known) = followed.as_ref().filter(|known| known.place.0 == namespace && known.place.1 == pod) {
            let alive =
                !matches!(lock(&known.ring).following, Following::Ended(_)) || lock(&known.asked).elapsed() < AGAIN;
            *lock(&known.asked) = Instant::now();
            // What was read stays: it goes on from there.
            ring = known.ring.clone();
            if alive {
                return ring;
            }
            lock(&ring).following = Following::Begins;
        }
        let place = (namespace.to_owned(), pod.to_owned());
        let asked = Arc::new(Mutex::new(Instant::now()));
        let cancel = CancellationToken::new();
        let task =
            follow(self.connection().clone(), place.clone(), ring.clone(), asked.clone(), self.access.told.clone());
        let (session, stopped) = (self.cancel.clone(), cancel.clone());
        tokio::spawn(async move {
            tokio::select! { () = session.cancelled() => {}, () = stopped.cancelled() => {}, () = task => {} }
        });
        *followed = Some(Followed { place, ring: ring.clone(), asked, _alive: cancel.drop_guard() });
        ring
    }

    /// Puts a Telemetry into the tray that has the proxies of this workload write their access log.
    ///
    /// # Errors
    /// Where there is no such pod, or an object of that name.
    pub async fn proxy_access_put(&self, namespace: &str, pod: &str) -> Result<()> {
        let world = self.world();
        let refuse = |reason: Said| Error::Field { field: "pod", reason };
        let found = world
            .pod(namespace, pod)
            .ok_or_else(|| refuse(said!("{namespace}/{pod} is gone", "{namespace}/{pod} 已不存在")))?;
        let name = format!("{}-access-log", found.workload.1);
        if let Some(has) = world.documents_in(GROUP, "Telemetry", namespace).find(|has| has.key.name == name) {
            return Err(refuse(said!("{} is there already: edit it", "{} 已存在：请编辑它", has.key)));
        }
        let object = json!({"apiVersion": format!("{GROUP}/v1"), "kind": "Telemetry", "metadata": {"name": name, "namespace": namespace},
            "spec": {"selector": {"matchLabels": labels(found)}, "accessLogging": [{"providers": [{"name": "envoy"}]}]}});
        self.draft_put(&yaml::write(&object), "").await
    }
}

/// Labels that tell a workload's pods: those that people give them, not those that controllers and the injector add.
fn labels(pod: &Pod) -> serde_json::Map<String, serde_json::Value> {
    let usual = ["app", "version", "app.kubernetes.io/name", "app.kubernetes.io/instance", "istio"];
    let made = [
        "pod-template-hash",
        "controller-revision-hash",
        "statefulset.kubernetes.io/pod-name",
        "pod-template-generation",
    ];
    let chosen = |name: &str| {
        if pod.labels.keys().any(|label| usual.contains(&label)) {
            usual.contains(&name)
        } else {
            !made.contains(&name)
        }
    };
    let all = pod.labels.iter().filter(|(name, _)| chosen(name));
    all.map(|(name, value)| (name.to_owned(), value.into())).collect()
}

async fn follow(
    connection: Connection,
    place: (String, String),
    ring: Arc<Mutex<Ring>>,
    asked: Arc<Mutex<Instant>>,
    told: watch::Sender<u64>,
) {
    let tell = || told.send_modify(|n| *n += 1);
    loop {
        let had = {
            let mut ring = lock(&ring);
            ring.had = ring.last;
            ring.had
        };
        let since = had.map_or(BEFORE, |at| Since::Time(at.to_string()));
        match connection.pod_log((&place.0, &place.1), signals::CONTAINER, &since).await {
            Ok(mut log) => {
                lock(&ring).following = Following::Runs;
                tell();
                if !read(&mut log, &ring, &asked, &told).await {
                    return;
                }
            }
            Err(error) => {
                // What passes is tried again; a missing right and a pod that is gone are not.
                lock(&ring).following = Following::Ended(because(&error));
                tell();
                if !error.is_passing() || lock(&asked).elapsed() > IDLE {
                    return;
                }
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Reads until the log ends; false once nobody wants it any more.
async fn read(log: &mut Log, ring: &Mutex<Ring>, asked: &Mutex<Instant>, told: &watch::Sender<u64>) -> bool {
    let mut lines = Lines::default();
    let mut beat = tokio::time::interval(TOLD);
    loop {
        tokio::select! {
            came = log.next() => match came {
                Ok(Some(bytes)) => {
                    let mut ring = lock(ring);
                    lines.feed(&bytes, |line| ring.take(line));
                }
                Ok(None) | Err(_) => return true,
            },
            _ = beat.tick() => {
                if std::mem::take(&mut lock(ring).news) {
                    told.send_modify(|n| *n += 1);
                }
                if lock(asked).elapsed() > IDLE {
                    lock(ring).following = Following::Ended(said!("nobody has looked for a while", "有一阵没有人查看"));
                    return false;
                }
            }
        }
    }
}

fn because(error: &cluster::ApiError) -> Said {
    match &error.cause {
        Cause::NotFound { .. } => said!("the pod or its proxy is gone", "该 Pod 或其代理已不存在"),
        cause => cause.said(),
    }
}

fn shown(ring: &Ring, search: &str, only: Only) -> Shown {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let fits = |entry: &Entry| {
        let kind = match (&entry.what, only) {
            (_, Only::All) | (What::Call(_), Only::Calls) => true,
            (What::Call(call), Only::Failed) => call.failed() || call.status.is_some_and(|status| status >= 400),
            (What::Word(_) | What::Unknown, Only::Calls | Only::Failed) => false,
        };
        kind && (words.is_empty() || {
            let text = entry.raw.to_lowercase();
            words.iter().all(|word| text.contains(word))
        })
    };
    let mut fit = 0;
    let mut rows = Vec::new();
    for (number, entry) in ring.lines.iter().filter(|(_, entry)| fits(entry)) {
        fit += 1;
        if rows.len() < SHOWN {
            rows.push((*number, entry.clone()));
        }
    }
    Shown {
        following: ring.following.clone(),
        rows,
        fit,
        read: ring.read,
        dropped: ring.read - ring.lines.len() as u64,
        unknown: ring.lines.iter().filter(|(_, entry)| entry.what == What::Unknown).count(),
        off: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: u32, status: u16) -> String {
        format!(
            "2026-11-26T10:00:{second:02}Z [2026-11-26T10:00:00Z] \"GET /a HTTP/1.1\" {status} - x - \"-\" 0 1 2 3 \"-\" \"-\" \"id{second}\" \"b:1\" \"-\" - - - - - -"
        )
    }

    #[test]
    fn newest_first_filtered_and_bounded() {
        let mut ring = Ring::default();
        ring.take(&line(1, 200));
        ring.take("2026-11-26T10:00:02Z some words");
        ring.take(&line(3, 503));
        // Once more after the log was asked for again.
        ring.had = ring.last;
        ring.take(&line(1, 200));
        ring.take(&line(3, 503));
        let of =
            |search: &str, only: Only| shown(&ring, search, only).rows.into_iter().map(|(n, _)| n).collect::<Vec<_>>();
        assert_eq!(of("", Only::All), [3, 2, 1]);
        assert_eq!(of("", Only::Calls), [3, 1]);
        assert_eq!(of("", Only::Failed), [3]);
        assert_eq!(of("ID1 get", Only::All), [1]);
        for _ in 0..KEPT {
            ring.take(&line(4, 200));
        }
        let all = shown(&ring, "", Only::All);
        assert_eq!((all.rows.len(), all.fit, all.dropped, all.unknown), (SHOWN, KEPT, 3, 0));
        let long = format!("2026-11-26T10:00:05Z {}", "x".repeat(1 << 20));
        for _ in 0..20 {
            ring.take(&long);
        }
        assert!(
            ring.lines.len() == 16 && ring.bytes <= KEPT_BYTES,
            "{} lines of {} bytes",
            ring.lines.len(),
            ring.bytes
        );
    }
}
