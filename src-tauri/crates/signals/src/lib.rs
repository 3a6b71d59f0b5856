//! What proxies and back ends say: synchronisation, certificates, resource use, traffic.
//!
//! Deliberately absent: any decision of a mesh, any drawing, and anything installed in the cluster: all is read through the
//! API server with the user's own rights. What cannot be read is unknown, and says why.

pub mod certificate;
pub mod envoy;
mod health;
pub mod histogram;
pub mod istiod;
mod poll;
pub mod prometheus;
mod proxies;
mod traffic;
mod usage;

pub use certificate::Certificate;
pub use envoy::{Cluster, Counters, Sample};
pub use health::{HealthReport, ProxyHealth, TypeHealth, health};
pub use istiod::SyncState;
pub use poll::{Poller, Round};
pub use proxies::{Proxy, Role, proxies};
pub use traffic::{Edge, Inbound, Of, Protocol, Secured, Series, SeriesLine, Source, Traffic, Workload};
pub use usage::{Usage, UsageReport, usage};

/// Something that cannot be known, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    /// What.
    pub about: String,
    /// Why.
    pub because: String,
}

impl Unknown {
    pub(crate) fn new(about: impl Into<String>, because: impl Into<String>) -> Self {
        Self { about: about.into(), because: because.into() }
    }
}
