//! Rollouts that programs elsewhere drive, or drove and never ended.

use rollout::Plan;
use serde_json::{Value, json};
use session::rollout::Leased;
use wire::Calls as _;
use wire::types::SessionRef;

use super::foreign::carry_out;
use crate::args::Steer;
use crate::failure::Failure;
use crate::print::{Mark, line, paint, plain};
use crate::source::Open;

/// A row each, for scripts.
pub(super) fn rows(all: &[Leased]) -> Vec<Value> {
    let row = |one: &Leased| {
        json!({"route": one.object.to_string(), "name": one.plan, "user": one.by, "until": one.until.to_string(), "abandoned": one.has_run_out,
            "back": one.back, "because": one.said.en})
    };
    all.iter().map(row).collect()
}

/// A line each.
pub(super) fn tell(all: &[Leased]) -> Result<(), Failure> {
    all.iter().try_for_each(|one| {
        let text = format!("{}: {}", one.object, one.said);
        line(&if one.has_run_out { paint(Mark::Warn, &text) } else { plain(&text) })
    })
}

/// Sends everything back where the program that drove this plan elsewhere is gone, and the plan wants that; `None` where it is not so.
pub(super) async fn way_back(open: &Open, plan: &Plan, args: &Steer) -> Result<Option<bool>, Failure> {
    let leases = open.session.rollout_leases().await?;
    let is_it = |one: &&Leased| one.object == plan.object() && one.plan == plan.name && one.back.is_some();
    let Some(lease) = leases.iter().find(is_it) else { return Ok(None) };
    tell(std::slice::from_ref(lease))?;
    let dish = open.session.rollout_way_back(&lease.object)?;
    open.session.draft_put(&dish.after, &dish.base).await?;
    let review = open.host.review(SessionRef { session: open.session.id().to_owned() }).await?;
    carry_out(open, &review, args, &format!("Send everything back to {}?", plan.stable)).await.map(Some)
}
