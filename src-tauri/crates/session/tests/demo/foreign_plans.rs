//! Plans written as objects of other controllers, held against the schemas of Argo Rollouts 1.10 and Flagger 1.36: each goes through the
//! server's dry-run without a word.

use cluster::{Options, Preconditions};
use rollout::Plan;
use serde_json::{Value, json};
use session::rollout::Written;
use world::ObjectKey;
use world::yaml::{self, Edit};

use crate::bench::{Bench, reviews};
use crate::foreign::{begun, until};

const STEPS: &str = "steps: [{weight: 5, pause: 5m}, {weight: 50, pause: manual}, {weight: 100}]";

fn plan(route: &str, versions: &str) -> Plan {
    let text = format!("name: r\nservice: {{namespace: prod, name: reviews}}\nroute: {route}\n{versions}\n{STEPS}\n");
    Plan::read(&text).unwrap()
}

fn of_subsets() -> Plan {
    plan("{kind: VirtualService, name: reviews}", "stable: v1\ncanary: v2")
}

async fn written(bench: &Bench, plan: &Plan, controller: &str) -> (Written, Value) {
    let written = bench.session.foreign_plan(plan, controller).await.unwrap();
    let object = yaml::value(&written.dishes.last().unwrap().after).unwrap();
    (written, object)
}

/// The server takes all of it as it is.
async fn taken(bench: &Bench, written: &Written) {
    bench.session.draft_clear();
    for dish in &written.dishes {
        bench.session.draft_put(&dish.after, &dish.base).await.unwrap();
    }
    let review = bench.session.review().await.unwrap();
    assert_eq!((&*review.because.en, review.steps.len()), ("", written.dishes.len()));
    for step in &review.steps {
        assert!(step.problems.is_empty(), "{}: {:?}", step.key, step.problems);
    }
    bench.session.draft_clear();
}

async fn make(bench: &Bench, object: Value) {
    bench.admin().create(&object, &Options::default()).await.unwrap();
}

/// An HTTPRoute of a gateway that splits reviews between two Services.
async fn of_gateway(bench: &Bench) -> Plan {
    let metadata = |name: &str| json!({"namespace": "prod", "name": name});
    let to = |version: &str, weight: u32| json!({"name": format!("reviews-{version}"), "port": 9080, "weight": weight});
    for version in ["v1", "v2"] {
        let ports = json!([{"name": "http", "port": 9080, "targetPort": 9080}]);
        let spec = json!({"selector": {"app": "reviews", "version": version}, "ports": ports});
        let name = metadata(&format!("reviews-{version}"));
        make(bench, json!({"apiVersion": "v1", "kind": "Service", "metadata": name, "spec": spec})).await;
    }
    let spec = json!({"parentRefs": [{"name": "edge", "namespace": "prod"}], "hostnames": ["shop.example.com"],
        "rules": [{"backendRefs": [to("v1", 100), to("v2", 0)]}]});
    let route = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata("edge"), "spec": spec});
    make(bench, route).await;
    let key = ObjectKey::new("gateway.networking.k8s.io", "HTTPRoute", "prod", "edge");
    let mut live = bench.session.live();
    let seen =
        live.wait_for(|live| live.world.document(&key).is_some() && live.world.service("prod", "reviews-v2").is_some());
    tokio::time::timeout(crate::bench::LIMIT, seen).await.expect("it is seen").unwrap();
    plan("{kind: HTTPRoute, name: edge}", "stable: reviews-v1\ncanary: reviews-v2")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_keeps_to_the_schemas_of_the_controllers() {
    let bench = begun().await;
    until(&bench, "both", |all| all.len() == 2).await;
    let gateway = of_gateway(&bench).await;

    for controller in ["Argo Rollouts", "Flagger"] {
        let (subsets, _) = written(&bench, &of_subsets(), controller).await;
        taken(&bench, &subsets).await;
    }

    // The one that is there moves another route.
    let known = ObjectKey::new("argoproj.io", "Rollout", "prod", "reviews");
    bench.admin().delete(&known, &Preconditions::default(), false).await.unwrap();
    until(&bench, "it to be gone", |all| all.len() == 1).await;
    let (argo, object) = written(&bench, &gateway, "Argo Rollouts").await;
    let canary = object.pointer("/spec/strategy/canary").unwrap();
    assert_eq!((&canary["stableService"], &canary["canaryService"]), (&json!("reviews-v1"), &json!("reviews-v2")));
    let plugin = &canary["trafficRouting"]["plugins"]["argoproj-labs/gatewayAPI"];
    assert_eq!(plugin, &json!({"httpRoute": "edge", "namespace": "prod"}));
    assert!(
        argo.lost.iter().any(|one| one.en.contains("argoproj-labs/gatewayAPI") && one.zh.contains("插件")),
        "{:#?}",
        argo.lost
    );
    taken(&bench, &argo).await;

    let (flagger, object) = written(&bench, &gateway, "Flagger").await;
    assert_eq!(object["spec"]["provider"], json!("gatewayapi:v1"));
    let service = &object["spec"]["service"];
    let edge = json!({"name": "edge", "namespace": "prod", "group": "gateway.networking.k8s.io", "kind": "Gateway"});
    assert_eq!(service["gatewayRefs"], json!([edge]));
    assert_eq!(service["hosts"], json!(["shop.example.com"]));
    taken(&bench, &flagger).await;

    // What the server refuses is seen: the schemas are those of the controllers.
    let wrong = yaml::edit(&flagger.dishes[0].after, &[Edit::set("/spec/service/hosts", "shop.example.com")]).unwrap();
    bench.session.draft_put(&wrong, "").await.unwrap();
    let review = bench.session.review().await.unwrap();
    assert!(review.steps[0].problems[0].message.en.contains("spec.service.hosts"), "{:?}", review.steps[0].problems);
}

