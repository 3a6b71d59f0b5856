//! Use cases, one session per open cluster: follow, see, check, draft, review, apply, undo.
//!
//! Deliberately absent: globals (state hangs on a session or on its workbench), the types of the bridge (`wire` makes
//! them from these), any rule of a mesh, and the process's environment after `Profile` was made.

pub mod change;
pub mod complete;
pub mod cost;
mod draft;
mod error;
mod explain;
pub mod files;
pub mod findings;
pub mod git;
mod graph;
pub mod history;
pub mod import;
pub mod kinds;
pub mod live;
pub mod map;
pub mod matrix;
mod memo;
pub mod node;
pub mod objects;
mod observed;
pub mod overview;
pub mod past;
pub mod policies;
pub mod pressure;
mod profile;
pub mod prometheus;
pub mod proxies;
pub mod recipes;
mod records;
pub mod resources;
pub mod rollout;
mod sampling;
pub mod says;
pub mod schema;
pub mod secrets;
pub mod servers;
mod session;
pub mod settings;
pub mod starter;
pub mod strict;
pub mod template;
pub mod traffic;
pub mod uptake;
mod workbench;
pub mod write;

pub use error::{Error, Result};
pub use profile::Profile;
pub use records::Records;
pub use secrets::Keyring;
pub use session::{Opening, PATIENCE, Session};
pub use workbench::{Card, DEMO, Seen, Workbench};
