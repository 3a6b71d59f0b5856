//! One planned write of one object, as the server's dry-run answered it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use cluster::{Answer, ApiError, Cause, Connection, FIELD_MANAGER, Options, Preconditions};
use journal::Change;
use serde_json::Value;
use world::merge::Clash;
use world::{ObjectKey, Said, said, yaml};

use super::undo::undecided;
use crate::Result;
use crate::change::owners::{apply_body, others, owner};
use crate::change::touched::{Touched, desired, dotted, meant, patch, touched};
use crate::change::tray::{ChangeKind, Item};
use crate::files::pointer;
use crate::rollout::foreign::{Order, Patch};

/// How an object is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// It is made, and must not exist.
    Create(Value),
    /// Server-side apply; `force` where all conflicting fields are ours, or are taken over.
    Apply(Value),
    /// A JSON patch that tests what it changes.
    Patch(Value),
    /// It is deleted, at the version and uid that were read.
    Delete,
    /// A merge patch that tells its controller something.
    Order(Order, Patch),
    /// It already is as it shall be.
    Nothing,
}

/// A field that somebody else owns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Conflict {
    /// Who.
    pub manager: String,
    /// The field as people write it.
    pub field: String,
}

/// What the server, or we, say of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// From 1, in the text that is to be written.
    pub line: usize,
    /// In their words, or ours.
    pub message: Said,
    /// Nothing can be written with it; else a warning.
    pub error: bool,
}

/// Something that we changed and somebody else as well since.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispute {
    /// What, and its three values.
    pub clash: Clash,
    /// Who, by the names that the server knows them by; empty where it names nobody.
    pub managers: Vec<String>,
}

/// One planned write.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which object.
    pub key: ObjectKey,
    /// What happens to it.
    pub kind: ChangeKind,
    /// As it was read; `None` where it is not there.
    pub live: Option<Value>,
    /// How it is written.
    pub method: Method,
    /// What the dry-run answered; `None` for a deletion, or where it refused.
    pub result: Option<Value>,
    /// What the server, or we, say of it.
    pub problems: Vec<Problem>,
    /// Fields of others.
    pub conflicts: Vec<Conflict>,
    /// Of an undo: what somebody else changed since as well.
    pub disputes: Vec<Dispute>,
    /// What becomes of a request for a moment after this write, as it does neither before nor after the change, where no order of the writes
    /// avoids it; else empty.
    pub lapse: Said,
    /// Only earlier patches of ours conflict.
    pub ours_conflicts: bool,
    /// Who shall own which fields after the write, where that is put back too.
    pub managers: Option<Value>,
}

impl Step {
    /// `metadata.resourceVersion` that was read.
    pub fn version(&self) -> &str {
        text(self.live.as_ref(), "/metadata/resourceVersion")
    }

    /// `metadata.uid` that was read.
    pub fn uid(&self) -> &str {
        text(self.live.as_ref(), "/metadata/uid")
    }

    /// Who may set it back.
    pub fn owner(&self) -> String {
        self.live.as_ref().map(owner).unwrap_or_default()
    }

    /// The server accepted it, and nothing is left to decide.
    pub fn accepted(&self) -> bool {
        self.obstacle().is_none()
    }

    /// What stands in its way besides conflicts.
    pub fn obstacle(&self) -> Option<Said> {
        let refused = || self.problems.iter().find(|problem| problem.error).map(|problem| problem.message.clone());
        undecided(&self.disputes).or_else(refused)
    }

    /// What the journal calls it.
    pub fn change(&self) -> Change {
        match (&self.method, self.kind) {
            (Method::Order(_, patch), _) if patch.status => Change::Order,
            (_, ChangeKind::Create) => Change::Create,
            (_, ChangeKind::Update) => Change::Update,
            (_, ChangeKind::Delete) => Change::Delete,
        }
    }

    /// It as this change means it.
    pub fn meant(&self, object: &Value) -> Value {
        meant(self.change(), object)
    }

    /// It before and after, as this change means it.
    pub fn images(&self) -> (Option<Value>, Option<Value>) {
        let image = |object: &Option<Value>| object.as_ref().map(|object| self.meant(object));
        (image(&self.live), image(&self.result))
    }

    /// The same as YAML.
    pub fn texts(&self) -> (String, String) {
        let text = |image: Option<Value>| image.as_ref().map(yaml::write).unwrap_or_default();
        let (before, after) = self.images();
        (text(before), text(after))
    }

