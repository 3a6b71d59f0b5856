//! Requests that a pod in ambient mode sends or takes: node proxies and waypoints.

use mesh::{Outcome, Resolved, Step, Transport, Verdict};

use super::deliver::Arrival;
use super::endpoint::Peer;
use super::way::{Hop, Way};

/// The caller is in ambient mode.
pub(super) fn leave(_hop: &Hop, _way: &mut Way, _resolved: &Resolved, verdict: &mut Verdict) {
    *verdict =
        verdict.clone().because("the way", "the caller is in ambient mode, which a later version decides".into());
}

/// A request reaches a pod in ambient mode.
pub(super) fn arrive(_hop: &Hop, _way: &Way, peer: &Peer, transport: Transport) -> Arrival {
    let step = Step::said("deliver", format!("{} is in ambient mode, which a later version decides", peer.name()));
    Arrival::at(Outcome::Unknown, transport, step)
}
