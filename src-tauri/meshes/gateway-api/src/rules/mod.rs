//! What can be wrong with objects of the Gateway API, whatever mesh carries them out: one file a finding, one line here.

mod backend_not_found;
#[cfg(test)]
mod cases;
mod gateway_address_taken;
mod gateway_class_not_found;
mod gateways_overlap;
mod grant_from_missing_namespace;
mod listener_not_unique;
mod reference_without_grant;
mod route_not_let_in;
mod route_parent_not_found;

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh::{
    Check, Found, Lens, Log, Places, Posture, Reading, Received, Request, Route, Rule, Subject, Touched, Verdict,
};
use serde_json::Value;
use world::{Difference, Document, ObjectKey, Pod, World};

use crate::GROUP;

/// Every rule with its check.
pub(crate) static ALL: &[(&Rule, Check<Index>)] = &[
    (&backend_not_found::RULE, backend_not_found::check),
    (&gateway_address_taken::RULE, gateway_address_taken::check),
    (&gateway_class_not_found::RULE, gateway_class_not_found::check),
    (&gateways_overlap::RULE, gateways_overlap::check),
    (&grant_from_missing_namespace::RULE, grant_from_missing_namespace::check),
    (&listener_not_unique::RULE, listener_not_unique::check),
    (&reference_without_grant::RULE, reference_without_grant::check),
    (&route_not_let_in::RULE, route_not_let_in::check),
    (&route_parent_not_found::RULE, route_parent_not_found::check),
];

/// A world as these rules read it. It decides no request: that is the mesh's who carries the objects out.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    world: Lens,
    places: Arc<Places>,
}

impl Index {
    /// Reads a world.
    pub fn of(world: &World, places: &Arc<Places>) -> Self {
        Self { world: Lens::of(world), places: places.clone() }
    }

    /// An object of the Gateway API.
    fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&Arc<Document>> {
        self.world.document(&ObjectKey::new(GROUP, kind, namespace, name))
    }
}

impl Reading for Index {
    fn decide(&self, _request: &Request) -> Option<Verdict> {
        None
    }

    fn receive(&self, _request: &Request, _ip: &str, _pod: &Arc<Pod>, _port: u16) -> Option<Received> {
        None
    }

    fn listening(&self, log: &Log) -> Box<dyn Reading> {
        Box::new(Self { world: self.world.listening(log), places: Arc::new(self.places.listening(log)) })
    }

    /// It holds nothing but the world, so it is the next world that is read.
    fn after(
        &self,
        next: &World,
        places: &Arc<Places>,
        _difference: &Difference,
        _touched: &mut Touched,
    ) -> Option<Box<dyn Reading>> {
        Some(Box::new(Self::of(next, places)))
    }

    fn check(&self, rule: usize, subject: &Subject, found: &mut Found) {
        if let Some((_, check)) = ALL.get(rule) {
            check(self, subject, found);
        }
    }

    fn routes(&self, _namespace: &str, _service: &str) -> Vec<Route> {
        Vec::new()
    }

    fn posture(&self, _namespace: &str, _workload: &str) -> Option<Posture> {
        None
    }

    fn in_force(&self, _namespace: &str, _name: &str) -> Vec<ObjectKey> {
        Vec::new()
    }

    fn probes(&self, _objects: &BTreeSet<ObjectKey>) -> Vec<Request> {
        Vec::new()
    }
}

/// A reference to another object, with what is left out filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reference<'a> {
    group: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

impl<'a> Reference<'a> {
    /// Reads one that stands in a namespace; what it means where it does not say is given.
    fn of(value: &'a Value, home: &'a str, group: &'a str, kind: &'a str) -> Self {
        let said = |key: &str| value.get(key).and_then(Value::as_str);
        Self {
            group: said("group").map_or(group, |group| if group == "core" { "" } else { group }),
            kind: said("kind").unwrap_or(kind),
            namespace: said("namespace").filter(|namespace| !namespace.is_empty()).unwrap_or(home),
            name: said("name").unwrap_or_default(),
        }
    }

    /// A parent of a route: a Gateway unless it says otherwise.
    fn parent(value: &'a Value, home: &'a str) -> Self {
        Self::of(value, home, GROUP, "Gateway")
    }

    /// A place where a route sends: a Service unless it says otherwise.
    fn backend(value: &'a Value, home: &'a str) -> Self {
        Self::of(value, home, "", "Service")
    }

    fn is_service(&self) -> bool {
        self.group.is_empty() && self.kind == "Service"
    }
}

/// The list at a JSON pointer; empty where there is none.
fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The text at a key.
fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// Every place where a route sends, mirrors included, with its path.
fn backends(route: &Document) -> Vec<(String, &Value)> {
    let mut all = Vec::new();
    for (at, rule) in list(&route.body, "/spec/rules").iter().enumerate() {
        let refs = list(rule, "/backendRefs").iter().enumerate();
        all.extend(refs.map(|(n, backend)| (format!("spec.rules[{at}].backendRefs[{n}]"), backend)));
        for (n, filter) in list(rule, "/filters").iter().enumerate() {
            if let Some(backend) = filter.pointer("/requestMirror/backendRef") {
                all.push((format!("spec.rules[{at}].filters[{n}].requestMirror.backendRef"), backend));
            }
        }
    }
    all
}
