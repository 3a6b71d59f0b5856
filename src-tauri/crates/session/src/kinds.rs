//! The kinds that can be authored in this cluster: those of the meshes that its server serves.

use world::Coverage;

use crate::{Result, Session};

/// A kind that can be authored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindRow {
    /// The mesh that it belongs to, as people write it.
    pub mesh: &'static str,
    /// API group.
    pub group: String,
    /// The version that the server prefers.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Lives in a namespace.
    pub namespaced: bool,
    /// What is known of its objects.
    pub coverage: Coverage,
}

impl Session {
    /// The kinds of the meshes that are served here, in the meshes' order.
    ///
    /// # Errors
    /// Where the server does not say what it serves.
    pub async fn kinds(&self) -> Result<Vec<KindRow>> {
        let apis = self.connection().apis().await?;
        let world = self.world();
        let all = self.engine().meshes().flat_map(|mesh| mesh.kinds().iter().map(move |kind| (mesh.name(), kind)));
        let served = all.filter_map(|(mesh, kind)| {
            let api = apis.find(kind.group, kind.kind)?;
            Some(KindRow {
                mesh,
                group: api.group.clone(),
                version: api.version.clone(),
                kind: api.kind.clone(),
                namespaced: api.namespaced,
                coverage: world.coverage(kind.group, kind.kind),
            })
        });
        Ok(served.collect())
    }
}
