//! How every proxy is: synchronisation as istiod sees it, its certificate as it tells itself, its container as the kubelet
//! sees it.

use std::collections::{BTreeMap, HashMap};

use cluster::{ApiError, Cause, Connection};
use futures::StreamExt;
use jiff::Timestamp;
use world::World;

use crate::istiod::{self, ProxySync, SyncState};
use crate::{Certificate, Proxy, Role, Unknown, certificate, proxies};

/// istiod's port for its debug pages.
const DEBUG_PORT: u16 = 15014;
/// Envoy's admin port, on the pod's loopback.
const ADMIN_PORT: u16 = 15000;
/// How many pods are asked at once.
const AT_ONCE: usize = 8;

/// One type of configuration of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeHealth {
    /// How far it is.
    pub state: SyncState,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
}

/// One row of `netloft health`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyHealth {
    /// Namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// What the pod belongs to.
    pub workload: String,
    /// `Istio`.
    pub mesh: &'static str,
    /// What the proxy is for.
    pub role: Role,
    /// Its version; empty where neither it nor its image says.
    pub version: String,
    /// By type: CDS, LDS, EDS, RDS …; empty where it is unknown.
    pub types: BTreeMap<String, TypeHealth>,
    /// Its own words where it refuses what was sent.
    pub nack: Option<String>,
    /// When anything was sent last.
    pub last_sent: Option<Timestamp>,
    /// The certificate that it shows; `None` where it is unknown or was not asked for.
    pub certificate: Option<Certificate>,
    /// Its container is ready.
    pub ready: bool,
    /// How often the container has begun again.
    pub restarts: u32,
    /// The reason of the container's last end or present wait, e.g. `OOMKilled`.
    pub trouble: Option<String>,
    /// The istiod that it talks to, `namespace/pod`; empty where unknown.
    pub control_plane: String,
    /// What cannot be known of it, and why.
    pub unknown: Vec<Unknown>,
}

impl ProxyHealth {
    /// The worst of all types; `None` where none is known.
    pub fn worst(&self) -> Option<SyncState> {
        self.types.values().map(|t| t.state).max()
    }

    /// Every type that was sent has been taken up, since this time at the earliest where one is given.
    pub fn is_synced(&self) -> bool {
        self.worst().is_some_and(|worst| worst <= SyncState::NotSent)
    }
}

/// All proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthReport {
    /// By namespace and pod.
    pub rows: Vec<ProxyHealth>,
    /// The control planes that answered, `namespace/pod`.
    pub control_planes: Vec<String>,
    /// What cannot be known of all, and why.
    pub unknown: Vec<Unknown>,
}

/// Asks how all proxies of a world are; with their certificates, which costs a port-forward each, or without.
pub async fn health(connection: &Connection, world: &World, with_certificates: bool) -> HealthReport {
    let all = proxies(world);
    let planes: Vec<_> = world
        .pods()
        .filter(|pod| pod.labels.get("app").is_some_and(|app| app == "istiod") && pod.phase == "Running")
        .map(|pod| (pod.namespace.clone(), pod.name.clone()))
        .collect();
    let (said, control_planes, mut unknown) = synchronisation(connection, &planes).await;
    if planes.is_empty() && !all.is_empty() {
        let because = match world.coverage("", "Pod") {
            world::Coverage::Ready => "no istiod runs in this cluster: its control plane is elsewhere",
            _ => "pods cannot be read",
        };
        unknown.push(Unknown::new("synchronisation", because));
    }
    let mut certificates = if with_certificates { certificates_of(connection, &all).await } else { HashMap::new() };
    let rows = all.into_iter().map(|proxy| {
        let certificate = certificates.remove(&proxy.key());
        row(proxy, &said, certificate, !control_planes.is_empty())
    });
    HealthReport { rows: rows.collect(), control_planes, unknown }
}

type Said = HashMap<(String, String), ProxySync>;

