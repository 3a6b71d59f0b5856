//! Each recipe on the demo's services, the matrix, and files: what they propose is accepted by schema and server.

use std::collections::BTreeMap;
use std::sync::Arc;

use demo::Demo;
use mesh::Outcome;
use session::recipes::{ALL, Takes};
use world::yaml;

use crate::bench::{Bench, LIMIT, bench};

/// What a user would say for the service reviews.
fn values(id: &str) -> BTreeMap<String, String> {
    let recipe = ALL.into_iter().find(|recipe| recipe.id == id).unwrap();
    let said = |takes: Takes, usual: &str| match takes {
        Takes::Service => "prod/reviews".to_owned(),
        Takes::Version => "v3".to_owned(),
        _ if !usual.is_empty() => usual.to_owned(),
        _ => "prod".to_owned(),
    };
    recipe.needs.iter().map(|need| (need.name.to_owned(), said(need.takes, need.usual))).collect()
}

async fn measured(bench: &Bench) {
    let mut traffic = bench.session.traffic();
    let seen = |t: &Arc<session::traffic::Traffic>| t.edges(60.0).iter().any(|edge| edge.host.starts_with("reviews"));
    tokio::time::timeout(LIMIT, traffic.wait_for(seen)).await.expect("traffic is measured").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recipe_is_accepted_by_schema_and_server() {
    let bench = bench(Demo::client).await;
    measured(&bench).await;
    for recipe in ALL {
        let dishes = bench.session.recipe(recipe.id, &values(recipe.id)).await.unwrap();
        assert!(!dishes.is_empty(), "{}", recipe.id);
        for dish in &dishes {
            let checked = bench.session.check_object(&dish.after).await.unwrap();
            assert!(checked.problems.is_empty(), "{}: {:?}\n{}", recipe.id, checked.problems, dish.after);
            assert_ne!(dish.before, dish.after, "{}", recipe.id);
            bench.session.draft_put(&dish.after, &dish.base).await.unwrap();
        }
        let plan = bench.review().await;
        assert_eq!(plan.because.en, "", "{}", recipe.id);
        bench.session.draft_clear();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipe_changes_what_is_there_and_keeps_the_rest() {
    let bench = bench(Demo::client).await;
    let dishes = bench.session.recipe("percent-canary", &values("percent-canary")).await.unwrap();
    assert_eq!(dishes.len(), 1, "v3 is a subset already: {dishes:?}");
    let (old, new) = (yaml::read(&dishes[0].before).value, yaml::read(&dishes[0].after).value);
    assert_eq!(new["spec"]["http"][0], old["spec"]["http"][0], "the testers' rule");
    let ways = new["spec"]["http"][1]["route"].as_array().unwrap();
    let told: Vec<_> = ways.iter().map(|way| (way["destination"]["subset"].as_str(), way["weight"].as_u64())).collect();
    assert_eq!(told, [(Some("v1"), Some(90)), (Some("v3"), Some(10))]);

    // A second recipe goes on from what the tray holds.
    bench.session.draft_put(&dishes[0].after, &dishes[0].base).await.unwrap();
    let more = bench.session.recipe("header-canary", &values("header-canary")).await.unwrap();
    let after = yaml::read(&more[0].after).value;
    assert_eq!(after["spec"]["http"].as_array().map(Vec::len), Some(3));
    assert_eq!(after["spec"]["http"][2]["route"][1]["destination"]["subset"], "v3");
    assert_eq!(more[0].base, dishes[0].base);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_test_sends_its_requests_where_the_others_go() {
    let bench = bench(Demo::client).await;
    let http = async |service: &str| {
        let mut values = values("fault-test");
        values.insert("service".to_owned(), service.to_owned());
        let dishes = bench.session.recipe("fault-test", &values).await.unwrap();
        let after = yaml::read(&dishes[0].after).value;
        after["spec"]["http"].as_array().unwrap().clone()
    };
    for service in ["prod/reviews", "prod/inventory"] {
        let rules = http(service).await;
        assert!(rules[0]["fault"]["abort"].is_object(), "{service}");
        assert_eq!(rules[0]["route"], rules.last().unwrap()["route"], "{service}");
    }
    // No DestinationRule names a version of it, so no route of ours may either.
    assert_eq!(http("prod/inventory").await[0]["route"][0]["destination"].get("subset"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_refused_is_not_let_in_by_denying_the_rest() {
    let bench = bench(Demo::client).await;
    let mut traffic = bench.session.traffic();
    let called =
        |t: &session::traffic::Traffic, host: &str| t.edges(60.0).iter().any(|edge| edge.host.starts_with(host));
    let seen = |t: &Arc<session::traffic::Traffic>| ["payments", "reviews", "users"].iter().all(|host| called(t, host));
    tokio::time::timeout(LIMIT, traffic.wait_for(seen)).await.expect("traffic is measured").unwrap();
    let dishes = bench.session.recipe("default-deny", &values("default-deny")).await.unwrap();
    let names: Vec<&str> = dishes.iter().map(|dish| dish.key.name.as_str()).collect();
    assert!(names.contains(&"callers-of-reviews") && names.contains(&"nobody-else"), "{names:?}");
    assert!(!names.contains(&"callers-of-payments"), "payments-from-checkout lets in for POST alone: {names:?}");
    let users = dishes.iter().find(|dish| dish.key.name == "callers-of-users").unwrap();
    assert!(users.after.contains("ns/prod/sa/storefront") && !users.after.contains("ns/dev/"), "{}", users.after);

    for dish in &dishes {
        bench.session.draft_put(&dish.after, &dish.base).await.unwrap();
    }
    assert_eq!(bench.session.recipe("default-deny", &values("default-deny")).await.unwrap(), [], "it is so already");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_from_outside_goes_where_those_inside_go() {
    let bench = bench(Demo::client).await;
    let dishes = bench.session.recipe("ingress-tls", &values("ingress-tls")).await.unwrap();
    let route = yaml::read(&dishes[1].after).value;
    let inside = bench.session.document(&crate::bench::reviews("VirtualService")).await.unwrap();
    assert_eq!(route["spec"]["http"][0]["route"], yaml::read(&inside.yaml).value["spec"]["http"][1]["route"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named() {
    let bench = bench(Demo::client).await;
    let refused = async |id: &str, name: &str, value: &str| {
        let mut values = values(id);
        values.insert(name.to_owned(), value.to_owned());
        bench.session.recipe(id, &values).await.unwrap_err().to_string()
    };
    assert_eq!(refused("percent-canary", "percent", "101").await, "percent: 0 to 100");
    assert_eq!(refused("egress", "protocol", "UDP").await, "protocol: one of TLS, HTTP, HTTP2, GRPC, TCP");
    assert_eq!(refused("mirror", "version", " ").await, "version: it is missing");
    assert_eq!(refused("mirror", "service", "prod/nobody").await, "Service prod/nobody is not there");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_says_what_the_engine_says_and_what_was_seen() {
    let bench = bench(Demo::client).await;
    measured(&bench).await;
    let matrix = bench.session.matrix(&[], false).await.unwrap();
    assert_eq!(matrix.cells.len(), matrix.rows.len() * matrix.columns.len());
    let row = |name: &str| matrix.rows.iter().position(|row| row.1.starts_with(name) && row.0 == "prod").unwrap();
    let column = |name: &str| matrix.columns.iter().position(|c| c.service == name && c.namespace == "prod").unwrap();
    let cell = |from: &str, to: &str| &matrix.cells[row(from) * matrix.columns.len() + column(to)];
    let seen = cell("storefront", "reviews");
    assert!(seen.outcome == Outcome::Forwarded && seen.calling.per_second > 0.0, "{seen:?}");
    let refused = cell("storefront", "payments");
    assert_eq!(refused.outcome, Outcome::Denied, "{refused:?}");
    let by = refused.calling.object.as_ref().map(|key| key.name.as_str());
    assert_eq!(by, Some("payments-from-checkout"), "{refused:?}");
    let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    assert!(is_chinese(&refused.calling.because.zh) && !is_chinese(&refused.calling.because.en), "{refused:?}");

    let some = bench.session.matrix(&["prod".into()], false).await.unwrap();
    let is_there = |namespace: &str| namespace == "prod" || namespace.is_empty();
    assert!(some.rows.len() < matrix.rows.len() && some.rows.iter().all(|row| is_there(&row.0)));
    assert!(some.columns.iter().all(|column| is_there(&column.namespace)), "what is outside is in every choice");
    let deny = bench.session.recipe("default-deny", &values("default-deny")).await.unwrap();
    for dish in &deny {
        bench.session.draft_put(&dish.after, &dish.base).await.unwrap();
    }
    let after = bench.session.matrix(&["prod".into()], true).await.unwrap();
    let denied = |m: &session::matrix::Matrix| m.cells.iter().filter(|cell| cell.outcome == Outcome::Denied).count();
    assert!(denied(&after) > denied(&some), "{} {}", denied(&after), denied(&some));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_of_one_version_shows_in_the_matrix_in_the_panel_and_in_the_review() {
    let bench = bench(Demo::client).await;
    measured(&bench).await;
    let policy = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata:\n  name: not-v1\n  namespace: prod\nspec:\n  selector: {matchLabels: {app: reviews, version: v1}}\n  action: DENY\n  rules:\n  - {}\n";
    bench.session.draft_put(policy, "").await.unwrap();
    let matrix = bench.session.matrix(&["prod".into()], true).await.unwrap();
    let row = matrix.rows.iter().position(|row| row.1.starts_with("storefront")).unwrap();
    let column = matrix.columns.iter().position(|c| c.service == "reviews").unwrap();
    let cell = &matrix.cells[row * matrix.columns.len() + column];
    assert!(cell.is_some() && cell.outcome == Outcome::Forwarded, "{cell:#?}");
    let [lost] = &cell.calling.lost[..] else { panic!("{cell:#?}") };
    assert_eq!((&lost.workloads[..], lost.outcome), (&["reviews-v1".to_owned()][..], Outcome::Denied));
    assert_eq!(lost.step.object.as_ref().map(|key| key.name.as_str()), Some("not-v1"));
    // A review that says "nothing changes" would be wrong for as many.
    let plan = bench.review().await;
    let change = plan.effect.changes.iter().find(|c| c.observed && c.title.en == "storefront → reviews").unwrap();
    assert_eq!(change.tone, mesh::Tone::Cuts, "{change:#?}");
    assert!(
        change.detail.en.contains("% refused at reviews-v1") && change.detail.zh.contains("reviews-v1"),
        "{change:#?}"
    );

    // Once it is there, the proxies count what is refused, and the panel of the map says who it is.
    let owners = crate::bench::owners(&plan);
    bench.session.apply(&plan.token, "", &owners).await.unwrap();
    let mut traffic = bench.session.traffic();
    let refused = |t: &std::sync::Arc<session::traffic::Traffic>| {
        t.edges(10.0).iter().any(|e| e.host.starts_with("reviews") && e.denied_per_second > 0.0 && e.error_share < 1.0)
    };
    tokio::time::timeout(LIMIT, traffic.wait_for(refused)).await.expect("a part is refused").unwrap();
    let callers = bench.session.callers("service:prod/reviews", 60).await.unwrap();
    let storefront = callers.iter().find(|row| row.calling.workload.starts_with("storefront")).unwrap();
    assert!(storefront.calling.allowed && storefront.is_some(), "{storefront:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_endpoints_are_kept_by_hand_has_a_column() {
    let bench = bench(Demo::client).await;
    let service = serde_json::json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "by-hand", "namespace": "prod"},
        "spec": {"ports": [{"name": "http", "port": 80}]}});
    bench.admin().create(&service, &cluster::Options::default()).await.unwrap();
    let mut live = bench.session.live();
    let there = |live: &session::live::Live| live.world.service("prod", "by-hand").is_some();
    tokio::time::timeout(LIMIT, live.wait_for(there)).await.unwrap().unwrap();
    let matrix = bench.session.matrix(&["prod".into()], false).await.unwrap();
    assert!(matrix.columns.iter().any(|c| c.service == "by-hand"), "{:?}", matrix.columns);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_has_a_column_for_ports_that_do_not_agree() {
    let bench = bench(Demo::client).await;
    let columns = async || {
        let matrix = bench.session.matrix(&["prod".into()], true).await.unwrap();
        matrix.columns.into_iter().filter(|c| c.service == "twins").map(|c| c.ports).collect::<Vec<_>>()
    };
    let service = serde_json::json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "twins", "namespace": "prod"},
        "spec": {"selector": {"app": "ratings"}, "ports": [{"name": "http", "port": 80, "targetPort": 9080}, {"name": "http-too", "port": 81, "targetPort": 9080},
            {"name": "http-else", "port": 82, "targetPort": 9090}]}});
    bench.admin().create(&service, &cluster::Options::default()).await.unwrap();
    let mut live = bench.session.live();
    let there = |live: &session::live::Live| live.world.service("prod", "twins").is_some();
    tokio::time::timeout(LIMIT, live.wait_for(there)).await.unwrap().unwrap();
    assert_eq!(columns().await.concat(), [80, 81, 82], "every port is in one of them");
    let policy = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata:\n  name: not-there\n  namespace: prod\nspec:\n  selector: {matchLabels: {app: ratings}}\n  action: DENY\n  rules:\n  - to:\n    - operation:\n        ports: [\"9090\"]\n";
    bench.session.draft_put(policy, "").await.unwrap();
    assert_eq!(columns().await, [vec![80, 81], vec![82]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_several_documents_is_proposed_beside_what_is_live() {
    let bench = bench(Demo::client).await;
    let live = bench.session.document(&crate::bench::reviews("VirtualService")).await.unwrap();
    let new = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata:\n  name: x # kept\n  namespace: dev\nspec: {}\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: x, namespace: dev}\n";
    let text = format!("---\n{}---\n{new}---\n# nothing\n---\n{service}", live.yaml);
    let import = bench.session.import(&text).await.unwrap();
    assert_eq!(import.passed_over, [("Service".to_owned(), 1)].into(), "whose kind is not written here");
    let only = bench.session.import(service).await.unwrap_err();
    assert!(matches!(only, session::Error::NotOurs { .. }), "{only}");
    let dishes = import.dishes;
    assert_eq!(dishes.len(), 2);
    assert_eq!(
        (dishes[0].before.as_str(), dishes[0].after.as_str(), dishes[0].base.as_str()),
        (live.yaml.as_str(), live.yaml.as_str(), live.resource_version.as_str())
    );
    assert_eq!((dishes[1].before.as_str(), dishes[1].after.as_str()), ("", new));
    let broken = bench.session.import(&format!("{new}---\na: [\n")).await.unwrap_err().to_string();
    assert!(broken.starts_with("line 8") || broken.starts_with("line 9"), "{broken}");
}
