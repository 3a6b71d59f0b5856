//! The only Kubernetes network: kubeconfig, credentials, discovery, watches, dry-run, apply, and the way to proxies.
//!
//! Deliberately absent: any rule of a mesh, any state beyond one connection, the process's environment (values are passed
//! in), and retries of writes: a write that may have happened is read back by whoever asked for it.

mod agent;
mod apis;
mod backend;
mod classify;
mod connect;
mod connection;
pub mod cost;
mod environment;
mod error;
mod exec;
#[cfg(test)]
mod fake;
mod follow;
pub mod kubeconfig;
mod log;
mod pods;
mod probe;
mod rights;
mod write;
mod xds;

pub use agent::{ADMIN_PORT, CONTAINER};
pub use apis::{Api, Apis};
pub use backend::Told;
pub use connect::{ConnectError, connect};
pub use connection::{Connection, escape};
pub use environment::Environment;
pub use error::{ApiError, Cause, FieldCause, FieldOwner, Unreachable, Untrusted};
pub use exec::{ExecCommand, ExecError, ExecPolicy, Fingerprint};
pub use follow::{Batch, Followed, Keep, follow};
pub use kubeconfig::{Context, Contexts, FileProblem, FileReport, Sources};
pub use log::{Log, Since};
pub use probe::{Probed, Right};
pub use prost_types::Any;
pub use write::{Answer, FIELD_MANAGER, Options, Preconditions};
pub use xds::Node;
