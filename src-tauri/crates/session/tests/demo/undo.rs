//! An undo of what others have changed since as well: theirs stays, ours goes back, and where both changed the same the user
//! decides; an object may be left out.

use cluster::Options;
use demo::Demo;
use journal::{EntryId, State};
use serde_json::{Value, json};
use session::Error;
use session::write::undo::Choices;
use world::ObjectKey;
use world::merge::{Both, Side};

use crate::bench::{Bench, bench, owners, reviews};

const PROBE: &str = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata:\n  name: probe\n  namespace: dev\nspec:\n  mtls:\n    mode: STRICT\n";

fn probe() -> ObjectKey {
    ObjectKey::new("security.istio.io", "PeerAuthentication", "dev", "probe")
}

/// The weight of the second rule goes from 90 to 80, together with what is in the tray already.
async fn moved(bench: &Bench) -> EntryId {
    bench.move_weight(80).await;
    let plan = bench.review().await;
    bench.session.apply(&plan.token, "try v2", &owners(&plan)).await.unwrap().entry
}

/// Somebody else's write.
async fn by_hand(bench: &Bench, patch: Value) {
    bench.admin().json_patch(&reviews("VirtualService"), &patch, &Options::default()).await.unwrap();
}

async fn state(bench: &Bench, entry: EntryId) -> State {
    bench.session.entry_told(entry).await.unwrap().row.entry.state
}

