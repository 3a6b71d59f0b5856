//! Policies from the demo's traffic: proposed in dry-run, applied, weighed, enforced.

use std::sync::Arc;

use demo::Demo;
use mesh::{Outcome, Tone};
use session::map::Secured;
use session::policies::{Sample, Scope, Tailored, Why, Window};

use crate::bench::{Bench, LIMIT, bench};

/// Until everybody who calls at all was counted.
async fn measured(bench: &Bench) {
    let mut traffic = bench.session.traffic();
    let seen = |t: &Arc<session::traffic::Traffic>| {
        let edges = t.edges(60.0);
        ["inventory", "payments", "orders", "ratings"].iter().all(|host| edges.iter().any(|e| e.host.starts_with(host)))
    };
    tokio::time::timeout(LIMIT, traffic.wait_for(seen)).await.expect("traffic is measured").unwrap();
}

fn scope(service: &str, requests: bool) -> Scope {
    Scope { namespace: "prod".into(), service: service.into(), window: Window::Ever, requests }
}

async fn seen(bench: &Bench, service: &str) -> Tailored {
    bench.session.policies_seen(&scope(service, false)).await.unwrap()
}

/// Looks again whenever traffic was measured, until this holds.
async fn until(bench: &Bench, scope: &Scope, holds: impl Fn(&Tailored) -> bool) -> Tailored {
    let mut traffic = bench.session.traffic();
    let look = async {
        loop {
            let made = bench.session.policies_seen(scope).await.unwrap();
            if holds(&made) {
                return made;
            }
            traffic.changed().await.unwrap();
        }
    };
    tokio::time::timeout(LIMIT, look).await.expect("it is seen in time")
}

async fn keep(bench: &Bench, dishes: &[session::recipes::Dish]) {
    for dish in dishes {
        bench.session.draft_put(&dish.after, &dish.base).await.unwrap();
    }
}

