//! Reading a genuine cluster: probe, follow, proxies, signals; as administrator and as a mere viewer.

use std::time::Duration;

use cluster::{Cause, Followed, Keep, Unreachable};
use live::cluster::{Following, kubeconfig, open};
use signals::{Of, Poller, Secured, SyncState, Traffic};
use world::{Coverage, ObjectKey};

const KINDS: [(&str, &str); 9] = [
    ("", "Namespace"),
    ("", "Service"),
    ("", "Pod"),
    ("", "ServiceAccount"),
    ("apps", "Deployment"),
    ("networking.istio.io", "VirtualService"),
    ("networking.istio.io", "DestinationRule"),
    ("security.istio.io", "PeerAuthentication"),
    ("example.invalid", "Nothing"),
];

#[tokio::test]
async fn a_probe_says_who_we_are_and_what_we_may() {
    let Some(path) = kubeconfig() else { return };
    for (context, may_route) in [("real", true), ("real-viewer", false)] {
        let connection = open(path.clone(), context).await.unwrap();
        let probed = connection.probe().await.unwrap();
        assert!(probed.kubernetes.starts_with('v') && !probed.user.is_empty(), "{probed:?}");
        assert!(probed.groups.iter().any(|group| group == "networking.istio.io"));
        assert!(probed.services.is_some_and(|count| count > 5), "{:?}", probed.services);
        let right = |what: &str| probed.rights.iter().find(|right| right.what == what).unwrap().allowed;
        assert_eq!((right("read"), right("route")), (Some(true), Some(may_route)));
        let route = probed.apis.find("networking.istio.io", "VirtualService").unwrap();
        assert_eq!((route.version.as_str(), route.plural.as_str(), route.namespaced), ("v1", "virtualservices", true));
    }
}

#[tokio::test]
async fn the_shop_is_followed() {
    let Some(path) = kubeconfig() else { return };
    let connection = open(path, "real").await.unwrap();
    let mut following = Following::begin(&connection, &KINDS);
    following.until("all kinds", Following::settled).await.unwrap();
    let world = &following.world;
    assert_eq!(world.coverage("example.invalid", "Nothing"), Coverage::Missing);
    assert_eq!(world.coverage("", "Pod"), Coverage::Ready);
    let reviews = world.pods_in("shop").filter(|pod| pod.workload.1 == "reviews-v1").count();
    assert!(reviews > 0 && world.service("shop", "reviews").is_some());
    assert!(world.workload("shop", "productpage-v1").is_some_and(|workload| workload.ready > 0));
}

#[tokio::test]
async fn slices_that_selectors_make_are_left_out_and_a_viewer_sees_no_nodes() {
    let Some(path) = kubeconfig() else { return };
    for (context, sees) in [("real", true), ("real-viewer", false)] {
        let connection = open(path.clone(), context).await.unwrap();
        let slices = Followed { picked: mesh::KEPT.into(), ..Followed::new(mesh::SLICES.0, mesh::SLICES.1) };
        let labels = Followed { keep: Keep::Labels, ..Followed::new("", "Node") };
        let mut following = Following::of(&connection, vec![slices, labels]);
        following.until("both kinds", Following::settled).await.unwrap();
        let world = &following.world;
        let nodes = world.coverage("", "Node");
        assert_eq!(
            (nodes == Coverage::Ready, matches!(nodes, Coverage::Denied(_))),
            (sees, !sees),
            "{context}: {nodes:?}"
        );
        assert!(world.documents_of("", "Node").all(|node| !node.labels.is_empty()), "{context}");
        assert_eq!(world.documents_of("", "Node").next().is_some(), sees, "{context}");
        let of: Vec<_> = world
            .documents_of(mesh::SLICES.0, mesh::SLICES.1)
            .filter_map(|slice| slice.labels.get("kubernetes.io/service-name"))
            .collect();
        // The API server keeps its own by hand; the shop's services have selectors.
        assert!(of.contains(&"kubernetes") && !of.contains(&"reviews"), "{context}: {of:?}");
    }
}

