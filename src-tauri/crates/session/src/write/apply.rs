//! Writing what was reviewed: the journal first, then each object at exactly the version that was shown. A write is never
//! repeated blindly: where its answer is lost, the object is read back. Where one fails, those before it are put back.

use std::time::Duration;

use cluster::{ApiError, Cause, Connection, Options};
use journal::{Change, EntryId, NewEntry, NewObject, ObjectOutcome, State};
use serde_json::Value;
use world::{ObjectKey, Said, said};

use super::managers;
use super::plan::{Conflict, Method, Step, preconditions, read, strict};
use super::review::{Plan, Whence};
use crate::change::touched::{desired, dotted, patch, reversed, touched};
use crate::change::tray::ChangeKind;
use crate::rollout::foreign;
use crate::says::{Line, says};
use crate::{Error, Result, Session};

/// How an apply ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The journal's entry.
    pub entry: EntryId,
    /// How it ended as a whole.
    pub state: State,
    /// How each object ended, in the order of the writes.
    pub objects: Vec<Ended>,
}

/// How the write of one object ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Which object.
    pub key: ObjectKey,
    /// Where it stands.
    pub state: State,
    /// Why, where it is not simply applied.
    pub because: Said,
    /// The resourceVersion after the write; empty where nothing was written.
    pub version: String,
    /// The server said no, and would say so again.
    pub(crate) refused: bool,
}

/// What became of one write.
enum Written {
    /// The server has it; the object as it is now (null for a deletion), and what is remarkable.
    Done(Value, Said),
    /// Nothing was written; the server said no.
    Refused(Said),
    /// Nothing was written, and another time it may be.
    Not(Said),
    /// Nobody knows.
    Lost(Said),
}

/// How long one apply waits for a server that went away in the middle of it.
struct Patience {
    left: Duration,
    pause: Duration,
}

impl Patience {
    const FIRST: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(3);

    fn new(left: Duration) -> Self {
        Self { left, pause: Self::FIRST }
    }

    /// Waits for the next look; `false` where there is none.
    async fn looks_again(&mut self) -> bool {
        if self.left.is_zero() {
            return false;
        }
        let pause = self.pause.min(self.left);
        tokio::time::sleep(pause).await;
        self.left -= pause;
        self.pause = (self.pause * 2).min(Self::LONGEST);
        true
    }
}

impl Session {
    /// Writes what was reviewed. `take_over` names managers whose fields are taken from them.
    ///
    /// # Errors
    /// Where nothing was written: the token is not that of the last review, somebody changed an object since, fields of
    /// others were not taken over, or the journal could not record it. What happens after the first write is an answer.
    pub async fn apply(&self, token: &str, message: impl Into<Said>, take_over: &[String]) -> Result<Applied> {
        let message = message.into();
        let plan = self.plan().filter(|plan| plan.token == token).ok_or(Error::OutdatedReview)?;
        if let Whence::Tray(revision) = plan.whence
            && revision != self.tray.borrow().revision()
        {
            return Err(Error::OutdatedReview);
        }
        let message = match &plan.whence {
            Whence::Itself(said) if message.en.is_empty() => said.clone(),
            _ => message,
        };
        let applied = self.carry_out(&plan, &message, take_over).await?;
        // A token is good for one apply: the second would find other versions anyway.
        self.set_plan(None);
        if applied.state == State::Applied {
            let keys: Vec<ObjectKey> = plan.steps.iter().map(|step| step.key.clone()).collect();
            match &plan.whence {
                Whence::Undo { .. } => {
                    let (undone, before) = plan.whence.undoes();
                    for entry in before.iter().copied().chain(undone) {
                        self.opening.records.close(entry, State::Undone).await?;
                    }
                }
                Whence::Tray(_) => self.tray.send_modify(|tray| tray.applied(&keys)),
                Whence::Itself(_) => {}
            }
        }
        Ok(applied)
    }

    /// Writes a plan.
    pub(crate) async fn carry_out(&self, plan: &Plan, message: &Said, take_over: &[String]) -> Result<Applied> {
        permit(plan, take_over)?;
        for step in &plan.steps {
            unchanged(self.connection(), step).await?;
        }
        // What the proxies have before the first write is what tells apart what they are sent because of it.
        let fleet = self.synchronised_now().await;
        let entry = self.opening.records.intend(self.entry(plan, message)).await?;
        self.begin_uptake(entry, plan, &fleet);
        let applied = self.execute(entry, plan).await?;
        let new = plan.steps.iter().filter(|step| step.live.is_none()).map(|step| step.key.clone());
        self.await_arrival(entry, new.collect());
        Ok(applied)
    }

