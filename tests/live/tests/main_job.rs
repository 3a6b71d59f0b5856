//! The main job on a genuine mesh: subsets and a split are drafted, reviewed, applied and taken up by every proxy; the
//! traffic is counted; the undo leaves every object as it was.
#![cfg(test)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use cluster::{Connection, Options};
use live::cluster::kubeconfig;
use live::shop::{NAMESPACE, clear, client, keys, make, open, subsets, until};
use serde_json::{Value, json};
use session::Session;
use session::uptake::State as Taken;
use world::ObjectKey;
use world::yaml;

const NAME: &str = "netloft-main-job";
const REQUESTS: u32 = 400;

fn route_key() -> ObjectKey {
    let [route, _] = keys(NAME);
    route
}

fn rule_key() -> ObjectKey {
    let [_, rule] = keys(NAME);
    rule
}

/// As somebody left it before us: all to any version, with fields that the change does not name.
fn found() -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"namespace": NAMESPACE, "name": NAME, "labels": {"team": "shop"}, "annotations": {"note": "kept as it is: \"x\""}},
        "spec": {"hosts": ["reviews"], "http": [{"name": "all", "route": [{"destination": {"host": "reviews"}}], "timeout": "15s"}]}})
}

/// The whole object as text, but for what counts every write: its version and generation. Owners of fields and their
/// times are in it.
fn bytes(object: &Value) -> String {
    let mut object = object.clone();
    let metadata = object["metadata"].as_object_mut().unwrap();
    assert!(metadata.shift_remove("resourceVersion").is_some() && metadata.shift_remove("generation").is_some());
    object.to_string()
}

async fn stored(connection: &Connection, key: &ObjectKey) -> Option<Value> {
    connection.get(key).await.ok()
}

/// How many of so many requests each version of reviews answered; all of them well.
async fn ask(client: &str, requests: u32) -> BTreeMap<String, u32> {
    let counts = live::shop::ask(client, requests, "").await.unwrap();
    assert!(counts.keys().all(|(_, status)| *status == 200), "{counts:?}");
    counts.into_iter().map(|((version, _), count)| (version, count)).collect()
}

async fn taken_up(session: &Session, entry: journal::EntryId) -> u32 {
    let uptake = until("every proxy acknowledges", async || {
        let uptake = session.uptake(entry).await.map_err(|error| error.to_string())?;
        let all = uptake.settled
            && !uptake.rows.is_empty()
            && uptake.count(Taken::Acknowledged) as usize == uptake.rows.len();
        if all { Ok(uptake) } else { Err(format!("{:?} {:?}", uptake.rows, uptake.unknown)) }
    })
    .await
    .unwrap();
    uptake.count(Taken::Acknowledged)
}

async fn job(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let connection = session.connection().clone();
    clear(&connection, &keys(NAME)).await.unwrap();
    make(&connection, &found()).await.unwrap();
    // Somebody else's, as the server sees it.
    let other = json!([{"op": "replace", "path": "/metadata/managedFields/0/manager", "value": "by-hand"}]);
    connection.json_patch(&route_key(), &other, &Options::default()).await.unwrap();
    let before = stored(&connection, &route_key()).await.unwrap();
    until("the session sees the route", async || {
        session.world().document(&route_key()).map(|_| ()).ok_or("not yet".into())
    })
    .await
    .unwrap();

    // Draft: the route's text is edited, the subsets are new.
    let whole = session.document(&route_key()).await.unwrap();
    let split = json!([
        {"destination": {"host": "reviews", "subset": "v1"}, "weight": 80},
        {"destination": {"host": "reviews", "subset": "v3"}, "weight": 20}]);
    let text = yaml::edit(&whole.yaml, &[yaml::Edit::set("/spec/http/0/route", split.clone())]).unwrap();
    session.draft_put(&text, &whole.resource_version).await.unwrap();
    session.draft_put(&yaml::write(&subsets(NAME)), "").await.unwrap();

    // Review: the server has accepted both, nothing is written yet.
    let plan = session.review().await.unwrap();
    assert_eq!(plan.because.en, "");
    assert!(plan.steps.len() == 2 && plan.steps.iter().all(session::write::plan::Step::accepted), "{:?}", plan.steps);
    assert_eq!(
        stored(&connection, &route_key()).await.unwrap()["metadata"]["resourceVersion"],
        before["metadata"]["resourceVersion"]
    );
    assert!(stored(&connection, &rule_key()).await.is_none());

    // Apply, and every proxy takes it up.
    assert!(session.apply(&plan.token, "", &[]).await.is_err(), "fields of others are taken only by name");
    let applied = session.apply(&plan.token, "80/20 to v3", &["by-hand".to_owned()]).await.unwrap();
    assert_eq!(applied.state, journal::State::Applied, "{applied:?}");
    assert!(taken_up(&session, applied.entry).await > 0);
    let written = stored(&connection, &route_key()).await.unwrap();
    assert_eq!(written["spec"]["http"][0]["route"], split);
    assert_eq!(written["spec"]["http"][0]["timeout"], "15s");

    // The mesh does what the route says. 400 requests at 20 %: 80, with a standard deviation of 8; five of them.
    let client = client(&session).unwrap();
    // While the new clusters warm up a request may still fail; afterwards none does.
    until("no request goes to v2, and none fails", async || {
        let counts = live::shop::ask(&client, 20, "").await.map_err(|error| error.to_string())?;
        let arrived = counts.keys().all(|(version, status)| version != "v2" && *status == 200);
        if arrived { Ok(()) } else { Err(format!("{counts:?}")) }
    })
    .await
    .unwrap();
    let counts = ask(&client, REQUESTS).await;
    let of = |version: &str| counts.get(version).copied().unwrap_or(0);
    assert!(of("v2") == 0 && (40..=120).contains(&of("v3")) && of("v1") + of("v3") == REQUESTS, "{counts:?}");

    // Undo: byte for byte as before, and the mesh as well.
    let back = session.undo_review(applied.entry).await.unwrap();
    let undone = session.undo(applied.entry, &back.token).await.unwrap();
    assert_eq!(undone.state, journal::State::Applied, "{undone:?}");
    let after = stored(&connection, &route_key()).await.unwrap();
    assert_eq!(bytes(&after), bytes(&before), "byte for byte, and nobody owns another field than before");
    assert!(stored(&connection, &rule_key()).await.is_none(), "the new object is gone");
    assert!(taken_up(&session, undone.entry).await > 0);
    until("all versions answer again", async || {
        let counts = live::shop::ask(&client, 60, "").await.map_err(|error| error.to_string())?;
        let all = counts.len() == 3 && counts.keys().all(|(_, status)| *status == 200);
        if all { Ok(()) } else { Err(format!("{counts:?}")) }
    })
    .await
    .unwrap();
    let told = session.entry_told(applied.entry).await.unwrap();
    assert_eq!(told.row.entry.state, journal::State::Undone);
    eprintln!("80/20 of {REQUESTS}: {counts:?}");
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_weight_is_moved_watched_and_undone() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &keys(NAME), job).await.unwrap();
}
