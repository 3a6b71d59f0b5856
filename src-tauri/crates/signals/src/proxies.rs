//! Which pods of a world have a proxy of Istio's.

use cluster::CONTAINER;
use world::{Container, Labels, Pod, World};

use crate::Workload;

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
}

impl Role {
    /// As `netloft health` writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sidecar => "sidecar",
            Self::Gateway => "gateway",
            Self::Waypoint => "waypoint",
            Self::Ztunnel => "ztunnel",
        }
    }
}

/// A proxy in a running pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
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
}

/// All proxies of running pods, by namespace and pod.
pub fn proxies(world: &World) -> Vec<Proxy> {
    world.pods().filter(|pod| pod.phase == "Running").filter_map(|pod| proxy(pod)).collect()
}

/// Proxies of pods that do not run, though they are not done: nobody answers there.
pub fn dead(world: &World) -> Vec<Proxy> {
    let over = |phase: &str| matches!(phase, "Running" | "Succeeded");
    world.pods().filter(|pod| !over(&pod.phase)).filter_map(|pod| proxy(pod)).collect()
}

/// Running pods that shall have a sidecar and have none: they ask for it, or their namespace does and they do not decline it.
///
/// Upstream: istio/istio pkg/kube/inject/inject.go `injectRequired` and manifests/charts/istio-control/istio-discovery/templates/
/// mutatingwebhook.yaml: a label of the pod decides, then its annotation, then the namespace, but not where the namespace declines for all;
/// pods of the host's network are never injected. What a genuine injector did is recorded in the tests below.
pub fn without_proxy(world: &World) -> Vec<Proxy> {
    let asks = |pod: &Pod| {
        let [label, annotation] = [&pod.labels, &pod.annotations].map(|values| values.get("sidecar.istio.io/inject"));
        match (label, annotation) {
            (Some("true"), _) => takes_orders(world, &pod.namespace),
            (Some("false"), _) | (None, Some("false")) => false,
            _ => injects(world, &pod.namespace),
        }
    };
    let bare = |pod: &&std::sync::Arc<Pod>| {
        pod.phase == "Running" && !pod.host_network && pod.container(CONTAINER).is_none() && asks(pod)
    };
    world.pods().filter(bare).map(|pod| of(pod, Container::default())).collect()
}

/// In a namespace a pod gets a sidecar that asks for one itself.
fn takes_orders(world: &World, namespace: &str) -> bool {
    let label = world.namespace(namespace).map(|found| found.labels.get("istio-injection"));
    label.is_some_and(|label| label.is_none_or(|value| value == "enabled"))
}

/// A namespace asks for sidecars. Where it is ambient as well, the injector makes them all the same, and a pod without one is in the mesh by
/// its node's ztunnel.
fn injects(world: &World, namespace: &str) -> bool {
    let Some(namespace) = world.namespace(namespace) else { return false };
    let label = |name: &str| namespace.labels.get(name);
    let wanted = match label("istio-injection") {
        Some(value) => value == "enabled",
        None => label("istio.io/rev").is_some(),
    };
    wanted && label("istio.io/dataplane-mode") != Some("ambient")
}

/// A namespace is of the mesh: it asks for sidecars, or for the ambient mesh.
pub(crate) fn wants_proxies(world: &World, namespace: &str) -> bool {
    let mode = world.namespace(namespace).and_then(|found| found.labels.get("istio.io/dataplane-mode"));
    mode == Some("ambient") || injects(world, namespace)
}

fn proxy(pod: &Pod) -> Option<Proxy> {
    pod.container(CONTAINER).map(|container| of(pod, container.clone()))
}

fn of(pod: &Pod, container: Container) -> Proxy {
    let label = |name: &str| pod.labels.get(name).unwrap_or_default();
    let role = if label("app") == "ztunnel" {
        Role::Ztunnel
    } else if label("gateway.istio.io/managed") == "istio.io-mesh-controller" {
        Role::Waypoint
    } else if pod.containers.len() == 1 && !container.name.is_empty() {
        Role::Gateway
    } else {
        Role::Sidecar
    };
    let workload = Workload { namespace: pod.namespace.clone(), name: pod.workload.1.clone() };
    Proxy {
        namespace: pod.namespace.clone(),
        pod: pod.name.clone(),
        workload,
        role,
        container,
        phase: pod.phase.clone(),
        labels: pod.labels.clone(),
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

    /// As a genuine injector answered a dry-run, Istio 1.28 (tests/live/tests/injection.rs asks it again): of pods with the label unset, true
    /// and false, those with the annotation unset, true and false.
    #[test]
    fn a_label_of_the_pod_decides_then_its_annotation_then_the_namespace() {
        type Labels = &'static [(&'static str, &'static str)];
        const NAMESPACES: [(Labels, [&str; 3]); 6] = [
            (&[], ["---", "yyy", "---"]),
            (&[("istio-injection", "enabled")], ["yy-", "yyy", "---"]),
            (&[("istio-injection", "disabled")], ["---", "---", "---"]),
            (&[("istio.io/rev", "default")], ["yy-", "yyy", "---"]),
            (&[("istio.io/dataplane-mode", "ambient")], ["---", "yyy", "---"]),
            // The injector makes `yy-` of the first; without a sidecar such a pod is in the mesh by its node.
            (&[("istio-injection", "enabled"), ("istio.io/dataplane-mode", "ambient")], ["---", "yyy", "---"]),
        ];
        let says = |says: &'static str| (!says.is_empty()).then_some(("sidecar.istio.io/inject", says));
        for (labels, expected) in NAMESPACES {
            let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let namespace = world::Namespace { name: "shop".into(), labels, ..Default::default() };
            let world = World::new().after([Change::Put(Object::Namespace(namespace.clone()))]);
            let found = ["", "true", "false"].map(|label| {
                let one = |annotation: &'static str| {
                    let annotations = says(annotation).map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect();
                    let label: Vec<_> = says(label).into_iter().collect();
                    let pod = Pod { annotations, ..pod("shop", "bare-1", &["a"], &label) };
                    if without_proxy(&world.after([Change::Put(Object::Pod(pod))])).is_empty() { '-' } else { 'y' }
                };
                ["", "true", "false"].map(one).into_iter().collect::<String>()
            });
            assert_eq!(found.each_ref().map(String::as_str), expected, "{namespace:?}");
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
