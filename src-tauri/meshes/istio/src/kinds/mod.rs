//! The kinds of Istio, one folder for each that the engine decides with.

pub(crate) mod authorization_policy;
pub(crate) mod destination_rule;
pub(crate) mod envoy_filter;
pub(crate) mod gateway;
pub(crate) mod peer_authentication;
pub(crate) mod request_authentication;
pub(crate) mod service_entry;
pub(crate) mod sidecar;
pub(crate) mod target;
pub(crate) mod virtual_service;
pub(crate) mod workload_entry;

use mesh::guide::Guide;
use mesh::{Extent, Kind, Source, Summary};
pub(crate) use mesh::{Typed, read_spec as read};
use serde::Deserialize;
use world::{Document, World};

/// API group of routing.
pub(crate) const NETWORKING: &str = "networking.istio.io";
/// API group of security.
pub(crate) const SECURITY: &str = "security.istio.io";
/// API group of telemetry.
pub(crate) const TELEMETRY: &str = "telemetry.istio.io";
/// API group of extensions.
pub(crate) const EXTENSIONS: &str = "extensions.istio.io";

const fn kind(group: &'static str, kind: &'static str, plural: &'static str, purpose: &'static str) -> Kind {
    Kind { group, kind, plural, namespaced: true, purpose }
}

const fn source(group: &'static str, kind: &'static str, extent: Extent) -> Source {
    Source { group, kind, extent }
}

/// What stands inside Secrets, as a kind of its own: of a cluster it is never read.
pub(crate) const SECRET_CONTENT: &str = "content of Secrets";

/// What rules read besides.
pub(crate) const SOURCES: &[Source] = &[
    source("", "ConfigMap", Extent::Within("istio-system")),
    source("", "Secret", Extent::Heads),
    source("", SECRET_CONTENT, Extent::Nothing),
    source("", "Node", Extent::Labels),
    source("admissionregistration.k8s.io", "MutatingWebhookConfiguration", Extent::Whole),
    source("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", Extent::Whole),
    source("apiextensions.k8s.io", "CustomResourceDefinition", Extent::Heads),
];

/// Everything that Istio's users write.
pub(crate) const KINDS: &[Kind] = &[
    kind(NETWORKING, "VirtualService", "virtualservices", "Says where requests for a host go."),
    kind(
        NETWORKING,
        "DestinationRule",
        "destinationrules",
        "Names versions of a service and says how to connect to it.",
    ),
    kind(NETWORKING, "Gateway", "gateways", "Opens ports of a proxy at the edge of the mesh."),
    kind(NETWORKING, "ServiceEntry", "serviceentries", "Adds a host to those that the mesh knows."),
    kind(NETWORKING, "Sidecar", "sidecars", "Limits what the proxies of a namespace or workload see."),
    kind(NETWORKING, "WorkloadEntry", "workloadentries", "Adds a machine outside Kubernetes to a service."),
    kind(NETWORKING, "WorkloadGroup", "workloadgroups", "Describes machines that join the mesh alike."),
    kind(NETWORKING, "EnvoyFilter", "envoyfilters", "Patches the configuration of proxies by hand."),
    kind(NETWORKING, "ProxyConfig", "proxyconfigs", "Settings of proxies that need a restart."),
    kind(SECURITY, "PeerAuthentication", "peerauthentications", "Says whether callers must use mutual TLS."),
    kind(SECURITY, "AuthorizationPolicy", "authorizationpolicies", "Says who may call what."),
    kind(SECURITY, "RequestAuthentication", "requestauthentications", "Says which tokens of end users are accepted."),
    kind(TELEMETRY, "Telemetry", "telemetries", "Says what proxies log, measure and trace."),
    kind(EXTENSIONS, "WasmPlugin", "wasmplugins", "Puts a WebAssembly filter into proxies."),
    kind(EXTENSIONS, "TrafficExtension", "trafficextensions", "Puts an extension into the way of requests."),
];

/// `null` is what Go writes for an empty map or list.
pub(crate) fn or_default<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// `selector.matchLabels`
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Selector {
    /// Labels that a workload must have.
    #[serde(deserialize_with = "or_default")]
    pub match_labels: world::Labels,
}

/// An object in a line.
pub(crate) fn summary(document: &Document) -> Option<Summary> {
    match (document.key.group.as_str(), document.key.kind.as_str()) {
        (NETWORKING, "VirtualService") => Some(virtual_service::summary(document)),
        (NETWORKING, "DestinationRule") => Some(destination_rule::summary(document)),
        (NETWORKING, "Gateway") => Some(gateway::summary(document)),
        (SECURITY, "PeerAuthentication") => Some(peer_authentication::summary(document)),
        (SECURITY, "AuthorizationPolicy") => Some(authorization_policy::summary(document)),
        (NETWORKING, "ServiceEntry") => Some(service_entry::summary(document)),
        (group, kind) => {
            let known = KINDS.iter().find(|k| k.group == group && k.kind == kind)?;
            Some(Summary::purpose(known.purpose))
        }
    }
}

/// How an object is written step by step.
pub(crate) fn guide(world: &World, document: &Document) -> Option<Guide> {
    let of = (document.key.group.as_str(), document.key.kind.as_str());
    (of == (NETWORKING, "EnvoyFilter")).then(|| envoy_filter::guide::guide(world, document))
}
