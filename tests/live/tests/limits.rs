//! The limits of a service of the genuine mesh, against what its callers have under way; and of two fields that exclude each other, one that
//! takes the place of somebody else's.
#![cfg(test)]

use std::path::PathBuf;

use journal::State;
use live::cluster::kubeconfig;
use live::shop::{NAMESPACE, job, keys, make, open, subsets, until};
use serde_json::json;
use session::pressure::Limits;
use world::yaml::{self, Edit};

const NAME: &str = "reviews-limits";
const BALANCER: &str = "/spec/trafficPolicy/loadBalancer";

async fn work(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let [_, key] = keys(NAME);
    let mut rule = subsets(NAME);
    rule["spec"]["trafficPolicy"] = json!({"loadBalancer": {"simple": "LEAST_REQUEST"},
        "connectionPool": {"tcp": {"maxConnections": 77}, "http": {"http2MaxRequests": 88}}});
    make(session.connection(), &rule).await.unwrap();

    let limits = Limits { connections: Some(77.0), waiting: None, requests: Some(88.0) };
    until("productpage knows its limits", async || {
        let (callers, unknown) = session.pressure(NAMESPACE, "reviews").await.map_err(|error| error.to_string())?;
        let caller = callers.iter().find(|caller| caller.workload == "productpage-v1");
        let told = caller.is_some_and(|caller| {
            caller.clusters.iter().any(|one| one.limits == limits && one.instances > 0 && one.refused == Some(0.0))
        });
        if told { Ok(()) } else { Err(format!("{callers:#?} {unknown:?}")) }
    })
    .await
    .unwrap();

    let whole = session.document(&key).await.unwrap();
    let edits = [
        Edit::remove(&format!("{BALANCER}/simple")),
        Edit::set(&format!("{BALANCER}/consistentHash/httpHeaderName"), "x-user"),
    ];
    session.draft_put(&yaml::edit(&whole.yaml, &edits).unwrap(), &whole.resource_version).await.unwrap();
    let plan = session.review().await.unwrap();
    let owners: Vec<String> = plan.steps[0].conflicts.iter().map(|conflict| conflict.manager.clone()).collect();
    let applied = session.apply(&plan.token, "", &owners).await.unwrap();
    assert_eq!(applied.state, State::Applied, "{applied:?}");
    let now = session.connection().get(&key).await.unwrap();
    assert_eq!(now.pointer(BALANCER), Some(&json!({"consistentHash": {"httpHeaderName": "x-user"}})));
    let back = session.undo_review(applied.entry).await.unwrap();
    session.undo(applied.entry, &back.token).await.unwrap();
    let now = session.connection().get(&key).await.unwrap();
    assert_eq!(now.pointer(BALANCER), Some(&json!({"simple": "LEAST_REQUEST"})));
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_told_beside_what_is_under_way_and_one_of_two_takes_the_others_place() {
    let Some(path) = kubeconfig() else { return };
    job(path, &keys(NAME), work).await.unwrap();
}
