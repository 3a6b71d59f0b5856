//! Which pods of a world have a proxy, and of which mesh: one file a mesh, one line of the table each.

mod cilium;
mod istio;
mod linkerd;

use world::{Container, Labels, Pod, World};

use crate::{Look, Workload};

pub(crate) use istio::wants_proxies;

/// Every mesh whose proxies are told.
pub const FAMILIES: [&Family; 3] = [&istio::FAMILY, &linkerd::FAMILY, &cilium::FAMILY];

/// The proxies of one mesh: how they are found, and by what they can be asked.
#[derive(Debug)]
pub struct Family {
    /// The mesh as people write it: `Istio`.
    pub mesh: &'static str,
    /// Names of the containers that are its proxies.
    pub containers: &'static [&'static str],
    /// Where they say how they are.
    pub says: Says,
    /// Annotations of a pod template by which its injector takes requests and limits: CPU's, then memory's; `None` where it has no injector.
    pub sizes: Option<[&'static str; 4]>,
    /// What a proxy is for, by its pod and its container.
    role: fn(&Pod, &Container) -> Role,
    /// Its version, as far as the pod says it; empty where it does not.
    version: fn(&Pod, &Container) -> String,
    /// A running pod without a proxy shall have one beside it.
    shall_have: fn(&World, &Pod) -> bool,
    /// Its identity and what the roots that it trusts are known by, as far as its pod says them.
    known: fn(&World, &Pod) -> (String, String),
}

impl PartialEq for Family {
    fn eq(&self, other: &Self) -> bool {
        self.mesh == other.mesh
    }
}
impl Eq for Family {}

/// Where the proxies of a mesh say how they are.
#[derive(Debug)]
pub enum Says {
    /// They take their configuration over xDS, which their istiod tells of, and have Envoy's admin pages (a ztunnel has some of them).
    Xds,
    /// On a port that the pod's network reaches, in the text format of Prometheus, which this reads.
    Metrics(u16, fn(&[u8], &Proxy) -> Look),
    /// Nowhere that is read here.
    Nowhere(&'static str, &'static str),
}

/// What a proxy is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Beside an application.
    Sidecar,
    /// At the edge of the mesh.
    Gateway,
    /// Inside an ambient mesh, for a namespace or service.
    Waypoint,
    /// One a node of an ambient mesh; no Envoy.
    Ztunnel,
    /// One a node of another mesh: for all pods there.
    Node,
}

impl Role {
    /// As `netloft health` writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sidecar => "sidecar",
            Self::Gateway => "gateway",
            Self::Waypoint => "waypoint",
            Self::Ztunnel => "ztunnel",
            Self::Node => "node",
        }
    }
}

/// A proxy in a running pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// The mesh that it is of.
    pub family: &'static Family,
    /// Namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// What the pod belongs to.
    pub workload: Workload,
    /// What it is for.
    pub role: Role,
    /// Its container.
    pub container: Container,
    /// Its version, as far as the pod says it; empty where it does not.
    pub version: String,
    /// Its identity, as far as the pod says it; empty where it does not.
    pub identity: String,
    /// What the roots that it was told to trust are known by; empty where the pod does not say.
    pub root: String,
    /// The pod's phase: `Running`, `Pending`, `Failed`, `Unknown`.
    pub phase: String,
    /// Labels of the pod.
    pub labels: Labels,
}

impl Proxy {
    /// Namespace and pod.
    pub fn key(&self) -> (String, String) {
        (self.namespace.clone(), self.pod.clone())
    }

    /// It takes its configuration over xDS, and counts as Istio's proxies do.
    pub fn is_xds(&self) -> bool {
        self.family.is_xds()
    }
}

impl Family {
    /// Its proxies take their configuration over xDS.
    pub fn is_xds(&self) -> bool {
        matches!(self.says, Says::Xds)
    }

    fn proxy(&'static self, world: &World, pod: &Pod) -> Option<Proxy> {
        let container = self.containers.iter().find_map(|name| pod.container(name))?;
        Some(self.of(world, pod, container.clone()))
    }

    fn of(&'static self, world: &World, pod: &Pod, container: Container) -> Proxy {
        let (identity, root) = (self.known)(world, pod);
        Proxy {
            family: self,
            namespace: pod.namespace.clone(),
            pod: pod.name.clone(),
            workload: Workload { namespace: pod.namespace.clone(), name: pod.workload.1.clone() },
            role: (self.role)(pod, &container),
            version: (self.version)(pod, &container),
            identity,
            root,
            container,
            phase: pod.phase.clone(),
            labels: pod.labels.clone(),
        }
    }
}

/// The proxies of a mesh, by its name.
pub fn family(mesh: &str) -> Option<&'static Family> {
    FAMILIES.into_iter().find(|family| family.mesh == mesh)
}

/// The mesh whose proxies' containers have this name.
pub fn family_of(container: &str) -> Option<&'static Family> {
    FAMILIES.into_iter().find(|family| family.containers.contains(&container))
}

/// All proxies of running pods, by namespace and pod.
pub fn proxies(world: &World) -> Vec<Proxy> {
    of_pods(world, |pod| pod.phase == "Running")
}

/// Those of them that count requests as Istio's do.
pub fn counting(world: &World) -> Vec<Proxy> {
    let mut all = proxies(world);
    all.retain(Proxy::is_xds);
    all
}

/// Proxies of pods that do not run, though they are not done: nobody answers there.
pub fn dead(world: &World) -> Vec<Proxy> {
    of_pods(world, |pod| !matches!(pod.phase.as_str(), "Running" | "Succeeded"))
}

