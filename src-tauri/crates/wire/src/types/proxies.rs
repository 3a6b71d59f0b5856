//! The proxies.

use super::{Health, ObjectRef, Said, Unknown, wire};

wire! {
    /// `no-xds`: there is no such thing, it takes its configuration otherwise.
    pub enum SyncState { Synced, Stale, NotSent, Error, NoXds, Unknown }
}

wire! {
    /// Whether a proxy is there: its pod runs, its pod does not run, or its pod shall have one and has none.
    pub enum Presence { Running, Dead, Missing }
}

wire! {
    /// One row of `netloft health` with its resource use.
    pub struct ProxyRow {
        pub namespace: String,
        pub pod: String,
        pub workload: String,
        pub mesh: String,
        /// `sidecar`, `gateway`, `waypoint`, `ztunnel`, `node`.
        pub role: String,
        pub presence: Presence,
        pub version: String,
        pub health: Health,
        /// The worst of all types.
        pub sync: SyncState,
        /// Per xDS type: CDS, LDS, EDS, RDS, ECDS.
        pub types: Vec<TypeSync>,
        /// The rejection's own text.
        pub nack: String,
        /// Everything that ails it, the gravest first.
        pub ills: Vec<Ill>,
        /// The gravest in words, with the next step; empty when all is well.
        pub diagnosis: String,
        pub ready: bool,
        pub restarts: u32,
        /// Why its container ended last, or waits: `OOMKilled`; empty where it does not.
        pub trouble: String,
        pub certificate: Option<ProxyCertificate>,
        pub size: Option<ProxySize>,
        pub control_plane: String,
        /// Since when it talks to that instance, milliseconds since 1970.
        pub connected_at: Option<f64>,
        pub cpu_usage: Option<f64>,
        pub cpu_request: Option<f64>,
        pub cpu_limit: Option<f64>,
        /// The share of time in which its CPU limit stopped it; null where nobody tells.
        pub throttled: Option<f64>,
        pub memory_usage: Option<f64>,
        pub memory_request: Option<f64>,
        pub memory_limit: Option<f64>,
        pub unknown: Vec<Unknown>,
    }
}

wire! {
    pub struct TypeSync { pub name: String, pub state: SyncState, pub sent_at: Option<f64>, pub nack: String }
}

wire! {
    /// One thing that ails a proxy; what it says stands in the card of its code.
    pub struct Ill {
        pub code: String,
        /// What shows it.
        pub evidence: Vec<Said>,
        /// The object behind it.
        pub object: Option<ObjectRef>,
    }
}

wire! {
    /// The certificate that a proxy shows. Times are milliseconds since 1970.
    pub struct ProxyCertificate {
        pub begins_at: f64,
        pub ends_at: f64,
        pub issuer: String,
        pub spiffe: String,
        /// The roots that it trusts are those of the mesh; null where it does not say.
        pub root_matches: Option<bool>,
    }
}

wire! {
    /// How much a proxy knows.
    pub struct ProxySize { pub bytes: f64, pub clusters: u32, pub listeners: u32, pub routes: u32 }
}

wire! {
    /// An instance of the control plane.
    pub struct ControlPlane {
        /// `namespace/pod`
        pub name: String,
        /// Empty where unknown.
        pub version: String,
        /// It told of its proxies.
        pub answered: bool,
        /// It told it over xDS, for its debug pages are shut.
        pub over_xds: bool,
    }
}

wire! {
    /// What a diagnosis says.
    pub struct DiagnosisCard { pub code: String, pub health: Health, pub what: String, pub next: String, pub zh: DiagnosisWords }
}

wire! {
    /// The same in another language.
    pub struct DiagnosisWords { pub what: String, pub next: String }
}

wire! {
    pub struct Proxies {
        pub revision: f64,
        pub rows: Vec<ProxyRow>,
        pub control_planes: Vec<ControlPlane>,
        /// What ails the mesh as a whole.
        pub ills: Vec<Ill>,
        /// Of the codes that rows name.
        pub diagnoses: Vec<DiagnosisCard>,
        pub unknown: Vec<Unknown>,
    }
}

wire! {
    /// One proxy.
    pub struct ProxyArgs {
        pub session: String,
        pub namespace: String,
        pub pod: String,
        /// Ask it even where an answer is only some seconds old.
        #[serde(default)]
        pub anew: bool,
    }
}

wire! {
    /// A list of what a proxy works with.
    pub enum ProxySort { Listeners, Routes, Clusters, Endpoints, Secrets, Bootstrap }
}

wire! {
    pub struct ProxyCount { pub sort: ProxySort, pub n: u32, pub refused: u32 }
}

wire! {
    /// What a proxy works with, at a glance.
    pub struct ProxyDetail {
        /// Milliseconds since 1970.
        pub read_at: f64,
        pub bytes: f64,
        pub counts: Vec<ProxyCount>,
        /// The answer ended early, or had more than is kept.
        pub partial: bool,
        /// Why the endpoints are not known; empty where they are.
        pub endpoints_unknown: Said,
    }
}

wire! {
    pub struct ProxyLinesArgs {
        pub session: String,
        pub namespace: String,
        pub pod: String,
        pub sort: ProxySort,
        /// Of the answer that is on screen: another one is another question.
        #[serde(default)]
        pub read_at: f64,
    }
}

wire! {
    /// One part in a line. What the cells mean follows from the list.
    pub struct ProxyLine {
        /// Its place, to ask for its text by.
        pub at: u32,
        pub name: String,
        /// `active`, `static`, `warming`, `draining`, `refused`; for endpoints `healthy` and why not.
        pub state: String,
        pub cells: Vec<String>,
        /// The objects that made it; for what was refused the one that broke it comes first.
        pub from: Vec<ObjectRef>,
        pub error: String,
    }
}

wire! {
    pub struct ProxyTextArgs { pub session: String, pub namespace: String, pub pod: String, pub sort: ProxySort, pub at: u32 }
}

wire! {
    /// Text of a proxy without what is secret.
    pub struct ProxyText { pub text: String }
}

wire! {
    pub struct ProxySearchArgs { pub session: String, pub namespace: String, pub pod: String, pub text: String, #[serde(default)] pub read_at: f64 }
}

wire! {
    pub struct ProxyHit { pub sort: ProxySort, pub at: u32, pub name: String, pub around: String }
}

wire! {
    pub struct ProxyFound {
        pub hits: Vec<ProxyHit>,
        /// There are more than are told.
        pub more: bool,
    }
}

wire! {
    pub struct ProxyLogger {
        pub name: String,
        pub level: String,
        /// What it was before this session changed it; empty where it did not.
        pub before: String,
    }
}

wire! {
    pub struct ProxyLogArgs { pub session: String, pub namespace: String, pub pod: String, pub logger: String, pub level: String }
}
