//! The studio on a genuine mesh: policies from traffic let in who was seen and nobody else; the matrix says what the mesh does; a step to STRICT that breaks a caller goes back by itself.
#![cfg(test)]

use std::path::PathBuf;

use journal::State;
use live::cluster::kubeconfig;
use live::shop::{NAMESPACE, clear, fetch, open, until};
use live::work::{Kept, apply, counted, kept, pod, promised, scope, undo};
use mesh::Outcome;
use serde_json::Value;
use session::strict::{State as StrictState, Strict};
use world::ObjectKey;

/// Whatever these jobs may make, should it be left behind.
fn everything() -> Vec<ObjectKey> {
    let of = |kind: &str, name: &str| ObjectKey::new("security.istio.io", kind, NAMESPACE, name);
    vec![of("AuthorizationPolicy", "callers-of-ratings"), of("PeerAuthentication", "default")]
}

/// Whether each request was answered so.
fn answered(answers: &[Value], status: u64) -> Kept {
    let found: Vec<&Value> = answers.iter().map(|answer| &answer["status"]).collect();
    kept(found.iter().all(|found| **found == status), found)
}

async fn policies(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let connection = session.connection().clone();
    clear(&connection, &everything()).await.unwrap();
    counted(&session).await.unwrap();
    let details = pod(&session, NAMESPACE, "details-v1").unwrap();
    let ratings = async || fetch(&details, "http://ratings:9080/", 5, "").await;
    let made = session.policies_seen(&scope("ratings")).await.unwrap();
    let callers: Vec<&str> = made.let_in.iter().map(|one| one.account.1.as_str()).collect();
    assert!(callers.contains(&"reviews") && made.let_in.iter().all(|one| one.ports == [9080]), "{made:#?}");
    assert!(!callers.contains(&"details"), "details was never seen to call ratings: {callers:?}");

    // In dry-run it refuses nobody, not even the stranger.
    let first = apply(&session, &made.dishes, "in dry-run").await.unwrap();
    until("the session sees it", async || {
        session.world().document(&made.dishes[0].key).map(|_| ()).ok_or("not yet".into())
    })
    .await
    .unwrap();
    assert!(answered(&ratings().await.unwrap(), 200).holds);
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
    let dish = session.strict_step(NAMESPACE, true).await.unwrap();
    let entry = apply(&session, &[dish], "to STRICT").await.unwrap();
    until("the step is taken back by itself", async || {
        let told = session.entry_told(entry).await.map_err(|error| error.to_string())?;
        let strict = session.strict().await.map_err(|error| error.to_string())?;
        let undone = told.row.entry.state == State::Undone && strict.guarded.is_empty();
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
async fn policies_from_traffic_let_in_who_was_seen() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &everything(), policies).await.unwrap();
}
