//! What the rules say of every subject of a world, kept with what was read for it: the next world costs only what changed.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet};
use world::{Difference, ObjectKey, World};

use crate::engine::Member;
use crate::lens::either;
use crate::log::{Dep, Log, Touched};
use crate::subject::subjects;
use crate::{About, Finding, Found, Reading, Rule, Subject};

/// A subject, by a number that is its own in all worlds that came of one.
type Id = u32;

/// What is known of one subject.
#[derive(Debug)]
struct Looked {
    key: ObjectKey,
    /// Everything that was read for it, in order.
    deps: Vec<Dep>,
    findings: Vec<Arc<Finding>>,
}

/// A finding in the order of the list.
#[derive(Clone, Debug)]
struct Listed(Arc<Finding>);

/// All subjects that a rule is about, each with its findings, and who has read what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checked {
    looked: OrdMap<Id, Arc<Looked>>,
    ids: HashMap<ObjectKey, Id>,
    next: Id,
    readers: OrdSet<(Dep, Id)>,
    listed: OrdSet<Listed>,
}

impl Checked {
    /// Looks at everything.
    pub fn of(world: &World, members: &[Member]) -> Self {
        let desk = Desk::of(members);
        let mut checked = Self::default();
        let mut readers = Vec::new();
        for (about, rules) in &desk.plan {
            for subject in subjects(world, *about) {
                let looked = desk.look(&subject, rules);
                let id = checked.next;
                checked.next += 1;
                readers.extend(looked.deps.iter().map(|dep| (*dep, id)));
                checked.listed.extend(looked.findings.iter().cloned().map(Listed));
                checked.ids.insert(looked.key.clone(), id);
                checked.looked.insert(id, Arc::new(looked));
            }
        }
        readers.sort_unstable();
        checked.readers = readers.into_iter().collect();
        checked
    }

    /// Looks again at what changed, and at what has read something that changed.
    pub fn after(&self, world: &World, members: &[Member], difference: &Difference, touched: &Touched) -> Self {
        let again = self.concerned(difference, touched);
        if again.len() > self.looked.len() / 2 + 64 {
            return Self::of(world, members);
        }
        let desk = Desk::of(members);
        let mut checked = self.clone();
        for key in again {
            let subject = Subject::named(world, &key);
            let rules = subject.as_ref().and_then(|subject| desk.rules(subject));
            match (subject, rules) {
                (Some(subject), Some(rules)) => checked.put(desk.look(&subject, rules)),
                _ => checked.take(&key),
            }
        }
        checked
    }

    /// Every finding, in order.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.listed.iter().map(|listed| listed.0.as_ref())
    }

    fn concerned(&self, difference: &Difference, touched: &Touched) -> BTreeSet<ObjectKey> {
        let mut all: BTreeSet<ObjectKey> = BTreeSet::new();
        let readers = touched.deps().flat_map(|dep| self.readers.range((dep, Id::MIN)..=(dep, Id::MAX)));
        all.extend(readers.filter_map(|(_, id)| self.looked.get(id)).map(|looked| looked.key.clone()));
        all.extend(difference.documents.iter().flat_map(either).map(|o| o.key.clone()));
        all.extend(difference.services.iter().flat_map(either).cloned().map(|o| Subject::Service(o).key()));
        all.extend(difference.pods.iter().flat_map(either).cloned().map(|o| Subject::Pod(o).key()));
        all.extend(difference.workloads.iter().flat_map(either).cloned().map(|o| Subject::Workload(o).key()));
        all.extend(difference.namespaces.iter().flat_map(either).cloned().map(|o| Subject::Namespace(o).key()));
        all
    }

    fn put(&mut self, looked: Looked) {
        let id = match self.ids.get(&looked.key) {
            Some(id) => *id,
            None => {
                self.ids.insert(looked.key.clone(), self.next);
                self.next += 1;
                self.next - 1
            }
        };
        let before = self.looked.get(&id).cloned();
        let (old, was) = before.as_ref().map_or((&[][..], &[][..]), |b| (&b.deps, &b.findings));
        for dep in old.iter().filter(|dep| looked.deps.binary_search(dep).is_err()) {
            self.readers.remove(&(*dep, id));
        }
        for dep in looked.deps.iter().filter(|dep| old.binary_search(dep).is_err()) {
            self.readers.insert((*dep, id));
        }
        for finding in was {
            self.listed.remove(&Listed(finding.clone()));
        }
        self.listed.extend(looked.findings.iter().cloned().map(Listed));
        self.looked.insert(id, Arc::new(looked));
    }

    fn take(&mut self, key: &ObjectKey) {
        let Some(looked) = self.ids.remove(key).and_then(|id| Some((id, self.looked.remove(&id)?))) else { return };
        for dep in &looked.1.deps {
            self.readers.remove(&(*dep, looked.0));
        }
        for finding in &looked.1.findings {
            self.listed.remove(&Listed(finding.clone()));
        }
    }
}

/// A rule, with its place: which mesh, and which of its rules.
type Placed = (usize, usize, &'static Rule);

/// The readings, listening, with the rules for each kind of subject.
struct Desk {
    log: Log,
    readings: Vec<Box<dyn Reading>>,
    plan: Vec<(About, Vec<Placed>)>,
}

impl Desk {
    fn of(members: &[Member]) -> Self {
        let log = Log::open();
        let mut plan: Vec<(About, Vec<Placed>)> = Vec::new();
        for (mesh, member) in members.iter().enumerate() {
            for (at, rule) in member.rules.iter().copied().enumerate() {
                for about in rule.about {
                    match plan.iter_mut().find(|(known, _)| known == about) {
                        Some((_, rules)) => rules.push((mesh, at, rule)),
                        None => plan.push((*about, vec![(mesh, at, rule)])),
                    }
                }
            }
        }
        Self { readings: members.iter().map(|member| member.reading.listening(&log)).collect(), log, plan }
    }

    fn rules(&self, subject: &Subject) -> Option<&[Placed]> {
        self.plan.iter().find(|(about, _)| subject.is_about(*about)).map(|(_, rules)| rules.as_slice())
    }

    fn look(&self, subject: &Subject, rules: &[Placed]) -> Looked {
        let key = subject.key();
        let mut findings = Vec::new();
        for (mesh, at, rule) in rules {
            if let Some(reading) = self.readings.get(*mesh) {
                reading.check(*at, subject, &mut Found::new(rule, &key, &mut findings));
            }
        }
        Looked { key, deps: self.log.take(), findings: findings.into_iter().map(Arc::new).collect() }
    }
}

/// What one rule, at this place of its mesh's table, says of a world: it looks at each of its subjects.
pub fn run(world: &World, reading: &dyn Reading, at: usize, rule: &'static Rule) -> Vec<Finding> {
    let mut findings = Vec::new();
    for subject in rule.about.iter().flat_map(|about| subjects(world, *about)) {
        let key = subject.key();
        reading.check(at, &subject, &mut Found::new(rule, &key, &mut findings));
    }
    findings
}

impl Ord for Listed {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.order(&other.0)
    }
}

impl PartialOrd for Listed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Listed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Listed {}
