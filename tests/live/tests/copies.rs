//! Rollouts that begin with copies of requests, on a genuine mesh: what the canary does with them is judged before anybody is answered by it.
#![cfg(test)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use cluster::Connection;
use live::cluster::kubeconfig;
use live::rollouts::{answered_by, failing, filter, rolled};
use live::shop::{NAMESPACE, ask, clear, client, fetch, keys, make, open, subsets, until};
use rollout::{Phase, Plan};
use serde_json::{Value, json};
use session::rollout::Shown;
use world::ObjectKey;

const NAME: &str = "netloft-copies";

fn key(group: &str, kind: &str, name: &str) -> ObjectKey {
    ObjectKey::new(group, kind, NAMESPACE, name)
}

/// Everything that a test here makes.
fn all_keys() -> Vec<ObjectKey> {
    let services = ["v1", "v3"].map(|version| key("", "Service", &of_version(version)));
    let route = key("gateway.networking.k8s.io", "HTTPRoute", NAME);
    [route, filter(NAME)].into_iter().chain(keys(NAME)).chain(services).collect()
}

/// The Service of a version alone.
fn of_version(version: &str) -> String {
    format!("{NAME}-{version}")
}

fn service(version: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": NAMESPACE, "name": of_version(version)},
        "spec": {"selector": {"app": "reviews", "version": version}, "ports": [{"name": "http", "port": 9080, "targetPort": 9080}]}})
}

/// Who calls reviews is sent to version 1, by a route of the mesh's own services.
fn api_route() -> Value {
    let to = |version: &str, weight: u8| json!({"name": of_version(version), "port": 9080, "weight": weight});
    json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"namespace": NAMESPACE, "name": NAME},
        "spec": {"parentRefs": [{"group": "", "kind": "Service", "name": "reviews", "port": 9080}],
            "rules": [{"backendRefs": [to("v1", 100), to("v3", 0)]}]}})
}

fn route() -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": NAMESPACE, "name": NAME},
        "spec": {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "reviews", "subset": "v1"}}]}]}})
}

fn plan(kind: &str, stable: &str, canary: &str) -> Plan {
    Plan::read(&format!(
        "name: copies to v3\nservice: {{namespace: {NAMESPACE}, name: reviews}}\nroute: {{kind: {kind}, name: {NAME}}}\n\
         stable: {stable}\ncanary: {canary}\ninterval: 10s\nminRequests: 1\npatience: 3m\n\
         steps: [{{weight: 0, mirror: 50, pause: 10s}}, {{weight: 40, pause: 10s}}, {{weight: 100, pause: 10s}}]\n\
         gates: [{{metric: success-rate, min: 97}}, {{metric: p99, max: 60000}}]\n"
    ))
    .unwrap()
}

/// Which versions answered so far, and with which statuses.
type Answers = Arc<Mutex<BTreeSet<(String, u64)>>>;

/// Requests without an end, and who answered.
async fn load(client: String, answers: Answers) {
    while let Ok(counts) = ask(&client, 20, "").await {
        answers.lock().unwrap().extend(counts.into_keys());
    }
}

/// The looks at the step of copies, of which at least one has to have measured the canary.
fn copied(shown: &Shown) -> f64 {
    let looks = shown.run.checks.iter().filter(|check| check.step == 0);
    looks.filter_map(|check| check.measured.canary.map(|rates| rates.per_second)).fold(0.0, f64::max)
}

async fn job(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let connection = session.connection().clone();
    let client = client(&session).unwrap();

    by_the_gateway_api(&session, &connection, &client).await;
    clear(&connection, &all_keys()).await.unwrap();
    by_a_virtual_service_that_fails(&session, &connection, &client).await;
    workbench.close(session.id());
}

/// Copies, then shares, over an HTTPRoute; to the end.
async fn by_the_gateway_api(session: &Arc<session::Session>, connection: &Connection, client: &str) {
    clear(connection, &all_keys()).await.unwrap();
    for object in [service("v1"), service("v3"), api_route()] {
        make(connection, &object).await.unwrap();
    }
    answered_by(client, "v1").await.unwrap();
    let answers = Answers::default();
    let asking = tokio::task::spawn_local(load(client.to_owned(), answers.clone()));
    let done = rolled(session, plan("HTTPRoute", &of_version("v1"), &of_version("v3"))).await.unwrap();
    asking.abort();
    assert_eq!(done.run.phase, Phase::Done, "{:#?}", done.run.checks);
    assert!(copied(&done) > 0.0, "copies are measured: {:#?}", done.run.checks);
    assert!(answers.lock().unwrap().iter().all(|(_, status)| *status == 200));
    answered_by(client, "v3").await.unwrap();
    let live = connection.get(&key("gateway.networking.k8s.io", "HTTPRoute", NAME)).await.unwrap();
    assert!(live.pointer("/spec/rules/0/filters").is_none(), "nothing is copied any more: {live}");
    assert!(live.pointer("/metadata/annotations").is_none(), "no lease is left: {live}");
    eprintln!("HTTPRoute: {:.1} copies a second, then to v3 in {} looks", copied(&done), done.run.checks.len());
}

/// A version that fails half of what it is asked is found out by copies, and nobody was ever answered by it.
async fn by_a_virtual_service_that_fails(session: &Arc<session::Session>, connection: &Connection, client: &str) {
    for object in [subsets(NAME), route(), failing(NAME, 50)] {
        make(connection, &object).await.unwrap();
    }
    answered_by(client, "v1").await.unwrap();
    let third = live::work::pod(session, NAMESPACE, "reviews-v3").unwrap();
    until("some of what version 3 is asked is answered with 503", async || {
        let url = format!("http://{third}:9080/");
        let answers = fetch(client, &url, 50, "").await.map_err(|error| error.to_string())?;
        if answers.iter().any(|answer| answer["status"] == 503) { Ok(()) } else { Err(format!("{answers:?}")) }
    })
    .await
    .unwrap();
    let answers = Answers::default();
    let asking = tokio::task::spawn_local(load(client.to_owned(), answers.clone()));
    let back = rolled(session, plan("VirtualService", "v1", "v3")).await.unwrap();
    asking.abort();
    assert!(
        matches!(&back.run.phase, Phase::Returned(because) if because.en.contains("below 97 %")),
        "{:#?}",
        back.run
    );
    assert!(back.run.checks.iter().all(|check| check.step == 0), "it never went beyond copies: {:#?}", back.run.checks);
    assert_eq!(*answers.lock().unwrap(), BTreeSet::from([("v1".to_owned(), 200)]));
    let live = connection.get(&keys(NAME)[0]).await.unwrap();
    assert!(live.pointer("/spec/http/0/mirror").is_none(), "nothing is copied any more: {live}");
    eprintln!("VirtualService: {:.1} copies a second; back after {:?}", copied(&back), back.run.phase);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_are_judged_before_anybody_is_answered_by_the_canary() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &all_keys(), job).await.unwrap();
}
