//! Looking for plaintext, as long as the session lives, and keeping what was seen on disk; and taking back what broke a caller.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use journal::{Look, PlainCall, State};
use mesh::Ready;
use world::Said;

use super::{Broken, Guard, TakenBack};
use crate::map::{Flow, Secured};
use crate::{Error, Result, Session};

/// Seconds at least from one look at broken callers to the next.
const EVERY: f64 = 5.0;
/// Seconds at least from one note on disk to the next; the first comes at once.
const NOTED: f64 = 20.0;
/// Seconds of traffic that a look takes in.
const LATELY: u32 = 60;

impl Session {
    /// Looks for plaintext from now on, and takes guarded steps back that break a caller, until the session ends.
    pub fn strict_keep_watch(self: &Arc<Self>) {
        let (session, mut traffic) = (Arc::downgrade(self), self.traffic());
        tokio::spawn(self.cancel.clone().run_until_cancelled_owned(async move {
            let (mut checked, mut noted) = (0.0, None);
            while traffic.changed().await.is_ok() {
                let Some(session) = session.upgrade() else { return };
                let now = session.traffic.borrow().now;
                if now - checked < EVERY {
                    continue;
                }
                checked = now;
                if let Err(error) = session.strict_take_back().await {
                    tracing::warn!(%error, "a step to STRICT that broke a caller could not be taken back");
                }
                let from: Option<f64> = noted;
                if from.is_some_and(|from| now - from < NOTED) {
                    continue;
                }
                // The first look has nothing behind it but itself. Where no call is measured yet, there was none.
                match session.look(from.unwrap_or(now - EVERY), now).await {
                    Ok(false) => continue,
                    Ok(true) => {}
                    Err(error) => tracing::warn!(%error, "who calls in plaintext could not be recorded"),
                }
                noted = Some(now);
            }
        }));
    }

    /// Notes who calls in plaintext; false where nobody calls at all.
    async fn look(&self, from: f64, now: f64) -> Result<bool> {
        let (ready, traffic) = (self.ready().await?, self.traffic.borrow().clone());
        // Of a moment alone some proxies would be missing, and their requests seem to be nobody's.
        let flows = traffic.over(LATELY, &ready);
        let (_, counting) = traffic.between(traffic.now - f64::from(LATELY), traffic.now, &ready);
        if flows.is_empty() {
            return Ok(false);
        }
        let seen = plain(&flows, &ready);
        // A machine that was asleep, or a server that was away: nobody looked for longer than a look takes in.
        let seconds = (now - from).min(f64::from(LATELY));
        let (at, heard) = (Timestamp::now().as_millisecond(), counting.into_iter().collect());
        self.opening.records.looked(&self.cluster_name(), Look { at, seconds, heard, seen }).await?;
        Ok(true)
    }

    /// Undoes what broke a caller in a namespace that the user wanted guarded.
    async fn strict_take_back(&self) -> Result<()> {
        let guards = self.strict_awake().await?;
        if guards.is_empty() {
            return Ok(());
        }
        let guarded = |one: Broken| {
            let is_its = |guard: &&Guard| guard.entry == Some(one.entry) && guard.namespace == one.namespace;
            let guard = guards.iter().find(is_its).filter(|guard| guard.by_itself)?;
            Some((one, guard.since))
        };
        let Some((broken, since)) = self.strict_broken().await?.into_iter().find_map(guarded) else { return Ok(()) };
        let (records, cluster) = (&self.opening.records, self.cluster_name());
        let plan = self.undo_review(broken.entry).await?;
        let undone = self.undo_because(broken.entry, &plan.token, &broken.why()).await?;
        if let Some(ended) = undone.objects.iter().find(|ended| ended.state != State::Applied) {
            if ended.refused {
                // It would be refused each time: the step stays, and is shown as what broke a caller.
                records.unguard(&cluster, &broken.namespace, since).await?;
            }
            return Err(Error::Refused { reason: Said::of(ended.key.to_string(), &ended.because) });
        }
        records.unguard(&cluster, &broken.namespace, since).await?;
        let back = TakenBack {
            entry: undone.entry,
            namespace: broken.namespace.clone(),
            at: Timestamp::now().as_millisecond(),
            why: broken.why(),
        };
        self.taken_back.lock().unwrap_or_else(PoisonError::into_inner).push(back);
        tracing::info!(entry = broken.entry, namespace = %broken.namespace, "a step to STRICT broke a caller and was taken back");
        Ok(())
    }
}

/// Who calls whom in plaintext.
fn plain(flows: &[Flow], ready: &Ready) -> Vec<PlainCall> {
    let plain = flows.iter().filter(|flow| {
        matches!(flow.secured, Secured::Plaintext | Secured::Mixed)
            && flow.per_second > 0.0
            && ready.world().service(&flow.service.0, &flow.service.1).is_some()
    });
    let call = |flow: &Flow| PlainCall {
        namespace: flow.service.0.clone(),
        workload: if flow.workload.is_empty() { flow.service.1.clone() } else { flow.workload.clone() },
        caller: if flow.from.0.is_empty() { String::new() } else { format!("{}/{}", flow.from.0, flow.from.1) },
    };
    plain.map(call).collect::<BTreeSet<_>>().into_iter().collect()
}
