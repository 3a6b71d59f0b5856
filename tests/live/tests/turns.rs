//! The moments of a change on a genuine mesh: each order of two writes, stopped in the middle, does to requests what the review says of it.
#![cfg(test)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use cluster::Options;
use live::cluster::kubeconfig;
use live::shop::{NAMESPACE, ask, clear, client, keys, make, open, subsets, until};
use serde_json::{Value, json};
use session::Session;
use session::write::review::Plan;
use world::{ObjectKey, yaml};

const NAME: &str = "netloft-turns";

fn route(version: &str) -> Value {
    json!([{"route": [{"destination": {"host": "reviews", "subset": version}}]}])
}

fn subset(name: &str, version: &str) -> Value {
    json!({"name": name, "labels": {"version": version}})
}

/// The tray with another value at a place of each, and its review.
async fn reviewed(session: &Session, edits: [(&ObjectKey, &str, Value); 2]) -> std::sync::Arc<Plan> {
    session.draft_clear();
    for (key, pointer, value) in edits {
        let whole =
            until("the session sees it", async || session.document(key).await.map_err(|error| error.to_string()))
                .await
                .unwrap();
        let text = yaml::edit(&whole.yaml, &[yaml::Edit::set(pointer, value)]).unwrap();
        session.draft_put(&text, &whole.resource_version).await.unwrap();
    }
    session.review().await.unwrap()
}

fn order(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.key.kind.as_str()).collect()
}

fn warned(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| !step.lapse.en.is_empty())
}

/// Waits until requests are answered so, and by nobody else.
async fn answered(client: &str, version: &str, status: u64) {
    until(&format!("{status} by {version:?}"), async || {
        let counts = ask(client, 20, "").await.map_err(|error| error.to_string())?;
        let seen: BTreeSet<(&str, u64)> = counts.keys().map(|(version, status)| (version.as_str(), *status)).collect();
        if seen == BTreeSet::from([(version, status)]) { Ok(()) } else { Err(format!("{counts:?}")) }
    })
    .await
    .unwrap();
}

async fn job(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let connection = session.connection().clone();
    let [way, rule] = &keys(NAME);
    clear(&connection, &keys(NAME)).await.unwrap();
    make(&connection, &subsets(NAME)).await.unwrap();
    let found = json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"namespace": NAMESPACE, "name": NAME}, "spec": {"hosts": ["reviews"], "http": route("v3")}});
    make(&connection, &found).await.unwrap();
    let client = client(&session).unwrap();
    answered(&client, "v3", 200).await;
    let write = async |key: &ObjectKey, path: &str, value: Value| {
        let patch = json!([{"op": "replace", "path": path, "value": value}]);
        connection.json_patch(key, &patch, &Options::default()).await.unwrap();
    };
    let before = connection.get(rule).await.unwrap()["spec"]["subsets"].clone();

    // The route leaves v3, the rule drops it: by kind the rule would come first.
    let after = json!([subset("v1", "v1")]);
    let plan = reviewed(&session, [(way, "/spec/http", route("v1")), (rule, "/spec/subsets", after.clone())]).await;
    assert_eq!((order(&plan), warned(&plan)), (vec!["VirtualService", "DestinationRule"], false));
    write(rule, "/spec/subsets", after).await;
    answered(&client, "", 503).await;
    write(rule, "/spec/subsets", before).await;
    answered(&client, "v3", 200).await;
    write(way, "/spec/http", route("v1")).await;
    answered(&client, "v1", 200).await;

    // A subset under another name: both orders lose everything for a moment.
    let renamed = json!([subset("stable", "v1")]);
    until("the session sees the route", async || {
        let plan =
            reviewed(&session, [(way, "/spec/http", route("stable")), (rule, "/spec/subsets", renamed.clone())]).await;
        if warned(&plan) { Ok(()) } else { Err(format!("{:?}", order(&plan))) }
    })
    .await
    .unwrap();
    write(way, "/spec/http", route("stable")).await;
    answered(&client, "", 503).await;
    write(way, "/spec/http", route("v1")).await;
    answered(&client, "v1", 200).await;
    write(rule, "/spec/subsets", renamed).await;
    answered(&client, "", 503).await;
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_moment_is_as_the_review_says() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &keys(NAME), job).await.unwrap();
}