async fn synchronisation(connection: &Connection, planes: &[(String, String)]) -> (Said, Vec<String>, Vec<Unknown>) {
    let asked = planes.iter().map(|(namespace, pod)| async move {
        (format!("{namespace}/{pod}"), connection.pod_forward_get(namespace, pod, DEBUG_PORT, "/debug/syncz").await)
    });
    let (mut all, mut answered, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for (plane, answer) in futures::future::join_all(asked).await {
        let about = || format!("synchronisation with {plane}");
        match answer {
            Err(error) => unknown.push(Unknown::new(about(), because(&error))),
            Ok(body) => match istiod::read_syncz(&body, &plane) {
                Err(error) => unknown.push(Unknown::new(about(), error.to_string())),
                Ok(proxies) => {
                    all.extend(proxies);
                    answered.push(plane);
                }
            },
        }
    }
    (istiod::merge(all), answered, unknown)
}

fn because(error: &ApiError) -> String {
    match &error.cause {
        Cause::Forbidden { .. } => "you may not create pods/portforward there".into(),
        cause => cause.to_string(),
    }
}

type Certificates = HashMap<(String, String), Result<Certificate, String>>;

async fn certificates_of(connection: &Connection, all: &[Proxy]) -> Certificates {
    let envoys = all.iter().filter(|proxy| proxy.role != Role::Ztunnel);
    // Collected first: a stream over the closure itself is not `Send` (rust-lang/rust#102211).
    let asked: Vec<_> =
        envoys.map(|proxy| async move { (proxy.key(), certificate_of(connection, proxy).await) }).collect();
    futures::stream::iter(asked).buffer_unordered(AT_ONCE).collect().await
}

async fn certificate_of(connection: &Connection, proxy: &Proxy) -> Result<Certificate, String> {
    let ask = |path: &'static str| connection.pod_forward_get(&proxy.namespace, &proxy.pod, ADMIN_PORT, path);
    let secrets = ask("/config_dump?resource=dynamic_active_secrets").await;
    match secrets {
        Ok(body) if let Some(found) = certificate::read_secrets(&body) => return Ok(found),
        Err(error) if matches!(error.cause, Cause::Forbidden { .. }) => return Err(because(&error)),
        _ => {}
    }
    let body = ask("/certs").await.map_err(|error| because(&error))?;
    certificate::read_certs(&body).ok_or_else(|| "it has no certificate".into())
}

fn row(proxy: Proxy, said: &Said, certificate: Option<Result<Certificate, String>>, asked: bool) -> ProxyHealth {
    let sync = said.get(&proxy.key());
    let mut unknown = Vec::new();
    if sync.is_none() && asked {
        unknown.push(Unknown::new("synchronisation", "no istiod that answered knows this proxy: it is not connected"));
    }
    let certificate = match certificate {
        Some(Ok(certificate)) => Some(certificate),
        Some(Err(because)) => {
            unknown.push(Unknown::new("certificate", because));
            None
        }
        None => None,
    };
    let nack = sync.and_then(|sync| sync.types.values().map(|t| &t.error).find(|error| !error.is_empty()).cloned());
    let version = sync.map(|sync| sync.version.clone()).filter(|version| !version.is_empty());
    ProxyHealth {
        version: version.unwrap_or_else(|| tag(&proxy.container.image)),
        types: sync
            .map(|sync| {
                let of = |t: &istiod::TypeSync| TypeHealth { state: t.state, sent_at: t.sent_at };
                sync.types.iter().map(|(name, t)| (name.clone(), of(t))).collect()
            })
            .unwrap_or_default(),
        nack,
        last_sent: sync.and_then(ProxySync::last_sent),
        certificate,
        ready: proxy.container.ready,
        restarts: proxy.container.restarts,
        trouble: proxy.container.trouble.clone(),
        control_plane: sync.map(|sync| sync.control_plane.clone()).unwrap_or_default(),
        namespace: proxy.namespace,
        pod: proxy.pod,
        workload: proxy.workload.name,
        mesh: "Istio",
        role: proxy.role,
        unknown,
    }
}

/// `1.27.1` of `registry/istio/proxyv2:1.27.1-distroless`; empty where the image has no tag that is a version.
fn tag(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    let name = name.split('@').next().unwrap_or(name);
    let tag = name.split_once(':').map_or("", |(_, tag)| tag).split('-').next().unwrap_or_default();
    if tag.split('.').count() >= 2 && tag.starts_with(|c: char| c.is_ascii_digit()) {
        tag.into()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_images() {
        let table = [
            ("registry.example:5000/istio/proxyv2:1.27.1-distroless", "1.27.1"),
            ("istio/proxyv2:1.27.1@sha256:ab", "1.27.1"),
            ("localhost:5000/proxyv2", ""),
            ("proxyv2:latest", ""),
            ("localhost/proxyv2:1", ""),
        ];
        for (image, version) in table {
            assert_eq!(tag(image), version, "{image}");
        }
    }
}
