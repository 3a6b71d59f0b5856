//! The studio on a genuine mesh: each recipe does what it promises and is undone to the byte; policies from traffic let in who was seen and
//! nobody else; the matrix says what the mesh does; a step to STRICT that breaks a caller goes back by itself.
#![cfg(test)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use cluster::{Connection, Options};
use journal::State;
use live::cluster::kubeconfig;
use live::shop::{NAMESPACE, ask, clear, client, fetch, keys, make, open, subsets, until};
use mesh::Outcome;
use serde_json::{Value, json};
use session::Session;
use session::policies::{Scope, Window};
use session::recipes::{ALL, Dish, Takes};
use session::strict::{State as StrictState, Strict};
use world::ObjectKey;

const NAME: &str = "netloft-studio";
/// By header alone; what others use would be in the way.
const HEADER: &str = "x-netloft:yes";

/// As somebody has it before us: all requests to any version.
fn route() -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": NAMESPACE, "name": NAME},
        "spec": {"hosts": ["reviews"], "http": [{"name": "all", "route": [{"destination": {"host": "reviews"}}]}]}})
}

/// Whatever a recipe may make, should it be left behind.
fn everything() -> Vec<ObjectKey> {
    let policy = |name: &str| ObjectKey::new("security.istio.io", "AuthorizationPolicy", NAMESPACE, name);
    let of = |group: &str, kind: &str, namespace: &str, name: &str| ObjectKey::new(group, kind, namespace, name);
    let callers = ["reviews", "productpage", "details", "ratings"].map(|name| policy(&format!("callers-of-{name}")));
    keys(NAME)
        .into_iter()
        .chain(callers)
        .chain([
            policy("nobody-else"),
            of("security.istio.io", "PeerAuthentication", "istio-system", "default"),
            of("security.istio.io", "PeerAuthentication", NAMESPACE, "default"),
            of("networking.istio.io", "Gateway", NAMESPACE, "reviews-edge"),
            of("networking.istio.io", "VirtualService", NAMESPACE, "reviews-edge"),
            of("networking.istio.io", "ServiceEntry", NAMESPACE, "api-example-com"),
        ])
        .collect()
}

fn values(id: &str) -> BTreeMap<String, String> {
    let recipe = ALL.into_iter().find(|recipe| recipe.id == id).unwrap();
    let said = |name: &str, takes: Takes, usual: &str| match (name, takes) {
        (_, Takes::Service) => format!("{NAMESPACE}/reviews"),
        (_, Takes::Version) => "v3".to_owned(),
        ("header", _) => "x-netloft".to_owned(),
        ("percent", _) if id == "fault-test" => "100".to_owned(),
        ("percent", _) if id == "percent-canary" => "30".to_owned(),
        ("delay", _) => "10ms".to_owned(),
        ("namespace", _) if usual.is_empty() => NAMESPACE.to_owned(),
        _ => usual.to_owned(),
    };
    recipe.needs.iter().map(|need| (need.name.to_owned(), said(need.name, need.takes, need.usual))).collect()
}

/// The objects as they are stored, without what every write counts.
async fn stored(connection: &Connection) -> Vec<Option<String>> {
    let mut all = Vec::new();
    for key in everything() {
        let object = connection.get(&key).await.ok().map(|mut object| {
            let metadata = object["metadata"].as_object_mut().unwrap();
            metadata.shift_remove("resourceVersion");
            metadata.shift_remove("generation");
            object.to_string()
        });
        all.push(object);
    }
    all
}

async fn apply(session: &Session, dishes: &[Dish], why: &str) -> i64 {
    for dish in dishes {
        session.draft_put(&dish.after, &dish.base).await.unwrap();
    }
    let plan = session.review().await.unwrap();
    assert_eq!(plan.because, "", "{why}");
    let owners: Vec<String> =
        plan.steps.iter().flat_map(|step| &step.conflicts).map(|conflict| conflict.manager.clone()).collect();
    let applied = session.apply(&plan.token, why, &owners).await.unwrap();
    assert_eq!(applied.state, State::Applied, "{why}: {applied:?}");
    applied.entry
}

async fn undo(session: &Session, entry: i64) {
    let plan = session.undo_review(entry).await.unwrap();
    assert_eq!(plan.because, "");
    assert_eq!(session.undo(entry, &plan.token).await.unwrap().state, State::Applied);
}

fn pod(session: &Session, namespace: &str, workload: &str) -> String {
    let world = session.world();
    world.pods_in(namespace).find(|pod| pod.workload.1 == workload).map(|pod| pod.ip.clone()).unwrap()
}

/// Waits until the mesh answers so, for what is measured takes a moment to arrive at every proxy.
async fn promised(what: &str, holds: impl AsyncFn() -> Result<bool, Box<dyn std::error::Error>>) {
    until(what, async || match holds().await {
        Ok(true) => Ok(()),
        Ok(false) => Err("not yet".to_owned()),
        Err(error) => Err(error.to_string()),
    })
    .await
    .unwrap();
}

