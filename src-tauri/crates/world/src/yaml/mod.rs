//! Reading and losslessly editing YAML. The only place that names YAML crates.
//!
//! The parser inside `serde-saphyr` gives the events and their bytes; what a scalar means is decided here, as kubectl
//! decides it (`on` is true, `0400` is 256). An edit replaces the bytes of the value that it names and is then read
//! again: a text that does not mean exactly the old value with the edit is never given out. `serde_yaml` reads and
//! writes the app's own files (`own`) and is the second opinion in tests.

mod diff;
mod edit;
pub mod own;
mod plain;
mod read;
mod rebase;
mod scalar;
mod scanner;
mod splice;
mod steps;
mod tree;
mod write;

pub use diff::{DiffLine, DiffSide, FieldChange, diff, fields};
pub use edit::{Edit, EditError, Op, apply, edit};
pub use read::{Problem, Reading, documents, escape, line_of, located, read, split, value, values};
pub use rebase::{Clash, Prefer, Rebased, rebase};
pub use steps::steps;
pub use write::write;
