//! What the rules say of every subject of a world, kept with what was read for it: the next world costs only what changed.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet};
use world::{Difference, ObjectKey, World};

use crate::engine::Member;
use crate::lens::either;
use crate::log::{Dep, Log, Touched};
use crate::silence::silenced_by;
use crate::subject::subjects;
use crate::{About, Finding, Found, Reading, Rule, Silence, Subject};

/// A subject, by a number that is its own in all worlds that came of one.
type Id = u32;

/// What is known of one subject.
#[derive(Debug)]
struct Looked {
    key: ObjectKey,
    /// Everything that was read for it, in order.
    deps: Vec<Dep>,
    findings: Vec<Listed>,
}

/// A finding in the order of the list, with the annotation that silences it.
#[derive(Clone, Debug)]
struct Listed(Arc<Finding>, Option<Arc<str>>);

/// All subjects that a rule is about, each with its findings, and who has read what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checked {
    looked: OrdMap<Id, Arc<Looked>>,
    ids: HashMap<ObjectKey, Id>,
    next: Id,
    readers: OrdSet<(Dep, Id)>,
    listed: OrdSet<Listed>,
    /// How many subjects were looked at for this, of all.
    effort: usize,
}

impl Checked {
    /// Looks at everything.
    pub fn of(world: &World, members: &[Member], silences: &[Silence]) -> Self {
        let mut checked = Self::default();
        let mut readers = Vec::new();
        let (desk, plan) = (Desk::of(members, silences), plan(members));
        let all = plan.iter().flat_map(|(about, rules)| subjects(world, *about).into_iter().map(move |s| (s, rules)));
        for (id, (subject, rules)) in (0..).zip(all) {
            let looked = desk.look(&subject, rules);
            readers.extend(looked.deps.iter().map(|dep| (*dep, id)));
            checked.listed.extend(looked.findings.iter().cloned());
            checked.ids.insert(looked.key.clone(), id);
            checked.looked.insert(id, Arc::new(looked));
            checked.next = id + 1;
        }
        readers.sort_unstable();
        checked.readers = readers.into_iter().collect();
        checked.effort = checked.looked.len();
        checked
    }

    /// Looks again at what changed, and at what has read something that changed.
    pub fn after(
        &self,
        world: &World,
        (members, silences): (&[Member], &[Silence]),
        difference: &Difference,
        touched: &Touched,
    ) -> Self {
        let again = self.concerned(difference, touched);
        if again.len() > self.looked.len() / 2 + 64 {
            return Self::of(world, members, silences);
        }
        let (desk, plan) = (Desk::of(members, silences), plan(members));
        let mut checked = Self { effort: again.len(), ..self.clone() };
        for key in again {
            let subject = Subject::named(world, &key);
            let about = |subject: &Subject| plan.iter().find(|(about, _)| subject.is_about(*about));
            let rules = subject.as_ref().and_then(about).map(|(_, rules)| rules);
            match (subject, rules) {
                (Some(subject), Some(rules)) => checked.put(desk.look(&subject, rules)),
                _ => checked.take(&key),
            }
        }
        checked
    }

    /// Every finding, in order, with the annotation that silences it.
    pub fn findings(&self) -> impl Iterator<Item = (&Arc<Finding>, Option<&str>)> {
        self.listed.iter().map(|Listed(finding, by)| (finding, by.as_deref()))
    }

    /// How many subjects were looked at.
    pub fn effort(&self) -> usize {
        self.effort
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
            self.listed.remove(finding);
        }
        self.listed.extend(looked.findings.iter().cloned());
        self.looked.insert(id, Arc::new(looked));
    }

    fn take(&mut self, key: &ObjectKey) {
        let Some(looked) = self.ids.remove(key).and_then(|id| Some((id, self.looked.remove(&id)?))) else { return };
        for dep in &looked.1.deps {
            self.readers.remove(&(*dep, looked.0));
        }
        for finding in &looked.1.findings {
            self.listed.remove(finding);
        }
    }
}

/// A rule, with its place: which mesh, and which of its rules.
type Placed = (usize, usize, &'static Rule);

/// Where subjects are looked at: the readings, listening.
struct Desk<'a> {
    silences: &'a [Silence],
    log: Log,
    readings: Vec<Box<dyn Reading>>,
}

/// The rules for each kind of subject.
type Plan = Vec<(About, Vec<Placed>)>;

fn plan(members: &[Member]) -> Plan {
    let mut plan = Plan::new();
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
    plan
}

impl<'a> Desk<'a> {
    fn of(members: &[Member], silences: &'a [Silence]) -> Self {
        let log = Log::open();
        let readings = members.iter().map(|member| member.reading.listening(&log)).collect();
        Self { readings, silences, log }
    }

    fn look(&self, subject: &Subject, rules: &[Placed]) -> Looked {
        let key = subject.key();
        let (mut found, mut findings) = (Vec::new(), Vec::new());
        for (mesh, at, rule) in rules {
            if let Some(reading) = self.readings.get(*mesh) {
                reading.check(*at, subject, &mut Found::new(rule, &key, &mut found));
            }
            if !found.is_empty() {
                let by: Option<Arc<str>> = silenced_by(self.silences, subject, rule).map(Into::into);
                findings.extend(found.drain(..).map(|finding| Listed(Arc::new(finding), by.clone())));
            }
        }
        Looked { key, deps: self.log.take(), findings }
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
