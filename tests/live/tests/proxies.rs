//! The proxies of a genuine mesh: as many and as synchronised as istiod says; a refusal with its object within five seconds, and gone again
//! when the object is; one proxy opened, with what made its parts; levels of its log; what it uses; and what a viewer is told.
#![cfg(test)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use live::cluster::kubeconfig;
use live::shop::{NAMESPACE, PATIENCE, ask, clear, client, fetch, job, make, open, open_as, until};
use serde_json::{Value, json};
use session::Session;
use session::proxies::access::{Call, Direction, Following, Only, What};
use session::proxies::compare::{Kind, Standing};
use session::proxies::detail::Sort;
use session::proxies::{Fleet, Proxy, Sync};
use tokio::time::{Instant, timeout};
use world::ObjectKey;

const GROUP: &str = "networking.istio.io";
const NAME: &str = "netloft-refused";
/// How soon a refusal is shown.
const SOON: Duration = Duration::from_secs(5);

fn filter_key() -> ObjectKey {
    ObjectKey::new(GROUP, "EnvoyFilter", NAMESPACE, NAME)
}

/// A filter that no Envoy knows, for what comes in to ratings.
fn filter() -> Value {
    let router = json!({"name": "envoy.filters.network.http_connection_manager", "subFilter": {"name": "envoy.filters.http.router"}});
    let typed = json!({"@type": "type.googleapis.com/udpa.type.v1.TypedStruct",
        "type_url": "type.googleapis.com/shop.filters.Unheard", "value": {"a": "b"}});
    json!({"apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {"workloadSelector": {"labels": {"app": "ratings"}}, "configPatches": [{"applyTo": "HTTP_FILTER",
            "match": {"context": "SIDECAR_INBOUND", "listener": {"filterChain": {"filter": router}}},
            "patch": {"operation": "INSERT_BEFORE", "value": {"name": "unheard", "typed_config": typed}}}]}})
}

fn of_shop(fleet: &Fleet) -> Vec<&Proxy> {
    fleet.proxies.iter().filter(|proxy| proxy.namespace == NAMESPACE).collect()
}

fn ratings(fleet: &Fleet) -> Option<&Proxy> {
    fleet.proxies.iter().find(|proxy| proxy.namespace == NAMESPACE && proxy.workload == "ratings-v1")
}

/// What istiod itself says of the shop's proxies, in the words of `istioctl proxy-status`: pod → type → state (istioctl
/// pkg/writer/pilot/status.go: what was never sent is NOT SENT, and SYNCED is what was acknowledged as it was sent).
async fn known_to_istiod(session: &Session) -> BTreeMap<String, BTreeMap<String, Sync>> {
    let plane =
        session.world().pods().find(|pod| pod.labels.get("app").is_some_and(|app| app == "istiod")).cloned().unwrap();
    let body =
        session.connection().pod_forward_get(&plane.namespace, &plane.name, 15014, "/debug/syncz").await.unwrap();
    let all: Vec<Value> = serde_json::from_slice(&body).unwrap();
    let state = |resource: &Value| match (resource["sent"].as_str(), resource["acked"].as_str()) {
        (None | Some(""), _) => Sync::NotSent,
        (sent, acked) if sent == acked => Sync::Synced,
        _ => Sync::Stale,
    };
    let short = |url: &str| match url.rsplit('.').next().unwrap() {
        "Cluster" => "CDS",
        "Listener" => "LDS",
        "ClusterLoadAssignment" => "EDS",
        "RouteConfiguration" => "RDS",
        "TypedExtensionConfig" => "ECDS",
        other => panic!("a type that istioctl does not name: {other}"),
    };
    let of = |proxy: &Value| {
        let pod = proxy["proxy"].as_str()?.strip_suffix(".shop")?.to_owned();
        let types = proxy["resources"].as_object()?.iter();
        Some((pod, types.map(|(url, resource)| (short(url).to_owned(), state(resource))).collect()))
    };
    all.iter().filter_map(of).collect()
}

