//! Driving a rollout: look, decide, write, keep; and again.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cluster::{ApiError, Connection};
use jiff::Timestamp;
use journal::{EntryId, RolloutId, State};
use rollout::{Act, Measured, Observation, Phase, Plan, Said, Split};
use serde_json::Value;
use world::said;

use super::Kept;
use super::callers::Callers;
use super::lease::{Lease, Moves};
use super::versions::{copied, measured};
use crate::change::tray::{ChangeKind, Item};
use crate::live::Link;
use crate::write::plan::{self, Step};
use crate::write::review::Whence;
use crate::{Error, Result, Session};

/// How often wishes of other programs are looked for, and a sign of life is given.
const BEAT: Duration = Duration::from_secs(1);
/// A write that did not succeed is tried again so soon; one that is refused only a few times.
const AGAIN: Duration = Duration::from_secs(2);
/// A driver that gave no sign for so long is gone.
pub(super) const SILENT: Duration = Duration::from_secs(15);

/// Whether a driver that was last heard then, in milliseconds since 1970, is gone.
pub(super) fn is_silent(heard: i64) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
    i128::from(heard) + SILENT.as_millis() as i128 <= now as i128
}

/// The write of a split, planned; the lease stays off where none is given.
pub(super) async fn step_of(
    connection: &Connection,
    plan: &Plan,
    split: Split,
    lease: Option<&Lease>,
    live: Value,
) -> Result<std::result::Result<Step, Said>, ApiError> {
    let mut body = match split.written(plan, &live) {
        Ok(body) => body,
        Err(unfit) => return Ok(Err(unfit.said())),
    };
    Lease::put(lease, &mut body);
    update(connection, plan, body, live).await.map(Ok)
}

async fn update(connection: &Connection, plan: &Plan, body: Value, live: Value) -> Result<Step, ApiError> {
    let item = Item {
        key: plan.object(),
        kind: ChangeKind::Update,
        yaml: world::yaml::write(&body),
        body: Arc::new(body),
        base: live.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default().to_owned(),
        base_body: Some(Arc::new(live)),
    };
    plan::plan(connection, &item).await
}

/// A write that did not succeed.
struct Failed {
    because: Said,
    /// The server, or an owner of the fields, said no, and would say so again.
    refused: bool,
}

impl<E: Into<Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        let error = error.into();
        Self { refused: matches!(error, Error::Owned { .. } | Error::Refused { .. }), because: error.said() }
    }
}

/// The clocks of a driver: one that never jumps, and one that goes on while the machine sleeps.
struct Clocks {
    steady: Instant,
    wall: SystemTime,
}

impl Clocks {
    fn now() -> Self {
        Self { steady: Instant::now(), wall: SystemTime::now() }
    }

    /// The machine slept, or the clock was set, since.
    fn jumped(&self) -> bool {
        let wall = self.wall.elapsed().unwrap_or_default();
        wall > self.steady.elapsed() + SILENT
    }
}

impl Session {
    /// Drives in the background until it is over, somebody else drives it, or the session ends.
    pub(super) fn rollout_drive(self: &Arc<Self>, id: RolloutId, kept: Kept) {
        let (session, cancel) = (Arc::downgrade(self), self.cancel.clone());
        tokio::spawn(cancel.run_until_cancelled_owned(drive(session, id, kept)));
    }

    /// One look and what comes of it; false where another program drives it by now. `written` is when a split was last written, in
    /// milliseconds since 1970.
    async fn rollout_look(&self, id: RolloutId, kept: &mut Kept, elapsed: Duration, written: &mut Option<i64>) -> bool {
        let seen = self.rollout_seen(kept, elapsed, *written).await;
        let Act::Write(split) = kept.run.next(&seen) else {
            if seen.stale.is_none() {
                kept.because = Said::default();
            }
            return true;
        };
        // The intention is on disk before the write: a program that dies in between is found to have stood before it.
        match self.opening.records.rollout_keep(id, self.driver(), kept).await {
            Ok(true) => {}
            Ok(false) => return false,
            Err(error) => {
                kept.because = error.said();
                return true;
            }
        }
        match self.rollout_write(kept, split).await {
            Ok(entry) => {
                kept.because = Said::default();
                kept.entries.extend(entry);
                kept.run.wrote(split);
                *written = Some(Timestamp::now().as_millisecond());
            }
            Err(failed) => {
                // Another hand is seen by the next look, a server that is away may come back.
                if failed.refused {
                    kept.run.refused(&failed.because);
                }
                let is_said = matches!(kept.run.phase, Phase::Paused(_));
                kept.because = if is_said { Said::default() } else { failed.because };
            }
        }
        true
    }

