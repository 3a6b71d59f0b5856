//! Acknowledged is not yet in force: on a genuine mesh a connection that is open keeps the filters that it was accepted with. Once we say that a
//! change is in force, no request gets past it.
#![cfg(test)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use journal::EntryId;
use live::cluster::kubeconfig;
use live::shop::{NAMESPACE, client, fetch, job, keys, make, open, subsets};
use serde_json::{Value, json};
use session::Session;
use session::uptake::{Force, State};
use tokio::time::{Instant, sleep};
use world::{ObjectKey, yaml};

const NAME: &str = "netloft-force";
const URL: &str = "http://details:9080/netloft-force";
/// Istio drains for 45 s (`drainDuration`); the rest is reading.
const PATIENCE: Duration = Duration::from_secs(120);

fn policy_key() -> ObjectKey {
    ObjectKey::new("security.istio.io", "AuthorizationPolicy", NAMESPACE, NAME)
}

/// How many of so many requests are answered with this status.
async fn answered(client: &str, requests: u32, status: u64) -> usize {
    let answers = fetch(client, URL, requests, "").await.unwrap();
    answers.iter().filter(|answer| answer["status"] == status).count()
}

async fn applied(session: &Session, object: &Value, base: &str) -> EntryId {
    session.draft_put(&yaml::write(object), base).await.unwrap();
    let plan = session.review().await.unwrap();
    let applied = session.apply(&plan.token, "", &[]).await.unwrap();
    assert_eq!(applied.state, journal::State::Applied, "{applied:?}");
    applied.entry
}

async fn undone(session: &Session, entry: EntryId) {
    let back = session.undo_review(entry).await.unwrap();
    session.undo(entry, &back.token).await.unwrap();
}

/// Waits until an entry is in force at a workload's proxy, which has to drain before; does this while it drains.
async fn in_force(
    session: &Arc<Session>,
    entry: EntryId,
    workload: &str,
    mut meanwhile: impl AsyncFnMut(),
) -> Duration {
    let (begun, mut drained) = (Instant::now(), 0);
    loop {
        let uptake = session.uptake(entry).await.unwrap();
        let row = uptake.rows.iter().find(|row| row.workload.starts_with(workload));
        match row.map(|row| (row.state, row.force)) {
            Some((State::Acknowledged, Force::InForce)) => break,
            Some((State::Acknowledged, Force::Drains(_))) => {
                drained += 1;
                meanwhile().await;
            }
            _ => {}
        }
        assert!(begun.elapsed() < PATIENCE, "never in force: {uptake:#?}");
        sleep(Duration::from_millis(500)).await;
    }
    assert!(drained > 0, "{:?}: a listener that changes drains", begun.elapsed());
    begun.elapsed()
}

async fn policy(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let client = client(&session).unwrap();
    // Connections are open before the policy is there.
    assert_eq!(answered(&client, 20, 200).await, 20);
    let policy = json!({"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {"selector": {"matchLabels": {"app": "details"}}, "action": "DENY",
            "rules": [{"to": [{"operation": {"paths": ["/netloft-force"]}}]}]}});
    let entry = applied(&session, &policy, "").await;
    let mut passed = 0;
    let took = in_force(&session, entry, "details", async || passed += answered(&client, 4, 200).await).await;
    assert_eq!(answered(&client, 60, 403).await, 60, "in force after {took:?}: nobody gets past it");
    eprintln!("in force after {took:.1?}; while it drained {passed} requests still went through on older connections");
    undone(&session, entry).await;
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_to_be_in_force_is() {
    let Some(path) = kubeconfig() else { return };
    job(path, &[policy_key()], policy).await.unwrap();
}

/// All bytes to one version.
fn bytes_to(version: &str) -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"namespace": NAMESPACE, "name": NAME},
        "spec": {"hosts": [NAME], "tcp": [{"route": [{"destination": {"host": NAME, "subset": version}}]}]}})
}

fn bytes_keys() -> Vec<ObjectKey> {
    keys(NAME).into_iter().chain([ObjectKey::new("", "Service", NAMESPACE, NAME)]).collect()
}

async fn versions(client: &str, requests: u32) -> Vec<String> {
    let answers = fetch(client, &format!("http://{NAME}:9099/"), requests, "").await.unwrap();
    answers.iter().map(|answer| answer["body"]["version"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn bytes(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let (connection, client) = (session.connection().clone(), client(&session).unwrap());
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": NAMESPACE, "name": NAME},
        "spec": {"selector": {"app": "reviews"}, "ports": [{"name": "tcp", "port": 9099, "targetPort": 9080}]}});
    let mut rule = subsets(NAME);
    rule["spec"]["host"] = NAME.into();
    for object in [&service, &rule, &bytes_to("v1")] {
        make(&connection, object).await.unwrap();
    }
    live::shop::until("all bytes go to v1", async || {
        let told = versions(&client, 20).await;
        if told.iter().all(|version| version == "v1") { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await
    .unwrap();
    let [route, _] = keys(NAME);
    let base = live::shop::until("the route is seen", async || {
        session.document(&route).await.map(|document| document.resource_version).map_err(|error| error.to_string())
    })
    .await
    .unwrap();
    let entry = applied(&session, &bytes_to("v3"), &base).await;
    let took = in_force(&session, entry, "client", async || {}).await;
    let told = versions(&client, 60).await;
    assert!(told.iter().all(|version| version == "v3"), "in force after {took:?}: {told:?}");
    eprintln!("a route of bytes is in force after {took:.1?}");
    undone(&session, entry).await;
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_of_bytes_is_in_force_once_its_listeners_have_drained() {
    let Some(path) = kubeconfig() else { return };
    job(path, &bytes_keys(), bytes).await.unwrap();
}
