//! The hosts that proxies know: Kubernetes services and ServiceEntries.

use std::sync::Arc;

use world::{Pod, Service, ServicePort};

use crate::kinds::Typed;
use crate::kinds::authorization_policy::value::block_holds;
use crate::kinds::service_entry::{EntryPort, ServiceEntry};
use crate::kinds::sidecar::Scope;
use crate::read::Index;
use crate::read::hosts::{is_wildcard, service_host, service_of, wildcard_matches};

/// A host of the registry.
#[derive(Clone, Debug)]
pub(crate) enum Host<'a> {
    /// A Kubernetes service.
    Service(Arc<Service>),
    /// A ServiceEntry, with the host of it that fits, and the others of its namespace that list the same host.
    Entry(&'a Typed<ServiceEntry>, String, Vec<&'a Typed<ServiceEntry>>),
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
    /// Bytes are forwarded, by the name that the caller asks for in the open.
    Tls,
}

impl Speech {
    /// Requests on this port are read, where they can be.
    pub fn reads_requests(self) -> bool {
        matches!(self, Self::Http | Self::Sniffed)
    }
}

impl Host<'_> {
    /// Full name.
    pub fn name(&self) -> String {
        match self {
            Self::Service(s) => service_host(&s.namespace, &s.name),
            Self::Entry(_, host, _) => host.clone(),
        }
    }

    /// Namespace of its object.
    pub fn namespace(&self) -> &str {
        match self {
            Self::Service(s) => &s.namespace,
            Self::Entry(typed, ..) => &typed.document.key.namespace,
        }
    }

    /// (namespace, service) for answers, or ("", host).
    pub fn answer_name(&self) -> (String, String) {
        match self {
            Self::Service(s) => (s.namespace.clone(), s.name.clone()),
            Self::Entry(_, host, _) => (String::new(), host.clone()),
        }
    }

    /// It has an address of its own, or one for each of its pods.
    pub fn has_address(&self) -> bool {
        match self {
            Self::Service(_) => true,
            Self::Entry(typed, ..) => !typed.spec.addresses.is_empty(),
        }
    }

    /// Its port, where it has one alone.
    pub fn only_port(&self) -> Option<u16> {
        let ports: Vec<u16> = match self {
            Self::Service(s) => s.ports.iter().map(|p| p.port).collect(),
            Self::Entry(..) => self.entry_ports().map(|p| p.number).collect(),
        };
        <[u16; 1]>::try_from(ports).ok().map(|[port]| port)
    }

    /// Its proxies do not choose among its endpoints: a connection goes to the address that its caller chose.
    /// Upstream: pilot/pkg/model/service.go, Passthrough.
    pub fn is_passthrough(&self) -> bool {
        match self {
            Self::Service(s) => s.is_headless(),
            Self::Entry(typed, ..) => matches!(typed.spec.resolution.as_str(), "" | "NONE"),
        }
    }

    /// It is outside the mesh, and nobody speaks mutual TLS to it unless told to.
    pub fn is_external(&self) -> bool {
        match self {
            Self::Service(_) => false,
            Self::Entry(typed, ..) => typed.spec.location != "MESH_INTERNAL",
        }
    }

    /// How this port is taken; `None` where it has no such port.
    pub fn speech(&self, port: u16) -> Option<Speech> {
        match self {
            Self::Service(s) => s.ports.iter().find(|p| p.port == port).map(speech),
            Self::Entry(..) => self.entry_ports().find(|p| p.number == port).map(EntryPort::speech),
        }
    }

    /// The ports of a ServiceEntry and, where they say the same of everything else, of those that list its host as well.
    /// Upstream: pilot/pkg/model/sidecar.go, appendSidecarServices, canMergeServices.
    pub fn entry_ports(&self) -> impl Iterator<Item = &EntryPort> {
        let (first, more): (Option<&ServiceEntry>, &[_]) = match self {
            Self::Service(_) => (None, &[]),
            Self::Entry(typed, _, more) => (Some(&typed.spec), more),
        };
        let alike = move |spec: &ServiceEntry| {
            first.is_some_and(|f| f.resolution == spec.resolution && f.export_to == spec.export_to)
        };
        let others = more.iter().map(|typed| &typed.spec).filter(move |spec| alike(spec));
        first.into_iter().chain(others).flat_map(|spec| &spec.ports)
    }
}

