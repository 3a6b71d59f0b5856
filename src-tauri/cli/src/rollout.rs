//! `netloft rollout`.

mod foreign;
mod leased;
mod simulate;

use std::path::Path;

use rollout::{Check, Command, Phase, Plan, Verdict};
use serde_json::{Value, json};
use session::rollout::{Order, RolloutId, Shown};

use crate::args::{Form, RolloutDo, RolloutRun, RolloutStatus, Steer, Target};
use crate::failure::Failure;
use crate::print::{Mark, json as print_json, json_line, line, paint, plain, say};
use crate::source::{Open, open};
use crate::write;

pub async fn run(from: &Target, command: &RolloutDo) -> Result<bool, Failure> {
    match command {
        RolloutDo::Check(args) => check(from, args).await,
        RolloutDo::Simulate(args) => simulate::run(from, args).await,
        RolloutDo::Run(args) => drive(from, args).await,
        RolloutDo::Status(args) => status(from, args).await,
        RolloutDo::Promote(args) if args.full => order(from, &args.steer, Order::Finish).await,
        RolloutDo::Promote(args) => order(from, &args.steer, Order::Promote).await,
        RolloutDo::Pause(args) => order(from, args, Order::Pause).await,
        RolloutDo::Resume(args) => order(from, args, Order::Resume).await,
        RolloutDo::Abort(args) => order(from, args, Order::Abort).await,
        RolloutDo::Undo(args) => write::undo_rollout(from, args).await,
        RolloutDo::Retry(args) => order(from, args, Order::Retry).await,
        RolloutDo::Export(args) => foreign::export(from, args).await,
    }
}

fn read(path: &Path) -> Result<Plan, Failure> {
    let at = |why: String| Failure::Unreadable(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| at(error.to_string()))?;
    Plan::read(&text).map_err(|broken| at(broken.to_string()))
}

async fn check(from: &Target, args: &RolloutRun) -> Result<bool, Failure> {
    let plan = read(&args.plan.plan)?;
    let open = open(from).await?;
    measured(&open, &plan).await;
    let obstacles = open.session.rollout_check(&plan, &args.take_over).await?;
    let free = obstacles.iter().all(|obstacle| !obstacle.blocks);
    if args.plan.format == Form::Json {
        let rows: Vec<Value> =
            obstacles.iter().map(|o| json!({"about": o.about, "because": o.because.en, "blocks": o.blocks})).collect();
        print_json(&json!({"plan": plan, "obstacles": rows, "ready": free}))?;
        return Ok(free);
    }
    for obstacle in &obstacles {
        let mark = if obstacle.blocks { Mark::Bad } else { Mark::Warn };
        line(&paint(mark, &format!("{}: {}", obstacle.about, obstacle.because)))?;
    }
    if free {
        line(&plain(&format!("{} can start", plan.name)))?;
    }
    Ok(free)
}

/// Gates look at counters, which tell a rate only once they have been read twice.
async fn measured(open: &Open, plan: &Plan) {
    if plan.gates.is_empty() {
        return;
    }
    let mut traffic = open.session.traffic();
    let twice = traffic.wait_for(|traffic| traffic.measured || !traffic.unknown.is_empty());
    // What is not measured by then is told by the check itself.
    let _ = tokio::time::timeout(plan.interval.max(std::time::Duration::from_secs(30)), twice).await;
}

async fn drive(from: &Target, args: &RolloutRun) -> Result<bool, Failure> {
    let plan = read(&args.plan.plan)?;
    let open = open(from).await?;
    open.host.workbench().may_write()?;
    let id = match under_way(&open, &plan).await? {
        Some(known) => {
            let taken = open.session.rollout_adopt(known.id).await?;
            let said = if taken { "taken over" } else { "driven by another program: watching" };
            say(&format!("rollout {} of {} is {said}", known.id, plan.name));
            known.id
        }
        None => {
            measured(&open, &plan).await;
            open.session.rollout_begin(plan, args.take_over.clone()).await?
        }
    };
    follow(&open, id, args.plan.format).await
}

/// Tells each look and each change until it is over.
async fn follow(open: &Open, id: RolloutId, format: Form) -> Result<bool, Failure> {
    let mut changed = open.host.workbench().records().changed();
    let mut told: (Option<f64>, Option<(usize, Phase)>, String) = (None, None, String::new());
    loop {
        let shown = open.session.rollouts().await?.into_iter().find(|one| one.id == id);
        let Some(shown) = shown else {
            return Err(Failure::NotReady(format!("rollout {id} is no longer in the journal")));
        };
        for check in shown.run.checks.iter().filter(|check| told.0.is_none_or(|at| check.at > at)) {
            look(check, format)?;
        }
        told.0 = shown.run.checks.back().map(|check| check.at).or(told.0);
        let stands = Some((shown.run.step, shown.run.phase.clone()));
        if told.1 != stands || told.2 != shown.because.en {
            stand(&shown, format)?;
            (told.1, told.2) = (stands, shown.because.en.clone());
        }
        if shown.is_over {
            return Ok(shown.run.phase == Phase::Done);
        }
        // Another program that drives it does not tell this one.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), changed.changed()).await;
    }
}

fn look(check: &Check, format: Form) -> Result<(), Failure> {
    if format == Form::Json {
        return json_line(&json!({"check": check}));
    }
    let mut words: Vec<String> = check.judged.iter().map(|judged| judged.because.clone()).collect();
    if words.is_empty() {
        words.push("no gates".to_owned());
    }
    let text = format!("  {:>4.0} s  {} %  {}", check.at, check.split.canary, words.join("; "));
    line(&judged(Some(check), &text))
}

