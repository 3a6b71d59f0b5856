//! Endpoints that somebody keeps for a service by hand: all there are of one that selects no pods, and more of one that does.
//!
//! Those that Kubernetes itself keeps for a selector are left out: the pods show them.

use std::sync::Arc;

use serde_json::Value;
use world::{Document, Said, Service};

use crate::log::Dep;
use crate::{Places, Unknown, unreadable};

/// API group and kind of what lists them.
pub const SLICES: (&str, &str) = ("discovery.k8s.io", "EndpointSlice");

/// Who keeps a slice, and the keeper of those that selectors make.
const KEEPER: (&str, &str) = ("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");

/// The label selector that picks the slices which are kept by hand.
pub const KEPT: &str = "endpointslice.kubernetes.io/managed-by!=endpointslice-controller.k8s.io";

/// An address, with the port that stands for the service's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The address.
    pub address: String,
    /// The port there.
    pub port: u16,
}

impl Places {
    /// The endpoints that somebody keeps for a service, for its port of this name; of any port where it is `None`.
    /// Upstream: istio/istio pilot/pkg/serviceregistry/kube/controller/endpointslice.go, updateEndpointCacheForSlice.
    ///
    /// # Errors
    /// Why they are not known, of a service that has no others.
    pub fn kept(&self, service: &Service, port: Option<&str>) -> Result<Vec<Kept>, Unknown> {
        let (group, kind) = SLICES;
        self.log.note(group, kind, || Dep::within(group, kind, &service.namespace));
        let of = |slice: &&Arc<Document>| {
            let selected = !service.selector.is_empty() && slice.labels.get(KEEPER.0).is_some_and(|k| k == KEEPER.1);
            slice.labels.get("kubernetes.io/service-name") == Some(&service.name) && !selected
        };
        let slices: Vec<_> = self.world.documents_in(group, kind, &service.namespace).filter(of).collect();
        if slices.is_empty() && service.selector.is_empty() && service.kind != "ExternalName" {
            self.known(service)?;
        }
        Ok(slices.into_iter().flat_map(|slice| listed(slice, service, port)).collect())
    }

    /// Whether there are no slices but those that were seen.
    fn known(&self, service: &Service) -> Result<(), Unknown> {
        let (group, kind) = SLICES;
        self.log.note(group, kind, || Dep::coverage(group, kind));
        let name = &service.name;
        let why = match unreadable(&self.world, group, kind) {
            Some(why) => Said::new(format!(": {}", why.en), format!("：{}", why.zh)),
            // Files hold what somebody put into them.
            None if self.world.told(group, kind).is_none() => Said::default(),
            None => return Ok(()),
        };
        Err(Unknown {
            about: ("the destination", "目的地").into(),
            because: Said::new(
                format!("{name} selects no pods, and the endpoints that somebody keeps for it are not known{}", why.en),
                format!("{name} 不选择 Pod，而由他人为它维护的端点未知{}", why.zh),
            ),
        })
    }
}

