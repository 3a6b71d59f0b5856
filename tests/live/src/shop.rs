//! The shop of the genuine mesh, as jobs on it need it: opened, asked by its own client, cleared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cluster::{Connection, Options, Preconditions, Sources};
use serde_json::{Value, json};
use session::live::Link;
use session::{Profile, Session, Workbench};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, timeout};
use world::ObjectKey;

/// Where it is.
pub const NAMESPACE: &str = "shop";
/// How long anything is waited for.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The context that may do everything.
const CONTEXT: &str = "real";
const GROUP: &str = "networking.istio.io";

type Failure = Box<dyn std::error::Error>;

/// A route and a rule of this name.
pub fn keys(name: &str) -> [ObjectKey; 2] {
    ["VirtualService", "DestinationRule"].map(|kind| ObjectKey::new(GROUP, kind, NAMESPACE, name))
}

/// The three versions of reviews as subsets.
pub fn subsets(name: &str) -> Value {
    let subset = |version: &str| json!({"name": version, "labels": {"version": version}});
    json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
        "metadata": {"namespace": NAMESPACE, "name": name},
        "spec": {"host": "reviews", "subsets": [subset("v1"), subset("v2"), subset("v3")]}})
}

/// Leaves the mesh without these objects.
///
/// # Errors
/// Where the server refuses.
pub async fn clear(connection: &Connection, keys: &[ObjectKey]) -> Result<(), Failure> {
    for key in keys {
        if connection.get(key).await.is_ok() {
            connection.delete(key, &Preconditions::default(), false).await?;
        }
    }
    Ok(())
}

/// Does a job on the mesh, in a folder of its own for the profile. Whatever happens, the mesh is left without these objects.
///
/// # Errors
/// Where they cannot be cleared.
pub async fn job<F: Future<Output = ()> + 'static>(
    kubeconfig: PathBuf,
    keys: &[ObjectKey],
    work: impl FnOnce(PathBuf, PathBuf) -> F,
) -> Result<(), Failure> {
    job_in(CONTEXT, kubeconfig, keys, work).await
}

/// The same in another cluster than the mesh's, by a context of it.
///
/// # Errors
/// Where they cannot be cleared.
pub async fn job_in<F: Future<Output = ()> + 'static>(
    context: &str,
    kubeconfig: PathBuf,
    keys: &[ObjectKey],
    work: impl FnOnce(PathBuf, PathBuf) -> F,
) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let local = LocalSet::new();
    let task = local.spawn_local(work(kubeconfig.clone(), folder.path().to_owned()));
    let ended = local.run_until(task).await;
    clear(&crate::cluster::open(kubeconfig, context).await?, keys).await?;
    if let Err(failure) = ended {
        std::panic::resume_unwind(failure.into_panic());
    }
    Ok(())
}

/// Makes an object.
///
/// # Errors
/// Where the server refuses.
pub async fn make(connection: &Connection, object: &Value) -> Result<(), Failure> {
    connection.create(object, &Options::default()).await?;
    Ok(())
}

/// Waits until this holds, by looking again and again.
///
/// # Errors
/// Where it does not hold within [`PATIENCE`].
pub async fn until<T>(what: &str, look: impl AsyncFnMut() -> Result<T, String>) -> Result<T, Failure> {
    within(PATIENCE, what, look).await
}

/// The same for what takes longer.
///
/// # Errors
/// Where it does not hold within this time.
pub async fn within<T>(
    time: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<T, String>,
) -> Result<T, Failure> {
    let end = Instant::now() + time;
    loop {
        match look().await {
            Ok(found) => return Ok(found),
            Err(why) if Instant::now() >= end => return Err(format!("not within {time:?}: {what}: {why}").into()),
            Err(_) => sleep(Duration::from_millis(250)).await,
        }
    }
}

/// Opens the shop's cluster by a context, in a profile of its own.
///
/// # Errors
/// Where it is not there within [`PATIENCE`].
pub async fn open_as(context: &str, kubeconfig: PathBuf, folder: &Path) -> Result<(Workbench, Arc<Session>), Failure> {
    let sources = Sources { list: vec![kubeconfig], ..Sources::default() };
    let workbench = Workbench::open(Profile { sources, ..Profile::in_folder(folder) })?;
    let id = workbench.id_of(Some(context))?;
    let session = workbench.open_session(&id).await?;
    let mut live = session.live();
    timeout(PATIENCE, live.wait_for(|live| live.link == Link::Live)).await??;
    Ok((workbench, session))
}

/// The same by the context that may do everything, and waits for the shop's proxies.
///
/// # Errors
/// Where they are not there within [`PATIENCE`].
pub async fn open(kubeconfig: PathBuf, folder: &Path) -> Result<(Workbench, Arc<Session>), Failure> {
    let (workbench, session) = open_as(CONTEXT, kubeconfig, folder).await?;
    let mut fleet = session.fleet();
    let known = fleet.wait_for(|fleet| fleet.proxies.iter().filter(|proxy| proxy.namespace == NAMESPACE).count() >= 7);
    timeout(PATIENCE, known).await??;
    Ok((workbench, session))
}

/// The address of the pod that asks.
///
/// # Errors
/// Where there is none.
pub fn client(session: &Session) -> Result<String, Failure> {
    let world = session.world();
    let found = world.pods_in(NAMESPACE).find(|pod| pod.workload.1 == "client-v1").map(|pod| pod.ip.clone());
    Ok(found.ok_or("the shop has no client")?)
}

/// How many of so many requests of the client, sent through its own sidecar, each version of reviews answered with which status. `header` is
/// sent with each: `name:value`.
///
/// # Errors
/// Where the client does not answer.
pub async fn ask(client: &str, requests: u32, header: &str) -> Result<BTreeMap<(String, u64), u32>, Failure> {
    let mut counts = BTreeMap::new();
    for answer in fetch(client, "http://reviews:9080/", requests, header).await? {
        let version = answer["body"]["version"].as_str().unwrap_or_default().to_owned();
        *counts.entry((version, answer["status"].as_u64().unwrap_or(0))).or_default() += 1;
    }
    Ok(counts)
}

/// What a pod (by its address) is answered to so many requests that it sends through its own sidecar, if it has one.
///
/// # Errors
/// Where the pod does not answer.
pub async fn fetch(pod: &str, url: &str, requests: u32, header: &str) -> Result<Vec<Value>, Failure> {
    let header = if header.is_empty() { String::new() } else { format!("&h={header}") };
    let exchange = async {
        let mut stream = tokio::net::TcpStream::connect((pod, 9999)).await?;
        let request =
            format!("GET /_fetch?url={url}&n={requests}{header} HTTP/1.0\r\nHost: {pod}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = timeout(PATIENCE, exchange).await??;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    if !head.starts_with("HTTP/1.0 200") {
        return Err(head.to_owned().into());
    }
    Ok(serde_json::from_str(body)?)
}
