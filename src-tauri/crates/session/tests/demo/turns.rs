//! In whose order a change is written: no moment between two writes may lose what it keeps.

use demo::Demo;
use serde_json::{Value, json};
use session::write::review::Plan;
use world::{Said, yaml};

use crate::bench::{Bench, bench, owners};

/// Everything of reviews to these versions, by a rule that defines those subsets, by the name of a label's value each.
async fn only(bench: &Bench, named: &[&str], subsets: &[(&str, &str)]) -> std::sync::Arc<Plan> {
    let to = |subset: &&str| json!({"destination": {"host": "reviews", "subset": subset}, "weight": 100 / named.len()});
    let route: Vec<Value> = named.iter().map(to).collect();
    bench.put("VirtualService", &[("/spec/http", json!([{"route": route}]))]).await;
    let subset = |(name, version): &(&str, &str)| json!({"name": name, "labels": {"version": version}});
    let subsets: Vec<Value> = subsets.iter().map(subset).collect();
    bench.put("DestinationRule", &[("/spec/subsets", json!(subsets))]).await;
    bench.review().await
}

fn order(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.key.kind.as_str()).collect()
}

/// What is said of the moments, with the step that it is said of.
fn moments(plan: &Plan) -> Vec<(&str, &Said)> {
    let told = plan.steps.iter().filter(|step| !step.lapse.en.is_empty());
    told.map(|step| (step.key.kind.as_str(), &step.lapse)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subset_goes_after_the_route_that_named_it_and_comes_back_before() {
    let bench = bench(Demo::client).await;
    let plan = only(&bench, &["v1"], &[("v1", "v1")]).await;
    assert_eq!(order(&plan), ["VirtualService", "DestinationRule"]);
    assert_eq!(moments(&plan), []);
    let entry = bench.session.apply(&plan.token, "", &owners(&plan)).await.unwrap().entry;

    let back = bench.session.undo_review(entry).await.unwrap();
    assert_eq!(order(&back), ["DestinationRule", "VirtualService"], "the subset is there before it is named");
    assert_eq!(moments(&back), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_that_no_order_avoids_is_told() {
    let bench = bench(Demo::client).await;
    let plan = only(&bench, &["eins"], &[("eins", "v1")]).await;
    let [(kind, said)] = moments(&plan)[..] else { panic!("one moment: {:?}", plan.steps) };
    assert_eq!((kind, order(&plan)), ("DestinationRule", vec!["DestinationRule", "VirtualService"]));
    assert!(said.en.contains("→ reviews") && said.zh.contains("→ reviews"), "{said:?}");
    assert!(plan.because.en.is_empty(), "it is a warning: {}", plan.because.en);

    // A share of what is served is lost, too.
    let plan = only(&bench, &["v1", "zwei"], &[("v1", "v1"), ("zwei", "v2")]).await;
    let told = moments(&plan);
    assert!(told.iter().any(|(_, said)| said.en.contains("%")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_allowed_is_written_before_all_others_are_refused() {
    let bench = bench(Demo::client).await;
    let policy = |name: &str, spec: Value| {
        yaml::write(&json!({"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
            "metadata": {"name": name, "namespace": "prod"}, "spec": spec}))
    };
    // By its name, the one that refuses everything would come first.
    let nothing = policy("a-nothing", json!({}));
    let all = policy("b-all-of-the-mesh", json!({"rules": [{"from": [{"source": {"principals": ["*"]}}]}]}));
    for text in [&nothing, &all] {
        bench.session.draft_put(text, "").await.unwrap();
    }
    let plan = bench.review().await;
    let names: Vec<&str> = plan.steps.iter().map(|step| step.key.name.as_str()).collect();
    assert_eq!(names, ["b-all-of-the-mesh", "a-nothing"]);
    assert_eq!(moments(&plan), []);
}
