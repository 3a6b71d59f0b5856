//! A plan played by a clock of its own, before the real one: the steps and looks are those of [`Run`], which drives the real one too.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::{Act, Check, Command, Measured, Observation, Phase, Plan, Run, Split};

/// A rollout that is not over after so many looks never will be, or not in a time that anybody waits.
const LOOKS: usize = 20_000;

/// A plan as it went.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Played {
    /// Where it stood in the end, with its last looks.
    pub run: Run,
    /// The steps that were reached, in their order.
    pub steps: Vec<PlayedStep>,
}

/// A step as it went.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayedStep {
    /// Which one, from 0.
    pub step: usize,
    /// Its split.
    pub split: Split,
    /// Seconds after the beginning at which it was written.
    pub from: f64,
    /// Seconds after the beginning at which it was left.
    pub to: f64,
    /// Looks at its gates.
    pub looks: usize,
    /// The look at which it was left, or at which the rollout broke.
    pub last: Option<Check>,
    /// A person had to promote it, which is supposed to happen at once.
    pub by_hand: bool,
}

/// Plays a plan on a route that has this split now. `traffic` is what both versions do under a split, so long after the beginning.
///
/// It ends where the real one would end, or stand still until a person decides; only a step by hand is promoted, at once.
pub fn play(plan: Plan, live: Split, mut traffic: impl FnMut(Duration, Split) -> Measured) -> Played {
    let (mut run, mut split, mut elapsed) = (Run::begin(plan, live), live, Duration::ZERO);
    let mut steps: Vec<PlayedStep> = Vec::new();
    for _ in 0..LOOKS {
        let measured = traffic(run.driven + elapsed, split);
        let before = run.checks.back().map(|check| check.at);
        let act = run.next(&Observation { elapsed, stale: None, live: Ok(split), measured, asked: BTreeMap::new() });
        elapsed = run.plan.interval;
        let now = run.driven.as_secs_f64();
        if let Some(step) = steps.last_mut() {
            step.to = now;
            if let Some(check) = run.checks.back().filter(|check| Some(check.at) != before) {
                step.looks += 1;
                step.last = Some(check.clone());
            }
        }
        if let Act::Write(wanted) = act {
            run.wrote(wanted);
            split = wanted;
            if !run.phase.is_over() {
                let step = run.step;
                steps.push(PlayedStep { step, split, from: now, to: now, looks: 0, last: None, by_hand: false });
            }
        }
        if run.phase == Phase::Waiting && run.command(Command::Promote).is_ok() {
            elapsed = Duration::ZERO;
            if let Some(step) = steps.last_mut() {
                step.by_hand = true;
            }
        }
        if run.phase.is_over() || matches!(run.phase, Phase::Paused(_)) {
            break;
        }
    }
    Played { run, steps }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::PLAN;
    use crate::{Failure, Rates};

    fn rates(per_second: f64, error_share: f64) -> Option<Rates> {
        Some(Rates { per_second, error_share, p50: Some(5.0), p99: Some(20.0) })
    }

    /// A hundred requests a second, of which the canary fails this share under a split.
    fn fails(share: impl Fn(Duration, Split) -> f64) -> impl FnMut(Duration, Split) -> Measured {
        move |at, split| {
            let canary = f64::from(split.canary);
            let of = |per_second: f64, errors| (per_second > 0.0).then(|| rates(per_second, errors)).flatten();
            Measured { stable: of(100.0 - canary, 0.0), canary: of(canary, share(at, split)) }
        }
    }

    #[test]
    fn goes_as_the_real_one_would() {
        let played = play(Plan::read(PLAN).unwrap(), Split::default(), fails(|_, _| 0.0));
        assert_eq!(played.run.phase, Phase::Done);
        let seen: Vec<_> =
            played.steps.iter().map(|s| (s.step, s.split.canary, s.from, s.to, s.looks, s.by_hand)).collect();
        assert_eq!(
            seen,
            [(0, 10, 0.0, 30.0, 3, false), (1, 50, 30.0, 40.0, 1, true), (2, 100, 40.0, 50.0, 1, false)],
            "{played:#?}"
        );
        assert_eq!(played.steps[0].last.as_ref().unwrap().judged[0].because, "success 100.0 %, as it shall be");
    }

    #[test]
    fn stops_where_a_gate_breaks_and_says_at_which_figures() {
        let played =
            play(Plan::read(PLAN).unwrap(), Split::default(), fails(|_, split| f64::from(split.canary) / 1000.0));
        assert_eq!(played.run.phase, Phase::Returned("success 95.0 %, below 99 %".into()));
        let broke = played.steps.last().unwrap();
        assert_eq!(
            (broke.step, broke.split.canary, broke.last.as_ref().unwrap().split.canary),
            (1, 50, 50),
            "{broke:#?}"
        );
    }

    #[test]
    fn holds_for_a_person_who_is_not_there() {
        let mut plan = Plan::read(PLAN).unwrap();
        plan.on_failure = Failure::Hold;
        let late = |at: Duration, _| if at > Duration::from_secs(15) { 0.5 } else { 0.0 };
        let played = play(plan, Split::default(), fails(late));
        assert_eq!(played.run.phase, Phase::Paused("success 50.0 %, below 99 %".into()));
        assert_eq!((played.steps.len(), played.steps[0].to), (1, 20.0));
    }

    #[test]
    fn ends_even_where_the_plan_does_not() {
        let mut plan = Plan::read(PLAN).unwrap();
        plan.tolerance = u32::MAX;
        let played = play(plan, Split::default(), fails(|_, _| 1.0));
        assert_eq!((&played.run.phase, played.steps[0].looks), (&Phase::Watching, LOOKS - 1));
    }
}
