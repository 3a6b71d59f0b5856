//! What in the cluster a field of a given name can name.

use std::collections::{BTreeMap, BTreeSet};

use world::{ObjectKey, World};

/// A name, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// As it is written.
    pub value: String,
    /// What stands behind it, in a word or two.
    pub detail: String,
}

/// The place that a name is for.
pub(super) struct For<'a> {
    /// The object.
    pub(super) object: &'a ObjectKey,
    /// The place in the schema: `spec.http[].route[].destination.host`.
    pub(super) path: &'a str,
    /// The last part as it is written; the key, where the place is the value of a map.
    pub(super) last: &'a str,
    /// What other fields of the same object say.
    pub(super) sibling: &'a dyn Fn(&str) -> Option<String>,
}

fn name(value: impl Into<String>, detail: impl Into<String>) -> Name {
    Name { value: value.into(), detail: detail.into() }
}

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// What a place names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Subset,
    Gateway,
    Secret,
    Host,
    Exposed,
    Namespace,
    Export,
    Principal,
    Account,
    AccountHere,
    GatewayClass,
    Referred,
    Port,
    Method,
    Label,
    LabelName,
    /// A service by its whole name.
    WholeHost,
    /// A port of the service beside it.
    PortOfService,
    VirtualHost,
    NamedGateway,
    /// A filter of Envoy's, as listeners have them.
    Filter(&'static [&'static str]),
    /// What only a proxy's own configuration says.
    OfProxy,
}

/// What Istio puts into listeners, and what is most often put beside it. Upstream: istio/istio pkg/wellknown, pilot/pkg/xds/filters.
const HTTP_FILTERS: &[&str] = &[
    "envoy.filters.http.router",
    "envoy.filters.http.cors",
    "envoy.filters.http.fault",
    "envoy.filters.http.grpc_stats",
    "envoy.filters.http.jwt_authn",
    "envoy.filters.http.rbac",
    "istio.alpn",
    "istio.metadata_exchange",
    "istio.stats",
];
const NETWORK_FILTERS: &[&str] = &[
    "envoy.filters.network.http_connection_manager",
    "envoy.filters.network.tcp_proxy",
    "envoy.filters.network.rbac",
    "istio.metadata_exchange",
    "istio.stats",
];
const LISTENER_FILTERS: &[&str] = &[
    "envoy.filters.listener.original_dst",
    "envoy.filters.listener.tls_inspector",
    "envoy.filters.listener.http_inspector",
];

/// What a place names, by how it is called; none for places whose values nobody but the author knows.
fn what(kind: &str, path: &str) -> Option<What> {
    let ends = |ends: &[&str]| ends.iter().any(|end| path == *end || path.ends_with(&format!(".{end}")));
    let reference = path.contains("Ref");
    if let Some(what) = of_patch(&ends).filter(|_| kind == "EnvoyFilter" && path.contains("configPatches")) {
        return Some(what);
    }
    Some(match () {
        () if ends(&["subset"]) => What::Subset,
        () if ends(&["gateways[]"]) => What::Gateway,
        () if ends(&["credentialName", "credentialNames[]"]) => What::Secret,
        () if ends(&["hosts[]"]) && kind == "Sidecar" => What::Exposed,
        () if ends(&["host"]) || ends(&["hosts[]"]) && kind == "VirtualService" => What::Host,
        () if ends(&["namespaces[]", "notNamespaces[]", "sourceNamespace", "namespace"]) => What::Namespace,
        () if ends(&["exportTo[]"]) => What::Export,
        () if ends(&["principals[]", "notPrincipals[]"]) => What::Principal,
        () if ends(&["serviceAccounts[]", "notServiceAccounts[]"]) => What::Account,
        () if ends(&["serviceAccount"]) => What::AccountHere,
        () if ends(&["gatewayClassName"]) => What::GatewayClass,
        () if ends(&["name"]) && reference => What::Referred,
        () if ends(&["port"]) && reference => What::Port,
        () if ends(&["methods[]", "notMethods[]"]) => What::Method,
        () if ends(&["matchLabels.*", "labels.*", "sourceLabels.*", "selector.*"]) => What::Label,
        () if ends(&["matchLabels", "labels", "sourceLabels", "selector"]) => What::LabelName,
        () => return None,
    })
}