    fn entry(&self, plan: &Plan, message: &Said) -> NewEntry {
        let card = self.card();
        let (undoes, undoes_too) = plan.whence.undoes();
        let object = |step: &Step| NewObject {
            key: step.key.clone(),
            version: step.live.as_ref().or(step.result.as_ref()).map(version_of).unwrap_or_default(),
            change: step.change(),
            before: step.live.clone(),
            after: step.result.clone(),
            resource_version: step.version().to_owned(),
        };
        NewEntry {
            cluster: self.cluster_name(),
            context: card.name.clone(),
            user: self.opening.probed.user.clone(),
            message: message.clone(),
            objects: plan.steps.iter().map(object).collect(),
            says: says(&plan.effect).iter().map(Line::saved).collect(),
            undoes,
            undoes_too: undoes_too.to_vec(),
        }
    }

    /// One stable name for the cluster, whatever its context is called.
    pub fn cluster_name(&self) -> String {
        self.card().cluster().to_owned()
    }

    async fn execute(&self, entry: EntryId, plan: &Plan) -> Result<Applied> {
        let connection = self.connection();
        let mut patience = Patience::new(self.opening.patience);
        let mut ended: Vec<Ended> = Vec::new();
        let mut done: Vec<(usize, Value)> = Vec::new();
        let mut stopped = None;
        for (at, step) in plan.steps.iter().enumerate() {
            let written = write(connection, step, &mut patience).await;
            let refused = matches!(written, Written::Refused(_));
            let (state, because, version) = match written {
                Written::Done(object, remark) => {
                    let version = resource_version(&object);
                    done.push((at, object));
                    (State::Applied, remark, version)
                }
                Written::Refused(why) | Written::Not(why) => {
                    stopped = Some(State::RolledBack);
                    let Said { en, zh } = why;
                    (State::RolledBack, said!("not written: {en}", "未写入：{zh}"), String::new())
                }
                Written::Lost(why) => {
                    stopped = Some(State::Partial);
                    let Said { en, zh } = why;
                    let why = said!("nobody knows whether it was written: {en}", "无人知道是否已写入：{zh}");
                    (State::Intended, why, String::new())
                }
            };
            ended.push(Ended { refused, ..self.ended(entry, at, step, state, because, version).await? });
            if stopped.is_some() {
                break;
            }
        }
        let Some(mut state) = stopped else {
            self.opening.records.close(entry, State::Applied).await?;
            return Ok(Applied { entry, state: State::Applied, objects: ended });
        };
        for (at, object) in done.into_iter().rev() {
            let step = &plan.steps[at];
            let (outcome, because) = match put_back(connection, step, &object, &mut patience).await {
                Ok(()) => {
                    let why =
                        ("written, then put back because another object failed", "已写入，又因另一个对象失败而恢复");
                    (State::RolledBack, why.into())
                }
                Err(why) => {
                    state = State::Partial;
                    let Said { en, zh } = why;
                    (State::Applied, said!("written, and could not be put back: {en}", "已写入，且未能恢复：{zh}"))
                }
            };
            let version = resource_version(&object);
            ended[at] = self.ended(entry, at, step, outcome, because, version).await?;
        }
        for (at, step) in plan.steps.iter().enumerate().skip(ended.len()) {
            let because = said!("not tried, because an object before it failed", "未尝试，因为它之前的一个对象失败了");
            ended.push(self.ended(entry, at, step, State::RolledBack, because, String::new()).await?);
        }
        self.opening.records.close(entry, state).await?;
        Ok(Applied { entry, state, objects: ended })
    }

    async fn ended(
        &self,
        entry: EntryId,
        at: usize,
        step: &Step,
        state: State,
        because: Said,
        version: String,
    ) -> Result<Ended> {
        let outcome = ObjectOutcome { state, resource_version: version.clone(), because: because.clone() };
        // The cluster has moved on already: a journal that fails now must not keep the rest from being put right.
        if let Err(error) = self.opening.records.outcome(entry, at, outcome).await {
            tracing::error!(%error, entry, "an outcome could not be recorded");
        }
        Ok(Ended { key: step.key.clone(), state, because, version, refused: false })
    }
}

fn version_of(object: &Value) -> String {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    api_version.rsplit('/').next().unwrap_or_default().to_owned()
}

