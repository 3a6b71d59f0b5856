//! What was read to find an answer, so that the answer is sought again only when some of that has changed.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::quality::FixedState;
use world::ObjectKey;

/// Something that can be read and can change: an object, the objects of a kind in a namespace, those about a host, and so on. Sixty-four bits
/// stand for its name; should two names ever share them, something is looked at once more than it need be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dep(u64);

impl Dep {
    /// One object, whether it is there or not.
    pub fn object(key: &ObjectKey) -> Self {
        Self::one(&key.group, &key.kind, &key.namespace, &key.name)
    }

    /// One object, by its parts.
    pub fn one(group: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self::of(0, group, kind, &(namespace, name))
    }

    /// All objects of a kind.
    pub fn every(group: &str, kind: &str) -> Self {
        Self::of(1, group, kind, &())
    }

    /// All objects of a kind in a namespace.
    pub fn within(group: &str, kind: &str, namespace: &str) -> Self {
        Self::of(2, group, kind, namespace)
    }

    /// The objects of a kind that are found by something of theirs: a host, a label, an address.
    pub fn found<T: Hash + ?Sized>(group: &str, kind: &str, by: &T) -> Self {
        Self::of(3, group, kind, by)
    }

    /// Whether a kind may be read.
    pub fn coverage(group: &str, kind: &str) -> Self {
        Self::of(4, group, kind, &())
    }

    fn of<T: Hash + ?Sized>(way: u8, group: &str, kind: &str, what: &T) -> Self {
        let mut hasher = FixedState::with_seed(0).build_hasher();
        (way, group, kind).hash(&mut hasher);
        what.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// What has changed: answers that read some of it are sought again.
#[derive(Clone, Debug, Default)]
pub struct Touched(BTreeSet<Dep>);

impl Touched {
    /// This is no longer as it was.
    pub fn add(&mut self, dep: Dep) {
        self.0.insert(dep);
    }

    /// An object is no longer as it was.
    pub fn object(&mut self, group: &str, kind: &str, namespace: &str, name: &str) {
        self.add(Dep::one(group, kind, namespace, name));
        self.add(Dep::within(group, kind, namespace));
        self.add(Dep::every(group, kind));
    }

    /// All of it, each once.
    pub fn deps(&self) -> impl Iterator<Item = Dep> {
        self.0.iter().copied()
    }
}

#[derive(Debug, Default)]
struct Notes {
    deps: Vec<Dep>,
    kinds: BTreeSet<(String, String)>,
    with_kinds: bool,
}

/// Where readings write down what is read from them. A closed log, which is the default, costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Log(Option<Arc<Mutex<Notes>>>);

impl Log {
    /// A log that writes down.
    pub fn open() -> Self {
        Self(Some(Arc::default()))
    }

    /// One that also keeps the kinds by name, to compare with what a rule says that it reads.
    pub fn of_kinds() -> Self {
        Self(Some(Arc::new(Mutex::new(Notes { with_kinds: true, ..Notes::default() }))))
    }

    /// Something of this kind is read.
    pub fn note(&self, group: &str, kind: &str, dep: impl FnOnce() -> Dep) {
        let Some(notes) = &self.0 else { return };
        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.deps.push(dep());
        if notes.with_kinds {
            notes.kinds.insert((group.to_owned(), kind.to_owned()));
        }
    }

    /// Everything read since it was last asked, each once.
    pub fn take(&self) -> Vec<Dep> {
        let Some(notes) = &self.0 else { return Vec::new() };
        let mut deps = std::mem::take(&mut notes.lock().unwrap_or_else(PoisonError::into_inner).deps);
        deps.sort_unstable();
        deps.dedup();
        deps
    }

    /// (group, kind) of everything read, where it keeps them.
    pub fn kinds(&self) -> BTreeSet<(String, String)> {
        let Some(notes) = &self.0 else { return BTreeSet::new() };
        notes.lock().unwrap_or_else(PoisonError::into_inner).kinds.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_what_was_read_and_each_once() {
        let log = Log::of_kinds();
        for name in ["a", "b", "a"] {
            log.note("", "Service", || Dep::one("", "Service", "shop", name));
        }
        log.clone().note("", "Pod", || Dep::within("", "Pod", "shop"));
        assert_eq!(log.take().len(), 3);
        assert_eq!(log.take(), Vec::new());
        assert_eq!(log.kinds().len(), 2);
        let closed = Log::default();
        closed.note("", "Pod", || unreachable!("a closed log computes nothing"));
        assert_eq!(closed.take(), Vec::new());
    }

    #[test]
    fn names_of_different_things_differ() {
        let all = [
            Dep::one("g", "K", "a", "b"),
            Dep::one("g", "K", "ab", ""),
            Dep::one("gK", "", "a", "b"),
            Dep::every("g", "K"),
            Dep::within("g", "K", "a"),
            Dep::found("g", "K", "a"),
            Dep::coverage("g", "K"),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
