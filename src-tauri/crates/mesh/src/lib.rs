//! The contract that a mesh signs, and the engine that runs it: verdicts, findings, effects, the graph.
//!
//! Deliberately absent: any mesh's own words, IO, clocks, async. Broken input gives a result and findings.

mod contract;
mod engine;
mod finding;
mod request;
mod verdict;

pub use contract::{Kind, Membership, Mesh, Presence};
pub use engine::Engine;
pub use finding::{Finding, Findings, Level, Rule};
pub use request::{Caller, Request};
pub use verdict::{
    Abort, Delay, Destination, Fault, HeaderChanges, Mirror, Outcome, Retries, Rewrite, Step, Transport, Unknown,
    Verdict,
};
