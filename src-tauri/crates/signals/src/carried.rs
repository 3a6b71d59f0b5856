//! Connections that carry what somebody else counts as requests: a ztunnel counts what it carries, and only a waypoint or the callee's own
//! proxy sees the requests in it.

use std::collections::{BTreeMap, HashSet};

use super::{Place, Source, Sum, Workload};

/// A caller and the host that it calls.
type Way = (Workload, String);

fn way(place: &Place) -> Option<Way> {
    Some((place.from.clone()?, place.cluster.host.clone()))
}

/// Who asks whom, by those that count requests.
fn asked(sums: &BTreeMap<Place, Sum>) -> HashSet<Way> {
    sums.iter().filter(|(_, sum)| sum.requests > 0.0).filter_map(|(place, _)| way(place)).collect()
}

/// What callees report of callers whom they know counts where nobody on the caller's side counted the requests.
pub(super) fn with_callees(sums: &mut BTreeMap<Place, Sum>, by_callees: BTreeMap<Place, Sum>) {
    let asked = asked(sums);
    let is_new = |place: &Place| way(place).is_none_or(|way| !asked.contains(&way));
    let new: Vec<_> = by_callees.into_iter().filter(|(place, sum)| sum.requests > 0.0 && is_new(place)).collect();
    sums.extend(new);
}

/// Connections whose requests were counted are no traffic beside them: the caller's node opened them for these.
pub(super) fn without_carriers(sums: &mut BTreeMap<Place, Sum>) {
    let asked = asked(sums);
    sums.retain(|place, sum| {
        sum.requests > 0.0 || place.source != Source::IstioCaller || way(place).is_none_or(|way| !asked.contains(&way))
    });
}
