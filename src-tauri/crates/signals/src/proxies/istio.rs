//! Istio's proxies: Envoy in a container that its injector and its gateways name so, and ztunnel.

use cluster::CONTAINER;
use world::{Container, Pod, World};

use super::{Family, Role, Says, tag};

pub(super) const FAMILY: Family = Family {
    mesh: "Istio",
    containers: &[CONTAINER],
    says: Says::Xds,
    // Upstream: istio api/annotation/annotations.yaml.
    sizes: Some([
        "sidecar.istio.io/proxyCPU",
        "sidecar.istio.io/proxyCPULimit",
        "sidecar.istio.io/proxyMemory",
        "sidecar.istio.io/proxyMemoryLimit",
    ]),
    role,
    version: |_, container| tag(&container.image),
    shall_have,
    // It says both itself.
    known: |_, _| Default::default(),
};

fn role(pod: &Pod, container: &Container) -> Role {
    let label = |name: &str| pod.labels.get(name).unwrap_or_default();
    if label("app") == "ztunnel" {
        Role::Ztunnel
    } else if label("gateway.istio.io/managed") == "istio.io-mesh-controller" {
        Role::Waypoint
    } else if pod.containers.len() == 1 && !container.name.is_empty() {
        Role::Gateway
    } else {
        Role::Sidecar
    }
}

/// It asks for a sidecar, or its namespace does and it does not decline it.
///
/// Upstream: istio/istio pkg/kube/inject/inject.go `injectRequired` and manifests/charts/istio-control/istio-discovery/templates/
/// mutatingwebhook.yaml: a label of the pod decides, then its annotation, then the namespace, but not where the namespace declines for all.
/// What a genuine injector did is recorded in the tests below.
fn shall_have(world: &World, pod: &Pod) -> bool {
    let [label, annotation] = [&pod.labels, &pod.annotations].map(|values| values.get("sidecar.istio.io/inject"));
    match (label, annotation) {
        (Some("true"), _) => takes_orders(world, &pod.namespace),
        (Some("false"), _) | (None, Some("false")) => false,
        _ => injects(world, &pod.namespace),
    }
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

#[cfg(test)]
mod tests {
    use world::{Change, Object};

    use super::super::tests::pod;
    use super::super::without_proxy;
    use super::*;

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
}
