//! The list of meshes, one line each.

/// Every mesh that this build speaks.
pub fn all() -> Vec<Box<dyn mesh::Mesh>> {
    Vec::new()
}

/// The engine over all of them.
pub fn engine() -> mesh::Engine {
    mesh::Engine::new(all())
}
