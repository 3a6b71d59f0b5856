//! EnvoyFilter: which operations do something where. A genuine istiod was asked for each pair, by looking into a proxy: see the tests.
//! Upstream: istio/istio pilot/pkg/networking/core/envoyfilter (listener_patch.go, rc_patch.go, cluster_patch.go) and
//! pilot/pkg/model/envoyfilter.go.

pub(crate) mod guide;
mod sentence;

use crate::read::field::Field;

/// The filter that holds the HTTP filters.
pub(crate) const MANAGER: &str = "envoy.filters.network.http_connection_manager";

/// The operations, in the order in which they are offered.
pub(crate) const OPERATIONS: [&str; 8] =
    ["ADD", "INSERT_FIRST", "INSERT_BEFORE", "INSERT_AFTER", "MERGE", "MERGE_AND_REPLACE_LIST", "REPLACE", "REMOVE"];

/// The part of a proxy's configuration that a patch applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Listener,
    FilterChain,
    ListenerFilter,
    NetworkFilter,
    HttpFilter,
    RouteConfiguration,
    VirtualHost,
    HttpRoute,
    Cluster,
    ExtensionConfig,
    Bootstrap,
}

/// The places, in the order in which they are offered.
pub(crate) const PLACES: [(Place, &str); 11] = [
    (Place::HttpFilter, "HTTP_FILTER"),
    (Place::NetworkFilter, "NETWORK_FILTER"),
    (Place::ListenerFilter, "LISTENER_FILTER"),
    (Place::FilterChain, "FILTER_CHAIN"),
    (Place::Listener, "LISTENER"),
    (Place::HttpRoute, "HTTP_ROUTE"),
    (Place::VirtualHost, "VIRTUAL_HOST"),
    (Place::RouteConfiguration, "ROUTE_CONFIGURATION"),
    (Place::Cluster, "CLUSTER"),
    (Place::ExtensionConfig, "EXTENSION_CONFIG"),
    (Place::Bootstrap, "BOOTSTRAP"),
];

/// What becomes of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is carried out, as this operation.
    As(&'static str),
    /// Only where the match names what it is about.
    Nameless,
    /// Nothing, whatever the match.
    Nothing,
}

impl Place {
    /// By its name in `applyTo`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        PLACES.into_iter().find(|(_, known)| *known == name).map(|(place, _)| place)
    }

    /// The match that goes with it; `None` where no match is looked at but the context's.
    pub(crate) fn matched_by(self) -> Option<&'static str> {
        match self {
            Self::Listener | Self::FilterChain | Self::ListenerFilter | Self::NetworkFilter | Self::HttpFilter => {
                Some("listener")
            }
            Self::RouteConfiguration | Self::VirtualHost | Self::HttpRoute => Some("routeConfiguration"),
            Self::Cluster => Some("cluster"),
            Self::ExtensionConfig | Self::Bootstrap => None,
        }
    }

    /// Where a match names the one that operations are relative to.
    pub(crate) fn relative_to(self) -> Option<&'static str> {
        match self {
            Self::HttpFilter => Some("match.listener.filterChain.filter.subFilter"),
            Self::NetworkFilter => Some("match.listener.filterChain.filter"),
            Self::ListenerFilter => Some("match.listener.listenerFilter"),
            Self::HttpRoute => Some("match.routeConfiguration.vhost.route"),
            Self::Listener
            | Self::FilterChain
            | Self::RouteConfiguration
            | Self::VirtualHost
            | Self::Cluster
            | Self::ExtensionConfig
            | Self::Bootstrap => None,
        }
    }

    fn has_order(self) -> bool {
        self.relative_to().is_some()
    }

    fn is_filter(self) -> bool {
        matches!(self, Self::HttpFilter | Self::NetworkFilter | Self::ListenerFilter)
    }

    /// Operations that are worth offering here.
    pub(crate) fn operations(self) -> impl Iterator<Item = &'static str> {
        OPERATIONS.into_iter().filter(move |operation| {
            let effect = self.effect(operation, true);
            effect == Effect::As(operation)
        })
    }

    /// What becomes of an operation here, where the match names what it is about or does not.
    pub(crate) fn effect(self, operation: &str, is_named: bool) -> Effect {
        let Some(operation) = OPERATIONS.into_iter().find(|known| *known == operation) else { return Effect::Nothing };
        let inserts = operation.starts_with("INSERT_");
        // Where order says nothing, inserting is adding.
        let as_what = if inserts && !self.has_order() { "ADD" } else { operation };
        let carried_out = match self {
            // Upstream: nothing reads these patches any more.
            Self::Bootstrap => false,
            Self::ExtensionConfig => as_what == "ADD",
            Self::RouteConfiguration => as_what.starts_with("MERGE"),
            Self::Listener | Self::FilterChain | Self::Cluster | Self::HttpRoute => as_what != "REPLACE",
            Self::VirtualHost => true,
            Self::HttpFilter | Self::NetworkFilter | Self::ListenerFilter => as_what != "MERGE_AND_REPLACE_LIST",
        };
        let needs_name = self.is_filter()
            && (matches!(as_what, "REPLACE" | "REMOVE") || self == Self::ListenerFilter && as_what == "MERGE");
        match () {
            () if !carried_out => Effect::Nothing,
            () if is_named => Effect::As(as_what),
            () if needs_name => Effect::Nameless,
            () if as_what == "INSERT_BEFORE" => Effect::As("INSERT_FIRST"),
            () if as_what == "INSERT_AFTER" => Effect::As("ADD"),
            () => Effect::As(as_what),
        }
    }
}

