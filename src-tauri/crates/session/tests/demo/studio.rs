//! Every kind of the demo's server: listed, begun, checked against its schema and against the server's own word.

use cluster::Options;
use demo::Demo;
use session::schema::Fault;
use world::ObjectKey;
use world::yaml::{self, Edit};

use crate::bench::{LIMIT, bench, bench_of, reviews};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_object_of_every_kind_is_accepted_by_schema_and_server() {
    let bench = bench(Demo::client).await;
    let kinds = bench.session.kinds().await.unwrap();
    let of = |group: &str| kinds.iter().filter(|kind| kind.group.ends_with(group)).count();
    assert!(of("istio.io") >= 15 && of("gateway.networking.k8s.io") >= 10, "{kinds:#?}");
    for kind in kinds.iter().filter(|kind| kind.group.ends_with("istio.io") || kind.mesh == "Gateway API") {
        let started = bench.session.starter(&kind.group, &kind.kind, "prod").await.unwrap();
        let checked = bench.session.check_object(&started.yaml).await.unwrap();
        assert_eq!(checked.because.en, "", "{}", kind.kind);
        assert!(checked.problems.is_empty(), "{}: {:?}", started.yaml, checked.problems);
        let body = yaml::read(&started.yaml).value;
        let dry = Options { dry_run: true, field_validation: Some("Strict"), ..Options::default() };
        let answer = bench.admin().create(&body, &dry).await;
        assert!(answer.is_ok(), "{}: {:?}", started.yaml, answer.err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_object_does_is_said_in_both_languages() {
    const SAID: [&str; 7] = [
        "AuthorizationPolicy",
        "DestinationRule",
        "Gateway",
        "GatewayClass",
        "PeerAuthentication",
        "Server",
        "ServiceEntry",
    ];
    let bench = bench(Demo::client).await;
    let rows = bench.session.objects(&SAID.map(str::to_owned), "").await.unwrap();
    let chinese = |words: &str| words.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    for kind in SAID {
        let of: Vec<_> = rows.iter().filter(|row| row.key.kind == kind).collect();
        assert!(!of.is_empty(), "{kind}");
        for row in of {
            let said = &row.summary;
            assert!(!said.en.is_empty() && !chinese(&said.en) && chinese(&said.zh), "{}: {said:?}", row.key);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_of_every_kind_name_each_value_of_its_objects() {
    let bench = bench(Demo::client).await;
    for kind in bench.session.kinds().await.unwrap() {
        let fields = bench.session.schema(&kind.group, &kind.kind).await.unwrap();
        let mut paths: Vec<&str> = fields.iter().map(|field| field.path.as_str()).collect();
        let count = paths.len();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), count, "{}: a place has one row", kind.kind);
        assert!(count > 8, "{}: {paths:?}", kind.kind);
    }
    let route = bench.session.schema("networking.istio.io", "VirtualService").await.unwrap();
    let at = |path: &str| route.iter().find(|field| field.path == path).unwrap();
    assert_eq!(at("spec.http[].timeout").kind, "duration");
    assert!(at("spec.http[].match[].uri").choices.iter().any(|choice| choice.alternatives.len() >= 3));
    let http = bench.session.schema("gateway.networking.k8s.io", "HTTPRoute").await.unwrap();
    let filter = http.iter().find(|field| field.path == "spec.rules[].filters[]").unwrap();
    let by = filter.choices.iter().find(|choice| choice.by == "type").unwrap();
    assert!(by.alternatives.iter().any(|one| one.fields == ["urlRewrite"] && one.value == "URLRewrite"), "{by:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_have_their_line_and_findings_their_object() {
    let bench = bench(Demo::client).await;
    let whole = bench.session.document(&reviews("VirtualService")).await.unwrap();
    let clean = bench.session.check_object(&whole.yaml).await.unwrap();
    assert!(clean.problems.is_empty(), "{:?}", clean.problems);
    let edits = [Edit::set("/spec/http/0/nope", 1), Edit::set("/spec/http/1/route/0/weight", "all")];
    let text = yaml::edit(&whole.yaml, &edits).unwrap();
    let found = bench.session.check_object(&text).await.unwrap();
    let told: Vec<_> =
        found.problems.iter().map(|(problem, line)| (problem.fault, text.lines().nth(*line as usize - 1))).collect();
    assert_eq!(told[0].0, Fault::Unknown);
    assert!(told[0].1.is_some_and(|line| line.contains("nope")), "{told:?}");
    assert_eq!(told[1].0, Fault::Type);
    assert!(told[1].1.is_some_and(|line| line.contains("weight: all")), "{told:?}");

    let nowhere = yaml::edit(&whole.yaml, &[Edit::set("/spec/http/1/route/0/destination/subset", "v9")]).unwrap();
    bench.session.draft_put(&nowhere, &whole.resource_version).await.unwrap();
    let found = bench.session.check_object(&nowhere).await.unwrap();
    assert!(found.findings.iter().any(|finding| finding.path.starts_with("spec.http[1]")), "{:?}", found.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_has_a_name_of_its_own_and_no_owner() {
    let bench = bench(Demo::client).await;
    let key: ObjectKey = reviews("VirtualService");
    let copy = bench.session.copy_of(&key).await.unwrap();
    assert_eq!(copy.key.name, "reviews-copy");
    let (old, new) = (bench.object("VirtualService").await, yaml::read(&copy.yaml).value);
    assert_eq!(new["spec"], old["spec"]);
    assert_eq!(session::change::owners::owner(&new), "");
    bench.session.draft_put(&copy.yaml, "").await.unwrap();
    assert_eq!(bench.session.copy_of(&key).await.unwrap().key.name, "reviews-copy-2", "the tray counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_written_comes_from_schema_and_cluster() {
    let bench = bench(Demo::client).await;
    let text = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: x\n  namespace: prod\nspec:\n  hosts:\n  - reviews\n  http:\n  - route:\n    - destination:\n        host: reviews\n        subset: v\n    ti\n";
    let labels = async |line, column| {
        let found = bench.session.suggest(text, line, column).await.unwrap();
        found.options.into_iter().map(|option| option.label).collect::<Vec<_>>()
    };
    let has = |labels: &[String], wanted: &str| labels.iter().any(|label| label == wanted);
    let fields = labels(14, 6).await;
    assert!(has(&fields, "timeout") && has(&fields, "retries") && !has(&fields, "route"), "{fields:?}");
    assert_eq!(labels(13, 17).await, ["v1", "v2", "v3"], "the subsets of the host beside");
    let hosts = labels(12, 16).await;
    assert!(has(&hosts, "reviews") && hosts.iter().any(|host| host.ends_with(".svc.cluster.local")), "{hosts:?}");
    let found = bench.session.suggest(text, 14, 6).await.unwrap();
    let retries = found.options.iter().find(|option| option.label == "retries").unwrap();
    assert_eq!(
        (found.from, retries.insert.as_str(), retries.path.as_str()),
        (4, "retries:\n      ", "spec.http[].retries")
    );

    let readable = text.replace("    ti\n", "");
    let names = bench.session.names(&readable, "/spec/http/0/route/0/destination/subset").await.unwrap();
    assert_eq!(names.iter().map(|name| name.value.as_str()).collect::<Vec<_>>(), ["v1", "v2", "v3"]);
    assert!(bench.session.names(&readable, "/spec/http/0/timeout").await.unwrap().is_empty());
    let policy = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata:\n  name: x\n  namespace: prod\nspec:\n  selector:\n    matchLabels:\n      app: x\n";
    let apps = bench.session.names(policy, "/spec/selector/matchLabels/app").await.unwrap();
    assert!(apps.iter().any(|name| name.value == "reviews"), "{apps:?}");
    let gateway = "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata:\n  name: x\n  namespace: istio-system\nspec:\n  servers: []\n";
    let metadata = serde_json::json!({"name": "shop-tls", "namespace": "istio-system"});
    let secret =
        serde_json::json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata});
    bench.admin().create(&secret, &Options::default()).await.unwrap();
    let mut live = bench.session.live();
    let there = |live: &session::live::Live| live.world.documents_in("", "Secret", "istio-system").count() > 0;
    tokio::time::timeout(LIMIT, live.wait_for(there)).await.expect("it is seen").unwrap();
    let listeners = gateway.replace("networking.istio.io/v1", "gateway.networking.k8s.io/v1");
    for (text, at) in
        [(gateway, "/spec/servers/0/tls/credentialName"), (&listeners, "/spec/listeners/0/tls/certificateRefs/0/name")]
    {
        let secrets = bench.session.names(text, at).await.unwrap();
        assert!(secrets.iter().any(|one| one.value == "shop-tls" && one.detail == "Secret"), "{at}: {secrets:?}");
    }
    let sidecar = gateway.replace("Gateway", "Sidecar");
    let exposed = bench.session.names(&sidecar, "/spec/egress/0/hosts/0").await.unwrap();
    for host in ["./*", "prod/*", "prod/reviews.prod.svc.cluster.local"] {
        assert!(exposed.iter().any(|name| name.value == host), "{host}: {exposed:?}");
    }
    let who = bench.session.names(policy, "/spec/rules/0/from/0/source/principals/0").await.unwrap();
    assert!(who.iter().any(|name| name.value.starts_with("cluster.local/ns/prod/sa/")), "{who:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_that_exclude_each_other_takes_the_place_of_somebody_elses() {
    let bench = bench(Demo::client).await;
    let key = ObjectKey::new("networking.istio.io", "DestinationRule", "prod", "catalog");
    let whole = bench.session.document(&key).await.unwrap();
    let balancer = "/spec/trafficPolicy/loadBalancer";
    let edits = [
        Edit::remove(&format!("{balancer}/simple")),
        Edit::set(&format!("{balancer}/consistentHash/httpHeaderName"), "x-user"),
    ];
    bench.session.draft_put(&yaml::edit(&whole.yaml, &edits).unwrap(), &whole.resource_version).await.unwrap();
    let plan = bench.review().await;
    let owners: Vec<_> = plan.steps[0].conflicts.iter().map(|conflict| conflict.manager.as_str()).collect();
    assert_eq!(owners, ["kubectl-client-side-apply"], "{:?}", plan.steps[0].problems);
    let applied = bench.session.apply(&plan.token, "", &["kubectl-client-side-apply".into()]).await.unwrap();
    assert_eq!(applied.state, journal::State::Applied, "{applied:?}");
    let now = bench.admin().get(&key).await.unwrap();
    assert_eq!(now.pointer(balancer), Some(&serde_json::json!({"consistentHash": {"httpHeaderName": "x-user"}})));
    assert_eq!(now.pointer("/spec/subsets").unwrap().as_array().unwrap().len(), 2, "all else stays");
    let back = bench.session.undo_review(applied.entry).await.unwrap();
    bench.session.undo(applied.entry, &back.token).await.unwrap();
    assert_eq!(
        bench.admin().get(&key).await.unwrap().pointer(balancer),
        Some(&serde_json::json!({"simple": "LEAST_REQUEST"}))
    );
}

/// A kind that no table of ours knows, in a group of a mesh, and one in a sister group.
const NEW: &str = r#"[
    {"group": "networking.istio.io", "kind": "FancyRoute", "plural": "fancyroutes", "singular": "fancyroute", "namespaced": true,
     "versions": [{"name": "v1alpha9", "storage": true, "status": true, "schema": 0}],
     "schemas": [{"type": "object", "properties": {"spec": {"type": "object", "required": ["colour"], "properties": {
         "colour": {"type": "string", "enum": ["RED", "BLUE"], "description": "What it\n  looks like.\n\nMore of it."}, "hosts": {"type": "array", "items": {"type": "string"}}}}}}]},
    {"group": "fancy.istio.io", "kind": "FancyMesh", "plural": "fancymeshes", "singular": "fancymesh", "namespaced": false,
     "versions": [{"name": "v1", "storage": true, "status": false, "schema": 0}],
     "schemas": [{"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer", "minimum": 1}}}}}]},
    {"group": "example.com", "kind": "Other", "plural": "others", "singular": "other", "namespaced": true,
     "versions": [{"name": "v1", "storage": true, "status": false, "schema": 0}], "schemas": [{"type": "object"}]}]"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_no_table_knows_is_listed_and_edited() {
    let options = demo::Options { more_kinds: NEW.into(), ..demo::Options::default() };
    let bench = bench_of(&options, Demo::client).await;
    let kinds = bench.session.kinds().await.unwrap();
    let told: Vec<_> = kinds
        .iter()
        .filter(|k| k.kind.starts_with("Fancy") || k.kind == "Other")
        .map(|k| (k.mesh, k.kind.as_str(), k.version.as_str(), k.namespaced))
        .collect();
    assert_eq!(told, [("Istio", "FancyMesh", "v1", false), ("Istio", "FancyRoute", "v1alpha9", true)]);

    let fields = bench.session.schema("networking.istio.io", "FancyRoute").await.unwrap();
    let colour = fields.iter().find(|field| field.path == "spec.colour").unwrap();
    assert_eq!(colour.help, "What it looks like.");
    assert_eq!((colour.required, colour.allowed.as_slice()), (true, ["RED".to_owned(), "BLUE".to_owned()].as_slice()));

    let text = "apiVersion: networking.istio.io/v1alpha9\nkind: FancyRoute\nmetadata:\n  name: one\n  namespace: prod\nspec:\n  colour: RED\n";
    let wrong = bench.session.check_object(&text.replace("RED", "PINK")).await.unwrap();
    assert_eq!(wrong.problems.first().map(|(problem, line)| (problem.fault, *line)), Some((Fault::NotAllowed, 7)));
    let begun = bench.session.starter("networking.istio.io", "FancyRoute", "prod").await.unwrap();
    assert!(begun.yaml.contains("colour:"), "{}", begun.yaml);

    let mut live = bench.session.live();
    let listed = |live: &session::live::Live| {
        matches!(live.world.coverage("networking.istio.io", "FancyRoute"), world::Coverage::Ready)
    };
    tokio::time::timeout(LIMIT, live.wait_for(listed)).await.expect("it is followed").unwrap();
    bench.session.draft_put(text, "").await.unwrap();
    let plan = bench.review().await;
    assert_eq!(plan.because.en, "");
    let applied = bench.session.apply(&plan.token, "", &[]).await.unwrap();
    assert_eq!(applied.state, journal::State::Applied, "{applied:?}");
    let key = ObjectKey::new("networking.istio.io", "FancyRoute", "prod", "one");
    let there = |live: &session::live::Live| live.world.document(&key).is_some();
    tokio::time::timeout(LIMIT, live.wait_for(there)).await.expect("it is seen").unwrap();
    let rows = bench.session.objects(&["FancyRoute".into()], "").await.unwrap();
    assert_eq!(rows.iter().map(|row| &row.key).collect::<Vec<_>>(), [&key]);

    let whole = bench.session.document(&key).await.unwrap();
    let blue = yaml::edit(&whole.yaml, &[Edit::set("/spec/colour", "BLUE")]).unwrap();
    bench.session.draft_put(&blue, &whole.resource_version).await.unwrap();
    assert_eq!(bench.review().await.because.en, "");
    let foreign = "apiVersion: example.com/v1\nkind: Other\nmetadata:\n  name: x\n  namespace: prod\n";
    assert!(bench.session.draft_put(foreign, "").await.is_err(), "of no mesh");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envoy_filter_is_written_step_by_step() {
    let bench = bench(Demo::client).await;
    let begun = bench.session.starter("networking.istio.io", "EnvoyFilter", "prod").await.unwrap();
    let guide = bench.session.guide(&begun.yaml).expect("a guide");
    assert!(guide.parts[0].says.en.contains("connect_timeout"), "{:?}", guide.parts[0].says);
    // The patch that one begins with is accepted by the schema and by the rules.
    let at = format!("{}/-", guide.list);
    let more =
        yaml::edit(&begun.yaml, &[Edit { op: yaml::Op::Insert, ..Edit::set(&at, guide.fresh.clone()) }]).unwrap();
    assert_eq!(bench.session.guide(&more).unwrap().parts.len(), 2);
    bench.session.draft_put(&more, "").await.unwrap();
    let checked = bench.session.check_object(&more).await.unwrap();
    assert!(checked.problems.is_empty(), "{:?}", checked.problems);
    assert!(checked.findings.iter().all(|finding| finding.rule != "invalid-spec"), "{:?}", checked.findings);
    let wrong = more.replace("applyTo: HTTP_FILTER", "applyTo: CLUSTER");
    bench.session.draft_put(&wrong, "").await.unwrap();
    let checked = bench.session.check_object(&wrong).await.unwrap();
    let refused = checked.findings.iter().find(|finding| finding.rule == "invalid-spec").expect("it is refused");
    assert_eq!(refused.path, "spec.configPatches[1].match");

    let named = async |at: &str| {
        let names = bench.session.names(&more, &format!("/spec/configPatches/1/match/{at}")).await.unwrap();
        names.into_iter().map(|name| name.value).collect::<Vec<_>>()
    };
    let has = |names: &[String], wanted: &str| names.iter().any(|name| name == wanted);
    assert!(has(&named("cluster/service").await, "reviews.prod.svc.cluster.local"));
    assert!(has(&named("routeConfiguration/vhost/name").await, "reviews.prod.svc.cluster.local:9080"));
    assert!(has(&named("listener/filterChain/filter/subFilter/name").await, "envoy.filters.http.router"));
    assert!(named("cluster/name").await.is_empty(), "no proxy was looked into");
    let pod = bench
        .session
        .world()
        .pods()
        .find(|pod| pod.namespace == "prod" && pod.name.starts_with("reviews-v1"))
        .unwrap()
        .name
        .clone();
    bench.session.proxy("prod", &pod, false).await.unwrap();
    assert!(named("cluster/name").await.iter().any(|name| name.starts_with("outbound|")), "of the proxy");
    assert!(bench.session.guide("kind: Nothing").is_none());
}
