//! BackendTLSPolicy of the Gateway API: callers of a service encrypt towards it, as by a DestinationRule of its namespace.
//! Upstream: istio/istio pilot/pkg/config/kube/gateway/backend_policies.go, DestinationRuleCollection.

use gateway_api::GROUP;
use serde_json::Value;
use world::{Document, ObjectKey, Service};

use crate::read::Index;

impl Index {
    /// The oldest policy for a port of a service, with the field that names it: one for the port goes before one for all.
    pub fn backend_tls(&self, service: &Service, port: u16) -> Option<(ObjectKey, String)> {
        let name = service.ports.iter().find(|p| p.port == port).map(|p| p.name.as_str())?;
        let here = |d: &&Document| d.key.namespace == service.namespace;
        let mut all: Vec<&Document> =
            self.world.documents_of(GROUP, "BackendTLSPolicy").map(AsRef::as_ref).filter(here).collect();
        all.sort_by_key(|d| (d.created.unwrap_or(i64::MAX), d.key.name.clone()));
        let named = |section: Option<&str>| {
            all.iter().find_map(|d| {
                let targets = d.at("/spec/targetRefs").and_then(Value::as_array)?;
                let fits = |t: &Value| {
                    t["kind"] == "Service" && t["name"] == service.name.as_str() && t["sectionName"].as_str() == section
                };
                let at = targets.iter().position(fits)?;
                Some((d.key.clone(), format!("spec.targetRefs[{at}]")))
            })
        };
        named(Some(name)).or_else(|| named(None))
    }
}
