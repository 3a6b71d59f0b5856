//! What keeps the past of a session, and answers for it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use mesh::Unknown;
use world::{Said, said};

use super::{Called, Past, Span};
use crate::live::Link;
use crate::map::Flow;
use crate::resources::{Before, Curve, Sample, samples, uses};
use crate::session::defect;
use crate::{Result, Session};

/// From one moment to the next.
pub(crate) const STEP: Duration = Duration::from_secs(60);

/// In how many minutes traffic was kept, this session's among them, and what was called then.
pub(crate) type Calls = Mutex<(usize, Called)>;

/// The past of a session, where one is kept.
pub(crate) type Held = OnceLock<Arc<Past>>;

fn refused(error: std::io::Error) -> crate::Error {
    crate::Error::File { path: "past".into(), reason: error.to_string().into() }
}

impl Session {
    /// Keeps the past in a profile's folder from now on, a moment each `step`, for as long as the session is open. Once for a session.
    pub fn keep_past(self: &Arc<Self>, profile: &std::path::Path, step: Duration) {
        let past = Arc::new(Past::of(profile, self.card().cluster(), self.driver()));
        if self.past.set(past.clone()).is_err() {
            return;
        }
        let (weak, stopped, mut live) = (Arc::downgrade(self), self.cancel.clone(), self.live());
        tokio::spawn(async move {
            // Before everything is listed, workloads that were measured earlier would seem gone.
            let listed = live.wait_for(|live| live.link == Link::Live);
            tokio::select! { () = stopped.cancelled() => return, _ = listed => {} }
            if let Some(session) = weak.upgrade() {
                session.recall().await;
            }
            loop {
                tokio::select! { () = stopped.cancelled() => return, () = tokio::time::sleep(step) => {} }
                let Some(session) = weak.upgrade() else { return };
                if let Err(error) = session.keep_moment(&past, step).await {
                    tracing::warn!(%error, "a moment of the past was not kept");
                }
            }
        });
    }

    async fn keep_moment(&self, past: &Arc<Past>, step: Duration) -> Result<()> {
        let ready = self.ready().await?;
        let (traffic, fleet) = (self.traffic.borrow().clone(), self.fleet.borrow().clone());
        if !traffic.measured {
            return Ok(());
        }
        let past = past.clone();
        let window = step.as_secs().max(10) as u32;
        let kept = tokio::task::spawn_blocking(move || {
            let now = jiff::Timestamp::now();
            let uses = samples(now.as_millisecond() as f64, &uses(&fleet));
            let flows = traffic.over(window, &ready);
            past.keep(now.as_second().max(0) as u64, &flows, &uses).map(|()| flows)
        });
        let kept = kept.await.map_err(|_| defect("keeping the past"))?;
        let flows = kept.map_err(refused)?;
        let mut calls = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        calls.0 += 1;
        super::add_called(&mut calls.1, flows);
        Ok(())
    }

    /// Puts what was used and called before this session in front of what it measures itself, once.
    pub(crate) async fn recall(&self) {
        let read = async {
            if let Ok(Some(earlier)) = self.of_past(Past::used).await {
                self.measures.send_modify(|measured| Arc::make_mut(measured).history.begin_with(earlier));
            }
            if let Ok(Some(called)) = self.of_past(Past::called).await {
                *self.called.lock().unwrap_or_else(PoisonError::into_inner) = called;
            }
            if let Ok(Some(proposals)) = self.of_past(Past::proposals).await {
                let mut own = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
                // What was proposed meanwhile is newer.
                for (namespace, before) in proposals {
                    own.entry(namespace).or_insert(before);
                }
            }
        };
        self.recalled.get_or_init(|| read).await;
    }

    /// Keeps what was held when a Sidecar was proposed, where a past is kept. It is proposed even where the disk refuses: a later session does
    /// not know then what was held.
    pub(crate) async fn keep_proposal(&self, namespace: &str, before: Before) {
        let of = namespace.to_owned();
        let kept = self.of_past(move |past| past.keep_proposal(of, before)).await;
        if let Err(error) = kept.and_then(|kept| kept.unwrap_or(Ok(())).map_err(refused)) {
            tracing::warn!(%error, namespace, "what was held before a Sidecar was not kept");
        }
    }

    async fn of_past<T: Send + 'static>(&self, read: impl FnOnce(&Past) -> T + Send + 'static) -> Result<Option<T>> {
        let Some(past) = self.past.get().cloned() else { return Ok(None) };
        let read = tokio::task::spawn_blocking(move || read(&past)).await;
        read.map(Some).map_err(|_| defect("reading the past"))
    }

    /// What is kept of the past.
    ///
    /// # Errors
    /// A defect alone.
    pub async fn past(&self) -> Result<Span> {
        let mut span = self.of_past(Past::span).await?.unwrap_or_default();
        let first = span.moments.first().copied().unwrap_or(u64::MAX);
        span.before = self.moments_counted().await;
        span.before.retain(|moment| *moment < first);
        Ok(span)
    }

    /// The flows at a time (seconds since 1970) as they were kept, with the seconds that were, else as a Prometheus tells them, or why they
    /// are not known.
    pub(crate) async fn past_flows(
        &self,
        at: u64,
        window: u32,
    ) -> Result<std::result::Result<(Vec<Flow>, Option<f64>), Unknown>> {
        // A moment stands for the minute before it.
        let kept = u64::from(window).max(STEP.as_secs());
        if let Some((flows, moments)) = self.of_past(move |past| past.flows(at, kept)).await?.flatten() {
            return Ok(Ok((flows, Some(moments as f64 * STEP.as_secs_f64()))));
        }
        let told = self.flows_counted(at, window).await?;
        let who = self.prometheus().borrow().name();
        Ok(told.map(|flows| (flows, None)).map_err(|unknown| {
            let Said { en, zh } = unknown.because;
            let because =
                said!("nothing was kept of that time, and of {who}: {en}", "没有保留那时的数据，而 {who}：{zh}");
            Unknown { about: ("traffic", "流量").into(), because }
        }))
    }

    /// The moments whose traffic was kept from a time (seconds since 1970) on.
    pub(crate) async fn past_moments(&self, from: u64) -> Result<Vec<(u64, Vec<Flow>)>> {
        Ok(self.of_past(move |past| past.moments(from)).await?.unwrap_or_default())
    }

    /// What the proxies of a workload used over time, those of a namespace where no workload is named, of the mesh of this name where no
    /// namespace is: what a Prometheus has of the days before, what was kept before this session, and what it saw itself.
    ///
    /// # Errors
    /// A defect alone.
    pub async fn resource_history(&self, namespace: &str, workload: &str) -> Result<Curve> {
        let measured = self.measured.borrow().clone();
        let own: Vec<Sample> =
            measured.history.of(namespace, workload).map(|line| line.samples().copied().collect()).unwrap_or_default();
        let (of, name) = (namespace.to_owned(), workload.to_owned());
        let begun = own.first().map_or(f64::INFINITY, |sample| sample.at);
        let mut all = self.of_past(move |past| past.uses(&of, &name)).await?.unwrap_or_default();
        all.retain(|sample| sample.at < begun);
        all.extend(own);
        let begun = all.first().map_or(f64::INFINITY, |sample| sample.at);
        let (before, unknown) = match Box::pin(self.uses_before(namespace, workload, begun)).await {
            Ok(before) => (before, None),
            Err(unknown) => (Vec::new(), Some(unknown)),
        };
        let from_prometheus = before.len();
        all.splice(..0, before);
        Ok(Curve { samples: all, from_prometheus, unknown })
    }
}