/// The same of a patch of an EnvoyFilter.
fn of_patch(ends: &dyn Fn(&[&str]) -> bool) -> Option<What> {
    Some(match () {
        () if ends(&["cluster.service", "vhost.domainName"]) => What::WholeHost,
        () if ends(&["cluster.portNumber"]) => What::PortOfService,
        () if ends(&["cluster.subset"]) => What::Subset,
        () if ends(&["vhost.name"]) => What::VirtualHost,
        () if ends(&["routeConfiguration.gateway"]) => What::NamedGateway,
        () if ends(&["subFilter.name"]) => What::Filter(HTTP_FILTERS),
        () if ends(&["filter.name"]) => What::Filter(NETWORK_FILTERS),
        () if ends(&["listenerFilter"]) => What::Filter(LISTENER_FILTERS),
        () if ends(&["listener.name", "filterChain.name", "routeConfiguration.name", "route.name", "cluster.name"]) => {
            What::OfProxy
        }
        () => return None,
    })
}

/// Whether the values of a place (for a map: its keys) are names of things in the cluster.
pub(crate) fn is_named(kind: &str, path: &str) -> bool {
    what(kind, path).is_some()
}

/// Everything that a place can name, in order.
pub(super) fn names(world: &World, place: &For<'_>) -> Vec<Name> {
    let namespace = place.object.namespace.as_str();
    let Some(what) = what(&place.object.kind, place.path) else { return Vec::new() };
    let found: BTreeSet<Name> = match what {
        What::Subset => {
            let host = (place.sibling)("host").or_else(|| (place.sibling)("service"));
            subsets(world, namespace, &host.unwrap_or_default())
        }
        What::Gateway => gateways(world, namespace),
        What::Secret => core(world, "Secret", namespace),
        What::Exposed => exposed(world),
        What::Host => hosts(world, namespace),
        What::Namespace => namespaces(world),
        What::Export => namespaces(world).into_iter().chain([name(".", ""), name("*", "")]).collect(),
        What::Principal => accounts(world, |ns, account| Some(format!("cluster.local/ns/{ns}/sa/{account}"))),
        What::Account => accounts(world, |ns, account| Some(format!("{ns}/{account}"))),
        What::AccountHere => accounts(world, |ns, account| (ns == namespace).then(|| account.to_owned())),
        What::GatewayClass => documents(world, "GatewayClass", ""),
        What::Referred => referred(world, place),
        What::Port => ports(world, place),
        What::Method => METHODS.into_iter().map(|method| name(method, "")).collect(),
        What::Label => labels(world, namespace, place.last),
        What::LabelName => label_names(world, namespace),
        What::WholeHost => whole_hosts(world),
        What::PortOfService => ports_of(world, namespace, &(place.sibling)("service").unwrap_or_default()),
        What::VirtualHost => virtual_hosts(world),
        What::NamedGateway => {
            let all = world.documents_of("networking.istio.io", "Gateway");
            all.map(|one| name(format!("{}/{}", one.key.namespace, one.key.name), "Gateway")).collect()
        }
        What::OfProxy => BTreeSet::new(),
        What::Filter(known) => known.iter().map(|filter| name(*filter, "")).collect(),
    };
    found.into_iter().collect()
}

fn label_names(world: &World, namespace: &str) -> BTreeSet<Name> {
    let workloads = world.workloads().filter(|workload| workload.namespace == namespace);
    workloads.flat_map(|workload| workload.labels.keys().map(|key| name(key, ""))).collect()
}

fn hosts(world: &World, namespace: &str) -> BTreeSet<Name> {
    let services = world.services().map(|service| {
        let short = service.namespace == namespace;
        let host = if short {
            service.name.clone()
        } else {
            format!("{}.{}.svc.cluster.local", service.name, service.namespace)
        };
        name(host, format!("Service {}", service.namespace))
    });
    let entries = world.documents_of("networking.istio.io", "ServiceEntry").flat_map(|entry| {
        let hosts = entry.at("/spec/hosts").and_then(|hosts| hosts.as_array()).cloned().unwrap_or_default();
        let from = format!("ServiceEntry {}", entry.key.namespace);
        hosts.into_iter().filter_map(move |host| Some(name(host.as_str()?, from.clone())))
    });
    services.chain(entries).collect()
}

fn whole_hosts(world: &World) -> BTreeSet<Name> {
    // From no namespace each host is seen whole.
    hosts(world, "")
}

/// As Istio calls what it makes of a service: host and port.
fn virtual_hosts(world: &World) -> BTreeSet<Name> {
    let ports = world.services().flat_map(|service| {
        let host = format!("{}.{}.svc.cluster.local", service.name, service.namespace);
        service.ports.iter().map(move |port| name(format!("{host}:{}", port.port), &port.name)).collect::<Vec<_>>()
    });
    ports.collect()
}

fn ports_of(world: &World, namespace: &str, host: &str) -> BTreeSet<Name> {
    let (namespace, service) = service_of(host, namespace);
    let service = world.service(namespace, service);
    service.into_iter().flat_map(|s| s.ports.iter().map(|port| name(port.port.to_string(), &port.name))).collect()
}

