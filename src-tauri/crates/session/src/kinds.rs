//! The kinds that can be authored in this cluster: those of the meshes that its server serves, also where no table of ours knows them yet.

use std::collections::BTreeSet;
use std::time::Duration;

use cluster::{Api, Batch, Connection, Followed};
use mesh::Engine;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use world::Coverage;

use crate::{Result, Session};

/// How often the server is asked whether it serves something new of a mesh.
const AGAIN: Duration = Duration::from_secs(60);

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
        let mut rows: Vec<KindRow> = served.collect();
        let mut new: Vec<(&'static str, &Api)> = unlisted(self.engine(), apis.iter()).collect();
        new.sort_by(|(_, a), (_, b)| (&a.group, &a.kind).cmp(&(&b.group, &b.kind)));
        rows.extend(new.into_iter().map(|(mesh, api)| KindRow {
            mesh,
            group: api.group.clone(),
            version: api.version.clone(),
            kind: api.kind.clone(),
            namespaced: api.namespaced,
            coverage: world.coverage(&api.group, &api.kind),
        }));
        Ok(rows)
    }
}

/// A kind of a mesh's API groups that no table knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unlisted {
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) namespaced: bool,
}

/// What is served of the meshes' groups and stands in no table, with the mesh that it is of.
fn unlisted<'a>(
    engine: &'a Engine,
    apis: impl Iterator<Item = &'a Api>,
) -> impl Iterator<Item = (&'static str, &'a Api)> {
    let follows = |api: &&Api| {
        let may = |verb: &&str| api.verbs.iter().any(|known| known == verb);
        ["list", "watch", "get"].iter().all(may) && !NOTES.contains(&api.kind.as_str())
    };
    apis.filter(follows).filter_map(move |api| {
        let of_group = engine.meshes().find(|mesh| mesh.kinds().iter().any(|kind| is_of(kind.group, &api.group)))?;
        let known = |mesh: &dyn mesh::Mesh| mesh.kinds().iter().any(|k| k.group == api.group && k.kind == api.kind);
        (!engine.meshes().any(known)).then_some((of_group.name(), api))
    })
}

/// Kinds in which controllers keep their own notes, one for each pod, node or set of labels: nobody writes them, and there may be ten thousands.
const NOTES: [&str; 8] = [
    "CiliumEndpoint",
    "CiliumEndpointSlice",
    "CiliumIdentity",
    "CiliumNode",
    "CiliumNodeConfig",
    "CiliumPodIPPool",
    "CiliumBGPNodeConfig",
    "CiliumL2AnnouncementLease",
];

/// Whether a group is one that a mesh has kinds in, or a sister of it under a domain of the mesh's own: `telemetry.istio.io` beside
/// `networking.istio.io`. Domains of Kubernetes are everybody's.
fn is_of(known: &str, group: &str) -> bool {
    let domain = known.split_once('.').map_or("", |(_, domain)| domain);
    let own = domain.contains('.') && !domain.ends_with("k8s.io");
    known == group || (own && group.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

/// Follows what is new besides the kinds of the tables, as it comes to be served, into the same batches, until cancelled.
pub(crate) async fn follow_new(
    connection: Connection,
    engine: std::sync::Arc<Engine>,
    batches: mpsc::Sender<Batch>,
    told: watch::Sender<BTreeSet<Unlisted>>,
    cancel: CancellationToken,
) {
    let look = async {
        loop {
            if let Ok(apis) = connection.apis().await {
                let found = unlisted(&engine, apis.iter()).map(|(_, api)| Unlisted {
                    group: api.group.clone(),
                    kind: api.kind.clone(),
                    namespaced: api.namespaced,
                });
                let known = told.borrow().clone();
                let new: BTreeSet<Unlisted> = found.filter(|kind| !known.contains(kind)).collect();
                if !new.is_empty() {
                    let kinds = new.iter().map(|kind| Followed::new(&kind.group, &kind.kind)).collect();
                    let of = cluster::follow(connection.clone(), kinds, cancel.clone());
                    tokio::spawn(pass_on(of, batches.clone()));
                    told.send_modify(|known| known.extend(new));
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    cancel.run_until_cancelled(look).await;
}

/// Hands batches on, in their order.
pub(crate) async fn pass_on(mut from: mpsc::Receiver<Batch>, to: mpsc::Sender<Batch>) {
    while let Some(batch) = from.recv().await {
        if to.send(batch).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_of;

    #[test]
    fn groups_of_a_mesh() {
        for (known, group, expected) in [
            ("networking.istio.io", "networking.istio.io", true),
            ("networking.istio.io", "telemetry.istio.io", true),
            ("networking.istio.io", "istio.io", false),
            ("networking.istio.io", "evilistio.io", false),
            ("gateway.networking.k8s.io", "gateway.networking.k8s.io", true),
            ("gateway.networking.k8s.io", "policy.networking.k8s.io", false),
            ("cilium.io", "cilium.io", true),
            ("cilium.io", "other.io", false),
        ] {
            assert_eq!(is_of(known, group), expected, "{known} {group}");
        }
    }
}
