//! One port that a gateway opens: a server of Istio's Gateway, or a listener of a Kubernetes Gateway.

use gateway_api::api::Api;
use gateway_api::listeners::Opening;
use gateway_api::spec::Gateway as ApiGateway;
use mesh::Typed;
use world::{Labels, ObjectKey, Pod, Service, ServicePort};

use crate::kinds::gateway::{Gateway, Server};
use crate::read::hosts::service_host;

/// Who makes gateways of the class `istio`. Upstream: istio/istio pkg/config/constants/constants.go.
const CONTROLLER: &str = "istio.io/gateway-controller";

/// How bytes at a door are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Requests, as they are.
    Http,
    /// Requests within TLS.
    Https,
    /// Bytes, in TLS or not.
    Bytes,
}

/// What a door does with TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It ends there; the caller needs no certificate.
    Terminate,
    /// It ends there, and the caller may show a certificate.
    Optional,
    /// It ends there, and the caller must show a certificate.
    Mutual,
    /// It ends there, and the caller must be of the mesh.
    Mesh,
    /// It is passed on as it is.
    Pass,
}

/// Whose pods open a door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opener {
    /// Every gateway pod with these labels, of any namespace.
    Labels(Labels),
    /// The pods behind these services, by full name, in this namespace.
    Services(String, Vec<String>),
}

/// A port that a gateway opens.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    /// The object that opens it, and the field.
    pub key: ObjectKey,
    pub path: String,
    /// `namespace/name` by which VirtualServices bind to it.
    pub gateway: String,
    /// Name and namespace of the Gateway of Istio, or of the one that istiod derives.
    pub name: String,
    pub namespace: String,
    /// Seconds since 1970; the latest where it is not known.
    pub created: i64,
    pub opener: Opener,
    /// Deployed by istiod for a Kubernetes Gateway.
    pub managed: bool,
    /// From the Gateway API.
    pub api: bool,
    /// As written: the port of the service, not of the pod.
    pub port: u16,
    pub protocol: Protocol,
    /// `None` where there is no TLS.
    pub tls: Option<Mode>,
    /// Name of the Secret with its certificate, and its namespace where that is not the pod's.
    pub secret: Option<(Option<String>, String)>,
    /// It listens for its own pod alone.
    pub inward: bool,
    /// Plain requests are sent to HTTPS.
    pub redirect: bool,
    /// Hosts, each with the namespace whose routes may use it; a star for all.
    pub hosts: Vec<(String, String)>,
}

impl Door {
    /// Whether bytes must begin with TLS.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some() && self.protocol != Protocol::Http
    }

    /// Hosts that routes of a namespace may use.
    pub fn hosts_for<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a str> {
        let fits = move |(home, _): &&(String, String)| home == "*" || home == namespace;
        self.hosts.iter().filter(fits).map(|(_, host)| host.as_str())
    }
}

/// The servers of Istio's Gateway.
pub(super) fn of_istio(typed: &Typed<Gateway>) -> Vec<Door> {
    let key = &typed.document.key;
    let servers = typed.spec.servers.iter().enumerate();
    servers.map(|(at, server)| of_server(typed, key, at, server)).collect()
}

fn of_server(typed: &Typed<Gateway>, key: &ObjectKey, at: usize, server: &Server) -> Door {
    let protocol = match server.port.protocol.to_ascii_uppercase().as_str() {
        "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" | "HTTP_PROXY" => Protocol::Http,
        "HTTPS" => Protocol::Https,
        _ => Protocol::Bytes,
    };
    // A mode that is not said is the first of the enumeration: TLS is passed on.
    let mode = server.tls.as_ref().map(|tls| match tls.mode.as_str() {
        "SIMPLE" => Mode::Terminate,
        "OPTIONAL_MUTUAL" => Mode::Optional,
        "MUTUAL" => Mode::Mutual,
        "ISTIO_MUTUAL" => Mode::Mesh,
        _ => Mode::Pass,
    });
    let secret = server.tls.as_ref().map(|tls| tls.credential_name.clone());
    let hosts = server.hosts.iter().map(|host| match host.split_once('/') {
        Some((".", host)) => (key.namespace.clone(), host.to_ascii_lowercase()),
        Some((namespace, host)) => (namespace.to_owned(), host.to_ascii_lowercase()),
        None => ("*".to_owned(), host.to_ascii_lowercase()),
    });
    Door {
        key: key.clone(),
        path: format!("spec.servers[{at}]"),
        gateway: format!("{}/{}", key.namespace, key.name),
        name: key.name.clone(),
        namespace: key.namespace.clone(),
        created: typed.document.created.unwrap_or(i64::MAX),
        opener: Opener::Labels(typed.spec.selector.clone()),
        managed: false,
        api: false,
        port: server.port.number,
        // Passed on as it is, what is in the TLS is not read.
        protocol: if mode == Some(Mode::Pass) && protocol == Protocol::Https { Protocol::Bytes } else { protocol },
        tls: mode,
        secret: secret.filter(|name| !name.is_empty() && !name.contains("://")).map(|name| (None, name)),
        inward: server.bind.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        redirect: server.tls.as_ref().is_some_and(|tls| tls.https_redirect),
        hosts: hosts.collect(),
    }
}

/// Whether istiod carries out gateways of a class by itself. Where the class is not there to be read, its name says it.
pub(super) fn is_ours(api: &Api, class: &str) -> bool {
    api.controller(class).map_or(class == "istio", |controller| controller == CONTROLLER)
}