async fn refusal(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let connection = session.connection();
    let mut fleet = session.fleet();
    clear(connection, &[filter_key()]).await.unwrap();
    let well = |fleet: &Arc<Fleet>| ratings(fleet).is_some_and(|proxy| proxy.sync == Sync::Synced);
    timeout(PATIENCE, fleet.wait_for(well)).await.expect("ratings is well").unwrap();
    make(connection, &filter()).await.unwrap();
    let begun = Instant::now();
    let told =
        |fleet: &Arc<Fleet>| ratings(fleet).is_some_and(|proxy| !proxy.nack.is_empty() && !proxy.ills.is_empty());
    let seen = timeout(PATIENCE, fleet.wait_for(told)).await.expect("a refusal").unwrap().clone();
    let took = begun.elapsed();
    let proxy = ratings(&seen).unwrap();
    assert_eq!((proxy.sync, proxy.ills[0].diagnosis.code), (Sync::Error, "rejected"), "{proxy:#?}");
    assert!(proxy.nack.contains("shop.filters.Unheard") && proxy.nack.starts_with("virtualInbound"), "{}", proxy.nack);
    assert_eq!(proxy.ills[0].object, Some(filter_key()), "{:?}", proxy.ills);
    assert!(took <= SOON, "it took {took:?}");
    let listeners = session.proxy_lines(NAMESPACE, &proxy.pod, Sort::Listeners).await.unwrap();
    let refused = listeners.iter().find(|line| line.state == "refused").expect("the refused listener");
    assert_eq!((refused.name.as_str(), refused.from.first()), ("virtualInbound", Some(&filter_key())));
    clear(connection, &[filter_key()]).await.unwrap();
    let gone = Instant::now();
    timeout(PATIENCE, fleet.wait_for(well)).await.expect("it clears").unwrap();
    eprintln!("a refusal was shown after {took:?} and cleared after {:?}", gone.elapsed());
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_shown_with_its_object_and_clears() {
    let Some(path) = kubeconfig() else { return };
    job(path, &[filter_key()], refusal).await.unwrap();
}

/// What other kinds make, the webhook lets through, and Envoy refuses, for ratings alone; with the type that is refused.
fn others() -> [(&'static str, ObjectKey, Value); 3] {
    let of = |api: &str, kind: &str, spec: Value| {
        let (group, _) = api.split_once('/').unwrap();
        let object =
            json!({"apiVersion": api, "kind": kind, "metadata": {"name": NAME, "namespace": NAMESPACE}, "spec": spec});
        (ObjectKey::new(group, kind, NAMESPACE, NAME), object)
    };
    let ratings = json!({"matchLabels": {"app": "ratings"}});
    let policy = json!({"selector": ratings, "action": "DENY",
        "rules": [{"when": [{"key": "request.headers[x-a\nb]", "values": ["x"]}]}]});
    // No proxy without a token is let in anywhere by it, for it is never in force.
    let tokens = json!({"selector": ratings, "jwtRules": [{"issuer": "a.example", "jwks": r#"{"keys": [{"kty": "oct", "k": ""}]}"#}]});
    let ring = json!({"host": "details", "workloadSelector": ratings, "trafficPolicy": {"loadBalancer":
        {"consistentHash": {"httpHeaderName": "x", "ringHash": {"minimumRingSize": 9_000_000}}}}});
    let (policy, tokens, ring) = (
        of("security.istio.io/v1", "AuthorizationPolicy", policy),
        of("security.istio.io/v1", "RequestAuthentication", tokens),
        of("networking.istio.io/v1", "DestinationRule", ring),
    );
    [("LDS", policy.0, policy.1), ("LDS", tokens.0, tokens.1), ("CDS", ring.0, ring.1)]
}

async fn refusals(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let connection = session.connection();
    let mut fleet = session.fleet();
    let well = |fleet: &Arc<Fleet>| ratings(fleet).is_some_and(|proxy| proxy.sync == Sync::Synced);
    for (kind, key, object) in others() {
        clear(connection, std::slice::from_ref(&key)).await.unwrap();
        timeout(PATIENCE, fleet.wait_for(well)).await.expect("ratings is well").unwrap();
        make(connection, &object).await.unwrap();
        let told = |fleet: &Arc<Fleet>| ratings(fleet).is_some_and(|proxy| !proxy.nack.is_empty());
        let seen = timeout(PATIENCE, fleet.wait_for(told)).await.expect("a refusal").unwrap().clone();
        let ill = ratings(&seen).unwrap().ills.iter().find(|ill| ill.diagnosis.code == "rejected").unwrap();
        assert!(ill.evidence[0].en.starts_with(kind), "{ill:?}");
        assert_eq!(ill.object, Some(key.clone()), "{ill:?}");
        assert!(!ill.evidence.iter().any(|said| said.en.starts_with("a guess")), "{ill:?}");
        clear(connection, &[key]).await.unwrap();
    }
    timeout(PATIENCE, fleet.wait_for(well)).await.expect("it clears").unwrap();
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_what_other_kinds_make_name_them() {
    let Some(path) = kubeconfig() else { return };
    job(path, &others().map(|(_, key, _)| key), refusals).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fleet_is_what_istiod_says_and_costs_what_the_kubelet_says() {
    let Some(path) = kubeconfig() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (workbench, session) = open(path, folder.path()).await.unwrap();
    // A pod that another test has just replaced is measured by metrics-server's next round; who pushes in between makes another try.
    let fleet = until("every proxy is measured, and as istiod says", async || {
        let fleet = session.fleet_now().await;
        let missing: Vec<_> =
            of_shop(&fleet).into_iter().filter(|proxy| proxy.cpu.usage.is_none_or(|cpu| cpu <= 0.0)).collect();
        let types = |proxy: &Proxy| proxy.types.iter().map(|kind| (kind.name.clone(), kind.state)).collect();
        let ours: BTreeMap<String, BTreeMap<String, Sync>> =
            of_shop(&fleet).into_iter().map(|proxy| (proxy.pod.clone(), types(proxy))).collect();
        let theirs = known_to_istiod(&session).await;
        if missing.is_empty() && ours == theirs {
            Ok(fleet)
        } else {
            Err(format!("{missing:#?}\n{ours:?}\n{theirs:?}"))
        }
    })
    .await
    .unwrap();
    let (_, cost) = session.cost_now(true, &session::prometheus::Uses::new()).await;
    let shop = of_shop(&fleet);
    assert!(shop.len() >= 7, "{}", shop.len());
    for proxy in &shop {
        assert_eq!((proxy.sync, proxy.ready), (Sync::Synced, true), "{proxy:#?}");
        let types: Vec<_> = proxy.types.iter().map(|kind| kind.name.as_str()).collect();
        assert!(["CDS", "EDS", "LDS", "RDS"].iter().all(|kind| types.contains(kind)), "{types:?}");
        let certificate = proxy.certificate.as_ref().unwrap();
        assert_eq!(certificate.root_matches, Some(true), "{proxy:#?}");
        assert!(certificate.spiffe.starts_with("spiffe://cluster.local/ns/shop/sa/"));
        assert!(proxy.connected_at.is_some() && proxy.size.is_some_and(|size| size.clusters > 10));
        assert!(proxy.cpu.usage.is_some_and(|cpu| cpu > 0.0) && proxy.memory.usage.is_some_and(|bytes| bytes > 1e7));
        assert!(proxy.cpu.limit.is_some() && proxy.memory.request.is_some());
    }
    let client = cost.rows.iter().find(|row| row.namespace == NAMESPACE && row.workload == "client-v1").unwrap();
    assert!(client.app.memory.is_some_and(|bytes| bytes > 1e6), "{client:?}");
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_proxy_is_opened_and_its_log_says_more_for_a_while() {
    let Some(path) = kubeconfig() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (workbench, session) = open(path, folder.path()).await.unwrap();
    let pod = session.world().pods_in(NAMESPACE).find(|pod| pod.workload.1 == "productpage-v1").unwrap().name.clone();
    let lines = async |sort| session.proxy_lines(NAMESPACE, &pod, sort).await.unwrap();
    let clusters = lines(Sort::Clusters).await;
    let reviews = clusters.iter().find(|line| line.name == "outbound|9080||reviews.shop.svc.cluster.local").unwrap();
    assert!(reviews.from.contains(&ObjectKey::new("", "Service", NAMESPACE, "reviews")), "{reviews:?}");
    assert_eq!(reviews.cells[1], "3/3");
    let endpoints = lines(Sort::Endpoints).await;
    let busy =
        endpoints.iter().filter(|line| line.name == reviews.name && line.state == "healthy" && line.cells[1] != "0");
    assert!(busy.count() > 0, "requests were sent there");
    assert!(lines(Sort::Secrets).await.iter().any(|line| line.cells[0].contains("sa/productpage")));
    let text = session.proxy_text(NAMESPACE, &pod, Sort::Secrets, 0).await.unwrap();
    assert!(
        !text.contains("PRIVATE KEY") && text.contains("certificate_chain") | text.contains("trusted_ca"),
        "{text}"
    );
    let hits = session.proxy_search(NAMESPACE, &pod, "ratings.shop").await.unwrap().hits;
    for sort in [Sort::Clusters, Sort::Endpoints, Sort::Routes] {
        assert!(hits.iter().any(|hit| hit.sort == sort), "{sort:?}: {hits:?}");
    }
    let hits = session.proxy_search(NAMESPACE, &pod, "sa/productpage").await.unwrap().hits;
    assert!(hits.iter().any(|hit| hit.sort == Sort::Secrets && hit.name == "default"), "{hits:?}");

    let level = |all: &[session::proxies::levels::Logger]| all.iter().find(|l| l.name == "rbac").unwrap().level.clone();
    let before = level(&session.proxy_loggers(NAMESPACE, &pod).await.unwrap());
    assert_eq!(level(&session.proxy_log(NAMESPACE, &pod, "rbac", "debug").await.unwrap()), "debug");
    session.proxy_log_restore(NAMESPACE, &pod).await.unwrap();
    assert_eq!(level(&session.proxy_loggers(NAMESPACE, &pod).await.unwrap()), before);
    workbench.close(session.id());
}

/// A runner of programs in the shop's pods, who forwards no port of them.
fn runner() -> [(ObjectKey, Value); 3] {
    let rbac = "rbac.authorization.k8s.io";
    let of = |group: &str, kind: &str, rest: Value| {
        let api = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
        let mut object = json!({"apiVersion": api, "kind": kind, "metadata": {"name": NAME, "namespace": NAMESPACE}});
        object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        (ObjectKey::new(group, kind, NAMESPACE, NAME), object)
    };
    let rules = json!([{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create", "get"]}]);
    let subject = json!({"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE});
    [
        of("", "ServiceAccount", json!({})),
        of(rbac, "Role", json!({"rules": rules})),
        of(
            rbac,
            "RoleBinding",
            json!({"roleRef": {"apiGroup": rbac, "kind": "Role", "name": NAME}, "subjects": [subject]}),
        ),
    ]
}

async fn levels_by_the_agent(kubeconfig: PathBuf, folder: PathBuf) {
    let whole = live::cluster::open(kubeconfig.clone(), "real").await.unwrap();
    for (key, object) in runner() {
        clear(&whole, &[key]).await.unwrap();
        make(&whole, &object).await.unwrap();
    }
    let mut file: Value = world::yaml::own::read(&std::fs::read_to_string(&kubeconfig).unwrap()).unwrap();
    for user in file["users"].as_array_mut().unwrap() {
        user["user"]["as"] = format!("system:serviceaccount:{NAMESPACE}:{NAME}").into();
    }
    let own = folder.join("runner");
    std::fs::write(&own, world::yaml::write(&file)).unwrap();
    let runner = live::cluster::open(own, "real").await.unwrap();
    let list =
        whole.raw_get(&format!("/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=app%3Dratings")).await.unwrap();
    let pods: Value = serde_json::from_slice(&list).unwrap();
    let pod = pods["items"][0]["metadata"]["name"].as_str().unwrap().to_owned();
    let level = async |path: &str| {
        let said = runner.admin_logging(NAMESPACE, &pod, path).await.map_err(|error| error.to_string())?;
        let all = signals::level::read(&said);
        all.into_iter().find(|(logger, _)| logger == "rbac").map(|(_, level)| level).ok_or_else(|| "no rbac".to_owned())
    };
    let forward = runner.pod_forward_get(NAMESPACE, &pod, 15000, "/ready").await.unwrap_err().to_string();
    assert!(forward.contains("portforward"), "{forward}");
    let asked = async || {
        // The first "no" may have come before the role was known, and is kept for minutes.
        runner.forget_rights();
        level("/logging").await
    };
    let before = until("the right is known", asked).await.unwrap();
    assert_eq!(level("/logging?paths=rbac:debug").await.unwrap(), "debug");
    assert_eq!(level(&format!("/logging?paths=rbac:{before}")).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_only_run_programs_sets_levels_by_the_agent() {
    let Some(path) = kubeconfig() else { return };
    job(path, &runner().map(|(key, _)| key), levels_by_the_agent).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_sees_every_proxy_and_why_no_more() {
    let Some(path) = kubeconfig() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (workbench, session) = open_as("real-viewer", path, folder.path()).await.unwrap();
    let fleet = session.fleet_now().await;
    let shop = of_shop(&fleet);
    assert!(shop.len() >= 7, "{}", shop.len());
    for proxy in shop {
        assert_eq!((proxy.sync, proxy.ready), (Sync::Unknown, true));
        assert_eq!(proxy.ills[0].diagnosis.code, "right-missing", "{proxy:#?}");
        assert!(proxy.ills[0].evidence[0].en.contains("pods/portforward"));
        assert!(proxy.memory.request.is_some(), "what the pod says is known");
    }
    for what in ["synchronisation with", "complains of in its pushes"] {
        let unknown = fleet.unknown.iter().find(|unknown| unknown.about.en.contains(what)).unwrap();
        assert!(unknown.because.en.contains("get pods/portforward"), "{unknown:?}");
    }

    // One proxy: none of its parts may be asked for, and the rights that are missing are named.
    let pod = session.world().pods_in(NAMESPACE).find(|pod| pod.workload.1 == "client-v1").unwrap().name.clone();
    let refused = session.proxy(NAMESPACE, &pod, true).await.unwrap_err().to_string();
    assert!(refused.contains("get pods/portforward") && refused.contains("pods/exec"), "{refused}");
    let compared = session.proxy_compare(NAMESPACE, &pod).await.unwrap_err().to_string();
    assert!(compared.contains("pods/portforward"), "{compared}");

    // Resources: what the pods ask for and may use is in their specs; what they use is of metrics.k8s.io, which `view` does not have by
    // itself.
    // What was asked of each is known with the second look.
    let asked = |fleet: &Arc<Fleet>| of_shop(fleet).iter().filter(|proxy| proxy.cpu.request.is_some()).count() >= 7;
    timeout(PATIENCE, session.fleet().wait_for(asked)).await.expect("the fleet").unwrap();
    let cost = session.resources();
    let rows: Vec<_> = cost.rows.iter().filter(|row| row.namespace == NAMESPACE).collect();
    assert_eq!(rows.len(), 7);
    assert!(rows.iter().all(|row| row.requested.cpu.is_some() && row.limited.memory.is_some()), "{rows:#?}");
    let may_measure = session.connection().raw_get("/apis/metrics.k8s.io/v1beta1/pods").await.is_ok();
    let unmeasured = cost.unknown.iter().find(|unknown| unknown.about.en == "CPU and memory in use");
    assert_eq!(may_measure, unmeasured.is_none(), "{:?}", cost.unknown);
    if let Some(unknown) = unmeasured {
        let because = &unknown.because.en;
        assert!(
            because.contains("list") && because.contains("pods") && because.contains("metrics.k8s.io"),
            "{because}"
        );
    }

    // Traffic: nobody may be asked for counters, and both rights that would do are named.
    let mut traffic = session.traffic();
    let told =
        traffic.wait_for(|traffic| traffic.unknown.iter().any(|unknown| unknown.because.en.contains("may neither")));
    let told = timeout(PATIENCE, told).await.expect("why there is no traffic").unwrap().clone();
    let unknown = told.unknown.iter().find(|unknown| unknown.about.en == "traffic").unwrap();
    assert_eq!(unknown.because.en, "you may neither get pods/proxy nor get pods/portforward");
    assert!(!told.measured && told.edges(300.0).is_empty());
    workbench.close(session.id());
}

/// Two hosts outside that want one port of TCP, without addresses to be told apart by.
fn queue(name: &str) -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"hosts": [format!("{name}.example")], "location": "MESH_EXTERNAL", "resolution": "DNS",
            "ports": [{"number": 7778, "name": "tcp", "protocol": "TCP"}]}})
}

const QUEUES: [&str; 3] = ["netloft-queue-a", "netloft-queue-b", "netloft-queue-c"];

async fn collide(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let connection = session.connection();
    make(connection, &queue(QUEUES[0])).await.unwrap();
    make(connection, &queue(QUEUES[1])).await.unwrap();
    let mut seen = session.fleet();
    // Istiod tells of the push before its newest, so that it takes another change to be told.
    until("both are in what proxies have", async || {
        let pod = session.world().pods_in(NAMESPACE).find(|pod| pod.workload.1 == "client-v1").unwrap().name.clone();
        let dump = connection.admin_get(NAMESPACE, &pod, "/config_dump").await.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&dump);
        if text.contains("netloft-queue-a.example") && text.contains("netloft-queue-b.example") {
            Ok(())
        } else {
            Err("not yet".into())
        }
    })
    .await
    .unwrap();
    make(connection, &queue(QUEUES[2])).await.unwrap();
    let told = |fleet: &Arc<Fleet>| fleet.ills.iter().any(|ill| ill.diagnosis.code == "push-conflict");
    let fleet = timeout(PATIENCE, seen.wait_for(told)).await.expect("what istiod complains of").unwrap().clone();
    let ill = fleet.ills.iter().find(|ill| ill.diagnosis.code == "push-conflict").unwrap();
    eprintln!("{}", ill.line());
    let words = &ill.evidence[0].en;
    assert!(
        words.starts_with("istio-system/istiod-")
            && words.contains("pilot_conflict_outbound_listener_tcp_over_current_tcp"),
        "{words}"
    );
    assert!(words.contains("Listener=0.0.0.0_7778 Accepted=TCP Rejected=TCP (netloft-queue-"), "{words}");
    let object = ill.object.as_ref().unwrap();
    assert_eq!((object.kind.as_str(), object.namespace.as_str()), ("ServiceEntry", NAMESPACE));
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_istiod_complains_of_is_said_in_its_own_words() {
    let Some(path) = kubeconfig() else { return };
    let keys = QUEUES.map(|name| ObjectKey::new(GROUP, "ServiceEntry", NAMESPACE, name));
    job(path, &keys, collide).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_stands_in_the_access_log() {
    let Some(path) = kubeconfig() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (workbench, session) = open(path, folder.path()).await.unwrap();
    let pod = session.world().pods_in(NAMESPACE).find(|pod| pod.workload.1 == "client-v1").unwrap().name.clone();
    let mut told = session.access_told();
    // It is followed before anything is sent.
    session.proxy_access(NAMESPACE, &pod, "", Only::Calls).await.unwrap();
    let sent = ask(&client(&session).unwrap(), 7, "user-agent:netloft-live").await.unwrap();
    assert_eq!(sent.values().sum::<u32>(), 7);
    let begun = Instant::now();
    let seen = async {
        loop {
            told.mark_unchanged();
            let shown = session.proxy_access(NAMESPACE, &pod, "netloft-live", Only::Calls).await.unwrap();
            if shown.rows.len() == 7 {
                break shown;
            }
            told.changed().await.unwrap();
        }
    };
    let shown = timeout(PATIENCE, seen).await.expect("all seven in the log");
    eprintln!("the log had what was sent after {:?}", begun.elapsed());
    assert_eq!((shown.following, shown.unknown), (Following::Runs, 0));
    for (_, entry) in shown.rows {
        let What::Call(call) = entry.what else { panic!("{entry:?}") };
        let Call { direction, status, authority, upstream_cluster, duration, request_id, doubtful, .. } = *call;
        assert_eq!(
            (direction, status, authority.as_str(), doubtful),
            (Direction::Outbound, Some(200), "reviews:9080", false)
        );
        assert_eq!(upstream_cluster, "outbound|9080||reviews.shop.svc.cluster.local");
        assert!(duration.is_some() && request_id.len() == 36, "{request_id}");
    }
    session.proxy_access_stop(NAMESPACE, &pod);
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_sidecar_has_what_istiod_would_send() {
    let Some(path) = kubeconfig() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (workbench, session) = open(path, folder.path()).await.unwrap();
    let pods: Vec<String> = session.world().pods_in(NAMESPACE).map(|pod| pod.name.clone()).collect();
    let compared = async |pod: &str| {
        let compared = session.proxy_compare(NAMESPACE, pod).await.map_err(|error| error.to_string())?;
        let differing: Vec<_> =
            compared.parts().iter().filter(|part| part.standing != Standing::Equal).cloned().collect();
        // Somebody else may be changing the mesh: a push that is under way is over a moment later.
        if differing.is_empty() && compared.because.en.is_empty() {
            Ok(compared)
        } else {
            Err(format!("{} {differing:#?}", compared.because))
        }
    };
    for pod in pods {
        let same = until(&format!("{pod} has what it would be sent"), async || compared(&pod).await).await.unwrap();
        for kind in [Kind::Listener, Kind::Route, Kind::Cluster, Kind::Endpoints] {
            assert!(same.parts().iter().any(|part| part.kind == kind), "{kind:?} of {pod}");
        }
        eprintln!("{pod}: {} parts equal", same.parts().len());
    }
    // Of a proxy that it does not have an istiod says so with a 404, and its pages are not shut for that.
    let nobody = session.proxy_compare(NAMESPACE, "nobody").await.unwrap();
    assert!(nobody.because.en.starts_with("no control plane knows this proxy"), "{nobody:?}");
    let fleet = session.fleet_now().await;
    assert!(fleet.control_planes.iter().all(|plane| plane.answered && !plane.over_xds), "{:?}", fleet.control_planes);
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agent_says_what_a_port_forward_says() {
    let Some(path) = kubeconfig() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (workbench, session) = open(path, folder.path()).await.unwrap();
    let pod = session.world().pods_in(NAMESPACE).find(|pod| pod.workload.1 == "ratings-v1").unwrap().name.clone();
    let connection = session.connection();
    let by_agent = connection.agent_get(NAMESPACE, &pod, "/certs").await.unwrap();
    let forwarded = connection.pod_forward_get(NAMESPACE, &pod, 15000, "/certs").await.unwrap();
    let read = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap();
    assert_eq!(read(&by_agent), read(&forwarded));
    let dump = connection.agent_get(NAMESPACE, &pod, "/config_dump").await.unwrap();
    assert!(read(&dump)["configs"].as_array().unwrap().len() > 3, "{} bytes", dump.len());
    workbench.close(session.id());
}

/// Requests from a workload of the shop to a service of it, by what the proxies counted.
fn counted(edges: &[signals::Edge], seconds: f64, from: &str, to: &str) -> f64 {
    let is = |edge: &&signals::Edge| {
        edge.from.as_ref().is_some_and(|of| of.name.starts_with(from))
            && edge.to_service.as_ref().is_some_and(|(namespace, name)| namespace == NAMESPACE && name == to)
    };
    edges.iter().filter(is).map(|edge| edge.requests_per_second).sum::<f64>() * seconds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_is_counted_along_the_whole_chain() {
    let Some(path) = kubeconfig() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (workbench, session) = open(path, folder.path()).await.unwrap();
    let (poller, proxies) = (signals::Poller::new(session.connection().clone()), signals::proxies(&session.world()));
    let look = async |traffic: &mut signals::Traffic| {
        let at = poller.now();
        traffic.take(poller.round(&proxies).await, &proxies);
        at
    };
    // The client calls all the time by itself: how often is seen first.
    let mut quiet = signals::Traffic::new();
    let begun = look(&mut quiet).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let ended = look(&mut quiet).await;
    let by_itself = counted(&quiet.edges(60.0, poller.now()), 1.0, "client-v1", "productpage");
    eprintln!("{by_itself:.2} requests a second by itself, seen over {:.1} s", ended - begun);

    const SENT: u32 = 300;
    let mut traffic = signals::Traffic::new();
    let begun = look(&mut traffic).await;
    let answers =
        fetch(&client(&session).unwrap(), "http://productpage:9080/", SENT, "user-agent:netloft-live").await.unwrap();
    assert_eq!(answers.len(), SENT as usize);
    let seconds = look(&mut traffic).await - begun;
    let edges = traffic.edges(seconds + 60.0, poller.now());
    let of = |from: &str, to: &str| counted(&edges, seconds, from, to);
    let sent = f64::from(SENT) + by_itself * seconds;
    let near = |counted: f64, expected: f64| (counted / expected - 1.0).abs() <= 0.1;
    let first = of("client-v1", "productpage");
    eprintln!("sent {sent:.0} in {seconds:.1} s, counted {first:.0}");
    assert!(near(first, sent), "client → productpage: {first} of {sent}");
    let second = of("productpage-v1", "reviews");
    assert!(near(second, sent), "productpage → reviews: {second} of {sent}");
    // Two of the three versions of reviews ask for ratings: each answer tells whether it was one of them.
    let asks = |answer: &&Value| answer["body"]["upstreams"][0]["body"]["upstreams"][0]["body"]["service"] == "ratings";
    let asked = answers.iter().filter(asks).count() as f64 * sent / f64::from(SENT);
    let third = of("reviews-v", "ratings");
    eprintln!("then reviews {second:.0}, and ratings {third:.0} of {asked:.0}");
    assert!(asked > 100.0 && near(third, asked), "reviews → ratings: {third} of {asked}");
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_used_is_what_kubectl_top_tells() {
    let Some(path) = kubeconfig() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (workbench, session) = open(path, folder.path()).await.unwrap();
    // `kubectl top pod --containers` reads this, and so do we: where metrics-server has not measured anew in between the two are equal.
    let read = async || {
        let body =
            session.connection().raw_get(&format!("/apis/metrics.k8s.io/v1beta1/namespaces/{NAMESPACE}/pods")).await;
        serde_json::from_slice::<Value>(&body.unwrap()).unwrap()["items"].clone()
    };
    until("all is equal to what kubectl top tells", async || {
        let before = read().await;
        let (fleet, _) = session.cost_now(true, &session::prometheus::Uses::new()).await;
        if read().await != before {
            return Err("it was measured anew".into());
        }
        let mut compared = 0;
        for pod in before.as_array().unwrap() {
            let all = pod["containers"].as_array().unwrap();
            let used = &all.iter().find(|container| container["name"] == "istio-proxy").ok_or("no proxy")?["usage"];
            let quantity = |name: &str| world::parse_quantity(used[name].as_str().unwrap()).unwrap();
            let row = fleet.proxies.iter().find(|row| pod["metadata"]["name"] == row.pod.as_str()).ok_or("no row")?;
            let ours = (row.cpu.usage.ok_or("no CPU")?, row.memory.usage.ok_or("no memory")?);
            if (ours.0 - quantity("cpu") * 1000.0).abs() > 1e-6 || (ours.1 - quantity("memory")).abs() > 1.0 {
                return Err(format!("{}: {ours:?} against {used}", row.pod));
            }
            compared += 1;
        }
        if compared >= 7 { Ok(()) } else { Err(format!("only {compared} are measured")) }
    })
    .await
    .unwrap();
    workbench.close(session.id());
}