fn resource_version(object: &Value) -> String {
    object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Whether everything that stands in the way was decided by the user.
fn permit(plan: &Plan, take_over: &[String]) -> Result<()> {
    if !plan.because.en.is_empty() {
        return Err(Error::Refused { reason: plan.because.clone() });
    }
    for step in &plan.steps {
        let held: Vec<&Conflict> = step.conflicts.iter().filter(|c| !take_over.contains(&c.manager)).collect();
        if let Some(first) = held.first() {
            let fields = held.iter().filter(|c| c.manager == first.manager).map(|c| c.field.clone()).collect();
            return Err(Error::Owned { object: step.key.clone(), manager: first.manager.clone(), fields });
        }
    }
    Ok(())
}

/// Whether an object is still exactly what the review read; its controller may go on meanwhile where an order stays the same.
async fn unchanged(connection: &Connection, step: &Step) -> Result<()> {
    let changed = |detail: Said| Error::Changed { object: step.key.clone(), detail };
    if let Method::Order(order, patch) = &step.method {
        let still = foreign::still(connection, step, *order, patch).await?;
        return still.map(drop).ok_or_else(|| changed(said!(": its rollout has moved on", "：它的发布已向前推进")));
    }
    match (read(connection, &step.key).await?, &step.live) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(changed(said!(": it has been created", "：它已被创建"))),
        (None, Some(_)) => Err(changed(said!(": it has been deleted", "：它已被删除"))),
        (Some(now), Some(live)) if now["metadata"]["uid"] != live["metadata"]["uid"] => {
            Err(changed(said!(": it has been deleted and made again", "：它已被删除并重新创建")))
        }
        (Some(now), Some(live)) if resource_version(&now) != resource_version(live) => {
            let fields: Vec<String> = touched(live, &now).iter().map(|field| dotted(&field.path)).collect();
            let fields = fields.join(", ");
            Err(changed(if fields.is_empty() { Said::default() } else { said!(": {fields}", "：{fields}") }))
        }
        _ => Ok(()),
    }
}

/// Writes one object, once.
async fn write(connection: &Connection, step: &Step, patience: &mut Patience) -> Written {
    let answer = match &step.method {
        Method::Nothing => {
            return Written::Done(step.live.clone().unwrap_or_default(), said!("it was so already", "它已是如此"));
        }
        Method::Create(body) => connection.create(body, &strict(false)).await.map(|answer| answer.object),
        Method::Apply(body) => {
            let options = Options {
                force: step.ours_conflicts || !step.conflicts.is_empty(),
                resource_version: Some(step.version().to_owned()),
                ..strict(false)
            };
            connection.apply(body, &options).await.map(|answer| answer.object)
        }
        Method::Patch(steps) => {
            connection.json_patch(&step.key, steps, &strict(false)).await.map(|answer| answer.object)
        }
        Method::Order(order, patch) => match foreign::still(connection, step, *order, patch).await {
            Ok(Some(version)) => {
                let options = Options { resource_version: Some(version).filter(|_| patch.exact), ..strict(false) };
                connection.merge_patch(&step.key, patch.status, &patch.body, &options).await.map(|answer| answer.object)
            }
            Ok(None) => return Written::Refused(said!("its rollout has moved on", "它的发布已向前推进")),
            Err(error) => return Written::Not(error.said()),
        },
        Method::Delete => {
            let only = step.live.as_ref().map(preconditions).unwrap_or_default();
            connection.delete(&step.key, &only, false).await.map(|_| Value::Null)
        }
    };
    match answer {
        Ok(object) => {
            let remark = remark(step, &object);
            owned_as_before(connection, &step.key, object, step.managers.as_ref(), remark).await
        }
        Err(error) if is_refusal(&error) => Written::Refused(error.said()),
        Err(error) if is_answer(&error) => Written::Not(error.said()),
        Err(error) => settle(connection, step, &error, patience).await,
    }
}

/// Puts the owners of fields back where that is planned. The object itself is as it shall be: a failure is a remark.
async fn owned_as_before(
    connection: &Connection,
    key: &ObjectKey,
    object: Value,
    owners: Option<&Value>,
    remark: Said,
) -> Written {
    let Some(owners) = owners else { return Written::Done(object, remark) };
    match managers::put_back(connection, key, &object, owners).await {
        Ok(object) => Written::Done(object, remark),
        Err(error) => {
            let Said { en, zh } = error.said();
            let why = said!(
                "its fields are as before, their owners are not: {en}",
                "它的字段已恢复原样，但字段的所有者没有：{zh}"
            );
            Written::Done(object, why)
        }
    }
}

/// What the server stored besides what its dry-run had promised.
fn remark(step: &Step, object: &Value) -> Said {
    let Some(promised) = step.result.as_ref().filter(|_| step.kind != ChangeKind::Delete) else {
        return Said::default();
    };
    let fields: Vec<String> = touched(promised, object).iter().map(|field| dotted(&field.path)).collect();
    if fields.is_empty() {
        return Said::default();
    }
    let fields = fields.join(", ");
    said!("stored with other values than its dry-run: {fields}", "存储的值与试运行的不同：{fields}")
}

/// Whether the server itself said no: then nothing was written. Anything else may hide a write that happened.
fn is_answer(error: &ApiError) -> bool {
    !matches!(error.cause, Cause::Unreachable(_) | Cause::Server { .. } | Cause::Broken { .. })
}