#[tokio::test]
async fn proxies_tell_how_they_are_and_what_flows() {
    let Some(path) = kubeconfig() else { return };
    let connection = open(path, "real").await.unwrap();
    let mut following = Following::begin(&connection, &KINDS);
    following.until("all kinds", Following::settled).await.unwrap();
    let world = &following.world;

    let health = signals::health(&connection, world).await;
    assert!(health.planes.iter().all(|plane| plane.answered), "{:?}", health.unknown);
    let page = health.rows.iter().find(|row| row.workload == "productpage-v1").unwrap();
    assert_eq!(page.types["CDS"].state, SyncState::Synced, "{page:?}");
    assert!(page.connected_at.is_some(), "{page:?}");
    let all: Vec<_> = signals::proxies(world).into_iter().filter(|proxy| proxy.namespace == "shop").collect();
    let looks = signals::Looker::default().look(&connection, &all).await;
    let look = looks[&(page.namespace.clone(), page.pod.clone())].as_ref().unwrap();
    let size = look.size.unwrap();
    assert!(size.bytes > 100_000 && size.clusters > 10 && size.listeners > 10 && size.routes > 10, "{size:?}");
    let roots: std::collections::BTreeSet<_> = looks.values().flatten().map(|look| look.root.as_str()).collect();
    assert!(roots.len() == 1 && !roots.contains(""), "{roots:?}");
    let certificate = look.certificate.as_ref().unwrap();
    assert_eq!(certificate.spiffe, "spiffe://cluster.local/ns/shop/sa/productpage");
    assert!(certificate.issuer.as_deref().is_some_and(|issuer| issuer.contains("cluster.local")), "{certificate:?}");

    let usage = signals::usage(&connection, world).await;
    assert!(usage.unknown.is_empty(), "{:?}", usage.unknown);
    assert!(usage.rows.iter().any(|row| row.memory_usage.is_some_and(|bytes| bytes > 1e6)));

    let proxies: Vec<_> = signals::proxies(world).into_iter().filter(|proxy| proxy.namespace == "shop").collect();
    let poller = Poller::new(connection.clone());
    let mut traffic = Traffic::new();
    // Envoy merges its histograms every 5 s, so a quantile may need some rounds more than a rate.
    let mut seen = None;
    for _ in 0..15 {
        let round = poller.round(&proxies).await;
        assert!(round.failed.is_empty(), "{:?}", round.failed);
        traffic.take(round, &proxies);
        let edges = traffic.edges(10.0, poller.now());
        seen = edges.into_iter().find(|e| e.from.as_ref().is_some_and(|from| from.name == "client-v1"));
        if seen.as_ref().is_some_and(|edge| edge.p50.is_some()) {
            break;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let edge = seen.expect("an edge from client-v1");
    assert_eq!(edge.to_service, Some(("shop".into(), "productpage".into())));
    assert!(edge.requests_per_second > 0.5 && edge.p50.is_some(), "{edge:?}");
    assert_eq!(edge.secured, Secured::Mtls);
    let inbound = traffic.inbound(10.0, poller.now());
    assert!(inbound.iter().any(|i| i.workload.name == "productpage-v1" && i.requests_per_second > 0.5), "{inbound:?}");
    let series = traffic.series(&Of::Service("shop".into(), "reviews".into()), 60.0, poller.now());
    assert!(series.lines.iter().any(|line| line.requests.iter().flatten().any(|rate| *rate > 0.5)), "{series:?}");
}

#[tokio::test]
async fn a_viewer_is_told_what_stays_unknown() {
    let Some(path) = kubeconfig() else { return };
    let connection = open(path, "real-viewer").await.unwrap();
    let mut following = Following::begin(&connection, &KINDS);
    following.until("all kinds", Following::settled).await.unwrap();
    let proxies = signals::proxies(&following.world);
    assert!(!proxies.is_empty());
    let health = signals::health(&connection, &following.world).await;
    assert!(
        health.unknown.iter().any(|unknown| unknown.because.en.contains("pods/portforward")),
        "{:?}",
        health.unknown
    );
    assert!(health.rows.iter().all(|row| row.worst().is_none()), "unknown is not green");
    let round = Poller::new(connection.clone()).round(&proxies).await;
    assert!(round.samples.is_empty());
    assert!(round.unknown.iter().any(|unknown| unknown.because.en.contains("pods/proxy")), "{:?}", round.unknown);
}

#[tokio::test]
async fn proxies_are_reached_both_ways() {
    let Some(path) = kubeconfig() else { return };
    let connection = open(path, "real").await.unwrap();
    let mut following = Following::begin(&connection, &[("", "Pod")]);
    following.until("pods", Following::settled).await.unwrap();
    let pod = following.world.pods_in("shop").find(|pod| pod.workload.1 == "client-v1").unwrap().name.clone();
    let filter = "/stats/prometheus?usedonly&filter=upstream_cx_total";
    let by_proxy = connection.pod_proxy_get("shop", &pod, 15090, filter).await.unwrap();
    let by_forward = connection.pod_forward_get("shop", &pod, 15000, filter).await.unwrap();
    for text in [by_proxy, by_forward] {
        let text = String::from_utf8(text.to_vec()).unwrap();
        assert!(text.contains("envoy_cluster_upstream_cx_total{") && !text.contains("upstream_rq_time"), "{text}");
    }
    let ready = connection.pod_forward_get("shop", &pod, 15000, "/ready").await.unwrap();
    assert_eq!(&ready[..], b"LIVE\n");
    let closed = connection.pod_forward_get("shop", &pod, 15099, "/ready").await.unwrap_err();
    assert!(matches!(closed.cause, Cause::Unreachable(_)), "{closed}");
    let gone = connection.pod_forward_get("shop", "no-such-pod", 15000, "/ready").await.unwrap_err();
    assert!(matches!(gone.cause, Cause::NotFound { .. }), "{gone}");
}

#[tokio::test]
async fn schemas_and_objects_are_read_on_demand() {
    let Some(path) = kubeconfig() else { return };
    let connection = open(path, "real").await.unwrap();
    let schema = connection.openapi("networking.istio.io", "v1", "VirtualService").await.unwrap();
    assert!(schema.pointer("/properties/spec/properties/http").is_some(), "{schema}");
    let service = connection.get(&ObjectKey::new("", "Service", "shop", "reviews")).await.unwrap();
    assert!(service.pointer("/metadata/managedFields").is_some(), "the whole object");
    let error = connection.get(&ObjectKey::new("", "Service", "shop", "nobody")).await.unwrap_err();
    assert!(
        matches!(error.cause, Cause::NotFound { .. }) && error.to_string().contains("Service shop/nobody"),
        "{error}"
    );
}

#[tokio::test]
async fn wrong_ways_in_say_what_is_wrong() {
    let Some(path) = kubeconfig() else { return };
    let text = std::fs::read_to_string(&path).unwrap();
    let folder = path.parent().unwrap().display();
    let authority = format!("certificate-authority: {folder}/pki/ca.crt");
    assert!(text.contains(&authority), "the kubeconfig has another shape than this test knows");
    let token = text.split("token: \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    type Is = fn(&Cause) -> bool;
    let cases: [(&str, String, Is); 5] = [
        ("unknown authority", text.replace(&authority, "namespace: x"), |cause| {
            matches!(cause, Cause::Untrusted(cluster::Untrusted::UnknownAuthority))
        }),
        (
            "wrong host",
            text.replace(&authority, &format!("tls-server-name: elsewhere.example, {authority}")),
            |cause| matches!(cause, Cause::Untrusted(cluster::Untrusted::WrongHost)),
        ),
        ("token", text.replace(&token, "wrong"), |cause| matches!(cause, Cause::Unauthenticated { .. })),
        ("refused", text.replace(":6443", ":1"), |cause| matches!(cause, Cause::Unreachable(Unreachable::Refused))),
        ("dns", text.replace("127.0.0.1", "no.such.host.invalid"), |cause| {
            matches!(cause, Cause::Unreachable(Unreachable::Dns))
        }),
    ];
    let scratch = std::env::temp_dir().join(format!("netloft-live-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).unwrap();
    for (what, changed, expected) in cases {
        let file = scratch.join("kubeconfig");
        std::fs::write(&file, changed).unwrap();
        let error = open(file, "real").await.unwrap().probe().await.unwrap_err();
        assert!(expected(&error.cause), "{what}: {error:?}");
        assert!(!error.hint().0.is_empty() && !error.to_string().contains(&token), "{what}: {error}");
    }
    std::fs::remove_dir_all(&scratch).unwrap();
}