    async fn rollout_seen(&self, kept: &Kept, elapsed: Duration, written: Option<i64>) -> Observation {
        let plan = &kept.run.plan;
        let link = self.live.borrow().link;
        let (live, mut stale) = match self.split_now(kept).await {
            Ok(live) => (live, None),
            Err(error) => (Err(Said::default()), Some(error.said())),
        };
        if link != Link::Live {
            stale = stale.or_else(|| Some(self.live.borrow().because.clone()));
        }
        let traffic = self.traffic.borrow().clone();
        // What was counted before the step was written says nothing of it.
        let since = written.map_or(f64::NEG_INFINITY, |written| traffic.clock(written));
        let measured = match self.ready().await {
            Ok(ready) if traffic.measured => {
                let seconds = plan.interval.as_secs_f64();
                let flows = traffic.lately(seconds, since, &ready);
                let counted = measured(&ready, plan, &Callers::of(&ready, plan), &flows);
                let copies = || copied(&ready, plan, &plan.canary, &traffic.received(seconds, since), &flows);
                let canary = counted.canary.or_else(|| copies().filter(|_| kept.run.split.mirror > 0));
                Measured { canary, ..counted }
            }
            _ => Measured::default(),
        };
        let asked = self.gates_asked(plan).await;
        Observation { elapsed, stale, live, measured, asked }
    }

    /// The split that the route has on the server now, or why it cannot be driven.
    async fn split_now(&self, kept: &Kept) -> Result<std::result::Result<Split, Said>> {
        let plan = &kept.run.plan;
        let Some(live) = plan::read(self.connection(), &plan.object()).await? else {
            let of = plan.object();
            return Ok(Err(Said::new(format!("{of} is not there"), format!("{of} 不存在"))));
        };
        if let Some(other) = self.rollout_lease(kept).of_another(&live, Timestamp::now()) {
            return Ok(Err(other.said()));
        }
        Ok(Split::read(plan, &live).map_err(|unfit| unfit.said()))
    }

    /// The lease that goes with a split.
    fn rollout_lease(&self, kept: &Kept) -> Lease {
        let (run, plan) = (&kept.run, &kept.run.plan);
        Lease {
            plan: plan.name.clone(),
            by: self.opening.probed.user.clone(),
            holder: self.driver().to_owned(),
            since: kept.since,
            until: Lease::until(plan, run.step, Timestamp::now()),
            then: Some(plan.interrupted),
            moves: Some(Moves {
                service: plan.service.clone(),
                stable: plan.stable.clone(),
                canary: plan.canary.clone(),
                cohort: plan.steps.get(run.step).and_then(|step| step.cohort.clone()),
            }),
        }
    }

    /// Writes a split with the lease that goes with it; the journal's entry, where there was something to write.
    async fn rollout_write(&self, kept: &Kept, split: Split) -> Result<Option<EntryId>, Failed> {
        let (run, plan) = (&kept.run, &kept.run.plan);
        let key = plan.object();
        let live = plan::read(self.connection(), &key).await?.ok_or_else(|| Error::gone(key.clone()))?;
        if Split::read(plan, &live).ok() != Some(run.split) {
            return Err(Error::Changed { object: key, detail: said!(": the split", "：分流") }.into());
        }
        let lease = self.rollout_lease(kept);
        // Two that began at the same moment found no lease: the first to write drives.
        if let Some(other) = lease.of_another(&live, Timestamp::now()) {
            return Err(Error::Changed { object: key, detail: said!(": {other}", "：{other}") }.into());
        }
        let lease = (!matches!(run.phase, Phase::Returning(_))).then_some(&lease);
        let step = step_of(self.connection(), plan, split, lease, live).await?;
        let step = step.map_err(|reason| Error::Refused { reason })?;
        let message = match &run.phase {
            Phase::Returning(Said { en, zh }) => {
                said!("rollout {}: back to {}: {en}", "发布 {}：返回 {}：{zh}", plan.name, plan.stable)
            }
            _ => said!(
                "rollout {}: step {} of {}, {} % to {}",
                "发布 {}：第 {} 步，共 {} 步，{} % 到 {}",
                plan.name,
                run.step + 1,
                plan.steps.len(),
                split.canary,
                plan.canary
            ),
        };
        self.rollout_apply(kept, step, &message).await
    }

