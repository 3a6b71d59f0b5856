//! Requests that come in by a gateway, that a gateway sends, or that are sent to one.

use mesh::{Caller, Outcome, Request, Resolved, Step, Transport, Verdict};

use super::deliver::Arrival;
use super::endpoint::Peer;
use super::way::{Hop, Way};
use crate::read::Index;

/// From outside, by the gateway that the request names.
pub(super) fn enter(_index: &Index, request: &Request, verdict: Verdict) -> Verdict {
    let because = match &request.from {
        Caller::Outside { ip } if request.via.is_none() => {
            format!("{ip} is outside, and no gateway is named by which it comes in")
        }
        _ => "requests through gateways are decided by a later version".into(),
    };
    verdict.because("the caller", because)
}

/// A gateway's pod calls by itself.
pub(super) fn leave(_hop: &Hop, _way: &mut Way, _resolved: &Resolved, verdict: &mut Verdict) {
    *verdict = verdict.clone().because("the way", "the caller is a gateway, which a later version decides".into());
}

/// A request reaches a gateway's pod from inside.
pub(super) fn arrive(_hop: &Hop, _way: &Way, peer: &Peer, transport: Transport) -> Arrival {
    let step = Step::said("deliver", format!("{} is a gateway, which a later version decides", peer.name()));
    Arrival::at(Outcome::Unknown, transport, step)
}
