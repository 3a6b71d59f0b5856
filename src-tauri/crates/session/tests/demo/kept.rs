//! Endpoints that somebody keeps by hand, and where pods are: known as soon as they are there, and told where they may not be read.

use cluster::{Options, Preconditions};
use mesh::{Caller, Outcome, Request, Verdict};
use serde_json::json;
use world::ObjectKey;

use crate::bench::{Bench, Gate, LIMIT, bench};

/// A request of the storefront to a host, with its port.
fn request(host: &str) -> Request {
    Request {
        id: "1".into(),
        from: Caller::Workload { namespace: "prod".into(), workload: "storefront-v1".into() },
        via: None,
        method: "GET".into(),
        url: format!("http://{host}/"),
        headers: Vec::new(),
        at: None,
    }
}

/// A service that selects nothing, with a slice that lists a pod of reviews.
async fn keep(bench: &Bench) -> ObjectKey {
    let world = bench.session.world();
    let pod = world.pods_in("prod").find(|pod| pod.workload.1 == "reviews-v1").unwrap().clone();
    let metadata = |name: &str| json!({"name": name, "namespace": "prod"});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata("kept"),
        "spec": {"ports": [{"name": "http", "port": 8080}]}});
    let mut slice = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata("kept-1"),
        "addressType": "IPv4", "ports": [{"name": "http", "port": 8080}], "endpoints": [{"addresses": [pod.ip]}]});
    slice["metadata"]["labels"] = json!({"kubernetes.io/service-name": "kept"});
    for object in [service, slice] {
        bench.admin().create(&object, &Options::default()).await.unwrap();
    }
    ObjectKey::new(mesh::SLICES.0, mesh::SLICES.1, "prod", "kept-1")
}

/// What is said of a request once the world says what is waited for.
async fn once(bench: &Bench, host: &str, holds: impl Fn(&Verdict) -> bool) -> Verdict {
    let mut live = bench.session.live();
    tokio::time::timeout(LIMIT, async {
        loop {
            let verdict = bench.session.explain(request(host), false).await.unwrap();
            if holds(&verdict) {
                return verdict;
            }
            live.changed().await.unwrap();
        }
    })
    .await
    .expect("the answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_are_kept_by_hand_are_known() {
    let bench = bench(demo::Demo::client).await;
    let slice = keep(&bench).await;
    let verdict = once(&bench, "kept:8080", |verdict| verdict.outcome == Outcome::Forwarded).await;
    assert_eq!(verdict.destinations[0].workloads, ["reviews-v1"], "{verdict:?}");
    bench.admin().delete(&slice, &Preconditions::default(), false).await.unwrap();
    let verdict = once(&bench, "kept:8080", |verdict| verdict.outcome != Outcome::Forwarded).await;
    assert_eq!((verdict.outcome, verdict.status), (Outcome::NoDestination, Some(503)), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_read_is_told() {
    let bench = bench(|demo| Gate::of(demo, "endpointslices", "").client()).await;
    keep(&bench).await;
    let verdict = once(&bench, "kept:8080", |verdict| verdict.outcome != Outcome::Unresolved).await;
    assert_eq!(verdict.outcome, Outcome::Unknown, "{verdict:?}");
    assert!(verdict.unknown[0].because.en.contains("the right to list EndpointSlice is missing"), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_pods_are_is_told_where_nodes_may_not_be_read() {
    for (forbids, told) in [("", false), ("nodes", true)] {
        let bench = bench(|demo| Gate::of(demo, forbids, "").client()).await;
        // Where pods that fail are noticed, nearer ones are preferred.
        let rule = json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
            "metadata": {"name": "storefront", "namespace": "prod"},
            "spec": {"host": "storefront", "trafficPolicy": {"outlierDetection": {"consecutive5xxErrors": 5}}}});
        bench.admin().create(&rule, &Options::default()).await.unwrap();
        let fact = |step: &mesh::Step| step.because.en.contains("pods that fail are left out");
        let verdict = once(&bench, "storefront:8080", |verdict| verdict.trace.iter().any(fact)).await;
        assert_eq!(verdict.outcome, Outcome::Forwarded, "{verdict:?}");
        let says = |step: &mesh::Step| step.because.en.contains("the right to list Node is missing");
        assert_eq!(verdict.trace.iter().any(says), told, "{verdict:?}");
    }
}
