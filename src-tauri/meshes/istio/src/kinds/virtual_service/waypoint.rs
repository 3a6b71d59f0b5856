//! Which rules a waypoint holds for one of its services.

use world::Labels;

use super::matches::Asking;
use super::select::{Entry, in_mesh};
use super::spec::VirtualService;
use crate::edge::Table;
use crate::kinds::Typed;
use crate::kinds::sidecar::Scope;
use crate::read::Index;
use crate::read::hosts::{fqdn, wildcard_matches};

/// The VirtualServices and routes of the Gateway API for a host: of its own namespace or the waypoint's, a star as good as a name. They are all merged, in this order.
/// Upstream: istio/istio pilot/pkg/networking/core/listener_waypoint.go, getVirtualServiceForWaypoint.
pub(crate) fn for_host<'a>(index: &'a Index, host: &str, home: &str, waypoint: &str) -> Vec<Table<'a>> {
    let lists = |typed: &Typed<VirtualService>| {
        let full = typed.spec.hosts.iter().map(|h| fqdn(h, &typed.document.key.namespace));
        full.into_iter().any(|h| h == host || wildcard_matches(&h, host))
    };
    let nobody = Labels::new();
    let asking = Asking { namespace: waypoint, labels: &nobody, gateway: None, scope: Scope::whole(waypoint) };
    let near = |table: &Table| [home, waypoint].contains(&table.namespace());
    let written = index.virtual_services.all().filter(|t| in_mesh(index, t, asking) && lists(t)).map(Table::Written);
    let derived = index.edge().in_mesh(host).map(Table::Derived);
    let mut all: Vec<_> = written.chain(derived).filter(near).collect();
    all.sort_by_cached_key(|table| table.rank(index, waypoint));
    all
}

/// Their rules in order, as the waypoint holds them: what asks for labels of the caller is left out, and the caller's namespace is the
/// waypoint's own. Upstream: listener_waypoint.go, waypointInboundRoute.
pub(crate) fn rules<'a>(index: &'a Index, all: &[Table<'a>], waypoint: &str, port: u16) -> Vec<Entry<'a>> {
    let nobody = Labels::new();
    let asking = Asking { namespace: waypoint, labels: &nobody, gateway: None, scope: Scope::whole(waypoint) };
    let blind = |entry: &Entry| entry.condition().is_none_or(|m| m.source_labels.is_empty());
    all.iter().flat_map(|table| table.entries(index, asking, port)).filter(blind).collect()
}
