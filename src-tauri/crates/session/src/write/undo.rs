//! Taking an entry back: what it changed becomes what it was before, out of what is live now. What others changed since stays; where
//! they changed the same, the user decides.

use std::collections::BTreeSet;
use std::sync::Arc;

use cluster::FIELD_MANAGER;
use journal::{Change, Entry, EntryId, ObjectRecord, RolloutId, State};
use serde_json::Value;
use world::merge::{Both, Clash, Side, Three, merge};
use world::{ObjectKey, Said, said};

use super::apply::Applied;
use super::managers;
use super::plan::{self, Dispute, Step};
use super::review::{Plan, Whence};
use crate::change::owners::others;
use crate::change::touched::{Touched, desired, dotted, touched};
use crate::change::tray::ChangeKind;
use crate::rollout::Shown;
use crate::{Error, Result, Session};

/// What the user decided in the review of an undo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Whose something shall be that both changed: of which object, by the id of the clash.
    pub sides: Vec<(ObjectKey, String, Side)>,
    /// Objects that stay as they are.
    pub left_out: Vec<ObjectKey>,
}

impl Choices {
    fn side(&self, key: &ObjectKey, id: &str) -> Option<Side> {
        self.sides.iter().find(|(of, known, _)| of == key && known == id).map(|(.., side)| *side)
    }

    /// Those of the objects that are left out.
    fn left_out_of<'o>(&self, objects: impl Iterator<Item = &'o ObjectRecord>) -> Vec<ObjectKey> {
        objects.map(|object| object.key.clone()).filter(|key| self.left_out.contains(key)).collect()
    }
}

impl Session {
    /// What undoing an entry would do now, before anything is decided.
    ///
    /// # Errors
    /// Where there is no such entry of this cluster, it is undone already, or the server cannot be asked.
    pub async fn undo_review(&self, entry: EntryId) -> Result<Arc<Plan>> {
        self.undo_review_as(entry, &Choices::default()).await
    }

    /// The same with what the user decided.
    ///
    /// # Errors
    /// As `undo_review`.
    pub async fn undo_review_as(&self, entry: EntryId, choices: &Choices) -> Result<Arc<Plan>> {
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
        let left_out = choices.left_out_of(found.objects.iter());
        let steps = self.all_back(&found.objects, choices).await?;
        self.keep(steps, Whence::Undo { entry, before: Vec::new(), left_out }).await
    }

    async fn all_back(&self, objects: &[ObjectRecord], choices: &Choices) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        for object in objects.iter().rev().filter(|object| !choices.left_out.contains(&object.key)) {
            steps.push(self.back(object, choices).await?);
        }
        Ok(steps)
    }

    /// What undoing a rollout that is over would do now, as the user decided: from what was before its first step, against what is live.
    ///
    /// # Errors
    /// Where there is no such rollout, it is under way or changed nothing that still stands, or the server cannot be asked.
    pub async fn rollout_undo_review(&self, id: RolloutId, choices: &Choices) -> Result<Arc<Plan>> {
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
        let left_out = choices.left_out_of(whole.iter());
        let steps = self.all_back(&whole, choices).await?;
        let before = entries.iter().map(|entry| entry.id).filter(|entry| *entry != last.id).collect();
        self.keep(steps, Whence::Undo { entry: last.id, before, left_out }).await
    }

    /// Undoes a rollout as reviewed: one write, and one entry of the journal.
    ///
    /// # Errors
    /// As `apply`.
    pub async fn rollout_undo(&self, id: RolloutId, token: &str) -> Result<Applied> {
        let last = self.rollout_entries(id).await?.last().map(|entry| entry.id).ok_or(Error::OutdatedReview)?;
        let name = self.rollout(id).await?.run.plan.name;
        self.undo_as(last, token, &said!("rollout {name}", "发布 {name}"), &Said::default()).await
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
    pub(crate) async fn undo_because(&self, entry: EntryId, token: &str, why: &Said) -> Result<Applied> {
        self.undo_as(entry, token, &said!("{entry}", "第 {entry} 号变更"), why).await
    }

    async fn undo_as(&self, entry: EntryId, token: &str, of: &Said, why: &Said) -> Result<Applied> {
        let plan = self.plan().filter(|plan| plan.whence.undo_of() == Some(entry)).ok_or(Error::OutdatedReview)?;
        let message = if plan.left_out().is_empty() {
            Said::new(format!("undo of {}", of.en), format!("撤销{}", of.zh))
        } else {
            Said::new(format!("undo of {}, in part", of.en), format!("部分撤销{}", of.zh))
        };
        let message = if why.en.is_empty() { message } else { Said::of(message, why) };
        // Whoever took the fields over by name takes them back as well: the review shows whose they are now.
        let owners: Vec<String> =
            plan.steps.iter().flat_map(|step| &step.conflicts).map(|conflict| conflict.manager.clone()).collect();
        self.apply(token, message, &owners).await
    }

    /// The way back of one object.
    async fn back(&self, object: &ObjectRecord, choices: &Choices) -> Result<Step> {
        let connection = self.connection();
        let key = &object.key;
        let live = plan::read(connection, key).await?;
        let kind = match object.change {
            Change::Create => ChangeKind::Delete,
            Change::Delete => ChangeKind::Create,
            Change::Update | Change::Order => ChangeKind::Update,
        };
        if let Some(why) = unknown(object) {
            return Ok(plan::blocked(key, kind, live, why));
        }
        // Both images are what they were at whatever version: a version names no field.
        let version = live.as_ref().or(object.before.as_ref()).map(|object| object["apiVersion"].clone());
        let image = |image: &Option<Value>| {
            image.as_ref().map(desired).map(|mut image| {
                image["apiVersion"] = version.clone().unwrap_or_default();
                image
            })
        };
        let (before, wrote, now) = (image(&object.before), image(&object.after), image(&live));
        let three = Three { wrote: wrote.as_ref(), before: before.as_ref(), live: now.as_ref() };
        let merged = merge(&key.kind, three, &|id| choices.side(key, id));
        let disputes: Vec<Dispute> =
            merged.clashes.into_iter().map(|clash| Dispute { managers: who(live.as_ref(), &clash), clash }).collect();
        let null = Value::Null;
        let [was, is] = [&object.before, &object.after].map(|image| image.as_ref().unwrap_or(&null));
        let step = match (live, merged.value) {
            (None, None) => plan::nothing(key, kind, None),
            (Some(live), None) => plan::unmade(connection, key, live).await?,
            (None, Some(value)) => Step {
                managers: managers::restored(was, &null, &null),
                ..plan::made_again(connection, key, &value).await?
            },
            (Some(live), Some(value)) => match touched(&live, &value) {
                fields if fields.is_empty() => plan::nothing(key, ChangeKind::Update, Some(live)),
                fields => {
                    let managers = managers::restored(was, is, &live);
                    Step { managers, ..plan::patched(connection, key, &fields, live).await? }
                }
            },
        };
        Ok(Step { disputes, ..step })
    }
}

