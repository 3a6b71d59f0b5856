//! Against a genuine cluster: what several of its tests need.

pub mod cluster;
pub mod contract;
pub mod edge;
pub mod shop;
pub mod way;
pub mod work;
