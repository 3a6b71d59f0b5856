//! What our questions cost those who are asked: how many there were, bytes of the answers, and how long they were waited for.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use kube::client::Body;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// Objects that are followed, and logs.
    Watch,
    /// Everything else of the API server itself.
    Api,
    /// What is in use: metrics.k8s.io, and what kubelets count.
    Usage,
    /// What proxies and control planes count.
    Counters,
    /// What proxies work with.
    Configuration,
    /// Pages of a control plane, over xDS too.
    ControlPlane,
    /// A Prometheus.
    Prometheus,
}

impl Sort {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 7] = [
        Self::Watch,
        Self::Api,
        Self::Usage,
        Self::Counters,
        Self::Configuration,
        Self::ControlPlane,
        Self::Prometheus,
    ];

    /// By the path that is asked, or by that behind the API server's proxy.
    pub(crate) fn of(path: &str) -> Self {
        let (bare, query) = path.split_once('?').unwrap_or((path, ""));
        let behind = bare.split_once("/proxy/").map(|(_, behind)| behind);
        let last = bare.rsplit('/').next().unwrap_or_default();
        let has = |part: &str| bare.contains(part);
        if query.starts_with("watch=1") || query.contains("follow=true") {
            Self::Watch
        } else if has("/apis/metrics.k8s.io/") || has("/metrics/cadvisor") {
            Self::Usage
        } else if behind.is_some_and(|behind| behind.contains("api/v1/")) || bare.starts_with("/api/v1/query") {
            Self::Prometheus
        } else if has("/debug/") {
            Self::ControlPlane
        } else if has("/stats") || last == "metrics" {
            Self::Counters
        } else if behind.is_some() || ["config_dump", "clusters", "certs", "listeners", "server_info"].contains(&last) {
            Self::Configuration
        } else {
            Self::Api
        }
    }
}

/// What questions of one sort cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Questions.
    pub asked: u64,
    /// Bytes of the answers, as they were read.
    pub bytes: u64,
    /// How long answers were waited for, those that came together each for itself; nothing of what is followed.
    pub waited: Duration,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.asked += other.asked;
        self.bytes += other.bytes;
        self.waited += other.waited;
    }
}

/// What one server was asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cost {
    /// In the last minute, each sort that was asked for.
    pub minute: Vec<(Sort, Tally)>,
    /// Since the connection was opened.
    pub whole: Tally,
    /// How long ago that was.
    pub open: Duration,
}

type Tallies = [Tally; Sort::ALL.len()];

/// Of a minute so many parts are kept, so that the oldest can be forgotten.
const PARTS: u64 = 6;
const PART: u64 = 10;

/// Counts.
#[derive(Debug)]
pub(crate) struct Meter {
    opened: Instant,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    whole: Tally,
    /// The number of a part since the connection was opened, and what it has.
    parts: VecDeque<(u64, Tallies)>,
}

impl Default for Meter {
    fn default() -> Self {
        Self { opened: Instant::now(), counted: Mutex::default() }
    }
}

impl Meter {
    /// A question that is asked now.
    pub(crate) fn question(self: &Arc<Self>, sort: Sort) -> Question {
        self.add(sort, Tally { asked: 1, ..Tally::default() });
        Question { meter: self.clone(), sort, begun: Instant::now() }
    }

    fn add(&self, sort: Sort, tally: Tally) {
        self.add_at(self.opened.elapsed(), sort, tally);
    }

    fn add_at(&self, age: Duration, sort: Sort, tally: Tally) {
        let now = age.as_secs() / PART;
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.whole.add(tally);
        if counted.parts.back().is_none_or(|(part, _)| *part != now) {
            counted.parts.push_back((now, Tallies::default()));
        }
        while counted.parts.front().is_some_and(|(part, _)| part + PARTS <= now) {
            counted.parts.pop_front();
        }
        if let Some((_, tallies)) = counted.parts.back_mut() {
            tallies[sort as usize].add(tally);
        }
    }

    pub(crate) fn cost(&self) -> Cost {
        self.cost_at(self.opened.elapsed())
    }

