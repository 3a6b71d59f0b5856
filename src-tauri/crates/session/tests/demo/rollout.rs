//! Rollouts on the demo: through to the end, back when a gate breaks, held by one driver, taken over from one that is gone.

use std::sync::Arc;
use std::time::Duration;

use demo::Demo;
use journal::{Journal, ObjectOutcome, State};
use rollout::{Command, Interrupted, Phase, Plan, Split};
use serde_json::Value;
use session::rollout::{Shown, Supposed};
use session::write::undo::Choices;
use session::{DEMO, Profile, Session, Workbench};

use crate::bench::{Bench, Death, LIMIT, bench, dying, open, reviews};

/// Reviews of the demo's shop, whose route argocd owns.
fn plan(steps: &str, gates: &str) -> Plan {
    let text = format!(
        "name: reviews\nservice: {{namespace: prod, name: reviews}}\nroute: {{kind: VirtualService, name: reviews}}\nstable: v1\ncanary: v2\ninterval: 2s\nminRequests: 1\npatience: 1m\nsteps: {steps}\ngates: {gates}\n"
    );
    Plan::read(&text).unwrap()
}

pub fn take_over() -> Vec<String> {
    vec!["argocd-controller".to_owned()]
}

/// The shop's calls are measured; its route sends a tenth to v2.
async fn begun(bench: &Bench) {
    let mut traffic = bench.session.traffic();
    let calls = |t: &Arc<session::traffic::Traffic>| t.edges(5.0).iter().any(|edge| edge.host.starts_with("reviews"));
    tokio::time::timeout(LIMIT, traffic.wait_for(calls)).await.expect("traffic is measured").unwrap();
}

pub async fn until(bench: &Bench, what: &str, is: impl Fn(&Shown) -> bool) -> Shown {
    let seen = async {
        let mut changed = bench.session.traffic();
        loop {
            let rollouts = bench.session.rollouts().await.unwrap();
            if let Some(found) = rollouts.into_iter().next().filter(&is) {
                return found;
            }
            let _ = tokio::time::timeout(Duration::from_millis(200), changed.changed()).await;
        }
    };
    tokio::time::timeout(LIMIT, seen).await.unwrap_or_else(|_| panic!("waited for {what}"))
}

