//! Acknowledged is not yet in force: on a genuine mesh a connection that is open keeps the filters that it was accepted with. Once we say that a
//! policy is in force, no request gets past it.
#![cfg(test)]

use std::path::PathBuf;
use std::time::Duration;

use live::cluster::kubeconfig;
use live::shop::{NAMESPACE, client, fetch, job, open};
use serde_json::json;
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

async fn work(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let client = client(&session).unwrap();
    // Connections are open before the policy is there.
    assert_eq!(answered(&client, 20, 200).await, 20);
    let policy = json!({"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {"selector": {"matchLabels": {"app": "details"}}, "action": "DENY",
            "rules": [{"to": [{"operation": {"paths": ["/netloft-force"]}}]}]}});
    session.draft_put(&yaml::write(&policy), "").await.unwrap();
    let plan = session.review().await.unwrap();
    let applied = session.apply(&plan.token, "", &[]).await.unwrap();
    assert_eq!(applied.state, journal::State::Applied, "{applied:?}");

    let begun = Instant::now();
    let (mut drained, mut passed) = (0, 0);
    loop {
        let uptake = session.uptake(applied.entry).await.unwrap();
        let details = uptake.rows.iter().find(|row| row.workload.starts_with("details"));
        match details.map(|row| (row.state, row.force)) {
            Some((State::Acknowledged, Force::InForce)) => break,
            Some((State::Acknowledged, Force::Drains(_))) => {
                drained += 1;
                passed += answered(&client, 4, 200).await;
            }
            _ => {}
        }
        assert!(begun.elapsed() < PATIENCE, "never in force: {uptake:#?}");
        sleep(Duration::from_millis(500)).await;
    }
    let took = begun.elapsed();
    assert_eq!(answered(&client, 60, 403).await, 60, "in force after {took:?}: nobody gets past it");
    assert!(drained > 0, "{took:?}: a listener that changes drains");
    eprintln!("in force after {took:.1?}; while it drained {passed} requests still went through on older connections");

    let back = session.undo_review(applied.entry).await.unwrap();
    session.undo(applied.entry, &back.token).await.unwrap();
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_to_be_in_force_is() {
    let Some(path) = kubeconfig() else { return };
    job(path, &[policy_key()], work).await.unwrap();
}
