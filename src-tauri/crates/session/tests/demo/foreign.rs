//! Rollouts that other controllers drive, over an API with their kinds and without the controllers: read, steered, warned of.

use cluster::Options;
use demo::Demo;
use journal::State;
use serde_json::{Value, json};
use session::history::Wanted;
use session::rollout::{Foreign, Health, Order};
use session::write::apply::Applied;
use world::ObjectKey;
use world::yaml::DiffSide;

use crate::bench::{Bench, LIMIT, bench_of, reviews};
use crate::prometheus::behind;

fn rollout() -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"namespace": "prod", "name": "reviews"},
        "spec": {"strategy": {"canary": {"steps": [{"setWeight": 10}, {"pause": {}}, {"setWeight": 60}],
            "trafficRouting": {"istio": {"virtualService": {"name": "reviews"}}}}}}})
}

fn canary() -> Value {
    json!({"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"namespace": "prod", "name": "ratings"},
        "spec": {"provider": "istio", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "ratings"}, "service": {"port": 9080},
            "analysis": {"interval": "1m", "threshold": 2, "stepWeight": 25, "maxWeight": 50}}})
}

fn key(object: &Value) -> ObjectKey {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap();
    let group = text("/apiVersion").split_once('/').unwrap().0;
    ObjectKey::new(group, text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
}

/// Both, as their controllers would have left them.
pub(crate) async fn begun() -> Bench {
    let options = demo::Options { rollouts: false, ..demo::Options::default() };
    let bench = bench_of(&options, Demo::client).await;
    let waits = json!({"phase": "Paused", "message": "CanaryPauseStep", "currentStepIndex": 1, "currentPodHash": "b", "stableRS": "a",
        "controllerPause": true, "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-11-26T08:00:00Z"}]});
    for (object, status) in [(rollout(), waits), (canary(), json!({"phase": "Progressing", "canaryWeight": 25}))] {
        bench.admin().create(&object, &Options::default()).await.unwrap();
        bench.admin().merge_patch(&key(&object), true, &json!({"status": status}), &Options::default()).await.unwrap();
    }
    bench
}

