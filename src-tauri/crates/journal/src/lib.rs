//! The record on disk of every change made: what was there before, what was asked for, and how it ended.
//!
//! Deliberately absent: the cluster (a session writes, this remembers), secrets (redacted before they reach the disk),
//! and forgetting (nothing is ever deleted).

mod entry;
mod guards;
mod plaintext;
mod redact;
mod rollouts;
mod store;

pub use entry::{Change, Entry, EntryId, Filter, NewEntry, NewObject, ObjectOutcome, ObjectRecord, State};
pub use guards::Guard;
pub use plaintext::{Look, PlainCall, Plaintext, Sight, Watched};
pub use redact::{REDACTED, redact, redact_text};
pub use rollouts::{Rollout, RolloutId};
pub use store::{Journal, JournalError, Opened};
