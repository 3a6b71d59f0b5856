//! `netloft rollout simulate`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rollout::{Gate, Metric, Phase, Plan, PlayedStep, span};
use serde_json::{Value, json};
use session::rollout::{Given, Simulated, Source, Supposed};

use super::{judged, measured, read};
use crate::args::{Form, Simulate, Target};
use crate::failure::Failure;
use crate::print::{Mark, json as print_json, line, paint, plain};
use crate::source::open;

pub async fn run(from: &Target, args: &Simulate) -> Result<bool, Failure> {
    let plan = read(&args.plan.plan)?;
    let open = open(from).await?;
    measured(&open, &plan).await;
    let supposed = Supposed {
        error_share: args.canary_errors.map(|percent| (percent / 100.0).clamp(0.0, 1.0)),
        p50: args.canary_p50,
        p99: args.canary_p99,
        queries: queries(&args.canary_query, &plan)?,
    };
    let simulated = open.session.rollout_simulate(plan.clone(), supposed).await?;
    let done = simulated.played.run.phase == Phase::Done;
    if args.plan.format == Form::Json {
        let run = &simulated.played.run;
        let phase = serde_json::to_value(&run.phase).unwrap_or_default();
        print_json(&json!({
            "plan": plan, "phase": phase["phase"], "because": run.phase.because().map(|said| &said.en), "after": run.driven.as_secs_f64(),
            "steps": simulated.played.steps, "requestsPerSecond": simulated.per_second, "canaryKnown": simulated.canary_known,
            "astray": simulated.astray, "queries": simulated.given.iter().map(|one| source(one, &plan)).collect::<Vec<_>>(),
            "recorded": simulated.recorded.map(|(from, to)| json!({"from": when(from), "to": when(to)})),
        }))?;
        return Ok(done);
    }
    line(&plain(&traffic(&simulated, &plan)))?;
    for given in &simulated.given {
        line(&plain(&said(given, &plan)))?;
    }
    for step in &simulated.played.steps {
        line(&judged(step.last.as_ref(), &told(step, &plan)))?;
    }
    let end = end(&simulated, &plan);
    line(&if done { plain(&end) } else { paint(Mark::Bad, &end) })?;
    Ok(done)
}

/// What is supposed of the queries of gates, by the gates' places in the plan.
fn queries(supposed: &[String], plan: &Plan) -> Result<BTreeMap<usize, f64>, Failure> {
    let read = |text: &String| {
        let (gate, value) = text.split_once('=')?;
        let named = |one: &Gate| one.metric == Metric::Promql && one.name == gate;
        let number = || gate.parse::<usize>().ok()?.checked_sub(1);
        let place = plan.gates.iter().position(named).or_else(number)?;
        let is_query = plan.gates.get(place)?.metric == Metric::Promql;
        Some((place, value.parse::<f64>().ok().filter(|value| value.is_finite() && is_query)?))
    };
    let all: Option<BTreeMap<usize, f64>> = supposed.iter().map(read).collect();
    all.ok_or_else(|| {
        Failure::WrongUse("--canary-query takes GATE=NUMBER, with a gate of the plan that asks a query".into())
    })
}

fn called(given: &Given, plan: &Plan) -> String {
    let name = plan.gates.get(given.gate).map_or("", |gate| &*gate.name);
    if name.is_empty() { format!("gate {}", given.gate + 1) } else { name.to_owned() }
}

fn source(given: &Given, plan: &Plan) -> Value {
    let (source, because) = match &given.source {
        Source::Supposed => ("supposed", ""),
        Source::Recorded => ("recorded", ""),
        Source::Stable => ("stable", ""),
        Source::Unplayed(because) => ("unplayed", &*because.en),
    };
    json!({"gate": called(given, plan), "source": source, "because": because})
}

/// Where what a gate's query gives comes from.
fn said(given: &Given, plan: &Plan) -> String {
    let name = called(given, plan);
    match &given.source {
        Source::Supposed => format!("{name}: as supposed"),
        Source::Recorded => format!("{name}: as Prometheus has it of that time"),
        Source::Stable => {
            format!("{name}: Prometheus has nothing of {}, so as it has it of {}", plan.canary, plan.stable)
        }
        Source::Unplayed(because) => {
            format!("{name}: left out, for nobody knows what it would give ({because}); --canary-query supposes it")
        }
    }
}

/// What it was played on.
fn traffic(simulated: &Simulated, plan: &Plan) -> String {
    let from = simulated.recorded.map_or_else(
        || "the traffic of now".to_owned(),
        |(from, to)| format!("traffic recorded {} to {}", when(from), when(to)),
    );
    let mut words = format!("on {from}, {:.1} requests a second", simulated.per_second);
    if !simulated.canary_known {
        words += &format!("; {} had none: what is not supposed of it is as {}’s", plan.canary, plan.stable);
    }
    if simulated.astray > 0.005 {
        words += &format!("; {:.0} % go another way than the split says", simulated.astray * 100.0);
    }
    words
}

fn told(step: &PlayedStep, plan: &Plan) -> String {
    let (number, all) = (step.step + 1, plan.steps.len());
    let mut words = format!("  step {number} of {all}, {} % to {}", step.split.canary, plan.canary);
    words += &format!(", {} to {}, {} looks", after(step.from), after(step.to), step.looks);
    if step.copied > 0.0 {
        // What answers to copies say nobody waits for, so that none of these gates knows it.
        words += &format!(", copies {:.1} requests a second, of which queries alone can tell", step.copied);
    }
    if step.by_hand {
        words += ", promoted by hand";
    }
    let found = step.last.iter().flat_map(|check| &check.judged).map(|judged| judged.because.as_str());
    let found: Vec<&str> = found.collect();
    if found.is_empty() { words } else { format!("{words}: {}", found.join("; ")) }
}

fn end(simulated: &Simulated, plan: &Plan) -> String {
    let (run, stable) = (&simulated.played.run, &plan.stable);
    let (name, after, step) = (&plan.name, span(run.driven), run.step + 1);
    match &run.phase {
        Phase::Done => format!("{name} would be done after {after}"),
        Phase::Returning(because) | Phase::Returned(because) => {
            format!("{name} would go back to {stable} in step {step}, after {after}: {because}")
        }
        Phase::Paused(because) | Phase::Stopped(because) => {
            format!("{name} would stand still in step {step}, after {after}: {because}")
        }
        Phase::Moving | Phase::Watching | Phase::Waiting => {
            format!("{name} would still be in step {step} after {after}")
        }
    }
}

fn after(seconds: f64) -> String {
    span(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

fn when(seconds: u64) -> String {
    let at = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    at.unwrap_or_default().to_string()
}
