//! A genuine Argo Rollouts controller takes our orders as it takes those of its own tool.

use std::sync::Arc;

use cluster::Options;
use live::shop::{make, until};
use serde_json::{Value, json};
use session::Session;
use session::rollout::{Health, Order};
use world::ObjectKey;

use super::{give, template};

pub const NAMESPACE: &str = "netloft-argo";

fn metadata() -> Value {
    json!({"namespace": NAMESPACE, "name": "web"})
}

fn key(group: &str, kind: &str) -> ObjectKey {
    ObjectKey::new(group, kind, NAMESPACE, "web")
}

/// A service in two subsets, its route, and the rollout that moves the route's weights.
fn ground() -> [Value; 4] {
    let to = |subset: &str, weight: u32| json!({"destination": {"host": "web", "subset": subset}, "weight": weight});
    let subset = |name: &str| json!({"name": name, "labels": {"app": "web"}});
    let steps = json!([{"setWeight": 10}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}, {"setWeight": 80}, {"pause": {"duration": "1h"}}]);
    let routing = json!({"istio": {"virtualService": {"name": "web", "routes": ["primary"]},
        "destinationRule": {"name": "web", "canarySubsetName": "canary", "stableSubsetName": "stable"}}});
    [
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata(),
            "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": metadata(),
            "spec": {"host": "web", "subsets": [subset("stable"), subset("canary")]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata(),
            "spec": {"hosts": ["web"], "http": [{"name": "primary", "route": [to("stable", 100), to("canary", 0)]}]}}),
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": metadata(),
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template("web", "v1"),
                "strategy": {"canary": {"steps": steps, "trafficRouting": routing}}}}),
    ]
}

/// Waits until it stands so: its health, the steps behind it, and the weights that the controller wrote.
async fn stands(session: &Arc<Session>, health: Health, step: u64, split: [u64; 2]) {
    let look = async || {
        let found = session.foreign_rollouts().0.into_iter().find(|one| one.key.namespace == NAMESPACE);
        let standing = found.map(|one| one.standing).ok_or("it is not seen")?;
        let weights = super::split(session.connection(), &key("networking.istio.io", "VirtualService")).await;
        let is = standing.health == health && standing.step == Some((step, 6)) && weights == split;
        if is { Ok(standing) } else { Err(format!("{standing:?}, {weights:?}")) }
    };
    let standing = until(&format!("{health:?} after {step} steps at {split:?}"), look).await.unwrap();
    eprintln!("{health:?}: {}, {:?}, {:?} %: {}", standing.phase, standing.step, standing.weight, standing.message);
}

async fn steered(session: &Arc<Session>) {
    let connection = session.connection();
    let rollout = key("argoproj.io", "Rollout");
    for object in ground() {
        make(connection, &object).await.unwrap();
    }
    stands(session, Health::Done, 6, [100, 0]).await;
    let next = json!({"spec": {"template": template("web", "v2")}});
    connection.merge_patch(&rollout, false, &next, &Options::default()).await.unwrap();
    stands(session, Health::Paused, 1, [90, 10]).await;
    give(session, &rollout, Order::Promote).await;
    stands(session, Health::Paused, 3, [50, 50]).await;
    give(session, &rollout, Order::Pause).await;
    let said = || session.foreign_rollouts().0.remove(0).standing.message.en;
    until("it is paused by hand", async || (said() == "manually paused").then_some(()).ok_or_else(said)).await.unwrap();
    give(session, &rollout, Order::Resume).await;
    until("it goes on", async || (said() != "manually paused").then_some(()).ok_or_else(said)).await.unwrap();
    stands(session, Health::Paused, 3, [50, 50]).await;
    give(session, &rollout, Order::Abort).await;
    stands(session, Health::Failed, 0, [100, 0]).await;
    assert!(session.foreign_review(&rollout, Order::Promote).await.is_err(), "it was aborted");
    give(session, &rollout, Order::Retry).await;
    stands(session, Health::Paused, 1, [90, 10]).await;
    give(session, &rollout, Order::Promote).await;
    stands(session, Health::Paused, 3, [50, 50]).await;
    give(session, &rollout, Order::Promote).await;
    stands(session, Health::Paused, 5, [20, 80]).await;
    give(session, &rollout, Order::Finish).await;
    stands(session, Health::Done, 6, [100, 0]).await;
}

const PLAN: &str = "
name: web
service: {namespace: netloft-argo, name: web}
route: {kind: VirtualService, name: web}
stable: stable
canary: canary
steps:
- {weight: 0, pause: manual, cohort: {header: x-user, value: tester}}
- {weight: 40, pause: manual, mirror: 20}
- {weight: 100}
";

/// A plan of ours, written for it, as a change like any other, and driven by it.
async fn written(session: &Arc<Session>) {
    let connection = session.connection();
    let rollout = key("argoproj.io", "Rollout");
    let plan = rollout::Plan::read(PLAN).unwrap();
    let written = session.foreign_plan(&plan, "Argo Rollouts").await.unwrap();
    for dish in &written.dishes {
        session.draft_put(&dish.after, &dish.base).await.unwrap();
    }
    let review = session.review().await.unwrap();
    assert_eq!(review.because.en, "", "{:#?}", review.steps);
    session.apply(&review.token, "web by Argo Rollouts", &[]).await.unwrap();
    let next = json!({"spec": {"template": template("web", "v3")}});
    connection.merge_patch(&rollout, false, &next, &Options::default()).await.unwrap();
    let rules = async || {
        let route = connection.get(&key("networking.istio.io", "VirtualService")).await.unwrap();
        let rules = route.pointer("/spec/http").and_then(Value::as_array).cloned().unwrap_or_default();
        let standing = session.foreign_rollouts().0.remove(0).standing;
        (rules, standing)
    };
    until("the cohort has its rule and waits", async || {
        let (rules, standing) = rules().await;
        let is = rules.len() == 2 && rules[0]["match"][0]["headers"]["x-user"]["exact"] == "tester";
        let is = is && rules[1]["route"][1]["weight"] == 0 && standing.health == Health::Paused;
        if is { Ok(()) } else { Err(format!("{rules:?} {standing:?}")) }
    })
    .await
    .unwrap();
    give(session, &rollout, Order::Promote).await;
    until("copies are sent and the cohort is gone", async || {
        let (rules, standing) = rules().await;
        let is = rules.len() == 2 && rules[0]["mirrorPercentage"]["value"] == 20.0 && rules[0].get("mirror").is_some();
        let is = is && rules[1]["route"][1]["weight"] == 40 && standing.health == Health::Paused;
        if is { Ok(()) } else { Err(format!("{rules:?} {standing:?}")) }
    })
    .await
    .unwrap();
    give(session, &rollout, Order::Promote).await;
    until("it is done and its rules are gone", async || {
        let (rules, standing) = rules().await;
        if rules.len() == 1 && standing.health == Health::Done {
            Ok(())
        } else {
            Err(format!("{rules:?} {standing:?}"))
        }
    })
    .await
    .unwrap();
    eprintln!("our plan went to its end: {:?}", written.lost);
}

pub async fn run(session: Arc<Session>) {
    steered(&session).await;
    written(&session).await;
}
