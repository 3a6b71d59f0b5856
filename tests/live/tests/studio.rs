//! The studio on a genuine mesh: policies from traffic let in who was seen and nobody else; the matrix says what the mesh does; a step to STRICT that breaks a caller goes back by itself.
#![cfg(test)]

use std::path::PathBuf;
use std::time::Duration;

use journal::State;
use live::cluster::kubeconfig;
use live::shop::{NAMESPACE, clear, client, fetch, make, open, until};
use live::work::{Kept, apply, kept, pod, promised, scope, undo};
use mesh::Outcome;
use serde_json::{Value, json};
use session::Session;
use session::policies::{CountedAt, Scope, Window};
use session::strict::{State as StrictState, Strict};
use world::ObjectKey;

/// Whatever these jobs may make, should it be left behind.
fn everything() -> Vec<ObjectKey> {
    let of = |kind: &str, name: &str| ObjectKey::new("security.istio.io", kind, NAMESPACE, name);
    let policies = ["callers-of-ratings", "callers-of-netloft-cache"].map(|name| of("AuthorizationPolicy", name));
    let cache =
        [("apps", "Deployment"), ("", "Service")].map(|(group, kind)| ObjectKey::new(group, kind, NAMESPACE, CACHE));
    policies.into_iter().chain([of("PeerAuthentication", "default")]).chain(cache).collect()
}

/// A round over all proxies takes a moment.
const LATE: Duration = Duration::from_secs(60);

/// A service with a port for HTTP and one over which go bytes, as far as its proxy knows.
const CACHE: &str = "netloft-cache";

fn cache() -> [Value; 2] {
    let (metadata, labels) = (json!({"name": CACHE, "namespace": NAMESPACE}), json!({"app": CACHE}));
    let container = json!({"name": "app", "image": "localhost/meshapp:1", "imagePullPolicy": "Never",
        "env": [{"name": "NAME", "value": CACHE}, {"name": "PORTS", "value": "9080 6379"}]});
    let spec = json!({"terminationGracePeriodSeconds": 1, "containers": [container]});
    let ports = json!([{"name": "tcp-cache", "port": 6379}, {"name": "http", "port": 9080}]);
    [
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": labels, "ports": ports}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {
            "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}}}),
    ]
}

/// Whether each request was answered so.
fn answered(answers: &[Value], status: u64) -> Kept {
    let found: Vec<&Value> = answers.iter().map(|answer| &answer["status"]).collect();
    kept(found.iter().all(|found| **found == status), found)
}

/// What the proxies of a workload of the shop counted of the ALLOW policies in dry-run.
async fn counted(session: &Session, workload: &str, tcp: bool) -> Result<Option<CountedAt>, String> {
    let runs = session.dry_runs().await.map_err(|error| error.to_string())?;
    let rows = runs.into_iter().filter(|run| run.namespace == NAMESPACE).flat_map(|run| run.counted.rows);
    let mut ours = rows.filter(|row| row.workload.1 == workload && row.tcp == tcp && !row.denies);
    Ok(ours.next())
}

/// Until every proxy was read once more: what was sent before is counted then.
async fn measured(session: &Session) {
    let mut traffic = session.traffic();
    let then = traffic.borrow().revision;
    let read = tokio::time::timeout(LATE, traffic.wait_for(|traffic| traffic.revision > then + 1));
    assert!(read.await.is_ok_and(|read| read.is_ok()), "the proxies are read in time");
}

async fn policies(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let connection = session.connection().clone();
    clear(&connection, &everything()).await.unwrap();
    let details = pod(&session, NAMESPACE, "details-v1").unwrap();
    let ratings = async || fetch(&details, "http://ratings:9080/", 5, "").await;
    // As long as this session looks: on a mesh that is older somebody may have called before.
    let lately = Scope { window: Window::Last(300), ..scope("ratings") };
    let made = until("who calls ratings is counted", async || {
        let made = session.policies_seen(&lately).await.map_err(|error| error.to_string())?;
        let is_there = made.let_in.iter().any(|one| one.account.1 == "reviews");
        if is_there { Ok(made) } else { Err(format!("{:?}, left: {:?}", made.let_in, made.left)) }
    })
    .await
    .unwrap();
    let callers: Vec<&str> = made.let_in.iter().map(|one| one.account.1.as_str()).collect();
    assert!(made.let_in.iter().all(|one| one.ports == [9080]), "{made:#?}");
    assert!(!callers.contains(&"details"), "details was never seen to call ratings: {callers:?}");

    // In dry-run it refuses nobody, not even the stranger.
    let first = apply(&session, &made.dishes, "in dry-run").await.unwrap();
    until("the session sees it", async || {
        session.world().document(&made.dishes[0].key).map(|_| ()).ok_or("not yet".into())
    })
    .await
    .unwrap();
    assert!(answered(&ratings().await.unwrap(), 200).holds);
    // What the engine foretells of it, Envoy has counted itself: each of the stranger's requests would be refused, the others' would not.
    let of_ratings = async || {
        let judged = counted(&session, "ratings-v1", false).await?;
        judged.ok_or_else(|| "not yet".to_owned())
    };
    until("the proxy judges by it", async || {
        ratings().await.map_err(|error| error.to_string())?;
        of_ratings().await.and_then(|judged| if judged.refused > 0.0 { Ok(()) } else { Err(format!("{judged:?}")) })
    })
    .await
    .unwrap();
    measured(&session).await;
    let before = of_ratings().await.unwrap();
    let sent = ratings().await.unwrap().len() as f64;
    let counted_then = until("each is counted once", async || {
        let judged = of_ratings().await?;
        let is_all = judged.refused == before.refused + sent && judged.of - judged.refused > before.of - before.refused;
        if is_all { Ok(judged) } else { Err(format!("{judged:?} after {before:?}")) }
    })
    .await
    .unwrap();
    assert!(counted_then.of > counted_then.refused, "who was seen is let in: {counted_then:?}");
    let runs = session.dry_runs().await.unwrap();
    let run = runs.iter().find(|run| run.namespace == NAMESPACE).unwrap();
    assert!(run.counted.silent.is_empty(), "{:?}", run.counted.silent);

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
    let second = apply(&session, &run.dishes, "enforced").await.unwrap();
    promised("a stranger is refused", async || Ok(answered(&ratings().await?, 403))).await.unwrap();
    let reviews = pod(&session, NAMESPACE, "reviews-v2").unwrap();
    promised("who was seen is let in", async || {
        Ok(answered(&fetch(&reviews, "http://ratings:9080/", 10, "").await?, 200))
    })
    .await
    .unwrap();
    undo(&session, second).await.unwrap();
    promised("in dry-run again it refuses nobody", async || Ok(answered(&ratings().await?, 200))).await.unwrap();
    undo(&session, first).await.unwrap();
    assert!(connection.get(&made.dishes[0].key).await.is_err(), "nothing is left");
    workbench.close(session.id());
}

