//! The types of the bridge. Numbers are JSON numbers; times are milliseconds since 1970 unless they say otherwise.

mod access;
mod author;
mod change;
mod cluster;
mod compare;
mod cost;
mod guide;
mod map;
mod pressure;
mod prometheus;
mod proxies;
mod resources;
mod rollout;
mod security;
mod studio;
mod truth;

pub use access::*;
pub use author::*;
pub use change::*;
pub use cluster::*;
pub use compare::*;
pub use cost::*;
pub use guide::*;
pub use map::*;
pub use pressure::*;
pub use prometheus::*;
pub use proxies::*;
pub use resources::*;
pub use rollout::*;
pub use security::*;
pub use studio::*;
pub use truth::*;

/// Derives and places a type of the bridge.
macro_rules! wire {
    ($(#[$meta:meta])* pub struct $($rest:tt)*) => {
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, ts_rs::TS)]
        #[serde(rename_all = "camelCase")]
        #[ts(export_to = "types.ts")]
        $(#[$meta])*
        pub struct $($rest)*
    };
    ($(#[$meta:meta])* pub enum $($rest:tt)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, ts_rs::TS)]
        #[serde(rename_all = "kebab-case")]
        #[ts(export_to = "types.ts")]
        $(#[$meta])*
        pub enum $($rest)*
    };
}
pub(crate) use wire;
