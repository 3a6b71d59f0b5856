//! Proxies of a genuine mesh that fare badly: one that is starved of CPU says so, without its control plane none is called healthy, and one whose
//! debug pages are shut is asked over xDS. All change the mesh for a while and leave it as it was.
#![cfg(test)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cluster::Cause;
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
/// Each changes what the others look at.
static ONE: Mutex<()> = Mutex::const_new(());

fn deployment(namespace: &str, name: &str) -> ObjectKey {
    ObjectKey::new("apps", "Deployment", namespace, name)
}

/// Patches a Deployment and waits until all of it is as it is asked for (kubectl, pkg/polymorphichelpers/rollout_status.go).
async fn patch(kubeconfig: &std::path::Path, key: &ObjectKey, patch: &Value) {
    let connection = live::cluster::open(kubeconfig.to_owned(), "real").await.unwrap();
    connection.json_patch(key, patch, &cluster::Options::default()).await.unwrap();
    let rolled_out = live::shop::within(LONG, "it is rolled out", async || {
        let found = connection.get(key).await.map_err(|error| error.to_string())?;
        let number = |at: &str| found.pointer(at).and_then(Value::as_i64).unwrap_or(0);
        let wanted = number("/spec/replicas");
        let counts = ["replicas", "updatedReplicas", "availableReplicas"];
        let as_wanted = counts.iter().all(|name| number(&format!("/status/{name}")) == wanted);
        let seen = number("/status/observedGeneration") >= number("/metadata/generation");
        if seen && as_wanted { Ok(()) } else { Err(format!("{:#}", found["status"])) }
    });
    rolled_out.await.unwrap();
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
    let seen = seen.expect("throttling is named").unwrap().clone();
    // Who looks but for a moment, as `netloft health` does, sees it too, while it is asked for as much as before.
    let looked = session.fleet_twice().await;
    let said = health_says(&kubeconfig().unwrap()).await;
    load.abort();
    for fleet in [&*seen, &looked] {
        let proxy = of_shop(fleet).find(|proxy| named(proxy)).unwrap_or_else(|| panic!("{fleet:#?}"));
        let ill = proxy.ills.iter().find(|ill| ill.diagnosis.code == "cpu-throttled").unwrap();
        assert!(ill.evidence[0].en.contains("20m"), "{ill:?}");
        eprintln!("{}: {}", proxy.pod, ill.evidence[0]);
    }
    let Some(rows) = said else { return };
    let row = rows.iter().find(|row| row["workload"] == "ratings-v1" && row["namespace"] == NAMESPACE).unwrap();
    let ills = row["diagnoses"].as_array().unwrap();
    let ill = ills.iter().find(|ill| ill["code"] == "cpu-throttled").unwrap_or_else(|| panic!("{row:#}"));
    assert!(ill["evidence"][0].as_str().unwrap().contains("at a limit of 20m"), "{ill:#}");
    eprintln!("netloft health: {}", row["why"]);
}

/// What `netloft health` prints, where the program was built beside these tests.
async fn health_says(kubeconfig: &std::path::Path) -> Option<Vec<Value>> {
    let program = std::env::current_exe().unwrap().parent()?.parent()?.join("netloft");
    if !program.exists() {
        eprintln!("{} is not built: what it prints was not looked at", program.display());
        return None;
    }
    let asked = ["health", "--context", "real", "--format", "json", "--kubeconfig"];
    let mut command = std::process::Command::new(program);
    command.args(asked).arg(kubeconfig);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(serde_json::from_slice(&ran.stdout).unwrap())
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
        assert_eq!(ill.evidence[0].en, "no istiod runs");
        assert!(ill.evidence[1].en.starts_with("last seen connected to istio-system/istiod-"), "{ill:?}");
    }
    eprintln!("{}", of_shop(&seen).next().unwrap().diagnosis);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_control_plane_no_proxy_is_called_healthy() {
    let Some(path) = kubeconfig() else { return };
    let scaled = |to: u32| json!([{"op": "replace", "path": "/spec/replicas", "value": to}]);
    between(path, deployment("istio-system", "istiod"), scaled(0), scaled(1), alone).await;
}

/// What `istioctl proxy-status` says of the shop's proxies, in its own words: pod → type → state. Nothing where no istioctl is named.
fn known_to_istioctl() -> Option<BTreeMap<String, BTreeMap<String, String>>> {
    let command = std::env::var("NETLOFT_ISTIOCTL").ok()?;
    let mut words = command.split_whitespace();
    let ran = std::process::Command::new(words.next()?).args(words).args(["proxy-status", "-o", "json"]).output();
    let ran = ran.unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let answer: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let of = |client: &Value| {
        let pod = client["node"]["id"].as_str()?.strip_suffix(".shop")?.to_owned();
        let of = |config: &Value| {
            let text = |field: &str| config[field].as_str().unwrap().to_owned();
            (text("typeUrl"), text("configStatus"))
        };
        Some((pod, client["genericXdsConfigs"].as_array()?.iter().map(of).collect()))
    };
    Some(answer["resources"].as_array().unwrap().iter().filter_map(of).collect())
}

