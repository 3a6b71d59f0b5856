//! What a session asks of its API server, and what that costs it. What is asked of a Prometheus at an address of its own is not among it.

pub use cluster::cost::{Cost, Sort, Tally};

use crate::Session;

impl Session {
    /// What was asked so far, and in the last minute.
    pub fn cost(&self) -> Cost {
        self.connection().cost()
    }
}
