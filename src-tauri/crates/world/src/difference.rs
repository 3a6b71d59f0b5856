//! What differs between two worlds.

use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use crate::{Document, Namespace, Pod, Service, ServiceAccount, Workload, World};

/// An object as it was and as it is; `None` where it was not, or is not, there.
pub type Step<T> = (Option<Arc<T>>, Option<Arc<T>>);

/// Every object in which two worlds differ. An object that was written again and says the same is none.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// Namespaces.
    pub namespaces: Vec<Step<Namespace>>,
    /// Services.
    pub services: Vec<Step<Service>>,
    /// Service accounts.
    pub accounts: Vec<Step<ServiceAccount>>,
    /// Pods.
    pub pods: Vec<Step<Pod>>,
    /// Workloads.
    pub workloads: Vec<Step<Workload>>,
    /// Documents.
    pub documents: Vec<Step<Document>>,
    /// (group, kind) whose coverage is another.
    pub coverage: Vec<(String, String)>,
}

impl Difference {
    /// How many objects differ.
    pub fn len(&self) -> usize {
        self.namespaces.len()
            + self.services.len()
            + self.accounts.len()
            + self.pods.len()
            + self.workloads.len()
            + self.documents.len()
    }

    /// Whether a document of this kind differs.
    pub fn has_document(&self, group: &str, kind: &str) -> bool {
        let of_kind = |document: &Arc<Document>| document.key.kind == kind && document.key.group == group;
        self.documents.iter().any(|(was, is)| was.iter().chain(is).any(of_kind))
    }

    /// No object differs, and no coverage.
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.coverage.is_empty()
    }
}

impl World {
    /// What is not as it was in an earlier world, or in any other. Costs as much as what differs where one was made from the other.
    pub fn since(&self, before: &Self) -> Difference {
        let covered = before.coverage.diff(&self.coverage).map(|item| match item {
            DiffItem::Add(key, _) | DiffItem::Remove(key, _) | DiffItem::Update { new: (key, _), .. } => key.clone(),
        });
        Difference {
            namespaces: steps(&before.namespaces, &self.namespaces),
            services: steps(&before.services, &self.services),
            accounts: steps(&before.accounts, &self.accounts),
            pods: steps(&before.pods, &self.pods),
            workloads: steps(&before.workloads, &self.workloads),
            documents: steps(&before.documents, &self.documents),
            coverage: covered.collect(),
        }
    }
}

fn steps<K: Ord, T: PartialEq>(before: &OrdMap<K, Arc<T>>, after: &OrdMap<K, Arc<T>>) -> Vec<Step<T>> {
    let step = |item| match item {
        DiffItem::Add(_, new) => (None, Some(Arc::clone(new))),
        DiffItem::Remove(_, old) => (Some(Arc::clone(old)), None),
        DiffItem::Update { old: (_, old), new: (_, new) } => (Some(Arc::clone(old)), Some(Arc::clone(new))),
    };
    before.diff(after).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Change, Coverage, Object, ObjectKey};

    fn service(name: &str, kind: &str) -> Change {
        let (namespace, name, kind) = ("shop".into(), name.into(), kind.into());
        Change::Put(Object::Service(Service { namespace, name, kind, ..Service::default() }))
    }

    #[test]
    fn only_what_says_something_else_differs() {
        let before = World::new().after([service("a", ""), service("b", ""), service("c", "")]);
        let gone = Change::Delete(ObjectKey::new("", "Service", "shop", "c"));
        let after = before.after([service("a", ""), service("b", "NodePort"), service("d", ""), gone]);
        let steps = after.since(&before).services;
        let said = |service: &Option<Arc<Service>>| service.as_ref().map(|s| format!("{} {}", s.name, s.kind));
        let steps: Vec<_> = steps.iter().map(|(was, is)| (said(was), said(is))).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(steps, [(some("b "), some("b NodePort")), (some("c "), None), (None, some("d "))]);
        assert!(after.since(&after.after([])).is_empty());
        let covered = after.covering("", "Pod", Coverage::Loading);
        assert_eq!(covered.since(&after).coverage, [(String::new(), "Pod".to_owned())]);
        assert_eq!(covered.since(&after).len(), 0);
    }
}