pub(crate) async fn until(bench: &Bench, what: &str, is: impl Fn(&[Foreign]) -> bool) -> Vec<Foreign> {
    let mut live = bench.session.live();
    let seen = async {
        loop {
            let (found, unknown) = bench.session.foreign_rollouts();
            assert!(unknown.is_empty(), "{unknown:?}");
            if is(&found) {
                return found;
            }
            live.changed().await.unwrap();
        }
    };
    tokio::time::timeout(LIMIT, seen).await.unwrap_or_else(|_| panic!("waited for {what}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_listed_and_steered_as_their_own_tools_do() {
    let bench = begun().await;
    let found =
        until(&bench, "both", |all| all.len() == 2 && all.iter().all(|one| one.standing.weight.is_some())).await;
    let seen: Vec<_> =
        found.iter().map(|one| (one.controller, one.standing.health, one.standing.step, one.standing.weight)).collect();
    assert_eq!(
        seen,
        [("Argo Rollouts", Health::Paused, Some((1, 3)), Some(10)), ("Flagger", Health::Going, Some((1, 2)), Some(25))]
    );
    let object = async |of: Value| bench.admin().get(&key(&of)).await.unwrap();

    give(&bench, &rollout(), Order::Promote).await;
    let now = object(rollout()).await;
    assert!(now.pointer("/status/pauseConditions").is_none_or(Value::is_null), "{now}");
    assert_eq!(now.pointer("/status/currentStepIndex"), Some(&json!(1)), "the controller takes it on from there");
    give(&bench, &rollout(), Order::Pause).await;
    assert_eq!(object(rollout()).await.pointer("/spec/paused"), Some(&json!(true)));
    let refused = bench.session.foreign_review(&key(&rollout()), Order::Pause).await.unwrap_err().to_string();
    assert!(refused.contains("Rollout prod/reviews: it is paused already"), "{refused}");

    give(&bench, &canary(), Order::Pause).await;
    let found = until(&bench, "the suspension", |all| {
        all.iter().any(|one| one.controller == "Flagger" && one.standing.health == Health::Paused)
    })
    .await;
    let abort = found[1].orders.iter().find(|(order, _)| *order == Order::Abort).unwrap();
    assert!(abort.1.0.starts_with("Flagger goes back only by"), "{abort:?}");
    assert!(bench.session.foreign_review(&key(&canary()), Order::Abort).await.is_err());
    assert!(bench.session.foreign_review(&reviews("VirtualService"), Order::Pause).await.is_err(), "no rollout");
}

async fn give(bench: &Bench, of: &Value, order: Order) -> Applied {
    let review = bench.session.foreign_review(&key(of), order).await.unwrap();
    let applied = bench.session.apply(&review.token, "", &[]).await.unwrap();
    assert_eq!(applied.state, State::Applied, "{:?}", applied.objects);
    applied
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_shown_journaled_and_taken_back_where_that_has_a_meaning() {
    let bench = begun().await;
    let object = async || bench.admin().get(&key(&rollout())).await.unwrap();
    let before = object().await;

    // Shown, and nothing is written by it.
    let review = bench.session.foreign_review(&key(&rollout()), Order::Abort).await.unwrap();
    let (was, is) = review.steps[0].images();
    assert_eq!(
        (was.unwrap().pointer("/status/abort"), is.unwrap().pointer("/status/abort")),
        (None, Some(&json!(true)))
    );
    assert_eq!(object().await, before);

    // What its controller writes meanwhile is no hindrance, but for a rollout that has moved on.
    let status = async |body: Value| {
        bench.admin().merge_patch(&key(&rollout()), true, &json!({"status": body}), &Options::default()).await.unwrap()
    };
    status(json!({"updatedReplicas": 1})).await;
    bench.session.apply(&review.token, "too many errors", &[]).await.unwrap();
    assert_eq!(object().await.pointer("/status/abort"), Some(&json!(true)));
    let review = bench.session.foreign_review(&key(&rollout()), Order::Retry).await.unwrap();
    status(json!({"abort": false})).await;
    let moved = bench.session.apply(&review.token, "", &[]).await.unwrap_err().to_string();
    assert!(moved.contains("its rollout has moved on"), "{moved}");

    // In the journal: who, what and why; through the status there is no way back.
    let told = async |entry| bench.session.entry_told(entry).await.unwrap();
    let aborted = bench.session.history(&Wanted::default()).await.unwrap().remove(0).entry;
    assert_eq!((&*aborted.message.en, aborted.objects[0].change), ("too many errors", journal::Change::Order));
    let diff = told(aborted.id).await.items.remove(0).diff;
    assert!(diff.iter().any(|line| line.side == DiffSide::After && line.text.trim() == "abort: true"), "{diff:?}");
    let back = bench.session.undo_review(aborted.id).await.unwrap();
    assert!(back.because.en.ends_with("cannot be taken back: give it another order"), "{}", back.because);

    // A pause is a field like any other.
    let paused = give(&bench, &rollout(), Order::Pause).await.entry;
    assert_eq!(told(paused).await.row.entry.message.en, "Argo Rollouts: pause prod/reviews");
    let back = bench.session.undo_review(paused).await.unwrap();
    assert_eq!(bench.session.undo(paused, &back.token).await.unwrap().state, State::Applied);
    assert!(object().await.pointer("/spec/paused").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_that_they_move_are_warned_of() {
    let bench = begun().await;
    until(&bench, "both", |all| all.len() == 2).await;
    let whole = bench.session.document(&reviews("VirtualService")).await.unwrap();
    let edited = whole.yaml.replace("weight: 90", "weight: 80").replace("weight: 10", "weight: 20");
    assert_ne!(edited, whole.yaml);
    bench.session.draft_put(&edited, &whole.resource_version).await.unwrap();
    let review = bench.session.review().await.unwrap();
    let said: Vec<_> =
        review.steps[0].problems.iter().map(|problem| (problem.message.en.as_str(), problem.error)).collect();
    assert_eq!(said, [("Argo Rollouts moves its weights (Rollout prod/reviews), and may set them back", false)]);
    let plan = "name: r\nservice: {namespace: prod, name: reviews}\nroute: {kind: VirtualService, name: reviews}\nstable: v1\ncanary: v2\nsteps: [{weight: 50}]\n";
    let plan = rollout::Plan::read(plan).unwrap();
    let obstacles = bench.session.rollout_check(&plan, &["argocd-controller".to_owned()]).await.unwrap();
    assert!(
        obstacles.iter().any(|one| one.blocks && one.because.en.starts_with("Argo Rollouts moves")),
        "{obstacles:#?}"
    );
}

const PLAN: &str = "
name: r
service: {namespace: prod, name: reviews}
route: {kind: VirtualService, name: reviews}
stable: v1
canary: v2
steps:
- {weight: 5, pause: 5m, cohort: {header: x-user, value: tester}}
- {weight: 50, pause: manual, mirror: 20}
- {weight: 100}
gates: [{metric: success-rate, min: 99, maxOverStable: 1}, {metric: p50, max: 20}]
";

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_written_as_their_object_and_what_is_lost_is_told() {
    let bench = begun().await;
    until(&bench, "both", |all| all.len() == 2).await;
    assert_eq!(bench.session.foreign_controllers().await.unwrap(), ["Argo Rollouts", "Flagger"]);
    let plan = rollout::Plan::read(PLAN).unwrap();
    let whole = |text: &str| world::yaml::value(text).unwrap();

    // The one that is there keeps everything else.
    let argo = bench.session.foreign_plan(&plan, "Argo Rollouts").await.unwrap();
    let strategy = whole(&argo.dishes[0].after).pointer("/spec/strategy/canary").cloned().unwrap();
    assert_eq!(
        strategy["steps"],
        json!([
            {"setWeight": 5},
            {"setHeaderRoute": {"name": "reviews-cohort", "match": [{"headerName": "x-user", "headerValue": {"exact": "tester"}}]}},
            {"pause": {"duration": "5m"}},
            {"setWeight": 50},
            {"setHeaderRoute": {"name": "reviews-cohort"}},
            {"setMirrorRoute": {"name": "reviews-copies", "percentage": 20, "match": [{"path": {"prefix": "/"}}]}},
            {"pause": {}},
            {"setWeight": 100},
            {"setMirrorRoute": {"name": "reviews-copies"}},
        ])
    );
    assert_eq!(
        strategy["trafficRouting"]["managedRoutes"],
        json!([{"name": "reviews-cohort"}, {"name": "reviews-copies"}])
    );
    assert_eq!(strategy["trafficRouting"]["istio"]["virtualService"], json!({"name": "reviews"}), "as it was");
    assert!(argo.lost.iter().any(|lost| lost.en.starts_with("the gate “p50, max 20")), "{:#?}", argo.lost);

    let mut elsewhere = plan.clone();
    elsewhere.route.name = "catalog".to_owned();
    let lost = bench.session.foreign_plan(&elsewhere, "Argo Rollouts").await.unwrap().lost;
    let told = "it moves VirtualService prod/reviews, and not VirtualService prod/catalog";
    assert!(lost.iter().any(|one| one.en == told), "{lost:#?}");

    let flagger = bench.session.foreign_plan(&plan, "Flagger").await.unwrap();
    let spec = whole(&flagger.dishes[0].after)["spec"].clone();
    assert_eq!((&*flagger.dishes[0].before, spec["targetRef"]["name"].as_str()), ("", Some("reviews-v1")));
    assert_eq!((&spec["analysis"]["stepWeights"], &spec["analysis"]["interval"]), (&json!([5, 50]), &json!("5m")));
    assert_eq!(
        spec["analysis"]["metrics"],
        json!([{"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}}])
    );
    assert_eq!(
        spec["service"],
        json!({"name": "reviews", "port": 9080, "targetPort": 9080, "portName": "http", "hosts": ["reviews"]})
    );
    for lost in [
        "every step lasts 5m",
        "no step waits",
        "cohorts are left out",
        "copies are left out",
        "the gate “p50",
        "comparison",
    ] {
        assert!(
            flagger.lost.iter().any(|told| told.en.contains(lost) && !told.zh.is_empty()),
            "{lost}: {:#?}",
            flagger.lost
        );
    }

    // It goes the way of every change.
    bench.session.draft_put(&flagger.dishes[0].after, "").await.unwrap();
    let review = bench.session.review().await.unwrap();
    assert_eq!((review.because.en.as_str(), review.steps.len()), ("", 1));
    bench.session.apply(&review.token, "rollout by Flagger", &[]).await.unwrap();
    bench.admin().get(&flagger.dishes[0].key).await.unwrap();
    bench.admin().delete(&key(&rollout()), &cluster::Preconditions::default(), false).await.unwrap();
    until(&bench, "the rollout to be gone", |all| all.iter().all(|one| one.controller != "Argo Rollouts")).await;
    let fresh = whole(&bench.session.foreign_plan(&plan, "Argo Rollouts").await.unwrap().dishes[0].after);
    assert_eq!(fresh.pointer("/spec/workloadRef/name"), Some(&json!("reviews-v1")));
    let istio = fresh.pointer("/spec/strategy/canary/trafficRouting/istio").unwrap();
    assert_eq!(
        istio["destinationRule"],
        json!({"name": "reviews", "canarySubsetName": "v2", "stableSubsetName": "v1"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn gates_are_written_as_what_they_ask_of_prometheus() {
    let (bench, backend, slot) = behind().await;
    *slot.lock().unwrap() = Some(backend);
    bench.session.find_prometheus();
    let gates = "gates:
- {metric: success-rate, min: 99, maxOverStable: 1}
- {metric: p99, max: 500}
- {metric: promql, name: cpu, query: 'sum(rate(cpu{app=\"{{service}}\"}[10m]))', max: 2}
";
    let start = PLAN.find("gates:").unwrap();
    let plan = rollout::Plan::read(&format!("{}interval: 2m\ntolerance: 1\n{gates}", &PLAN[..start])).unwrap();
    let whole = |text: &str| world::yaml::value(text).unwrap();

    let argo = bench.session.foreign_plan(&plan, "Argo Rollouts").await.unwrap();
    let kinds: Vec<_> = argo.dishes.iter().map(|dish| (&*dish.key.kind, &*dish.key.name)).collect();
    assert_eq!(kinds, [("AnalysisTemplate", "reviews-gates"), ("Rollout", "reviews")]);
    let template = whole(&argo.dishes[0].after);
    let metrics = template.pointer("/spec/metrics").and_then(Value::as_array).unwrap();
    let of = |at: usize, pointer: &str| metrics[at].pointer(pointer).and_then(Value::as_str).unwrap();
    let names: Vec<_> = (0..metrics.len()).map(|at| of(at, "/name")).collect();
    assert_eq!(
        names,
        [
            "reviews-gate-1-success-rate-over-stable",
            "reviews-gate-1-success-rate",
            "reviews-gate-2-p99",
            "reviews-gate-3-query"
        ]
    );
    let pods = r#"{reporter="destination",namespace="prod",pod=~"reviews-{{args.canary}}-.+"}[2m]"#;
    assert!(of(1, "/provider/prometheus/query").contains(pods), "{metrics:#?}");
    assert_eq!(of(3, "/provider/prometheus/query"), r#"sum(rate(cpu{app="reviews"}[10m]))"#);
    assert_eq!(of(2, "/provider/prometheus/address"), "http://prometheus.prod.svc:9090");
    let number = "len(result) == 1 && !isNaN(result[0])";
    assert_eq!(of(2, "/successCondition"), format!("{number} && result[0] <= 500"));
    assert_eq!(of(2, "/failureCondition"), format!("{number} && !(result[0] <= 500)"));
    assert_eq!((&metrics[2]["failureLimit"], &metrics[2]["inconclusiveLimit"]), (&json!(1), &json!(3)));
    // What a query reads back, and a minute for its samples to come; each step is so much longer.
    let delays = [0, 1, 2, 3].map(|at| of(at, "/initialDelay"));
    assert_eq!(delays, ["3m", "3m", "3m", "11m"]);
    let steps = whole(&argo.dishes[1].after).pointer("/spec/strategy/canary/steps").cloned().unwrap();
    let pauses: Vec<_> = steps.as_array().unwrap().iter().filter_map(|step| step.get("pause")).collect();
    let long = |time: &str| json!({"duration": time});
    assert_eq!(pauses, [&long("16m"), &long("11m"), &json!({}), &long("11m")]);
    let analysis = whole(&argo.dishes[1].after).pointer("/spec/strategy/canary/analysis").cloned().unwrap();
    assert_eq!(
        (&analysis["templates"], &analysis["startingStep"]),
        (&json!([{"templateName": "reviews-gates"}]), &json!(1))
    );
    assert_eq!(analysis.pointer("/args/0/valueFrom/podTemplateHashValue"), Some(&json!("Latest")));

    let flagger = bench.session.foreign_plan(&plan, "Flagger").await.unwrap();
    let kinds: Vec<_> = flagger.dishes.iter().map(|dish| &*dish.key.kind).collect();
    assert_eq!(kinds, ["MetricTemplate", "MetricTemplate", "MetricTemplate", "MetricTemplate", "Canary"]);
    let query = whole(&flagger.dishes[2].after)["spec"]["query"].as_str().unwrap().to_owned();
    let target = r#"destination_workload_namespace="prod",destination_workload="reviews-v1"}"#;
    assert!(query.starts_with("(histogram_quantile(0.99, sum by (le)") && query.contains(target), "{query}");
    let analysis = whole(&flagger.dishes[4].after).pointer("/spec/analysis").cloned().unwrap();
    assert_eq!(analysis["interval"], json!("11m"), "a look at the end of a step reads nothing of before it");
    let metrics = &analysis["metrics"];
    assert_eq!(
        metrics[2],
        json!({"name": "reviews-gate-2-p99", "interval": "2m", "templateRef": {"name": "reviews-gate-2-p99"}, "thresholdRange": {"max": 500}})
    );
    assert!(flagger.lost.iter().all(|lost| !lost.en.starts_with("the gate")), "{:#?}", flagger.lost);

    // They go into the tray together, what is named before what names it.
    for dish in &argo.dishes {
        bench.session.draft_put(&dish.after, &dish.base).await.unwrap();
    }
    let review = bench.session.review().await.unwrap();
    let order: Vec<_> = review.steps.iter().map(|step| &*step.key.kind).collect();
    assert_eq!((&*review.because.en, order), ("", vec!["AnalysisTemplate", "Rollout"]));
}