async fn weights(bench: &Bench) -> Vec<u64> {
    let route = bench.object("VirtualService").await;
    let targets = route.pointer("/spec/http/1/route").and_then(|list| list.as_array()).unwrap().clone();
    targets.iter().filter_map(|target| target["weight"].as_u64()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_to_the_end_while_the_gates_hold() {
    let bench = bench(Demo::client).await;
    begun(&bench).await;
    let plan = plan("[{weight: 50, pause: 2s}, {weight: 100, pause: manual}]", "[{metric: success-rate, min: 50}]");
    let obstacles = bench.session.rollout_check(&plan, &take_over()).await.unwrap();
    assert!(obstacles.iter().all(|obstacle| !obstacle.blocks), "{obstacles:#?}");
    let id = bench.session.rollout_begin(plan.clone(), take_over()).await.unwrap();
    let waiting = until(&bench, "the manual step", |one| one.run.phase == Phase::Waiting).await;
    assert_eq!(
        (waiting.id, waiting.is_ours, waiting.run.split),
        (id, true, Split { canary: 100, mirror: 0, cohort: None })
    );
    assert!(waiting.run.checks.iter().all(|check| !check.judged.is_empty()));
    assert_eq!(weights(&bench).await, [0, 100]);

    let obstacles = bench.session.rollout_check(&plan, &take_over()).await.unwrap();
    assert!(obstacles.iter().any(|o| o.blocks && o.because.en.contains("drives it already")), "{obstacles:#?}");
    bench.session.rollout_command(id, Command::Promote).await.unwrap();
    let done = until(&bench, "its end", |one| one.is_over).await;
    assert_eq!((&done.run.phase, done.because.en.as_str()), (&Phase::Done, ""));
    let route = bench.object("VirtualService").await;
    assert!(route.pointer("/metadata/annotations/netloft.dev~1rollout").is_none(), "the lease is off: {route}");
    let messages: Vec<_> = bench
        .session
        .history(&session::history::Wanted { search: "rollout".into(), ..Default::default() })
        .await
        .unwrap()
        .into_iter()
        .map(|r| r.entry.message.en)
        .collect();
    assert_eq!(
        messages,
        [
            "rollout reviews: over",
            "rollout reviews: step 2 of 2, 100 % to v2",
            "rollout reviews: step 1 of 2, 50 % to v2"
        ]
    );

    // All of it is taken back in one act: one preview, one write, one entry.
    let plan = bench.session.rollout_undo_review(id, &Choices::default()).await.unwrap();
    assert_eq!((plan.because.en.as_str(), plan.steps.len()), ("", 1));
    let undone = bench.session.rollout_undo(id, &plan.token).await.unwrap();
    assert_eq!((undone.state, weights(&bench).await), (State::Applied, vec![90, 10]));
    let wanted = session::history::Wanted { search: "rollout".into(), ..Default::default() };
    let told: Vec<_> = bench.session.history(&wanted).await.unwrap().into_iter().map(|r| r.entry).collect();
    assert_eq!(told[0].message, world::Said::new("undo of rollout reviews", "撤销发布 reviews"));
    assert!(told[1..].iter().all(|entry| entry.state == State::Undone), "{told:#?}");
    let again = bench.session.rollout_undo_review(id, &Choices::default()).await.unwrap_err().to_string();
    assert!(again.contains("changed nothing that still stands"), "{again}");

    // The same where the program died between the write and its record: the next start finds that all of it is undone.
    let ids: Vec<_> = told.iter().map(|entry| entry.id).collect();
    let journal = Journal::open(bench.folder.path()).unwrap().journal;
    let unknown =
        ObjectOutcome { state: State::Intended, resource_version: String::new(), because: world::Said::default() };
    journal.outcome(ids[0], 0, &unknown).unwrap();
    journal.close(ids[0], State::Intended).unwrap();
    ids[1..].iter().for_each(|id| journal.close(*id, State::Applied).unwrap());
    let next = open(bench.folder.path(), bench.demo.client()).await;
    let undone = async {
        loop {
            let told = next.history(&wanted).await.unwrap();
            let as_before =
                |entry: &journal::Entry| entry.state == if entry.id == ids[0] { State::Applied } else { State::Undone };
            if told.iter().all(|row| as_before(&row.entry)) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, undone).await.expect("it is settled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_gate_sends_everything_back() {
    let bench = bench(Demo::client).await;
    begun(&bench).await;
    // No answer comes in less than no time: this gate can only fail.
    let plan = plan("[{weight: 20, pause: 1m}]", "[{metric: p99, max: 0}]");
    bench.session.rollout_begin(plan, take_over()).await.unwrap();
    let over = until(&bench, "its end", |one| one.is_over).await;
    assert!(
        matches!(&over.run.phase, Phase::Returned(because) if because.en.contains("above 0 ms")),
        "{:?}",
        over.run.phase
    );
    assert_eq!(weights(&bench).await, [100, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_refused_for_good_waits_for_a_person() {
    let bench = dying(1, Death::Denies).await;
    begun(&bench).await;
    bench.session.rollout_begin(plan("[{weight: 20, pause: manual}]", "[]"), take_over()).await.unwrap();
    let held = until(&bench, "its pause", |one| matches!(one.run.phase, Phase::Paused(_))).await;
    assert!(
        matches!(&held.run.phase, Phase::Paused(because) if because.en.starts_with("its step could not be written: not written: ")),
        "{:?}",
        held.run.phase
    );
    assert_eq!((held.because.en.as_str(), weights(&bench).await), ("", vec![90, 10]));
    assert_eq!(
        bench
            .session
            .history(&session::history::Wanted { search: "rollout".into(), ..Default::default() })
            .await
            .unwrap()
            .len(),
        3,
        "it is not tried without end"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_hand_stops_it_and_stays() {
    let bench = bench(Demo::client).await;
    begun(&bench).await;
    bench.session.rollout_begin(plan("[{weight: 20, pause: manual}]", "[]"), take_over()).await.unwrap();
    until(&bench, "its step", |one| one.run.split.canary == 20).await;
    let steps = serde_json::json!([
        {"op": "replace", "path": "/spec/http/1/route/0/weight", "value": 30},
        {"op": "replace", "path": "/spec/http/1/route/1/weight", "value": 70},
    ]);
    bench.admin().json_patch(&reviews("VirtualService"), &steps, &cluster::Options::default()).await.unwrap();
    let over = until(&bench, "its end", |one| one.is_over).await;
    assert!(matches!(&over.run.phase, Phase::Stopped(because) if because.en.contains("70 %")), "{:?}", over.run.phase);
    assert_eq!(weights(&bench).await, [30, 70], "nothing is overwritten");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_an_hour_is_played_before_it_is_run() {
    let bench = bench(Demo::client).await;
    begun(&bench).await;
    let steps = "[{weight: 20, pause: 20m}, {weight: 60, pause: 20m}, {weight: 100, pause: 20m}]";
    let mut plan = plan(steps, "[{metric: success-rate, min: 90}, {metric: p99, maxOverStable: 50}]");
    plan.interval = Duration::from_secs(30);
    let play = async |error_share, p99| {
        let supposed = Supposed { error_share, p99, ..Supposed::default() };
        bench.session.rollout_simulate(plan.clone(), supposed).await.unwrap()
    };
    let good = play(Some(0.01), Some(1.0)).await;
    let run = &good.played.run;
    assert_eq!((&run.phase, run.driven.as_secs()), (&Phase::Done, 3600), "{good:#?}");
    assert!(good.canary_known && good.recorded.is_none() && good.per_second > 0.0, "{good:#?}");
    for (step, share) in good.played.steps.iter().zip([0.2, 0.6, 1.0]) {
        let canary = step.last.as_ref().unwrap().measured.canary.unwrap().per_second;
        let got = canary / good.per_second;
        // What the engine says of the demo's route, not only its weights.
        assert!((got - share).abs() < 0.02, "step {} gets {got}", step.step);
        assert_eq!(step.looks, 40);
    }
    let slow = play(Some(0.01), Some(10_000.0)).await.played;
    let (step, phase) = (slow.steps.last().unwrap(), &slow.run.phase);
    assert!(
        matches!(phase, Phase::Returned(because) if because.en.contains("p99 10000.0 ms, worse than")),
        "{phase:?}"
    );
    assert_eq!((step.step, step.to), (0, 30.0), "at the first look");
    let bad = play(Some(0.2), None).await.played.run.phase;
    assert!(matches!(&bad, Phase::Returned(why) if why.en == "success 80.0 %, below 90 %"), "{:?}", bad);
    assert_eq!(weights(&bench).await, [90, 10], "nothing is written");
    assert!(bench.session.rollouts().await.unwrap().is_empty(), "nothing is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_drives_and_the_next_sees_who() {
    let bench = bench(Demo::client).await;
    begun(&bench).await;
    let lease = |until: &str| {
        let text = serde_json::json!({"plan": "to v2", "by": "ann", "holder": "hers", "since": "2026-11-26T08:00:00Z", "until": until});
        let annotations = serde_json::json!({"netloft.dev/rollout": text.to_string()});
        serde_json::json!([{"op": "add", "path": "/metadata/annotations", "value": annotations}])
    };
    let put = async |until: &str| {
        let options = cluster::Options::default();
        bench.admin().json_patch(&reviews("VirtualService"), &lease(until), &options).await.unwrap();
    };
    put("2999-01-01T00:00:00Z").await;
    let plan = plan("[{weight: 20, pause: manual}]", "[]");
    let refused = bench.session.rollout_begin(plan.clone(), take_over()).await.unwrap_err().to_string();
    assert!(refused.contains("ann drives “to v2” here since 2026-11-26T08:00:00Z, until 2999"), "{refused}");
    put("2026-11-26T09:00:00Z").await;
    bench.session.rollout_begin(plan, take_over()).await.unwrap();
    until(&bench, "its step", |one| one.run.phase == Phase::Waiting).await;
    // She is back, on another machine, and takes the route over by hand.
    put("2999-01-01T00:00:00Z").await;
    let over = until(&bench, "its end", |one| one.is_over).await;
    assert!(
        matches!(&over.run.phase, Phase::Stopped(because) if because.en.contains("ann drives “to v2” here since")),
        "{:?}",
        over.run.phase
    );
    let route = bench.object("VirtualService").await;
    let lease = route.pointer("/metadata/annotations/netloft.dev~1rollout").and_then(|text| text.as_str()).unwrap();
    assert!(lease.contains("hers"), "her lease stays: {lease}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_said_and_nothing_begins() {
    let bench = bench(Demo::client).await;
    let said = |obstacles: Vec<session::rollout::Obstacle>| {
        obstacles.into_iter().filter(|o| o.blocks).map(|o| format!("{}: {}", o.about, o.because)).collect::<Vec<_>>()
    };
    let simple = plan("[{weight: 5}]", "[]");
    let first = said(bench.session.rollout_check(&simple, &[]).await.unwrap());
    assert!(first.iter().any(|text| text.contains("v2 gets 10 % already")), "{first:#?}");
    assert!(first.iter().any(|text| text.starts_with("argocd-controller: it owns ")), "{first:#?}");
    let nobody = Plan { canary: "v9".into(), ..simple.clone() };
    let first = said(bench.session.rollout_check(&nobody, &take_over()).await.unwrap());
    assert!(first.iter().any(|text| text.contains("has no such version")), "{first:#?}");
    let mut elsewhere = simple;
    elsewhere.route.name = "nothing".into();
    let first = said(bench.session.rollout_check(&elsewhere, &take_over()).await.unwrap());
    assert_eq!(first.len(), 1, "{first:#?}");
    assert!(bench.session.rollout_begin(elsewhere, take_over()).await.is_err());
    assert!(bench.session.rollouts().await.unwrap().is_empty());
}

/// The program that drove it ends without a word; the next one finds it, and does what the plan says.
/// A rollout whose program is gone, as the next start finds it once it has taken it over; and the route then.
async fn taken_over(interrupted: Interrupted) -> (Shown, Value) {
    let folder = tempfile::tempdir().unwrap();
    let workbench = Workbench::open(Profile::in_folder(folder.path())).unwrap();
    let session = workbench.open_session(DEMO).await.unwrap();
    let mut live = session.live();
    tokio::time::timeout(LIMIT, live.wait_for(|live| live.link == session::live::Link::Live)).await.unwrap().unwrap();
    let plan = Plan { interrupted, ..plan("[{weight: 20, pause: manual}]", "[]") };
    let id = session.rollout_begin(plan, take_over()).await.unwrap();
    let stands = async |session: &Arc<Session>, is: &dyn Fn(&Phase) -> bool| {
        let mut live = session.live();
        let found = async {
            loop {
                let shown = session.rollouts().await.unwrap().remove(0);
                if is(&shown.run.phase) {
                    return shown;
                }
                let _ = tokio::time::timeout(Duration::from_millis(200), live.changed()).await;
            }
        };
        tokio::time::timeout(LIMIT, found).await.expect("it stands so in time")
    };
    stands(&session, &|phase| *phase == Phase::Waiting).await;
    assert!(!session.rollout_adopt(id).await.unwrap(), "what is ours is not taken over");
    workbench.close(session.id());

    let again = workbench.open_session(DEMO).await.unwrap();
    assert!(!again.rollout_adopt(id).await.unwrap(), "its driver may still be there");
    let mut traffic = again.traffic();
    let taken = async {
        while !again.rollout_adopt(id).await.unwrap() {
            let _ = tokio::time::timeout(Duration::from_millis(500), traffic.changed()).await;
        }
    };
    tokio::time::timeout(LIMIT, taken).await.expect("it is taken over");
    let shown = stands(&again, &|phase| matches!(phase, Phase::Paused(_) | Phase::Returned(_))).await;
    let released = async {
        loop {
            let route = again.connection().get(&reviews("VirtualService")).await.unwrap();
            let leased = route.pointer("/metadata/annotations/netloft.dev~1rollout").is_some();
            if leased != shown.is_over {
                return route;
            }
            let _ = tokio::time::timeout(Duration::from_millis(200), traffic.changed()).await;
        }
    };
    let route = tokio::time::timeout(LIMIT, released).await.expect("the lease says whether it goes on");
    (shown, route)
}

fn canary_of(route: &Value) -> Option<u64> {
    route.pointer("/spec/http/1/route/1/weight").and_then(Value::as_u64)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_whose_driver_is_gone_is_taken_over_and_holds() {
    let (shown, route) = taken_over(Interrupted::Hold).await;
    assert!(matches!(&shown.run.phase, Phase::Paused(because) if because.en.contains("away")), "{:?}", shown.run.phase);
    assert!(shown.is_ours && !shown.is_over && canary_of(&route) == Some(20), "{route}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_whose_driver_is_gone_goes_back_where_the_plan_says_so() {
    let (shown, route) = taken_over(Interrupted::Return).await;
    assert!(
        matches!(&shown.run.phase, Phase::Returned(because) if because.en.contains("away")),
        "{:?}",
        shown.run.phase
    );
    assert!(shown.is_over && canary_of(&route) == Some(0), "{route}");
}
