//! Taking an entry back: each field that it changed gets its old value, if nobody touched it since. What others changed
//! beside it stays.

use std::collections::BTreeSet;
use std::sync::Arc;

use cluster::FIELD_MANAGER;
use journal::{Change, Entry, EntryId, ObjectRecord, RolloutId, State};
use serde_json::Value;
use world::said;

use super::apply::Applied;
use super::managers;
use super::plan::{self, Step};
use super::review::{Plan, Whence};
use crate::change::owners::others;
use crate::change::touched::{Touched, disturbed, dotted, outstanding, reversed, touched};
use crate::change::tray::ChangeKind;
use crate::rollout::Shown;
use crate::{Error, Result, Session};

impl Session {
    /// What undoing an entry would do now.
    ///
    /// # Errors
    /// Where there is no such entry of this cluster, it is undone already, or the server cannot be asked.
    pub async fn undo_review(&self, entry: EntryId) -> Result<Arc<Plan>> {
        let found = self.opening.records.get(entry).await?;
        if found.cluster != self.cluster_name() {
            return Err(Error::NoSuchEntry { entry });
        }
        match found.state {
            State::Applied | State::Partial | State::Intended => {}
            State::Undone => {
                return Err(Error::Refused {
                    reason: said!("entry {entry} is undone already", "第 {entry} 条已撤销")
                });
            }
            State::RolledBack => {
                return Err(Error::Refused {
                    reason: said!("entry {entry} was put back at once", "第 {entry} 条当时就已恢复"),
                });
            }
        }
        let mut steps = Vec::new();
        for object in found.objects.iter().rev() {
            steps.push(self.back(object).await?);
        }
        self.keep(steps, Whence::Undo(entry, Vec::new())).await
    }

    /// What undoing a rollout that is over would do now: from what was before its first step, against what is live.
    ///
    /// # Errors
    /// Where there is no such rollout, it is under way or changed nothing that still stands, or the server cannot be asked.
    pub async fn rollout_undo_review(&self, id: RolloutId) -> Result<Arc<Plan>> {
        let entries = self.rollout_entries(id).await?;
        let [.., last] = &entries[..] else {
            return Err(Error::Refused {
                reason: said!("rollout {id} changed nothing that still stands", "发布 {id} 没有留下仍然有效的更改"),
            });
        };
        let mut whole: Vec<ObjectRecord> = Vec::new();
        for object in entries.iter().flat_map(|entry| &entry.objects) {
            match whole.iter_mut().find(|first| first.key == object.key) {
                Some(first) => first.after.clone_from(&object.after),
                None => whole.push(object.clone()),
            }
        }
        let mut steps = Vec::new();
        for object in whole.iter().rev() {
            steps.push(self.back(object).await?);
        }
        let before = entries.iter().map(|entry| entry.id).filter(|entry| *entry != last.id).collect();
        self.keep(steps, Whence::Undo(last.id, before)).await
    }

    /// Undoes a rollout as reviewed: one write, and one entry of the journal.
    ///
    /// # Errors
    /// As `apply`.
    pub async fn rollout_undo(&self, id: RolloutId, token: &str) -> Result<Applied> {
        let last = self.rollout_entries(id).await?.last().map(|entry| entry.id).ok_or(Error::OutdatedReview)?;
        let name = self.rollout(id).await?.run.plan.name;
        self.undo_as(last, token, &format!("undo of rollout {name}")).await
    }

