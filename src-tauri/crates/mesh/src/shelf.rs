//! The objects of one kind, typed once, and found by name, by namespace, and by whatever else the kind is asked for.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use world::{Difference, Document, ObjectKey, Step, World};

use crate::Subject;
use crate::log::{Dep, Log, Touched};
use crate::table::Table;

/// A document with its reading.
#[derive(Clone, Debug)]
pub struct Typed<T> {
    /// The document.
    pub document: Arc<Document>,
    /// What its spec says.
    pub spec: T,
}

/// A kind that a mesh decides with: its `spec` as far as it is read.
pub trait Spec: DeserializeOwned + Default + Send + Sync + std::fmt::Debug + 'static {
    /// API group.
    const GROUP: &'static str;
    /// Kind.
    const KIND: &'static str;

    /// What it is found by besides its name and namespace: its hosts, for example.
    fn found_by(_typed: &Typed<Self>) -> Vec<String> {
        Vec::new()
    }
}

/// Reads a spec; a spec of `null`, or none at all, says nothing.
///
/// # Errors
/// Where a field has another shape than the kind allows.
pub fn read_spec<T: DeserializeOwned + Default>(document: &Document) -> Result<T, serde_json::Error> {
    if document.spec().is_null() { Ok(T::default()) } else { T::deserialize(document.spec()) }
}

/// The objects of one kind. Every list is oldest first. What is read of it is written down in its log.
#[derive(Clone, Debug)]
pub struct Shelf<T> {
    named: imbl::HashMap<(String, String), Arc<Typed<T>>>,
    within: Table<String, Arc<Typed<T>>>,
    found: Table<String, Arc<Typed<T>>>,
    all: imbl::OrdSet<Aged<T>>,
    broken: imbl::HashMap<(String, String), Arc<str>>,
    log: Log,
}

impl<T: Spec> Shelf<T> {
    /// Those of a world.
    pub fn of(world: &World) -> Self {
        let mut shelf = Self {
            named: imbl::HashMap::new(),
            within: Table::default(),
            found: Table::default(),
            all: imbl::OrdSet::new(),
            broken: imbl::HashMap::new(),
            log: Log::default(),
        };
        for document in world.documents_of(T::GROUP, T::KIND) {
            shelf.put(document);
        }
        shelf
    }

    /// The subject itself; `None` where it is of another kind or cannot be read.
    pub fn subject(&self, subject: &Subject) -> Option<&Typed<T>> {
        let Subject::Document(document) = subject else { return None };
        if document.key.group != T::GROUP || document.key.kind != T::KIND {
            return None;
        }
        self.named(&document.key.namespace, &document.key.name)
    }

    /// One by its name.
    pub fn named(&self, namespace: &str, name: &str) -> Option<&Typed<T>> {
        self.log.note(T::GROUP, T::KIND, || Dep::one(T::GROUP, T::KIND, namespace, name));
        self.named.get(&(namespace.to_owned(), name.to_owned())).map(AsRef::as_ref)
    }

