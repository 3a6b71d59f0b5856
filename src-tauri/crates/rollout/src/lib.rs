//! A canary rollout: the plan that a person wrote, what was observed, and the next step.
//!
//! Deliberately absent: the cluster, clocks and disks. Whoever drives a run tells it how much time has passed and what is
//! there, and does what it says.

mod cohort;
mod gate;
mod plan;
mod play;
mod query;
mod reach;
mod run;
mod split;

pub use gate::{Gate, Judged, Measured, Metric, Rates, Verdict};
pub use plan::duration::write as span;
pub use plan::{Broken, Cohort, Failure, Interrupted, Pause, Plan, Route, RouteKind, Service, Step};
pub use play::{Played, PlayedStep, Scene, play};
pub use query::{Asked, fill};
pub use run::{Act, Check, Command, Observation, Phase, Refused, Run};
pub use split::{Split, Unfit, versions};
pub use world::Said;