/// Whether the server said no to what it was asked: it would say so again.
fn is_refusal(error: &ApiError) -> bool {
    matches!(
        error.cause,
        Cause::Forbidden { .. }
            | Cause::NotFound { .. }
            | Cause::NotServed { .. }
            | Cause::Conflict { .. }
            | Cause::Invalid { .. }
            | Cause::Refused { .. }
            | Cause::NotAllowed { .. }
    )
}

/// Finds out by reading whether a write whose answer was lost has happened.
async fn settle(connection: &Connection, step: &Step, lost: &ApiError, patience: &mut Patience) -> Written {
    loop {
        let Ok(now) = read(connection, &step.key).await else {
            if patience.looks_again().await {
                continue;
            }
            return Written::Lost(lost.said());
        };
        let untouched = match (&now, &step.live) {
            (Some(now), Some(live)) if step.change() == Change::Order => {
                resource_version(now) == resource_version(live)
            }
            (Some(now), Some(live)) => managers::only_status_moved(live, now),
            (None, None) => true,
            _ => false,
        };
        if untouched {
            return Written::Not(lost.said());
        }
        return match (now, &step.result, step.kind) {
            (None, _, ChangeKind::Delete) => {
                let why = said!(
                    "its answer was lost; reading it back showed the deletion",
                    "其应答丢失；重新读取表明它已删除"
                );
                Written::Done(Value::Null, why)
            }
            (Some(now), Some(result), _) if step.meant(&now) == step.meant(result) => {
                let why = said!(
                    "its answer was lost; reading it back showed the change",
                    "其应答丢失；重新读取表明更改已生效"
                );
                Written::Done(now, why)
            }
            _ => {
                let Said { en, zh } = lost.said();
                Written::Lost(said!("{en}; since then somebody changed it", "{zh}；此后有人改了它"))
            }
        };
    }
}

/// Puts one object back, if it still is what our own write made of it, and waits for a server that is gone. Each try is bound to the
/// version that was just read, so that one whose answer was lost cannot happen twice.
async fn put_back(
    connection: &Connection,
    step: &Step,
    written: &Value,
    patience: &mut Patience,
) -> std::result::Result<(), Said> {
    if step.method == Method::Nothing {
        return Ok(());
    }
    if step.change() == Change::Order {
        return Err(said!(
            "what its controller was told through its status cannot be taken back",
            "经由状态告诉其控制器的内容无法撤回"
        ));
    }
    let mut tried = false;
    let mut refused: Option<(String, Said)> = None;
    loop {
        let error = match read(connection, &step.key).await {
            Err(error) => error,
            Ok(now) => {
                let as_before = now.as_ref().map(desired) == step.live.as_ref().map(desired);
                if as_before && (tried || now.is_none()) {
                    return Ok(());
                }
                let now = now.unwrap_or_default();
                if !managers::only_status_moved(written, &now) {
                    return Err(said!("somebody changed it since", "此后有人改了它"));
                }
                if let Some((_, why)) = refused.filter(|(version, _)| *version == resource_version(&now)) {
                    return Err(why);
                }
                tried = true;
                match put_back_at(connection, step, written, &now).await {
                    Ok(()) => return Ok(()),
                    Err(error) => {
                        refused = is_answer(&error).then(|| (resource_version(&now), error.said()));
                        error
                    }
                }
            }
        };
        if !patience.looks_again().await {
            return Err(error.said());
        }
    }
}

/// Takes one object back from `written`, if it is at the version of `now`.
async fn put_back_at(
    connection: &Connection,
    step: &Step,
    written: &Value,
    now: &Value,
) -> std::result::Result<(), ApiError> {
    let Some(live) = &step.live else {
        return connection.delete(&step.key, &preconditions(now), false).await.map(drop);
    };
    if now.is_null() {
        let made = connection.create(&desired(live), &strict(false)).await?.object;
        rightful(connection, step, managers::restored(live, &Value::Null, &Value::Null), &made).await;
        return Ok(());
    }
    let fields = reversed(&touched(live, written));
    let steps = patch(&resource_version(now), &fields, now);
    let back = connection.json_patch(&step.key, &steps, &strict(false)).await?.object;
    rightful(connection, step, managers::restored(live, written, now), &back).await;
    Ok(())
}

/// Puts the owners of an object back that has just been put back. It is as it was for everybody who reads it: where this
/// fails, a log line is enough.
async fn rightful(connection: &Connection, step: &Step, owners: Option<Value>, object: &Value) {
    let Some(owners) = owners else { return };
    if let Err(error) = managers::put_back(connection, &step.key, object, &owners).await {
        tracing::warn!(%error, "an object was put back, the owners of its fields were not");
    }
}
