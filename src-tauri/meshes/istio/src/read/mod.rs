//! A world as Istio reads it: every object typed once and found by host or namespace.

mod backend_tls;
pub(crate) mod domains;
mod export;
pub(crate) mod field;
pub(crate) mod flags;
pub(crate) mod headers;
pub(crate) mod hosts;
pub(crate) mod index;
pub(crate) mod locality;
pub(crate) mod path;
pub(crate) mod registry;
pub(crate) mod settings;
pub(crate) mod waypoint;

pub(crate) use index::Index;
