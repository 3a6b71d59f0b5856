use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};

use super::*;
use crate::Rates;
use crate::plan::tests::PLAN;

fn run() -> Run {
    Run::begin(Plan::read(PLAN).unwrap(), Split::default())
}

fn seen(run: &Run, canary: Option<Rates>) -> Observation {
    let stable = Some(Rates { per_second: 9.0, error_share: 0.0, p50: Some(5.0), p99: Some(20.0) });
    let measured = Measured { stable, canary };
    let asked = BTreeMap::new();
    Observation { elapsed: Duration::from_secs(10), stale: None, live: Ok(run.split), measured, asked }
}

fn good() -> Option<Rates> {
    Some(Rates { per_second: 2.0, error_share: 0.0, p50: Some(5.0), p99: Some(30.0) })
}

fn bad() -> Option<Rates> {
    Some(Rates { error_share: 0.1, ..good().unwrap() })
}

/// Looks once, and writes what is to be written.
fn step(run: &mut Run, canary: Option<Rates>) -> Act {
    let act = run.next(&seen(run, canary));
    if let Act::Write(split) = act {
        run.wrote(split);
    }
    act
}

fn write(canary: u8) -> Act {
    Act::Write(Split { canary, mirror: 0, cohort: None })
}

#[test]
fn a_query_without_a_number_holds_and_never_promotes() {
    let gates = |query: &str| vec![Gate { query: query.into(), min: Some(1.0), ..Gate::of(Metric::Promql) }];
    let number = |value: f64| Asked { canary: Ok(value), stable: None };
    let nothing = || Asked { canary: Err("it gives 3 series, not one number".into()), stable: None };
    let mut run = run();
    run.plan.gates = gates("sum(orders)");
    run.plan.lag = Duration::ZERO;
    let look = |run: &mut Run, asked: Option<Asked>| {
        let act =
            run.next(&Observation { asked: asked.map(|one| (0, one)).into_iter().collect(), ..seen(run, good()) });
        if let Act::Write(split) = act {
            run.wrote(split);
        }
        act
    };
    assert_eq!(look(&mut run, None), write(10));
    for asked in [None, Some(nothing()), Some(nothing())] {
        look(&mut run, asked);
        assert_eq!((run.step, run.held), (0, Duration::ZERO), "{:?}", run.checks.back());
    }
    look(&mut run, Some(number(2.0)));
    assert!(run.held > Duration::ZERO && run.checks.back().unwrap().judged[0].value == Some(2.0));
    look(&mut run, Some(number(0.5)));
    assert!(matches!(&run.phase, Phase::Returned(because) if because.en == "PromQL 0.5, below 1"), "{:?}", run.phase);

    // Copies alone: a query tells of them, and where it does not, nobody knows.
    let mut run =
        Run::begin(Plan { gates: gates("sum(orders{v=\"{{version}}\"})"), ..run.plan.clone() }, Split::default());
    run.plan.steps[0].weight = 0;
    run.plan.steps[0].mirror = 50;
    look(&mut run, None);
    for _ in 0..10 {
        look(&mut run, None);
    }
    assert_eq!((run.step, run.held), (0, Duration::ZERO));
}

#[test]
fn a_query_is_not_judged_by_what_was_before_the_step() {
    let query = "sum(rate(errors{v=\"{{version}}\"}[1m])) or vector(0)";
    let gate = Gate { query: query.into(), max: Some(0.1), ..Gate::of(Metric::Promql) };
    let mut run = run();
    (run.plan.gates, run.plan.lag, run.plan.patience) = (vec![gate], Duration::from_secs(15), Duration::from_secs(20));
    // Before the step nothing fails, for nobody asks the canary: for 75 s an answer may be of that time.
    let look = |run: &mut Run, errors: f64| {
        let asked = [(0, Asked { canary: Ok(errors), stable: None })].into();
        let act = run.next(&Observation { asked, ..seen(run, good()) });
        if let Act::Write(split) = act {
            run.wrote(split);
        }
        act
    };
    assert_eq!(look(&mut run, 0.0), write(10));
    for at in 1..=7 {
        assert_eq!(look(&mut run, 0.0), Act::Wait);
        let judged = &run.checks.back().unwrap().judged[0];
        assert_eq!((judged.verdict, judged.early), (Verdict::Unknown, Some(75.0 - 10.0 * f64::from(at))), "{judged:?}");
        assert_eq!(
            (run.step, run.held, run.silent),
            (0, Duration::ZERO, Duration::ZERO),
            "it neither held nor was silent"
        );
    }
    let said = &run.checks.back().unwrap().judged[0].because;
    assert_eq!(said, "PromQL: its query still reads what was before the step, for 5s");
    assert_eq!(look(&mut run, 0.5), write(0));
    assert!(matches!(&run.phase, Phase::Returned(why) if why.en == "PromQL 0.5, above 0.1"), "{:?}", run.phase);
}

