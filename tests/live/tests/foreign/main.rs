//! Genuine controllers of rollouts take our orders, and drive what our plans are written as. Where one is not installed, it is said and skipped.
#![cfg(test)]

mod argo;
mod flagger;

use cluster::Connection;
use live::cluster::kubeconfig;
use serde_json::{Value, json};
use session::Session;
use session::rollout::Order;
use world::ObjectKey;

/// A version of an app.
fn template(app: &str, version: &str) -> Value {
    let env = json!([{"name": "NAME", "value": app}, {"name": "VERSION", "value": version}, {"name": "PORTS", "value": "8080 9999"}]);
    let container = json!({"name": "web", "image": "localhost/meshapp:1", "imagePullPolicy": "Never", "env": env});
    json!({"metadata": {"labels": {"app": app}}, "spec": {"containers": [container]}})
}

/// The weights of a route's first rule.
async fn split(connection: &Connection, route: &ObjectKey) -> Vec<u64> {
    let route = connection.get(route).await.unwrap_or_default();
    let all = route.pointer("/spec/http/0/route").and_then(Value::as_array).cloned().unwrap_or_default();
    all.iter().map(|to| to["weight"].as_u64().unwrap_or(0)).collect()
}

/// An order as the window gives it: reviewed, then written. The entry of the journal.
async fn give(session: &Session, of: &ObjectKey, order: Order) -> i64 {
    let review = session.foreign_review(of, order).await.unwrap();
    let applied = session.apply(&review.token, "", &[]).await.unwrap();
    assert!(applied.objects.iter().all(|ended| ended.because.is_empty()), "{order:?}: {applied:?}");
    applied.entry
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn argo_rollouts_takes_our_orders() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &[argo::place()], argo::job).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flagger_takes_our_orders() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &[flagger::place()], flagger::job).await.unwrap();
}
