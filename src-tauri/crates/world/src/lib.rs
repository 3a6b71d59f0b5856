//! An immutable snapshot of everything known of one cluster: documents, names, workloads, identities.
//!
//! Deliberately absent: IO, clocks, async, environment. Time is passed in; bad input becomes a value, never a panic.

mod choice;
mod difference;
mod document;
mod environment;
mod facts;
mod key;
mod labels;
pub mod merge;
mod object;
mod quantity;
mod read;
mod sentence;
mod snapshot;
pub mod yaml;

pub use choice::{selects, target_port};
pub use difference::{Difference, Step};
pub use document::{Document, Origin};
pub use facts::{
    Condition, Container, Namespace, Pod, Resources, Service, ServiceAccount, ServicePort, TargetPort, Workload,
};
pub use key::{Gvk, ObjectKey};
pub use labels::Labels;
pub use object::{Change, Object, ReadError};
pub use quantity::parse_quantity;
pub use sentence::Said;
pub use snapshot::{Coverage, World};
