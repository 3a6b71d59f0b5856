//! Rollouts that other controllers drive.

use serde_json::{Value, json};
use session::rollout::{Foreign, Order};
use wire::Calls as _;
use wire::types::{ApplyArgs, ForeignOrderArgs, Review};

use super::read;
use crate::args::{Form, RolloutExport, Steer, Target, Tool};
use crate::failure::Failure;
use crate::print::{Mark, json as print_json, line, paint, plain, say};
use crate::source::{Open, open};
use crate::write::{confirmed, ended, show, stands_in_the_way};

impl Tool {
    /// As the session names it.
    fn name(self) -> &'static str {
        match self {
            Self::Argo => "Argo Rollouts",
            Self::Flagger => "Flagger",
        }
    }
}

/// A row each, for scripts.
pub(super) fn rows(open: &Open) -> Vec<Value> {
    let row = |one: &Foreign| {
        let standing = &one.standing;
        json!({"controller": one.controller, "namespace": one.key.namespace, "name": one.key.name, "health": standing.health.word(),
            "phase": standing.phase, "message": standing.message.en, "step": standing.step.map(|(step, _)| step),
            "steps": standing.step.map(|(_, steps)| steps), "weight": standing.weight,
            "orders": one.orders.iter().filter(|(_, (why, _))| why.is_empty()).map(|(order, _)| order.words().0).collect::<Vec<_>>()})
    };
    open.session.foreign_rollouts().0.iter().map(row).collect()
}

/// A line each; whether there is one.
pub(super) fn tell(open: &Open) -> Result<bool, Failure> {
    let (all, unknown) = open.session.foreign_rollouts();
    for one in &all {
        let standing = &one.standing;
        let step = standing.step.map(|(step, of)| format!("step {step} of {of}")).into_iter();
        let weight = standing.weight.map(|weight| format!("{weight} % to the new version")).into_iter();
        let phase = if standing.phase.is_empty() { "not said yet" } else { &standing.phase };
        let said = if standing.message.en.is_empty() { String::new() } else { format!(": {}", standing.message) };
        let words: Vec<String> = step.chain(weight).chain([format!("{phase}{said}")]).collect();
        line(&plain(&format!("{} {}/{}: {}", one.controller, one.key.namespace, one.key.name, words.join(", "))))?;
    }
    for one in &unknown {
        line(&paint(Mark::Warn, &format!("{}: {}", one.about, one.because)))?;
    }
    Ok(!all.is_empty() || !unknown.is_empty())
}

/// Shows what an order writes, asks, and gives it.
pub(super) async fn order(from: &Target, args: &Steer, order: Order) -> Result<bool, Failure> {
    let (tool, name) = match (&args.argo, &args.flagger) {
        (Some(name), _) => (Tool::Argo, name),
        (None, Some(name)) => (Tool::Flagger, name),
        (None, None) => return Err(Failure::WrongUse("which rollout: PLAN.yaml, --argo or --flagger".into())),
    };
    let open = open(from).await?;
    let is_it =
        |one: &Foreign| one.controller == tool.name() && format!("{}/{}", one.key.namespace, one.key.name) == *name;
    let Some(found) = open.session.foreign_rollouts().0.into_iter().find(is_it) else {
        return Err(Failure::Unreadable(format!("{} has no rollout {name} here", tool.name())));
    };
    let session = open.session.id().to_owned();
    let wanted = ForeignOrderArgs { session, object: (&found.key).into(), order: order.into() };
    let review = open.host.foreign_review(wanted).await?;
    carry_out(&open, &review, args, "Give this order?").await
}

/// Shows what is to be written, asks, and writes it.
pub(super) async fn carry_out(open: &Open, review: &Review, args: &Steer, question: &str) -> Result<bool, Failure> {
    let text = args.format == Form::Text;
    if text {
        show(review)?;
    }
    if let Some(why) = stands_in_the_way(review, &args.take_over) {
        say(&why);
        return Ok(false);
    }
    if !args.yes && !confirmed(question)? {
        return Ok(false);
    }
    let (session, token) = (open.session.id().to_owned(), review.token.clone());
    let wanted = ApplyArgs { session, token, message: args.message.clone(), take_over: args.take_over.clone() };
    let applied = open.host.apply(wanted).await?;
    if !text {
        print_json(&json!({"review": review, "applied": applied}))?;
        return Ok(applied.state == wire::types::EntryState::Applied);
    }
    ended(&applied)
}

pub(super) async fn export(from: &Target, args: &RolloutExport) -> Result<bool, Failure> {
    let plan = read(&args.plan)?;
    let open = open(from).await?;
    let written = open.session.foreign_plan(&plan, args.tool.name()).await?;
    for lost in &written.lost {
        say(&lost.en);
    }
    for (at, dish) in written.dishes.iter().enumerate() {
        if at > 0 {
            line("---")?;
        }
        dish.after.lines().try_for_each(|one| line(&plain(one)))?;
    }
    Ok(true)
}
