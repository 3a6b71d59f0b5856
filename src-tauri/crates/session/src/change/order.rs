//! The order in which a set of objects is written, by what they are; `write::turns` asks the engine about each moment between two writes, and
//! departs from it where a moment would lose traffic.

use world::ObjectKey;

use super::tray::ChangeKind;

/// Smaller goes first. What is named by others (subsets, gateways, entries) exists before what names it, and goes after
/// it; policies that allow come before those that could refuse. Upstream: a route to a subset that no DestinationRule
/// defines yet answers 503 (istio.io, "Traffic Management Best Practices", "Avoid 503 errors while reconfiguring").
fn rank(key: &ObjectKey) -> u8 {
    match key.kind.as_str() {
        "Namespace" => 0,
        "ServiceEntry" | "WorkloadEntry" | "WorkloadGroup" | "Service" => 1,
        "AnalysisTemplate" | "MetricTemplate" => 1,
        "DestinationRule" => 2,
        "Gateway" | "GatewayClass" | "ListenerSet" | "ReferenceGrant" | "BackendTLSPolicy" => 3,
        "VirtualService" | "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" | "UDPRoute" => 4,
        "Sidecar" | "EnvoyFilter" | "WasmPlugin" | "TrafficExtension" | "ProxyConfig" | "Telemetry" => 5,
        "RequestAuthentication" => 6,
        "AuthorizationPolicy" => 7,
        "PeerAuthentication" => 8,
        _ => 5,
    }
}

/// Sorts changes into the order in which they are written: creates and updates first, deletes last and the other way round.
pub fn sort<T>(changes: &mut [T], of: impl Fn(&T) -> (ObjectKey, ChangeKind)) {
    changes.sort_by_cached_key(|change| {
        let (key, kind) = of(change);
        let rank = rank(&key);
        let deletes = kind == ChangeKind::Delete;
        (deletes, if deletes { u8::MAX - rank } else { rank }, key)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_route_names_is_there_before_it() {
        let key = |kind: &str| ObjectKey::new("gateway.networking.k8s.io", kind, "shop", "a");
        for kind in ["Gateway", "GatewayClass", "ListenerSet", "ReferenceGrant", "BackendTLSPolicy"] {
            for route in ["HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute"] {
                let mut changes = [(key(route), ChangeKind::Create), (key(kind), ChangeKind::Create)];
                sort(&mut changes, Clone::clone);
                assert_eq!(changes[0].0.kind, kind, "{route}");
            }
        }
    }

    #[test]
    fn subsets_before_routes_and_deletes_last_reversed() {
        let key = |kind: &str| ObjectKey::new("networking.istio.io", kind, "shop", "reviews");
        let mut changes = vec![
            (key("DestinationRule"), ChangeKind::Delete),
            (key("VirtualService"), ChangeKind::Delete),
            (key("PeerAuthentication"), ChangeKind::Update),
            (key("VirtualService"), ChangeKind::Update),
            (key("DestinationRule"), ChangeKind::Create),
        ];
        sort(&mut changes, Clone::clone);
        let order: Vec<_> = changes.iter().map(|(key, change)| (key.kind.as_str(), *change)).collect();
        assert_eq!(
            order,
            [
                ("DestinationRule", ChangeKind::Create),
                ("VirtualService", ChangeKind::Update),
                ("PeerAuthentication", ChangeKind::Update),
                ("VirtualService", ChangeKind::Delete),
                ("DestinationRule", ChangeKind::Delete),
            ]
        );
    }
}
