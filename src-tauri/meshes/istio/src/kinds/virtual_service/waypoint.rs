//! Which rules a waypoint holds for one of its services.

use world::Labels;

use super::matches::Asking;
use super::select::{Entry, entries, in_mesh, rank};
use super::spec::VirtualService;
use crate::kinds::Typed;
use crate::read::Index;
use crate::read::hosts::{fqdn, wildcard_matches};

/// The VirtualServices for a host: of its own namespace or the waypoint's, a star as good as a name. They are all merged, in this order.
/// Upstream: istio/istio pilot/pkg/networking/core/listener_waypoint.go, getVirtualServiceForWaypoint.
pub(crate) fn for_host<'a>(index: &'a Index, host: &str, home: &str, waypoint: &str) -> Vec<&'a Typed<VirtualService>> {
    let lists = |typed: &Typed<VirtualService>| {
        let full = typed.spec.hosts.iter().map(|h| fqdn(h, &typed.document.key.namespace));
        full.into_iter().any(|h| h == host || wildcard_matches(&h, host))
    };
    let near = |typed: &Typed<VirtualService>| [home, waypoint].contains(&typed.document.key.namespace.as_str());
    let listing = index.virtual_services.all();
    let mut all: Vec<_> = listing.filter(|t| near(t) && in_mesh(t, waypoint) && lists(t)).collect();
    all.sort_by_key(|t| rank(t, waypoint));
    all
}

/// Their rules in order, as the waypoint holds them: what asks for labels of the caller is left out, and the caller's namespace is the
/// waypoint's own. Upstream: listener_waypoint.go, waypointInboundRoute.
pub(crate) fn rules<'a>(all: &[&'a Typed<VirtualService>], waypoint: &str, port: u16) -> Vec<Entry<'a>> {
    let nobody = Labels::new();
    let asking = Asking { namespace: waypoint, labels: &nobody };
    let blind = |entry: &Entry| entry.matching.is_none_or(|(_, m)| m.source_labels.is_empty());
    all.iter().flat_map(|typed| entries(typed, asking, port)).filter(blind).collect()
}
