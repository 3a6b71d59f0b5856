//! Finishing a change that ended in the middle: what of it is not there goes into the tray, on what is live now, and from there the way of
//! every change.

use journal::{Change, Entry, EntryId, ObjectRecord, State};
use world::yaml::{self, Edit};
use world::{Said, said};

use super::plan::read;
use crate::change::touched::{Touched, desired, touched};
use crate::{Error, Result, Session};

impl Session {
    /// Puts what of an entry was not written into the tray.
    ///
    /// # Errors
    /// Where there is no such entry of this cluster, nothing of it is left to write, or what was asked for is not known here. The tray
    /// stays as it was but for the objects before the one that failed.
    pub async fn finish(&self, entry: EntryId) -> Result<()> {
        let found: Entry = self.opening.records.get(entry).await?;
        if found.cluster != self.cluster_name() {
            return Err(Error::NoSuchEntry { entry });
        }
        let left = || found.objects.iter().filter(|object| object.outcome.state != State::Applied);
        let is_over = !matches!(found.state, State::Partial | State::RolledBack);
        if is_over || left().next().is_none() {
            return Err(Error::Refused {
                reason: said!("nothing of entry {entry} is left to write", "第 {entry} 条已没有要写入的内容"),
            });
        }
        for object in left() {
            self.rest(object).await?;
        }
        Ok(())
    }

    async fn rest(&self, object: &ObjectRecord) -> Result<()> {
        let key = &object.key;
        let refused = |why: (&str, &str)| Err(Error::Refused { reason: Said::of(key.to_string(), why) });
        if object.redacted {
            return refused((
                "the journal keeps no secrets, so what was to be written is not known here",
                "变更记录不保存机密，所以这里不知道要写入什么",
            ));
        }
        let live = read(self.connection(), key).await?;
        match (object.change, &object.after, live) {
            (Change::Order, ..) => {
                refused(("it was an order to its controller: give it again", "它是给其控制器的指令：请重新下达"))
            }
            (Change::Delete, _, None) => Ok(()),
            (Change::Delete, _, Some(_)) => self.draft_delete(key).await,
            (Change::Create | Change::Update, None, _) => {
                refused(("what was to be written is not in the journal", "变更记录中没有要写入的内容"))
            }
            (Change::Create | Change::Update, Some(after), None) => {
                self.draft_put(&yaml::write(&desired(after)), "").await
            }
            (Change::Create | Change::Update, Some(after), Some(live)) => {
                // What others changed beside it stays.
                let fields = touched(object.before.as_ref().unwrap_or(&live), after);
                let whole = self.document(key).await?;
                let edits: Vec<Edit> = fields.into_iter().map(edit).collect();
                let text = yaml::edit(&whole.yaml, &edits)
                    .map_err(|error| Error::Refused { reason: format!("{key}: {error}").into() })?;
                self.draft_put(&text, &whole.resource_version).await
            }
        }
    }
}

fn edit(field: Touched) -> Edit {
    match field.after {
        Some(value) => Edit::set(&field.path, value),
        None => Edit::remove(&field.path),
    }
}
