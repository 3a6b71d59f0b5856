//! The guards of steps to STRICT. They are kept beside the journal, so that they outlive the program: each with the step that it guards, what was
//! counted before that step, and when somebody last looked.

use jiff::Timestamp;
use journal::{Entry, EntryId, Filter, State};
use serde_json::Value;
use world::Coverage;

use super::guard::{WATCHED, counted_before, to_keep};
use super::plan::root;
use super::{KIND, SECURITY, made_strict, strict_in};
use crate::history::is_coming;
use crate::{Result, Session};

/// A guard that was not heard of for so many milliseconds was interrupted: looks are seconds apart.
const AWAY: i64 = 30_000;
/// After a longer interruption in milliseconds callers come and go for other reasons: what broke is shown, and the user decides.
const LONG: i64 = 3_600_000;

/// A namespace whose step to STRICT is guarded.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// Its name.
    pub namespace: String,
    /// When the guard was asked for, milliseconds since 1970.
    pub since: i64,
    /// The entry of the journal that wrote the step; `None` while it waits in the tray.
    pub entry: Option<EntryId>,
    /// Until when it is guarded, milliseconds since 1970; `None` while the step is not written.
    pub until: Option<i64>,
    /// For so many seconds nobody looked: the program was closed, or the machine asleep.
    pub interrupted: f64,
    /// Since when somebody looks again, milliseconds since 1970; `None` where somebody always did.
    pub resumed: Option<i64>,
    /// What was counted before the step is known.
    pub compares: bool,
    /// It goes back by itself; else what broke is only shown, for it was interrupted for long.
    pub by_itself: bool,
}

impl Session {
    /// The guards as they stand.
    pub(super) async fn strict_guards(&self) -> Result<Vec<Guard>> {
        let mut guards = Vec::new();
        for guard in self.opening.records.guards(&self.cluster_name()).await? {
            let entry = match guard.entry {
                Some(id) => Some(self.opening.records.get(id).await?),
                None => None,
            };
            guards.push(told(&guard, entry.as_ref()));
        }
        Ok(guards)
    }

    /// The guards that are on duty, each of which has given a sign of life: one that finds its step begins to guard it, one that was away notes
    /// that, and one whose step is old, taken back, no longer in the cluster or never came ends.
    pub(super) async fn strict_awake(&self) -> Result<Vec<Guard>> {
        let (records, cluster) = (&self.opening.records, self.cluster_name());
        let mut awake = Vec::new();
        for mut guard in records.guards(&cluster).await? {
            let now = Timestamp::now().as_millisecond();
            let was_away = now - guard.heard > AWAY;
            if was_away {
                guard.away += now - guard.heard;
                guard.resumed = now;
            }
            guard.heard = now;
            // Asked first: what leaves the tray afterwards is in the journal by then.
            let waits = self.holds_step(&guard.namespace);
            let step = match guard.entry {
                Some(id) => Some(records.get(id).await?),
                None => self.step_of(&guard).await?,
            };
            let is_over = match &step {
                // It was taken out of the tray, or went with the program. A step that was just prepared is not in there yet.
                None => !waits && now - guard.since > AWAY,
                Some(entry) => {
                    entry.state != State::Applied
                        || now - guard.resumed.max(entry.at) > (WATCHED * 1000.0) as i64
                        || !self.still_stands(entry)
                }
            };
            if is_over {
                records.unguard(&cluster, &guard.namespace, guard.since).await?;
                continue;
            }
            if let (Some(entry), None) = (&step, guard.entry) {
                guard.entry = Some(entry.id);
                guard.before = self.before(entry, &guard.namespace).await?;
                if guard.resumed < entry.at {
                    (guard.away, guard.resumed) = (0, 0);
                }
            }
            records.guard_keep(&cluster, guard.clone()).await?;
            awake.push(told(&guard, step.as_ref()));
        }
        Ok(awake)
    }

    /// Whether a step waits in the tray.
    fn holds_step(&self, namespace: &str) -> bool {
        let tray = self.tray.borrow();
        tray.items().iter().any(|item| item.key.kind == KIND && item.key.namespace == namespace)
    }

    /// The step that was written since the guard was asked for.
    async fn step_of(&self, guard: &journal::Guard) -> Result<Option<Entry>> {
        let (cluster, since) = (Some(self.cluster_name()), Some(guard.since));
        let entries = self.opening.records.list(Filter { cluster, since, ..Filter::default() }).await?;
        let mut steps = entries.into_iter().filter(|entry| entry.state == State::Applied && entry.undoes.is_none());
        Ok(steps.find(|entry| made_strict(entry).contains(&guard.namespace)))
    }

    /// What was counted before a step, to be kept; null where nothing was.
    async fn before(&self, entry: &Entry, namespace: &str) -> Result<Value> {
        let (ready, traffic) = (self.ready().await?, self.traffic.borrow().clone());
        let within = Some(namespace).filter(|namespace| *namespace != root(&ready));
        let sums = counted_before(&traffic, entry, within, &ready);
        Ok(if sums.is_empty() { Value::Null } else { to_keep(&sums) })
    }

    /// Whether something of a step is in the cluster as it was written, or on its way here. What cannot be read there stands.
    fn still_stands(&self, entry: &Entry) -> bool {
        let (world, arrived) = (self.world(), self.arrived());
        let is_read = world.coverage(SECURITY, KIND) == Coverage::Ready;
        let mut policies =
            entry.objects.iter().filter(|object| object.key.group == SECURITY && object.key.kind == KIND);
        policies.any(|object| {
            let written = object.after.as_ref().map_or(0, strict_in);
            match world.document(&object.key) {
                _ if is_coming(entry, object, &world, &arrived) => true,
                Some(live) => strict_in(&live.body) >= written.max(1),
                None => !is_read,
            }
        })
    }
}

fn told(guard: &journal::Guard, step: Option<&Entry>) -> Guard {
    Guard {
        namespace: guard.namespace.clone(),
        since: guard.since,
        entry: guard.entry,
        until: step.map(|entry| guard.resumed.max(entry.at) + (WATCHED * 1000.0) as i64),
        interrupted: guard.away as f64 / 1000.0,
        resumed: (guard.resumed > 0).then_some(guard.resumed),
        compares: !guard.before.is_null(),
        by_itself: guard.away <= LONG,
    }
}
