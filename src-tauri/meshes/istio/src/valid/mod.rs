//! What istiod's own checks say of an object's spec, apart from everything else in the mesh: refused, or taken with a warning.
//! Upstream: istio/istio pkg/config/validation/validation.go; each file here names its function.

mod authorization_policy;
mod destination_rule;
mod envoy_filter;
mod extension;
mod gateway;
mod headers;
mod http_route;
mod load_balancer;
pub(crate) mod names;
mod peer_authentication;
mod request_authentication;
mod selector;
mod service_entry;
mod sidecar;
mod telemetry;
mod virtual_service;
mod workload;

use mesh::About;
use world::{Document, Said};

use crate::kinds::{EXTENSIONS, NETWORKING, SECURITY, TELEMETRY};
use crate::read::field::Field;
use names::Wrong;

/// The kinds that are looked at, (group, kind).
pub(crate) const READS: &[(&str, &str)] = &[
    ("networking.istio.io", "VirtualService"),
    ("networking.istio.io", "DestinationRule"),
    ("networking.istio.io", "Gateway"),
    ("networking.istio.io", "ServiceEntry"),
    ("networking.istio.io", "Sidecar"),
    ("networking.istio.io", "WorkloadEntry"),
    ("networking.istio.io", "WorkloadGroup"),
    ("networking.istio.io", "EnvoyFilter"),
    ("networking.istio.io", "ProxyConfig"),
    ("security.istio.io", "PeerAuthentication"),
    ("security.istio.io", "AuthorizationPolicy"),
    ("security.istio.io", "RequestAuthentication"),
    ("telemetry.istio.io", "Telemetry"),
    ("extensions.istio.io", "WasmPlugin"),
    ("extensions.istio.io", "TrafficExtension"),
];

/// The same, as subjects of a rule.
pub(crate) const ABOUT: &[About] = &{
    let mut all = [About::Service; READS.len()];
    let mut at = 0;
    while at < all.len() {
        let (group, kind) = READS[at];
        all[at] = About::Document(group, kind);
        at += 1;
    }
    all
};

/// Something that istiod says of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// The field.
    pub path: String,
    /// What is wrong with it.
    pub message: Said,
    /// The object is refused; else it is taken with a warning.
    pub refused: bool,
}

/// What is found on the way through a spec.
#[derive(Debug, Default)]
pub(crate) struct Flaws(Vec<Flaw>);

impl Flaws {
    fn error(&mut self, at: &Field, message: impl Into<Said>) {
        self.0.push(Flaw { path: at.path(), message: message.into(), refused: true });
    }

    fn warn(&mut self, at: &Field, message: impl Into<Said>) {
        self.0.push(Flaw { path: at.path(), message: message.into(), refused: false });
    }

    /// Refused where the answer says that something is wrong.
    fn hold(&mut self, at: &Field, wrong: Wrong) {
        if let Some(message) = wrong {
            self.error(at, message);
        }
    }

    /// Refused where this is so.
    fn never(&mut self, wrong: bool, at: &Field, message: impl Into<Said>) {
        if wrong {
            self.error(at, message);
        }
    }

    /// A duration in a field of its own, where it is there.
    fn duration(&mut self, of: &Field, name: &str) {
        let field = of.get(name);
        if field.is_set() {
            self.hold(&field, names::duration(field.as_text()));
        }
    }

    /// Labels that pods are asked for.
    fn labels(&mut self, of: &Field, name: &str) {
        for (key, value) in of.entries(name) {
            self.hold(&value, names::label_key(key).or_else(|| names::label_value(value.as_text())));
        }
    }
}

/// What istiod says of a document of Istio's own kinds; nothing of any other.
pub(crate) fn flaws(document: &Document) -> Vec<Flaw> {
    let whole = Field::of(document);
    let spec = whole.get("spec");
    let mut flaws = Flaws::default();
    let namespace = document.key.namespace.as_str();
    match (document.key.group.as_str(), document.key.kind.as_str()) {
        (NETWORKING, "Gateway") => gateway::check(&whole, &spec, &mut flaws),
        (NETWORKING, "DestinationRule") => destination_rule::check(namespace, &spec, &mut flaws),
        (NETWORKING, "VirtualService") => virtual_service::check(namespace, &spec, &mut flaws),
        (NETWORKING, "ServiceEntry") => service_entry::check(namespace, &spec, &mut flaws),
        (NETWORKING, "Sidecar") => sidecar::check(namespace, &spec, &mut flaws),
        (NETWORKING, "WorkloadEntry") => workload::entry(&spec, None, true, &mut flaws),
        (NETWORKING, "WorkloadGroup") => workload::group(&spec, &mut flaws),
        (NETWORKING, "EnvoyFilter") => envoy_filter::check(&spec, &mut flaws),
        (NETWORKING, "ProxyConfig") => {
            selector::check(&spec.get("selector"), &mut flaws);
            flaws.never(
                spec.number("concurrency") < 0.0,
                &spec.get("concurrency"),
                ("concurrency is negative", "concurrency 为负数"),
            );
        }
        (SECURITY, "AuthorizationPolicy") => authorization_policy::check(&spec, &mut flaws),
        (SECURITY, "RequestAuthentication") => request_authentication::check(&spec, &mut flaws),
        (SECURITY, "PeerAuthentication") => peer_authentication::check(&spec, &mut flaws),
        (TELEMETRY, "Telemetry") => telemetry::check(&spec, &mut flaws),
        (EXTENSIONS, "WasmPlugin") => extension::wasm_plugin(&spec, &mut flaws),
        (EXTENSIONS, "TrafficExtension") => extension::traffic_extension(&spec, &mut flaws),
        _ => {}
    }
    flaws.0
}
