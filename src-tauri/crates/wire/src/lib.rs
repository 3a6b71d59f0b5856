//! The contract with the UI: the list of calls and topics, their types, and faults. Writes the TypeScript types.
//!
//! Only types of this crate cross the bridge; nothing below derives for it. The UI recomputes no rule.

mod calls;
mod convert;
mod fault;
mod host;
pub mod types;
#[cfg(test)]
mod typescript;
mod watch;

pub use calls::{Calls, dispatch};
pub use fault::{Code, Fault};
pub use host::Host;
pub use session::Profile;
pub use watch::Watch;
