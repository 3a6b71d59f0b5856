//! What the tray, or an undo, would do: dry-run by the server, compared by the engine.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use journal::EntryId;
use mesh::{Effect, Unknown};
use world::{Change, Object, ObjectKey, Origin, Said, World, said};

use super::plan::{self, Method, Problem, Step};
use super::turns;
use crate::change::order;
use crate::change::tray::ChangeKind;
use crate::rollout::foreign;
use crate::session::defect;
use crate::{Error, Result, Session};

/// What was planned and shown; an apply names it by its token.
#[derive(Debug)]
pub struct Plan {
    /// Names exactly what was reviewed.
    pub token: String,
    /// The writes in their order.
    pub steps: Vec<Step>,
    /// What it does to traffic and findings.
    pub effect: Effect,
    /// What could not be known.
    pub unknown: Vec<Unknown>,
    /// What stands in the way besides conflicts; empty where nothing does.
    pub because: Said,
    /// What it was made from.
    pub(crate) whence: Whence,
}

/// What a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Whence {
    /// The tray at this revision.
    Tray(u64),
    /// An entry of the journal, which it takes back, and those before it that it takes back as well.
    Undo {
        /// The last of them.
        entry: EntryId,
        /// Oldest first.
        before: Vec<EntryId>,
        /// Objects that the user left out: then the entries are not undone but in part, and can be undone again.
        left_out: Vec<ObjectKey>,
    },
    /// Neither; with what the journal says of it where the user says nothing.
    Itself(Said),
}

impl Whence {
    /// The entry that it is an undo of.
    pub(crate) fn undo_of(&self) -> Option<EntryId> {
        if let Self::Undo { entry, .. } = self { Some(*entry) } else { None }
    }

    /// The entry that nothing is left of once this is written, and those before it.
    pub(crate) fn undoes(&self) -> (Option<EntryId>, &[EntryId]) {
        match self {
            Self::Undo { entry, before, left_out } if left_out.is_empty() => (Some(*entry), before),
            _ => (None, &[]),
        }
    }
}

impl Plan {
    /// Objects that the user left out of an undo.
    pub fn left_out(&self) -> &[ObjectKey] {
        if let Whence::Undo { left_out, .. } = &self.whence { left_out } else { &[] }
    }
}

impl Session {
    /// Reviews the tray.
    ///
    /// # Errors
    /// Where the tray is empty, or the server cannot be asked.
    pub async fn review(&self) -> Result<Arc<Plan>> {
        let tray = self.tray.borrow().clone();
        if tray.items().is_empty() {
            return Err(Error::NothingToApply);
        }
        let mut items = tray.items().to_vec();
        order::sort(&mut items, |item| (item.key.clone(), item.kind));
        let mut steps = Vec::new();
        for item in &items {
            steps.push(plan::plan(self.connection(), item).await?);
        }
        self.keep(steps, Whence::Tray(tray.revision())).await
    }

    /// Weighs the steps, and keeps the plan for its token.
    pub(crate) async fn keep(&self, steps: Vec<Step>, whence: Whence) -> Result<Arc<Plan>> {
        let plan = self.weigh(steps, whence).await?;
        self.set_plan(Some(plan.clone()));
        Ok(plan)
    }

    /// Compares the worlds before and after.
    pub(crate) async fn weigh(&self, mut steps: Vec<Step>, whence: Whence) -> Result<Arc<Plan>> {
        let before = self.ready().await?;
        for step in steps.iter_mut().filter(|step| step.method != Method::Nothing) {
            let moved = foreign::mover(before.world(), &step.key);
            step.problems.extend(moved.map(|said| Problem { error: false, ..plan::problem(said) }));
        }
        let written: Vec<_> = steps.iter().map(|step| step.key.clone()).collect();
        let observed = self.traffic.borrow().observed_of_all(&before, self.engine());
        let compared = tokio::task::spawn_blocking(move || {
            before.check();
            let after = before.after(&outcome(before.world(), &steps));
            let kinds = written.iter().map(|key| (&*key.group, &*key.kind)).collect();
            let effect = before.effect(&after, &observed);
            let (steps, unasked) = turns::choose(&before, &effect, steps);
            (steps, effect, after.unknown_about(&kinds).into_iter().chain(unasked).collect::<Vec<_>>())
        });
        let (steps, effect, mut unknown) = compared.await.map_err(|_| defect("comparing the worlds"))?;
        unknown.extend(self.traffic.borrow().unknown.iter().cloned());
        let because = match &*steps {
            [] => said!("every object is left out: there is nothing to write", "所有对象都已排除：没有要写入的内容"),
            steps => {
                let obstacle = |step: &Step| Some(Said::of(step.key.to_string(), step.obstacle()?));
                steps.iter().find_map(obstacle).unwrap_or_default()
            }
        };
        let mut hasher = DefaultHasher::new();
        whence.hash(&mut hasher);
        let token = plan::token(&steps, hasher.finish());
        Ok(Arc::new(Plan { token, steps, effect, unknown, because, whence }))
    }
}

/// The world as the dry-run says that it would be.
pub(super) fn outcome<'s>(world: &World, steps: impl IntoIterator<Item = &'s Step>) -> World {
    let changes = steps.into_iter().filter(|step| step.method != Method::Nothing).filter_map(|step| {
        if step.kind == ChangeKind::Delete {
            return Some(Change::Delete(step.key.clone()));
        }
        Object::read(step.result.clone()?, Origin::Draft).ok().map(Change::Put)
    });
    world.after(changes)
}