fn of_pods(world: &World, which: impl Fn(&Pod) -> bool) -> Vec<Proxy> {
    let of = |pod: &Pod| FAMILIES.into_iter().find_map(|family| family.proxy(world, pod));
    world.pods().filter(|pod| which(pod)).filter_map(|pod| of(pod)).collect()
}

/// Running pods that shall have a sidecar and have none. Pods of the host's network are never injected.
pub fn without_proxy(world: &World) -> Vec<Proxy> {
    let bare = |pod: &Pod| pod.phase == "Running" && !pod.host_network;
    let missing = |pod: &Pod| {
        let has = |family: &&Family| family.containers.iter().any(|name| pod.container(name).is_some());
        // Who has the proxy of one mesh does not get another's.
        if FAMILIES.iter().any(has) {
            return None;
        }
        let family = FAMILIES.into_iter().find(|family| (family.shall_have)(world, pod))?;
        Some(family.of(world, pod, Container::default()))
    };
    world.pods().filter(|pod| bare(pod)).filter_map(|pod| missing(pod)).collect()
}

/// `1.27.1` of `registry/istio/proxyv2:1.27.1-distroless`, `v1.17.0` of `cilium/cilium:v1.17.0@sha256:…`; empty where the image has no tag that
/// is a version.
pub(crate) fn tag(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    let name = name.split('@').next().unwrap_or(name);
    let tag = name.split_once(':').map_or("", |(_, tag)| tag).split('-').next().unwrap_or_default();
    let number = tag.strip_prefix('v').unwrap_or(tag);
    if number.split('.').count() >= 2 && number.starts_with(|c: char| c.is_ascii_digit()) {
        tag.into()
    } else {
        String::new()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use world::{Change, Object};

    use super::*;

    pub(crate) fn pod(namespace: &str, name: &str, containers: &[&str], labels: &[(&str, &str)]) -> Pod {
        let container = |name: &&str| Container { name: (*name).into(), ready: true, ..Container::default() };
        Pod {
            namespace: namespace.into(),
            name: name.into(),
            phase: "Running".into(),
            workload: ("Deployment".into(), name.split('-').next().unwrap().into()),
            labels: labels.iter().copied().collect(),
            containers: containers.iter().map(container).collect(),
            ..Pod::default()
        }
    }

    #[test]
    fn roles_of_proxies() {
        let pods = [
            pod("shop", "a-1", &["a", "istio-proxy"], &[]),
            pod("shop", "b-1", &["b"], &[]),
            pod("shop", "gw-1", &["istio-proxy"], &[]),
            pod("shop", "wp-1", &["istio-proxy"], &[("gateway.istio.io/managed", "istio.io-mesh-controller")]),
            pod("shop", "zt-1", &["istio-proxy"], &[("app", "ztunnel")]),
            Pod { phase: "Succeeded".into(), ..pod("shop", "done-1", &["istio-proxy"], &[]) },
        ];
        let world = World::new().after(pods.map(|pod| Change::Put(Object::Pod(pod))));
        let found: Vec<_> =
            proxies(&world).into_iter().map(|p| format!("{} {}", p.workload.name, p.role.word())).collect();
        assert_eq!(found, ["a sidecar", "gw gateway", "wp waypoint", "zt ztunnel"]);
    }

    #[test]
    fn versions_of_images() {
        let table = [
            ("registry.example:5000/istio/proxyv2:1.27.1-distroless", "1.27.1"),
            ("istio/proxyv2:1.27.1@sha256:ab", "1.27.1"),
            ("quay.io/cilium/cilium:v1.17.0@sha256:ab", "v1.17.0"),
            ("localhost:5000/proxyv2", ""),
            ("proxyv2:latest", ""),
            ("proxyv2:vnext", ""),
            ("localhost/proxyv2:1", ""),
        ];
        for (image, version) in table {
            assert_eq!(tag(image), version, "{image}");
        }
    }

    #[test]
    fn pods_without_a_proxy_that_shall_have_one() {
        let namespace = |name: &str, labels: &[(&str, &str)]| {
            let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            Change::Put(Object::Namespace(world::Namespace { name: name.into(), labels, ..Default::default() }))
        };
        let pods = [
            pod("shop", "bare-1", &["a"], &[]),
            pod("shop", "has-1", &["a", "istio-proxy"], &[]),
            pod("shop", "declines-1", &["a"], &[("sidecar.istio.io/inject", "false")]),
            Pod { host_network: true, ..pod("shop", "host-1", &["a"], &[]) },
            pod("rev", "bare-2", &["a"], &[]),
            pod("ambient", "a-1", &["a"], &[]),
            pod("plain", "a-1", &["a"], &[]),
            pod("plain", "asks-1", &["a"], &[("sidecar.istio.io/inject", "true")]),
            pod("off", "asks-2", &["a"], &[("sidecar.istio.io/inject", "true")]),
            Pod { phase: "Pending".into(), ..pod("shop", "waits-1", &["a", "istio-proxy"], &[]) },
        ];
        let world = World::new().after(pods.map(|pod| Change::Put(Object::Pod(pod)))).after([
            namespace("shop", &[("istio-injection", "enabled")]),
            namespace("rev", &[("istio.io/rev", "canary")]),
            namespace("ambient", &[("istio.io/rev", "canary"), ("istio.io/dataplane-mode", "ambient")]),
            namespace("plain", &[]),
            namespace("off", &[("istio-injection", "disabled")]),
        ]);
        let names = |all: Vec<Proxy>| all.into_iter().map(|p| p.pod).collect::<Vec<_>>();
        assert_eq!(names(without_proxy(&world)), ["asks-1", "bare-2", "bare-1"]);
        assert_eq!(names(dead(&world)), ["waits-1"]);
    }
}