/// A row of the fleet in the words of istioctl.
fn in_its_words(proxy: &Proxy) -> BTreeMap<String, String> {
    let url = |name: &str| match name {
        "CDS" => "cluster.v3.Cluster",
        "LDS" => "listener.v3.Listener",
        "EDS" => "endpoint.v3.ClusterLoadAssignment",
        "RDS" => "route.v3.RouteConfiguration",
        "ECDS" => "core.v3.TypedExtensionConfig",
        other => panic!("a type that istioctl does not name: {other}"),
    };
    let state = |state: Sync| match state {
        Sync::Synced => "SYNCED",
        Sync::NotSent => "NOT_SENT",
        Sync::Stale => "STALE",
        Sync::Error => "ERROR",
        Sync::Unknown | Sync::NoXds => panic!("a type without a state"),
    };
    let of = |kind: &session::proxies::TypeSync| {
        (format!("type.googleapis.com/envoy.config.{}", url(&kind.name)), state(kind.state).to_owned())
    };
    proxy.types.iter().map(of).collect()
}

async fn shut(session: Arc<Session>) {
    let mut fleet = session.fleet();
    let told = |fleet: &Arc<Fleet>| {
        let planes = &fleet.control_planes;
        planes.len() == 1 && planes[0].answered && planes[0].over_xds && well(fleet)
    };
    let seen = timeout(LONG, fleet.wait_for(told)).await.expect("all are told of over xDS").unwrap().clone();
    let (namespace, pod) = seen.control_planes[0].name.split_once('/').unwrap();
    let connection = session.connection();
    let page = connection.pod_forward_get(namespace, pod, 15014, "/debug/syncz").await.unwrap_err();
    assert!(matches!(page.cause, Cause::NotFound { .. }), "its pages are shut: {page}");
    for proxy in of_shop(&seen) {
        assert_eq!((proxy.control_plane.as_str(), proxy.connected_at), (seen.control_planes[0].name.as_str(), None));
        assert!(proxy.types.iter().all(|kind| kind.sent_at.is_some() || kind.state == Sync::NotSent), "{proxy:#?}");
    }
    let ours = |fleet: &Fleet| -> BTreeMap<_, _> { of_shop(fleet).map(|p| (p.pod.clone(), in_its_words(p))).collect() };
    // Whoever pushes in between makes another try.
    let same = live::shop::until("the states are those of istioctl", async || {
        let (ours, theirs) = (ours(&session.fleet_now().await), known_to_istioctl());
        if theirs.is_none() || theirs.as_ref() == Some(&ours) {
            Ok(theirs.map(|all| all.len()))
        } else {
            Err(format!("{ours:?}\n{theirs:?}"))
        }
    });
    match same.await.unwrap() {
        Some(equal) => eprintln!("{equal} proxies as istioctl says"),
        None => eprintln!("NETLOFT_ISTIOCTL names no istioctl: its states were not compared"),
    }
    let begun = std::time::Instant::now();
    connection.istiod_xds(namespace, pod, "/debug/syncz").await.unwrap();
    eprintln!("one question over xDS takes {:?}", begun.elapsed());
    // What istiod would send stands on a page alone.
    let proxy = &of_shop(&seen).next().unwrap().pod;
    let said = live::shop::until("why it is not compared", async || {
        let compared = session.proxy_compare(NAMESPACE, proxy).await.map_err(|error| error.to_string())?;
        if compared.because.en.is_empty() { Err("it is compared".into()) } else { Ok(compared.because.en.clone()) }
    });
    let because = said.await.unwrap();
    assert!(because.contains("debug pages of its control plane are shut"), "{because}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_istiod_whose_debug_pages_are_shut_is_asked_over_xds() {
    let Some(path) = kubeconfig() else { return };
    let key = deployment("istio-system", "istiod");
    let connection = live::cluster::open(path.clone(), "real").await.unwrap();
    let at = "/spec/template/spec/containers/0/env";
    let had = connection.get(&key).await.unwrap().pointer(at).cloned().unwrap();
    let change =
        json!([{"op": "add", "path": format!("{at}/-"), "value": {"name": "ENABLE_DEBUG_ON_HTTP", "value": "false"}}]);
    let back = json!([{"op": "replace", "path": at, "value": had}]);
    between(path, key, change, back, shut).await;
}
