//! A Prometheus beside the demo: found, chosen, relied on or not, and asked for days. Its answers have the form that a genuine one gave
//! (signals/src/promql/recorded.jsonl); behind it stands a table of what it says to which question.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use demo::Demo;
use http::{Method, Request, Response};
use kube::client::Body;
use rollout::{Phase, Plan};
use secrecy::SecretString;
use serde_json::{Value, json};
use session::map::Level;
use session::prometheus::{Chosen, State, Usage, Which};
use session::rollout::{Given, Source as From, Supposed};
use session::{Keyring, Profile, Session, Workbench};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{BoxError, service_fn};

use crate::bench::{Bench, LIMIT, bench};

/// What it answers: the beginning of a query → its answer; and the headers and paths that it was sent.
#[derive(Clone, Default)]
pub struct Backend {
    pub says: Arc<Mutex<BTreeMap<&'static str, Value>>>,
    heard: Arc<Mutex<Vec<String>>>,
}

fn now() -> f64 {
    jiff::Timestamp::now().as_millisecond() as f64 / 1000.0
}

pub fn vector(series: &[(&[(&str, &str)], &str)]) -> Value {
    let item = |(labels, value): &(&[(&str, &str)], &str)| json!({"metric": labels.iter().copied().collect::<BTreeMap<_, _>>(), "value": [now(), value]});
    json!({"resultType": "vector", "result": series.iter().map(item).collect::<Vec<_>>()})
}

impl Backend {
    /// One that is well, of this session's cluster.
    pub fn of(session: &Session) -> Self {
        let world = session.world();
        let runs = |pod: &world::Pod| pod.phase == "Running" && pod.container("istio-proxy").is_some();
        let pods: Vec<_> = world.pods().filter(|pod| runs(pod)).collect();
        let each = |value: &str| {
            let labels = pods.iter().map(|pod| [("namespace", pod.namespace.as_str()), ("pod", pod.name.as_str())]);
            let labels: Vec<_> = labels.collect();
            vector(&labels.iter().map(|labels| (&labels[..], value)).collect::<Vec<_>>())
        };
        let one = Self::default();
        one.say("time() - max(timestamp(", vector(&[(&[], "12.5")]));
        one.say("count by (namespace, pod)", each("1"));
        one.say("count by (destination_workload", vector(&[]));
        one.say("max by (namespace, pod) (quantile_over_time", each("0.4"));
        one.say("max by (namespace, pod) (max_over_time", each("209715200"));
        one.say("time() - min by (namespace, pod)", each("604000"));
        one
    }

    pub fn say(&self, query: &'static str, answer: Value) {
        self.says.lock().unwrap().insert(query, answer);
    }

    fn heard(&self) -> String {
        std::mem::take(&mut *self.heard.lock().unwrap()).join("\n")
    }

    fn answer(&self, path: &str) -> (u16, String) {
        let parameter = |name: &str| {
            let (_, query) = path.split_once('?')?;
            let found = query.split('&').find_map(|part| part.strip_prefix(name))?;
            Some(unescaped(found))
        };
        if path.starts_with("/api/v1/status/buildinfo") {
            return (200, json!({"status": "success", "data": {"version": "2.42.0+ds"}}).to_string());
        }
        let query = parameter("query=").unwrap_or_default();
        let says = self.says.lock().unwrap();
        let known =
            says.iter().filter(|(begins, _)| query.starts_with(**begins)).max_by_key(|(begins, _)| begins.len());
        match known {
            Some((_, error)) if error.get("errorType").is_some() => (400, error.to_string()),
            Some((_, data)) => (200, json!({"status": "success", "data": data}).to_string()),
            None if query == "time()" => (
                200,
                json!({"status": "success", "data": {"resultType": "scalar", "result": [now(), now().to_string()]}})
                    .to_string(),
            ),
            None => (200, json!({"status": "success", "data": vector(&[])}).to_string()),
        }
    }

