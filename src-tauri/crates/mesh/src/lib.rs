//! The contract that a mesh signs, and the engine that runs it: verdicts, findings, effects, the graph.
//!
//! Deliberately absent: any mesh's own words, IO, clocks, async. Broken input gives a result and findings.

mod answer;
mod checked;
mod contract;
mod effect;
mod engine;
mod finding;
mod foreign;
pub mod guide;
mod handover;
mod kept;
pub mod layout;
mod lens;
mod log;
mod places;
mod plain;
mod request;
mod seen;
mod shelf;
mod silence;
mod subject;
mod table;
mod target;
mod verdict;

pub use answer::{Entering, Mtls, Posture, Route, Share, Summary};
pub use checked::run;
pub use contract::{Extent, Kind, Membership, Mesh, Presence, Reading, Source};
pub use effect::words::ARROW;
pub use effect::{Effect, EffectChange, Lapse, Observed, Tone};
pub use engine::{Engine, Ready, unreadable};
pub use finding::{Check, Finding, Findings, Found, Level, Rule, Words};
pub use foreign::Foreign;
pub use kept::{KEPT, Kept, SLICES};
pub use lens::Lens;
pub use log::{Dep, Log, Touched};
pub use places::{Places, Resolved};
pub use plain::{resolve_step, workloads_of};
pub use request::{Caller, Request};
pub use shelf::{Shelf, Shelved, Spec, Typed, read_spec};
pub use silence::{Silence, Silenced};
pub use subject::{About, Subject, subjects};
pub use table::Table;
pub use target::{Target, split_port};
pub use verdict::{
    Abort, Delay, Destination, Fault, HeaderChanges, Lost, Mirror, Outcome, Received, Retries, Rewrite, Step,
    Transport, Unknown, Verdict,
};
pub use world::{selects, target_port};
