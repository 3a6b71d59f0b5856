//! The way to STRICT: namespace by namespace, by what was seen to come in plaintext, and back where a caller breaks.

mod guard;
mod keep;
mod plan;
#[cfg(test)]
mod tests;
mod watch;
mod workload;

use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use journal::EntryId;
use serde_json::{Value, json};
use world::yaml::{self, Edit};
use world::{Document, Labels, ObjectKey, Said, World, said};

pub use guard::Broken;
pub use keep::Guard;
pub use plan::{Mode, Place, PlainCaller, Row, State};
pub use workload::Workload;

use crate::change::tray::Tray;
use crate::recipes::{Dish, SECURITY, changed};
use crate::session::defect;
use crate::template::free_name;
use crate::{Error, Result, Session};

pub(crate) const KIND: &str = "PeerAuthentication";

/// How far the mesh is on its way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strict {
    /// Since when the app has looked at this cluster's traffic, milliseconds since 1970; 0 where it never has.
    pub since: i64,
    /// For so many seconds of that time.
    pub watched: f64,
    /// One for each namespace with workloads in the mesh, and last the mesh as a whole.
    pub rows: Vec<Row>,
    /// The namespace that is safe to go on with; none while a caller is broken.
    pub next: Option<String>,
    /// Callers that a step has broken.
    pub broken: Vec<Broken>,
    /// Steps that go back by themselves where a caller breaks, by namespace, the last of each last.
    pub guards: Vec<Guard>,
    /// Steps that went back by themselves, the last first.
    pub taken_back: Vec<TakenBack>,
}

/// A step that was taken back by itself, for it broke a caller.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenBack {
    /// The entry of the journal that took it back.
    pub entry: EntryId,
    /// Where it stood.
    pub namespace: String,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Who broke.
    pub why: Said,
}

impl Session {
    /// How far each namespace is, and what the next step is.
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn strict(&self) -> Result<Strict> {
        let ready = self.ready().await?;
        let plaintext = self.opening.records.plaintext(&self.cluster_name()).await?.unwrap_or_default();
        let watched = plaintext.watched.clone();
        let guards = self.strict_guards().await?;
        let broken = self.strict_broken().await?;
        let (traffic, engine) = (self.traffic.borrow().clone(), self.engine().clone());
        let tray = self.tray.borrow().clone();
        let made = tokio::task::spawn_blocking(move || plan::rows(&ready, &engine, &traffic, &tray, &plaintext));
        let rows = made.await.map_err(|_| defect("planning the way to STRICT"))??;
        let next = if broken.is_empty() { plan::next(&rows) } else { None };
        let back = self.taken_back.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let taken_back = back.into_iter().rev().collect();
        Ok(Strict { since: watched.since, watched: watched.seconds, rows, next, broken, guards, taken_back })
    }

    /// What the next step of a namespace, or of one of its workloads alone, would put into the tray. With `guard`, it goes back by itself
    /// where a caller breaks.
    ///
    /// # Errors
    /// Where there is no step, or a caller is broken by an earlier one.
    pub async fn strict_step(&self, namespace: &str, workload: Option<&str>, guard: bool) -> Result<Dish> {
        let strict = self.strict().await?;
        if let Some(broken) = strict.broken.first() {
            let (entry, Said { en, zh }) = (broken.entry, broken.words());
            let reason = said!("entry {entry} broke {en}: take it back first", "第 {entry} 条使 {zh} 中断：请先撤销它");
            return Err(Error::Refused { reason });
        }
        let row = strict.rows.into_iter().find(|row| row.namespace == namespace);
        let target = row.and_then(|row| match workload {
            Some(name) => row.each.into_iter().find(|one| one.name == name)?.target,
            None => row.target,
        });
        let of = workload.map_or_else(|| namespace.to_owned(), |workload| format!("{namespace}/{workload}"));
        let target = target.ok_or_else(|| Error::Refused {
            reason: said!("there is no next step for {of}", "{of} 没有下一步"),
        })?;
        let apis = self.connection().apis().await?;
        let version = apis.find(SECURITY, KIND).map_or_else(|| "v1".into(), |api| api.version.clone());
        let (drafted, tray) = (self.drafted().await?, self.tray.borrow().clone());
        let dish = match workload {
            Some(name) => {
                let live = self.world();
                workload::step((&live, &drafted, &tray), (namespace, name), target, &version)?
            }
            None => step(&self.world(), drafted.world(), &tray, namespace, target, &version)?,
        };
        let (records, cluster) = (&self.opening.records, self.cluster_name());
        // A step that was written a moment ago keeps its guard: it is no longer that of the next one.
        self.strict_awake().await?;
        if guard {
            records.guard(&cluster, namespace, Timestamp::now().as_millisecond()).await?;
        } else {
            records.unguard_next(&cluster, namespace).await?;
        }
        Ok(dish)
    }
}

/// The policy of a whole namespace with another mode; a new one where there is none.
fn step(live: &World, world: &World, tray: &Tray, namespace: &str, mode: Mode, version: &str) -> Result<Dish> {
    if let Some(policy) = whole(world, namespace) {
        return changed(live, tray, &policy.key, &[Edit::set("/spec/mtls/mode", mode.word())]);
    }
    let name = free_name(world, SECURITY, KIND, namespace, "default");
    let object = json!({"apiVersion": format!("{SECURITY}/{version}"), "kind": KIND,
        "metadata": {"name": name, "namespace": namespace}, "spec": {"mtls": {"mode": mode.word()}}});
    let key = ObjectKey::new(SECURITY, KIND, namespace, &name);
    Ok(Dish { key, before: String::new(), after: yaml::write(&object), base: String::new() })
}

/// The policy that holds for a whole namespace: the oldest without a selector. Upstream: istio/istio pilot/pkg/security/authn/policy_applier.go,
/// ComposePeerAuthentication.
fn whole(world: &World, namespace: &str) -> Option<Arc<Document>> {
    let all = world.documents_of(SECURITY, KIND).filter(|policy| policy.key.namespace == namespace);
    let whole = all.filter(|policy| selector(&policy.body).is_none());
    whole.min_by_key(|policy| (policy.created, policy.key.clone())).cloned()
}

/// The labels by which a policy selects workloads; `None` where it is for all of them.
fn selector(policy: &Value) -> Option<Labels> {
    let labels = policy.pointer("/spec/selector/matchLabels").and_then(Value::as_object)?;
    let labels: Labels = labels.iter().filter_map(|(name, value)| Some((name, value.as_str()?))).collect();
    (!labels.is_empty()).then_some(labels)
}

/// The namespaces where an entry of the journal made something STRICT: a policy, or a port of it.
pub(crate) fn made_strict(entry: &journal::Entry) -> Vec<String> {
    let strict = |image: &Option<Value>| image.as_ref().map_or(0, strict_in);
    let ours = entry.objects.iter().filter(|object| object.key.group == SECURITY && object.key.kind == KIND);
    ours.filter(|o| strict(&o.after) > strict(&o.before)).map(|o| o.key.namespace.clone()).collect()
}

/// How often a policy says STRICT.
fn strict_in(policy: &Value) -> usize {
    let ports = policy.pointer("/spec/portLevelMtls").and_then(Value::as_object).into_iter().flatten();
    let modes = ports.map(|(_, port)| &port["mode"]).chain(policy.pointer("/spec/mtls/mode"));
    modes.filter(|mode| **mode == Mode::Strict.word()).count()
}
