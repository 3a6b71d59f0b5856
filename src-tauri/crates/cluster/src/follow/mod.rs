//! Following kinds: first everything, then every change, until told to stop.

use tokio::sync::mpsc::{self, Receiver};
use tokio_util::sync::CancellationToken;
use world::{Change, Coverage};

use crate::Connection;

/// A kind to follow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Followed {
    /// API group; empty for the core group.
    pub group: String,
    /// Kind.
    pub kind: String,
}

impl Followed {
    /// A kind of a group.
    pub fn new(group: &str, kind: &str) -> Self {
        Self { group: group.into(), kind: kind.into() }
    }
}

/// What following brings, at most ten times a second.
#[derive(Clone, Debug, PartialEq)]
pub enum Batch {
    /// Objects came, changed or went, in order.
    Changes(Vec<Change>),
    /// What is known of a kind has changed. `Ready` comes after the changes that make it so.
    Coverage {
        /// API group.
        group: String,
        /// Kind.
        kind: String,
        /// What is known of it now.
        coverage: Coverage,
    },
    /// The server was heard: nothing else is new.
    Heard,
}

/// Follows these kinds until cancelled; then the channel closes.
pub fn follow(connection: Connection, kinds: Vec<Followed>, cancel: CancellationToken) -> Receiver<Batch> {
    let (sender, receiver) = mpsc::channel(64);
    let _ = (connection, kinds, cancel, sender);
    receiver
}