    fn cost_at(&self, open: Duration) -> Cost {
        let now = open.as_secs() / PART;
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut minute = Tallies::default();
        for (_, part) in counted.parts.iter().filter(|(part, _)| part + PARTS > now) {
            minute.iter_mut().zip(part).for_each(|(sum, tally)| sum.add(*tally));
        }
        let minute = Sort::ALL.into_iter().zip(minute).filter(|(_, tally)| *tally != Tally::default()).collect();
        Cost { minute, whole: counted.whole, open }
    }
}

/// A question under way; dropping it ends the wait for its answer.
#[derive(Debug)]
pub(crate) struct Question {
    meter: Arc<Meter>,
    sort: Sort,
    begun: Instant,
}

impl Question {
    /// So many bytes of the answer were read.
    pub(crate) fn heard(&self, bytes: usize) {
        self.meter.add(self.sort, Tally { bytes: bytes as u64, ..Tally::default() });
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        // What is followed is waited for all the time.
        if self.sort != Sort::Watch {
            self.meter.add(self.sort, Tally { waited: self.begun.elapsed(), ..Tally::default() });
        }
    }
}

/// The body of an answer, or a stream to a pod, whose bytes are counted.
pub(crate) struct Heard<T> {
    inner: T,
    question: Question,
}

impl<T> Heard<T> {
    pub(crate) fn new(inner: T, question: Question) -> Self {
        Self { inner, question }
    }
}

impl HttpBody for Heard<Body> {
    type Data = Bytes;
    type Error = kube::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.question.heard(data.len());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Heard<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = to.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, to);
        let bytes = to.filled().len() - before;
        if bytes > 0 {
            self.question.heard(bytes);
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Heard<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_told_by_its_path() {
        for (path, expected) in [
            ("/api/v1/pods?watch=1&sendInitialEvents=true", Sort::Watch),
            ("/api/v1/namespaces/a/pods/b/log?container=c&follow=true", Sort::Watch),
            ("/api/v1/pods?limit=500", Sort::Api),
            ("/version", Sort::Api),
            ("/apis/metrics.k8s.io/v1beta1/pods", Sort::Usage),
            ("/api/v1/nodes/n/proxy/metrics/cadvisor", Sort::Usage),
            ("/api/v1/namespaces/a/pods/b:15090/proxy/stats/prometheus?usedonly", Sort::Counters),
            ("/stats?format=json", Sort::Counters),
            ("/metrics", Sort::Counters),
            ("/config_dump", Sort::Configuration),
            ("/clusters?format=json", Sort::Configuration),
            ("/debug/config_dump?proxyID=a.b", Sort::ControlPlane),
            ("/api/v1/namespaces/m/services/p:9090/proxy/api/v1/query?query=up", Sort::Prometheus),
            ("/api/v1/query_range?query=up", Sort::Prometheus),
        ] {
            assert_eq!(Sort::of(path), expected, "{path}");
        }
        assert!(Sort::ALL.into_iter().enumerate().all(|(n, sort)| sort as usize == n));
    }

    #[test]
    fn a_minute_later_only_the_sum_remains() {
        let meter = Meter::default();
        let at = Duration::from_secs;
        let one = |bytes| Tally { asked: 1, bytes, waited: Duration::from_millis(5) };
        meter.add_at(at(3), Sort::Api, one(100));
        meter.add_at(at(31), Sort::Api, one(10));
        meter.add_at(at(32), Sort::Usage, one(1));
        let sums = |open| {
            let cost = meter.cost_at(at(open));
            (
                cost.minute.iter().map(|(sort, tally)| (*sort, tally.asked, tally.bytes)).collect::<Vec<_>>(),
                cost.whole.bytes,
            )
        };
        assert_eq!(sums(35), (vec![(Sort::Api, 2, 110), (Sort::Usage, 1, 1)], 111));
        assert_eq!(sums(65), (vec![(Sort::Api, 1, 10), (Sort::Usage, 1, 1)], 111));
        assert_eq!(sums(200), (Vec::new(), 111));
        meter.add_at(at(200), Sort::Api, one(7));
        assert_eq!(sums(201), (vec![(Sort::Api, 1, 7)], 118));
    }
}