#[test]
fn what_the_proxies_count_breaks_a_step_that_a_query_cannot_be_asked_of_yet() {
    let gate = Gate { query: "sum(orders)".into(), min: Some(1.0), ..Gate::of(Metric::Promql) };
    let mut run = run();
    run.plan.gates.push(gate);
    step(&mut run, None);
    assert_eq!(step(&mut run, good()), Act::Wait);
    assert_eq!(step(&mut run, bad()), write(0));
}

#[test]
fn goes_through_its_steps_while_the_gates_hold() {
    let mut run = run();
    let mut acts = vec![step(&mut run, None)];
    acts.extend((0..3).map(|_| step(&mut run, good())));
    assert_eq!(acts, [write(10), Act::Wait, Act::Wait, write(50)]);
    assert_eq!((step(&mut run, good()), &run.phase), (Act::Wait, &Phase::Waiting));
    assert_eq!(step(&mut run, good()), Act::Wait, "a person decides");
    run.command(Command::Promote).unwrap();
    assert_eq!(step(&mut run, good()), write(100));
    assert_eq!((step(&mut run, good()), &run.phase), (Act::End, &Phase::Done));
    assert_eq!(run.command(Command::Abort), Err(Refused(Said::new("is over", "已结束"))));
}

#[test]
fn a_gate_that_fails_sends_everything_back_at_that_look() {
    let mut run = run();
    step(&mut run, None);
    step(&mut run, good());
    assert_eq!(step(&mut run, bad()), write(0));
    assert!(matches!(&run.phase, Phase::Returned(why) if why.en == "success 90.0 %, below 99 %"), "{:?}", run.phase);
}

#[test]
fn a_tolerated_failure_is_forgotten_when_the_gate_holds_again() {
    let mut run = run();
    run.plan.tolerance = 1;
    step(&mut run, None);
    for canary in [bad(), good(), bad()] {
        assert_eq!(step(&mut run, canary), Act::Wait);
    }
    assert_eq!(step(&mut run, bad()), write(0));
}

#[test]
fn at_the_end_the_canary_stands_beside_what_the_stable_version_did_last() {
    let mut run = run();
    run.plan.steps.remove(1);
    run.plan.gates[1].over = Some(20.0);
    let look = |run: &mut Run, stable: bool, p99| {
        let canary = Some(Rates { p99: Some(p99), ..good().unwrap() });
        let mut seen = seen(run, canary);
        seen.measured.stable = seen.measured.stable.filter(|_| stable);
        let act = run.next(&seen);
        if let Act::Write(split) = act {
            run.wrote(split);
        }
        act
    };
    let acts: Vec<Act> = (0..4).map(|_| look(&mut run, true, 30.0)).collect();
    assert_eq!(acts.last(), Some(&write(100)));
    let mut slow = run.clone();
    assert_eq!((look(&mut run, false, 39.0), &run.phase), (Act::End, &Phase::Done), "20 ms were the stable version's");
    assert_eq!(look(&mut slow, false, 41.0), write(0));
}

#[test]
fn no_measurements_are_neither_good_nor_endless() {
    let mut run = run();
    run.plan.patience = Duration::from_secs(30);
    step(&mut run, None);
    assert_eq!([step(&mut run, None), step(&mut run, None)], [Act::Wait, Act::Wait]);
    assert_eq!(run.held, Duration::ZERO);
    assert_eq!(step(&mut run, None), write(0));
    assert!(matches!(&run.phase, Phase::Returned(why) if why.en.contains("for 30s")), "{:?}", run.phase);
}

#[test]
fn never_moves_on_what_is_old() {
    let mut run = run();
    step(&mut run, None);
    let old = Observation { stale: Some("the link is down".into()), ..seen(&run, good()) };
    for _ in 0..100 {
        assert_eq!(run.next(&old), Act::Wait);
    }
    assert_eq!((run.held, run.step), (Duration::ZERO, 0));
}

#[test]
fn another_hand_ends_it_and_is_not_overwritten() {
    let mut run = run();
    step(&mut run, None);
    let other = Observation { live: Ok(Split { canary: 30, mirror: 0, cohort: None }), ..seen(&run, good()) };
    assert_eq!(run.next(&other), Act::End);
    assert!(matches!(&run.phase, Phase::Stopped(why) if why.en.contains("30 %") && why.en.contains("10 %")));
    assert_eq!(run.next(&other), Act::End);
}

#[test]
fn a_write_whose_answer_was_lost_is_seen_to_be_done() {
    let mut run = run();
    assert_eq!(run.next(&seen(&run, None)), write(10));
    let done = Observation { live: Ok(Split { canary: 10, mirror: 0, cohort: None }), ..seen(&run, None) };
    assert_eq!((run.next(&done), &run.phase, run.split.canary), (Act::Wait, &Phase::Watching, 10));
}

