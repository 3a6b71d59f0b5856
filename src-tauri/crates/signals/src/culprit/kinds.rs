//! The kinds that make what a proxy is sent: which types of it, and of which proxies.
//!
//! Upstream: istio pilot/pkg/model/push_context.go (`EnvoyFilters`, `getExportedDestinationRuleFromNamespace`, visibility by `exportTo`),
//! pilot/pkg/model/envoyfilter.go for what `applyTo` changes. Which of them a webhook lets through and an Envoy refuses was asked of a genuine
//! mesh (the cases beside this).

use serde_json::Value;
use world::{Document, Labels};

use super::Place;

const NETWORKING: &str = "networking.istio.io";
const SECURITY: &str = "security.istio.io";
const EXTENSIONS: &str = "extensions.istio.io";
const GATEWAY_API: &str = "gateway.networking.k8s.io";

/// A kind that makes some of what a proxy is sent.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    /// Types that it changes.
    types: &'static [&'static str],
    reach: Reach,
    /// What a refusal speaks of where its part is made of this kind alone.
    pub(super) topics: &'static [&'static str],
}

/// Which proxies an object is for.
#[derive(Clone, Copy, Debug)]
enum Reach {
    /// Those of its namespace, or of all where it lies in the root, as far as the labels there select them.
    Own(&'static str),
    /// Those that the labels there select, of all namespaces that it is exported to.
    Exported(&'static str),
    /// Those that the labels there select, wherever.
    Selected(&'static str),
    /// Those that run for it: of its namespace, with its name as a label, unless it says that others do.
    Named,
    /// All, wherever: what it is attached to may lie in another namespace, and of a host all callers know.
    Anywhere,
}

const SELECTOR: &str = "/spec/selector/matchLabels";
const ROUTED: &[&str] = &["RDS", "CDS"];

pub(super) const KINDS: [Kind; 17] = [
    kind(NETWORKING, "EnvoyFilter", &[], Reach::Own("/spec/workloadSelector/labels"), &[]),
    kind(NETWORKING, "VirtualService", &["RDS", "LDS"], Reach::Exported(""), &[]),
    kind(
        NETWORKING,
        "DestinationRule",
        &["CDS", "RDS", "EDS", "SDS"],
        Reach::Exported("/spec/workloadSelector/matchLabels"),
        &[],
    ),
    kind(NETWORKING, "ServiceEntry", &["CDS", "LDS", "EDS", "RDS"], Reach::Exported(""), &[]),
    kind(NETWORKING, "Gateway", &["LDS", "RDS", "SDS"], Reach::Selected("/spec/selector"), &[]),
    kind(NETWORKING, "Sidecar", &["LDS", "RDS", "CDS"], Reach::Own("/spec/workloadSelector/labels"), &[]),
    kind(SECURITY, "AuthorizationPolicy", &["LDS"], Reach::Own(SELECTOR), &["RBAC"]),
    kind(SECURITY, "RequestAuthentication", &["LDS"], Reach::Own(SELECTOR), &["jwt_authn", "Jwt"]),
    kind(SECURITY, "PeerAuthentication", &["LDS"], Reach::Own(SELECTOR), &[]),
    kind(
        "telemetry.istio.io",
        "Telemetry",
        &["LDS"],
        Reach::Own(SELECTOR),
        &["'istio.stats'", "failed to create an expression"],
    ),
    kind(EXTENSIONS, "WasmPlugin", &["ECDS", "LDS"], Reach::Own(SELECTOR), &["Wasm"]),
    kind(EXTENSIONS, "TrafficExtension", &["ECDS", "LDS"], Reach::Own(SELECTOR), &["Wasm"]),
    kind(GATEWAY_API, "Gateway", &["LDS", "RDS", "SDS"], Reach::Named, &[]),
    kind(GATEWAY_API, "HTTPRoute", ROUTED, Reach::Anywhere, &[]),
    kind(GATEWAY_API, "GRPCRoute", ROUTED, Reach::Anywhere, &[]),
    kind(GATEWAY_API, "TLSRoute", &["LDS"], Reach::Anywhere, &[]),
    kind(GATEWAY_API, "BackendTLSPolicy", &["CDS", "SDS"], Reach::Anywhere, &[]),
];

const fn kind(
    group: &'static str,
    kind: &'static str,
    types: &'static [&'static str],
    reach: Reach,
    topics: &'static [&'static str],
) -> Kind {
    Kind { group, kind, types, reach, topics }
}

impl Kind {
    pub(super) fn is_envoy_filter(&self) -> bool {
        self.kind == "EnvoyFilter"
    }

