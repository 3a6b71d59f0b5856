//! The moments of a change: what becomes of a request while some of its objects are written and others are not yet.

use world::Said;

use super::words::difference;
use super::{Effect, EffectChange};
use crate::{Outcome, Ready, Verdict};

/// A request that fares otherwise for a moment than both before a change and after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lapse<'e> {
    /// The request, with its verdicts before and after.
    pub change: &'e EffectChange,
    /// What becomes of it meanwhile.
    pub meanwhile: Said,
}

impl Effect {
    /// The first request that in a world between before and after is lost where it would be served by both, or served where neither serves it.
    /// What cannot be known of a moment is no lapse.
    pub fn lapse(&self, meanwhile: &Ready) -> Option<Lapse<'_>> {
        self.changes.iter().take(MOST).find_map(|change| {
            let (was, is) = (served(&change.before)?, served(&change.after)?);
            let verdict = meanwhile.explain(&change.request);
            let now = served(&verdict)?;
            let worse = now < was.min(is) - NOISE;
            let better = now > NOISE && was.max(is) < NOISE;
            if !worse && !better {
                return None;
            }
            let meanwhile = difference(&change.before, &verdict).1;
            Some(Lapse { change, meanwhile })
        })
    }
}

/// Requests that are asked of each moment: those that the change concerns most come first.
const MOST: usize = 2_000;

/// Shares are sums of fractions.
const NOISE: f64 = 1e-9;

/// The share of such requests that somebody answers, 0 to 1; `None` where it cannot be known.
fn served(verdict: &Verdict) -> Option<f64> {
    match verdict.outcome {
        Outcome::Unknown => None,
        _ if verdict.serves() => Some(1.0 - verdict.lost_share()),
        _ => Some(0.0),
    }
}