    /// The rollout's entries that are in force, oldest first.
    async fn rollout_entries(&self, id: RolloutId) -> Result<Vec<Entry>> {
        let shown = self.rollout(id).await?;
        if !shown.is_over {
            return Err(Error::Refused {
                reason: said!("rollout {id} is under way: abort it first", "发布 {id} 正在进行：请先中止它"),
            });
        }
        let mut entries = Vec::new();
        for entry in shown.entries {
            let entry = self.opening.records.get(entry).await?;
            if matches!(entry.state, State::Applied | State::Partial | State::Intended) {
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    async fn rollout(&self, id: RolloutId) -> Result<Shown> {
        let found = self.rollouts().await?.into_iter().find(|one| one.id == id);
        found.ok_or_else(|| Error::Refused { reason: said!("there is no rollout {id}", "没有发布 {id}") })
    }

    /// Undoes an entry as reviewed.
    ///
    /// # Errors
    /// As `apply`.
    pub async fn undo(&self, entry: EntryId, token: &str) -> Result<Applied> {
        let why = self.opening.records.get(entry).await?.message;
        self.undo_because(entry, token, &why).await
    }

    /// The same, with what the journal shall say of it.
    pub(crate) async fn undo_because(&self, entry: EntryId, token: &str, why: &str) -> Result<Applied> {
        let message = if why.is_empty() { format!("undo of {entry}") } else { format!("undo of {entry}: {why}") };
        self.undo_as(entry, token, &message).await
    }

    async fn undo_as(&self, entry: EntryId, token: &str, message: &str) -> Result<Applied> {
        if self.plan().is_none_or(|plan| plan.whence.undoes() != Some(entry)) {
            return Err(Error::OutdatedReview);
        }
        // Whoever took the fields over by name takes them back as well: the review shows whose they are now.
        let owners: Option<Vec<_>> =
            self.plan().map(|plan| plan.steps.iter().flat_map(|s| &s.conflicts).map(|c| c.manager.clone()).collect());
        self.apply(token, message, &owners.unwrap_or_default()).await
    }

    /// The way back of one object.
    async fn back(&self, object: &ObjectRecord) -> Result<Step> {
        let connection = self.connection();
        let key = &object.key;
        let live = plan::read(connection, key).await?;
        let refuse = |kind, live, why: String| Ok(plan::blocked(key, kind, live, why));
        if object.redacted {
            let why = "the journal keeps no secrets, so its old value is not known here";
            return refuse(ChangeKind::Update, live, why.into());
        }
        match (object.change, live, &object.before, &object.after) {
            (Change::Create, None, ..) => Ok(plan::nothing(key, ChangeKind::Delete, None)),
            (Change::Create, Some(live), _, Some(after)) => {
                let fields = touched(after, &live);
                if fields.is_empty() {
                    return Ok(plan::unmade(connection, key, live).await?);
                }
                let names: Vec<String> = fields.iter().map(|field| dotted(&field.path)).collect();
                let why = format!("{} changed it since: {}", who(&live, &fields, &names), names.join(", "));
                refuse(ChangeKind::Delete, Some(live), why)
            }
            (Change::Delete, None, Some(before), _) => {
                let step = plan::made_again(connection, key, before).await?;
                Ok(Step { managers: managers::restored(before, &Value::Null, &Value::Null), ..step })
            }
            (Change::Delete, Some(live), ..) => {
                refuse(ChangeKind::Create, Some(live), "somebody made it again since".into())
            }
            (Change::Order, live, ..) => {
                let why = "what its controller was told through its status cannot be taken back: give it another order";
                refuse(ChangeKind::Update, live, why.into())
            }
            (Change::Update, None, ..) => refuse(ChangeKind::Update, None, "it has been deleted since".into()),
            (Change::Update, Some(live), Some(before), Some(after)) => update(self, object, live, before, after).await,
            (change, live, ..) => {
                let kind = if change == Change::Create { ChangeKind::Delete } else { ChangeKind::Update };
                refuse(kind, live, "the journal does not have it whole".into())
            }
        }
    }
}

async fn update(session: &Session, object: &ObjectRecord, live: Value, before: &Value, after: &Value) -> Result<Step> {
    let fields = reversed(&touched(before, after));
    let names = disturbed(&fields, &live);
    if !names.is_empty() {
        let who = who(&live, &fields, &names);
        let why = format!("{who} changed the same fields since: {}", names.join(", "));
        return Ok(plan::blocked(&object.key, ChangeKind::Update, Some(live), why));
    }
    let fields = outstanding(fields, &live);
    if fields.is_empty() {
        return Ok(plan::nothing(&object.key, ChangeKind::Update, Some(live)));
    }
    let managers = managers::restored(before, after, &live);
    let step = plan::patched(session.connection(), &object.key, &fields, live).await?;
    Ok(Step { managers, ..step })
}

/// Who else has written these fields as they are now, by the name that the server knows them by; somebody, where it names nobody.
fn who(live: &Value, fields: &[Touched], names: &[String]) -> String {
    let owners = others(live, fields, FIELD_MANAGER);
    let all: BTreeSet<&str> = names.iter().filter_map(|name| owners.get(name)).flatten().map(String::as_str).collect();
    if all.is_empty() { "somebody".to_owned() } else { all.into_iter().collect::<Vec<_>>().join(", ") }
}