/// The service that a host, written in an object of this namespace, means: (namespace, name).
fn service_of<'a>(host: &'a str, namespace: &'a str) -> (&'a str, &'a str) {
    match host.split_once('.') {
        None => (namespace, host),
        Some((service, rest)) => (rest.split('.').next().unwrap_or(namespace), service),
    }
}

fn subsets(world: &World, namespace: &str, host: &str) -> BTreeSet<Name> {
    let wanted = service_of(host, namespace);
    let rules = world.documents_of("networking.istio.io", "DestinationRule").filter(|rule| {
        let of = rule.at("/spec/host").and_then(|host| host.as_str()).unwrap_or_default();
        of == host || service_of(of, &rule.key.namespace) == wanted
    });
    rules
        .flat_map(|rule| {
            let subsets = rule.at("/spec/subsets").and_then(|subsets| subsets.as_array()).cloned().unwrap_or_default();
            let from = format!("DestinationRule {}", rule.key.name);
            subsets.into_iter().filter_map(move |subset| Some(name(subset["name"].as_str()?, from.clone())))
        })
        .collect()
}

fn gateways(world: &World, namespace: &str) -> BTreeSet<Name> {
    let all = world.documents_of("networking.istio.io", "Gateway").map(|gateway| {
        let key = &gateway.key;
        let written =
            if key.namespace == namespace { key.name.clone() } else { format!("{}/{}", key.namespace, key.name) };
        name(written, "Gateway")
    });
    all.chain([name("mesh", "every sidecar")]).collect()
}

fn namespaces(world: &World) -> BTreeSet<Name> {
    world.namespaces().map(|namespace| name(&namespace.name, "Namespace")).collect()
}

fn accounts(world: &World, written: impl Fn(&str, &str) -> Option<String>) -> BTreeSet<Name> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for workload in world.workloads().filter(|workload| !workload.service_account.is_empty()) {
        if let Some(value) = written(&workload.namespace, &workload.service_account) {
            // Several workloads may run as one account: the first stands for it.
            found.entry(value).or_insert_with(|| format!("{} {}", workload.kind, workload.name));
        }
    }
    found.into_iter().map(|(value, detail)| name(value, detail)).collect()
}

fn documents(world: &World, kind: &str, namespace: &str) -> BTreeSet<Name> {
    let all = world.documents_of("gateway.networking.k8s.io", kind).filter(|one| one.key.namespace == namespace);
    all.map(|one| name(&one.key.name, kind)).collect()
}

/// Objects of Kubernetes itself, by their names alone.
fn core(world: &World, kind: &str, namespace: &str) -> BTreeSet<Name> {
    world.documents_in("", kind, namespace).map(|one| name(&one.key.name, kind)).collect()
}

/// What a Sidecar lets its workloads see: a namespace, and a host of it or all.
fn exposed(world: &World) -> BTreeSet<Name> {
    let all = world.namespaces().map(|one| name(format!("{}/*", one.name), "Namespace"));
    let services = world.services().map(|service| {
        let (namespace, of) = (&service.namespace, &service.name);
        name(format!("{namespace}/{of}.{namespace}.svc.cluster.local"), "Service")
    });
    all.chain(services).chain([name("./*", ""), name("*/*", ""), name("~/*", "")]).collect()
}

/// Objects that a reference of the Gateway API can name, by the kind beside it.
fn referred(world: &World, place: &For<'_>) -> BTreeSet<Name> {
    let own = &place.object.namespace;
    let namespace = (place.sibling)("namespace").unwrap_or_else(|| own.clone());
    let usual = match place.path {
        path if path.contains("parentRef") => "Gateway",
        path if path.contains("caCertificateRef") => "ConfigMap",
        path if path.contains("ertificateRef") => "Secret",
        _ => "Service",
    };
    let kind = (place.sibling)("kind").unwrap_or_else(|| usual.to_owned());
    match kind.as_str() {
        "Service" => world.services_in(&namespace).map(|service| name(&service.name, "Service")).collect(),
        "Secret" | "ConfigMap" => core(world, &kind, &namespace),
        kind => documents(world, kind, &namespace),
    }
}

fn ports(world: &World, place: &For<'_>) -> BTreeSet<Name> {
    let namespace = (place.sibling)("namespace").unwrap_or_else(|| place.object.namespace.clone());
    let host = (place.sibling)("name").unwrap_or_default();
    ports_of(world, &namespace, &host)
}

/// Values of a label on the workloads of a namespace.
fn labels(world: &World, namespace: &str, label: &str) -> BTreeSet<Name> {
    let all = world.workloads().filter(|workload| workload.namespace == namespace);
    all.filter_map(|workload| workload.labels.get(label).map(|value| name(value, ""))).collect()
}
