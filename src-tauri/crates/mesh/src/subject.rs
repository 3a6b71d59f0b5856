//! What rules look at, one at a time.

use std::sync::Arc;

use world::{Document, Labels, Namespace, ObjectKey, Pod, Service, Workload, World};

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum About {
    /// Documents of a (group, kind).
    Document(&'static str, &'static str),
    /// Services.
    Service,
    /// Pods that were seen.
    Pod,
    /// Deployments, StatefulSets and DaemonSets.
    Workload,
    /// Namespaces.
    Namespace,
}

impl About {
    /// (group, kind) as rules name what they read.
    pub fn kind(self) -> (&'static str, &'static str) {
        match self {
            Self::Document(group, kind) => (group, kind),
            Self::Service => ("", "Service"),
            Self::Pod => ("", "Pod"),
            Self::Workload => ("apps", "Deployment"),
            Self::Namespace => ("", "Namespace"),
        }
    }
}

/// One of them. A finding about it is a finding on it.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A document.
    Document(Arc<Document>),
    /// A service.
    Service(Arc<Service>),
    /// A pod that was seen.
    Pod(Arc<Pod>),
    /// A workload.
    Workload(Arc<Workload>),
    /// A namespace.
    Namespace(Arc<Namespace>),
}

impl Subject {
    /// The object of this name, where it is there.
    pub(crate) fn named(world: &World, key: &ObjectKey) -> Option<Self> {
        let (namespace, name) = (key.namespace.as_str(), key.name.as_str());
        match (key.group.as_str(), key.kind.as_str()) {
            ("", "Namespace") => world.namespace(name).cloned().map(Self::Namespace),
            ("", "Service") => world.service(namespace, name).cloned().map(Self::Service),
            ("", "Pod") => world.pod(namespace, name).cloned().map(Self::Pod),
            ("apps", _) => {
                let found = world.workload(namespace, name).filter(|w| w.kind == key.kind);
                found.cloned().map(Self::Workload)
            }
            _ => world.document(key).cloned().map(Self::Document),
        }
    }

    /// What it is, as rules say what they are about.
    pub(crate) fn is_about(&self, about: About) -> bool {
        match (self, about) {
            (Self::Document(o), About::Document(group, kind)) => o.key.kind == kind && o.key.group == group,
            (Self::Service(_), About::Service)
            | (Self::Pod(_), About::Pod)
            | (Self::Workload(_), About::Workload)
            | (Self::Namespace(_), About::Namespace) => true,
            _ => false,
        }
    }

    /// Its identity.
    pub fn key(&self) -> ObjectKey {
        match self {
            Self::Document(o) => o.key.clone(),
            Self::Service(o) => ObjectKey::new("", "Service", &o.namespace, &o.name),
            Self::Pod(o) => ObjectKey::new("", "Pod", &o.namespace, &o.name),
            Self::Workload(o) => ObjectKey::new("apps", &o.kind, &o.namespace, &o.name),
            Self::Namespace(o) => ObjectKey::new("", "Namespace", "", &o.name),
        }
    }

    /// What is written on it.
    pub fn annotations(&self) -> &Labels {
        match self {
            Self::Document(o) => &o.annotations,
            Self::Service(o) => &o.annotations,
            Self::Pod(o) => &o.annotations,
            Self::Workload(o) => &o.own_annotations,
            Self::Namespace(o) => &o.annotations,
        }
    }

    /// The document, where it is one.
    pub fn document(&self) -> Option<&Arc<Document>> {
        match self {
            Self::Document(o) => Some(o),
            _ => None,
        }
    }

    /// The service, where it is one.
    pub fn service(&self) -> Option<&Arc<Service>> {
        match self {
            Self::Service(o) => Some(o),
            _ => None,
        }
    }

    /// The pod, where it is one.
    pub fn pod(&self) -> Option<&Arc<Pod>> {
        match self {
            Self::Pod(o) => Some(o),
            _ => None,
        }
    }

    /// The workload, where it is one.
    pub fn workload(&self) -> Option<&Arc<Workload>> {
        match self {
            Self::Workload(o) => Some(o),
            _ => None,
        }
    }

    /// The namespace, where it is one.
    pub fn namespace(&self) -> Option<&Arc<Namespace>> {
        match self {
            Self::Namespace(o) => Some(o),
            _ => None,
        }
    }
}

/// The subjects of a kind in a world.
pub fn subjects(world: &World, about: About) -> Vec<Subject> {
    match about {
        About::Document(group, kind) => world.documents_of(group, kind).cloned().map(Subject::Document).collect(),
        About::Service => world.services().cloned().map(Subject::Service).collect(),
        About::Pod => world.pods().cloned().map(Subject::Pod).collect(),
        About::Workload => world.workloads().cloned().map(Subject::Workload).collect(),
        About::Namespace => world.namespaces().cloned().map(Subject::Namespace).collect(),
    }
}