async fn connections(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let connection = session.connection().clone();
    clear(&connection, &everything()).await.unwrap();
    for object in cache() {
        make(&connection, &object).await.unwrap();
    }
    let (caller, stranger) = (client(&session).unwrap(), pod(&session, NAMESPACE, "details-v1").unwrap());
    let ask = async |from: &str, port: u16, method: &str| {
        fetch(from, &format!("http://{CACHE}:{port}/&method={method}"), 4, "").await
    };
    for port in [6379, 9080] {
        promised("it serves", async || Ok(answered(&ask(&caller, port, "GET").await?, 200))).await.unwrap();
    }
    let scope = Scope { requests: true, ..scope(CACHE) };
    let made = until("both ways are counted", async || {
        let made = session.policies_seen(&scope).await.map_err(|error| error.to_string())?;
        let told: Vec<_> = made
            .let_in
            .iter()
            .map(|one| (one.account.1.as_str(), one.tcp, one.ports.as_slice(), one.requests.len()))
            .collect();
        let wanted: [(&str, bool, &[u16], usize); 2] = [("client", false, &[9080], 1), ("client", true, &[6379], 0)];
        if told == wanted { Ok(made) } else { Err(format!("{told:?}, left: {:?}", made.left)) }
    })
    .await
    .unwrap();

    // In dry-run it refuses nobody, not even a stranger.
    let first = apply(&session, &made.dishes, "in dry-run").await.unwrap();
    promised("a stranger gets a connection", async || Ok(answered(&ask(&stranger, 6379, "GET").await?, 200)))
        .await
        .unwrap();

    let judged = until("the proxy counts its connections", async || {
        ask(&stranger, 6379, "GET").await.map_err(|error| error.to_string())?;
        counted(&session, CACHE, true).await?.filter(|judged| judged.refused > 0.0).ok_or("not yet".into())
    })
    .await
    .unwrap();
    assert_eq!(judged.refused, judged.of, "nobody else opens any now: {judged:?}");

    // Enforced: by port where bytes go, and by method and path where HTTP does.
    until("the session sees it", async || {
        session.world().document(&made.dishes[0].key).map(|_| ()).ok_or("not yet".into())
    })
    .await
    .unwrap();
    let runs = session.dry_runs().await.unwrap();
    let run = runs.iter().find(|run| run.namespace == NAMESPACE).unwrap();
    let second = apply(&session, &run.dishes, "enforced").await.unwrap();
    promised("a stranger gets no connection, and who was seen goes on as it was seen", async || {
        let strange = ask(&stranger, 6379, "GET").await?;
        let cut = strange.iter().all(|answer| answer["status"].is_null());
        let (bytes, http) =
            (answered(&ask(&caller, 6379, "POST").await?, 200), answered(&ask(&caller, 9080, "GET").await?, 200));
        let other = answered(&ask(&caller, 9080, "POST").await?, 403);
        Ok(kept(cut && bytes.holds && http.holds && other.holds, (strange, bytes.saw, http.saw, other.saw)))
    })
    .await
    .unwrap();
    undo(&session, second).await.unwrap();
    undo(&session, first).await.unwrap();
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
    let load = tokio::task::spawn_local(plaintext(pod(&session, "outside", "legacy-v1").unwrap()));
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
    let dish = session.strict_step(NAMESPACE, None, true).await.unwrap();
    let entry = apply(&session, &[dish], "to STRICT").await.unwrap();
    until("the step is taken back by itself", async || {
        let told = session.entry_told(entry).await.map_err(|error| error.to_string())?;
        let strict = session.strict().await.map_err(|error| error.to_string())?;
        let undone = told.row.entry.state == State::Undone && strict.guards.is_empty();
        if undone { Ok(()) } else { Err(format!("{:?} {:?}", told.row.entry.state, strict.broken)) }
    })
    .await
    .unwrap();
    let legacy = pod(&session, "outside", "legacy-v1").unwrap();
    promised("the caller is served again", async || {
        Ok(answered(&fetch(&legacy, "http://reviews.shop:9080/", 5, "").await?, 200))
    })
    .await
    .unwrap();
    load.abort();
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_to_strict_that_breaks_a_caller_goes_back_by_itself() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &everything(), strict).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_opens_connections_is_let_in_by_port() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &everything(), connections).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_from_traffic_let_in_who_was_seen() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &everything(), policies).await.unwrap();
}