    async fn rollout_apply(&self, kept: &Kept, step: Step, message: &Said) -> Result<Option<EntryId>, Failed> {
        if step.method == plan::Method::Nothing && step.accepted() {
            return Ok(None);
        }
        let weighed = self.weigh(vec![step], Whence::Itself(message.clone())).await?;
        let applied = self.carry_out(&weighed, message, &kept.take_over).await?;
        match applied.objects.first() {
            Some(ended) if ended.state != State::Applied => {
                Err(Failed { because: ended.because.clone(), refused: ended.refused })
            }
            _ => Ok(Some(applied.entry)),
        }
    }

    /// Takes our lease off the route when it is over; everything else stays as it is.
    async fn rollout_release(&self, kept: &Kept) -> Result<Option<EntryId>, Failed> {
        let plan = &kept.run.plan;
        let Some(live) = plan::read(self.connection(), &plan.object()).await? else { return Ok(None) };
        if Lease::of(&live).is_none_or(|lease| lease.holder != self.driver()) {
            return Ok(None);
        }
        let mut body = live.clone();
        Lease::put(None, &mut body);
        let step = update(self.connection(), plan, body, live).await?;
        self.rollout_apply(kept, step, &said!("rollout {}: over", "发布 {}：结束", plan.name)).await
    }
}

async fn drive(session: Weak<Session>, id: RolloutId, mut kept: Kept) {
    let mut clocks = Clocks::now();
    let mut due = Duration::ZERO;
    let (mut told, mut written) = (None, None);
    while let Some(session) = session.upgrade() {
        if clocks.jumped() {
            kept.run.interrupted();
            clocks = Clocks::now();
        }
        match session.opening.records.rollout_take_wish(id).await {
            // A wish that has lost its meaning on the way changes nothing.
            Ok(Some(command)) => due = if kept.run.command(command).is_ok() { Duration::ZERO } else { due },
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, id, "wishes for a rollout could not be read"),
        }
        if clocks.steady.elapsed() >= due {
            let elapsed = clocks.steady.elapsed();
            clocks = Clocks::now();
            if !session.rollout_look(id, &mut kept, elapsed, &mut written).await {
                return lost(id);
            }
            let again = matches!(kept.run.phase, Phase::Moving | Phase::Returning(_));
            due = if again { AGAIN } else { kept.run.plan.interval };
        }
        if kept.run.phase.is_over() {
            match session.rollout_release(&kept).await {
                Ok(entry) => kept.entries.extend(entry),
                Err(failed) => {
                    let Said { en, zh } = failed.because;
                    kept.because = said!(
                        "the annotation {} could not be taken off: {en}",
                        "无法移除注解 {}：{zh}",
                        super::lease::ANNOTATION
                    );
                }
            }
        }
        let is_new = told.as_ref() != Some(&kept);
        let records = &session.opening.records;
        let kept_now = if is_new {
            records.rollout_keep(id, session.driver(), &kept).await
        } else {
            records.rollout_beat(id, session.driver()).await
        };
        match kept_now {
            Ok(false) => return lost(id),
            Ok(true) if kept.run.phase.is_over() => return,
            Ok(true) if is_new => told = Some(kept.clone()),
            Ok(true) => {}
            // What the disk refuses now it may take in a second.
            Err(error) => tracing::warn!(%error, id, "how a rollout stands could not be kept"),
        }
        let wished = session.wished.clone();
        drop(session);
        let rest = due.saturating_sub(clocks.steady.elapsed()).min(BEAT);
        let _ = tokio::time::timeout(rest, wished.notified()).await;
    }
}

fn lost(id: RolloutId) {
    tracing::warn!(id, "another program drives this rollout by now");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_is_what_the_wall_counts_and_the_steady_clock_does_not() {
        let mut clocks = Clocks::now();
        assert!(!clocks.jumped());
        clocks.wall -= SILENT + Duration::from_secs(5);
        assert!(clocks.jumped(), "the lid was shut");
        // A clock that was set back says nothing of sleep.
        clocks.wall = SystemTime::now() + Duration::from_secs(3600);
        assert!(!clocks.jumped());
    }
}
