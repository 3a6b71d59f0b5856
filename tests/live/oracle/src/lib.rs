//! What a genuine mesh did with requests, recorded as data, and the test that the engine agrees with every one.
//!
//! Each topic is a folder in `topics`: `ground.yaml` is what the cluster holds, `cases.yaml` what is put beside it and asked. `cargo run -p oracle
//! --bin record TOPIC` asks a running mesh and writes `recorded.jsonl` and `world.json`. A new topic needs no other line.

mod case;
pub mod outside;
mod recorded;

pub use case::{Ask, Case, Put};
pub use recorded::{Asked, Example, Observation, Recorded, Seen};

/// Where the topics lie.
pub fn topics_folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("topics")
}
