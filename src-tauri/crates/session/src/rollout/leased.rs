//! Rollouts that programs elsewhere drive, by the annotations on their routes; and the way back of one whose program is gone.

use jiff::Timestamp;
use rollout::{Interrupted, RouteKind, Said, Split};
use world::yaml::{self, Edit};
use world::{ObjectKey, said};

use super::Kept;
use super::lease::{ANNOTATION, Lease};
use crate::recipes::{Dish, changed, without};
use crate::{Error, Result, Session};

/// A rollout that a program elsewhere drives, or drove and never ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Leased {
    /// Its route.
    pub object: ObjectKey,
    /// What it is called.
    pub plan: String,
    /// Who began it.
    pub by: String,
    /// When it may be taken for abandoned.
    pub until: Timestamp,
    /// It may be now.
    pub has_run_out: bool,
    /// Who drives it, and what becomes of it then.
    pub said: Said,
    /// The stable version that it wants everything back to, where its program is gone and it is known how.
    pub back: Option<String>,
}

impl Session {
    /// Rollouts that other programs drive on routes of this cluster, or drove and never ended: those that this machine's journal does not
    /// have under way.
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn rollout_leases(&self) -> Result<Vec<Leased>> {
        let rows = self.opening.records.rollouts(&self.cluster_name()).await?;
        let ours: Vec<Kept> = rows
            .into_iter()
            .filter(|row| !row.is_over)
            .filter_map(|row| serde_json::from_value(row.state).ok())
            .collect();
        let is_ours = |lease: &Lease| {
            let same = |kept: &Kept| (&kept.run.plan.name, kept.since) == (&lease.plan, lease.since);
            lease.holder == self.driver() || ours.iter().any(same)
        };
        let (world, now) = (self.world(), Timestamp::now());
        let mut found = Vec::new();
        for kind in RouteKind::ALL {
            let any = kind.object("", "");
            for document in world.documents_of(&any.group, &any.kind) {
                let Some(lease) = Lease::of(&document.body).filter(|lease| !is_ours(lease)) else { continue };
                found.push(leased(&document.key, &lease, now));
            }
        }
        Ok(found)
    }

    /// The route of a rollout whose program is gone, with everything back at the stable version, for the tray.
    ///
    /// # Errors
    /// Where no rollout on it wants that now, its program may still be there, or the route can no longer be driven.
    pub fn rollout_way_back(&self, route: &ObjectKey) -> Result<Dish> {
        let (world, tray) = (self.world(), self.tray.borrow().clone());
        let live = world.document(route).ok_or_else(|| Error::gone(route.clone()))?;
        let refused = |reason: Said| Error::Refused { reason };
        let Some(lease) = Lease::of(&live.body) else {
            return Err(refused(said!("no rollout drives {route}", "没有发布在驱动 {route}")));
        };
        if !lease.has_run_out(Timestamp::now()) {
            return Err(refused(lease.said()));
        }
        let plan = lease.way_back(route).filter(|_| lease.then == Some(Interrupted::Return));
        let Some(plan) = plan else {
            return Err(refused(said!(
                "the rollout on {route} does not want everything back",
                "{route} 上的发布没有要求退回"
            )));
        };
        let body = yaml::read(&changed(&world, &tray, route, &[])?.after).value;
        let back = Split::default().written(&plan, &body);
        let back = back.map_err(|unfit| refused(Said::of(route.to_string(), unfit.said())))?;
        let rules = if plan.route.kind == RouteKind::VirtualService { "/spec/http" } else { "/spec/rules" };
        let mut edits = without(&body, ANNOTATION);
        edits.extend(back.pointer(rules).map(|value| Edit::set(rules, value.clone())));
        changed(&world, &tray, route, &edits)
    }
}

fn leased(route: &ObjectKey, lease: &Lease, now: Timestamp) -> Leased {
    let has_run_out = lease.has_run_out(now);
    let wants_back = has_run_out && lease.then == Some(Interrupted::Return);
    let back = lease.way_back(route).filter(|_| wants_back).map(|plan| plan.stable);
    let said = match &back {
        _ if !has_run_out => lease.said(),
        None => lease.abandoned(),
        Some(stable) => {
            let Said { en, zh } = lease.abandoned();
            said!("{en}; it wants everything back at {stable}", "{zh}；它要求全部退回 {stable}")
        }
    };
    Leased {
        object: route.clone(),
        plan: lease.plan.clone(),
        by: lease.by.clone(),
        until: lease.until,
        has_run_out,
        said,
        back,
    }
}