/// Why an object cannot be taken back whatever is live.
fn unknown(object: &ObjectRecord) -> Option<Said> {
    if object.redacted {
        return Some(said!(
            "the journal keeps no secrets, so its old value is not known here",
            "变更记录不保存机密，所以这里不知道它的旧值"
        ));
    }
    let is_whole = match object.change {
        Change::Order => {
            return Some(said!(
                "what its controller was told through its status cannot be taken back: give it another order",
                "经由状态告诉其控制器的内容无法撤回：请给它另一个指令"
            ));
        }
        Change::Create => object.after.is_some(),
        Change::Update => object.before.is_some() && object.after.is_some(),
        Change::Delete => object.before.is_some(),
    };
    (!is_whole).then(|| said!("the journal does not have it whole", "变更记录中没有它的全部内容"))
}

/// What somebody else changed as well, as long as the user has not decided whose it shall be.
pub(super) fn undecided(disputes: &[Dispute]) -> Option<Said> {
    let open: Vec<&Dispute> = disputes.iter().filter(|dispute| dispute.clash.chosen.is_none()).collect();
    if open.is_empty() {
        return None;
    }
    let managers: BTreeSet<&str> = open.iter().flat_map(|dispute| &dispute.managers).map(String::as_str).collect();
    let who = match managers.is_empty() {
        true => said!("somebody", "有人"),
        false => {
            let names = managers.into_iter().collect::<Vec<_>>().join(", ");
            said!("{names}", "{names} ")
        }
    };
    let Said { en, zh } = who;
    let names: Vec<String> = open.iter().flat_map(|dispute| names(&dispute.clash)).collect();
    let names = names.join(", ");
    Some(match open[..] {
        [Dispute { clash: Clash { live: None, path, .. }, .. }] if path.is_empty() => {
            said!("it has been deleted since", "此后它已被删除")
        }
        [Dispute { clash: Clash { wrote: None, path, .. }, .. }] if path.is_empty() => {
            said!("somebody made it again since", "此后有人又创建了它")
        }
        [Dispute { clash: Clash { path, .. }, .. }] if path.is_empty() => {
            said!("{en} changed it since: {names}", "{zh}此后改了它：{names}")
        }
        _ if open.iter().all(|dispute| dispute.clash.both == Both::Order) => {
            said!("{en} also changed since what stands where in: {names}", "{zh}此后也改了以下列表中的先后：{names}")
        }
        _ => said!("{en} changed the same fields since: {names}", "{zh}此后改了相同的字段：{names}"),
    })
}

/// The fields that a clash is about.
fn fields(clash: &Clash) -> Vec<Touched> {
    match (clash.path.as_str(), &clash.wrote, &clash.live) {
        ("", Some(wrote), Some(live)) => touched(wrote, live),
        _ => vec![Touched { path: clash.path.clone(), before: clash.live.clone(), after: clash.before.clone() }],
    }
}

fn names(clash: &Clash) -> Vec<String> {
    fields(clash).iter().map(|field| dotted(&field.path)).collect()
}

/// Who else has written what a clash is about, by the names that the server knows them by.
fn who(live: Option<&Value>, clash: &Clash) -> Vec<String> {
    let Some(live) = live else { return Vec::new() };
    let owners = others(live, &fields(clash), FIELD_MANAGER);
    owners.into_values().flatten().collect::<BTreeSet<_>>().into_iter().collect()
}