    /// Those of a namespace.
    pub fn within(&self, namespace: &str) -> impl DoubleEndedIterator<Item = &Typed<T>> + Clone + use<'_, T> {
        self.log.note(T::GROUP, T::KIND, || Dep::within(T::GROUP, T::KIND, namespace));
        self.within.get(namespace).iter().map(AsRef::as_ref)
    }

    /// Those that are found by this ([`Spec::found_by`]).
    pub fn found(&self, by: &str) -> impl DoubleEndedIterator<Item = &Typed<T>> + Clone + use<'_, T> {
        self.log.note(T::GROUP, T::KIND, || Dep::found(T::GROUP, T::KIND, by));
        self.found.get(by).iter().map(AsRef::as_ref)
    }

    /// All. An answer that asks this is sought again whenever any of them changes: ask for less where less will do.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Typed<T>> + Clone + use<'_, T> {
        self.log.note(T::GROUP, T::KIND, || Dep::every(T::GROUP, T::KIND));
        self.all.iter().map(|aged| aged.0.as_ref())
    }

    fn take(&mut self, document: &Document) {
        let name = (document.key.namespace.clone(), document.key.name.clone());
        self.broken.remove(&name);
        let Some(typed) = self.named.remove(&name) else { return };
        let this = |other: &Arc<Typed<T>>| Arc::ptr_eq(other, &typed);
        found_by(&typed).iter().for_each(|by| self.found.take(by, this));
        self.within.take(&name.0, this);
        self.all.remove(&Aged(typed));
    }

    /// What this object is found by.
    fn touch(&self, document: &Document, touched: &mut Touched) {
        if let Some(typed) = self.named.get(&(document.key.namespace.clone(), document.key.name.clone())) {
            found_by(typed).iter().for_each(|by| touched.add(Dep::found(T::GROUP, T::KIND, by)));
        }
    }

    fn put(&mut self, document: &Arc<Document>) {
        let name = (document.key.namespace.clone(), document.key.name.clone());
        let spec = match read_spec(document) {
            Ok(spec) => spec,
            Err(error) => {
                self.broken.insert(name, error.to_string().into());
                return;
            }
        };
        let typed = Arc::new(Typed { document: document.clone(), spec });
        for by in found_by(&typed) {
            self.found.put(by, typed.clone(), older);
        }
        self.within.put(name.0.clone(), typed.clone(), older);
        self.all.insert(Aged(typed.clone()));
        self.named.insert(name, typed);
    }
}

/// One of all, by its age.
#[derive(Debug)]
struct Aged<T>(Arc<Typed<T>>);

impl<T> Clone for Aged<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Ord for Aged<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        older(&self.0, &other.0)
    }
}

impl<T> PartialOrd for Aged<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Aged<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Aged<T> {}

/// What all shelves of a mesh can do, whatever is on them.
pub trait Shelved {
    /// (group, kind) of what is on it.
    fn kind(&self) -> (&'static str, &'static str);

    /// Writes down in this log from now on.
    fn listen(&mut self, log: &Log);

    /// Takes up what has changed, and says what is found by something else than before.
    fn change(&mut self, difference: &Difference, touched: &mut Touched);

    /// Why an object of this kind cannot be read; `None` where it can, or is not there.
    fn problem(&self, key: &ObjectKey) -> Option<&str>;
}

impl<T: Spec> Shelved for Shelf<T> {
    fn kind(&self) -> (&'static str, &'static str) {
        (T::GROUP, T::KIND)
    }

    fn listen(&mut self, log: &Log) {
        self.log = log.clone();
    }

    fn change(&mut self, difference: &Difference, touched: &mut Touched) {
        let ours = |(was, is): &&Step<Document>| {
            was.iter().chain(is).any(|d| d.key.kind == T::KIND && d.key.group == T::GROUP)
        };
        for (was, is) in difference.documents.iter().filter(ours) {
            if let Some(document) = was {
                self.touch(document, touched);
                self.take(document);
            }
            if let Some(document) = is {
                self.put(document);
                self.touch(document, touched);
            }
        }
    }

    fn problem(&self, key: &ObjectKey) -> Option<&str> {
        self.log.note(T::GROUP, T::KIND, || Dep::object(key));
        self.broken.get(&(key.namespace.clone(), key.name.clone())).map(AsRef::as_ref)
    }
}

fn found_by<T: Spec>(typed: &Typed<T>) -> Vec<String> {
    let mut all = T::found_by(typed);
    all.sort();
    all.dedup();
    all
}

/// Oldest first. A draft or a file has no age yet: it is the youngest.
/// Upstream: istio/istio pilot/pkg/model/config.go, configCompareByCreationTime: equal ages by name, then namespace.
fn older<T>(a: &Arc<Typed<T>>, b: &Arc<Typed<T>>) -> Ordering {
    let (a, b) = (&a.document, &b.document);
    let age = |d: &Document| d.created.unwrap_or(i64::MAX);
    age(a).cmp(&age(b)).then_with(|| a.key.name.cmp(&b.key.name)).then_with(|| a.key.namespace.cmp(&b.key.namespace))
}
