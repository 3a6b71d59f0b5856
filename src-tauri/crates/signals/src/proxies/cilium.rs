//! Cilium's proxies: one Envoy a node, beside the agent or inside it. What is known of them is what the cluster tells.

use super::{Family, Role, Says, tag};

pub(super) const FAMILY: Family = Family {
    mesh: "Cilium",
    // Upstream: cilium install/kubernetes/cilium/templates/cilium-envoy/daemonset.yaml and .../cilium-agent/daemonset.yaml.
    containers: &["cilium-envoy", "cilium-agent"],
    says: Says::Nowhere(
        "what Cilium's agents and Envoys say of themselves is not read",
        "不读取 Cilium 的代理程序与 Envoy 关于自身的信息",
    ),
    sizes: None,
    role: |_, _| Role::Node,
    version: |_, container| tag(&container.image),
    // They are on every node, whatever runs there.
    shall_have: |_, _| false,
    known: |_, _| Default::default(),
};

#[cfg(test)]
mod tests {
    use world::{Change, Object, World};

    use super::super::tests::pod;
    use super::super::{Role, proxies};

    #[test]
    fn one_a_node() {
        let pods = [
            pod("kube-system", "cilium-1", &["cilium-agent"], &[("k8s-app", "cilium")]),
            pod("kube-system", "envoy-1", &["cilium-envoy"], &[("k8s-app", "cilium-envoy")]),
        ];
        let world = World::new().after(pods.map(|pod| Change::Put(Object::Pod(pod))));
        let found: Vec<_> = proxies(&world).into_iter().map(|one| (one.family.mesh, one.role, one.pod)).collect();
        let node = |pod: &str| ("Cilium", Role::Node, pod.to_owned());
        assert_eq!(found, [node("cilium-1"), node("envoy-1")]);
    }
}
