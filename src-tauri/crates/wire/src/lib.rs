//! The contract with the UI: the list of calls and topics, their types, and faults. Writes the TypeScript types.
//!
//! Only types of this crate cross the bridge; nothing below derives for it. The UI recomputes no rule.

mod calls;
mod fault;
pub mod types;
#[cfg(test)]
mod typescript;

pub use calls::{Calls, dispatch};
pub use fault::{Code, Fault};
