//! The hosts that proxies know: Kubernetes services and ServiceEntries.

use std::sync::Arc;

use world::{Service, ServicePort};

use crate::kinds::Typed;
use crate::kinds::destination_rule::decide::exported_to;
use crate::kinds::service_entry::ServiceEntry;
use crate::kinds::sidecar::Scope;
use crate::read::Index;
use crate::read::hosts::{is_wildcard, service_host, service_of, wildcard_matches};

/// A host of the registry.
#[derive(Clone, Debug)]
pub(crate) enum Host<'a> {
    /// A Kubernetes service.
    Service(Arc<Service>),
    /// A ServiceEntry, with the host of it that fits.
    Entry(&'a Typed<ServiceEntry>, String),
}

/// How a port is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    /// Requests are routed.
    Http,
    /// Nobody said; the proxy looks at the first bytes.
    Sniffed,
    /// Bytes are forwarded.
    Tcp,
}

impl Host<'_> {
    /// Full name.
    pub fn name(&self) -> String {
        match self {
            Self::Service(s) => service_host(&s.namespace, &s.name),
            Self::Entry(_, host) => host.clone(),
        }
    }

    /// Namespace of its object.
    pub fn namespace(&self) -> &str {
        match self {
            Self::Service(s) => &s.namespace,
            Self::Entry(typed, _) => &typed.document.key.namespace,
        }
    }

    /// (namespace, service) for answers, or ("", host).
    pub fn answer_name(&self) -> (String, String) {
        match self {
            Self::Service(s) => (s.namespace.clone(), s.name.clone()),
            Self::Entry(_, host) => (String::new(), host.clone()),
        }
    }

    /// How this port is taken; `None` where it has no such port.
    pub fn speech(&self, port: u16) -> Option<Speech> {
        match self {
            Self::Service(s) => s.ports.iter().find(|p| p.port == port).map(speech),
            Self::Entry(typed, _) => {
                let found = typed.spec.ports.iter().find(|p| p.number == port)?;
                Some(if found.is_http() { Speech::Http } else { Speech::Tcp })
            }
        }
    }
}

/// Upstream: istio/istio pkg/config/kube/conversion.go, ConvertProtocol: appProtocol, then the name up to its first dash.
pub(crate) fn speech(port: &ServicePort) -> Speech {
    let said = port.app_protocol.as_deref().unwrap_or(&port.name).to_ascii_lowercase();
    let said = said.strip_prefix("kubernetes.io/").unwrap_or(&said);
    let word = match said {
        "grpc-web" => "grpc",
        other if other.starts_with("grpc-web-") => "grpc",
        other => other.split('-').next().unwrap_or_default(),
    };
    if port.protocol == "UDP" {
        return Speech::Tcp;
    }
    match word {
        "http" | "http2" | "grpc" | "h2c" | "ws" => Speech::Http,
        "tcp" | "tls" | "https" | "mongo" | "mysql" | "redis" | "udp" => Speech::Tcp,
        // Upstream: pkg/config/kube/conversion.go, wellKnownPorts: servers that speak first cannot be sniffed.
        _ if matches!(port.port, 25 | 53 | 3306 | 27017) => Speech::Tcp,
        _ => Speech::Sniffed,
    }
}

impl Index {
    /// A host as a proxy in this scope knows it.
    pub fn host<'a>(&'a self, scope: &Scope, host: &str, caller: &str) -> Option<Host<'a>> {
        if let Some((namespace, name)) = service_of(host)
            && let Some(service) = self.places.service(namespace, name)
            && exported(service, caller)
            && service.kind != "ExternalName"
        {
            return scope.sees(namespace, host).then(|| Host::Service(service.clone()));
        }
        let visible = |typed: &&Typed<ServiceEntry>| {
            let home = &typed.document.key.namespace;
            exported_to(&typed.spec.export_to, home, caller)
                && typed.spec.hosts.iter().any(|h| h.eq_ignore_ascii_case(host) || wildcard_matches(h, host))
                && scope.sees(home, host)
        };
        let exact = |typed: &&Typed<ServiceEntry>| typed.spec.hosts.iter().any(|h| h.eq_ignore_ascii_case(host));
        let mut all = self.entries_for(host).filter(visible);
        let typed = all.clone().find(exact).or_else(|| all.next())?;
        let wild = typed.spec.hosts.iter().find(|h| is_wildcard(h) && wildcard_matches(h, host));
        let name = if exact(&typed) { host.to_owned() } else { wild.cloned().unwrap_or_default() };
        Some(Host::Entry(typed, name))
    }

    /// Whether any host of the registry is called so, or fits where a pattern is asked for.
    pub fn knows(&self, host: &str) -> bool {
        if is_wildcard(host) {
            let service = |s: &Arc<Service>| wildcard_matches(host, &service_host(&s.namespace, &s.name));
            let entry = |t: &Typed<ServiceEntry>| t.spec.hosts.iter().any(|h| wildcard_matches(host, h));
            return self.world.services().any(service) || self.service_entries.all().any(entry);
        }
        let service = service_of(host).is_some_and(|(namespace, name)| self.places.service(namespace, name).is_some());
        let mut names = self.entries_for(host).flat_map(|t| &t.spec.hosts);
        service || names.any(|h| h.eq_ignore_ascii_case(host) || wildcard_matches(h, host))
    }

    /// Whether a host that is known is shown to a namespace.
    pub fn shows(&self, host: &str, caller: &str) -> bool {
        if let Some(service) = service_of(host).and_then(|(namespace, name)| self.world.service(namespace, name))
            && exported(service, caller)
        {
            return true;
        }
        let fits = |h: &String| h.eq_ignore_ascii_case(host) || wildcard_matches(h, host) || wildcard_matches(host, h);
        let seen = |t: &&Typed<ServiceEntry>| exported_to(&t.spec.export_to, &t.document.key.namespace, caller);
        is_wildcard(host) || self.entries_for(host).filter(seen).any(|t| t.spec.hosts.iter().any(fits))
    }

    /// Whether a proxy in this scope routes requests on this port at all, whatever address they go to.
    pub fn routes_port(&self, scope: &Scope, port: u16, caller: &str) -> bool {
        let service = self
            .http_services(port)
            .iter()
            .any(|s| exported(s, caller) && scope.sees(&s.namespace, &service_host(&s.namespace, &s.name)));
        service
            || self.service_entries.all().any(|typed| {
                exported_to(&typed.spec.export_to, &typed.document.key.namespace, caller)
                    && typed.spec.ports.iter().any(|p| p.number == port && p.is_http())
                    && typed.spec.hosts.iter().any(|h| scope.sees(&typed.document.key.namespace, h))
            })
    }
}

/// The annotation by which a Service hides from other namespaces.
fn exported(service: &Service, caller: &str) -> bool {
    let to = service.annotations.get("networking.istio.io/exportTo");
    let to: Vec<String> = to.map(|t| t.split(',').map(|p| p.trim().to_owned()).collect()).unwrap_or_default();
    exported_to(&to, &service.namespace, caller)
}
