//! One suite of API behaviours, on the built-in cluster always, and on a genuine API server where `NETLOFT_LIVE` names a kubeconfig:
//! `NETLOFT_LIVE=PATH cargo test -p live --test contract`.

use live::contract::see_all;

fn judge(on: &str, (seen, broken): (usize, Vec<String>)) {
    println!("{on}: {seen} behaviours seen, {} broken", broken.len());
    assert!(broken.is_empty(), "on {on}:\n{}", broken.join("\n"));
}

#[tokio::test]
async fn the_built_in_cluster_behaves() {
    let demo = demo::Demo::start(&demo::Options::default()).unwrap();
    judge("the built-in cluster", see_all(demo.client(), "contract").await.unwrap());
}

#[tokio::test]
async fn a_genuine_server_behaves_the_same() {
    let Some(path) = std::env::var_os("NETLOFT_LIVE") else {
        println!("skipped: NETLOFT_LIVE names no kubeconfig of a genuine API server");
        return;
    };
    let kubeconfig = kube::config::Kubeconfig::read_from(path).unwrap();
    let config =
        kube::Config::from_custom_kubeconfig(kubeconfig, &kube::config::KubeConfigOptions::default()).await.unwrap();
    let client = kube::Client::try_from(config).unwrap();
    let namespace = format!("netloft-contract-{}", std::process::id());
    judge("the genuine server", see_all(client, &namespace).await.unwrap());
}