    /// Whether an object of it is for this proxy.
    pub(super) fn reaches(&self, document: &Document, place: Place<'_>) -> bool {
        let of = &document.key.namespace;
        let (allowed, labels) = match self.reach {
            Reach::Own(labels) => (of == place.namespace || of == place.root, labels),
            Reach::Exported(labels) => (is_exported(document, place.namespace), labels),
            Reach::Selected(labels) => (true, labels),
            Reach::Named => (!is_managed(document) || runs_for(document, place), ""),
            Reach::Anywhere => (true, ""),
        };
        allowed && (labels.is_empty() || selects(document, labels, place.labels))
    }

    /// Whether an object of it makes some of this type.
    pub(super) fn changes(&self, document: &Document, type_name: &str) -> bool {
        if self.is_envoy_filter() { patches(document, type_name) } else { self.types.contains(&type_name) }
    }
}

/// The label of the proxies that istiod runs for a Gateway.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

fn runs_for(gateway: &Document, place: Place<'_>) -> bool {
    let name = place.labels.get(GATEWAY_NAME);
    gateway.key.namespace == place.namespace && name.is_some_and(|name| *name == gateway.key.name)
}

/// Whether istiod runs proxies for a Gateway; one that names the host of others is served by them (istio
/// pilot/pkg/config/kube/gatewaycommon/gateway_utils.go, `IsManaged`).
fn is_managed(gateway: &Document) -> bool {
    match gateway.at("/spec/addresses").and_then(Value::as_array).map(Vec::as_slice) {
        None | Some([]) => true,
        Some([one]) => one["type"].as_str().is_none_or(|kind| kind == "IPAddress"),
        Some(_) => false,
    }
}

fn selects(document: &Document, at: &str, labels: &Labels) -> bool {
    let selected = document.at(at).and_then(Value::as_object);
    selected.is_none_or(|selected| selected.iter().all(|(name, value)| labels.get(name) == value.as_str()))
}

/// Without `exportTo` it is for all, unless the mesh says otherwise.
fn is_exported(document: &Document, namespace: &str) -> bool {
    let to = document.at("/spec/exportTo").and_then(Value::as_array);
    to.is_none_or(|to| {
        to.is_empty()
            || to.iter().filter_map(Value::as_str).any(|to| match to {
                "*" => true,
                "." => document.key.namespace == namespace,
                to => to == namespace,
            })
    })
}

fn patches(filter: &Document, type_name: &str) -> bool {
    let patches = filter.at("/spec/configPatches").and_then(Value::as_array);
    patches.into_iter().flatten().any(|patch| {
        let to = patch["applyTo"].as_str().unwrap_or_default();
        match type_name {
            "CDS" => to == "CLUSTER",
            // Routes of what comes in lie inside its listener.
            "LDS" => matches!(
                to,
                "LISTENER"
                    | "FILTER_CHAIN"
                    | "NETWORK_FILTER"
                    | "HTTP_FILTER"
                    | "LISTENER_FILTER"
                    | "VIRTUAL_HOST"
                    | "HTTP_ROUTE"
                    | "ROUTE_CONFIGURATION"
            ),
            "RDS" => matches!(to, "VIRTUAL_HOST" | "HTTP_ROUTE" | "ROUTE_CONFIGURATION"),
            "ECDS" => to == "EXTENSION_CONFIG",
            _ => false,
        }
    })
}

/// The hosts that an object is about, whole: a short one is of its own namespace.
pub(super) fn is_about(document: &Document, host: &str) -> bool {
    let one = document.at("/spec/host").and_then(Value::as_str);
    let many = document.at("/spec/hosts").and_then(Value::as_array);
    let all = one.into_iter().chain(many.into_iter().flatten().filter_map(Value::as_str));
    let whole = |own: &str| format!("{own}.{}.svc.", document.key.namespace);
    all.into_iter().any(|own| own == host || !own.contains('.') && host.starts_with(&whole(own)))
}

/// The Secrets that an object has a proxy ask for, each with its namespace: a Gateway's and a rule's `credentialName` lie beside the proxy
/// (istio pilot/pkg/model/credentials/resource.go), a reference of the Gateway API where it says or beside the Gateway.
pub(super) fn credentials(document: &Document, beside: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    collect(document.spec(), beside, &document.key.namespace, &mut all);
    all.sort();
    all.dedup();
    all
}

fn collect(value: &Value, beside: &str, own: &str, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("credentialName", Value::String(secret)) => out.push((beside.to_owned(), secret.clone())),
                    ("certificateRefs", Value::Array(refs)) => out.extend(refs.iter().filter_map(|one| {
                        let namespace = one["namespace"].as_str().unwrap_or(own);
                        Some((namespace.to_owned(), one["name"].as_str()?.to_owned()))
                    })),
                    _ => collect(value, beside, own, out),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, beside, own, out)),
        _ => {}
    }
}