fn share(counts: &BTreeMap<(String, u64), u32>, version: &str) -> f64 {
    let all: u32 = counts.values().sum();
    let of: u32 = counts.iter().filter(|((v, status), _)| v == version && *status == 200).map(|(_, n)| n).sum();
    f64::from(of) / f64::from(all.max(1))
}

fn well(counts: &BTreeMap<(String, u64), u32>) -> bool {
    counts.keys().all(|(_, status)| *status == 200)
}

/// What the recipe promises, asked of the mesh.
async fn keeps_its_promise(id: &str, session: &Session, caller: &str) {
    match id {
        "header-canary" => {
            promised("with the header to v3, without it anywhere", async || {
                let (with, without) = (ask(caller, 20, HEADER).await?, ask(caller, 30, "").await?);
                Ok(share(&with, "v3") == 1.0 && well(&without) && share(&without, "v3") < 1.0)
            })
            .await;
        }
        "percent-canary" => {
            // 200 requests at 30 %: 60, with a standard deviation of 6.5; four of them.
            promised("about 30 % to v3", async || {
                let counts = ask(caller, 200, "").await?;
                Ok(well(&counts) && (0.17..=0.43).contains(&share(&counts, "v3")))
            })
            .await;
        }
        "blue-green" => {
            promised("all to v3", async || Ok(share(&ask(caller, 40, "").await?, "v3") == 1.0)).await;
        }
        "fault-test" => {
            promised("with the header a fault, without it none", async || {
                let (with, without) = (ask(caller, 10, HEADER).await?, ask(caller, 10, "").await?);
                Ok(with.keys().all(|(_, status)| *status == 503) && well(&without))
            })
            .await;
        }
        "mesh-strict" => {
            let legacy = pod(session, "outside", "legacy-v1");
            promised("no plaintext, and the mesh goes on", async || {
                let plain = fetch(&legacy, "http://reviews.shop:9080/", 5, "").await?;
                Ok(plain.iter().all(|answer| answer["status"] != 200) && well(&ask(caller, 10, "").await?))
            })
            .await;
        }
        "default-deny" => {
            let stranger = pod(session, "outside", "legacy-v1");
            promised("who was seen is let in, a stranger is not", async || {
                let strange = fetch(&stranger, "http://reviews.shop:9080/", 5, "").await?;
                let seen = fetch(caller, "http://productpage:9080/", 5, "").await?;
                Ok(strange.iter().all(|answer| answer["status"] == 403) && seen.iter().all(|a| a["status"] == 200))
            })
            .await;
        }
        // What they do shows under load, at an edge that is not here, or at a host that is not here: they must do no harm.
        _ => promised("requests go on", async || Ok(well(&ask(caller, 20, "").await?))).await,
    }
}

async fn recipes(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let connection = session.connection().clone();
    clear(&connection, &everything()).await.unwrap();
    make(&connection, &subsets(NAME)).await.unwrap();
    make(&connection, &route()).await.unwrap();
    // Somebody else's, as the server sees it: of what is ours anyway a server notes the last time alone.
    let other = json!([{"op": "replace", "path": "/metadata/managedFields/0/manager", "value": "by-hand"}]);
    for key in keys(NAME) {
        connection.json_patch(&key, &other, &Options::default()).await.unwrap();
    }
    until("the session sees the route", async || {
        session.world().document(&keys(NAME)[0]).map(|_| ()).ok_or("not yet".into())
    })
    .await
    .unwrap();
    let caller = client(&session).unwrap();
    seen(&session).await;
    let before = stored(&connection).await;
    for recipe in ALL {
        let dishes = session.recipe(recipe.id, &values(recipe.id)).await.unwrap();
        let entry = apply(&session, &dishes, recipe.id).await;
        keeps_its_promise(recipe.id, &session, &caller).await;
        undo(&session, entry).await;
        assert_eq!(stored(&connection).await, before, "{}: undone to the byte", recipe.id);
        until("the session sees it undone", async || {
            let left = dishes.iter().find(|dish| dish.base.is_empty() && session.world().document(&dish.key).is_some());
            left.map_or(Ok(()), |dish| Err(dish.key.to_string()))
        })
        .await
        .unwrap();
        eprintln!("{}: kept its promise and is undone", recipe.id);
    }
    workbench.close(session.id());
}

/// Until the proxies have counted who calls whom in the shop.
async fn seen(session: &Arc<Session>) {
    until("traffic is counted", async || {
        let made = session.policies_seen(&scope("")).await.map_err(|error| error.to_string())?;
        let services: Vec<&str> = made.let_in.iter().map(|one| one.service.1.as_str()).collect();
        let all = ["productpage", "reviews", "details", "ratings"].iter().all(|name| services.contains(name));
        if all { Ok(()) } else { Err(format!("{services:?}, left: {:?}", made.left)) }
    })
    .await
    .unwrap();
}

