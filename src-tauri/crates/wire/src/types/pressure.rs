//! How near the callers of a service are to its limits.

use super::{Unknown, wire};

wire! {
    pub struct PressureArgs { pub session: String, pub namespace: String, pub service: String }
}

wire! {
    /// What one proxy has under way to one cluster of a service; a limit is null where there is none.
    pub struct ClusterPressure {
        pub port: String,
        /// Empty for the service as a whole.
        pub subset: String,
        pub connections: f64,
        /// Requests that wait for a connection.
        pub waiting: f64,
        pub requests: f64,
        pub instances: u32,
        /// Instances that are left out because they failed.
        pub left_out: u32,
        pub most_connections: Option<f64>,
        pub most_waiting: Option<f64>,
        pub most_requests: Option<f64>,
        /// Refused for a limit since the proxy started; null where it does not keep that.
        pub refused: Option<f64>,
    }
}

wire! {
    pub struct CallerPressure { pub namespace: String, pub pod: String, pub workload: String, pub clusters: Vec<ClusterPressure> }
}

wire! {
    /// The proxies that call a service, those of the busiest workloads first.
    pub struct ServicePressure { pub callers: Vec<CallerPressure>, pub unknown: Vec<Unknown> }
}
