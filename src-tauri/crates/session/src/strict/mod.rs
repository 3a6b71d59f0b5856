//! The way to STRICT: namespace by namespace, by what was seen to come in plaintext, and back where a caller breaks.

mod guard;
mod plan;
mod watch;

use std::sync::{Arc, PoisonError};

use journal::EntryId;
use serde_json::json;
use world::yaml::{self, Edit};
use world::{Document, ObjectKey, World, said};

pub use guard::Broken;
pub use plan::{Mode, Place, PlainCaller, Row, State};

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
    /// Namespaces that go back by themselves where a caller breaks.
    pub guarded: Vec<String>,
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
    pub why: String,
}

impl Session {
    /// How far each namespace is, and what the next step is.
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn strict(&self) -> Result<Strict> {
        let ready = self.ready().await?;
        let known = self.opening.records.plaintext(&self.cluster_name()).await?;
        let (watched, sights) = known.unwrap_or_default();
        let broken = self.strict_broken().await?;
        let (traffic, engine) = (self.traffic.borrow().clone(), self.engine().clone());
        let tray = self.tray.borrow().clone();
        let (of, heard) = (ready, watched.seconds);
        let made = tokio::task::spawn_blocking(move || plan::rows(&of, &engine, &traffic, &tray, heard, &sights));
        let rows = made.await.map_err(|_| defect("planning the way to STRICT"))??;
        let next = if broken.is_empty() { plan::next(&rows) } else { None };
        let guarded = self.guarded.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        let back = self.taken_back.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let taken_back = back.into_iter().rev().collect();
        Ok(Strict { since: watched.since, watched: watched.seconds, rows, next, broken, guarded, taken_back })
    }

    /// What the next step of a namespace would put into the tray. With `guard`, it goes back by itself where a caller breaks.
    ///
    /// # Errors
    /// Where there is no step, or a caller is broken by an earlier one.
    pub async fn strict_step(&self, namespace: &str, guard: bool) -> Result<Dish> {
        let strict = self.strict().await?;
        if let Some(broken) = strict.broken.first() {
            let reason = said!(
                "entry {} broke {}: take it back first",
                "第 {} 条使 {} 中断：请先撤销它",
                broken.entry,
                broken.words()
            );
            return Err(Error::Refused { reason });
        }
        let row = strict.rows.into_iter().find(|row| row.namespace == namespace);
        let target = row.and_then(|row| row.target);
        let target = target.ok_or_else(|| Error::Refused {
            reason: said!("there is no next step for {namespace}", "{namespace} 没有下一步"),
        })?;
        let apis = self.connection().apis().await?;
        let version = apis.find(SECURITY, KIND).map_or_else(|| "v1".into(), |api| api.version.clone());
        let (drafted, tray) = (self.drafted().await?, self.tray.borrow().clone());
        let dish = step(&self.world(), drafted.world(), &tray, namespace, target, &version)?;
        let mut guarded = self.guarded.lock().unwrap_or_else(PoisonError::into_inner);
        if guard {
            guarded.insert(namespace.to_owned());
        } else {
            guarded.remove(namespace);
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
    let selects = |policy: &Document| {
        policy
            .at("/spec/selector/matchLabels")
            .and_then(|labels| labels.as_object())
            .is_some_and(|labels| !labels.is_empty())
    };
    all.filter(|policy| !selects(policy)).min_by_key(|policy| (policy.created, policy.key.clone())).cloned()
}

/// The namespaces where an entry of the journal made something STRICT.
pub(crate) fn made_strict(entry: &journal::Entry) -> Vec<String> {
    let is_strict = |image: &Option<serde_json::Value>| {
        image.as_ref().is_some_and(|image| image["spec"]["mtls"]["mode"] == Mode::Strict.word())
    };
    let ours = entry.objects.iter().filter(|object| object.key.group == SECURITY && object.key.kind == KIND);
    ours.filter(|o| is_strict(&o.after) && !is_strict(&o.before)).map(|o| o.key.namespace.clone()).collect()
}
