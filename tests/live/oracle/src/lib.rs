//! What a genuine mesh did with requests, recorded as data, and the test that the engine agrees with every one.
//!
//! `cases.yaml` says what to ask, `cargo run -p oracle --bin record` asks a running mesh and writes `recorded.jsonl` and `world.json`.

mod case;
mod recorded;

pub use case::{Ask, Case, Put};
pub use recorded::{Asked, Example, Observation, Recorded, Seen};
