//! A world that writes down what is read of it. Readings hold a world only so: nothing can be read past it.

use std::sync::Arc;

use world::{
    Coverage, Difference, Document, Namespace, ObjectKey, Said, Service, ServiceAccount, Step, Workload, World,
};

use crate::log::{Dep, Log, Touched};
use crate::unreadable;

/// A world as a reading holds it. Pods are asked of [`crate::Places`], typed specs of a [`crate::Shelf`].
#[derive(Clone, Debug, Default)]
pub struct Lens {
    world: World,
    log: Log,
}

impl Lens {
    /// A world, with nobody who writes down.
    pub fn of(world: &World) -> Self {
        Self { world: world.clone(), log: Log::default() }
    }

    /// What no longer reads as it did, pods aside.
    pub(crate) fn touches(difference: &Difference, touched: &mut Touched) {
        for o in difference.namespaces.iter().flat_map(either) {
            touched.object("", "Namespace", "", &o.name);
        }
        for o in difference.services.iter().flat_map(either) {
            touched.object("", "Service", &o.namespace, &o.name);
        }
        for o in difference.accounts.iter().flat_map(either) {
            touched.object("", "ServiceAccount", &o.namespace, &o.name);
        }
        for o in difference.workloads.iter().flat_map(either) {
            touched.object("apps", "Deployment", &o.namespace, &o.name);
        }
        for o in difference.documents.iter().flat_map(either) {
            touched.object(&o.key.group, &o.key.kind, &o.key.namespace, &o.key.name);
        }
        for (group, kind) in &difference.coverage {
            touched.add(Dep::coverage(group, kind));
        }
    }

    /// The same, writing down in this log.
    #[must_use]
    pub fn listening(&self, log: &Log) -> Self {
        Self { world: self.world.clone(), log: log.clone() }
    }

    /// Where it writes down.
    pub fn log(&self) -> &Log {
        &self.log
    }

    fn one(&self, group: &str, kind: &str, namespace: &str, name: &str) {
        self.log.note(group, kind, || Dep::one(group, kind, namespace, name));
    }

    fn every(&self, group: &str, kind: &str) {
        self.log.note(group, kind, || Dep::every(group, kind));
    }

    fn within(&self, group: &str, kind: &str, namespace: &str) {
        self.log.note(group, kind, || Dep::within(group, kind, namespace));
    }

    /// A namespace.
    pub fn namespace(&self, name: &str) -> Option<&Arc<Namespace>> {
        self.one("", "Namespace", "", name);
        self.world.namespace(name)
    }

    /// All namespaces by name.
    pub fn namespaces(&self) -> impl Iterator<Item = &Arc<Namespace>> {
        self.every("", "Namespace");
        self.world.namespaces()
    }

    /// A service.
    pub fn service(&self, namespace: &str, name: &str) -> Option<&Arc<Service>> {
        self.one("", "Service", namespace, name);
        self.world.service(namespace, name)
    }

    /// All services by namespace and name.
    pub fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.every("", "Service");
        self.world.services()
    }

    /// The services of one namespace.
    pub fn services_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Service>> {
        self.within("", "Service", namespace);
        self.world.services_in(namespace)
    }

    /// A service account.
    pub fn service_account(&self, namespace: &str, name: &str) -> Option<&Arc<ServiceAccount>> {
        self.one("", "ServiceAccount", namespace, name);
        self.world.service_account(namespace, name)
    }

    /// A Deployment, StatefulSet or DaemonSet.
    pub fn workload(&self, namespace: &str, name: &str) -> Option<&Arc<Workload>> {
        self.one("apps", "Deployment", namespace, name);
        self.world.workload(namespace, name)
    }

    /// All workloads by namespace and name.
    pub fn workloads(&self) -> impl Iterator<Item = &Arc<Workload>> {
        self.every("apps", "Deployment");
        self.world.workloads()
    }

    /// A document, whole.
    pub fn document(&self, key: &ObjectKey) -> Option<&Arc<Document>> {
        self.one(&key.group, &key.kind, &key.namespace, &key.name);
        self.world.document(key)
    }

    /// The documents of one kind, by namespace and name.
    pub fn documents_of<'a>(&'a self, group: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Arc<Document>> {
        self.every(group, kind);
        self.world.documents_of(group, kind)
    }

    /// The documents of one kind in one namespace, by name.
    pub fn documents_in<'a>(
        &'a self,
        group: &'a str,
        kind: &'a str,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a Arc<Document>> {
        self.within(group, kind, namespace);
        self.world.documents_in(group, kind, namespace)
    }

    /// What is known of a kind.
    pub fn coverage(&self, group: &str, kind: &str) -> Coverage {
        self.log.note(group, kind, || Dep::coverage(group, kind));
        self.world.coverage(group, kind)
    }

    /// Why one of these kinds cannot be read; `None` where all can.
    pub fn unreadable(&self, kinds: &[(&str, &str)]) -> Option<Said> {
        kinds.iter().find_map(|(group, kind)| {
            self.log.note(group, kind, || Dep::coverage(group, kind));
            unreadable(&self.world, group, kind)
        })
    }
}

/// The object as it was and as it is, as far as it was and is there.
pub(crate) fn either<T>((was, is): &Step<T>) -> impl Iterator<Item = &Arc<T>> {
    was.iter().chain(is)
}
