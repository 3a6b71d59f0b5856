//! Prometheus and what speaks like it (Thanos, VictoriaMetrics, Mimir): found in the cluster, asked, and read. No data is never zero.

mod answer;
mod client;
mod find;
mod growth;
#[cfg(test)]
mod kin;
mod probe;
pub mod questions;
mod sizes;

pub use answer::{Answer, Line, NoNumber, Refused};
pub use client::{Client, Trouble, Way};
pub use find::{Kind, Place, find};
pub use growth::{BUCKETS, REQUESTS, edges};
pub use probe::{Cover, Known, Report, Unreliable, probe};
pub use sizes::{OVER, Size, sizes};