    /// At an address of its own.
    pub async fn serve(&self) -> (String, tokio::task::JoinHandle<()>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, this) = (format!("http://{}", listener.local_addr().unwrap()), self.clone());
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await?);
                    }
                    let head = String::from_utf8_lossy(&head).into_owned();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    this.heard.lock().unwrap().push(head);
                    let (status, body) = this.answer(&path);
                    let length = body.len();
                    let answer =
                        format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
                    stream.write_all(answer.as_bytes()).await
                });
            }
        });
        (address, serving)
    }
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        match (first, after) {
            (b'%', [a, b, more @ ..]) => {
                let hex = [*a, *b];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
                rest = more;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

const PROXY: &str = "/api/v1/namespaces/prod/services/prometheus:9090/proxy";

/// A demo with a Prometheus behind the API server's proxy.
fn with_backend(inner: kube::Client, backend: Arc<Mutex<Option<Backend>>>) -> kube::Client {
    let answer = move |request: Request<Body>| {
        let (inner, backend) = (inner.clone(), backend.lock().unwrap().clone());
        async move {
            let path = request.uri().path_and_query().map(|path| path.to_string()).unwrap_or_default();
            let Some(asked) = path.strip_prefix(PROXY) else { return Ok(inner.send(request).await?) };
            let (status, body) = match backend {
                Some(backend) => backend.answer(asked),
                None => {
                    let said = "no endpoints available for service \"prometheus:9090\"";
                    (503, json!({"kind": "Status", "code": 503, "message": said}).to_string())
                }
            };
            Ok::<_, BoxError>(Response::builder().status(status).body(Body::from(body.into_bytes()))?)
        }
    };
    kube::Client::new(service_fn(answer), "default")
}

async fn make_service(demo: &Demo, name: &str) {
    let body = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "namespace": "prod", "labels": {"app.kubernetes.io/name": "prometheus"}},
        "spec": {"selector": {"app": "prometheus"}, "ports": [{"name": "http", "port": 9090}]}});
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/namespaces/prod/services")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string().into_bytes()))
        .unwrap();
    assert!(demo.client().send(request).await.unwrap().status().is_success());
}

async fn state(session: &Session, is: impl Fn(&State) -> bool) -> State {
    let mut standing = session.prometheus();
    let found = tokio::time::timeout(LIMIT, standing.wait_for(|standing| is(&standing.state))).await;
    found.unwrap_or_else(|_| panic!("it is {:?}", session.prometheus().borrow())).unwrap().state.clone()
}

