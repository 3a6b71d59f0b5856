//! Which pods of a world have a proxy of Istio's.

use world::{Container, Pod, World};

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
}

impl Proxy {
    /// Namespace and pod.
    pub fn key(&self) -> (String, String) {
        (self.namespace.clone(), self.pod.clone())
    }
}

/// The container that Istio's injector and gateways name so.
const CONTAINER: &str = "istio-proxy";

/// All proxies of running pods, by namespace and pod.
pub fn proxies(world: &World) -> Vec<Proxy> {
    world.pods().filter(|pod| pod.phase == "Running").filter_map(|pod| proxy(pod)).collect()
}

fn proxy(pod: &Pod) -> Option<Proxy> {
    let container = pod.container(CONTAINER)?.clone();
    let label = |name: &str| pod.labels.get(name).map(String::as_str).unwrap_or_default();
    let role = if label("app") == "ztunnel" {
        Role::Ztunnel
    } else if label("gateway.istio.io/managed") == "istio.io-mesh-controller" {
        Role::Waypoint
    } else if pod.containers.len() == 1 {
        Role::Gateway
    } else {
        Role::Sidecar
    };
    let workload = Workload { namespace: pod.namespace.clone(), name: pod.workload.1.clone() };
    Some(Proxy { namespace: pod.namespace.clone(), pod: pod.name.clone(), workload, role, container })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use world::{Change, Object};

    use super::*;

    pub(crate) fn pod(namespace: &str, name: &str, containers: &[&str], labels: &[(&str, &str)]) -> Pod {
        let container = |name: &&str| Container { name: (*name).into(), ready: true, ..Container::default() };
        Pod {
            namespace: namespace.into(),
            name: name.into(),
            phase: "Running".into(),
            workload: ("Deployment".into(), name.split('-').next().unwrap().into()),
            labels: labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>(),
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
}