/// A line about a look, in the colour of what it found.
fn judged(check: Option<&Check>, text: &str) -> String {
    let any = |verdict| check.is_some_and(|check| check.judged.iter().any(|judged| judged.verdict == verdict));
    if any(Verdict::Fails) {
        paint(Mark::Bad, text)
    } else if any(Verdict::Unknown) {
        paint(Mark::Warn, text)
    } else {
        plain(text)
    }
}

fn stand(shown: &Shown, format: Form) -> Result<(), Failure> {
    if format == Form::Json {
        return json_line(&row(shown));
    }
    line(&plain(&words(shown)))?;
    if !shown.because.en.is_empty() {
        line(&paint(Mark::Warn, &format!("  {}", shown.because)))?;
    }
    Ok(())
}

fn words(shown: &Shown) -> String {
    let run = &shown.run;
    let step =
        format!("step {} of {}, {} % to {}", run.step + 1, run.plan.steps.len(), run.split.canary, run.plan.canary);
    let phase = match &run.phase {
        Phase::Moving => "moving".to_owned(),
        Phase::Watching => "watching".to_owned(),
        Phase::Waiting => "waits for a promotion".to_owned(),
        Phase::Paused(because) => format!("paused: {because}"),
        Phase::Returning(because) => format!("going back: {because}"),
        Phase::Done => "done".to_owned(),
        Phase::Returned(because) => format!("aborted, all at {} again: {because}", run.plan.stable),
        Phase::Stopped(because) => format!("stopped: {because}"),
    };
    format!("{} {}: {step}: {phase}", shown.id, run.plan.name)
}

fn row(shown: &Shown) -> Value {
    let run = &shown.run;
    let phase = serde_json::to_value(&run.phase).unwrap_or_default();
    json!({
        "id": shown.id, "name": run.plan.name, "user": shown.user, "service": run.plan.service, "route": run.plan.object().to_string(),
        "step": run.step + 1, "steps": run.plan.steps.len(), "phase": phase["phase"], "because": run.phase.because().map(|said| &said.en),
        "weight": run.split.canary, "mirror": run.split.mirror, "cohort": run.plan.cohort(run.split), "over": shown.is_over, "hindered": shown.because.en,
        "lastCheck": run.checks.back(), "entries": shown.entries, "gateways": shown.gateways,
    })
}

/// The runs of a plan, newest first.
async fn runs(open: &Open, plan: &Plan) -> Result<Vec<Shown>, Failure> {
    let same = |one: &Shown| one.run.plan.name == plan.name && one.run.plan.object() == plan.object();
    Ok(open.session.rollouts().await?.into_iter().filter(same).collect())
}

async fn under_way(open: &Open, plan: &Plan) -> Result<Option<Shown>, Failure> {
    Ok(runs(open, plan).await?.into_iter().find(|one| !one.is_over))
}

async fn status(from: &Target, args: &RolloutStatus) -> Result<bool, Failure> {
    let Some(plan) = &args.plan else { return everything(from, args.format).await };
    let plan = read(plan)?;
    let open = open(from).await?;
    let of = runs(&open, &plan).await?;
    if args.format == Form::Json {
        print_json(&of.iter().map(row).collect::<Vec<_>>())?;
    } else if of.is_empty() {
        line(&plain(&format!("{} has not been run on this cluster by this user", plan.name)))?;
    } else {
        for shown in &of {
            stand(shown, args.format)?;
        }
    }
    Ok(of.first().is_some_and(|one| !matches!(one.run.phase, Phase::Returned(_) | Phase::Stopped(_))))
}

/// All rollouts of the cluster: ours, newest first, and those of other controllers.
async fn everything(from: &Target, format: Form) -> Result<bool, Failure> {
    let open = open(from).await?;
    let (ours, elsewhere) = (open.session.rollouts().await?, open.session.rollout_leases().await?);
    if format == Form::Json {
        let ours: Vec<Value> = ours.iter().map(row).collect();
        print_json(&json!({"rollouts": ours, "elsewhere": leased::rows(&elsewhere), "foreign": foreign::rows(&open)}))?;
        return Ok(true);
    }
    for shown in &ours {
        stand(shown, format)?;
    }
    leased::tell(&elsewhere)?;
    let others = foreign::tell(&open)?;
    if ours.is_empty() && elsewhere.is_empty() && !others {
        line(&plain("no rollout on this cluster"))?;
    }
    Ok(true)
}

/// To the driver of a plan, or to another controller.
async fn order(from: &Target, args: &Steer, order: Order) -> Result<bool, Failure> {
    let Some(plan) = &args.plan else { return foreign::order(from, args, order).await };
    let command = match order {
        Order::Promote => Command::Promote,
        Order::Pause => Command::Pause,
        Order::Resume => Command::Resume,
        Order::Abort => Command::Abort,
        Order::Finish | Order::Retry => {
            return Err(Failure::WrongUse("a plan is begun again by rollout run".into()));
        }
    };
    steer(from, plan, args, command).await
}

async fn steer(from: &Target, plan: &Path, args: &Steer, command: Command) -> Result<bool, Failure> {
    let plan = read(plan)?;
    let open = open(from).await?;
    open.host.workbench().may_write()?;
    let Some(known) = under_way(&open, &plan).await? else {
        if command == Command::Abort
            && let Some(done) = leased::way_back(&open, &plan, args).await?
        {
            return Ok(done);
        }
        say(&format!("{} is not under way on this cluster", plan.name));
        return Ok(false);
    };
    open.session.rollout_command(known.id, command).await?;
    // Where its driver is gone, this program does what was wanted.
    if open.session.rollout_adopt(known.id).await? {
        return follow(&open, known.id, args.format).await.map(|_| true);
    }
    Ok(true)
}
