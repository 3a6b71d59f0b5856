//! The Sidecar that is proposed for a namespace of a genuine mesh: what it was to save stands beside what it saves, requests go on, and undone it
//! leaves what was there.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use journal::State;
use live::cluster::kubeconfig;
use live::shop::{NAMESPACE, PATIENCE, client, fetch, job, open};
use session::past::Past;
use session::resources::Scope;
use session::traffic::Traffic;
use tokio::time::timeout;
use world::ObjectKey;

fn key() -> ObjectKey {
    ObjectKey::new("networking.istio.io", "Sidecar", NAMESPACE, "default")
}

/// Ten minutes that were kept before: so long calls have to be counted before a Sidecar is proposed.
async fn earlier(kubeconfig: &Path, folder: &Path) {
    let (workbench, session) = open(kubeconfig.to_owned(), folder).await.unwrap();
    let past = Past::of(folder, session.card().cluster(), "earlier");
    workbench.close(session.id());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for minute in (1..=10).rev() {
        past.keep(now - minute * 60, &[], &Default::default()).unwrap();
    }
}

async fn work(kubeconfig: PathBuf, folder: PathBuf) {
    earlier(&kubeconfig, &folder).await;
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let (mut fleet, mut traffic) = (session.fleet(), session.traffic());
    let all_call = |traffic: &Arc<Traffic>| {
        let edges = traffic.edges(60.0);
        ["productpage", "reviews", "ratings"]
            .iter()
            .all(|to| edges.iter().any(|edge| edge.to_service == Some((NAMESPACE.to_owned(), (*to).to_owned()))))
    };
    timeout(PATIENCE, traffic.wait_for(all_call)).await.expect("the shop's calls").unwrap();
    let mut until = async |what: &str, holds: &dyn Fn(&Scope) -> bool| {
        // Not by `wait_for`: it holds the watch that `scope` reads while it asks.
        let seen = async {
            while !holds(&session.scope(NAMESPACE)) {
                fleet.changed().await.unwrap();
            }
        };
        timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("{what}: {:#?}", session.scope(NAMESPACE)));
        session.scope(NAMESPACE)
    };
    let wide = until("its proxies are measured", &|scope| scope.clusters > 0).await;
    session.put_scope(NAMESPACE).await.unwrap();
    let plan = session.review().await.unwrap();
    let applied = session.apply(&plan.token, "", &[]).await.unwrap();
    assert_eq!(applied.state, State::Applied, "{applied:?}");
    until("nobody knows yet", &|scope| scope.has.is_some() && scope.clusters == 0).await;
    let narrow = until("measured anew", &|scope| scope.has.is_some() && scope.clusters > 0).await;
    let before = narrow.before.unwrap();
    let (saves, was_to) = (before.bytes - narrow.bytes, before.bytes - before.predicted.unwrap());
    eprintln!(
        "{} clusters and {:.0} bytes, then {} and {:.0}: {saves:.0} saved, {was_to:.0} predicted",
        before.clusters, before.bytes, narrow.clusters, narrow.bytes
    );
    assert!(narrow.clusters < wide.clusters && saves > 0.0, "{narrow:?}");
    assert!((saves / was_to - 1.0).abs() < 0.5, "it was to save {was_to}, and saves {saves}");
    let answers = fetch(&client(&session).unwrap(), "http://productpage:9080/", 20, "").await.unwrap();
    assert!(answers.iter().all(|answer| answer["status"] == 200), "{answers:?}");

    let back = session.undo_review(applied.entry).await.unwrap();
    session.undo(applied.entry, &back.token).await.unwrap();
    until("as wide as before", &|scope| scope.has.is_none() && scope.clusters == wide.clusters).await;
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_sidecar_saves_is_predicted_and_then_measured() {
    let Some(path) = kubeconfig() else { return };
    job(path, &[key()], work).await.unwrap();
}
