//! What a mesh tells the engine about itself.

use world::{Pod, World};

use crate::{Request, Rule, Verdict};

/// A kind that a mesh authors or reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// API group.
    pub group: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// Plural resource name.
    pub plural: &'static str,
    /// Lives in a namespace.
    pub namespaced: bool,
    /// One sentence of our own: what it is for.
    pub purpose: &'static str,
}

/// A mesh that is in this cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Its name as people write it: `Istio`.
    pub mesh: &'static str,
    /// Versions of its control plane, newest first; empty where only its kinds are installed.
    pub versions: Vec<String>,
    /// In words: `sidecar`, `ambient`, `CRDs only`.
    pub mode: String,
}

/// How a pod takes part in a mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Membership {
    /// It has the mesh's proxy beside it.
    Sidecar,
    /// A proxy on its node takes its traffic.
    Node,
    /// It is a proxy at the edge of the mesh, or inside it (a gateway, a waypoint).
    Gateway,
}

/// A service mesh. Implemented once for each in `meshes/`.
pub trait Mesh: Send + Sync {
    /// Its name as people write it.
    fn name(&self) -> &'static str;

    /// The kinds that it knows; they are watched and kept whole.
    fn kinds(&self) -> &'static [Kind];

    /// Whether it is here, from the API groups that are served and from what runs.
    fn detect(&self, world: &World, groups: &[String]) -> Option<Presence>;

    /// How this pod takes part; `None` where it does not.
    fn membership(&self, world: &World, pod: &Pod) -> Option<Membership>;

    /// Its rules.
    fn rules(&self) -> &'static [Rule];

    /// What it does with a request; `None` where neither end of the request is in this mesh.
    fn decide(&self, world: &World, request: &Request) -> Option<Verdict>;
}