/// Upstream: istio/istio pkg/config/kube/conversion.go, ConvertProtocol: appProtocol, then the name up to its first dash.
pub(crate) fn speech(port: &ServicePort) -> Speech {
    if port.protocol == "UDP" {
        return Speech::Tcp;
    }
    let said = port.app_protocol.as_deref().unwrap_or(&port.name).to_ascii_lowercase();
    let told = match said.as_str() {
        "kubernetes.io/h2c" | "kubernetes.io/ws" if port.app_protocol.is_some() => Speech::Http,
        "kubernetes.io/wss" if port.app_protocol.is_some() => Speech::Tls,
        web if web.starts_with("grpc-web") => Speech::Http,
        other => speech_of(other.split('-').next().unwrap_or_default()),
    };
    // Upstream: pkg/config/kube/conversion.go, wellKnownPorts: servers that speak first cannot be sniffed.
    if told == Speech::Sniffed && matches!(port.port, 25 | 53 | 3306 | 27017) { Speech::Tcp } else { told }
}

/// Upstream: istio/istio pkg/config/protocol/instance.go, Parse; pilot/pkg/networking/networking.go, ModelProtocolToListenerProtocol.
pub(crate) fn speech_of(protocol: &str) -> Speech {
    match protocol.to_ascii_lowercase().as_str() {
        "http" | "http2" | "grpc" | "grpc-web" | "http_proxy" => Speech::Http,
        "tls" | "https" => Speech::Tls,
        "tcp" | "mongo" | "mysql" | "redis" | "udp" => Speech::Tcp,
        _ => Speech::Sniffed,
    }
}

impl Index {
    /// The Service whose full name this is.
    pub fn service_called(&self, host: &str) -> Option<&Arc<Service>> {
        service_of(host).and_then(|(namespace, name)| self.places.service(namespace, name))
    }

