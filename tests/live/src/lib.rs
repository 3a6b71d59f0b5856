//! Against a genuine cluster: what several of its tests need.

pub mod cluster;
pub mod contract;
pub mod edge;
pub mod rollouts;
pub mod server;
pub mod shop;
pub mod way;
pub mod work;
