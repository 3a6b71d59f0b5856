//! The access log of one proxy.

use super::{ObjectRef, wire};

wire! {
    /// Which lines are wanted: all, requests and connections, or those of them that failed.
    pub enum AccessOnly { All, Calls, Failed }
}

wire! {
    pub struct ProxyAccessArgs {
        pub session: String,
        pub namespace: String,
        pub pod: String,
        /// Words that a line must have.
        #[serde(default)]
        pub search: String,
        pub only: AccessOnly,
    }
}

wire! {
    /// How the following goes.
    pub enum AccessState { Begins, Runs, Ended }
}

wire! {
    pub enum AccessDirection { Inbound, Outbound, Unknown }
}

wire! {
    /// A request or a connection; texts are empty where the line does not say.
    pub struct AccessCall {
        pub direction: AccessDirection,
        pub method: String,
        pub path: String,
        pub protocol: String,
        pub authority: String,
        pub status: Option<u32>,
        pub flags: Vec<String>,
        /// The proxy's long words for what happened.
        pub details: String,
        pub failure: String,
        pub received: Option<f64>,
        pub sent: Option<f64>,
        /// Milliseconds.
        pub duration: Option<f64>,
        pub upstream_host: String,
        pub upstream_cluster: String,
        pub peer: String,
        pub request_id: String,
        pub agent: String,
        pub route: String,
        /// The policy that refused it.
        pub policy: Option<ObjectRef>,
        pub failed: bool,
        /// Texts of the request hold quotes, so that some could not be told apart and are left out.
        pub doubtful: bool,
    }
}

wire! {
    /// One line of the log.
    pub struct AccessRow {
        /// Its number; it grows.
        pub n: f64,
        /// Milliseconds since 1970; null where the line does not say.
        pub at: Option<f64>,
        /// Null for a line that is none of a request.
        pub call: Option<AccessCall>,
        /// The level of the proxy's own word; empty where it is none.
        pub level: String,
        /// The line itself.
        pub raw: String,
    }
}

wire! {
    /// A response flag of Envoy in words.
    pub struct AccessFlag { pub code: String, pub what: String, pub zh: String }
}

wire! {
    /// What a proxy wrote into its log, newest first.
    pub struct ProxyAccess {
        pub state: AccessState,
        /// Why it ended; empty where it did not.
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
        pub rows: Vec<AccessRow>,
        /// How many lines fit what is wanted; `rows` may hold fewer.
        pub fit: u32,
        /// How many lines were read, and how many of them are no longer kept.
        pub read: f64,
        pub dropped: f64,
        /// How many are of a format that is not known.
        pub unknown: u32,
        /// Whether the proxy writes no access log at all; null where that is not known or not asked.
        pub off: Option<bool>,
        /// Of the flags that rows name.
        pub flags: Vec<AccessFlag>,
    }
}
