//! What the mesh costs.

use super::{ObjectRef, Unknown, wire};

wire! {
    /// CPU in thousandths of a core, memory in bytes; null where nothing of it was measured or set.
    pub struct Amount { pub cpu: Option<f64>, pub memory: Option<f64> }
}

wire! {
    /// Requests and limits of one container, in thousandths of a core and bytes.
    pub struct ProxySizes { pub cpu_request: f64, pub cpu_limit: f64, pub memory_request: f64, pub memory_limit: f64 }
}

wire! {
    /// Where what was seen comes from.
    pub enum SizeSource { Sampled, Prometheus }
}

wire! {
    /// Where the sizes of a workload's proxies are written: in annotations that the injector reads, in the proxy's own container, or by a
    /// controller that would take back anything else.
    pub enum SizePlace { Annotations, Container, Controller }
}

wire! {
    /// What would fit the proxies of a workload better.
    pub struct SizeAdvice {
        pub to: ProxySizes,
        pub source: SizeSource,
        /// Seconds that they were seen.
        pub seen: f64,
        /// Thousandths of a core at the 95th percentile of the busiest.
        pub cpu_p95: f64,
        /// Bytes at the most of the largest.
        pub memory_most: f64,
        pub place: SizePlace,
        /// What makes it so, as it is written there: YAML.
        pub written: String,
    }
}

wire! {
    /// The proxies of one workload.
    pub struct ResourceRow {
        pub namespace: String,
        pub workload: String,
        pub mesh: String,
        pub role: String,
        pub proxies: u32,
        pub used: Amount,
        pub requested: Amount,
        pub limited: Amount,
        /// In use by the containers beside them.
        pub app: Amount,
        /// Null where what it has fits, or too little was seen.
        pub advice: Option<SizeAdvice>,
        /// Seconds until enough was seen; null where it was.
        pub advice_in: Option<f64>,
        /// What the requests would shrink by.
        pub saving: Amount,
    }
}

wire! {
    pub struct Resources {
        pub rows: Vec<ResourceRow>,
        /// Seconds that were seen so far.
        pub seen: f64,
        /// Seconds that a Prometheus has of it; null where there is none that does.
        pub kept: Option<f64>,
        pub unknown: Vec<Unknown>,
    }
}

wire! {
    /// A workload; its namespace alone, or with neither all of the mesh, where what is asked has sums.
    pub struct WorkloadArgs { pub session: String, pub namespace: String, pub workload: String }
}

wire! {
    /// What the proxies of a workload used at one time.
    pub struct ResourceSample {
        /// Milliseconds since 1970.
        pub at: f64,
        /// Together.
        pub cpu: f64,
        /// The most of one.
        pub cpu_peak: f64,
        pub memory: f64,
        pub memory_peak: f64,
        /// So many proxies were not measured then: what they used is not in it.
        pub unknown: u32,
    }
}

wire! {
    /// What the proxies of a workload used over time, the oldest first.
    pub struct ResourceCurve {
        pub samples: Vec<ResourceSample>,
        /// So many of them, the oldest, are of a Prometheus; the rest were sampled here.
        pub from_prometheus: u32,
        /// Why there are none of a Prometheus.
        pub unknown: Vec<Unknown>,
    }
}

wire! {
    pub struct NamespaceArgs { pub session: String, pub namespace: String }
}

wire! {
    /// What was held when a Sidecar was proposed, and what was to be left.
    pub struct ScopeBefore { pub clusters: u32, pub bytes: f64, pub predicted: Option<f64> }
}

wire! {
    /// What the sidecars of a namespace hold, and what they were seen to need.
    pub struct SidecarScope {
        pub namespace: String,
        /// A Sidecar that already holds for the whole of it.
        pub has: Option<ObjectRef>,
        /// Clusters that the proxy holds which knows most, and the bytes of its configuration; 0 where that is not known, as for a while after its
        /// Sidecar was changed.
        pub clusters: u32,
        pub bytes: f64,
        /// What would be left of the bytes; null where the size is not known.
        pub predicted: Option<f64>,
        /// What a Sidecar would name.
        pub hosts: Vec<String>,
        /// Enough of the calls was measured to name them.
        pub measured: bool,
        /// Seconds for which calls were counted, and for which they have to be before any are named.
        pub counted: f64,
        pub enough: f64,
        /// Where the Sidecar that it has was proposed here.
        pub before: Option<ScopeBefore>,
    }
}
