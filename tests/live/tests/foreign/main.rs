//! Genuine controllers of rollouts take our orders, and drive what our plans are written as. Where one is not installed, it is said and skipped.
#![cfg(test)]

mod argo;
mod flagger;

use std::path::PathBuf;
use std::sync::Arc;

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
    assert!(applied.objects.iter().all(|ended| ended.because.en.is_empty()), "{order:?}: {applied:?}");
    applied.entry
}

/// Does a job with the controller of a kind, in a namespace of its own.
async fn with<F: Future<Output = ()>>(
    (name, group, kind): (&'static str, &'static str, &'static str),
    namespace: &'static str,
    work: impl FnOnce(Arc<Session>) -> F + 'static,
) {
    let Some(path) = kubeconfig() else { return };
    let place = ObjectKey::new("", "Namespace", "", namespace);
    let job = async move |path, folder: PathBuf| {
        let (workbench, session) = live::shop::open_as("real", path, &folder).await.unwrap();
        let connection = session.connection();
        if connection.apis().await.unwrap().find(group, kind).is_none() {
            eprintln!("skipped: {name} is not installed in this cluster");
            return;
        }
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        live::shop::make(connection, &object).await.unwrap();
        work(session.clone()).await;
        workbench.close(session.id());
    };
    live::shop::job(path, &[place], job).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn argo_rollouts_takes_our_orders() {
    with(("Argo Rollouts", "argoproj.io", "Rollout"), argo::NAMESPACE, argo::run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flagger_takes_our_orders() {
    with(("Flagger", "flagger.app", "Canary"), flagger::NAMESPACE, flagger::run).await;
}
