//! An undo on a genuine mesh, after somebody else has put a rule into the same list: theirs stays and goes on to hold, ours is gone, and
//! where both changed the same, who did is told by the name that the API server knows them by.
#![cfg(test)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use live::cluster::kubeconfig;
use live::shop::{NAMESPACE, ask, clear, client, keys, make, open, subsets, until};
use serde_json::{Value, json};
use session::Session;
use session::write::undo::Choices;
use world::merge::Side;
use world::{ObjectKey, yaml};

const NAME: &str = "netloft-undo";

fn route_key() -> ObjectKey {
    let [route, _] = keys(NAME);
    route
}

fn to(version: &str) -> Value {
    json!([{"destination": {"host": "reviews", "subset": version}}])
}

/// A rule for one user, who is named as the rule is.
fn rule(name: &str, version: &str) -> Value {
    json!({"name": name, "match": [{"headers": {"end-user": {"exact": name}}}], "route": to(version)})
}

fn found() -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"namespace": NAMESPACE, "name": NAME},
        "spec": {"hosts": ["reviews"], "http": [{"name": "all", "route": to("v1")}]}})
}

/// As `kubectl edit` writes: a patch, under its own name.
async fn by_hand(kubeconfig: &Path, patch: &Value) {
    let read = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
    let config = kube::Config::from_custom_kubeconfig(read, &kube::config::KubeConfigOptions::default()).await.unwrap();
    let place = format!("/apis/networking.istio.io/v1/namespaces/{NAMESPACE}/virtualservices/{NAME}");
    let request = http::Request::patch(format!("{place}?fieldManager=kubectl-edit"))
        .header("content-type", "application/json-patch+json")
        .body(patch.to_string().into_bytes())
        .unwrap();
    kube::Client::try_from(config).unwrap().request::<Value>(request).await.unwrap();
}

/// Waits until this user is answered by this version alone, twice in turn.
async fn answers(session: &Session, user: &str, version: &str) {
    let client = client(session).unwrap();
    let header = format!("end-user:{user}");
    let alone = async || -> Result<(), String> {
        let counts = ask(&client, 20, &header).await.map_err(|error| error.to_string())?;
        let seen: BTreeSet<(&str, u64)> = counts.keys().map(|(version, status)| (version.as_str(), *status)).collect();
        if seen == BTreeSet::from([(version, 200)]) { Ok(()) } else { Err(format!("{counts:?}")) }
    };
    until(&format!("{user} goes to {version}"), async || {
        alone().await?;
        alone().await
    })
    .await
    .unwrap();
}

async fn live(session: &Session) -> Value {
    session.connection().get(&route_key()).await.unwrap()["spec"]["http"].clone()
}

/// Our rule goes before all others.
async fn ours(session: &Session) -> i64 {
    let whole = until("the session sees the route", async || {
        session.document(&route_key()).await.map_err(|error| error.to_string())
    })
    .await
    .unwrap();
    let mut rules = live(session).await;
    rules.as_array_mut().unwrap().insert(0, rule("ours", "v2"));
    let text = yaml::edit(&whole.yaml, &[yaml::Edit::set("/spec/http", rules)]).unwrap();
    session.draft_put(&text, &whole.resource_version).await.unwrap();
    let plan = session.review().await.unwrap();
    assert_eq!(plan.because.en, "");
    let applied = session.apply(&plan.token, "ours to v2", &[]).await.unwrap();
    assert_eq!(applied.state, journal::State::Applied, "{applied:?}");
    applied.entry
}

async fn job(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig.clone(), &folder).await.unwrap();
    let connection = session.connection().clone();
    clear(&connection, &keys(NAME)).await.unwrap();
    make(&connection, &subsets(NAME)).await.unwrap();
    make(&connection, &found()).await.unwrap();
    let entry = ours(&session).await;
    by_hand(&kubeconfig, &json!([{"op": "add", "path": "/spec/http/1", "value": rule("theirs", "v3")}])).await;
    for (user, version) in [("ours", "v2"), ("theirs", "v3"), ("anybody", "v1")] {
        answers(&session, user, version).await;
    }

    // Theirs stays, ours is gone, and that is what requests find.
    let back = session.undo_review(entry).await.unwrap();
    assert_eq!((back.because.en.as_str(), back.steps[0].disputes.len()), ("", 0));
    let undone = session.undo(entry, &back.token).await.unwrap();
    assert_eq!(undone.state, journal::State::Applied, "{undone:?}");
    assert_eq!(live(&session).await, json!([rule("theirs", "v3"), {"name": "all", "route": to("v1")}]));
    for (user, version) in [("ours", "v1"), ("theirs", "v3"), ("anybody", "v1")] {
        answers(&session, user, version).await;
    }

    // The same rule changed by both: by whom is told, and it goes only by choice.
    let entry = ours(&session).await;
    by_hand(&kubeconfig, &json!([{"op": "replace", "path": "/spec/http/0/route", "value": to("v3")}])).await;
    let open = session.undo_review(entry).await.unwrap();
    assert!(
        open.because.en.ends_with("kubectl-edit changed the same fields since: spec.http[0]"),
        "{}",
        open.because.en
    );
    let id = open.steps[0].disputes[0].clash.id.clone();
    let choices = Choices { sides: vec![(route_key(), id, Side::Back)], ..Choices::default() };
    let back = session.undo_review_as(entry, &choices).await.unwrap();
    assert_eq!(session.undo(entry, &back.token).await.unwrap().state, journal::State::Applied);
    assert_eq!(live(&session).await, json!([rule("theirs", "v3"), {"name": "all", "route": to("v1")}]));
    answers(&session, "ours", "v1").await;
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_of_somebody_else_outlives_the_undo_of_ours() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &keys(NAME), job).await.unwrap();
}
