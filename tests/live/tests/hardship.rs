//! Proxies of a genuine mesh that fare badly: one that is starved of CPU says so, and without its control plane none is called healthy. Both
//! change the mesh for a while and leave it as it was.
#![cfg(test)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use live::cluster::kubeconfig;
use live::shop::{NAMESPACE, ask, client, open};
use serde_json::{Value, json};
use session::Session;
use session::map::Health;
use session::proxies::{Fleet, Proxy, Sync};
use tokio::sync::Mutex;
use tokio::task::LocalSet;
use tokio::time::timeout;
use world::ObjectKey;

/// How long a workload may take to begin anew, and its kubelet to tell of it.
const LONG: Duration = Duration::from_secs(240);
/// Both change what the other looks at.
static ONE: Mutex<()> = Mutex::const_new(());

fn deployment(namespace: &str, name: &str) -> ObjectKey {
    ObjectKey::new("apps", "Deployment", namespace, name)
}

async fn patch(kubeconfig: &std::path::Path, key: &ObjectKey, patch: &Value) {
    let connection = live::cluster::open(kubeconfig.to_owned(), "real").await.unwrap();
    connection.json_patch(key, patch, &cluster::Options::default()).await.unwrap();
}

/// Does the work after a patch; whatever happens, the other patch puts the mesh back.
async fn between(
    kubeconfig: PathBuf,
    key: ObjectKey,
    change: Value,
    back: Value,
    work: impl AsyncFnOnce(Arc<Session>) + 'static,
) {
    let _alone = ONE.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let (workbench, session) = open(kubeconfig.clone(), folder.path()).await.unwrap();
    let mut fleet = session.fleet();
    timeout(LONG, fleet.wait_for(|fleet| well(fleet))).await.expect("the shop is well").unwrap();
    patch(&kubeconfig, &key, &change).await;
    let local = LocalSet::new();
    let watched = session.clone();
    let ended = local.run_until(local.spawn_local(async move { work(watched).await })).await;
    patch(&kubeconfig, &key, &back).await;
    let again = timeout(LONG, fleet.wait_for(|fleet| well(fleet))).await;
    workbench.close(session.id());
    if let Err(failure) = ended {
        std::panic::resume_unwind(failure.into_panic());
    }
    again.expect("the shop is well again").unwrap();
}

fn of_shop(fleet: &Fleet) -> impl Iterator<Item = &Proxy> {
    fleet.proxies.iter().filter(|proxy| proxy.namespace == NAMESPACE)
}

fn well(fleet: &Fleet) -> bool {
    of_shop(fleet).count() == 7 && of_shop(fleet).all(|proxy| proxy.sync == Sync::Synced && proxy.ready)
}

async fn starved(session: Arc<Session>) {
    let mut fleet = session.fleet();
    let asking = client(&session).unwrap();
    let load = tokio::task::spawn_local(async move { while ask(&asking, 200, "").await.is_ok() {} });
    let named = |proxy: &Proxy| {
        proxy.workload == "ratings-v1" && proxy.ills.iter().any(|ill| ill.diagnosis.code == "cpu-throttled")
    };
    let seen = timeout(LONG, fleet.wait_for(|fleet| of_shop(fleet).any(named))).await;
    load.abort();
    let seen = seen.expect("throttling is named").unwrap().clone();
    let proxy = of_shop(&seen).find(|proxy| named(proxy)).unwrap();
    let ill = proxy.ills.iter().find(|ill| ill.diagnosis.code == "cpu-throttled").unwrap();
    assert!(ill.evidence[0].contains("20m"), "{ill:?}");
    eprintln!("{}: {}", proxy.pod, ill.evidence[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_is_starved_says_so() {
    let Some(path) = kubeconfig() else { return };
    let key = deployment(NAMESPACE, "ratings-v1");
    let connection = live::cluster::open(path.clone(), "real").await.unwrap();
    let found = connection.get(&key).await.unwrap();
    let sizes = json!({"sidecar.istio.io/proxyCPU": "10m", "sidecar.istio.io/proxyCPULimit": "20m"});
    let had = found.pointer("/spec/template/metadata/annotations").cloned();
    let mut whole = had.clone().unwrap_or_else(|| json!({}));
    whole.as_object_mut().unwrap().extend(sizes.as_object().unwrap().clone());
    let at = "/spec/template/metadata/annotations";
    let change = json!([{"op": "add", "path": at, "value": whole}]);
    let back = match had {
        Some(had) => json!([{"op": "replace", "path": at, "value": had}]),
        None => json!([{"op": "remove", "path": at}]),
    };
    between(path, key, change, back, starved).await;
}

async fn alone(session: Arc<Session>) {
    let mut fleet = session.fleet();
    let lost = |proxy: &Proxy| proxy.ills.iter().any(|ill| ill.diagnosis.code == "not-connected");
    let all = |fleet: &Arc<Fleet>| of_shop(fleet).count() == 7 && of_shop(fleet).all(lost);
    let seen = timeout(LONG, fleet.wait_for(all)).await.expect("not connected since").unwrap().clone();
    for proxy in of_shop(&seen) {
        let ill = proxy.ills.iter().find(|ill| ill.diagnosis.code == "not-connected").unwrap();
        assert!(proxy.health == Health::Bad && proxy.sync == Sync::Unknown, "{proxy:#?}");
        assert_eq!(ill.evidence[0], "no istiod runs");
        assert!(ill.evidence[1].starts_with("last seen connected to istio-system/istiod-"), "{ill:?}");
    }
    eprintln!("{}", of_shop(&seen).next().unwrap().diagnosis);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_control_plane_no_proxy_is_called_healthy() {
    let Some(path) = kubeconfig() else { return };
    let scaled = |to: u32| json!([{"op": "replace", "path": "/spec/replicas", "value": to}]);
    between(path, deployment("istio-system", "istiod"), scaled(0), scaled(1), alone).await;
}
