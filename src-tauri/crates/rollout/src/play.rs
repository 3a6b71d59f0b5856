//! A plan played by a clock of its own, before the real one: the steps and looks are those of [`Run`], which drives the real one too.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::{Act, Asked, Check, Command, Measured, Observation, Phase, Plan, Run, Split};

/// A rollout that is not over after so many looks never will be, or not in a time that anybody waits.
const LOOKS: usize = 20_000;

/// What is there at a moment of a play.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// What both versions do.
    pub measured: Measured,
    /// What the queries of gates give, by the gate's place in the plan.
    pub asked: BTreeMap<usize, Asked>,
    /// Requests a second of which the canary gets a copy.
    pub copied: f64,
}

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
    /// Requests a second of which the canary got a copy, at the last look.
    pub copied: f64,
    /// Looks at its gates.
    pub looks: usize,
    /// The look at which it was left, or at which the rollout broke.
    pub last: Option<Check>,
    /// A person had to promote it, which is supposed to happen at once.
    pub by_hand: bool,
}

/// Plays a plan on a route that has this split now. `scene` is what is there under a split, so long after the beginning.
///
/// It ends where the real one would end, or stand still until a person decides; only a step by hand is promoted, at once.
pub fn play(plan: Plan, live: Split, mut scene: impl FnMut(Duration, Split) -> Scene) -> Played {
    let (mut run, mut split, mut elapsed) = (Run::begin(plan, live), live, Duration::ZERO);
    let mut steps: Vec<PlayedStep> = Vec::new();
    for _ in 0..LOOKS {
        let Scene { measured, asked, copied } = scene(run.driven + elapsed, split);
        let before = run.checks.back().map(|check| check.at);
        let act = run.next(&Observation { elapsed, stale: None, live: Ok(split), measured, asked });
        elapsed = run.plan.interval;
        let now = run.driven.as_secs_f64();
        if let Some(step) = steps.last_mut() {
            step.to = now;
            if let Some(check) = run.checks.back().filter(|check| Some(check.at) != before) {
                step.looks += 1;
                step.copied = copied;
                step.last = Some(check.clone());
            }
        }
        if let Act::Write(wanted) = act {
            run.wrote(wanted);
            split = wanted;
            if !run.phase.is_over() {
                let step = run.step;
                let begun =
                    PlayedStep { step, split, from: now, to: now, copied: 0.0, looks: 0, last: None, by_hand: false };
                steps.push(begun);
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
    use crate::{Failure, Gate, Metric, Rates, Verdict};

    fn rates(per_second: f64, error_share: f64) -> Option<Rates> {
        Some(Rates { per_second, error_share, p50: Some(5.0), p99: Some(20.0) })
    }

    /// A hundred requests a second, of which the canary fails this share under a split.
    fn fails(share: impl Fn(Duration, Split) -> f64) -> impl FnMut(Duration, Split) -> Scene {
        move |at, split| {
            let (canary, copies) = (f64::from(split.canary), f64::from(split.mirror));
            let of = |per_second: f64, errors| (per_second > 0.0).then(|| rates(per_second, errors)).flatten();
            let measured = Measured { stable: of(100.0 - canary, 0.0), canary: of(canary + copies, share(at, split)) };
            Scene { measured, copied: f64::from(split.mirror), ..Scene::default() }
        }
    }

    #[test]
    fn copies_are_judged_like_requests() {
        let text = PLAN.replace("weight: 10,", "weight: 0, mirror: 20,");
        let mut plan = Plan::read(&text).unwrap();
        let query = Gate { query: "errors{v=\"{{version}}\"}".into(), max: Some(1.0), ..Gate::of(Metric::Promql) };
        let mut errors = fails(|_, _| 0.0);
        let played = play(plan.clone(), Split::default(), &mut errors);
        assert_eq!((&played.run.phase, played.steps[0].copied, played.steps[1].copied), (&Phase::Done, 20.0, 0.0));
        let judged = &played.steps[0].last.as_ref().unwrap().judged[0];
        assert_eq!(judged.verdict, Verdict::Holds, "{judged:?}");
        // Those that fail are found out before anybody is answered by the canary.
        let played = play(plan.clone(), Split::default(), fails(|_, _| 0.5));
        assert!(
            matches!(&played.run.phase, Phase::Returned(why) if why.en == "success 50.0 %, below 99 %"),
            "{:?}",
            played.run.phase
        );
        assert_eq!((played.steps.len(), played.steps[0].to), (1, 10.0));
        // Of which none arrives, nothing is known.
        let lost = |at, split: Split| {
            let Scene { measured, .. } = fails(|_, _| 0.0)(at, split);
            let canary = measured.canary.filter(|_| split.canary > 0);
            Scene { measured: Measured { canary, ..measured }, ..Scene::default() }
        };
        let played = play(plan.clone(), Split::default(), lost);
        assert!(
            matches!(&played.run.phase, Phase::Returned(why) if why.en == "success: no copy was seen to reach the canary, for 5m"),
            "{:?}",
            played.run.phase
        );
        assert_eq!(played.steps.len(), 1, "it never went beyond copies");
        plan.gates.push(query);
        let played = play(plan, Split::default(), |at, split| {
            let asked = Asked { canary: Ok(if at > Duration::from_secs(70) { 2.0 } else { 0.0 }), stable: None };
            Scene { asked: [(2, asked)].into(), ..errors(at, split) }
        });
        // Until the query reads nothing of before, it is not judged.
        assert!(
            matches!(&played.run.phase, Phase::Returned(why) if why.en == "PromQL 2, above 1"),
            "{:?}",
            played.run.phase
        );
        assert_eq!((played.steps[0].to, played.steps[0].looks), (80.0, 8));
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
        assert!(
            matches!(&played.run.phase, Phase::Returned(why) if why.en == "success 95.0 %, below 99 %"),
            "{:?}",
            played.run.phase
        );
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
        assert!(
            matches!(&played.run.phase, Phase::Paused(why) if why.en == "success 50.0 %, below 99 %"),
            "{:?}",
            played.run.phase
        );
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
