//! Taking an entry back: each field that it changed gets its old value, if nobody touched it since. What others changed
//! beside it stays.

use std::sync::Arc;

use journal::{Change, EntryId, ObjectRecord, State};
use serde_json::Value;

use super::apply::Applied;
use super::managers;
use super::plan::{self, Step};
use super::review::{Plan, Whence};
use crate::change::touched::{disturbed, dotted, outstanding, reversed, touched};
use crate::change::tray::ChangeKind;
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
            State::Undone => return Err(Error::Refused { reason: format!("entry {entry} is undone already") }),
            State::RolledBack => return Err(Error::Refused { reason: format!("entry {entry} was put back at once") }),
        }
        let mut steps = Vec::new();
        for object in found.objects.iter().rev() {
            steps.push(self.back(object).await?);
        }
        self.keep(steps, Whence::Undo(entry)).await
    }

    /// Undoes an entry as reviewed.
    ///
    /// # Errors
    /// As `apply`.
    pub async fn undo(&self, entry: EntryId, token: &str) -> Result<Applied> {
        if self.plan().is_none_or(|plan| plan.whence.undoes() != Some(entry)) {
            return Err(Error::OutdatedReview);
        }
        let message = format!("undo of {entry}");
        // Whoever took the fields over by name takes them back as well: the review shows whose they are now.
        let owners: Option<Vec<_>> =
            self.plan().map(|plan| plan.steps.iter().flat_map(|s| &s.conflicts).map(|c| c.manager.clone()).collect());
        self.apply(token, &message, &owners.unwrap_or_default()).await
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
                refuse(ChangeKind::Delete, Some(live), format!("somebody changed it since: {}", names.join(", ")))
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
        let why = format!("somebody changed the same fields since: {}", names.join(", "));
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
