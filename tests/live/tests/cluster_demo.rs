//! The whole way from an API server to edges, on the built-in cluster.

use std::sync::Arc;
use std::time::Duration;

use cluster::{Batch, Connection, Followed, follow};
use demo::{Demo, Options};
use signals::{Edge, Of, Poller, Secured, SyncState, Traffic};
use tokio_util::sync::CancellationToken;
use world::{Coverage, World};

const KINDS: [(&str, &str); 5] = [
    ("", "Namespace"),
    ("", "Service"),
    ("", "Pod"),
    ("apps", "Deployment"),
    ("networking.istio.io", "VirtualService"),
];

async fn followed(connection: &Connection) -> World {
    let cancel = CancellationToken::new();
    let _stop = cancel.clone().drop_guard();
    let kinds = KINDS.iter().map(|(group, kind)| Followed::new(group, kind)).collect();
    let mut batches = follow(connection.clone(), kinds, cancel);
    let mut world = World::new();
    let end = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        match tokio::time::timeout_at(end, batches.recv()).await {
            Ok(Some(Batch::Changes(changes))) => world = world.after(changes),
            Ok(Some(Batch::Coverage { group, kind, coverage })) => world = world.covering(&group, &kind, coverage),
            Ok(Some(Batch::Heard)) => {}
            other => panic!("{other:?}: {:?}", world.coverages().collect::<Vec<_>>()),
        }
        if KINDS.iter().all(|(group, kind)| world.coverage(group, kind) == Coverage::Ready) {
            return world;
        }
    }
}

fn start() -> (Arc<Demo>, Connection) {
    let demo = Demo::start(&Options::default()).unwrap();
    let connection = Connection::from_client(demo.client(), "demo");
    (demo, connection)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_flows() {
    let (_demo, connection) = start();
    let world = followed(&connection).await;
    let proxies = signals::counting(&world);
    assert!(proxies.len() > 8, "{}", proxies.len());
    let poller = Poller::new(connection);
    let mut traffic = Traffic::new();
    let end = tokio::time::Instant::now() + Duration::from_secs(60);
    let edges = loop {
        let round = poller.round(&proxies).await;
        assert!(round.failed.is_empty(), "{:?}", round.failed);
        traffic.take(round, &proxies);
        let edges = traffic.edges(10.0, poller.now());
        let lively = |edge: &&Edge| edge.from.is_some() && edge.to_service.is_some() && edge.p50.is_some();
        if edges.iter().filter(lively).count() > 5 {
            break edges;
        }
        assert!(tokio::time::Instant::now() < end, "{edges:#?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    assert!(edges.iter().any(|edge| edge.secured == Secured::Mtls), "{edges:#?}");
    assert!(traffic.inbound(10.0, poller.now()).iter().any(|inbound| inbound.requests_per_second > 0.0));
    let (namespace, name) = edges.iter().find_map(|edge| edge.to_service.clone()).unwrap();
    assert!(!traffic.series(&Of::Service(namespace, name), 60.0, poller.now()).lines.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_round_tells_what_has_come_in() {
    let (_demo, connection) = start();
    let proxies = signals::counting(&followed(&connection).await);
    let (poller, mut parts) = (Poller::new(connection), Vec::new());
    let rest = poller.round_in_parts(&proxies, Duration::ZERO, |part| parts.push(part)).await;
    assert!(parts.len() > 8, "{}", parts.len());
    assert!(parts.windows(2).all(|pair| pair[0].cost.bytes < pair[1].cost.bytes));
    let told: usize = parts.iter().map(|part| part.samples.len()).sum();
    assert_eq!(told + rest.samples.len() + rest.failed.len(), rest.cost.proxies as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_proxies_tell_how_they_are() {
    let (demo, connection) = start();
    let world = followed(&connection).await;
    let health = signals::health(&connection, &world).await;
    assert!(health.planes.iter().all(|plane| plane.answered) && health.unknown.is_empty(), "{:?}", health.unknown);
    let states: Vec<_> = health.rows.iter().filter_map(|row| row.worst()).collect();
    assert!(states.contains(&SyncState::Synced), "{states:?}");
    let refused = health.rows.iter().find(|row| row.worst() == Some(SyncState::Error));
    assert!(refused.is_some_and(|row| row.nacks().next().is_some()), "one proxy of the demo is broken: {states:?}");
    assert!(states.contains(&SyncState::Stale), "one is behind: {states:?}");
    let looks = signals::Looker::default().look(&connection, &signals::counting(&world)).await;
    let certificates: Vec<_> = looks.values().flatten().filter_map(|look| look.certificate.as_ref()).collect();
    assert!(certificates.len() == looks.len() && certificates.iter().all(|c| c.spiffe.starts_with("spiffe://")));
    assert!(
        looks.values().flatten().any(|look| look.size.is_some_and(|size| size.clusters > 3000)),
        "one knows too much"
    );

    let usage = signals::usage(&connection, &world).await;
    assert!(usage.unknown.is_empty(), "{:?}", usage.unknown);
    assert!(usage.rows.iter().any(|row| row.memory_usage.is_some_and(|bytes| bytes > 1e6)));

    let viewer = Connection::from_client(demo.viewer(), "demo-viewer");
    let health = signals::health(&viewer, &world).await;
    assert!(health.unknown.iter().any(|unknown| unknown.because.en.contains("pods/portforward")), "{health:?}");
    assert!(health.rows.iter().all(|row| row.worst().is_none()));
}
