//! How near the callers of a service are to the limits of its DestinationRule.

use demo::Demo;

use crate::bench::{LIMIT, bench};

#[tokio::test(flavor = "multi_thread")]
async fn callers_tell_what_is_under_way_and_what_they_may() {
    let bench = bench(Demo::client).await;
    let mut traffic = bench.session.traffic();
    let seen = async {
        loop {
            let (callers, unknown) = bench.session.pressure("prod", "catalog").await.unwrap();
            // An ambient caller has no proxy of its own.
            if callers.iter().any(|one| one.workload == "storefront-v1") && !unknown.is_empty() {
                return (callers, unknown);
            }
            traffic.changed().await.unwrap();
        }
    };
    let (callers, unknown) = tokio::time::timeout(LIMIT, seen).await.expect("callers are counted");
    assert!(callers.iter().filter(|one| one.workload == "storefront-v1").count() <= 2, "{callers:#?}");
    let busiest = &callers[0];
    assert_eq!((busiest.pod.0.as_str(), busiest.workload.as_str()), ("prod", "storefront-v1"), "{callers:#?}");
    let of = |subset: &str| {
        busiest
            .clusters
            .iter()
            .find(|one| one.cluster == format!("outbound|8080|{subset}|catalog.prod.svc.cluster.local"))
    };
    let stable = of("stable").unwrap();
    assert_eq!((stable.limits.waiting, stable.limits.connections), (Some(64.0), None), "{busiest:#?}");
    assert!(of("").is_some() && of("canary").is_some_and(|one| one.instances == 1), "{busiest:#?}");
    let used: f64 = busiest.clusters.iter().map(|one| one.under_way.connections).sum();
    let refused: Vec<_> = busiest.clusters.iter().filter_map(|one| one.refused).collect();
    assert!(used >= 1.0 && refused.iter().all(|count| *count == 0.0) && !refused.is_empty(), "{busiest:#?}");
    let told: Vec<_> = unknown.iter().map(|one| (one.about.en.as_str(), one.because.en.as_str())).collect();
    assert!(told.contains(&("gallery/album-v1", "it has no proxy of its own that would keep to limits")), "{told:?}");
}