fn scope(service: &str) -> Scope {
    Scope { namespace: NAMESPACE.into(), service: service.into(), window: Window::Ever, requests: false }
}

async fn policies(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let connection = session.connection().clone();
    clear(&connection, &everything()).await.unwrap();
    seen(&session).await;
    let details = pod(&session, NAMESPACE, "details-v1");
    let ratings = async || fetch(&details, "http://ratings:9080/", 5, "").await;
    let status = |answers: &[Value], status: u64| answers.iter().all(|answer| answer["status"] == status);
    let made = session.policies_seen(&scope("ratings")).await.unwrap();
    let callers: Vec<&str> = made.let_in.iter().map(|one| one.account.1.as_str()).collect();
    assert!(callers.contains(&"reviews") && made.let_in.iter().all(|one| one.ports == [9080]), "{made:#?}");
    assert!(!callers.contains(&"details"), "details was never seen to call ratings: {callers:?}");

    // In dry-run it refuses nobody, not even the stranger.
    let first = apply(&session, &made.dishes, "in dry-run").await;
    until("the session sees it", async || {
        session.world().document(&made.dishes[0].key).map(|_| ()).ok_or("not yet".into())
    })
    .await
    .unwrap();
    assert!(status(&ratings().await.unwrap(), 200));
    let runs = session.dry_runs().await.unwrap();
    let run = runs.iter().find(|run| run.namespace == NAMESPACE).unwrap();

    // Enforced: who was seen goes on, the stranger is refused, and the matrix had said so.
    for dish in &run.dishes {
        session.draft_put(&dish.after, &dish.base).await.unwrap();
    }
    let matrix = session.matrix(&[NAMESPACE.into()], true).await.unwrap();
    let column = matrix.columns.iter().position(|column| column.service == "ratings").unwrap();
    let said = |workload: &str| {
        let row = matrix.rows.iter().position(|row| row.1 == workload).unwrap();
        matrix.cells[row * matrix.columns.len() + column].outcome
    };
    assert_eq!((said("reviews-v2"), said("details-v1")), (Outcome::Forwarded, Outcome::Denied));
    let second = apply(&session, &run.dishes, "enforced").await;
    promised("a stranger is refused", async || Ok(status(&ratings().await?, 403))).await;
    let reviews = pod(&session, NAMESPACE, "reviews-v2");
    promised("who was seen is let in", async || {
        Ok(status(&fetch(&reviews, "http://ratings:9080/", 10, "").await?, 200))
    })
    .await;
    undo(&session, second).await;
    promised("in dry-run again it refuses nobody", async || Ok(status(&ratings().await?, 200))).await;
    undo(&session, first).await;
    assert!(connection.get(&made.dishes[0].key).await.is_err(), "nothing is left");
    workbench.close(session.id());
}

/// A caller without a proxy that calls without an end.
async fn plaintext(legacy: String) {
    loop {
        drop(fetch(&legacy, "http://reviews.shop:9080/", 10, "").await);
    }
}

async fn strict(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    clear(session.connection(), &everything()).await.unwrap();
    session.strict_keep_watch();
    let load = tokio::task::spawn_local(plaintext(pod(&session, "outside", "legacy-v1")));
    let blocked = |strict: &Strict| {
        let shop = strict.rows.iter().find(|row| row.namespace == NAMESPACE)?;
        shop.callers.iter().any(|one| one.caller.is_empty()).then(|| shop.clone())
    };
    let shop = until("the caller without a proxy is noted", async || {
        let strict = session.strict().await.map_err(|error| error.to_string())?;
        blocked(&strict).ok_or(format!("{:?}", strict.rows))
    })
    .await
    .unwrap();
    assert_eq!((shop.state, shop.strict), (StrictState::Blocked, 0), "{shop:?}");

    // All the same, with a guard: the caller breaks, and the step goes back by itself.
    let dish = session.strict_step(NAMESPACE, true).await.unwrap();
    let entry = apply(&session, &[dish], "to STRICT").await;
    until("the step is taken back by itself", async || {
        let told = session.entry_told(entry).await.map_err(|error| error.to_string())?;
        let strict = session.strict().await.map_err(|error| error.to_string())?;
        let undone = told.row.entry.state == State::Undone && strict.guarded.is_empty();
        if undone { Ok(()) } else { Err(format!("{:?} {:?}", told.row.entry.state, strict.broken)) }
    })
    .await
    .unwrap();
    let legacy = pod(&session, "outside", "legacy-v1");
    promised("the caller is served again", async || {
        let answers = fetch(&legacy, "http://reviews.shop:9080/", 5, "").await?;
        Ok(answers.iter().all(|answer| answer["status"] == 200))
    })
    .await;
    load.abort();
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_to_strict_that_breaks_a_caller_goes_back_by_itself() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &everything(), strict).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_recipe_keeps_its_promise_and_is_undone() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &everything(), recipes).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_from_traffic_let_in_who_was_seen() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &everything(), policies).await.unwrap();
}
