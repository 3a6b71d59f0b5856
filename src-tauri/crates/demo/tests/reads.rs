//! Discovery, lists and watches over a client in memory, as the app's own code asks for them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "an unwrap in a test is an assertion")]

use demo::{Demo, Options};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::GroupVersionKind;
use kube::discovery::Discovery;
use kube::runtime::watcher::{Config, Event, watcher};

#[tokio::test]
async fn discovery_finds_the_kinds_of_the_mesh() {
    let demo = Demo::start(&Options::default()).unwrap();
    let client = demo.client();
    assert!(client.apiserver_version().await.unwrap().git_version.starts_with("v1."));
    for discovery in [
        Discovery::new(client.clone()).run_aggregated().await.unwrap(),
        Discovery::new(client.clone()).run().await.unwrap(),
    ] {
        let gvk = GroupVersionKind::gvk("networking.istio.io", "v1", "VirtualService");
        let (resource, capabilities) = discovery.resolve_gvk(&gvk).unwrap();
        assert_eq!(resource.plural, "virtualservices");
        assert!(capabilities.supports_operation("watch"));
        let found =
            Api::<DynamicObject>::all_with(client.clone(), &resource).list(&ListParams::default()).await.unwrap();
        assert!(found.items.iter().any(|o| o.metadata.name.as_deref() == Some("reviews")));
    }
}

#[tokio::test]
async fn the_shop_is_there() {
    let demo = Demo::start(&Options::default()).unwrap();
    let namespaces = Api::<Namespace>::all(demo.client()).list(&ListParams::default()).await.unwrap();
    let names: Vec<_> = namespaces.items.iter().filter_map(|n| n.metadata.name.as_deref()).collect();
    assert_eq!(
        names,
        ["default", "dev", "gallery", "istio-system", "kube-system", "legacy", "linkerd", "loyalty", "prod", "staging"]
    );
    let pods = Api::<Pod>::all(demo.client());
    let reviews = pods.list(&ListParams::default().labels("app=reviews,version in (v2)")).await.unwrap();
    assert_eq!(reviews.items.len(), 2);
    let without: Vec<_> = pods.list(&ListParams::default()).await.unwrap().items;
    assert!(without.iter().all(|p| p.status.as_ref().unwrap().pod_ip.is_some()));
}

#[tokio::test]
async fn ten_thousand_pods_come_in_pages_and_in_a_stream() {
    let demo = Demo::start(&Options { services: 10_000, ..Options::default() }).unwrap();
    let pods = Api::<Pod>::all(demo.client());
    let in_a_team =
        |pod: &Pod| usize::from(pod.metadata.namespace.as_deref().is_some_and(|ns| ns.starts_with("team-")));
    let (mut seen, mut token, mut pages) = (0, None::<String>, 0);
    loop {
        let mut page = ListParams::default().limit(500);
        page.continue_token = token;
        let list = pods.list(&page).await.unwrap();
        seen += list.items.iter().map(in_a_team).sum::<usize>();
        pages += 1;
        token = list.metadata.continue_.filter(|t| !t.is_empty());
        if token.is_none() {
            break;
        }
    }
    assert_eq!((seen, pages), (10_000, 21));

    let mut events = watcher(pods, Config::default().streaming_lists()).boxed();
    let mut seen = 0;
    loop {
        match events.try_next().await.unwrap().unwrap() {
            Event::Init => {}
            Event::InitApply(pod) => seen += in_a_team(&pod),
            Event::InitDone => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, 10_000);
}

#[tokio::test]
async fn a_kubeconfig_leads_to_a_served_cluster() {
    let demo = Demo::start(&Options::default()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let text = demo.kubeconfig(listener.local_addr().unwrap());
    let cancel = tokio_util::sync::CancellationToken::new();
    let (serving, stop) = (demo.clone(), cancel.clone());
    let served = tokio::spawn(async move { serving.serve(listener, stop).await });
    let config = kube::Config::from_custom_kubeconfig(
        kube::config::Kubeconfig::from_yaml(&text).unwrap(),
        &kube::config::KubeConfigOptions::default(),
    )
    .await
    .unwrap();
    let client = kube::Client::try_from(config).unwrap();
    assert!(Api::<Pod>::namespaced(client, "prod").list(&ListParams::default()).await.unwrap().items.len() > 10);
    cancel.cancel();
    served.await.unwrap().unwrap();
}