#[tokio::test(flavor = "multi_thread")]
async fn flagger_gets_the_gateways_of_the_route() {
    let bench = begun().await;
    until(&bench, "both", |all| all.len() == 2).await;
    let whole = bench.session.document(&reviews("VirtualService")).await.unwrap();
    let at_edge = yaml::edit(&whole.yaml, &[Edit::set("/spec/gateways", json!(["shop", "mesh"]))]).unwrap();
    bench.session.draft_put(&at_edge, &whole.resource_version).await.unwrap();
    let (flagger, object) = written(&bench, &of_subsets(), "Flagger").await;
    assert_eq!(object["spec"]["service"]["gateways"], json!(["shop", "mesh"]));
    taken(&bench, &flagger).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_is_there_keeps_its_webhooks_and_alerts() {
    let bench = begun().await;
    let gate = json!({"name": "ask-ann", "type": "confirm-traffic-increase", "url": "http://gate.test/halt"});
    let analysis = json!({"interval": "1m", "threshold": 9, "iterations": 10, "webhooks": [gate],
        "alerts": [{"name": "team", "providerRef": {"name": "chat"}}]});
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "reviews-v1"});
    let metadata = json!({"namespace": "prod", "name": "reviews"});
    let spec = json!({"provider": "istio", "targetRef": target, "service": {"port": 9080}, "analysis": analysis});
    make(&bench, json!({"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": metadata, "spec": spec}))
        .await;
    let key = ObjectKey::new("flagger.app", "Canary", "prod", "reviews");
    let waits = json!({"status": {"phase": "Waiting"}});
    bench.admin().merge_patch(&key, true, &waits, &Options::default()).await.unwrap();
    let found = until(&bench, "the webhook that it waits for", |all| {
        all.iter().any(|one| one.key == key && one.standing.phase == "Waiting")
    })
    .await;
    let said = &found.iter().find(|one| one.key == key).unwrap().standing.message;
    assert_eq!(said.en, "(its webhook ask-ann has to say yes: http://gate.test/halt)");
    assert!(said.zh.contains("ask-ann"), "{said:?}");

    let (flagger, object) = written(&bench, &of_subsets(), "Flagger").await;
    let now = &object["spec"]["analysis"];
    assert_eq!((&now["webhooks"][0]["name"], &now["alerts"][0]["name"]), (&json!("ask-ann"), &json!("team")));
    assert_eq!((&now["stepWeights"], now.get("iterations"), &now["threshold"]), (&json!([5, 50]), None, &json!(1)));
    assert!(
        flagger.lost.iter().all(|lost| !lost.en.contains("waits for a person")),
        "its webhook asks: {:#?}",
        flagger.lost
    );
    taken(&bench, &flagger).await;
}
