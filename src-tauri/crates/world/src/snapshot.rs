//! The world: all objects at one revision, cheap to clone, changed by building the next one.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Change, Document, Namespace, Object, ObjectKey, Pod, Service, ServiceAccount, Workload};

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
    Stale(String),
}

type Names = (String, String);

/// An immutable snapshot of one cluster at one revision. Clones share everything that did not change.
#[derive(Clone, Debug, Default)]
pub struct World {
    revision: u64,
    namespaces: Arc<BTreeMap<String, Arc<Namespace>>>,
    services: Arc<BTreeMap<Names, Arc<Service>>>,
    accounts: Arc<BTreeMap<Names, Arc<ServiceAccount>>>,
    pods: Arc<BTreeMap<Names, Arc<Pod>>>,
    workloads: Arc<BTreeMap<Names, Arc<Workload>>>,
    documents: Arc<BTreeMap<ObjectKey, Arc<Document>>>,
    coverage: Arc<BTreeMap<(String, String), Coverage>>,
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
        Arc::make_mut(&mut next.coverage).insert((group.into(), kind.into()), coverage);
        next
    }

    /// What is known of a kind. Worlds read from files cover every kind that was never set.
    pub fn coverage(&self, group: &str, kind: &str) -> Coverage {
        self.coverage.get(&(group.into(), kind.into())).cloned().unwrap_or(Coverage::Ready)
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
        self.services.get(&(namespace.into(), name.into()))
    }

    /// The services of one namespace.
    pub fn services_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Service>> {
        let start = (namespace.to_owned(), String::new());
        self.services.range(start..).map(|(_, service)| service).take_while(move |s| s.namespace == namespace)
    }

    /// A service account.
    pub fn service_account(&self, namespace: &str, name: &str) -> Option<&Arc<ServiceAccount>> {
        self.accounts.get(&(namespace.into(), name.into()))
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
        let start = (namespace.to_owned(), String::new());
        self.pods.range(start..).take_while(move |((ns, _), _)| ns == namespace).map(|(_, pod)| pod)
    }

    /// A pod.
    pub fn pod(&self, namespace: &str, name: &str) -> Option<&Arc<Pod>> {
        self.pods.get(&(namespace.into(), name.into()))
    }

    /// All workloads by namespace and name.
    pub fn workloads(&self) -> impl Iterator<Item = &Arc<Workload>> {
        self.workloads.values()
    }

    /// A workload.
    pub fn workload(&self, namespace: &str, name: &str) -> Option<&Arc<Workload>> {
        self.workloads.get(&(namespace.into(), name.into()))
    }

    /// All documents in the order of their keys: group, kind, namespace, name.
    pub fn documents(&self) -> impl Iterator<Item = &Arc<Document>> {
        self.documents.values()
    }

    /// The documents of one kind, by namespace and name.
    pub fn documents_of<'a>(&'a self, group: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Arc<Document>> {
        let start = ObjectKey::new(group, kind, "", "");
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
        let start = ObjectKey::new(group, kind, namespace, "");
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
            Object::Namespace(o) => drop(Arc::make_mut(&mut self.namespaces).insert(o.name.clone(), Arc::new(o))),
            Object::Service(o) => {
                drop(Arc::make_mut(&mut self.services).insert((o.namespace.clone(), o.name.clone()), Arc::new(o)));
            }
            Object::ServiceAccount(o) => {
                drop(Arc::make_mut(&mut self.accounts).insert((o.namespace.clone(), o.name.clone()), Arc::new(o)));
            }
            Object::Pod(o) => {
                drop(Arc::make_mut(&mut self.pods).insert((o.namespace.clone(), o.name.clone()), Arc::new(o)));
            }
            Object::Workload(o) => {
                drop(Arc::make_mut(&mut self.workloads).insert((o.namespace.clone(), o.name.clone()), Arc::new(o)));
            }
            Object::Document(o) => drop(Arc::make_mut(&mut self.documents).insert(o.key.clone(), Arc::new(o))),
        }
    }

    fn delete(&mut self, key: &ObjectKey) {
        let names = (key.namespace.clone(), key.name.clone());
        match (key.group.as_str(), key.kind.as_str()) {
            ("", "Namespace") => drop(Arc::make_mut(&mut self.namespaces).remove(&key.name)),
            ("", "Service") => drop(Arc::make_mut(&mut self.services).remove(&names)),
            ("", "ServiceAccount") => drop(Arc::make_mut(&mut self.accounts).remove(&names)),
            ("", "Pod") => drop(Arc::make_mut(&mut self.pods).remove(&names)),
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet") => {
                drop(Arc::make_mut(&mut self.workloads).remove(&names));
            }
            _ => drop(Arc::make_mut(&mut self.documents).remove(key)),
        }
    }
}
