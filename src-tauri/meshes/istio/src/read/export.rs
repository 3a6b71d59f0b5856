//! Whom an object is shown to: the namespaces of its `exportTo`, and where it names none, those that the mesh's own settings name for its kind.
//! Upstream: istio/istio pilot/pkg/model/push_context.go, serviceExportTo, initServiceRegistry, initVirtualServices, initDefaultExportMaps;
//! virtualservice_controller.go, convertExportToSet, copyDefaultExportToSet.

use std::borrow::Cow;

use world::Service;

use crate::kinds::Typed;
use crate::kinds::service_entry::ServiceEntry;
use crate::kinds::virtual_service::spec::VirtualService;
use crate::read::Index;

/// The annotation by which a Service says it.
const ANNOTATION: &str = "networking.istio.io/exportTo";

/// Whom an object of a namespace is shown to.
pub(crate) struct Shown<'a> {
    to: Cow<'a, [String]>,
    home: &'a str,
}

impl<'a> Shown<'a> {
    fn new(said: &'a [String], default: &'a [String], home: &'a str) -> Self {
        Self { to: Cow::Borrowed(if said.is_empty() { default } else { said }), home }
    }

    /// Callers of every namespace see it. Where nobody says anything, they do.
    pub fn is_public(&self) -> bool {
        self.to.is_empty() || self.says("*")
    }

    /// Nobody sees it.
    pub fn is_hidden(&self) -> bool {
        !self.is_public() && self.says("~")
    }

    /// Callers of a namespace see it.
    pub fn to(&self, caller: &str) -> bool {
        self.is_public() || (!self.is_hidden() && self.names().any(|to| to == caller))
    }

    /// Somebody sees both.
    pub fn meets(&self, other: &Self) -> bool {
        let one = |a: &Self, b: &Self| !b.is_hidden() && a.names().any(|to| b.to(to));
        (self.is_public() && !other.is_hidden()) || one(self, other) || one(other, self)
    }

    /// The namespaces that are named, where they are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.to.iter().map(|to| if to == "." { self.home } else { to })
    }

    fn says(&self, what: &str) -> bool {
        self.to.iter().any(|to| to == what)
    }
}

impl Index {
    /// Whom a VirtualService is shown to.
    pub fn rules_shown<'a>(&'a self, typed: &'a Typed<VirtualService>) -> Shown<'a> {
        let default = &self.settings.default_virtual_service_export_to;
        Shown::new(&typed.spec.export_to, default, &typed.document.key.namespace)
    }

    /// Whom rules are shown to that say nothing of it, as routes of the Gateway API do.
    pub fn routes_shown<'a>(&'a self, home: &'a str) -> Shown<'a> {
        Shown::new(&[], &self.settings.default_virtual_service_export_to, home)
    }

    /// Whom a ServiceEntry is shown to.
    pub fn entry_shown<'a>(&'a self, typed: &'a Typed<ServiceEntry>) -> Shown<'a> {
        let default = &self.settings.default_service_export_to;
        Shown::new(&typed.spec.export_to, default, &typed.document.key.namespace)
    }

    /// Whom a Service is shown to.
    pub fn service_shown<'a>(&'a self, service: &'a Service) -> Shown<'a> {
        let said = |to: &str| to.split(',').map(|part| part.trim().to_owned()).collect();
        match service.annotations.get(ANNOTATION).map(said) {
            Some(to) => Shown { to: Cow::Owned(to), home: &service.namespace },
            None => Shown::new(&[], &self.settings.default_service_export_to, &service.namespace),
        }
    }
}
