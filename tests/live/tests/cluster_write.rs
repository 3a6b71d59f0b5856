//! Writing to a genuine cluster, in a namespace of its own that is gone afterwards.

use std::panic::AssertUnwindSafe;

use cluster::{Cause, Connection, Options, Preconditions};
use futures::FutureExt;
use live::cluster::{Following, kubeconfig, open};
use serde_json::{Value, json};
use world::ObjectKey;

fn route(namespace: &str, weight: u32) -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": namespace, "name": "reviews"},
        "spec": {"hosts": ["reviews"], "http": [{"route": [
            {"destination": {"host": "reviews", "subset": "v1"}, "weight": weight},
            {"destination": {"host": "reviews", "subset": "v2"}, "weight": 100 - weight}]}]}})
}

async fn namespaced<T>(connection: &Connection, name: &str, run: impl Future<Output = T>) -> T {
    let key = ObjectKey::new("", "Namespace", "", name);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    connection.apply(&namespace, &Options::default()).await.unwrap();
    let outcome = AssertUnwindSafe(run).catch_unwind().await;
    connection.delete(&key, &Preconditions::default(), false).await.unwrap();
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[tokio::test]
async fn a_route_is_tried_applied_patched_and_deleted_and_each_refusal_is_understood() {
    let Some(path) = kubeconfig() else { return };
    let connection = open(path.clone(), "real").await.unwrap();
    let namespace = format!("netloft-write-{}", std::process::id());
    let viewer = open(path, "real-viewer").await.unwrap();
    Box::pin(namespaced(&connection, &namespace, writes(&connection, &viewer, &namespace))).await;
}

async fn writes(connection: &Connection, viewer: &Connection, namespace: &str) {
    let key = ObjectKey::new("networking.istio.io", "VirtualService", namespace, "reviews");
    let strict = Options { field_validation: Some("Strict"), ..Options::default() };
    let mut following = Following::begin(connection, &[("networking.istio.io", "VirtualService")]);

    let tried = connection.apply(&route(namespace, 90), &Options { dry_run: true, ..strict.clone() }).await.unwrap();
    assert!(tried.object.pointer("/metadata/uid").is_some());
    assert!(matches!(connection.get(&key).await.unwrap_err().cause, Cause::NotFound { .. }), "a try stores nothing");

    let applied = connection.apply(&route(namespace, 90), &strict).await.unwrap().object;
    let text = |pointer: &str| applied.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let (uid, version) = (text("/metadata/uid"), text("/metadata/resourceVersion"));
    assert_eq!(text("/metadata/managedFields/0/manager"), "netloft");
    following.until("the watch tells", |world| world.document(&key).is_some_and(|d| d.uid == uid)).await.unwrap();

    let mut misspelt = route(namespace, 80);
    misspelt["spec"]["htp"] = json!([]);
    let Cause::Invalid { causes, .. } = connection.apply(&misspelt, &strict).await.unwrap_err().cause else { panic!() };
    assert!(causes[0].field.contains("htp"), "{causes:?}");

    let mut wrong = route(namespace, 80);
    wrong["spec"]["http"][0]["route"][0]["weight"] = json!("many");
    let Cause::Invalid { causes, .. } = connection.apply(&wrong, &strict).await.unwrap_err().cause else { panic!() };
    assert!(causes.iter().any(|cause| cause.field.contains("weight")), "{causes:?}");

    let forbidden = viewer.apply(&route(namespace, 80), &strict).await.unwrap_err();
    let Cause::Forbidden { verb, resource, .. } = &forbidden.cause else { panic!("{forbidden}") };
    assert_eq!((verb.as_str(), resource.as_str()), ("patch", "virtualservices.networking.istio.io"));

    let patch = json!([{"op": "test", "path": "/spec/http/0/route/0/weight", "value": 90},
        {"op": "replace", "path": "/spec/http/0/route/0/weight", "value": 70}]);
    let patched = connection.json_patch(&key, &patch, &Options::default()).await.unwrap().object;
    let refused = connection.json_patch(&key, &patch, &Options::default()).await.unwrap_err();
    assert!(matches!(refused.cause, Cause::Invalid { .. }), "{refused:?}");

    let old = Options { resource_version: Some(version.clone()), ..strict.clone() };
    let stale = connection.apply(&route(namespace, 50), &old).await.unwrap_err();
    assert!(matches!(stale.cause, Cause::Conflict { .. }), "{stale:?}");
    let stale = connection.replace(&patched, &old).await.unwrap_err();
    assert!(matches!(&stale.cause, Cause::Conflict { owners, .. } if owners.is_empty()), "{stale:?}");

    let exists = connection.create(&route(namespace, 50), &Options::default()).await.unwrap_err();
    assert!(matches!(exists.cause, Cause::Conflict { .. }), "{exists:?}");

    let kept = Preconditions { uid: Some(uid.clone()), resource_version: Some(version) };
    assert!(matches!(connection.delete(&key, &kept, false).await.unwrap_err().cause, Cause::Conflict { .. }));
    let current = patched.pointer("/metadata/resourceVersion").unwrap().as_str().unwrap().to_owned();
    let kept = Preconditions { uid: Some(uid), resource_version: Some(current) };
    connection.delete(&key, &kept, true).await.unwrap();
    assert!(connection.get(&key).await.is_ok(), "a try deletes nothing");
    connection.delete(&key, &kept, false).await.unwrap();
    following.until("the watch tells", |world| world.document(&key).is_none()).await.unwrap();
}

#[tokio::test]
async fn a_field_of_another_manager_is_named() {
    let Some(path) = kubeconfig() else { return };
    let connection = open(path, "real").await.unwrap();
    let namespace = format!("netloft-owner-{}", std::process::id());
    let key = ObjectKey::new("networking.istio.io", "VirtualService", &namespace, "reviews");
    namespaced(&connection, &namespace, async {
        connection.apply(&route(&namespace, 90), &Options::default()).await.unwrap();
        // What `replace` sets belongs to the same name but to another operation, which is another manager to the server.
        let mut theirs = connection.get(&key).await.unwrap();
        theirs["spec"]["http"][0]["route"][0]["weight"] = json!(60);
        theirs["spec"]["http"][0]["route"][1]["weight"] = json!(40);
        connection.replace(&theirs, &Options { resource_version: None, ..Options::default() }).await.unwrap();
        let conflict = connection.apply(&route(&namespace, 80), &Options::default()).await.unwrap_err();
        let Cause::Conflict { owners, .. } = &conflict.cause else { panic!("{conflict:?}") };
        assert!(
            owners.iter().any(|owner| owner.field.contains(".spec.http") && owner.manager == "netloft"),
            "{owners:?}"
        );
        let taken =
            connection.apply(&route(&namespace, 80), &Options { force: true, ..Options::default() }).await.unwrap();
        assert_eq!(taken.object.pointer("/spec/http/0/route/0/weight"), Some(&json!(80)));
    })
    .await;
}
