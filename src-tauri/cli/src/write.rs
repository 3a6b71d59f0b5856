//! `netloft apply` and `undo`: review, question, write, uptake.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use serde_json::json;
use wire::Calls as _;
use wire::types::{
    Applied, ApplyArgs, Dispute, EntryRef, EntryState, ObjectRef, Review, ReviewItem, RolloutUndoArgs,
    RolloutUndoReviewArgs, SessionRef, UndoArgs, UndoChoice, UndoReviewArgs, UndoSide, Uptake,
};
use world::{Object, Origin};

use crate::args::{Apply, Form, RolloutUndo, Target, Undo};
use crate::failure::Failure;
use crate::journal::diff;
use crate::print::{Mark, json as print_json, line, paint, plain, say};
use crate::source::{Open, open, read};

/// How long the proxies are waited for.
const UPTAKE: Duration = Duration::from_secs(20);

pub async fn apply(from: &Target, args: &Apply) -> Result<bool, Failure> {
    let files = read(&args.files)?;
    if let Some(problem) = files.problems.first() {
        return Err(Failure::Broken(problem.clone()));
    }
    let open = open(from).await?;
    for object in &files.objects {
        let key = object.key();
        let Object::Document(document) = object else {
            return Err(session::Error::NotOurs { object: key }.into());
        };
        let text = match &document.origin {
            Origin::File { path, line } => files.document_at(path, *line).map(str::to_owned),
            _ => None,
        };
        // An item of a list, or JSON: its own text cannot be cut out.
        let alone = text.filter(|text| world::yaml::read(text).value == *document.body);
        let text = alone.unwrap_or_else(|| world::yaml::write(&document.body));
        let base = match open.session.document(&key).await {
            Ok(live) => live.resource_version,
            Err(session::Error::Gone { .. }) => String::new(),
            Err(error) => return Err(error.into()),
        };
        open.session.draft_put(&text, &base).await?;
    }
    let review = open.host.review(SessionRef { session: open.session.id().to_owned() }).await?;
    let text = args.format == Form::Text;
    if text {
        show(&review)?;
    }
    let stands = stands_in_the_way(&review, &args.take_over);
    if args.dry_run || stands.is_some() {
        if !text {
            print_json(&json!({"review": review, "applied": null, "uptake": null}))?;
        }
        if let Some(why) = &stands {
            say(why);
        }
        return Ok(stands.is_none());
    }
    if !args.yes && !confirmed("Apply this?")? {
        return Ok(false);
    }
    let session = open.session.id().to_owned();
    let wanted = ApplyArgs {
        session,
        token: review.token.clone(),
        message: args.message.clone(),
        take_over: args.take_over.clone(),
    };
    let applied = open.host.apply(wanted).await?;
    finish(&open, &review, applied, text).await
}

pub async fn undo(from: &Target, args: &Undo) -> Result<bool, Failure> {
    let open = open(from).await?;
    let session = open.session.id().to_owned();
    let entry = args.id as f64;
    let mut wanted = UndoReviewArgs { session: session.clone(), entry, choices: Vec::new(), left_out: Vec::new() };
    let mut review = open.host.undo_review(wanted.clone()).await?;
    wanted.choices = choices(args, &review)?;
    wanted.left_out = left_out(args, &review)?;
    if !wanted.choices.is_empty() || !wanted.left_out.is_empty() {
        review = open.host.undo_review(wanted).await?;
    }
    let text = args.format == Form::Text;
    if !agreed(&review, text, args.yes, "Take this back?")? {
        return Ok(false);
    }
    let applied = open.host.undo(UndoArgs { session, entry, token: review.token.clone() }).await?;
    finish(&open, &review, applied, text).await
}

