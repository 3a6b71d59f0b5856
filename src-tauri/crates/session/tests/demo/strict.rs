//! The way to STRICT on the demo: who stands in it, the step that is safe, and the one that breaks a caller and is taken back.

use demo::Demo;
use session::strict::{Row, State, Strict};

use crate::bench::{Bench, LIMIT, bench};

fn row<'a>(strict: &'a Strict, namespace: &str) -> &'a Row {
    strict.rows.iter().find(|row| row.namespace == namespace).unwrap()
}

/// Looks again whenever traffic was measured, until this holds.
async fn until(bench: &Bench, what: &str, holds: impl Fn(&Strict) -> bool) -> Strict {
    let mut traffic = bench.session.traffic();
    let look = async {
        loop {
            let strict = bench.session.strict().await.unwrap();
            if holds(&strict) {
                return strict;
            }
            traffic.changed().await.unwrap();
        }
    };
    tokio::time::timeout(LIMIT, look).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

async fn step(bench: &Bench, namespace: &str, guard: bool) -> i64 {
    let dish = bench.session.strict_step(namespace, guard).await.unwrap();
    bench.session.draft_put(&dish.after, &dish.base).await.unwrap();
    let plan = bench.review().await;
    assert_eq!(plan.because.en, "");
    if namespace == "prod" {
        // Those whom nobody counts but the called are asked about as well.
        let nameless = |change: &&mesh::EffectChange| change.title.en == "callers without a proxy → inventory";
        let cut = plan.effect.changes.iter().find(nameless).map(|change| (change.tone, change.observed));
        assert_eq!(cut, Some((mesh::Tone::Cuts, true)));
    }
    let owners = crate::bench::owners(&plan);
    let applied = bench.session.apply(&plan.token, "to STRICT", &owners).await.unwrap();
    assert_eq!(applied.state, journal::State::Applied, "{applied:?}");
    applied.entry
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_breaks_a_caller_is_taken_back() {
    let bench = bench(Demo::client).await;
    bench.session.strict_keep_watch();
    let nameless = |c: &session::strict::PlainCaller| c.caller.is_empty() && c.workload.starts_with("inventory");
    let seen = until(&bench, "plaintext is seen", |strict| row(strict, "prod").callers.iter().any(nameless)).await;
    let prod = row(&seen, "prod");
    assert_eq!((prod.state, prod.target.is_some()), (State::Blocked, true), "{prod:#?}");
    assert!(seen.watched > 0.0 && seen.since > 0 && prod.quiet < seen.watched);
    assert_ne!(seen.next.as_deref(), Some("prod"));
    assert!(seen.rows.iter().all(|row| row.namespace != "legacy" && row.namespace != "loyalty"), "not in this mesh");

    // The user goes on all the same, and wants it back where somebody breaks.
    let entry = step(&bench, "prod", true).await;
    until(&bench, "the step is taken back", |strict| strict.guarded.is_empty()).await;
    let told = bench.session.entry_told(entry).await.unwrap();
    assert_eq!(told.row.entry.state, journal::State::Undone);
    let back = until(&bench, "prod is as before", |strict| row(strict, "prod").state == State::Blocked).await;
    assert!(back.broken.is_empty(), "{:?}", back.broken);
    // Who finds it so is told why, on the page and in the journal.
    let [told] = &back.taken_back[..] else { panic!("{:?}", back.taken_back) };
    assert_eq!(told.namespace, "prod");
    assert!(told.why.contains(" → ") && told.why.contains(" since"), "{told:?}");
    let undone = bench.session.entry_told(told.entry).await.unwrap();
    assert_eq!(undone.row.entry.message.en, format!("undo of {entry}: {}", told.why));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_namespace_takes_the_step_and_stays() {
    let bench = bench(Demo::client).await;
    bench.session.strict_keep_watch();
    let seen = until(&bench, "somebody has looked", |strict| strict.watched > 0.0 && strict.next.is_some()).await;
    let next = seen.next.clone().unwrap();
    assert_eq!((next.as_str(), row(&seen, &next).state), ("gallery", State::Young), "{seen:#?}");
    step(&bench, &next, false).await;
    let after = until(&bench, "the namespace is there", |strict| row(strict, "gallery").state == State::Done).await;
    assert_eq!(row(&after, "gallery").strict, row(&after, "gallery").workloads);
    assert!(after.broken.is_empty() && after.guarded.is_empty());
    let none = bench.session.strict_step(&next, false).await.unwrap_err().to_string();
    assert!(none.contains("there is no next step for gallery"), "{none}");
}