/// What a slice lists for a port: the ready ones, or all where the service sends to all.
fn listed(slice: &Document, service: &Service, port: Option<&str>) -> Vec<Kept> {
    if slice.at("/addressType").and_then(Value::as_str) == Some("FQDN") {
        return Vec::new();
    }
    let list = |path: &str| slice.at(path).and_then(Value::as_array).into_iter().flatten();
    let named = |p: &&Value| port.is_none_or(|name| p.get("name").and_then(Value::as_str).unwrap_or_default() == name);
    let number = |p: &Value| p.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    let Some(port) = list("/ports").find(named).and_then(number) else { return Vec::new() };
    let ready = |e: &&Value| e.pointer("/conditions/ready").and_then(Value::as_bool) != Some(false);
    let ready = list("/endpoints").filter(|e| service.publishes_unready || ready(e));
    let addresses = ready.flat_map(|e| e.get("addresses").and_then(Value::as_array).into_iter().flatten());
    addresses.filter_map(Value::as_str).map(|address| Kept { address: address.to_owned(), port }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use world::{Change, Coverage, Labels, Object, Origin, World};

    use super::*;

    fn slice(keeper: Option<&str>, spec: &Value) -> Change {
        let mut labels = json!({"kubernetes.io/service-name": "db"});
        keeper.iter().for_each(|keeper| labels[KEEPER.0] = (*keeper).into());
        let mut body = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": "db-1", "namespace": "shop", "labels": labels}, "addressType": "IPv4"});
        for (name, value) in spec.as_object().unwrap() {
            body[name] = value.clone();
        }
        Change::Put(Object::read(body, Origin::Cluster).unwrap())
    }

    fn service(selector: &[(&str, &str)], publishes_unready: bool) -> Service {
        let selector: Labels = selector.iter().copied().collect();
        Service { namespace: "shop".into(), name: "db".into(), selector, publishes_unready, ..Service::default() }
    }

    #[test]
    fn what_slices_list() {
        let ports = json!([{"name": "sql", "port": 5432}, {"name": "web", "port": 80}]);
        let two =
            json!([{"addresses": ["1.1.1.1", "1.1.1.2"]}, {"addresses": ["1.1.1.3"], "conditions": {"ready": false}}]);
        let spec = json!({"ports": ports, "endpoints": two});
        let fqdn = json!({"addressType": "FQDN", "ports": ports, "endpoints": two});
        let (by_hand, by_selector) = (None, Some(KEEPER.1));
        let alone = service(&[], false);
        for (service, keeper, spec, port, expected) in [
            (&alone, by_hand, &spec, Some("sql"), "1.1.1.1:5432 1.1.1.2:5432"),
            (&alone, by_hand, &spec, Some("web"), "1.1.1.1:80 1.1.1.2:80"),
            (&alone, by_hand, &spec, Some("none"), ""),
            (&alone, by_hand, &spec, None, "1.1.1.1:5432 1.1.1.2:5432"),
            (&alone, by_hand, &fqdn, Some("sql"), ""),
            (&alone, by_selector, &spec, Some("sql"), "1.1.1.1:5432 1.1.1.2:5432"),
            (&service(&[], true), by_hand, &spec, Some("sql"), "1.1.1.1:5432 1.1.1.2:5432 1.1.1.3:5432"),
            (&service(&[("app", "db")], false), by_hand, &spec, Some("sql"), "1.1.1.1:5432 1.1.1.2:5432"),
            (&service(&[("app", "db")], false), by_selector, &spec, Some("sql"), ""),
        ] {
            let places = Places::of(&World::new().after([slice(keeper, spec)]));
            let found = places.kept(service, port).unwrap();
            let found: Vec<String> = found.iter().map(|kept| format!("{}:{}", kept.address, kept.port)).collect();
            assert_eq!(found.join(" "), expected, "{service:?} {keeper:?} {port:?}");
        }
    }

    #[test]
    fn none_is_known_only_where_all_were_listed() {
        let (group, kind) = SLICES;
        for (coverage, selector, expected) in [
            (None, None, Some("are not known")),
            (Some(Coverage::Ready), None, None),
            (Some(Coverage::Denied("list".into())), None, Some("the right to list EndpointSlice is missing")),
            (Some(Coverage::Loading), None, Some("has not been listed yet")),
            (Some(Coverage::Denied("list".into())), Some(("app", "db")), None),
        ] {
            let world = coverage.iter().fold(World::new(), |world, c| world.covering(group, kind, c.clone()));
            let said = Places::of(&world).kept(&service(selector.as_slice(), false), Some("sql"));
            let told = said.as_ref().err().map(|unknown| unknown.because.en.as_str());
            assert_eq!(told.is_some(), expected.is_some(), "{coverage:?} {said:?}");
            assert!(expected.is_none_or(|words| told.is_some_and(|told| told.contains(words))), "{told:?}");
        }
    }
}
