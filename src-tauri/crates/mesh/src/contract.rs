//! What a mesh tells the engine about itself, and about one world.

use std::collections::BTreeSet;
use std::sync::Arc;

use world::{Difference, Document, Labels, ObjectKey, Pod, World};

use crate::guide::Guide;
use crate::{
    Entering, Foreign, Found, Log, Places, Posture, Received, Request, Route, Rule, Silence, Subject, Summary, Touched,
    Verdict,
};

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

/// A kind that rules read besides those of the mesh itself and the core kinds of every world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// How much of it is read from a cluster.
    pub extent: Extent,
}

/// How much of a kind is read from a cluster. Of files everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Every object, whole.
    Whole,
    /// The objects of one namespace, whole.
    Within(&'static str),
    /// The same beside what another source reads of the kind: whether these are read says nothing of the kind as such.
    Beside(&'static str),
    /// Of every object what stands under `metadata`.
    Heads,
    /// Of every object its name and its labels: what else is in it changes often, and says nothing.
    Labels,
    /// Nothing, ever: the kind stands for what is inside objects of another, such as the content of Secrets.
    Nothing,
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

    /// What its rules read besides.
    fn sources(&self) -> &'static [Source] {
        &[]
    }

    /// Whether it is here, from the API groups that are served and from what runs.
    fn detect(&self, world: &World, groups: &[String]) -> Option<Presence>;

    /// How this pod takes part; `None` where it does not.
    fn membership(&self, world: &World, pod: &Pod) -> Option<Membership>;

    /// Its rules.
    fn rules(&self) -> Vec<&'static Rule> {
        Vec::new()
    }

    /// Codes of other tools for this mesh that none of its rules stands for.
    fn foreign(&self) -> &'static [Foreign] {
        &[]
    }

    /// Annotations that silence findings.
    fn silences(&self) -> &'static [Silence] {
        &[]
    }

    /// One of its objects in a line; `None` where the kind is not its own.
    fn summary(&self, _document: &Document) -> Option<Summary> {
        None
    }

    /// How one of its objects is written step by step; `None` for kinds whose fields say enough.
    fn guide(&self, _world: &World, _document: &Document) -> Option<Guide> {
        None
    }

    /// Reads a world once, so that many questions about it are cheap; `None` where the mesh gives no answers yet.
    fn read(&self, _world: &World, _places: &Arc<Places>) -> Option<Box<dyn Reading>> {
        None
    }
}

/// A mesh's reading of one world. All answers are total: bad input gives an answer that says so.
pub trait Reading: Send + Sync {
    /// What it does with a request; `None` where neither end of the request is in this mesh.
    fn decide(&self, request: &Request) -> Option<Verdict>;

    /// How the proxy of one of its pods takes a request that a proxy of another mesh, or none, sends to this port of it: in plaintext, from nobody
    /// that it knows. `None` where the pod is not in this mesh.
    fn receive(&self, request: &Request, ip: &str, pod: &Arc<Pod>, port: u16) -> Option<Received>;

    /// The same reading, writing down in this log what is read to answer.
    fn listening(&self, log: &Log) -> Box<dyn Reading>;

    /// The reading of the world that this one's became, and what in it is no longer read as before: objects by name, namespace and kind, and pods,
    /// the engine knows by itself. `None` where the world has to be read anew, and everything in it looked at again.
    fn after(
        &self,
        next: &World,
        places: &Arc<Places>,
        difference: &Difference,
        touched: &mut Touched,
    ) -> Option<Box<dyn Reading>>;

    /// Looks at one subject with the rule at this place of [`Mesh::rules`].
    fn check(&self, rule: usize, subject: &Subject, found: &mut Found);

    /// The rules that route requests for a service, in order.
    fn routes(&self, namespace: &str, service: &str) -> Vec<Route>;

    /// Requests from outside that meet a rule of this route at a gateway, one for each rule and host of it.
    fn entering(&self, _route: &ObjectKey) -> Vec<Entering> {
        Vec::new()
    }

    /// The labels that pods of a service have to have to be in this subset of it; `None` where the mesh knows no such subset.
    fn subset(&self, _namespace: &str, _service: &str, _subset: &str) -> Option<Labels> {
        None
    }

    /// How protected a workload is; `None` where it is not in this mesh.
    fn posture(&self, namespace: &str, workload: &str) -> Option<Posture>;

    /// The ports of a workload, by the pod's own number, that take connections otherwise than the rest of it.
    fn ports(&self, _namespace: &str, _workload: &str) -> Vec<(u16, Posture)> {
        Vec::new()
    }

    /// The policies and routes that bear on a service or workload.
    fn in_force(&self, namespace: &str, name: &str) -> Vec<ObjectKey>;

    /// Requests that tell the branches of these routes and policies apart.
    fn probes(&self, objects: &BTreeSet<ObjectKey>) -> Vec<Request>;
}
