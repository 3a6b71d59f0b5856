//! Writes whose end nobody saw are closed by what the cluster shows, as soon as it is there again.

use std::sync::Arc;

use demo::Demo;
use journal::{EntryId, Journal, NewEntry, NewObject, State};
use serde_json::Value;
use session::Session;
use session::history::Row;
use session::write::review::Plan;

use crate::bench::{Bench, Death, LIMIT, bench, dying, open, owners, reviews};

async fn closed(session: &Session, entry: EntryId, open: State) -> Row {
    tokio::time::timeout(LIMIT, async {
        loop {
            let row = session
                .history(&Default::default())
                .await
                .unwrap()
                .into_iter()
                .find(|row| row.entry.id == entry)
                .unwrap();
            if row.entry.state != open {
                return row;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the entry is closed")
}

/// What is said of a change whose end nobody saw: how many of its objects are written, of how many.
async fn told(sessions: &[&Arc<Session>], entry: EntryId) -> (usize, usize) {
    tokio::time::timeout(LIMIT, async {
        loop {
            for session in sessions {
                let settled = session.overview().await.unwrap().settled;
                if let Some(known) = settled.iter().find(|one| one.entry == entry) {
                    return (known.written, known.objects);
                }
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("it is said")
}

/// The journal's record of a plan, as a process wrote it that was killed before it knew how its write ended.
fn intended(bench: &Bench, plan: &Plan) -> EntryId {
    let object = |step: &session::write::plan::Step| NewObject {
        key: step.key.clone(),
        version: "v1".into(),
        change: step.change(),
        before: step.live.clone(),
        after: step.result.clone(),
        resource_version: step.version().to_owned(),
    };
    let entry =
        NewEntry { cluster: "demo".into(), objects: plan.steps.iter().map(object).collect(), ..NewEntry::default() };
    Journal::open(bench.folder.path()).unwrap().journal.intend(&entry).unwrap()
}

async fn planned() -> (Bench, Arc<Plan>, Value) {
    let bench = bench(Demo::client).await;
    let before = bench.object("VirtualService").await;
    bench.move_weight(80).await;
    let plan = bench.review().await;
    (bench, plan, before)
}

async fn undo(bench: &Bench, session: &Session, entry: EntryId, before: &Value) {
    let undo = session.undo_review(entry).await.unwrap();
    assert_eq!(undo.because.en, "");
    assert_eq!(session.undo(entry, &undo.token).await.unwrap().state, State::Applied);
    assert_eq!(bench.object("VirtualService").await.to_string(), before.to_string(), "byte for byte");
    assert_eq!(closed(session, entry, State::Applied).await.entry.state, State::Undone);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_made_is_closed_as_applied_and_can_be_undone() {
    let (bench, plan, before) = planned().await;
    bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap();
    // Recorded last, for every session of this cluster settles what it finds open.
    let entry = intended(&bench, &plan);
    let next = open(bench.folder.path(), bench.demo.client()).await;
    let row = closed(&next, entry, State::Intended).await;
    let outcome = &row.entry.objects[0].outcome;
    assert_eq!((row.entry.state, outcome.state), (State::Applied, State::Applied));
    assert_eq!(outcome.because.en, "the cluster has it as it was asked for: it was written");
    undo(&bench, &next, entry, &before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_not_made_is_closed_as_such() {
    let (bench, plan, before) = planned().await;
    let entry = intended(&bench, &plan);
    let next = open(bench.folder.path(), bench.demo.client()).await;
    let row = closed(&next, entry, State::Intended).await;
    assert_eq!(row.entry.state, State::RolledBack);
    assert_eq!(row.entry.objects[0].outcome.because.en, "the cluster has it as it was before: it was not written");
    assert_eq!(told(&[&next], entry).await, (0, 1));
    assert_eq!(bench.object("VirtualService").await, before, "nothing is written for it");
    assert!(next.undo_review(entry).await.is_err(), "there is nothing to undo");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_hand_since_is_said_and_left_alone() {
    let (bench, plan, _) = planned().await;
    let third = serde_json::json!([{"op": "replace", "path": "/spec/http/1/route/0/weight", "value": 60},
        {"op": "replace", "path": "/spec/http/1/route/1/weight", "value": 40}]);
    let mine = cluster::Options::default();
    bench.admin().json_patch(&reviews("VirtualService"), &third, &mine).await.unwrap();
    let entry = intended(&bench, &plan);
    let next = open(bench.folder.path(), bench.demo.client()).await;
    let row = closed(&next, entry, State::Intended).await;
    assert_eq!(row.entry.state, State::Partial);
    assert_eq!(row.entry.objects[0].outcome.because.en, "the cluster has it otherwise: somebody changed it since");
    let undo = next.undo_review(entry).await.unwrap();
    assert!(undo.because.en.contains("somebody changed the same fields since"), "{}", undo.because);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_was_written_in_part_is_told_apart_and_taken_back() {
    let bench = dying(2, Death::ForGood).await;
    let before = (bench.object("DestinationRule").await, bench.object("VirtualService").await);
    bench.edit_both().await;
    let plan = bench.review().await;
    let applied = bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap();
    assert_eq!(applied.objects[1].state, State::Intended, "nobody knows");

    // The next start: one object was written, the other was not.
    let next = open(bench.folder.path(), bench.demo.client()).await;
    let told = tokio::time::timeout(LIMIT, async {
        loop {
            let told = next.entry_told(applied.entry).await.unwrap();
            if told.row.entry.objects[1].outcome.state != State::Intended {
                return told;
            }
            tokio::task::yield_now().await;
        }
    });
    let told = told.await.expect("the entry is settled");
    let states: Vec<State> = told.row.entry.objects.iter().map(|object| object.outcome.state).collect();
    assert_eq!((told.row.entry.state, states), (State::Partial, vec![State::Applied, State::RolledBack]));
    assert!(told.items[1].because.en.ends_with("it was not written"), "{}", told.items[1].because);
    // Whichever session found it out says so.
    assert_eq!(self::told(&[&next, &bench.session], applied.entry).await, (1, 2));

    // Finished: what was not written goes into the tray, and the way of every change.
    next.finish(applied.entry).await.unwrap();
    let rest = next.review().await.unwrap();
    assert_eq!(rest.steps.iter().map(|step| &step.key).collect::<Vec<_>>(), [&reviews("VirtualService")]);
    let done = next.apply(&rest.token, "the rest", &owners(&rest)).await.unwrap();
    assert_eq!(done.state, State::Applied, "{done:?}");
    let route = bench.object("VirtualService").await;
    assert_eq!(route.pointer("/spec/http/1/route/0/weight"), Some(&80.into()));
    assert!(next.finish(done.entry).await.unwrap_err().to_string().contains("nothing of entry"));
    let back = next.undo_review(done.entry).await.unwrap();
    assert_eq!(next.undo(done.entry, &back.token).await.unwrap().state, State::Applied);

    // Or taken back.
    let undo = next.undo_review(applied.entry).await.unwrap();
    assert_eq!(next.undo(applied.entry, &undo.token).await.unwrap().state, State::Applied);
    assert_eq!((bench.object("DestinationRule").await, bench.object("VirtualService").await), before);
}
