//! Which pods the genuine injector gives a sidecar, and where it reads how large: asked by dry-run, so that nothing runs for it.
#![cfg(test)]

use std::path::PathBuf;

use cluster::{Connection, Options};
use live::cluster::kubeconfig;
use live::shop::{NAMESPACE, clear, job, make, until};
use serde_json::{Value, json};
use world::{Change, Object, ObjectKey, Origin, World};

const INJECT: &str = "sidecar.istio.io/inject";
/// Namespaces by what is appended to their name, with their labels.
const NAMESPACES: [(&str, &[(&str, &str)]); 7] = [
    ("plain", &[]),
    ("enabled", &[("istio-injection", "enabled")]),
    ("disabled", &[("istio-injection", "disabled")]),
    ("revision", &[("istio.io/rev", "default")]),
    ("ambient", &[("istio.io/dataplane-mode", "ambient")]),
    ("both", &[("istio-injection", "enabled"), ("istio.io/dataplane-mode", "ambient")]),
    ("both-by-revision", &[("istio.io/rev", "default"), ("istio.io/dataplane-mode", "ambient")]),
];
const SAYS: [Option<&str>; 3] = [None, Some("true"), Some("false")];

fn named(what: &str) -> String {
    format!("netloft-injection-{what}")
}

fn keys() -> Vec<ObjectKey> {
    NAMESPACES.map(|(what, _)| ObjectKey::new("", "Namespace", "", &named(what))).to_vec()
}

fn pod(namespace: &str, labels: Value, annotations: Value, container: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asked", "namespace": namespace, "labels": labels,
        "annotations": annotations}, "spec": {"containers": [container]}, "status": {"phase": "Running"}})
}

fn said(says: Option<&str>) -> Value {
    says.map_or_else(|| json!({}), |says| json!({INJECT: says}))
}

/// The pod as it would be made.
async fn admitted(connection: &Connection, pod: &Value) -> Result<Value, String> {
    let options = Options { dry_run: true, ..Options::default() };
    connection.create(pod, &options).await.map(|answer| answer.object).map_err(|error| error.to_string())
}

fn proxy(pod: &Value) -> Option<Value> {
    let all = ["containers", "initContainers"].into_iter().filter_map(|list| pod["spec"][list].as_array()).flatten();
    all.clone().find(|container| container["name"] == "istio-proxy").cloned()
}

async fn work(kubeconfig: PathBuf, _folder: PathBuf) {
    let connection = live::cluster::open(kubeconfig, "real").await.unwrap();
    clear(&connection, &keys()).await.unwrap();
    let mut asked = Vec::new();
    for (what, labels) in NAMESPACES {
        let labels: serde_json::Map<String, Value> =
            labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let metadata = json!({"name": named(what), "labels": labels.clone()});
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        until("its predecessor is gone", async || {
            make(&connection, &namespace).await.map_err(|error| error.to_string())
        })
        .await
        .unwrap();
        let world = World::new().after([Change::Put(Object::read(namespace, Origin::Cluster).unwrap())]);
        for (label, annotation) in SAYS.into_iter().flat_map(|label| SAYS.map(|annotation| (label, annotation))) {
            let pod = pod(&named(what), said(label), said(annotation), json!({"name": "app", "image": "app"}));
            let made = until("the namespace takes pods", async || admitted(&connection, &pod).await).await.unwrap();
            let bare = world.after([Change::Put(Object::read(pod, Origin::Cluster).unwrap())]);
            let ours = !signals::without_proxy(&bare).is_empty();
            // Who does not ask himself is in the mesh there all the same, by the node's ztunnel.
            let is_carried = labels.contains_key("istio.io/dataplane-mode") && label.is_none();
            asked.push((what, label, annotation, proxy(&made).is_some() && !is_carried, ours));
        }
    }
    let wrong: Vec<_> = asked.iter().filter(|(.., theirs, ours)| theirs != ours).collect();
    assert!(wrong.is_empty(), "namespace, label, annotation, the injector, we: {wrong:#?}");
    eprintln!("{} pods as the injector says", asked.len());

    // Annotations say how large a sidecar is, and nothing of a gateway, whose own container says it.
    let sizes = json!({"sidecar.istio.io/proxyCPU": "77m", "sidecar.istio.io/proxyCPULimit": "177m",
        "sidecar.istio.io/proxyMemory": "77Mi", "sidecar.istio.io/proxyMemoryLimit": "177Mi"});
    let sidecar = pod(NAMESPACE, json!({}), sizes.clone(), json!({"name": "app", "image": "app"}));
    let made = proxy(&admitted(&connection, &sidecar).await.unwrap()).unwrap();
    let all = json!({"requests": {"cpu": "77m", "memory": "77Mi"}, "limits": {"cpu": "177m", "memory": "177Mi"}});
    assert_eq!(made["resources"], all);
    let mut annotations = sizes;
    annotations["inject.istio.io/templates"] = "gateway".into();
    let own = json!({"name": "istio-proxy", "image": "auto", "resources": {"requests": {"cpu": "33m"}}});
    let gateway = pod(NAMESPACE, said(Some("true")), annotations, own);
    let made = proxy(&admitted(&connection, &gateway).await.unwrap()).unwrap();
    assert_eq!(made["resources"], json!({"requests": {"cpu": "33m"}}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sidecars_are_missed_where_the_injector_would_make_them() {
    let Some(path) = kubeconfig() else { return };
    job(path, &keys(), work).await.unwrap();
}
