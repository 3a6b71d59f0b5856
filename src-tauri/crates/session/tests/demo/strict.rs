//! The way to STRICT on the demo: who stands in it, the step that is safe, and the one that breaks a caller and is taken back.

use demo::Demo;
use mesh::Mtls;
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
    let dish = bench.session.strict_step(namespace, None, guard).await.unwrap();
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
    until(&bench, "the step is taken back", |strict| strict.guards.is_empty()).await;
    let told = bench.session.entry_told(entry).await.unwrap();
    assert_eq!(told.row.entry.state, journal::State::Undone);
    let back = until(&bench, "prod is as before", |strict| row(strict, "prod").state == State::Blocked).await;
    assert!(back.broken.is_empty(), "{:?}", back.broken);
    // Who finds it so is told why, on the page and in the journal.
    let [told] = &back.taken_back[..] else { panic!("{:?}", back.taken_back) };
    assert_eq!(told.namespace, "prod");
    assert!(told.why.en.contains(" → ") && told.why.zh.contains("此后"), "{told:?}");
    let undone = bench.session.entry_told(told.entry).await.unwrap();
    assert_eq!(
        undone.row.entry.message,
        world::Said::of(world::said!("undo of {entry}", "撤销第 {entry} 号变更"), &told.why)
    );
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
    assert!(after.broken.is_empty() && after.guards.is_empty());
    let none = bench.session.strict_step(&next, None, false).await.unwrap_err().to_string();
    assert!(none.contains("there is no next step for gallery"), "{none}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_goes_on_after_a_restart_and_says_how_long_nobody_looked() {
    let bench = bench(Demo::client).await;
    bench.session.strict_keep_watch();
    let nameless = |c: &session::strict::PlainCaller| c.caller.is_empty() && c.workload.starts_with("inventory");
    until(&bench, "plaintext is seen", |strict| row(strict, "prod").callers.iter().any(nameless)).await;
    let entry = step(&bench, "prod", true).await;
    let on_duty = |strict: &Strict| strict.guards.iter().any(|guard| guard.entry == Some(entry) && guard.compares);
    let strict = until(&bench, "the guard has found its step", on_duty).await;
    let [guard] = &strict.guards[..] else { panic!("{:?}", strict.guards) };
    assert!(guard.until.is_some() && guard.resumed.is_none() && guard.interrupted == 0.0, "{guard:?}");

    // The program ends before anything is found out, and begins again twelve minutes later.
    bench.session.stop();
    let journal = journal::Journal::open(bench.folder.path()).unwrap().journal;
    let cluster = bench.records.list(journal::Filter::default()).await.unwrap()[0].cluster.clone();
    for mut guard in journal.guards(&cluster).unwrap() {
        journal.unguard(&cluster, &guard.namespace, guard.since).unwrap();
        (guard.since, guard.heard) = (guard.since - 720_000, guard.heard - 720_000);
        journal.guard(&cluster, &guard.namespace, guard.since).unwrap();
        journal.guard_keep(&cluster, &guard).unwrap();
    }
    let session = crate::bench::open(bench.folder.path(), bench.demo.client()).await;
    session.strict_keep_watch();
    let bench = Bench { session, ..bench };
    let awake = until(&bench, "the guard is awake", |strict| strict.guards.iter().any(|g| g.resumed.is_some())).await;
    let [guard] = &awake.guards[..] else { panic!("{:?}", awake.guards) };
    assert!((720.0..800.0).contains(&guard.interrupted) && guard.compares && guard.by_itself, "{guard:?}");
    // Who called before the step was written, and no longer does, is found by what the guard had kept.
    let back = until(&bench, "the step is taken back", |strict| strict.guards.is_empty()).await;
    assert_eq!(bench.session.entry_told(entry).await.unwrap().row.entry.state, journal::State::Undone);
    assert!(back.taken_back.iter().any(|told| told.namespace == "prod" && told.why.en.contains(" since")), "{back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_whose_step_never_left_the_tray_ends_with_the_program() {
    let bench = bench(Demo::client).await;
    bench.session.strict_keep_watch();
    until(&bench, "somebody has looked", |strict| strict.next.is_some()).await;
    bench.session.strict_step("gallery", None, true).await.unwrap();
    assert_eq!(bench.session.strict().await.unwrap().guards.len(), 1);
    bench.session.stop();
    let journal = journal::Journal::open(bench.folder.path()).unwrap().journal;
    journal.guard("demo", "gallery", 1).unwrap();
    let session = crate::bench::open(bench.folder.path(), bench.demo.client()).await;
    session.strict_keep_watch();
    let bench = Bench { session, ..bench };
    until(&bench, "the guard is gone", |strict| strict.guards.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_whose_step_is_taken_out_of_the_tray_ends() {
    let bench = bench(Demo::client).await;
    bench.session.strict_keep_watch();
    until(&bench, "somebody has looked", |strict| strict.next.is_some()).await;
    let dish = bench.session.strict_step("gallery", None, true).await.unwrap();
    bench.session.draft_put(&dish.after, &dish.base).await.unwrap();
    // As if the step had waited for a minute.
    let journal = journal::Journal::open(bench.folder.path()).unwrap().journal;
    let guard = journal.guards("demo").unwrap().remove(0);
    let earlier = journal::Guard { since: guard.since - 60_000, ..guard.clone() };
    journal.guard("demo", "gallery", earlier.since).unwrap();
    journal.guard_keep("demo", &earlier).unwrap();
    until(&bench, "it is guarded as long as it waits", |_| journal.guards("demo").unwrap()[0].heard > guard.heard)
        .await;
    bench.session.draft_clear();
    until(&bench, "the guard is gone", |strict| strict.guards.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_of_a_step_stays_with_the_next_step_of_its_namespace_and_goes_with_its_policy() {
    let bench = bench(Demo::client).await;
    bench.session.strict_keep_watch();
    let seen = until(&bench, "somebody has looked", |strict| strict.watched > 0.0).await;
    let name = |of: &str| row(&seen, "prod").each.iter().find(|one| one.name.starts_with(of)).unwrap().name.clone();
    let dish = bench.session.strict_step("prod", Some(&name("reviews")), true).await.unwrap();
    bench.session.draft_put(&dish.after, &dish.base).await.unwrap();
    let plan = bench.review().await;
    let entry = bench.session.apply(&plan.token, "", &[]).await.unwrap().entry;
    let guards =
        async || -> Vec<_> { bench.session.strict().await.unwrap().guards.iter().map(|guard| guard.entry).collect() };
    for (guard, expected) in [(false, vec![Some(entry)]), (true, vec![Some(entry), None]), (false, vec![Some(entry)])] {
        bench.session.strict_step("prod", Some(&name("ratings")), guard).await.unwrap();
        assert_eq!(guards().await, expected, "{guard}");
    }
    // Who takes the policy away by hand leaves nothing to be guarded.
    bench.admin().delete(&dish.key, &cluster::Preconditions::default(), false).await.unwrap();
    until(&bench, "the guard is gone", |strict| strict.guards.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_workload_says_its_mode_its_callers_and_how_long_its_own_proxies_were_read() {
    let bench = bench(Demo::client).await;
    bench.session.strict_keep_watch();
    let nameless = |c: &session::strict::PlainCaller| c.caller.is_empty() && c.workload.starts_with("inventory");
    let seen = until(&bench, "plaintext is seen", |strict| row(strict, "prod").callers.iter().any(nameless)).await;
    let prod = row(&seen, "prod");
    let one = |row: &Row, name: &str| row.each.iter().find(|one| one.name.starts_with(name)).unwrap().clone();
    assert_eq!(prod.each.len(), prod.workloads as usize);
    let (inventory, reviews) = (one(prod, "inventory"), one(prod, "reviews"));
    assert_eq!((inventory.mtls, inventory.state), (Mtls::Permissive, State::Blocked), "{inventory:#?}");
    assert!(inventory.callers.iter().any(nameless) && reviews.callers.is_empty(), "{reviews:#?}");
    assert!(reviews.since.is_some_and(|since| since >= seen.since) && reviews.quiet <= seen.watched, "{reviews:#?}");

    // One alone goes ahead of its namespace, and a port of it stays behind: then it is not there yet.
    let dish = bench.session.strict_step("prod", Some(&reviews.name), false).await.unwrap();
    assert!(dish.after.contains("app: reviews") && dish.after.contains("mode: STRICT"), "{}", dish.after);
    let open = format!("{}  portLevelMtls:\n    9999:\n      mode: PERMISSIVE\n", dish.after);
    bench.session.draft_put(&open, "").await.unwrap();
    let plan = bench.review().await;
    bench.session.apply(&plan.token, "", &[]).await.unwrap();
    let is_open = |strict: &Strict| one(row(strict, "prod"), "reviews").mtls == Mtls::Strict;
    let after = until(&bench, "its own policy is in force", is_open).await;
    let reviews = one(row(&after, "prod"), "reviews");
    assert_eq!(reviews.ports, [(9999, Mtls::Permissive)]);
    assert_eq!(reviews.object.as_ref().map(|key| key.name.as_str()), Some(reviews.name.as_str()));
    assert!(reviews.stays && reviews.target.is_some() && row(&after, "prod").strict == prod.strict, "{reviews:#?}");
    // Its next step is that port, in the policy that is there.
    let dish = bench.session.strict_step("prod", Some(&reviews.name), false).await.unwrap();
    assert!(!dish.before.is_empty() && !dish.after.contains("PERMISSIVE"), "{}", dish.after);
}
