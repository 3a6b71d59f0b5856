//! The world: all objects at one revision, cheap to clone, changed by building the next one.

use std::sync::Arc;

use imbl::OrdMap;

use crate::{Change, Document, Namespace, Object, ObjectKey, Pod, Said, Service, ServiceAccount, Workload};

/// What is known of a kind in this cluster. Everything that depends on a kind that is not `Ready` says so.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Coverage {
    /// The first list has not arrived.
    #[default]
    Loading,
    /// Listed and watched.
    Ready,
    /// The user may not read it; the verb that is missing.
    Denied(String),
    /// The API server does not serve this kind.
    Missing,
    /// It is never read from a cluster, whatever the user may do: the content of Secrets.
    Withheld,
    /// Was ready; the link is down since, because of this.
    Stale(Said),
}

/// (namespace, name), shared by every world that has the object.
type Names = Arc<(String, String)>;

/// An immutable snapshot of one cluster at one revision. Worlds share everything in which they do not differ, so one that differs in an
/// object costs as much as that object, and what differs between two is found without looking at the rest ([`World::since`]).
#[derive(Clone, Debug, Default)]
pub struct World {
    revision: u64,
    pub(crate) namespaces: OrdMap<Arc<str>, Arc<Namespace>>,
    pub(crate) services: OrdMap<Names, Arc<Service>>,
    pub(crate) accounts: OrdMap<Names, Arc<ServiceAccount>>,
    pub(crate) pods: OrdMap<Names, Arc<Pod>>,
    pub(crate) workloads: OrdMap<Names, Arc<Workload>>,
    pub(crate) documents: OrdMap<Arc<ObjectKey>, Arc<Document>>,
    pub(crate) coverage: OrdMap<(String, String), Coverage>,
}

impl World {
    /// An empty world at revision 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Grows by one with every batch of changes; answers say which revision they belong to.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The world after these changes, one revision later.
    #[must_use]
    pub fn after(&self, changes: impl IntoIterator<Item = Change>) -> Self {
        let mut next = self.clone();
        next.revision += 1;
        for change in changes {
            match change {
                Change::Put(object) => next.put(object),
                Change::Delete(key) => next.delete(&key),
            }
        }
        next
    }

    /// The world with this kind's coverage set.
    #[must_use]
    pub fn covering(&self, group: &str, kind: &str, coverage: Coverage) -> Self {
        let mut next = self.clone();
        next.revision += 1;
        next.coverage.insert((group.into(), kind.into()), coverage);
        next
    }

    /// What is known of a kind. Worlds read from files cover every kind that was never set.
    pub fn coverage(&self, group: &str, kind: &str) -> Coverage {
        self.told(group, kind).cloned().unwrap_or(Coverage::Ready)
    }

    /// What was said of a kind; `None` where nothing was, as of worlds that are read from files.
    pub fn told(&self, group: &str, kind: &str) -> Option<&Coverage> {
        self.coverage.get(&(group.to_owned(), kind.to_owned()))
    }

    /// Every kind whose coverage was set, with it.
    pub fn coverages(&self) -> impl Iterator<Item = (&str, &str, &Coverage)> {
        self.coverage.iter().map(|((group, kind), coverage)| (group.as_str(), kind.as_str(), coverage))
    }

    /// All namespaces by name.
    pub fn namespaces(&self) -> impl Iterator<Item = &Arc<Namespace>> {
        self.namespaces.values()
    }

    /// A namespace.
    pub fn namespace(&self, name: &str) -> Option<&Arc<Namespace>> {
        self.namespaces.get(name)
    }