/// Asked for, written, and not answered; before that is seen, something else is wanted.
#[test]
fn what_was_wanted_since_a_lost_answer_holds() {
    let lost = |then: fn(&mut Run)| {
        let mut run = run();
        assert_eq!(run.next(&seen(&run, None)), write(10));
        then(&mut run);
        let done = Observation { live: Ok(Split { canary: 10, mirror: 0, cohort: None }), ..seen(&run, good()) };
        let act = run.next(&done);
        assert_eq!(run.split.canary, 10, "the write was done");
        (act, run.phase)
    };
    let (act, phase) = lost(|run| run.command(Command::Abort).unwrap());
    assert!(
        act == write(0) && matches!(&phase, Phase::Returning(why) if why.en == "somebody aborted it"),
        "nothing is back yet"
    );
    let (act, phase) = lost(|run| run.command(Command::Pause).unwrap());
    assert!(act == Act::Wait && matches!(&phase, Phase::Paused(why) if why.en == "somebody paused it"), "{phase:?}");
    let (act, phase) = lost(Run::interrupted);
    assert!(act == Act::Wait && matches!(phase, Phase::Paused(_)), "{phase:?}");
}

fn paused(run: &Run, because: &str) -> bool {
    matches!(&run.phase, Phase::Paused(why) if why.en.contains(because))
}

#[test]
fn a_step_that_is_refused_for_good_waits_for_a_person() {
    let mut run = run();
    step(&mut run, None);
    run.command(Command::Promote).unwrap();
    for _ in 0..REFUSALS {
        assert_eq!(run.next(&seen(&run, good())), write(50), "once may be a race");
        run.refused(&"argocd owns spec.http".into());
    }
    assert!(paused(&run, "its step could not be written: argocd owns spec.http"), "{:?}", run.phase);
    assert_eq!((step(&mut run, good()), run.split.canary), (Act::Wait, 10));
    run.command(Command::Resume).unwrap();
    assert_eq!(step(&mut run, good()), write(50));
}

#[test]
fn a_way_back_that_is_refused_for_good_waits_for_a_person() {
    let mut run = run();
    step(&mut run, None);
    for _ in 0..REFUSALS {
        assert_eq!(run.next(&seen(&run, bad())), write(0));
        run.refused(&"you may not patch".into());
    }
    assert!(paused(&run, "go back to v1 (success 90.0 %, below 99 %): you may not patch"), "{:?}", run.phase);
    assert_eq!(step(&mut run, bad()), Act::Wait, "it is not tried again by itself");
    assert!(paused(&run, "you may not patch"), "{:?}", run.phase);
    run.command(Command::Abort).unwrap();
    assert_eq!(step(&mut run, bad()), write(0));
    assert!(matches!(run.phase, Phase::Returned(_)));
}

#[test]
fn a_failed_plan_may_hold_instead() {
    let mut run = run();
    run.plan.on_failure = Failure::Hold;
    step(&mut run, None);
    assert_eq!((step(&mut run, bad()), run.split.canary), (Act::Wait, 10));
    assert!(matches!(run.phase, Phase::Paused(_)));
    run.command(Command::Resume).unwrap();
    assert_eq!(run.phase, Phase::Watching);
}

#[test]
fn paused_it_stands_still_and_still_fails() {
    let mut run = run();
    step(&mut run, None);
    run.command(Command::Pause).unwrap();
    for _ in 0..10 {
        assert_eq!(step(&mut run, good()), Act::Wait);
    }
    assert_eq!(step(&mut run, bad()), write(0));
}

#[test]
fn after_an_interruption_the_plan_decides() {
    let mut held = run();
    step(&mut held, None);
    held.interrupted();
    assert!(matches!(held.phase, Phase::Paused(_)));
    let mut back = run();
    back.plan.interrupted = Interrupted::Return;
    step(&mut back, None);
    let text = serde_json::to_string(&back).unwrap();
    let mut back: Run = serde_json::from_str(&text).unwrap();
    back.interrupted();
    assert_eq!(step(&mut back, None), write(0));
    assert!(matches!(back.phase, Phase::Returned(_)));
}

fn looks() -> impl Strategy<Value = Option<Rates>> {
    prop_oneof![Just(None), Just(good()), Just(bad())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    /// Whatever happens, the canary gets no more than the step that the run stands at says.
    #[test]
    fn the_canary_never_gets_more_than_planned(looks in proptest::collection::vec((looks(), any::<bool>(), 0u8..5), 0..60)) {
        let mut run = run();
        for (canary, stale, command) in looks {
            match command {
                1 => drop(run.command(Command::Pause)),
                2 => drop(run.command(Command::Resume)),
                3 => run.interrupted(),
                _ => {}
            }
            let before = run.step;
            let stale = stale.then(|| Said::from("old"));
            let quiet = stale.is_some();
            let act = run.next(&Observation { stale, ..seen(&run, canary) });
            if let Act::Write(split) = act {
                assert!(!quiet, "nothing is written on what is old");
                run.wrote(split);
            }
            assert!(run.split.canary <= run.plan.steps[run.step].weight);
            assert!(run.step == before || canary == good(), "it moved on without good figures");
        }
    }
}
