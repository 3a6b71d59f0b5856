//! Host names as Istio writes and compares them.

/// A short name in full; anything with a dot is taken as it stands.
/// Upstream: istio/istio pilot/pkg/model/config.go, ResolveShortnameToFQDN.
pub(crate) fn fqdn(host: &str, namespace: &str) -> String {
    let host = host.to_ascii_lowercase();
    if host.contains('.') || host == "*" || host.contains(':') {
        host
    } else {
        format!("{host}.{namespace}.svc.cluster.local")
    }
}

/// The full name of a service.
pub(crate) fn service_host(namespace: &str, name: &str) -> String {
    format!("{name}.{namespace}.svc.cluster.local")
}

/// (namespace, name) of a full name; `None` for a host that is no Kubernetes service.
pub(crate) fn service_of(host: &str) -> Option<(&str, &str)> {
    let (name, namespace) = host.strip_suffix(".svc.cluster.local")?.split_once('.')?;
    (!namespace.contains('.')).then_some((namespace, name))
}

/// Whether a host starts with a star.
pub(crate) fn is_wildcard(host: &str) -> bool {
    host.starts_with('*')
}

/// Whether `*.shop.svc.cluster.local` stands for this host. Upstream: pilot/pkg/model/config.go, mostSpecificHostWildcardMatch.
pub(crate) fn wildcard_matches(pattern: &str, host: &str) -> bool {
    pattern.strip_prefix('*').is_some_and(|suffix| host.ends_with(suffix))
}

/// Whether two hosts, either of which may be a pattern, stand for a common name. Upstream: istio/istio pkg/config/host/name.go, Matches.
pub(crate) fn matches(a: &str, b: &str) -> bool {
    match (a.strip_prefix('*'), b.strip_prefix('*')) {
        (Some(a), Some(b)) => a.ends_with(b) || b.ends_with(a),
        (Some(suffix), None) => b.ends_with(suffix),
        (None, Some(suffix)) => a.ends_with(suffix),
        (None, None) => a == b,
    }
}

/// Whether one pattern says more than another. Upstream: istio/istio pkg/config/host/name.go, MoreSpecific: the longer one.
pub(crate) fn more_specific(a: &str, b: &str) -> bool {
    a.len() > b.len() || (a.len() == b.len() && a < b)
}

/// The full name of the Kubernetes service that an authority names for a caller in this namespace.
/// Upstream: pilot/pkg/networking/core/httproute.go, generateAltVirtualHostsForKubernetesService; ports are ignored.
pub(crate) fn of_authority(authority: &str, caller: &str) -> String {
    let host = mesh::split_port(authority).0.trim_end_matches('.').to_ascii_lowercase();
    match host.split('.').collect::<Vec<_>>()[..] {
        [name] => service_host(caller, name),
        [name, namespace] | [name, namespace, "svc"] => service_host(namespace, name),
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(fqdn("reviews", "shop"), "reviews.shop.svc.cluster.local");
        assert_eq!(fqdn("reviews.shop", "b"), "reviews.shop", "a name with a dot is not expanded");
        assert_eq!(service_of("reviews.shop.svc.cluster.local"), Some(("shop", "reviews")));
        assert_eq!(service_of("a.b.c.svc.cluster.local"), None);
        assert_eq!(service_of("example.com"), None);
        assert!(wildcard_matches("*.shop.svc.cluster.local", "reviews.shop.svc.cluster.local"));
        assert!(wildcard_matches("*", "a"));
        assert!(!wildcard_matches("a", "a"));
        for authority in [
            "reviews",
            "reviews:9080",
            "REVIEWS",
            "reviews.shop",
            "reviews.shop.svc:1",
            "reviews.shop.svc.cluster.local.",
        ] {
            assert_eq!(of_authority(authority, "shop"), "reviews.shop.svc.cluster.local", "{authority}");
        }
        assert_eq!(of_authority("api.example.com:80", "shop"), "api.example.com");
    }
}
