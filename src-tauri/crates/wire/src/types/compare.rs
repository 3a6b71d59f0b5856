//! What a control plane would send a proxy against what the proxy has.

use super::{DiffLine, wire};

wire! {
    /// A list of parts.
    pub enum PartKind { Listener, Route, Cluster, Endpoints }
}

wire! {
    /// How the two stand to each other.
    pub enum Standing { Differs, OnlySent, OnlyHeld, Equal }
}

wire! {
    /// One part.
    pub struct ComparedPart { pub kind: PartKind, pub name: String, pub standing: Standing }
}

wire! {
    /// The two as they were when both were asked.
    pub struct ProxyComparison {
        /// Milliseconds since 1970.
        pub read_at: f64,
        /// The instance that was asked, `namespace/pod`; empty where none could be.
        pub control_plane: String,
        /// Why the two cannot be compared; empty where they are.
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
        /// Every part, those that differ first.
        pub parts: Vec<ComparedPart>,
    }
}

wire! {
    pub struct ProxyDifferenceArgs { pub session: String, pub namespace: String, pub pod: String, pub kind: PartKind, pub name: String, #[serde(default)] pub read_at: f64 }
}

wire! {
    /// How one part differs, without what is secret: before is what the proxy has, after is what it would be sent.
    pub struct ProxyDifference { pub diff: Vec<DiffLine> }
}
