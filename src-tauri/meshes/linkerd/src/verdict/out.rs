//! What on a meshed caller's way out is not decided yet: routes, profiles and egress networks.

use mesh::Resolved;
use serde_json::Value;
use world::{Document, ObjectKey, Said, said};

use crate::kinds::POLICY;
use crate::kinds::spec::Ref;
use crate::read::Index;

const GATEWAY: &str = "gateway.networking.k8s.io";
const ROUTES: [(&str, &str); 5] = [
    (POLICY, "HTTPRoute"),
    (GATEWAY, "HTTPRoute"),
    (GATEWAY, "GRPCRoute"),
    (GATEWAY, "TLSRoute"),
    (GATEWAY, "TCPRoute"),
];

/// Why it is not known where the caller's proxy sends a request; `None` where nothing but the pods decides.
pub(super) fn unread(index: &Index, caller: &str, resolved: &Resolved) -> Option<Said> {
    match resolved {
        Resolved::Service(service) => {
            let near = [caller, service.namespace.as_str()];
            let named = |reference: &Ref, home: &str| {
                reference.is("", "Service")
                    && reference.name == service.name
                    && reference.home(home) == service.namespace
            };
            let mut routes = ROUTES.iter().flat_map(|(group, kind)| index.world.documents_of(group, kind));
            let route = routes.find(|d| {
                near.contains(&d.key.namespace.as_str()) && parents(d).iter().any(|r| named(r, &d.key.namespace))
            });
            let profile = || {
                let host = format!("{}.{}.svc.cluster.local", service.name, service.namespace);
                let found = near.iter().map(|ns| ObjectKey::new("linkerd.io", "ServiceProfile", ns, &host));
                let splits = |d: &&std::sync::Arc<Document>| d.at("/spec/dstOverrides").is_some_and(|v| !v.is_null());
                found.filter_map(|key| index.world.document(&key)).find(splits)
            };
            let deciding = route.map(|d| &d.key).or_else(|| profile().map(|d| &d.key))?;
            Some(said!("{deciding} routes it, which is not decided yet", "{deciding} 为它路由，目前尚不判定"))
        }
        Resolved::Outside(_) => {
            let network = index.world.documents_of(POLICY, "EgressNetwork").next()?;
            Some(said!(
                "{} may say whether it leaves, which is not decided yet",
                "{} 可能规定它能否离开，目前尚不判定",
                network.key
            ))
        }
        Resolved::Pod(_) | Resolved::Nowhere(_) => None,
    }
}

fn parents(route: &Document) -> Vec<Ref> {
    let list = route.at("/spec/parentRefs").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|v| serde::Deserialize::deserialize(v).ok()).collect()
}

/// Kinds of routes that can be bound to a Server.
const OF_SERVERS: [(&str, &str); 3] = [(POLICY, "HTTPRoute"), (GATEWAY, "HTTPRoute"), (GATEWAY, "GRPCRoute")];

impl Index {
    /// Whether routes are bound to a Server; they have authorizations of their own.
    pub(crate) fn has_routes(&self, server: &ObjectKey) -> bool {
        let own = |r: &Ref| r.is(POLICY, "Server") && r.name == server.name;
        let mut near =
            OF_SERVERS.iter().flat_map(|(group, kind)| self.world.documents_in(group, kind, &server.namespace));
        near.any(|d| parents(d).iter().any(own))
    }
}
