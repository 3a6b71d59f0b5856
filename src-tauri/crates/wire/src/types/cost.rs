//! What this program itself costs the server.

use super::wire;

wire! {
    /// What was asked for: objects that are followed and logs, other questions to the API server, what is in use, counters of proxies and control
    /// planes, configurations of proxies, pages of a control plane (over xDS too), a Prometheus.
    pub enum CostSort { Watch, Api, Usage, Counters, Configuration, ControlPlane, Prometheus }
}

wire! {
    /// Questions of one sort, bytes of their answers, and seconds that these were waited for.
    pub struct Asked { pub sort: CostSort, pub asked: f64, pub bytes: f64, pub waited: f64 }
}

wire! {
    pub struct ServerCost {
        /// The context's name.
        pub server: String,
        /// Of the last minute, each sort that was asked for.
        pub minute: Vec<Asked>,
        /// Questions since the connection was opened.
        pub asked: f64,
        /// Bytes of their answers.
        pub bytes: f64,
        /// When it was opened, milliseconds since 1970.
        pub opened_at: f64,
    }
}