async fn apply(bench: &Bench) {
    let plan = bench.review().await;
    assert_eq!(plan.because.en, "");
    let applied = bench.session.apply(&plan.token, "", &[]).await.unwrap();
    assert_eq!(applied.state, journal::State::Applied, "{applied:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_lets_in_whom_it_was_seen_to_serve() {
    let bench = bench(Demo::client).await;
    measured(&bench).await;
    let plain = |made: &Tailored| made.left.iter().any(|left| left.why == Why::Plaintext) && made.let_in.len() > 1;
    let made = until(&bench, &scope("inventory", false), plain).await;
    let callers: Vec<_> = made.let_in.iter().map(|one| (one.account.1.as_str(), one.ports.as_slice())).collect();
    assert_eq!(callers, [("catalog", [8080].as_slice()), ("orders", &[8080])], "{made:#?}");
    let batch = made.left.iter().find(|left| left.why == Why::Plaintext).unwrap();
    assert_eq!(batch.service.1, "inventory", "legacy/batch has no proxy, so no policy can name it: {made:#?}");
    assert!(made.says.iter().all(|line| line.tone != Tone::Cuts || !line.observed), "{:#?}", made.says);
    let [dish] = made.dishes.as_slice() else { panic!("{made:#?}") };
    assert!(
        dish.after.contains("istio.io/dry-run: \"true\"") || dish.after.contains("istio.io/dry-run: 'true'"),
        "{}",
        dish.after
    );
    let checked = bench.session.check_object(&dish.after).await.unwrap();
    assert!(checked.problems.is_empty(), "{:?}\n{}", checked.problems, dish.after);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opens_connections_is_let_in_by_port() {
    let bench = bench(Demo::client).await;
    let made = until(&bench, &scope("ledger", true), |made| !made.let_in.is_empty()).await;
    let told: Vec<_> = made
        .let_in
        .iter()
        .map(|one| (one.account.1.as_str(), one.tcp, one.ports.as_slice(), one.requests.len()))
        .collect();
    assert_eq!(told, [("payments", true, [5432].as_slice(), 0)], "{made:#?}");
    let body = world::yaml::read(&made.dishes[0].after).value;
    assert_eq!(body["spec"]["rules"][0]["to"], serde_json::json!([{"operation": {"ports": ["5432"]}}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_access_log_tells_methods_and_paths() {
    let bench = bench(Demo::client).await;
    measured(&bench).await;
    let told = |made: &Tailored| made.let_in.len() > 1 && made.let_in.iter().all(|one| !one.requests.is_empty());
    let made = until(&bench, &scope("inventory", true), told).await;
    let of = |account: &str| made.let_in.iter().find(|one| one.account.1 == account).unwrap().requests.clone();
    let asked = |method: &str, path: &str| {
        vec![session::policies::write::Asked { methods: [method.to_owned()].into(), paths: [path.to_owned()].into() }]
    };
    assert_eq!((of("catalog"), of("orders")), (asked("GET", "/stock"), asked("POST", "/reserve")), "{made:#?}");
    assert!(made.lines > 0 && made.unknown.is_empty(), "{:?}", made.unknown);
    let body = world::yaml::read(&made.dishes[0].after).value;
    let rule =
        body["spec"]["rules"].as_array().unwrap().iter().find(|rule| rule.to_string().contains("sa/orders")).unwrap();
    assert_eq!(
        rule["to"],
        serde_json::json!([{"operation": {"methods": ["POST"], "paths": ["/reserve"], "ports": ["8080"]}}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_asks_with_the_methods_and_paths_that_policies_name() {
    let bench = bench(Demo::client).await;
    measured(&bench).await;
    let told = |made: &Tailored| made.let_in.len() > 1 && made.let_in.iter().all(|one| !one.requests.is_empty());
    let made = until(&bench, &scope("inventory", true), told).await;
    let of = async |caller: &str| {
        let matrix = bench.session.matrix(&["prod".into()], true).await.unwrap();
        let row = matrix.rows.iter().position(|row| row.1.starts_with(caller)).unwrap();
        let column = matrix.columns.iter().position(|column| column.service == "inventory").unwrap();
        (matrix.cells[row * matrix.columns.len() + column].clone(), matrix.columns[column].asked.clone())
    };
    let generic = Sample::any();
    let (orders, asked) = of("orders").await;
    assert_eq!((orders.outcome, orders.requests.len()), (Outcome::Forwarded, 0));
    assert_eq!(asked, std::slice::from_ref(&generic), "no policy names a request");

    let mut body = world::yaml::read(&made.dishes[0].after).value;
    let dry_run = body["metadata"].as_object_mut().unwrap().remove("annotations");
    assert!(dry_run.is_some(), "{body}");
    bench.session.draft_put(&world::yaml::write(&body), "").await.unwrap();
    let (orders, asked) = of("orders").await;
    assert_eq!(orders.outcome, Outcome::Denied, "GET / alone would say that orders is refused");
    assert!(orders.calling.per_second > 0.0, "{orders:?}");
    let told = |cell: &session::matrix::Cell| -> Vec<(String, Outcome)> {
        cell.requests.iter().map(|one| (one.asked.to_string(), one.outcome)).collect()
    };
    let expected = |stock: Outcome, reserve: Outcome| {
        vec![("GET /".into(), Outcome::Denied), ("GET /stock".into(), stock), ("POST /reserve".into(), reserve)]
    };
    assert_eq!(told(&orders), expected(Outcome::Denied, Outcome::Forwarded));
    let by = |one: &session::matrix::Judged| one.calling.object.as_ref().map(|key| key.name.clone());
    assert!(orders.requests.iter().all(|one| by(one).as_deref() == Some("callers-of-inventory")), "{orders:#?}");
    assert_eq!(told(&of("catalog").await.0), expected(Outcome::Forwarded, Outcome::Denied));
    let (stranger, _) = of("storefront").await;
    assert_eq!((stranger.outcome, told(&stranger)), (Outcome::Denied, Vec::new()), "refused whatever it asks");
    assert_eq!((asked.len(), asked.first()), (3, Some(&generic)));
}

/// Who has no proxy is a row, and a host outside a column.
#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_holds_callers_and_hosts_outside_the_mesh() {
    let bench = bench(Demo::client).await;
    let service_entry = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: partner, namespace: prod}\nspec:\n  \
        hosts: [api.partner.example]\n  location: MESH_EXTERNAL\n  resolution: DNS\n  ports:\n  - {number: 443, name: tls, protocol: TLS}\n";
    bench.session.draft_put(service_entry, "").await.unwrap();
    let strict = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: strict-reviews, namespace: prod}\nspec:\n  \
        selector: {matchLabels: {app: reviews}}\n  mtls: {mode: STRICT}\n";
    bench.session.draft_put(strict, "").await.unwrap();
    let shut = "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: orders-shut, namespace: prod}\nspec:\n  \
        workloadSelector: {labels: {app: orders}}\n  outboundTrafficPolicy: {mode: REGISTRY_ONLY}\n  egress:\n  - hosts: [prod/inventory.prod.svc.cluster.local]\n";
    bench.session.draft_put(shut, "").await.unwrap();
    let matrix = bench.session.matrix(&["prod".into()], true).await.unwrap();
    assert_eq!(matrix.rows[0].0, "", "{:?}", matrix.rows);
    let of = |row: usize, service: &str| {
        let column = matrix.columns.iter().position(|column| column.service == service).unwrap();
        &matrix.cells[row * matrix.columns.len() + column]
    };
    assert_eq!((of(0, "reviews").outcome, of(0, "reviews").calling.secured), (Outcome::Refused, Secured::Plaintext));
    assert_eq!((of(0, "catalog").outcome, of(0, "catalog").calling.secured), (Outcome::Forwarded, Secured::Plaintext));
    let storefront = matrix.rows.iter().position(|row| row.1 == "storefront-v1").unwrap();
    assert_eq!(of(storefront, "reviews").calling.secured, Secured::Mtls);
    let orders = matrix.rows.iter().position(|row| row.1 == "orders-v1").unwrap();
    let shut_out = of(orders, "api.partner.example");
    assert!(
        matches!(shut_out.outcome, Outcome::Blocked | Outcome::Refused),
        "its Sidecar leaves it out: {shut_out:#?}"
    );
    assert_eq!(of(orders, "inventory").outcome, Outcome::Forwarded);
    let said = of(0, "reviews").calling.because.clone();
    assert!(!said.en.contains("outside.the.mesh") && !said.zh.contains("outside.the.mesh"), "{said:?}");
    let host = matrix.columns.iter().find(|column| column.service == "api.partner.example").unwrap();
    assert_eq!((host.namespace.as_str(), host.url.as_str()), ("", "https://api.partner.example:443"));
    assert_eq!(
        of(storefront, "api.partner.example").outcome,
        Outcome::Forwarded,
        "{:#?}",
        of(storefront, "api.partner.example")
    );
}

/// What the engine foretells of policies in dry-run, the proxies count themselves.
#[tokio::test(flavor = "multi_thread")]
async fn proxies_count_what_policies_in_dry_run_would_refuse() {
    let bench = bench(Demo::client).await;
    let policy = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata:\n  name: catalog-alone\n  namespace: prod\n  \
        annotations: {istio.io/dry-run: 'true'}\nspec:\n  selector: {matchLabels: {app: inventory}}\n  rules:\n  - from:\n    - source: {principals: [cluster.local/ns/prod/sa/catalog]}\n";
    bench.session.draft_put(policy, "").await.unwrap();
    apply(&bench).await;
    let mut traffic = bench.session.traffic();
    let counted = async {
        loop {
            traffic.changed().await.unwrap();
            let runs = bench.session.dry_runs().await.unwrap();
            let Some(run) = runs.into_iter().next() else { continue };
            let inventory = run.counted.rows.iter().find(|row| row.workload.1.starts_with("inventory"));
            if let Some(row) = inventory.filter(|row| row.refused > 0.0 && row.refused < row.of) {
                return (row.clone(), run.clone());
            }
        }
    };
    let (row, run) = tokio::time::timeout(LIMIT, counted).await.expect("they count in time");
    assert!(!row.denies && !row.tcp, "{row:?}");
    assert!(run.counted.seconds.is_some_and(|seconds| seconds > 0.0), "{:?}", run.counted);
    assert!(run.counted.silent.is_empty(), "{:?}", run.counted.silent);
    let [only] = run.counted.rows.as_slice() else { panic!("no other policy is in dry-run: {:?}", run.counted.rows) };
    assert_eq!(only.workload, row.workload);
    // The engine and the proxies agree on whom they let in.
    let cut: Vec<_> = run.says.iter().filter(|line| line.tone == Tone::Cuts && line.observed).collect();
    assert!(cut.iter().any(|line| line.title.en.contains("orders")), "{cut:#?}");
    assert!(cut.iter().all(|line| !line.title.en.contains("catalog")), "{cut:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_goes_from_dry_run_to_enforced() {
    let bench = bench(Demo::client).await;
    measured(&bench).await;
    assert!(bench.session.dry_runs().await.unwrap().is_empty());
    let made = seen(&bench, "").await;
    assert!(
        made.dishes.len() > 5 && made.dishes.last().is_some_and(|dish| dish.key.name == "nobody-else"),
        "{made:#?}"
    );
    assert!(made.beside.iter().any(|key| key.name == "payments-from-checkout"), "{:?}", made.beside);
    let opens = made.says.iter().filter(|line| line.observed && line.tone == Tone::Opens);
    assert_eq!(
        opens.map(|line| line.title.en.as_str()).collect::<Vec<_>>(),
        Vec::<&str>::new(),
        "who is served was let in before"
    );
    assert!(made.silent.iter().any(|name| name == "shoppers"), "{:?}", made.silent);
    keep(&bench, &made.dishes).await;
    apply(&bench).await;

    // In dry-run nothing is refused that was not before.
    let denied = async |with_draft| {
        let matrix = bench.session.matrix(&["prod".into()], with_draft).await.unwrap();
        matrix.cells.iter().filter(|cell| cell.outcome == Outcome::Denied).count()
    };
    let mut live = bench.session.live();
    let there = |live: &session::live::Live| live.world.document(&made.dishes[0].key).is_some();
    tokio::time::timeout(LIMIT, live.wait_for(there)).await.unwrap().unwrap();
    let before = denied(false).await;
    let runs = bench.session.dry_runs().await.unwrap();
    let [run] = runs.as_slice() else { panic!("{runs:#?}") };
    assert_eq!((run.namespace.as_str(), run.dishes.len(), run.pending), ("prod", made.dishes.len(), false));
    let cut: Vec<_> = run.says.iter().filter(|line| line.tone == Tone::Cuts && line.observed).collect();
    let nameless = |title: &str| title.starts_with("callers without a proxy → ");
    assert!(cut.iter().all(|line| nameless(&line.title.en)), "who was seen with a name stays: {cut:#?}");
    assert!(cut.iter().any(|line| line.title.en.ends_with("→ inventory")), "who has none is refused: {:#?}", run.says);

    // What is in dry-run is brought up to date, not made twice.
    let again = seen(&bench, "inventory").await;
    assert_eq!(again.dishes[0].key.name, "callers-of-inventory");
    assert!(!again.dishes[0].base.is_empty());

    keep(&bench, &run.dishes).await;
    assert!(bench.session.dry_runs().await.unwrap()[0].pending);
    assert!(denied(true).await > before);
    apply(&bench).await;
}

/// Proxies count no methods: checkout's POST gets through where `GET /` would not, and is not called refused.
#[tokio::test(flavor = "multi_thread")]
async fn who_gets_through_is_not_said_to_be_refused() {
    let bench = bench(Demo::client).await;
    let mut traffic = bench.session.traffic();
    let called = |t: &Arc<session::traffic::Traffic>, host: &str| t.edges(5.0).iter().any(|e| e.host.starts_with(host));
    let seen = |t: &Arc<session::traffic::Traffic>| ["payments", "users"].iter().all(|host| called(t, host));
    tokio::time::timeout(LIMIT, traffic.wait_for(seen)).await.expect("both are called").unwrap();
    let refused = async || {
        let found = bench.session.findings(false).await.unwrap();
        let of_rule = found.findings.iter().filter(|finding| finding.rule == "callers-denied");
        of_rule.map(|finding| finding.object.name.clone()).collect::<Vec<_>>()
    };
    let told = tokio::time::timeout(LIMIT, async {
        while refused().await != ["users-not-from-dev"] {
            let _ = traffic.changed().await;
        }
    });
    let in_time = told.await.is_ok();
    assert!(in_time, "refused: {:?}", refused().await);
}
