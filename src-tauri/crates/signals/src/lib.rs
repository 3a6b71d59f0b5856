//! What proxies and back ends say: synchronisation, certificates, resource use, traffic.
//!
//! Deliberately absent: any decision of a mesh, any drawing, and anything installed in the cluster: all is read through the
//! API server with the user's own rights. What cannot be read is unknown, and says why.

pub mod access;
mod bundle;
pub mod certificate;
mod client_config;
mod clock;
pub mod compare;
mod culprit;
pub mod dump;
pub mod endpoint;
pub mod envoy;
mod health;
pub mod histogram;
pub mod ill;
pub mod istiod;
mod json;
mod kept_out;
pub mod level;
mod look;
mod nack;
pub mod plane;
mod poll;
pub mod pressure;
pub mod prometheus;
pub mod promql;
mod proxies;
mod push_status;
mod redact;
mod strain;
mod throttle;
mod traffic;
mod usage;

pub use bundle::redacted;
pub use certificate::Certificate;
pub use cluster::{ADMIN_PORT, CONTAINER};
pub use culprit::{Culprit, Place, Suspects};
pub use envoy::{Cluster, Counters, DryRun, Judged, Sample};
pub use health::{Alive, HealthReport, Plane, ProxyHealth, TypeHealth, control_planes, health};
pub use istiod::SyncState;
pub use kept_out::{KeptOut, Why, kept_out};
pub use look::{Look, Looker, Looks, Size};
pub use nack::Nack;
pub use poll::{Cost, Poller, Round};
pub use proxies::{Family, Proxy, Role, Says, counting, dead, family, family_of, proxies, without_proxy};
pub use push_status::{Complaint, complaints, entries_of, object_of_host};
pub use redact::redact;
pub use strain::{Strain, Strains};
pub use throttle::Throttling;
pub use traffic::{
    Between, DryRuns, Edge, Inbound, Of, Protocol, Secured, Series, SeriesLine, Source, Traffic, Workload,
};
pub use usage::{Usage, UsageReport, usage};

use world::Said;

/// Something that cannot be known, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    /// What.
    pub about: Said,
    /// Why.
    pub because: Said,
}

impl Unknown {
    pub(crate) fn new(about: impl Into<Said>, because: impl Into<Said>) -> Self {
        Self { about: about.into(), because: because.into() }
    }
}
