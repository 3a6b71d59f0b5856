//! Rollouts of a cluster: checked, driven, kept on disk, steered by wishes that also another program may leave.

mod callers;
mod check;
mod drive;
pub(crate) mod foreign;
mod given;
mod lease;
mod leased;
mod queries;
mod routes;
mod simulate;
mod versions;

use std::sync::Arc;

use jiff::Timestamp;
use rollout::{Command, Plan, Refused, Run};
use serde::{Deserialize, Serialize};
use world::{Said, said};

use check::Looked;

pub use check::Obstacle;
pub use foreign::{Foreign, Health, Order, Standing, Why, Written};
pub use given::{Given, Source};
pub use journal::RolloutId;
pub use leased::Leased;
pub use routes::Drivable;
pub use simulate::{Simulated, Supposed};

use crate::{Error, Result, Session};

/// A rollout as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Kept {
    pub run: Run,
    /// When it began; none where an earlier version began it.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Managers whose fields it may take.
    pub take_over: Vec<String>,
    /// The Gateways at which its route decided when it began.
    #[serde(default)]
    pub gateways: Vec<String>,
    /// What stands in the way of its next write; empty where nothing does.
    #[serde(default)]
    pub because: Said,
    /// Entries of the journal that it made.
    #[serde(default)]
    pub entries: Vec<journal::EntryId>,
}

/// A rollout as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its number.
    pub id: RolloutId,
    /// Who began it.
    pub user: String,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// When its driver last kept it, milliseconds since 1970.
    pub heard: i64,
    /// This session drives it.
    pub is_ours: bool,
    /// It is over.
    pub is_over: bool,
    /// The run.
    pub run: Run,
    /// The Gateways at which its route decided when it began: `namespace/name`.
    pub gateways: Vec<String>,
    /// What stands in the way of its next write.
    pub because: Said,
    /// Entries of the journal that it made.
    pub entries: Vec<journal::EntryId>,
}

impl Session {
    /// Rollouts of this cluster, newest first.
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn rollouts(&self) -> Result<Vec<Shown>> {
        let found = self.opening.records.rollouts(&self.cluster_name()).await?;
        let shown = found.into_iter().filter_map(|row| {
            // What a later version kept in another form is left alone.
            let kept: Kept = serde_json::from_value(row.state).ok()?;
            Some(Shown {
                id: row.id,
                user: row.user,
                at: row.at,
                heard: row.heard,
                is_ours: row.driver == *self.driver(),
                is_over: row.is_over,
                run: kept.run,
                gateways: kept.gateways,
                because: kept.because,
                entries: kept.entries,
            })
        });
        Ok(shown.collect())
    }

    /// Begins a rollout, and drives it until it is over or the session ends. `take_over` names managers whose fields it may take.
    ///
    /// # Errors
    /// Where something stands in its way ([`Session::rollout_check`] says all of it), or the disk fails.
    pub async fn rollout_begin(self: &Arc<Self>, plan: Plan, take_over: Vec<String>) -> Result<RolloutId> {
        plan.sense().map_err(|broken| Error::Refused { reason: broken.to_string().into() })?;
        let Looked { obstacles, split, gateways } = self.rollout_looked(&plan, &take_over).await?;
        if let Some(first) = obstacles.iter().find(|obstacle| obstacle.blocks) {
            return Err(Error::Refused { reason: Said::of(&*first.about, first.because.clone()) });
        }
        let run = Run::begin(plan, split.unwrap_or_default());
        let since = Some(Timestamp::now());
        let kept = Kept { run, since, take_over, gateways, because: Said::default(), entries: Vec::new() };
        let user = self.opening.probed.user.clone();
        let id = self.opening.records.rollout_begin(&self.cluster_name(), &user, self.driver(), &kept).await?;
        self.rollout_drive(id, kept);
        Ok(id)
    }

    /// What stands in the way of a plan, and what is worth knowing before it starts.
    ///
    /// # Errors
    /// Where the cluster cannot be asked.
    pub async fn rollout_check(&self, plan: &Plan, take_over: &[String]) -> Result<Vec<Obstacle>> {
        Ok(self.rollout_looked(plan, take_over).await?.obstacles)
    }

    /// Wants something of a rollout, whoever drives it.
    ///
    /// # Errors
    /// Where it has no meaning now, or there is no such rollout under way.
    pub async fn rollout_command(&self, id: RolloutId, command: Command) -> Result<()> {
        let shown = self.rollouts().await?.into_iter().find(|one| one.id == id && !one.is_over);
        let Some(mut shown) = shown else {
            return Err(Error::Refused {
                reason: said!("no rollout {id} is under way", "没有正在进行的发布 {id}")
            });
        };
        shown.run.command(command).map_err(|Refused(Said { en, zh })| Error::Refused {
            reason: said!("the rollout {en}", "该发布{zh}"),
        })?;
        self.opening.records.rollout_wish(id, command).await?;
        self.wished.notify_waiters();
        Ok(())
    }

    /// Takes a rollout over whose driver is gone: it does what its plan says for that case. False where its driver may still be there.
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn rollout_adopt(self: &Arc<Self>, id: RolloutId) -> Result<bool> {
        let rows = self.opening.records.rollouts(&self.cluster_name()).await?;
        let Some(row) = rows.into_iter().find(|row| row.id == id) else { return Ok(false) };
        if row.is_over || row.driver == *self.driver() || !drive::is_silent(row.heard) {
            return Ok(false);
        }
        // What a later version kept in another form is left alone.
        let Ok(mut kept) = serde_json::from_value::<Kept>(row.state) else { return Ok(false) };
        let taken = self.opening.records.rollout_adopt(id, self.driver(), row.heard).await?;
        if taken {
            kept.run.interrupted();
            // Whoever looks sees at once that it holds, not only after its first look at the cluster.
            self.opening.records.rollout_keep(id, self.driver(), &kept).await?;
            self.rollout_drive(id, kept);
        }
        Ok(taken)
    }

    /// Takes every rollout over whose driver falls silent, as long as the session lives.
    pub fn rollouts_keep_watch(self: &Arc<Self>) {
        let (session, cancel) = (Arc::downgrade(self), self.cancel.clone());
        tokio::spawn(cancel.run_until_cancelled_owned(async move {
            while let Some(session) = session.upgrade() {
                if let Err(error) = session.rollouts_adopt().await {
                    tracing::warn!(%error, "rollouts could not be looked for");
                }
                drop(session);
                tokio::time::sleep(drive::SILENT).await;
            }
        }));
    }

    async fn rollouts_adopt(self: &Arc<Self>) -> Result<()> {
        for shown in self.rollouts().await?.into_iter().filter(|one| !one.is_over) {
            self.rollout_adopt(shown.id).await?;
        }
        Ok(())
    }
}
