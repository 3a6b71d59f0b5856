//! A genuine Flagger takes our orders, and drives the Canary that a plan of ours is written as.

use std::sync::Arc;

use cluster::Options;
use live::shop::{make, until};
use serde_json::{Value, json};
use session::Session;
use session::rollout::{Health, Order};
use world::ObjectKey;

use super::{give, split, template};

pub const NAMESPACE: &str = "netloft-flagger";

fn key(group: &str, kind: &str, name: &str) -> ObjectKey {
    ObjectKey::new(group, kind, NAMESPACE, name)
}

fn metadata(name: &str) -> Value {
    json!({"namespace": NAMESPACE, "name": name})
}

fn deployment(name: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(name),
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template(name, "v1")}})
}

/// An app, and the canary that moves its requests, looked at every ten seconds, as often as Flagger does.
fn ground() -> [Value; 2] {
    let analysis = json!({"interval": "10s", "threshold": 2, "stepWeights": [10, 50]});
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let service = json!({"port": 80, "targetPort": 8080});
    [
        deployment("web"),
        json!({"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": metadata("web"),
            "spec": {"provider": "istio", "targetRef": target, "service": service, "analysis": analysis}}),
    ]
}

async fn next(session: &Session, deployment: &str, version: &str) {
    let patch = json!({"spec": {"template": template(deployment, version)}});
    let key = key("apps", "Deployment", deployment);
    session.connection().merge_patch(&key, false, &patch, &Options::default()).await.unwrap();
}

/// Waits until a canary stands so, and the route that Flagger made has these weights.
async fn stands(session: &Arc<Session>, name: &str, health: Health, weights: [u64; 2]) {
    let look = async || {
        let is_it = |one: &session::rollout::Foreign| one.key.namespace == NAMESPACE && one.key.name == name;
        let found = session.foreign_rollouts().0.into_iter().find(is_it).ok_or("it is not seen")?;
        let now = split(session.connection(), &key("networking.istio.io", "VirtualService", name)).await;
        let is = found.standing.health == health && now == weights;
        if is { Ok(found.standing) } else { Err(format!("{:?}, {now:?}", found.standing)) }
    };
    let standing = until(&format!("{name} to be {health:?} at {weights:?}"), look).await.unwrap();
    eprintln!("{name}: {}, {:?}, {:?} %: {}", standing.phase, standing.step, standing.weight, standing.message);
}

async fn steered(session: &Arc<Session>) {
    let canary = key("flagger.app", "Canary", "web");
    for object in ground() {
        make(session.connection(), &object).await.unwrap();
    }
    stands(session, "web", Health::Done, [100, 0]).await;
    next(session, "web", "v2").await;
    stands(session, "web", Health::Going, [90, 10]).await;
    let paused = give(session, &canary, Order::Pause).await;
    stands(session, "web", Health::Paused, [90, 10]).await;
    // Undone like every change: it goes on.
    let back = session.undo_review(paused).await.unwrap();
    session.undo(paused, &back.token).await.unwrap();
    stands(session, "web", Health::Going, [50, 50]).await;
    give(session, &canary, Order::Pause).await;
    stands(session, "web", Health::Paused, [50, 50]).await;
    assert!(session.foreign_review(&canary, Order::Finish).await.is_err(), "it is suspended");
    give(session, &canary, Order::Resume).await;
    let finished = give(session, &canary, Order::Finish).await;
    stands(session, "web", Health::Done, [100, 0]).await;
    let back = session.undo_review(finished).await.unwrap();
    session.undo(finished, &back.token).await.unwrap();
    let now = session.connection().get(&canary).await.unwrap();
    assert!(now.pointer("/spec/skipAnalysis").is_none(), "the next one is checked again");
}

const PLAN: &str = "
name: shelf
service: {namespace: netloft-flagger, name: shelf}
route: {kind: VirtualService, name: shelf}
stable: v1
canary: v2
interval: 10s
steps:
- {weight: 20, pause: 10s}
- {weight: 60, pause: 10s}
- {weight: 100}
";

/// A plan of ours, written for it as a change like any other, and driven by it to its end.
async fn written(session: &Arc<Session>) {
    let connection = session.connection();
    let to = |subset: &str, weight: u32| json!({"destination": {"host": "shelf", "subset": subset}, "weight": weight});
    let subset = |name: &str| json!({"name": name, "labels": {"app": "shelf"}});
    for object in [
        deployment("shelf"),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata("shelf"),
            "spec": {"selector": {"app": "shelf"}, "ports": [{"name": "http", "port": 8080}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": metadata("shelf"),
            "spec": {"host": "shelf", "subsets": [subset("v1"), subset("v2")]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata("shelf"),
            "spec": {"hosts": ["shelf"], "http": [{"route": [to("v1", 100), to("v2", 0)]}]}}),
    ] {
        make(connection, &object).await.unwrap();
    }
    let plan = rollout::Plan::read(PLAN).unwrap();
    let written = until("the plan to find its workload", async || {
        session.foreign_plan(&plan, "Flagger").await.map_err(|error| error.to_string())
    })
    .await
    .unwrap();
    for dish in &written.dishes {
        session.draft_put(&dish.after, &dish.base).await.unwrap();
    }
    let review = session.review().await.unwrap();
    assert_eq!(review.because.en, "", "{:#?}", review.steps);
    session.apply(&review.token, "shelf by Flagger", &[]).await.unwrap();
    stands(session, "shelf", Health::Done, [100, 0]).await;
    next(session, "shelf", "v2").await;
    stands(session, "shelf", Health::Going, [80, 20]).await;
    stands(session, "shelf", Health::Going, [40, 60]).await;
    stands(session, "shelf", Health::Done, [100, 0]).await;
    eprintln!("our plan went to its end: {:?}", written.lost);
}

pub async fn run(session: Arc<Session>) {
    steered(&session).await;
    written(&session).await;
}