/// What was decided of each dispute that it names.
fn choices(args: &Undo, review: &Review) -> Result<Vec<UndoChoice>, Failure> {
    let sides = [(&args.keep_live, UndoSide::Live), (&args.take_back, UndoSide::Back)];
    let mut choices = Vec::new();
    for (field, side) in sides.into_iter().flat_map(|(fields, side)| fields.iter().map(move |field| (field, side))) {
        let of = |item: &ReviewItem| {
            let disputes = item.disputes.iter().filter(|dispute| named(dispute) == field);
            let object = item.object.clone();
            disputes.map(|d| UndoChoice { object: object.clone(), id: d.id.clone(), side }).collect::<Vec<_>>()
        };
        let found: Vec<UndoChoice> = review.items.iter().flat_map(of).collect();
        if found.is_empty() {
            return Err(Failure::WrongUse(format!("nobody else changed {field}: there is nothing to decide")));
        }
        choices.extend(found);
    }
    Ok(choices)
}

fn left_out(args: &Undo, review: &Review) -> Result<Vec<ObjectRef>, Failure> {
    let object = |name: &String| {
        let of = |o: &ObjectRef| format!("{}/{}/{}", o.kind, o.namespace, o.name) == *name;
        let found = review.items.iter().map(|item| &item.object).find(|object| of(object)).cloned();
        found.ok_or_else(|| Failure::WrongUse(format!("the entry changed no {name}")))
    };
    args.leave_out.iter().map(object).collect()
}

/// What a dispute is about.
fn named(dispute: &Dispute) -> &str {
    if dispute.path.is_empty() { "object" } else { &dispute.path }
}

pub async fn undo_rollout(from: &Target, args: &RolloutUndo) -> Result<bool, Failure> {
    let open = open(from).await?;
    let (session, rollout) = (open.session.id().to_owned(), args.id as f64);
    let review = open
        .host
        .rollout_undo_review(RolloutUndoReviewArgs {
            session: session.clone(),
            rollout,
            choices: Vec::new(),
            left_out: Vec::new(),
        })
        .await?;
    let text = args.format == Form::Text;
    if !agreed(&review, text, args.yes, "Take the rollout back?")? {
        return Ok(false);
    }
    let applied = open.host.rollout_undo(RolloutUndoArgs { session, rollout, token: review.token.clone() }).await?;
    finish(&open, &review, applied, text).await
}

/// Why it cannot be written; `None` where nothing but the user's word is wanted.
pub fn stands_in_the_way(review: &Review, take_over: &[String]) -> Option<String> {
    if !review.can_apply {
        return Some(review.because.clone());
    }
    let held = review.items.iter().flat_map(|item| &item.conflicts).find(|c| !take_over.contains(&c.manager))?;
    let (manager, field) = (&held.manager, &held.field);
    Some(format!("{manager} owns {field}: take it over with --take-over {manager}, or leave it"))
}

/// Shows what is to be written, and asks; says why where it cannot be written.
fn agreed(review: &Review, text: bool, yes: bool, question: &str) -> Result<bool, Failure> {
    if text {
        show(review)?;
    }
    if !review.can_apply {
        say(&review.because);
        return Ok(false);
    }
    Ok(yes || confirmed(question)?)
}

/// What is to be written, and what it does.
pub fn show(review: &Review) -> Result<(), Failure> {
    for item in &review.items {
        let owner = if item.owner.is_empty() { String::new() } else { format!("  ({} may set it back)", item.owner) };
        line(&plain(&format!("{} {}/{}{owner}", item.object.kind, item.object.namespace, item.object.name)))?;
        diff(&item.diff)?;
        for problem in &item.problems {
            let mark = if problem.error { Mark::Bad } else { Mark::Warn };
            line(&paint(mark, &format!("  line {}: {}", problem.line, problem.message)))?;
        }
        if !item.lapse.is_empty() {
            line(&paint(Mark::Warn, &format!("  for a moment after this write: {}", item.lapse)))?;
        }
        for conflict in &item.conflicts {
            line(&paint(Mark::Warn, &format!("  {} owns {}", conflict.manager, conflict.field)))?;
        }
        for dispute in &item.disputes {
            disputed(dispute)?;
        }
    }
    for object in &review.left_out {
        line(&plain(&format!("{} {}/{} is left out", object.kind, object.namespace, object.name)))?;
    }
    for said in &review.says {
        let rate = if said.observed { format!(" ({:.1}/s)", said.requests_per_second) } else { String::new() };
        line(&plain(&format!("{}: {}{rate}", said.title, said.detail)))?;
    }
    for f in &review.findings_added {
        line(&paint(
            Mark::Warn,
            &format!("new finding: {} {}/{}: {} [{}]", f.kind, f.namespace, f.name, f.message, f.rule),
        ))?;
    }
    Ok(())
}