    fn refused(key: &ObjectKey, kind: ChangeKind, live: Option<Value>, problem: Problem) -> Self {
        Self {
            key: key.clone(),
            kind,
            live,
            method: Method::Nothing,
            result: None,
            problems: vec![problem],
            conflicts: Vec::new(),
            disputes: Vec::new(),
            lapse: Said::default(),
            ours_conflicts: false,
            managers: None,
        }
    }
}

fn text<'a>(object: Option<&'a Value>, pointer: &str) -> &'a str {
    object.and_then(|o| o.pointer(pointer)).and_then(Value::as_str).unwrap_or_default()
}

/// A problem of the object as a whole.
pub(crate) fn problem(message: impl Into<Said>) -> Problem {
    Problem { line: 1, message: message.into(), error: true }
}

/// The object as the server has it now; `None` where it is not there.
pub(crate) async fn read(connection: &Connection, key: &ObjectKey) -> Result<Option<Value>, ApiError> {
    match connection.get(key).await {
        Ok(object) => Ok(Some(object)),
        Err(ApiError { cause: Cause::NotFound { .. }, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn strict(dry_run: bool) -> Options {
    Options { dry_run, field_validation: Some("Strict"), ..Options::default() }
}

/// Plans an item of the tray.
///
/// # Errors
/// Where the server cannot be asked at all; its refusals are problems of the step.
pub async fn plan(connection: &Connection, item: &Item) -> Result<Step, ApiError> {
    let live = match read(connection, &item.key).await {
        Ok(live) => live,
        Err(error) => return refusal(&item.key, item.kind, None, &item.yaml, error),
    };
    match (item.kind, live) {
        (ChangeKind::Create, None) => create(connection, item).await,
        (ChangeKind::Create, Some(live)) => {
            let key = &item.key;
            let said = problem(said!("{key} exists already: open it and edit it", "{key} 已存在：请打开它编辑"));
            Ok(Step::refused(key, item.kind, Some(live), said))
        }
        (_, None) => {
            let key = &item.key;
            let said = problem(said!("{key} has been deleted", "{key} 已被删除"));
            Ok(Step::refused(key, item.kind, None, said))
        }
        (kind, Some(live)) => match moved_on(item, &live) {
            Some(fields) => {
                let Said { en, zh } = fields;
                let said = problem(said!(
                    "somebody changed it since this edit began: {en}",
                    "此次编辑开始之后有人改了它：{zh}"
                ));
                Ok(Step::refused(&item.key, kind, Some(live), said))
            }
            None if kind == ChangeKind::Delete => delete(connection, &item.key, live).await,
            None => update(connection, &item.key, &item.yaml, &item.body, live).await,
        },
    }
}

/// The fields that somebody changed since the edit began; `None` where nobody did.
fn moved_on(item: &Item, live: &Value) -> Option<Said> {
    if text(Some(live), "/metadata/resourceVersion") == item.base {
        return None;
    }
    let Some(base) = &item.base_body else {
        return Some(said!("the version it was made from is no longer known", "它所依据的版本已无从得知"));
    };
    let fields: Vec<String> = touched(base, live).iter().map(|field| dotted(&field.path)).collect();
    (!fields.is_empty()).then(|| fields.join(", ").into())
}

async fn create(connection: &Connection, item: &Item) -> Result<Step, ApiError> {
    let body = match served(connection, &item.key, &item.body).await {
        Ok(body) => body,
        Err(error) => return refusal(&item.key, item.kind, None, &item.yaml, error),
    };
    match connection.create(&body, &strict(true)).await {
        Ok(answer) => Ok(accepted(&item.key, item.kind, None, Method::Create(body), answer)),
        Err(error) => refusal(&item.key, item.kind, None, &item.yaml, error),
    }
}

async fn delete(connection: &Connection, key: &ObjectKey, live: Value) -> Result<Step, ApiError> {
    let only = preconditions(&live);
    match connection.delete(key, &only, true).await {
        Ok(warnings) => {
            let answer = Answer { object: Value::Null, warnings };
            let step = accepted(key, ChangeKind::Delete, Some(live), Method::Delete, answer);
            Ok(Step { result: None, ..step })
        }
        Err(error) => refusal(key, ChangeKind::Delete, Some(live), "", error),
    }
}

pub(crate) fn preconditions(object: &Value) -> Preconditions {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    Preconditions { uid: text("/metadata/uid"), resource_version: text("/metadata/resourceVersion") }
}

/// The object at the version that its path has.
async fn served(connection: &Connection, key: &ObjectKey, body: &Value) -> Result<Value, ApiError> {
    let apis = connection.apis().await?;
    let mut body = desired(body);
    if let Some(api) = apis.find(&key.group, &key.kind) {
        body["apiVersion"] = Value::String(api.api_version());
    }
    Ok(body)
}

async fn update(
    connection: &Connection,
    key: &ObjectKey,
    yaml: &str,
    wanted: &Value,
    live: Value,
) -> Result<Step, ApiError> {
    let kind = ChangeKind::Update;
    let mut wanted = desired(wanted);
    wanted["apiVersion"] = live["apiVersion"].clone();
    let fields = touched(&live, &wanted);
    if fields.is_empty() {
        let answer = Answer { object: live.clone(), warnings: Vec::new() };
        return Ok(accepted(key, kind, Some(live), Method::Nothing, answer));
    }
    let mut body = apply_body(&live, &wanted, &fields, FIELD_MANAGER);
    body["metadata"]["uid"] = live["metadata"]["uid"].clone();
    let options =
        Options { resource_version: Some(text(Some(&live), "/metadata/resourceVersion").into()), ..strict(true) };
    let (answer, owners) = match connection.apply(&body, &options).await {
        Err(ApiError { cause: Cause::Conflict { owners, .. }, .. }) if !owners.is_empty() => {
            (connection.apply(&body, &Options { force: true, ..options }).await, owners)
        }
        answer => (answer, Vec::new()),
    };
    let removed: Vec<Touched> = fields.iter().filter(|field| field.after.is_none()).cloned().collect();
    let mut step = match answer {
        Ok(answer) => accepted(key, kind, Some(live), Method::Apply(body), answer),
        // What somebody else owns stayed beside what takes its place, and the kind allows one of them alone.
        Err(ApiError { cause: Cause::Invalid { .. }, .. }) if !removed.is_empty() => {
            Step::refused(key, kind, Some(live), problem(""))
        }
        Err(error) => return refusal(key, kind, Some(live), yaml, error),
    };
    let mut conflicts: Vec<Conflict> = owners
        .iter()
        .filter(|owner| owner.manager != FIELD_MANAGER)
        .map(|owner| Conflict { manager: owner.manager.clone(), field: owner.field.trim_start_matches('.').to_owned() })
        .collect();
    step.ours_conflicts = !owners.is_empty() && conflicts.is_empty();
    if removed.iter().any(|field| step.result.as_ref().is_none_or(|result| result.pointer(&field.path).is_some())) {
        step = by_patch(connection, key, yaml, &fields, step).await?;
        let owned = step.live.as_ref().map(|live| others(live, &removed, FIELD_MANAGER)).unwrap_or_default();
        conflicts.extend(flat(owned));
    }
    conflicts.dedup();
    Ok(Step { conflicts, ..step })
}

fn flat(owned: BTreeMap<String, Vec<String>>) -> impl Iterator<Item = Conflict> {
    owned.into_iter().flat_map(|(field, managers)| {
        managers.into_iter().map(move |manager| Conflict { manager, field: field.clone() })
    })
}

async fn by_patch(
    connection: &Connection,
    key: &ObjectKey,
    yaml: &str,
    fields: &[Touched],
    step: Step,
) -> Result<Step, ApiError> {
    let Some(live) = step.live else { return Ok(step) };
    let steps = patch(text(Some(&live), "/metadata/resourceVersion"), fields, &live);
    match connection.json_patch(key, &steps, &strict(true)).await {
        Ok(answer) => Ok(accepted(key, step.kind, Some(live), Method::Patch(steps), answer)),
        Err(error) => refusal(key, step.kind, Some(live), yaml, error),
    }
}

/// Plans a patch that takes fields of a live object from one value to another: an undo.
pub(crate) async fn patched(
    connection: &Connection,
    key: &ObjectKey,
    fields: &[Touched],
    live: Value,
) -> Result<Step, ApiError> {
    let step = Step::refused(key, ChangeKind::Update, Some(live), problem(""));
    by_patch(connection, key, "", fields, step).await
}

/// Plans to tell an object's controller something.
pub(crate) async fn ordered(
    connection: &Connection,
    key: &ObjectKey,
    (order, patch): (Order, Patch),
    live: Value,
) -> Result<Step, ApiError> {
    let kind = ChangeKind::Update;
    match connection.merge_patch(key, patch.status, &patch.body, &strict(true)).await {
        Ok(answer) => Ok(accepted(key, kind, Some(live), Method::Order(order, patch), answer)),
        Err(error) => refusal(key, kind, Some(live), "", error),
    }
}

/// Plans to make an object again: the undo of a deletion.
pub(crate) async fn made_again(connection: &Connection, key: &ObjectKey, before: &Value) -> Result<Step, ApiError> {
    let item = Item {
        key: key.clone(),
        kind: ChangeKind::Create,
        yaml: String::new(),
        body: std::sync::Arc::new(before.clone()),
        base: String::new(),
        base_body: None,
    };
    create(connection, &item).await
}

/// Plans a deletion of an object at the version it has now: the undo of a creation.
pub(crate) async fn unmade(connection: &Connection, key: &ObjectKey, live: Value) -> Result<Step, ApiError> {
    delete(connection, key, live).await
}

/// A step of an object that is already as it shall be.
pub(crate) fn nothing(key: &ObjectKey, kind: ChangeKind, live: Option<Value>) -> Step {
    let result = live.clone();
    Step { problems: Vec::new(), result, ..Step::refused(key, kind, live, problem("")) }
}

/// A step that cannot be planned, with what stands in its way.
pub(crate) fn blocked(key: &ObjectKey, kind: ChangeKind, live: Option<Value>, why: impl Into<Said>) -> Step {
    Step::refused(key, kind, live, problem(why))
}

fn accepted(key: &ObjectKey, kind: ChangeKind, live: Option<Value>, method: Method, answer: Answer) -> Step {
    let warned = |message: String| Problem { error: false, ..problem(message) };
    Step {
        key: key.clone(),
        kind,
        live,
        method,
        result: Some(answer.object),
        problems: answer.warnings.into_iter().map(warned).collect(),
        conflicts: Vec::new(),
        disputes: Vec::new(),
        lapse: Said::default(),
        ours_conflicts: false,
        managers: None,
    }
}

/// A refusal by the server becomes a problem at its line; a server that cannot be asked stays an error.
fn refusal(
    key: &ObjectKey,
    kind: ChangeKind,
    live: Option<Value>,
    yaml: &str,
    error: ApiError,
) -> Result<Step, ApiError> {
    let problems = match &error.cause {
        Cause::Invalid { causes, .. } if !causes.is_empty() => {
            let at = |field: &str| yaml::line_of(yaml, &pointer(field)).unwrap_or(1);
            causes
                .iter()
                .map(|cause| {
                    let named = if cause.field.is_empty() { String::new() } else { format!("{}: ", cause.field) };
                    Problem { line: at(&cause.field), ..problem(format!("{named}{}", cause.message)) }
                })
                .collect()
        }
        Cause::Invalid { detail, .. } | Cause::Refused { detail, .. } => vec![problem(detail.clone())],
        Cause::Forbidden { .. }
        | Cause::NotServed { .. }
        | Cause::NotFound { .. }
        | Cause::Conflict { .. }
        | Cause::NotAllowed { .. } => {
            vec![problem(Said::in_turn(&[error.cause.said(), error.hint().into()]))]
        }
        _ => return Err(error),
    };
    let step = Step::refused(key, kind, live, problem(""));
    Ok(Step { problems, ..step })
}

/// Names exactly these writes: objects, versions and what is sent.
pub fn token(steps: &[Step], stamp: u64) -> String {
    let mut hasher = DefaultHasher::new();
    stamp.hash(&mut hasher);
    for step in steps {
        (&step.key, step.kind, step.uid(), step.version(), &step.conflicts).hash(&mut hasher);
        match &step.method {
            Method::Create(body) | Method::Apply(body) | Method::Patch(body) => body.to_string().hash(&mut hasher),
            Method::Order(_, patch) => (patch.status, patch.body.to_string()).hash(&mut hasher),
            Method::Delete => "delete".hash(&mut hasher),
            Method::Nothing => "nothing".hash(&mut hasher),
        }
    }
    format!("{:016x}", hasher.finish())
}