/// What becomes of a patch as it is written; `None` where it does not say what it applies to.
pub(crate) fn effect(patch: &Field) -> Option<(Place, Effect)> {
    let place = Place::named(patch.text("applyTo"))?;
    let named = place.relative_to().is_none_or(|way| patch.at(way).is_set());
    Some((place, place.effect(patch.get("patch").text("operation"), named)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a genuine istiod (1.31) did, seen in the configuration of a proxy beside a patch that always takes effect:
    /// (applyTo, operation, the match names what it is about, something of it was there afterwards).
    const MEASURED: &[(&str, &str, bool, bool)] = &[
        ("CLUSTER", "ADD", true, true),
        ("CLUSTER", "INSERT_BEFORE", true, true),
        ("CLUSTER", "REPLACE", true, false),
        ("CLUSTER", "MERGE_AND_REPLACE_LIST", true, true),
        ("LISTENER", "REPLACE", true, false),
        ("LISTENER", "MERGE", true, true),
        ("ROUTE_CONFIGURATION", "ADD", true, false),
        ("ROUTE_CONFIGURATION", "MERGE", true, true),
        ("VIRTUAL_HOST", "ADD", true, true),
        ("VIRTUAL_HOST", "INSERT_FIRST", true, true),
        ("VIRTUAL_HOST", "REPLACE", true, true),
        ("HTTP_ROUTE", "ADD", true, true),
        ("HTTP_ROUTE", "INSERT_FIRST", false, true),
        ("HTTP_ROUTE", "INSERT_AFTER", false, true),
        ("HTTP_ROUTE", "REPLACE", true, false),
        ("FILTER_CHAIN", "ADD", true, true),
        ("FILTER_CHAIN", "INSERT_FIRST", true, true),
        ("FILTER_CHAIN", "REPLACE", true, false),
        ("HTTP_FILTER", "INSERT_BEFORE", true, true),
        ("HTTP_FILTER", "REPLACE", false, false),
        ("HTTP_FILTER", "MERGE", true, true),
        ("HTTP_FILTER", "MERGE_AND_REPLACE_LIST", true, false),
        ("LISTENER_FILTER", "ADD", true, true),
        ("LISTENER_FILTER", "REPLACE", false, false),
        ("LISTENER_FILTER", "MERGE_AND_REPLACE_LIST", true, false),
        ("NETWORK_FILTER", "INSERT_FIRST", false, true),
        ("NETWORK_FILTER", "REPLACE", false, false),
        ("NETWORK_FILTER", "MERGE", true, true),
        ("NETWORK_FILTER", "MERGE_AND_REPLACE_LIST", true, false),
    ];

    #[test]
    fn what_is_carried_out_is_what_istiod_did() {
        for &(to, operation, named, done) in MEASURED {
            let effect = Place::named(to).unwrap().effect(operation, named);
            assert_eq!(matches!(effect, Effect::As(_)), done, "{to} {operation}: {effect:?}");
        }
    }

    #[test]
    fn only_what_does_something_of_its_own_is_offered() {
        let offered = |place: Place| place.operations().collect::<Vec<_>>().join(" ");
        assert_eq!(offered(Place::RouteConfiguration), "MERGE MERGE_AND_REPLACE_LIST");
        assert_eq!(offered(Place::Cluster), "ADD MERGE MERGE_AND_REPLACE_LIST REMOVE");
        assert_eq!(offered(Place::VirtualHost), "ADD MERGE MERGE_AND_REPLACE_LIST REPLACE REMOVE");
        assert_eq!(offered(Place::HttpFilter), "ADD INSERT_FIRST INSERT_BEFORE INSERT_AFTER MERGE REPLACE REMOVE");
        assert_eq!(offered(Place::ExtensionConfig), "ADD");
        assert_eq!(offered(Place::Bootstrap), "");
        assert_eq!(Place::Cluster.effect("INSERT_FIRST", true), Effect::As("ADD"));
        assert_eq!(Place::HttpRoute.effect("INSERT_BEFORE", false), Effect::As("INSERT_FIRST"));
        assert_eq!(Place::Cluster.effect("INVALID", true), Effect::Nothing);
    }
}
