//! How figures of speed and memory are taken and shown.

pub mod figure;
pub mod process;
