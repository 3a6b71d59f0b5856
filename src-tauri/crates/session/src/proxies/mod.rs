//! Every proxy: what it was sent, what it took, how it fares.

pub mod access;
pub mod compare;
pub mod detail;
mod join;
pub mod levels;

use std::collections::HashMap;

use mesh::Unknown;
use world::Said;

use crate::map::Health;

pub use join::health_of;
pub(crate) use join::{Seen, join};
pub use signals::ill::{Diagnosis, Ill};

/// How far a proxy has followed its control plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sync {
    /// All that was sent was acknowledged.
    Synced,
    /// Never sent: nothing of this type concerns it.
    NotSent,
    /// There is no such thing: it takes its configuration otherwise.
    NoXds,
    /// The control plane does not say.
    #[default]
    Unknown,
    /// Sent, and not acknowledged yet.
    Stale,
    /// Rejected.
    Error,
}

/// One xDS type of a proxy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TypeSync {
    /// CDS, LDS, EDS, RDS, ECDS.
    pub name: String,
    /// How far.
    pub state: Sync,
    /// When it was last sent, milliseconds since 1970.
    pub sent_at: Option<f64>,
    /// The rejection's own text, with the resource that it names.
    pub nack: String,
}

/// What a container uses, asked for and may use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Use {
    /// Used now.
    pub usage: Option<f64>,
    /// Asked for.
    pub request: Option<f64>,
    /// Allowed.
    pub limit: Option<f64>,
}

/// Whether a proxy is there at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Its pod runs.
    #[default]
    Running,
    /// Its pod does not run.
    Dead,
    /// Its pod shall have a proxy and has none.
    Missing,
}

/// How much a proxy knows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    /// Bytes of its whole configuration.
    pub bytes: f64,
    /// Clusters.
    pub clusters: u32,
    /// Listeners.
    pub listeners: u32,
    /// Routes.
    pub routes: u32,
    /// Bytes of what there is for each service that it knows.
    pub of_services: f64,
}

/// The certificate that a proxy shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Certificate {
    /// Milliseconds since 1970.
    pub begins_at: f64,
    /// Milliseconds since 1970.
    pub ends_at: f64,
    /// Who signed it; empty where unknown.
    pub issuer: String,
    /// The identity.
    pub spiffe: String,
    /// The roots that the proxy trusts are those of the mesh; `None` where it does not say.
    pub root_matches: Option<bool>,
}

/// Every diagnosis that there is.
pub fn diagnoses() -> impl Iterator<Item = &'static Diagnosis> {
    let proxies = signals::ill::TABLE.into_iter().map(|(diagnosis, _)| diagnosis);
    proxies.chain(signals::ill::MESH_TABLE.into_iter().map(|(diagnosis, _)| diagnosis))
}

/// One proxy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proxy {
    /// Namespace of its pod.
    pub namespace: String,
    /// Its pod.
    pub pod: String,
    /// The workload that owns the pod.
    pub workload: String,
    /// `Istio` …
    pub mesh: String,
    /// `sidecar`, `gateway`, `waypoint`, `ztunnel`, `node`.
    pub role: String,
    /// Whether it is there.
    pub presence: Presence,
    /// Of the proxy.
    pub version: String,
    /// How it fares.
    pub health: Health,
    /// The worst of all types.
    pub sync: Sync,
    /// Each type.
    pub types: Vec<TypeSync>,
    /// The rejection's own text.
    pub nack: String,
    /// Everything that ails it, the gravest first.
    pub ills: Vec<Ill>,
    /// The gravest in words, with the next step; empty when all is well.
    pub diagnosis: Said,
    /// The name of its container; empty where there is none.
    pub container: String,
    /// Its container is ready.
    pub ready: bool,
    /// Restarts of its container.
    pub restarts: u32,
    /// Why its container ended last, or waits: `OOMKilled`; empty where it does not.
    pub trouble: String,
    /// The certificate that it shows.
    pub certificate: Option<Certificate>,
    /// How much it knows.
    pub size: Option<Size>,
    /// The control plane's instance that it talks to.
    pub control_plane: String,
    /// Since when, milliseconds since 1970.
    pub connected_at: Option<f64>,
    /// Thousandths of a core.
    pub cpu: Use,
    /// The share of time in which its CPU limit stopped it; `None` where nobody tells.
    pub throttled: Option<f64>,
    /// Bytes.
    pub memory: Use,
    /// Where the use was read.
    pub source: String,
    /// What could not be known.
    pub unknown: Vec<Unknown>,
}

impl Proxy {
    /// It takes its configuration over xDS, and has the pages that tell of it.
    pub fn is_xds(&self) -> bool {
        self.sync != Sync::NoXds
    }
}

/// All proxies at one look.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// Grows with each look that brought something new.
    pub revision: u64,
    /// Every proxy of a running pod, by namespace and pod.
    pub proxies: Vec<Proxy>,
    /// Where there is none to ask: pods that do not run, and those that shall have a proxy and have none.
    pub silent: Vec<Proxy>,
    /// Instances of the control plane.
    pub control_planes: Vec<Plane>,
    /// What ails the mesh as a whole.
    pub ills: Vec<Ill>,
    /// What could not be known of all of them.
    pub unknown: Vec<Unknown>,
}

/// An instance of the control plane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plane {
    /// `namespace/pod`
    pub name: String,
    /// Its version; empty where unknown.
    pub version: String,
    /// It told of its proxies.
    pub answered: bool,
    /// It told it over xDS, for its debug pages are shut.
    pub over_xds: bool,
}

impl Fleet {
    /// (namespace, workload) → what is wrong with one of its proxies.
    pub fn ill(&self) -> HashMap<(String, String), Said> {
        let ill = self.proxies.iter().filter(|proxy| proxy.health > Health::Ok);
        ill.map(|proxy| ((proxy.namespace.clone(), proxy.workload.clone()), proxy.diagnosis.clone())).collect()
    }

    /// Those that can answer and those that cannot.
    pub fn all(&self) -> impl Iterator<Item = &Proxy> {
        self.proxies.iter().chain(&self.silent)
    }

    /// Where objects for the whole mesh lie: beside its control plane.
    pub(crate) fn root_namespace(&self) -> &str {
        let plane = self.control_planes.first().and_then(|plane| plane.name.split_once('/'));
        plane.map_or("istio-system", |(namespace, _)| namespace)
    }

    /// The same, whenever it was looked at.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.proxies == other.proxies
            && self.silent == other.silent
            && self.control_planes == other.control_planes
            && self.ills == other.ills
            && self.unknown == other.unknown
    }
}