    /// A host as a proxy in this scope knows it: of several that are called so the one of its own namespace, then a Service.
    /// Upstream: istio/istio pilot/pkg/model/sidecar.go, selectServices, collectImportedServices.
    pub fn host<'a>(&'a self, scope: &Scope, host: &str, caller: &str) -> Option<Host<'a>> {
        if let Some((namespace, name)) = service_of(host)
            && let Some(service) = self.places.service(namespace, name)
            && let shown = self.service_shown(service)
            && (shown.to(caller) || (scope.is_behind_rules() && namespace == caller && !shown.is_hidden()))
        {
            let beside = || self.entry(scope, host, caller).filter(|e| e.namespace() == caller && e.name() == host);
            if namespace != caller
                && let Some(own) = beside()
            {
                return Some(own);
            }
            let seen = scope.sees(namespace, host);
            match &service.external_name {
                Some(name) if service.kind == "ExternalName" => {
                    let behind = self.behind(name).filter(|_| seen);
                    if let Some(found) = behind.and_then(|concrete| self.host(scope, &concrete, caller)) {
                        return Some(found);
                    }
                }
                _ => return seen.then(|| Host::Service(service.clone())),
            }
        }
        self.entry(scope, host, caller)
    }

    /// The host that a chain of ExternalName Services ends at; `None` where it goes round.
    /// Upstream: pilot/pkg/model/push_context.go, resolveServiceAliases.
    fn behind(&self, name: &str) -> Option<String> {
        let mut name = name.trim_end_matches('.').to_ascii_lowercase();
        for _ in 0..8 {
            match self.service_called(&name).filter(|s| s.kind == "ExternalName").and_then(|s| s.external_name.as_ref())
            {
                Some(next) => name = next.trim_end_matches('.').to_ascii_lowercase(),
                None => return Some(name),
            }
        }
        None
    }

    /// Whether a host is an ExternalName Service without this port: rules of the port do not know it.
    pub fn alias_lacks(&self, host: &str, port: u16) -> bool {
        let service = self.service_called(host);
        service.is_some_and(|s| s.kind == "ExternalName" && !s.ports.iter().any(|p| p.port == port))
    }

    /// A host of ServiceEntries: of those that list it in full, else of those with the longest pattern, first of the caller's own namespace, then
    /// those exported by name, then the oldest.
    fn entry<'a>(&'a self, scope: &Scope, host: &str, caller: &str) -> Option<Host<'a>> {
        let fitting = |typed: &Typed<ServiceEntry>| -> Option<String> {
            let hosts = || typed.spec.hosts.iter().map(|h| h.to_ascii_lowercase());
            let wild = || hosts().filter(|h| is_wildcard(h) && wildcard_matches(h, host)).max_by_key(String::len);
            hosts().find(|h| h == host).or_else(wild)
        };
        let visible = |typed: &&Typed<ServiceEntry>| {
            let home = &typed.document.key.namespace;
            self.entry_shown(typed).to(caller) && scope.sees(home, host)
        };
        let all = self.entries_for(host).filter(visible).filter_map(|typed| Some((fitting(typed)?, typed)));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(name, typed)| {
            let public = self.entry_shown(typed).is_public();
            let own = typed.document.key.namespace == caller;
            (name != host, usize::MAX - name.len(), !own, public)
        });
        let (name, first) = all.first()?.clone();
        let beside = |t: &&Typed<ServiceEntry>| {
            t.document.key != first.document.key && t.document.key.namespace == first.document.key.namespace
        };
        let mut more = Vec::new();
        for typed in all.iter().filter(|(n, _)| *n == name).map(|(_, t)| *t).filter(beside) {
            if !more.iter().any(|m: &&Typed<ServiceEntry>| m.document.key == typed.document.key) {
                more.push(typed);
            }
        }
        Some(Host::Entry(first, name, more))
    }

    /// The ServiceEntry that takes connections to an address or a name outside on this port: by its own address, else one without address whose port
    /// carries bytes, which takes them all.
    pub fn entry_at<'a>(&'a self, scope: &Scope, address: &str, port: u16, caller: &str) -> Option<Host<'a>> {
        if address.parse::<std::net::IpAddr>().is_err()
            && let Some(host) = self.host(scope, address, caller)
            && host.speech(port).is_some()
        {
            return Some(host);
        }
        let visible = |typed: &&Typed<ServiceEntry>| {
            let home = &typed.document.key.namespace;
            // A Service or another entry of the name stands for it.
            let own = |h: &str| match self.host(scope, h, caller) {
                Some(Host::Entry(first, ..)) => first.document.key.namespace == *home,
                Some(Host::Service(_)) => false,
                None => true,
            };
            self.entry_shown(typed).to(caller)
                && typed.spec.hosts.iter().any(|h| scope.sees(home, h) && own(h))
                && typed.spec.ports.iter().any(|p| p.number == port)
        };
        let addressed = |typed: &&Typed<ServiceEntry>| typed.spec.addresses.iter().any(|a| block_holds(a, address));
        let open = |typed: &&Typed<ServiceEntry>| {
            let bytes = typed.spec.ports.iter().any(|p| p.number == port && p.speech() == Speech::Tcp);
            typed.spec.addresses.is_empty() && bytes
        };
        let mut all = self.service_entries.all().filter(visible);
        let found = all.clone().find(addressed).or_else(|| all.find(open))?;
        Some(Host::Entry(found, found.spec.hosts.first()?.clone(), Vec::new()))
    }

    /// The Service without an address of its own that makes a listener for each pod: its ports carry bytes, or nobody said what.
    /// Upstream: pilot/pkg/networking/core/listener.go, buildSidecarOutboundListeners.
    pub fn headless_of<'a>(&'a self, scope: &Scope, pod: &Pod, port: u16, caller: &str) -> Option<Host<'a>> {
        let bytes = |s: &&Arc<Service>| s.ports.iter().any(|p| p.port == port && speech(p) != Speech::Http);
        let sees = |s: &&Arc<Service>| scope.sees(&s.namespace, &service_host(&s.namespace, &s.name));
        let mut all = self.services_of(pod).filter(|s| s.is_headless()).filter(bytes);
        all.find(|s| self.service_shown(s).to(caller) && sees(s)).map(|s| Host::Service(s.clone()))
    }

    /// Whether any host of the registry is called so, or fits where a pattern is asked for.
    pub fn knows(&self, host: &str) -> bool {
        if is_wildcard(host) {
            let service = |s: &Arc<Service>| wildcard_matches(host, &service_host(&s.namespace, &s.name));
            let entry = |t: &Typed<ServiceEntry>| t.spec.hosts.iter().any(|h| wildcard_matches(host, h));
            return self.world.services().any(service) || self.service_entries.all().any(entry);
        }
        let service = self.service_called(host).is_some();
        let mut names = self.entries_for(host).flat_map(|t| &t.spec.hosts);
        service || names.any(|h| h.eq_ignore_ascii_case(host) || wildcard_matches(h, host))
    }

    /// Whether a host that is known is shown to a namespace.
    pub fn shows(&self, host: &str, caller: &str) -> bool {
        if let Some(service) = service_of(host).and_then(|(namespace, name)| self.world.service(namespace, name))
            && self.service_shown(service).to(caller)
        {
            return true;
        }
        let fits = |h: &String| h.eq_ignore_ascii_case(host) || wildcard_matches(h, host) || wildcard_matches(host, h);
        let seen = |t: &&Typed<ServiceEntry>| self.entry_shown(t).to(caller);
        is_wildcard(host) || self.entries_for(host).filter(seen).any(|t| t.spec.hosts.iter().any(fits))
    }

    /// Whether a pattern fits any host of the registry that takes requests on a port.
    pub fn fits_any(&self, scope: &Scope, pattern: &str, port: u16, caller: &str) -> bool {
        let service = |s: &Arc<Service>| {
            let name = service_host(&s.namespace, &s.name);
            scope.sees(&s.namespace, &name) && self.service_shown(s).to(caller) && wildcard_matches(pattern, &name)
        };
        let entry = |typed: &Typed<ServiceEntry>| {
            let home = &typed.document.key.namespace;
            self.entry_shown(typed).to(caller)
                && typed.spec.ports.iter().any(|p| p.number == port)
                && typed.spec.hosts.iter().any(|h| scope.sees(home, h) && wildcard_matches(pattern, h))
        };
        self.http_services_for(scope, port).any(service) || self.service_entries.all().any(entry)
    }

    /// Whether a proxy in this scope routes requests on this port at all, whatever address they go to.
    pub fn routes_port(&self, scope: &Scope, port: u16, caller: &str) -> bool {
        let service = self.http_services_for(scope, port).any(|s| {
            scope.sees(&s.namespace, &service_host(&s.namespace, &s.name)) && self.service_shown(s).to(caller)
        });
        // A host of the name in another namespace stands for it.
        let taken = |host: &str, home: &str| self.host(scope, host, caller).is_some_and(|h| h.namespace() != home);
        service
            || self.service_entries.all().any(|typed| {
                self.entry_shown(typed).to(caller)
                    && typed.spec.ports.iter().any(|p| p.number == port && p.speech() == Speech::Http)
                    && typed.spec.hosts.iter().any(|h| {
                        let home = &typed.document.key.namespace;
                        scope.sees(home, h) && !taken(h, home)
                    })
            })
    }
}
