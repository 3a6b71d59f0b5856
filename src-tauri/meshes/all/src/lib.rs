//! The list of meshes, one line each.

/// Every mesh that this build speaks.
pub fn all() -> Vec<Box<dyn mesh::Mesh>> {
    vec![
        Box::new(istio::Istio),
        Box::new(linkerd::Linkerd),
        Box::new(cilium::Cilium),
        Box::new(gateway_api::GatewayApi),
    ]
}

/// The engine over all of them.
pub fn engine() -> mesh::Engine {
    mesh::Engine::new(all())
}
