//! Rollouts over routes at gateways of a genuine mesh, by a VirtualService and by an HTTPRoute: requests from outside go to the canary step by
//! step, by what the gateway's proxy counts, and at the end all of them do.
#![cfg(test)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use cluster::{Connection, Options};
use live::cluster::kubeconfig;
use live::edge::{self, Edge, PLAIN, plain_at};
use live::rollouts::rolled;
use live::shop::{NAMESPACE, clear, keys, make, open, subsets, until};
use rollout::{Phase, Plan};
use serde_json::{Value, json};
use session::Session;
use world::ObjectKey;

const NAME: &str = "netloft-gateway";
const API: &str = "gateway.networking.k8s.io";

fn of_version(version: &str) -> String {
    format!("{NAME}-{version}")
}

/// Everything that is made here.
fn all_keys() -> Vec<ObjectKey> {
    let key = |group: &str, kind: &str, name: &str| ObjectKey::new(group, kind, NAMESPACE, name);
    let services = ["v1", "v3"].map(|version| key("", "Service", &of_version(version)));
    let api = ["HTTPRoute", "Gateway"].map(|kind| key(API, kind, NAME));
    keys(NAME).into_iter().chain(api).chain(services).chain(edge::keys()).collect()
}

/// How many of so many requests from outside each version answered with which status.
async fn asked(address: &str, requests: usize) -> Result<BTreeMap<(String, u16), u32>, String> {
    let mut counts = BTreeMap::new();
    for _ in 0..requests {
        let (status, answer) = plain_at(address, PLAIN, "").await.map_err(|error| error.to_string())?;
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        *counts.entry((body["version"].as_str().unwrap_or_default().to_owned(), status)).or_default() += 1;
    }
    Ok(counts)
}

/// Waits until 200 requests from outside in a row reach this version, and are served.
async fn answered_by(address: &str, version: &str) {
    until("all requests from outside reach one version", async || {
        let counts = asked(address, 200).await?;
        let all = counts.keys().all(|(answered, status)| answered == version && *status == 200);
        if all { Ok(()) } else { Err(format!("{counts:?}")) }
    })
    .await
    .unwrap();
}

fn plan(kind: &str, route: &str, stable: &str, canary: &str) -> Plan {
    Plan::read(&format!(
        "name: visitors to v3\nservice: {{namespace: {NAMESPACE}, name: reviews}}\nroute: {{kind: {kind}, name: {route}}}\n\
         stable: {stable}\ncanary: {canary}\ninterval: 10s\nminRequests: 1\npatience: 3m\n\
         steps: [{{weight: 30, pause: 10s}}, {{weight: 100, pause: 10s}}]\n\
         gates: [{{metric: success-rate, min: 97}}, {{metric: p99, max: 60000}}]\n"
    ))
    .unwrap()
}

/// Drives it under load from outside, while the shop's own client asks all versions by no route. The route names so many of the two versions.
async fn driven(session: &Arc<Session>, address: &str, plan: Plan, gateway: &str, names: usize) {
    answered_by(address, "v1").await;
    let found = until("the route at the gateway is seen", async || {
        let routes = session.rollout_routes(NAMESPACE, "reviews").await.map_err(|error| error.to_string())?;
        let found = routes.iter().find(|one| one.object == plan.object() && !one.gateways.is_empty()).cloned();
        found.ok_or_else(|| format!("{routes:#?}"))
    })
    .await
    .unwrap();
    assert_eq!((found.within, &found.gateways[..]), (false, &[format!("{NAMESPACE}/{gateway}")][..]), "{found:?}");
    let named: Vec<&str> = found.versions.iter().map(|share| share.name.as_str()).collect();
    // An HTTPRoute names also the Service that gets nothing yet.
    assert_eq!(named, &[plan.stable.as_str(), plan.canary.as_str()][..names], "{found:?}");
    let place = address.to_owned();
    let asking = tokio::task::spawn_local(async move { while asked(&place, 20).await.is_ok() {} });
    let done = rolled(session, plan).await.unwrap();
    asking.abort();
    assert_eq!(done.run.phase, Phase::Done, "{:#?}", done.run.checks);
    answered_by(address, "v3").await;
    let first = done.run.checks.iter().rfind(|check| check.step == 0).unwrap();
    let (stable, canary) = (first.measured.stable.unwrap(), first.measured.canary.unwrap());
    let share = canary.per_second / (stable.per_second + canary.per_second);
    assert!((0.2..0.4).contains(&share), "{share} of what the gateway sent at 30 %: {first:#?}");
    eprintln!(
        "{}: {:.1} requests a second at the gateway, {share:.2} of them to the canary at 30 %, then to v3 in {} looks",
        done.run.plan.object(),
        stable.per_second + canary.per_second,
        done.run.checks.len()
    );
}

async fn by_a_virtual_service(session: &Arc<Session>, connection: &Connection) {
    let edge = Edge::open(connection).await.unwrap();
    make(connection, &subsets(NAME)).await.unwrap();
    let route = ObjectKey::new("networking.istio.io", "VirtualService", NAMESPACE, edge::NAME);
    let to = json!([{"op": "add", "path": "/spec/http/0/route/0/destination/subset", "value": "v1"}]);
    connection.json_patch(&route, &to, &Options::default()).await.unwrap();
    driven(session, edge.address(), plan("VirtualService", edge::NAME, "v1", "v3"), edge::NAME, 1).await;
}

async fn by_the_gateway_api(session: &Arc<Session>, connection: &Connection) {
    let metadata = |name: &str| json!({"namespace": NAMESPACE, "name": name});
    let service = |version: &str| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata(&of_version(version)),
            "spec": {"selector": {"app": "reviews", "version": version}, "ports": [{"name": "http", "port": 9080}]}})
    };
    let to = |version: &str, weight: u8| json!({"name": of_version(version), "port": 9080, "weight": weight});
    let gateway = json!({"apiVersion": format!("{API}/v1"), "kind": "Gateway", "metadata": metadata(NAME), "spec": {"gatewayClassName": "istio",
        "listeners": [{"name": "http", "port": 80, "protocol": "HTTP", "hostname": PLAIN}]}});
    let route = json!({"apiVersion": format!("{API}/v1"), "kind": "HTTPRoute", "metadata": metadata(NAME), "spec": {"parentRefs": [{"name": NAME}],
        "rules": [{"backendRefs": [to("v1", 100), to("v3", 0)]}]}});
    for object in [service("v1"), service("v3"), gateway, route] {
        make(connection, &object).await.unwrap();
    }
    let service = ObjectKey::new("", "Service", NAMESPACE, &format!("{NAME}-istio"));
    let address = until("istiod makes the gateway", async || {
        let made = connection.get(&service).await.map_err(|error| error.to_string())?;
        let address = made["spec"]["clusterIP"].as_str().ok_or("it has no address yet")?.to_owned();
        asked(&address, 1).await.map(|_| address)
    })
    .await
    .unwrap();
    let plan = plan("HTTPRoute", NAME, &of_version("v1"), &of_version("v3"));
    driven(session, &address, plan, NAME, 2).await;
}

async fn job(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let connection = session.connection().clone();
    clear(&connection, &all_keys()).await.unwrap();
    by_a_virtual_service(&session, &connection).await;
    by_the_gateway_api(&session, &connection).await;
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_in_by_a_gateway_moves_to_the_canary() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &all_keys(), job).await.unwrap();
}
