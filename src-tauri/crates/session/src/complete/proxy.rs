//! Names that only a proxy's own configuration says: of the last one that was looked into.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use super::Name;
use crate::Session;

impl Session {
    /// What a match of an EnvoyFilter at this place of the schema can name; nothing where no proxy was looked into.
    pub(super) fn proxy_names(&self, path: &str) -> Vec<Name> {
        let held = self.proxy.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(detail) = held else { return Vec::new() };
        let (dump, detail) = (&detail.dump, format!("{}/{}", detail.place.0, detail.place.1));
        let listeners = || dump.listeners.iter().map(|part| &part.what);
        let routes = || dump.routes.iter().map(|part| &part.what);
        let filters = |of: &'static str, other: &'static str| {
            let all = listeners().flat_map(|listener| listener.filters.iter().cloned());
            all.filter(move |name| name.starts_with(of) || !name.starts_with(other)).collect()
        };
        let within = path.rsplit_once(".match.").map_or("", |(_, within)| within);
        let names: BTreeSet<String> = match within {
            "listener.name" => listeners().map(|listener| listener.name.clone()).collect(),
            "listener.filterChain.filter.name" => filters("envoy.filters.network.", "envoy.filters."),
            "listener.filterChain.filter.subFilter.name" => filters("envoy.filters.http.", "envoy.filters."),
            "routeConfiguration.name" => routes().map(|route| route.config.clone()).collect(),
            "routeConfiguration.vhost.name" => routes().map(|route| route.host.clone()).collect(),
            "routeConfiguration.vhost.route.name" => routes().map(|route| route.name.clone()).collect(),
            "cluster.name" => dump.clusters.iter().map(|part| part.what.name.clone()).collect(),
            _ => BTreeSet::new(),
        };
        let named = |value| Name { value, detail: detail.clone() };
        names.into_iter().filter(|name| !name.is_empty()).map(named).collect()
    }
}