/// What both changed, and who shall have it.
fn disputed(dispute: &Dispute) -> Result<(), Failure> {
    let by = match &*dispute.managers {
        [] => String::new(),
        managers => format!(" by {}", managers.join(", ")),
    };
    let end = match dispute.chosen {
        None => ": decide with --keep-live or --take-back",
        Some(UndoSide::Live) => ": it stays",
        Some(UndoSide::Back) => ": it is taken back",
    };
    line(&paint(Mark::Warn, &format!("  {} was changed since{by}{end}", named(dispute))))?;
    for (when, value) in [("before us", &dispute.before), ("we wrote", &dispute.wrote), ("live now", &dispute.live)] {
        let value = value.as_deref().unwrap_or("(not there)");
        line(&plain(&format!("    {when}: {}", value.replace('\n', "\n      "))))?;
    }
    Ok(())
}

/// Asks the person; without one there is nobody to say yes.
pub fn confirmed(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::WrongUse("there is no terminal to ask: pass --yes to write".into()));
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

async fn finish(open: &Open, review: &Review, applied: Applied, text: bool) -> Result<bool, Failure> {
    let done = applied.state == EntryState::Applied;
    let uptake = if done { Some(taken_up(open, applied.entry).await?) } else { None };
    if !text {
        print_json(&json!({"review": review, "applied": applied, "uptake": uptake}))?;
        return Ok(done);
    }
    ended(&applied)?;
    if let Some(uptake) = uptake {
        for row in uptake.rows.iter().filter(|row| !row.because.is_empty()) {
            line(&paint(Mark::Bad, &format!("{}/{} rejects it: {}", row.namespace, row.pod, row.because)))?;
        }
        line(&format!("{} of {} proxies have taken it up", uptake.acknowledged, uptake.total))?;
        if uptake.draining > 0 {
            line(&format!("{} of them still drain connections that keep to what was there before", uptake.draining))?;
        }
    }
    Ok(done)
}

/// How the write went.
pub fn ended(applied: &Applied) -> Result<bool, Failure> {
    let done = applied.state == EntryState::Applied;
    for object in applied.objects.iter().filter(|object| !object.because.is_empty()) {
        line(&plain(&format!(
            "{} {}/{}: {}",
            object.object.kind, object.object.namespace, object.object.name, object.because
        )))?;
    }
    let state =
        serde_json::to_value(applied.state).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    line(&paint(if done { Mark::Good } else { Mark::Bad }, &format!("entry {}: {state}", applied.entry)))?;
    Ok(done)
}

async fn taken_up(open: &Open, entry: f64) -> Result<Uptake, Failure> {
    let mut fleet = open.session.fleet();
    let until = tokio::time::Instant::now() + UPTAKE;
    loop {
        let uptake = open.host.uptake(EntryRef { session: open.session.id().to_owned(), entry }).await?;
        if uptake.settled || tokio::time::Instant::now() >= until {
            return Ok(uptake);
        }
        // A look that brought nothing new tells nobody: the time limit is looked at in between.
        let _ = tokio::time::timeout(Duration::from_secs(1), fleet.changed()).await;
    }
}