    /// All services by namespace and name.
    pub fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.services.values()
    }

    /// A service.
    pub fn service(&self, namespace: &str, name: &str) -> Option<&Arc<Service>> {
        self.services.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// The services of one namespace.
    pub fn services_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Service>> {
        let start = names(namespace, "");
        self.services.range(start..).map(|(_, service)| service).take_while(move |s| s.namespace == namespace)
    }

    /// A service account.
    pub fn service_account(&self, namespace: &str, name: &str) -> Option<&Arc<ServiceAccount>> {
        self.accounts.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// All service accounts.
    pub fn service_accounts(&self) -> impl Iterator<Item = &Arc<ServiceAccount>> {
        self.accounts.values()
    }

    /// All pods by namespace and name.
    pub fn pods(&self) -> impl Iterator<Item = &Arc<Pod>> {
        self.pods.values()
    }

    /// The pods of one namespace.
    pub fn pods_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Pod>> {
        let start = names(namespace, "");
        self.pods.range(start..).map(|(_, pod)| pod).take_while(move |pod| pod.namespace == namespace)
    }

    /// A pod.
    pub fn pod(&self, namespace: &str, name: &str) -> Option<&Arc<Pod>> {
        self.pods.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// All workloads by namespace and name.
    pub fn workloads(&self) -> impl Iterator<Item = &Arc<Workload>> {
        self.workloads.values()
    }

    /// A workload.
    pub fn workload(&self, namespace: &str, name: &str) -> Option<&Arc<Workload>> {
        self.workloads.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// All documents in the order of their keys: group, kind, namespace, name.
    pub fn documents(&self) -> impl Iterator<Item = &Arc<Document>> {
        self.documents.values()
    }

    /// The documents of one kind, by namespace and name.
    pub fn documents_of<'a>(&'a self, group: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Arc<Document>> {
        let start = Arc::new(ObjectKey::new(group, kind, "", ""));
        self.documents
            .range(start..)
            .take_while(move |(key, _)| key.group == group && key.kind == kind)
            .map(|(_, document)| document)
    }

    /// The documents of one kind in one namespace, by name.
    pub fn documents_in<'a>(
        &'a self,
        group: &'a str,
        kind: &'a str,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a Arc<Document>> {
        let start = Arc::new(ObjectKey::new(group, kind, namespace, ""));
        self.documents
            .range(start..)
            .map(|(_, document)| document)
            .take_while(move |d| d.key.group == group && d.key.kind == kind && d.key.namespace == namespace)
    }

    /// A document.
    pub fn document(&self, key: &ObjectKey) -> Option<&Arc<Document>> {
        self.documents.get(key)
    }

    fn put(&mut self, object: Object) {
        match object {
            Object::Namespace(o) => drop(self.namespaces.insert(o.name.as_str().into(), Arc::new(o))),
            Object::Service(o) => drop(self.services.insert(names(&o.namespace, &o.name), Arc::new(o))),
            Object::ServiceAccount(o) => drop(self.accounts.insert(names(&o.namespace, &o.name), Arc::new(o))),
            Object::Pod(o) => drop(self.pods.insert(names(&o.namespace, &o.name), Arc::new(o))),
            Object::Workload(o) => drop(self.workloads.insert(names(&o.namespace, &o.name), Arc::new(o))),
            Object::Document(o) => drop(self.documents.insert(Arc::new(o.key.clone()), Arc::new(o))),
        }
    }

    fn delete(&mut self, key: &ObjectKey) {
        let names = names(&key.namespace, &key.name);
        match (key.group.as_str(), key.kind.as_str()) {
            ("", "Namespace") => drop(self.namespaces.remove(key.name.as_str())),
            ("", "Service") => drop(self.services.remove(&names)),
            ("", "ServiceAccount") => drop(self.accounts.remove(&names)),
            ("", "Pod") => drop(self.pods.remove(&names)),
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet") => {
                if self.workloads.get(&names).is_some_and(|workload| workload.kind == key.kind) {
                    self.workloads.remove(&names);
                }
            }
            _ => drop(self.documents.remove(key)),
        }
    }
}

fn names(namespace: &str, name: &str) -> Names {
    Arc::new((namespace.to_owned(), name.to_owned()))
}
