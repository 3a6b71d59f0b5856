//! The past of the demo: kept on disk, there again after the session was closed, and drawn on the map.

use std::time::Duration;

use demo::Demo;
use session::map::Level;
use session::policies::{Scope, Window};

use crate::bench::{LIMIT, bench, open};

#[tokio::test(flavor = "multi_thread")]
async fn the_map_can_be_moved_back_in_time_even_after_a_restart() {
    let bench = bench(Demo::client).await;
    let mut traffic = bench.session.traffic();
    let flows = |traffic: &std::sync::Arc<session::traffic::Traffic>| traffic.edges(10.0).len() > 10;
    tokio::time::timeout(LIMIT, traffic.wait_for(flows)).await.expect("traffic").unwrap();
    bench.session.keep_past(bench.folder.path(), Duration::from_secs(2));
    let kept = async {
        loop {
            let past = bench.session.past().await.unwrap();
            if past.moments.len() >= 3 {
                break past;
            }
            // The traffic is looked at as often as the past is kept.
            traffic.changed().await.unwrap();
        }
    };
    let past = tokio::time::timeout(LIMIT, kept).await.expect("some moments");
    assert_eq!(past.damaged, 0);
    bench.session.stop();

    let later = open(bench.folder.path(), bench.demo.client()).await;
    assert_eq!(later.past().await.unwrap().moments.len(), 0, "nothing is kept, nothing is read");
    later.keep_past(bench.folder.path(), Duration::from_secs(3600));
    let mut live = later.live();
    tokio::time::timeout(LIMIT, live.wait_for(|live| live.link == session::live::Link::Live))
        .await
        .expect("lists")
        .unwrap();
    let again = later.past().await.unwrap();
    assert!(again.moments.len() >= 3 && again.moments.starts_with(&past.moments));
    let at = *past.moments.last().unwrap();
    let graph = later.graph_at(Level::Services, &[], 60, at).await.unwrap();
    let busy = graph.edges.iter().find(|edge| edge.id == "service:prod/storefront>service:prod/catalog").unwrap();
    assert!(busy.per_second > 20.0, "{busy:?}");
    assert!(!graph.unknown.iter().any(|unknown| unknown.about.en == "traffic"), "{:?}", graph.unknown);
    let before = later.graph_at(Level::Services, &[], 60, at - 7200).await.unwrap();
    assert!(before.unknown.iter().any(|unknown| unknown.because.en.starts_with("nothing was kept of that time")));
    assert!(before.edges.iter().all(|edge| edge.per_second == 0.0));
    // Policies are made from it as well, and not of what nobody kept.
    let seen = async |at: u64| {
        let scope = Scope {
            namespace: "prod".into(),
            service: "catalog".into(),
            window: Window::Before(at, 3600),
            requests: false,
        };
        later.policies_seen(&scope).await.unwrap()
    };
    let made = seen(at).await;
    let callers: Vec<_> = made.let_in.iter().map(|one| (one.account.1.as_str(), one.ports.as_slice())).collect();
    assert!(callers.contains(&("storefront", [8080].as_slice())), "{made:#?}");
    assert!(made.watched.is_some_and(|seconds| (60.0..=3600.0).contains(&seconds)), "{:?}", made.watched);
    assert!(made.dishes[0].after.contains("sa/storefront"), "{}", made.dishes[0].after);
    let before = seen(at - 7200).await;
    assert!(before.dishes.is_empty() && before.unknown[0].because.en.starts_with("nothing was kept of that time"));
    let per_hour = again.bytes as f64 / again.moments.len() as f64 * 60.0;
    eprintln!("{} bytes for {} moments: {:.0} KiB an hour", again.bytes, again.moments.len(), per_hour / 1024.0);
    assert!(per_hour < 512.0 * 1024.0, "{per_hour}");
}
