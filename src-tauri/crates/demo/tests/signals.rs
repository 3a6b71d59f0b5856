//! What the proxies and the control plane of the built-in cluster say, by the ways that the app asks them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "an unwrap in a test is an assertion")]

use std::time::Duration;

use demo::{Demo, Options};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

async fn pod(client: &kube::Client, namespace: &str, labels: &str) -> String {
    let pods =
        Api::<Pod>::namespaced(client.clone(), namespace).list(&ListParams::default().labels(labels)).await.unwrap();
    pods.items[0].metadata.name.clone().unwrap()
}

/// Asks a port of a pod over a port-forward.
async fn forwarded(client: &kube::Client, namespace: &str, pod: &str, port: u16, path: &str) -> String {
    let mut forward = Api::<Pod>::namespaced(client.clone(), namespace).portforward(pod, &[port]).await.unwrap();
    let stream = forward.take_stream(port).unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let running = tokio::spawn(connection);
    let request = http::Request::get(path).header("host", "localhost").body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert!(response.status().is_success(), "{path}: {}", response.status());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    running.abort();
    String::from_utf8(body.to_vec()).unwrap()
}

async fn syncz(client: &kube::Client) -> Vec<Value> {
    let istiod = pod(client, "istio-system", "app=istiod").await;
    serde_json::from_str(&forwarded(client, "istio-system", &istiod, 15014, "/debug/syncz").await).unwrap()
}

fn resource(proxy: &Value, kind: &str) -> Value {
    proxy["resources"][format!("type.googleapis.com/envoy.config.{kind}")].clone()
}

#[tokio::test]
async fn the_admin_port_answers_a_port_forward_and_no_proxy() {
    let demo = Demo::start(&Options::default()).unwrap();
    let client = demo.client();
    let name = pod(&client, "prod", "app=storefront").await;
    for path in
        ["/stats", "/stats/prometheus", "/config_dump", "/server_info", "/certs", "/clusters?format=json", "/ready"]
    {
        assert!(!forwarded(&client, "prod", &name, 15000, path).await.is_empty(), "{path}");
    }
    let certificates = forwarded(&client, "prod", &name, 15000, "/certs").await;
    assert!(certificates.contains("spiffe://cluster.local/ns/prod/sa/storefront"));
    let path = format!("/api/v1/namespaces/prod/pods/{name}:15000/proxy/stats");
    let refused = client.request_text(http::Request::get(path).body(Vec::new()).unwrap()).await.unwrap_err();
    assert!(matches!(refused, kube::Error::Api(status) if status.code == 503));
    let path = format!("/api/v1/namespaces/prod/pods/{name}:15020/proxy/stats/prometheus");
    let text = client.request_text(http::Request::get(path).body(Vec::new()).unwrap()).await.unwrap();
    assert!(text.contains("# TYPE istio_requests_total counter"));
}

#[tokio::test]
async fn a_port_where_nothing_listens_says_so() {
    let demo = Demo::start(&Options::default()).unwrap();
    let client = demo.client();
    let name = pod(&client, "legacy", "app=erp").await;
    let mut forward = Api::<Pod>::namespaced(client, "legacy").portforward(&name, &[15000]).await.unwrap();
    let error = forward.take_error(15000).unwrap();
    assert!(error.await.unwrap().contains("connection refused"));
}

#[tokio::test]
async fn a_change_is_taken_up_refused_and_never_answered() {
    let demo = Demo::start(&Options::default()).unwrap();
    let client = demo.client();
    let before = syncz(&client).await;
    let resource_type = ApiResource::from_gvk_with_plural(
        &GroupVersionKind::gvk("networking.istio.io", "v1", "VirtualService"),
        "virtualservices",
    );
    let routes = Api::<DynamicObject>::namespaced_with(client.clone(), "prod", &resource_type);
    let patch = json!({"spec": {"http": [{"route": [{"destination": {"host": "catalog", "subset": "stable"}}]}]}});
    routes.patch("catalog", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();

    let of =
        |all: &[Value], app: &str| all.iter().find(|p| p["proxy"].as_str().unwrap().starts_with(app)).cloned().unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    let after = loop {
        let now = syncz(&client).await;
        let route = |proxy: &Value| resource(proxy, "route.v3.RouteConfiguration");
        // A ztunnel is sent no routes.
        let envoys = now.iter().zip(&before).filter(|(proxy, _)| proxy["proxy_type"] != "ztunnel");
        let pushed = envoys.clone().all(|(a, b)| route(a)["sent"] != route(b)["sent"]);
        let stale = |p: &Value| p["proxy"].as_str().unwrap().starts_with("users-");
        if pushed && envoys.map(|(now, _)| now).filter(|p| !stale(p)).all(|p| route(p)["sent"] == route(p)["acked"]) {
            break now;
        }
        assert!(tokio::time::Instant::now() < deadline, "not taken up in time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let stale = resource(&of(&after, "users-"), "route.v3.RouteConfiguration");
    assert_ne!(stale["sent"], stale["acked"]);
    let broken = resource(&of(&after, "email-"), "listener.v3.Listener");
    assert_ne!(broken["sent"], broken["acked"]);
    assert!(broken["lastError"].as_str().unwrap().contains("header_stamp"));
}

#[tokio::test]
async fn usage_names_the_starved_and_the_oversized() {
    let demo = Demo::start(&Options::default()).unwrap();
    let client = demo.client();
    let text = client
        .request_text(http::Request::get("/apis/metrics.k8s.io/v1beta1/namespaces/prod/pods").body(Vec::new()).unwrap())
        .await
        .unwrap();
    let metrics: Value = serde_json::from_str(&text).unwrap();
    let of = |app: &str, what: &str| {
        let items = metrics["items"].as_array().unwrap();
        let item = items.iter().find(|i| i["metadata"]["name"].as_str().unwrap().starts_with(app)).unwrap();
        let container = item["containers"].as_array().unwrap().iter().find(|c| c["name"] == "istio-proxy").unwrap();
        container["usage"][what].as_str().unwrap().trim_end_matches(char::is_alphabetic).parse::<u64>().unwrap()
    };
    assert!(of("recommendations-", "cpu") > 99_000_000, "at its limit of 100m");
    assert!(of("inventory-", "memory") > 700 * 1024, "most of its 1Gi");
    assert!(of("cart-", "memory") < 100 * 1024);
}
