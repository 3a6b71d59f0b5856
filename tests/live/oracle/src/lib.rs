//! What a genuine mesh did with requests, recorded as data, and the test that the engine agrees with every one.
//!
//! Each topic is a folder in `topics`: `ground.yaml` is what the cluster holds, `cases.yaml` what is put beside it and asked; a topic `a-b` stands on
//! the ground of `a` and on its own. `cargo run -p oracle --bin record TOPIC` asks a running mesh and writes `recorded.jsonl` and `world.json`. A new
//! topic needs no other line.

mod case;
pub mod outside;
mod recorded;

pub use case::{Ask, Case, Put};
pub use recorded::{Asked, Example, Observation, Recorded, Seen};

/// What the cluster holds for a topic: its own ground on those of the topics that its name begins with.
///
/// # Errors
/// Where a ground is there and cannot be read.
pub fn ground(topic: &str) -> std::io::Result<String> {
    let ends = topic.match_indices('-').map(|(at, _)| at).chain([topic.len()]);
    let files = ends.map(|end| topics_folder().join(&topic[..end]).join("ground.yaml"));
    let texts: Vec<String> =
        files.filter(|file| file.exists()).map(std::fs::read_to_string).collect::<Result<_, _>>()?;
    Ok(texts.join("\n---\n"))
}

/// Where the topics lie.
pub fn topics_folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("topics")
}
