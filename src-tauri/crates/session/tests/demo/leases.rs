//! What an operator sees of rollouts that programs elsewhere drive, and does for one whose program is gone.

use demo::Demo;
use journal::State;
use serde_json::{Value, json};

use crate::bench::{Bench, bench, owners, reviews};

/// Puts the annotation of a program elsewhere on the route of reviews, and waits until it is seen.
async fn leased(bench: &Bench, until: &str, then: &str) {
    let text = json!({"plan": "to v2", "by": "ana@laptop", "holder": "hers", "since": "2026-11-26T08:00:00Z", "until": until, "then": then,
        "moves": {"service": {"namespace": "prod", "name": "reviews"}, "stable": "v1", "canary": "v2"}});
    let annotations = json!({"netloft.dev/rollout": text.to_string()});
    let patch = json!([{"op": "add", "path": "/metadata/annotations", "value": annotations}]);
    bench.admin().json_patch(&reviews("VirtualService"), &patch, &cluster::Options::default()).await.unwrap();
    let mut live = bench.session.live();
    let seen = async {
        loop {
            let world = bench.session.world();
            let document = world.document(&reviews("VirtualService")).unwrap();
            let body: &Value = &document.body;
            if body.pointer("/metadata/annotations/netloft.dev~1rollout").and_then(Value::as_str)
                == Some(&text.to_string())
            {
                return;
            }
            live.changed().await.unwrap();
        }
    };
    tokio::time::timeout(crate::bench::LIMIT, seen).await.expect("it is seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_driven_elsewhere_is_seen_and_left_alone() {
    let bench = bench(Demo::client).await;
    assert_eq!(bench.session.rollout_leases().await.unwrap(), []);
    leased(&bench, "2999-01-01T00:00:00Z", "return").await;
    let [lease] = &bench.session.rollout_leases().await.unwrap()[..] else { panic!("one") };
    assert_eq!(
        lease.said.en,
        "ana@laptop drives “to v2” here since 2026-11-26T08:00:00Z, until 2999-01-01T00:00:00Z at the latest; then everything shall return to v1, by whoever finds it so"
    );
    assert_eq!((lease.has_run_out, &lease.back), (false, &None));
    let refused = bench.session.rollout_way_back(&reviews("VirtualService")).unwrap_err().to_string();
    assert!(refused.contains("ana@laptop drives"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_program_is_gone_is_returned_by_another_operator_where_it_says_so() {
    let bench = bench(Demo::client).await;
    leased(&bench, "2026-11-26T09:00:00Z", "hold").await;
    let [lease] = &bench.session.rollout_leases().await.unwrap()[..] else { panic!("one") };
    assert_eq!((lease.has_run_out, &lease.back), (true, &None), "it holds");
    assert!(bench.session.rollout_way_back(&reviews("VirtualService")).is_err());
    leased(&bench, "2026-11-26T09:00:00Z", "return").await;
    let [lease] = &bench.session.rollout_leases().await.unwrap()[..] else { panic!("one") };
    assert_eq!((lease.has_run_out, lease.back.as_deref()), (true, Some("v1")));

    // By the way of any change: the tray, a preview, the journal.
    let dish = bench.session.rollout_way_back(&reviews("VirtualService")).unwrap();
    bench.session.draft_put(&dish.after, &dish.base).await.unwrap();
    let review = bench.review().await;
    let applied = bench.session.apply(&review.token, "", &owners(&review)).await.unwrap();
    assert_eq!(applied.state, State::Applied, "{applied:#?}");
    let route = bench.object("VirtualService").await;
    let weights: Vec<_> =
        route["spec"]["http"][1]["route"].as_array().unwrap().iter().map(|to| to["weight"].as_u64()).collect();
    assert_eq!(weights, [Some(100), Some(0)]);
    assert!(route.pointer("/metadata/annotations/netloft.dev~1rollout").is_none(), "{route}");
    let undo = bench.session.undo_review(applied.entry).await.unwrap();
    assert_eq!(undo.steps.len(), 1, "it can be undone");
}