/// The demo with such a Service, a session that was told to look, and what answers there.
pub async fn behind() -> (Bench, Backend, Arc<Mutex<Option<Backend>>>) {
    let slot = Arc::new(Mutex::new(None));
    let given = slot.clone();
    let bench = bench(move |demo| with_backend(demo.client(), given)).await;
    make_service(&bench.demo, "prometheus").await;
    let mut live = bench.session.live();
    let listed = live.wait_for(|live| live.world.service("prod", "prometheus").is_some());
    tokio::time::timeout(LIMIT, listed).await.expect("the Service is seen").unwrap();
    let backend = Backend::of(&bench.session);
    (bench, backend, slot)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_one_everything_says_so_and_goes_on() {
    let bench = bench(Demo::client).await;
    assert_eq!(bench.session.prometheus_looked().await.state, State::Looking, "nobody was told to look");
    bench.session.find_prometheus();
    assert_eq!(bench.session.prometheus_looked().await.state, State::Absent);
    let because = bench.session.uses_now().await.unwrap_err().because.en;
    assert!(because.starts_with("no Service of this cluster looks like a Prometheus"), "{because}");
    let curve = bench.session.resource_history("prod", "cart-v1").await.unwrap();
    assert!(curve.from_prometheus == 0 && curve.unknown.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_in_the_cluster_is_found_and_tells_of_days() {
    let (bench, backend, slot) = behind().await;
    *slot.lock().unwrap() = Some(backend.clone());
    let points: Vec<Value> =
        (0..20).map(|n| json!([((now() / 900.0).floor() - 20.0 + f64::from(n)) * 900.0, "0.25"])).collect();
    let matrix = json!({"resultType": "matrix", "result": [{"metric": {}, "values": points}]});
    let each = ["sum(max by (namespace, pod) (", "max(max by (namespace, pod) (", "count(max by (namespace, pod) ("];
    for query in each.into_iter().chain(["count(istio_requests_total"]) {
        backend.say(query, matrix.clone());
    }
    let way = [
        ("reporter", "source"),
        ("source_workload", "storefront-v1"),
        ("source_workload_namespace", "prod"),
        ("destination_workload", "cart-v1"),
        ("destination_workload_namespace", "prod"),
        ("destination_service", "cart.prod.svc.cluster.local"),
        ("request_protocol", "http"),
        ("response_code", "200"),
    ];
    backend.say("sum by (reporter", vector(&[(&way, "600")]));
    bench.session.find_prometheus();
    let State::Usable(report) = state(&bench.session, |state| *state != State::Looking).await else {
        panic!("{:?}", bench.session.prometheus().borrow())
    };
    assert_eq!((report.version.as_str(), report.age, report.containers.others), ("2.42.0+ds", 12.5, 0));
    assert!(report.containers.ours > 20, "{report:?}");

    let uses = bench.session.uses_asked().await.unwrap();
    let cart = Usage { seen: 604_000.0, cpu_p95: 400.0, memory_most: 209_715_200.0 };
    assert_eq!(uses[&("prod".to_owned(), "cart-v1".to_owned())], cart);

    let curve = bench.session.resource_history("prod", "cart-v1").await.unwrap();
    assert!(curve.from_prometheus == 20 && curve.unknown.is_none(), "{curve:?}");
    assert_eq!((curve.samples[0].cpu, curve.samples[0].memory), (250.0, 0.25));
    // The sum of a namespace, and of a mesh.
    for (namespace, mesh) in [("prod", ""), ("", "Istio")] {
        let sum = bench.session.resource_history(namespace, mesh).await.unwrap();
        assert!(sum.from_prometheus == 20 && sum.samples[0].unknown == 0, "{namespace}{mesh}: {sum:?}");
    }
    let none = bench.session.resource_history("", "Nobody").await.unwrap();
    assert_eq!(none.samples, [], "of a mesh that is none, the pods of the whole cluster are not asked for");

    let past = bench.session.past().await.unwrap();
    assert_eq!(past.before.len(), 20);
    let graph = bench.session.graph_at(Level::Services, &[], 60, past.before[0]).await.unwrap();
    let edge = graph.edges.iter().find(|edge| edge.id.ends_with("service:prod/cart")).expect("an edge to the cart");
    assert!((edge.per_second - 5.0).abs() < 1e-9, "600 in two minutes, the shortest window: {edge:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_relied_on_says_why() {
    let (bench, backend, slot) = behind().await;
    let session = &bench.session;
    let because = async |again: bool| {
        if again {
            session.find_prometheus();
        }
        let State::Unusable(because) = state(session, |state| !matches!(state, State::Looking)).await else {
            panic!("{:?}", session.prometheus().borrow())
        };
        assert_eq!(session.uses_now().await.unwrap_err().because.en, because.en);
        because.en
    };
    session.find_prometheus();
    let gone = because(false).await;
    assert!(gone.contains("no endpoints available") && gone.contains("prod/prometheus"), "{gone}");
    *slot.lock().unwrap() = Some(backend.clone());
    for (query, answer, said) in [
        ("time() - max(timestamp(", vector(&[(&[], "3480")]), "its newest sample is 58 min old"),
        ("time() - max(timestamp(", vector(&[]), "it has no sample of anything that it scrapes"),
        ("time() - max(timestamp(", vector(&[(&[], "3")]), ""),
        (
            "time()",
            json!({"resultType": "scalar", "result": [now(), (now() - 3600.0).to_string()]}),
            // 60 minutes, and what a busy machine took to ask.
            "its clock is 6",
        ),
        (
            "time()",
            json!({"errorType": "unavailable", "status": "error", "error": "not ready"}),
            "it refuses the query (unavailable): not ready",
        ),
    ] {
        backend.say(query, answer);
        if !said.is_empty() {
            let because = because(true).await;
            assert!(because.contains(said), "{because}");
        }
    }
    backend.says.lock().unwrap().remove("time()");
    backend.say("count by (namespace, pod)", vector(&[(&[("namespace", "prod"), ("pod", "cart-v1-abc-xyz")], "1")]));
    let foreign = because(true).await;
    assert!(foreign.contains("another cluster's"), "{foreign}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_chooses_among_several_or_gives_an_address() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<keyring_core::CredentialStore> = keyring_core::mock::Store::new().unwrap();
    let profile = || Profile { keyring: Keyring::Store(store.clone()), ..Profile::in_folder(folder.path()) };
    let bench = Workbench::open(profile()).unwrap();
    let demo = bench.demo().await.unwrap();
    for name in ["prometheus", "prometheus-two"] {
        make_service(demo, name).await;
    }
    let session = bench.open_session(session::DEMO).await.unwrap();
    assert_eq!(session.prometheus_looked().await.state, State::Several);
    assert_eq!(session.prometheus().borrow().found.len(), 2);

    let backend = Backend::of(&session);
    let (url, serving) = backend.serve().await;
    let address = |token| Which::Address { url: format!("{url}/"), authority: String::new(), token };
    let choose = async |bench: &Workbench, session: &Session, which, only: &str, token: Option<&str>| {
        let token = token.map(SecretString::from);
        bench.choose_prometheus(session.id(), Chosen { which, only: only.into(), ..Chosen::default() }, token).await
    };
    choose(&bench, &session, address(false), "region=\"eu\"", Some("canary-9P")).await.unwrap();
    assert!(matches!(state(&session, |state| *state != State::Looking).await, State::Usable(_)));
    let heard = backend.heard();
    assert!(heard.contains("authorization: Bearer canary-9P") && heard.contains("region%3D%22eu%22"), "{heard}");
    let settings = std::fs::read_to_string(folder.path().join("settings.json")).unwrap();
    assert!(settings.contains(&url) && !settings.contains("canary"), "{settings}");

    // Wrong fields are named, and change nothing.
    for (which, only, token, field) in [
        (Which::Found, "region=eu", None, "only"),
        (
            Which::Address { url: "https://me:canary-9P@x".into(), authority: String::new(), token: false },
            "",
            None,
            "url",
        ),
        (Which::Address { url: "ftp://x".into(), authority: String::new(), token: false }, "", None, "url"),
        (
            Which::Address { url: "http://10.0.0.1:9090".into(), authority: String::new(), token: false },
            "",
            Some("t"),
            "url",
        ),
        (address(false), "", Some("two\nlines"), "token"),
    ] {
        let error = choose(&bench, &session, which, only, token).await.unwrap_err().to_string();
        assert!(error.starts_with(field), "{field}: {error}");
    }
    // After a restart it is asked again, with the token of the keyring.
    bench.close(session.id());
    let later = Workbench::open(profile()).unwrap();
    let session = later.open_session(session::DEMO).await.unwrap();
    session.prometheus_looked().await;
    assert!(backend.heard().contains("authorization: Bearer canary-9P"));
    // Another address is not sent the token of the first.
    let (other, _serving) = Backend::of(&session).serve().await;
    choose(&later, &session, Which::Address { url: other, authority: String::new(), token: true }, "", None)
        .await
        .unwrap();
    let kept = later.settings().prometheus[session::DEMO].which.clone();
    assert!(matches!(kept, Which::Address { token: false, .. }), "{kept:?}");
    choose(&later, &session, Which::Nobody, "", None).await.unwrap();
    assert_eq!(state(&session, |state| *state != State::Looking).await, State::Off);
    serving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_asks_it_decides_a_rollout() {
    let (bench, backend, slot) = behind().await;
    let session = &bench.session;
    let text = "name: reviews\nservice: {namespace: prod, name: reviews}\nroute: {kind: VirtualService, name: reviews}\nstable: v1\ncanary: v2\ninterval: 1s\nlag: 0s\npatience: 1m\nsteps: [{weight: 50, pause: 2s}, {weight: 100, pause: 1m}]\ngates: [{metric: promql, name: orders, query: 'sum(orders{s=\"{{service}}\",v=\"{{version}}\"}[{{interval}}])', min: 5, maxOverStable: 1}]\n";
    let plan = Plan::read(text).unwrap();
    let take_over = vec!["argocd-controller".to_owned()];
    let blocks = async || {
        let all = session.rollout_check(&plan, &take_over).await.unwrap();
        all.into_iter()
            .filter(|one| one.blocks)
            .map(|one| format!("{}: {}", one.about, one.because))
            .collect::<Vec<_>>()
    };
    *slot.lock().unwrap() = Some(backend.clone());
    let (v1, v2) = ("sum(orders{s=\"reviews\",v=\"v1\"}[1s])", "sum(orders{s=\"reviews\",v=\"v2\"}[1s])");
    let refused = json!({"status": "error", "errorType": "bad_data", "error": "parse error: unknown function"});
    session.find_prometheus();
    session.prometheus_looked().await;
    for (answer, said) in [
        (vector(&[]), "orders: Prometheus: it has no data for this"),
        (vector(&[(&[("a", "1")], "1"), (&[("a", "2")], "1")]), "it gives 2 series"),
        (vector(&[(&[], "NaN")]), "it gives NaN"),
        (refused, "it refuses the query (bad_data): parse error: unknown function"),
    ] {
        backend.say(v1, answer);
        let found = blocks().await;
        assert!(found.len() == 1 && found[0].contains(said), "{found:?}");
        let begun = session.rollout_begin(plan.clone(), take_over.clone()).await.unwrap_err().to_string();
        assert!(begun.contains(said), "{begun}");
    }
    backend.say(v1, vector(&[(&[], "10")]));
    assert_eq!(blocks().await, Vec::<String>::new());

    // Without a number for the canary it holds; with one that is as it shall be it goes on; with a bad one it goes back.
    let id = session.rollout_begin(plan.clone(), take_over.clone()).await.unwrap();
    let until = async |what: &str, is: &dyn Fn(&rollout::Run) -> bool| {
        let mut changed = session.traffic();
        let seen = async {
            loop {
                let run = session.rollouts().await.unwrap().into_iter().find(|one| one.id == id).unwrap().run;
                if is(&run) {
                    return run;
                }
                changed.changed().await.unwrap();
            }
        };
        tokio::time::timeout(LIMIT, seen).await.unwrap_or_else(|_| panic!("waited for {what}"))
    };
    let silent = until("looks without a number", &|run| run.silent >= std::time::Duration::from_secs(3)).await;
    assert!(silent.step == 0 && silent.held.is_zero() && silent.split.canary == 50, "{silent:?}");
    assert_eq!(silent.checks.back().unwrap().judged[0].because, "orders: it has no data for this");
    backend.say(v2, vector(&[(&[], "10.5")]));
    let on = until("the next step", &|run| run.step == 1 && run.split.canary == 100).await;
    let judged = on.checks.iter().rev().find(|check| check.step == 0).unwrap().judged[0].clone();
    assert_eq!(
        (judged.value, judged.stable, judged.because.as_str()),
        (Some(10.5), Some(10.0), "orders 10.5, beside the stable version's 10")
    );
    backend.say(v2, vector(&[(&[], "4.25")]));
    let back = until("its end", &|run| run.phase.is_over()).await;
    assert!(
        matches!(&back.phase, Phase::Returned(because) if because.en == "orders 4.25, below 5"),
        "{:?}",
        back.phase
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_played_on_what_it_has_or_on_what_is_supposed() {
    let (bench, backend, slot) = behind().await;
    let session = &bench.session;
    let text = "name: reviews\nservice: {namespace: prod, name: reviews}\nroute: {kind: VirtualService, name: reviews}\nstable: v1\ncanary: v2\ninterval: 10s\nlag: 15s\nsteps: [{weight: 50, pause: 20s}, {weight: 100, pause: 20s}]\ngates: [{metric: promql, name: orders, query: 'sum(orders{v=\"{{version}}\"}[1m])', min: 5, maxOverStable: 1}]\n";
    let plan = Plan::read(text).unwrap();
    let play = async |queries: &[(usize, f64)]| {
        let supposed = Supposed { queries: queries.iter().copied().collect(), ..Supposed::default() };
        let simulated = session.rollout_simulate(plan.clone(), supposed).await.unwrap();
        let [Given { gate: 0, source }] = simulated.given.as_slice() else { panic!("{:?}", simulated.given) };
        (source.clone(), simulated.played)
    };
    let (source, played) = play(&[]).await;
    assert!(matches!(&source, From::Unplayed(because) if because.en.starts_with("Prometheus: ")), "{source:?}");
    assert_eq!((&played.run.phase, played.steps[0].to), (&Phase::Done, 20.0), "the gate is left out");
    let (source, played) = play(&[(0, 7.0)]).await;
    // For 75 s nobody can tell; the look after is the first of those that hold.
    assert_eq!((source, &played.run.phase, played.steps[0].to), (From::Supposed, &Phase::Done, 90.0), "{played:#?}");
    let (_, played) = play(&[(0, 4.0)]).await;
    assert!(
        matches!(&played.run.phase, Phase::Returned(why) if why.en == "orders 4, below 5"),
        "{:?}",
        played.run.phase
    );

    *slot.lock().unwrap() = Some(backend.clone());
    session.find_prometheus();
    session.prometheus_looked().await;
    backend.say("sum(orders{v=\"v1\"}", vector(&[(&[], "10")]));
    let (source, played) = play(&[]).await;
    assert_eq!((source, &played.run.phase), (From::Stable, &Phase::Done), "of the canary it has nothing yet");
    backend.say("sum(orders{v=\"v2\"}", vector(&[(&[], "11.5")]));
    let (source, played) = play(&[]).await;
    let because = "orders 11.5, worse than the stable version's 10 by more than 1";
    assert_eq!((source, played.run.phase.because().map(|said| &*said.en)), (From::Recorded, Some(because)));
    let (source, played) = play(&[(0, 10.5)]).await;
    assert_eq!((source, &played.run.phase), (From::Supposed, &Phase::Done), "{played:#?}");
}
