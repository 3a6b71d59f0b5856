//! Which host of the registry an authority names for a caller's proxy.
//! Upstream: istio/istio pilot/pkg/networking/core/httproute.go, generateVirtualHostDomains, GenerateAltVirtualHosts. Ports are ignored.

use std::net::IpAddr;

use mesh::Resolved;

use crate::kinds::sidecar::Scope;
use crate::read::Index;
use crate::read::hosts::{of_authority, service_host};
use crate::read::registry::Host;

/// A host by the name that a request asks for it with.
#[derive(Clone, Debug)]
pub(crate) struct Named<'a> {
    pub host: Host<'a>,
    /// The full name of the ExternalName Service that stands for it, where that was asked for.
    pub alias: Option<String>,
}

impl<'a> Named<'a> {
    /// By its own name.
    pub fn plainly(host: Host<'a>) -> Self {
        Self { host, alias: None }
    }
}

/// What an authority says of the host: without port, in lower case.
pub(crate) fn domain(authority: &str) -> String {
    mesh::split_port(authority).0.to_ascii_lowercase()
}

impl Index {
    /// The host that an authority names, as far as this scope sees it; whether it has the port is not asked.
    pub fn named<'a>(&'a self, scope: &Scope, authority: &str, caller: &str) -> Option<Named<'a>> {
        let domain = domain(authority);
        if domain.parse::<IpAddr>().is_ok() {
            return self.at_address(scope, &domain, caller).map(Named::plainly);
        }
        // Only a name in full may end in a dot.
        let full = match domain.strip_suffix('.') {
            Some(full) => full.to_owned(),
            None => of_authority(&domain, caller),
        };
        if let Some(service) = self.service_called(&full) {
            let host = self.host(scope, &full, caller)?;
            return Some(Named { host, alias: (service.kind == "ExternalName").then_some(full) });
        }
        let entry = self.host(scope, domain.strip_suffix('.').unwrap_or(&domain), caller);
        entry.map(Named::plainly).or_else(|| self.of_a_pod(scope, &domain, caller))
    }

    /// A Service or ServiceEntry by an address of its own.
    fn at_address<'a>(&'a self, scope: &Scope, address: &str, caller: &str) -> Option<Host<'a>> {
        if let Resolved::Service(service) = self.places.resolve(address, caller) {
            return self.host(scope, &service_host(&service.namespace, &service.name), caller);
        }
        let mut all = self.service_entries.all().filter(|t| t.spec.addresses.iter().any(|a| a == address));
        all.find_map(|typed| self.host(scope, typed.spec.hosts.first()?, caller))
    }

    /// Below the names of a Service without an address of its own stand those of its pods.
    fn of_a_pod<'a>(&'a self, scope: &Scope, domain: &str, caller: &str) -> Option<Named<'a>> {
        let mut rest = domain;
        while let Some((_, after)) = rest.split_once('.') {
            rest = after;
            let full = of_authority(rest, caller);
            if self.service_called(&full).is_some_and(|service| service.is_headless()) {
                return self.host(scope, &full, caller).map(Named::plainly);
            }
        }
        None
    }
}