/// The listeners of Kubernetes Gateways; each is a Gateway of its own to istiod.
pub(super) fn of_api(api: &Api) -> Vec<Door> {
    let ours = api.gateways.iter().filter(|g| is_ours(api, &g.spec.gateway_class_name));
    ours.flat_map(|gateway| api.openings(gateway)).filter_map(|opening| of_opening(&opening)).collect()
}

fn of_opening(opening: &Opening) -> Option<Door> {
    let listener = opening.listener;
    let says = |name: &str| listener.tls.as_ref().and_then(|tls| tls.options.get(name)).map(String::as_str);
    let mode = listener.tls.as_ref().map(|tls| match tls.mode.as_deref() {
        Some("Passthrough") => Mode::Pass,
        _ => match says("gateway.istio.io/tls-terminate-mode") {
            Some("MUTUAL") => Mode::Mutual,
            Some("ISTIO_MUTUAL") => Mode::Mesh,
            _ => Mode::Terminate,
        },
    });
    let protocol = match (listener.protocol.as_str(), mode) {
        ("HTTP", _) => Protocol::Http,
        ("HTTPS", Some(Mode::Pass)) | ("TLS", Some(_)) | ("TCP", _) => Protocol::Bytes,
        ("HTTPS", Some(_)) => Protocol::Https,
        // Without a word on TLS there is nothing to open; other protocols are not served.
        _ => return None,
    };
    let (namespace, name) = internal(opening);
    let hosts = match &opening.namespaces {
        None => vec![("*".to_owned(), opening.hostname().to_ascii_lowercase())],
        Some(all) => all.iter().map(|n| (n.clone(), opening.hostname().to_ascii_lowercase())).collect(),
    };
    let managed = is_managed(&opening.gateway.spec);
    Some(Door {
        key: opening.owner.key.clone(),
        path: opening.path(),
        gateway: format!("{namespace}/{name}"),
        created: opening.owner.created.unwrap_or(i64::MAX),
        opener: Opener::Services(opening.gateway.document.key.namespace.clone(), services(opening.gateway)),
        managed,
        api: true,
        port: opening.port,
        protocol,
        tls: if listener.protocol == "TCP" { None } else { mode },
        secret: listener.tls.as_ref().and_then(|tls| tls.certificate_refs.first()).map(|secret| {
            let home = secret.namespace.clone().unwrap_or_else(|| opening.owner.key.namespace.clone());
            (Some(home), secret.name.clone())
        }),
        inward: false,
        redirect: false,
        hosts,
        name,
        namespace,
    })
}

/// (namespace, name) of the Gateway that istiod derives from a listener.
/// Upstream: istio/istio pkg/config/gateway/kube/gatewayapi.go, InternalGatewayName.
pub(super) fn internal(opening: &Opening) -> (String, String) {
    let owner = &opening.owner.key;
    let name = format!("{}~istio-autogenerated-k8s-gateway~{}", owner.name, opening.listener.name);
    (owner.namespace.clone(), name)
}

/// Upstream: istio/istio pilot/pkg/config/kube/gatewaycommon/gateway_utils.go, IsManaged.
fn is_managed(spec: &ApiGateway) -> bool {
    match spec.addresses.as_slice() {
        [] => true,
        [only] => only.kind.as_deref().is_none_or(|kind| kind == "IPAddress"),
        _ => false,
    }
}

/// Name of the service, deployment and account that istiod makes. Upstream: gateway_utils.go, GetDefaultName.
fn deployed_as(gateway: &Typed<ApiGateway>) -> String {
    let annotations = &gateway.document.annotations;
    let default = || format!("{}-{}", gateway.document.key.name, gateway.spec.gateway_class_name);
    annotations.get("gateway.istio.io/name-override").map(str::to_owned).unwrap_or_else(default)
}

/// Full names of the services by which a gateway is reached. Upstream: conversion.go, extractGatewayServices.
fn services(gateway: &Typed<ApiGateway>) -> Vec<String> {
    let namespace = &gateway.document.key.namespace;
    if is_managed(&gateway.spec) {
        return vec![service_host(namespace, &deployed_as(gateway))];
    }
    let named = gateway.spec.addresses.iter().filter(|a| a.kind.as_deref().is_none_or(|kind| kind == "Hostname"));
    let full = |value: &String| if value.contains('.') { value.clone() } else { service_host(namespace, value) };
    named.map(|a| full(&a.value)).collect()
}

/// The service and the pod that istiod makes for each gateway that it deploys, as far as they decide.
/// Upstream: istio/istio manifests/charts/istio-control/istio-discovery/files/kube-gateway.yaml.
pub(super) fn promised(api: &Api) -> Vec<(String, Service, Pod)> {
    let ours = api.gateways.iter().filter(|g| is_ours(api, &g.spec.gateway_class_name) && is_managed(&g.spec));
    ours.map(|gateway| {
        let (namespace, name) = (gateway.document.key.namespace.clone(), gateway.document.key.name.clone());
        let deployed = deployed_as(gateway);
        let account = gateway.document.annotations.get("gateway.istio.io/service-account").map(str::to_owned);
        let labels: Labels = [("gateway.networking.k8s.io/gateway-name".to_owned(), name.clone())].into();
        let port = |o: Opening| ServicePort { name: o.listener.name.clone(), port: o.port, ..ServicePort::default() };
        let service = Service {
            namespace: namespace.clone(),
            name: deployed.clone(),
            selector: labels.clone(),
            ports: api.openings(gateway).into_iter().map(port).collect(),
            ..Service::default()
        };
        let pod = Pod {
            namespace,
            name: deployed.clone(),
            labels,
            workload: ("Deployment".into(), deployed.clone()),
            service_account: account.unwrap_or(deployed),
            ready: true,
            ..Pod::default()
        };
        (name, service, pod)
    })
    .collect()
}
