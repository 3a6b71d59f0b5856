//! The main job on the demo, in process: follow, move a weight, review, apply, see it taken up, undo. And what goes wrong on
//! the way: fields of others, missing rights, a dying server, a third hand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use demo::Demo;
use journal::State;
use session::history::{Form, Wanted};
use session::{DEMO, Error, Profile, Workbench};
use world::ObjectKey;

use crate::bench::{Bench, Death, LIMIT, bench, dying, owners, reviews};

#[tokio::test(flavor = "multi_thread")]
async fn a_weight_is_moved_taken_up_and_undone() {
    let bench = bench(Demo::client).await;
    let before = bench.object("VirtualService").await;
    let mut traffic = bench.session.traffic();
    let measured =
        |t: &Arc<session::traffic::Traffic>| t.edges(60.0).iter().any(|edge| edge.host.starts_with("reviews"));
    tokio::time::timeout(LIMIT, traffic.wait_for(measured)).await.expect("traffic is measured").unwrap();
    bench.move_weight(80).await;
    assert_eq!(bench.session.tray().borrow().items()[0].fields_changed(), 1);

    let plan = bench.review().await;
    assert_eq!((plan.because.en.as_str(), plan.unknown.as_slice()), ("", [].as_slice()));
    let says = session::says::says(&plan.effect);
    let moved = says.iter().find(|line| line.detail.en.contains("10 % moves from v1 to v2"));
    assert!(moved.is_some_and(|line| line.observed && line.per_second > 0.0), "{says:#?}");
    let (old, new) = plan.steps[0].texts();
    assert!(old.contains("weight: 90") && new.contains("weight: 80"), "{new}");

    let owners = owners(&plan);
    let applied = bench.session.apply(&plan.token, "try v2", &owners).await.unwrap();
    assert_eq!((applied.state, applied.objects[0].because.en.as_str()), (State::Applied, ""));
    assert!(bench.session.tray().borrow().items().is_empty(), "what was applied is no draft");
    let live = bench.object("VirtualService").await;
    assert_eq!(live.pointer("/spec/http/1/route/0/weight"), Some(&80.into()));

    let mut fleet = bench.session.fleet();
    let uptake = tokio::time::timeout(LIMIT, async {
        loop {
            let uptake = bench.session.uptake(applied.entry).await.unwrap();
            if uptake.settled {
                return uptake;
            }
            let _ = tokio::time::timeout(Duration::from_millis(500), fleet.changed()).await;
        }
    })
    .await
    .expect("the proxies take it up");
    assert!(uptake.count(session::uptake::State::Acknowledged) > 0, "{uptake:#?}");

    let rows = bench.session.history(&Default::default()).await.unwrap();
    assert_eq!((rows.len(), rows[0].entry.message.en.as_str(), rows[0].entry.state), (1, "try v2", State::Applied));
    let undo = bench.session.undo_review(applied.entry).await.unwrap();
    assert_eq!(undo.because.en, "");
    let undone = bench.session.undo(applied.entry, &undo.token).await.unwrap();
    assert_eq!(undone.state, State::Applied);
    assert_eq!(bench.object("VirtualService").await.to_string(), before.to_string(), "byte for byte");
    let rows = bench.session.history(&Default::default()).await.unwrap();
    assert_eq!((rows[0].entry.undoes, rows[1].entry.state), (Some(applied.entry), State::Undone));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_searched_and_marks_what_was_changed_since() {
    let bench = bench(Demo::client).await;
    bench.move_weight(80).await;
    let plan = bench.review().await;
    assert_eq!(plan.steps[0].owner(), "Argo CD", "who may set it back is told before");
    let applied = bench.session.apply(&plan.token, "try v2", &owners(&plan)).await.unwrap();
    let wanted = |change: &dyn Fn(&mut Wanted)| {
        let mut wanted = Wanted::default();
        change(&mut wanted);
        wanted
    };
    let count = async |wanted: Wanted| bench.session.history(&wanted).await.unwrap().len();
    let at = bench.session.history(&Wanted::default()).await.unwrap()[0].entry.at;
    for (wanted, expected) in [
        (wanted(&|w| w.search = "try V2".into()), 1),
        (wanted(&|w| w.search = "reviews".into()), 1),
        (wanted(&|w| w.search = "inventory".into()), 0),
        (wanted(&|w| w.kind = "VirtualService".into()), 1),
        (wanted(&|w| w.kind = "DestinationRule".into()), 0),
        (wanted(&|w| w.user = "nobody".into()), 0),
        (wanted(&|w| w.since = Some(at)), 1),
        (wanted(&|w| w.until = Some(at)), 0),
    ] {
        assert_eq!(count(wanted.clone()).await, expected, "{wanted:?}");
    }
    assert_eq!(bench.session.history(&Wanted::default()).await.unwrap()[0].drifted, 0);

    let other = serde_json::json!([{"op": "replace", "path": "/spec/http/1/route/0/weight", "value": 70}]);
    bench.admin().json_patch(&reviews("VirtualService"), &other, &cluster::Options::default()).await.unwrap();
    let mut live = bench.session.live();
    let seen = |live: &session::live::Live| {
        let route = live.world.document(&reviews("VirtualService"));
        route.is_some_and(|route| route.at("/spec/http/1/route/0/weight") == Some(&70.into()))
    };
    tokio::time::timeout(LIMIT, live.wait_for(seen)).await.unwrap().unwrap();
    assert_eq!(bench.session.history(&Wanted::default()).await.unwrap()[0].drifted, 1);
    let told = bench.session.entry_told(applied.entry).await.unwrap();
    assert!(told.items[0].drift.iter().any(|drift| drift.field.starts_with("spec.http")), "{:?}", told.items[0].drift);
    let text = bench.session.history_export(&Wanted::default(), Form::Markdown).await.unwrap();
    assert!(text.contains("try v2") && text.contains("1 object changed since"), "{text}");
}

/// Secrets are never read from a cluster: that is news where a change names one, and nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn a_review_says_what_cannot_be_known_of_what_it_writes() {
    let bench = bench(Demo::client).await;
    let gateway = r#"apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: secure, namespace: prod}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 443, name: https, protocol: HTTPS}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: certificate}}
"#;
    bench.session.draft_put(gateway, "").await.unwrap();
    let plan = bench.review().await;
    let about: Vec<_> = plan.unknown.iter().map(|unknown| unknown.about.en.as_str()).collect();
    assert!(about.contains(&"gateway-credential-invalid"), "{about:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_others_are_taken_only_by_name() {
    let bench = bench(Demo::client).await;
    bench.move_weight(80).await;
    let plan = bench.review().await;
    let owners = owners(&plan);
    assert!(!owners.is_empty(), "the shop's routes are somebody's");
    let before = bench.object("VirtualService").await;
    let error = bench.session.apply(&plan.token, "", &[]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("VirtualService prod/reviews: spec.http owned by {}; nothing was written", owners[0])
    );
    assert_eq!(bench.object("VirtualService").await, before);
    assert_eq!(bench.session.tray().borrow().items().len(), 1, "the draft stays");
    assert_eq!(bench.session.apply(&plan.token, "", &owners).await.unwrap().state, State::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outdated_token_writes_nothing() {
    let bench = bench(Demo::client).await;
    bench.move_weight(80).await;
    let plan = bench.review().await;
    bench.move_weight(70).await;
    let error = bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap_err();
    assert!(matches!(error, Error::OutdatedReview), "{error}");
    assert_eq!(error.to_string(), "what was reviewed is no longer what would be applied");

    let plan = bench.review().await;
    let third = serde_json::json!([{"op": "add", "path": "/metadata/labels/third", "value": "hand"}]);
    bench.admin().json_patch(&reviews("VirtualService"), &third, &cluster::Options::default()).await.unwrap();
    let error = bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "VirtualService prod/reviews was changed by somebody since it was reviewed: metadata.labels.third; nothing was written"
    );
    assert!(bench.session.history(&Default::default()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read_is_told_the_verb() {
    let bench = bench(Demo::viewer).await;
    bench.move_weight(80).await;
    let plan = bench.review().await;
    assert!(plan.because.en.contains("you may not patch virtualservices"), "{}", plan.because);
    let error = bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap_err();
    assert!(error.to_string().ends_with("nothing was written"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_stops_at_a_third_hand() {
    let bench = bench(Demo::client).await;
    bench.move_weight(80).await;
    let plan = bench.review().await;
    let applied = bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap();
    let third = serde_json::json!([{"op": "replace", "path": "/spec/http/1/route/0/weight", "value": 60},
        {"op": "replace", "path": "/spec/http/1/route/1/weight", "value": 40}]);
    bench.admin().json_patch(&reviews("VirtualService"), &third, &cluster::Options::default()).await.unwrap();
    let undo = bench.session.undo_review(applied.entry).await.unwrap();
    assert_eq!(
        undo.because.en,
        "VirtualService prod/reviews: somebody changed the same fields since: spec.http[1].route[0].weight, spec.http[1].route[1].weight"
    );
    let error = bench.session.undo(applied.entry, &undo.token).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    let live = bench.object("VirtualService").await;
    assert_eq!(live.pointer("/spec/http/1/route/0/weight"), Some(&60.into()), "the third hand's value stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn created_and_deleted_objects_come_and_go() {
    let bench = bench(Demo::client).await;
    let drifted = async || bench.session.history(&Wanted::default()).await.unwrap()[0].drifted;
    let text = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata:\n  name: probe\n  namespace: dev\nspec:\n  mtls:\n    mode: STRICT\n";
    bench.session.draft_put(text, "").await.unwrap();
    let plan = bench.review().await;
    assert_eq!(plan.because.en, "");
    let made = bench.session.apply(&plan.token, "", &[]).await.unwrap();
    assert_eq!(drifted().await, 0, "our own write is on its way, and no other's");
    let key = ObjectKey::new("security.istio.io", "PeerAuthentication", "dev", "probe");
    assert!(bench.admin().get(&key).await.is_ok());
    let undo = bench.session.undo_review(made.entry).await.unwrap();
    assert_eq!(bench.session.undo(made.entry, &undo.token).await.unwrap().state, State::Applied);
    assert!(bench.admin().get(&key).await.is_err(), "an undone creation is a deletion");
    taken_away_soon(&bench, text, &key).await;

    let before = bench.object("DestinationRule").await;
    bench.session.draft_delete(&reviews("DestinationRule")).await.unwrap();
    let plan = bench.review().await;
    let gone = bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap();
    assert_eq!((gone.state, drifted().await), (State::Applied, 0));
    let undo = bench.session.undo_review(gone.entry).await.unwrap();
    assert_eq!(bench.session.undo(gone.entry, &undo.token).await.unwrap().state, State::Applied);
    assert_eq!(bench.object("DestinationRule").await["spec"], before["spec"]);
}

/// What another takes away right after we made it is told once it was here, not when it can no longer be on its way.
async fn taken_away_soon(bench: &Bench, text: &str, key: &ObjectKey) {
    let (mut live, mut told) = (bench.session.live(), bench.records.changed());
    let mut seen = async |there: bool| {
        let seen = live.wait_for(|live| live.world.document(key).is_some() == there);
        drop(tokio::time::timeout(LIMIT, seen).await.unwrap().unwrap());
    };
    seen(false).await;
    bench.session.draft_put(text, "").await.unwrap();
    let plan = bench.review().await;
    let begun = Instant::now();
    bench.session.apply(&plan.token, "", &[]).await.unwrap();
    seen(true).await;
    bench.admin().delete(key, &cluster::Preconditions::default(), false).await.unwrap();
    seen(false).await;
    while bench.session.history(&Wanted::default()).await.unwrap()[0].drifted == 0 {
        tokio::time::timeout(LIMIT, told.changed()).await.expect("who asked too soon is told to ask again").unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_object_stays_out_of_the_tray() {
    let bench = bench(Demo::client).await;
    for (text, expected) in [
        ("a: [", "line 1: "),
        ("kind: VirtualService\n", "line 1: apiVersion is missing"),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\n",
            "Secret b/a is not a kind that can be changed here",
        ),
        (
            "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a}\n",
            "line 1: metadata.namespace is missing",
        ),
    ] {
        let error = bench.session.draft_put(text, "").await.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    assert!(bench.session.tray().borrow().items().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_between_two_objects_leaves_them_as_they_were() {
    for how in [Death::Before, Death::Refuses, Death::ForAMoment] {
        let bench = dying(2, how).await;
        let before = (bench.object("DestinationRule").await, bench.object("VirtualService").await);
        bench.edit_both().await;
        let plan = bench.review().await;
        assert_eq!(plan.steps[0].key.kind, "DestinationRule", "subsets before the routes that name them");
        let applied = bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap();
        assert_eq!(applied.state, State::RolledBack, "{applied:#?}");
        let said: Vec<&str> = applied.objects.iter().map(|object| object.because.en.as_str()).collect();
        assert_eq!(said[0], "written, then put back because another object failed");
        assert!(said[1].starts_with("not written: apply VirtualService prod/reviews on demo: "), "{}", said[1]);
        assert_eq!((bench.object("DestinationRule").await, bench.object("VirtualService").await), before);
        assert_eq!(bench.session.tray().borrow().items().len(), 2, "the draft stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_settled_by_reading_back() {
    let bench = dying(2, Death::After).await;
    bench.edit_both().await;
    let plan = bench.review().await;
    let applied = bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap();
    assert_eq!(applied.state, State::Applied, "{applied:#?}");
    assert_eq!(applied.objects[1].because.en, "its answer was lost; reading it back showed the change");
    let live = bench.object("VirtualService").await;
    assert_eq!(live.pointer("/spec/http/1/route/0/weight"), Some(&80.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stays_dead_is_reported_object_by_object() {
    let bench = dying(2, Death::ForGood).await;
    bench.edit_both().await;
    let plan = bench.review().await;
    let applied = bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap();
    assert_eq!(applied.state, State::Partial);
    assert!(applied.objects[0].because.en.starts_with("written, and could not be put back: "), "{applied:#?}");
    assert!(applied.objects[1].because.en.starts_with("nobody knows whether it was written: "), "{applied:#?}");
    let rows = bench.session.history(&Default::default()).await.unwrap();
    assert_eq!(rows[0].entry.state, State::Partial, "the journal knows it too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cards_probe_names_the_mesh_by_its_control_plane() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Workbench::open(Profile::in_folder(folder.path())).unwrap().probe(DEMO).await;
    let (_, meshes) = seen.answer.unwrap();
    let istio = meshes.iter().find(|mesh| mesh.mesh == "Istio").expect("the demo has Istio");
    assert_eq!(
        (istio.versions.as_slice(), istio.mode.as_str()),
        (["1.28.1".to_owned()].as_slice(), "sidecar and ambient")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_says_who_took_a_change_up_where_nobody_looked() {
    let bench = bench(Demo::client).await;
    bench.session.follow_uptakes();
    bench.put("VirtualService", &[("/spec/http/1/timeout", "7s".into())]).await;
    let plan = bench.review().await;
    bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap();
    let told = async || bench.session.history(&Default::default()).await.unwrap()[0].entry.acknowledged;
    let mut fleet = bench.session.fleet();
    let noted = tokio::time::timeout(LIMIT, async {
        while told().await == 0 {
            let _ = tokio::time::timeout(Duration::from_millis(500), fleet.changed()).await;
        }
    });
    noted.await.expect("it stands in the journal");
}