fn weights(route: &Value) -> [Option<u64>; 2] {
    [0, 1].map(|n| route["spec"]["http"].as_array()?.last()?["route"][n]["weight"].as_u64())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_of_somebody_else_in_the_same_list_stays() {
    let bench = bench(Demo::client).await;
    let before = bench.object("VirtualService").await;
    let entry = moved(&bench).await;
    let theirs = json!({"name": "theirs", "match": [{"uri": {"prefix": "/theirs"}}], "route": [{"destination": {"host": "reviews", "subset": "v1"}}]});
    by_hand(&bench, json!([{"op": "add", "path": "/spec/http/0", "value": theirs}, {"op": "add", "path": "/spec/http/2/timeout", "value": "9s"}])).await;
    let undo = bench.session.undo_review(entry).await.unwrap();
    assert_eq!((undo.because.en.as_str(), undo.steps[0].disputes.len()), ("", 0));
    assert_eq!(bench.session.undo(entry, &undo.token).await.unwrap().state, State::Applied);
    let mut expected = before["spec"].clone();
    expected["http"][1]["timeout"] = json!("9s");
    expected["http"].as_array_mut().unwrap().insert(0, theirs);
    assert_eq!(bench.object("VirtualService").await["spec"], expected);
    assert_eq!(state(&bench, entry).await, State::Undone);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_both_changed_goes_to_whom_the_user_chose() {
    for (sides, expected) in
        [([Side::Live, Side::Live], [Some(60), Some(40)]), ([Side::Back, Side::Back], [Some(90), Some(10)])]
    {
        let bench = bench(Demo::client).await;
        let entry = moved(&bench).await;
        by_hand(
            &bench,
            json!([{"op": "replace", "path": "/spec/http/1/route/0/weight", "value": 60},
                {"op": "replace", "path": "/spec/http/1/route/1/weight", "value": 40},
                {"op": "add", "path": "/spec/http/1/timeout", "value": "9s"}]),
        )
        .await;
        let open = bench.session.undo_review(entry).await.unwrap();
        assert_eq!(
            open.because.zh,
            "VirtualService prod/reviews：有人此后改了相同的字段：spec.http[1].route[0].weight, spec.http[1].route[1].weight"
        );
        assert!(matches!(bench.session.undo(entry, &open.token).await, Err(Error::Refused { .. })));
        let disputes = &open.steps[0].disputes;
        let values = |n: usize| {
            let clash = &disputes[n].clash;
            [&clash.before, &clash.wrote, &clash.live].map(|value| value.as_ref().and_then(Value::as_u64))
        };
        assert_eq!((values(0), values(1)), ([Some(90), Some(80), Some(60)], [Some(10), Some(20), Some(40)]));

        // One of two decided is not enough.
        let mut choices = Choices::default();
        for (dispute, side) in disputes.iter().zip(sides) {
            let half = bench.session.undo_review_as(entry, &choices).await.unwrap();
            assert!(!half.because.en.is_empty());
            choices.sides.push((reviews("VirtualService"), dispute.clash.id.clone(), side));
        }
        let decided = bench.session.undo_review_as(entry, &choices).await.unwrap();
        assert_eq!(decided.because.en, "");
        assert_eq!(bench.session.undo(entry, &decided.token).await.unwrap().state, State::Applied);
        let live = bench.object("VirtualService").await;
        assert_eq!((weights(&live), &live["spec"]["http"][1]["timeout"]), (expected, &json!("9s")));
        assert_eq!(state(&bench, entry).await, State::Undone, "what stays by choice is decided");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_first_is_asked_for_where_it_decides() {
    let bench = bench(Demo::client).await;
    let whole = bench.session.document(&reviews("VirtualService")).await.unwrap();
    let last = world::yaml::edit(&whole.yaml, &[world::yaml::Edit::remove("/spec/http/1")]).unwrap();
    bench.session.draft_put(&last, &whole.resource_version).await.unwrap();
    let plan = bench.review().await;
    let entry = bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap().entry;
    let theirs = json!({"name": "theirs", "route": [{"destination": {"host": "reviews", "subset": "v3"}}]});
    by_hand(&bench, json!([{"op": "add", "path": "/spec/http/1", "value": theirs}])).await;
    let open = bench.session.undo_review(entry).await.unwrap();
    assert_eq!(
        open.because.en,
        "VirtualService prod/reviews: somebody also changed since what stands where in: spec.http"
    );
    assert_eq!(open.steps[0].disputes[0].clash.both, Both::Order);
    for (side, place) in [(Side::Live, 1), (Side::Back, 2)] {
        let choices =
            Choices { sides: vec![(reviews("VirtualService"), "/spec/http".into(), side)], ..Choices::default() };
        let decided = bench.session.undo_review_as(entry, &choices).await.unwrap();
        assert_eq!(decided.because.en, "");
        let rules = &decided.steps[0].result.as_ref().unwrap()["spec"]["http"];
        assert_eq!((rules.as_array().unwrap().len(), &rules[place]), (3, &theirs), "{side:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_left_out_and_goes_back_later() {
    let bench = bench(Demo::client).await;
    bench.session.draft_put(PROBE, "").await.unwrap();
    let entry = moved(&bench).await;
    let without = |left_out: Vec<ObjectKey>| Choices { left_out, ..Choices::default() };
    let nothing =
        bench.session.undo_review_as(entry, &without(vec![probe(), reviews("VirtualService")])).await.unwrap();
    assert_eq!(
        (nothing.because.en.as_str(), nothing.steps.len()),
        ("every object is left out: there is nothing to write", 0)
    );

    let part = bench.session.undo_review_as(entry, &without(vec![probe()])).await.unwrap();
    assert_eq!((part.because.en.as_str(), part.steps.len(), part.left_out()), ("", 1, [probe()].as_slice()));
    assert_eq!(bench.session.undo(entry, &part.token).await.unwrap().state, State::Applied);
    assert_eq!(weights(&bench.object("VirtualService").await), [Some(90), Some(10)]);
    assert!(bench.admin().get(&probe()).await.is_ok(), "what is left out stays");
    let rows = bench.session.history(&Default::default()).await.unwrap();
    let newest = &rows[0].entry;
    assert_eq!(
        (newest.message.clone(), newest.undoes),
        (world::said!("undo of {entry}, in part: try v2", "部分撤销第 {entry} 号变更：try v2"), None)
    );
    assert_eq!(state(&bench, entry).await, State::Applied, "the rest of it can still be undone");

    let rest = bench.session.undo_review(entry).await.unwrap();
    assert_eq!(bench.session.undo(entry, &rest.token).await.unwrap().state, State::Applied);
    assert!(bench.admin().get(&probe()).await.is_err());
    assert_eq!(state(&bench, entry).await, State::Undone);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_we_made_and_somebody_changed_goes_by_choice_alone() {
    let bench = bench(Demo::client).await;
    bench.session.draft_put(PROBE, "").await.unwrap();
    let plan = bench.review().await;
    let entry = bench.session.apply(&plan.token, "", &[]).await.unwrap().entry;
    let patch = json!([{"op": "replace", "path": "/spec/mtls/mode", "value": "PERMISSIVE"}]);
    bench.admin().json_patch(&probe(), &patch, &Options::default()).await.unwrap();
    let open = bench.session.undo_review(entry).await.unwrap();
    assert_eq!(open.because.en, "PeerAuthentication dev/probe: somebody changed it since: spec.mtls.mode");
    let choices = Choices { sides: vec![(probe(), String::new(), Side::Back)], ..Choices::default() };
    let back = bench.session.undo_review_as(entry, &choices).await.unwrap();
    assert_eq!(bench.session.undo(entry, &back.token).await.unwrap().state, State::Applied);
    assert!(bench.admin().get(&probe()).await.is_err());
}
