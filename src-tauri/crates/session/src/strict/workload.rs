//! One workload on the way to STRICT: the mode in force, who calls it in plaintext, for how long its own proxies were read, and its own step.

use std::collections::BTreeMap;
use std::sync::Arc;

use journal::{PlainCall, Plaintext, Sight, Watched};
use mesh::{Membership, Mtls, Ready, selects};
use serde_json::{Value, json};
use world::yaml::{self, Edit};
use world::{Document, Labels, ObjectKey, World};

use super::plan::{Mode, PlainCaller, State, by_callers};
use super::{KIND, SECURITY, selector};
use crate::Result;
use crate::change::tray::Tray;
use crate::recipes::{Dish, changed};
use crate::template::{free_name, identifying};

/// A workload of the mesh on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// Its name.
    pub name: String,
    /// The mode in force at the ports that nobody names.
    pub mtls: Mtls,
    /// The object that decides it; `None` for the mesh's default.
    pub object: Option<ObjectKey>,
    /// The field in it.
    pub path: String,
    /// Ports at which another mode is in force.
    pub ports: Vec<(u16, Mtls)>,
    /// The step of its namespace changes nothing here: a policy of its own decides.
    pub stays: bool,
    /// Where it stands.
    pub state: State,
    /// What a step of its own makes of it; none where there is none.
    pub target: Option<Mode>,
    /// Since when its own proxies are read, milliseconds since 1970; `None` where they never were.
    pub since: Option<i64>,
    /// Seconds of reading them in which nobody called in plaintext.
    pub quiet: f64,
    /// Who was ever seen to, the latest first.
    pub callers: Vec<PlainCaller>,
    /// The share of plaintext among the connections that its proxies have counted since they began.
    pub clear_ever: f64,
    /// The tray holds its step.
    pub pending: bool,
}

/// What is known of plaintext, by the workload that was called.
pub(super) struct Known<'a> {
    watched: &'a Watched,
    heard: &'a BTreeMap<(String, String), Watched>,
    calls: BTreeMap<(&'a str, &'a str), Vec<(&'a PlainCall, &'a Sight)>>,
}

impl<'a> Known<'a> {
    pub(super) fn of(plaintext: &'a Plaintext) -> Self {
        let mut calls: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (call, sight) in &plaintext.calls {
            calls.entry((call.namespace.as_str(), call.workload.as_str())).or_default().push((call, sight));
        }
        Self { watched: &plaintext.watched, heard: &plaintext.heard, calls }
    }

    /// Who was seen to call it, the latest first: a workload, or a service of which nobody knows which workload answered.
    pub(super) fn callers(&self, namespace: &str, called: &str) -> Vec<PlainCaller> {
        let seen = self.calls.get(&(namespace, called)).into_iter().flatten();
        let caller = |(call, sight): &(&PlainCall, &Sight)| PlainCaller {
            caller: call.caller.clone(),
            workload: call.workload.clone(),
            last: sight.last,
            quiet: sight.quiet,
        };
        let mut callers: Vec<PlainCaller> = seen.map(caller).collect();
        callers.sort_by_key(|caller| std::cmp::Reverse(caller.last));
        callers
    }

    /// Since when, and for how many seconds, the proxies of a workload were read. What the proxy of a node counts is not told by workload:
    /// there, for how long anybody looked.
    fn heard(&self, namespace: &str, name: &str, membership: Membership) -> (Option<i64>, f64) {
        let own = self.heard.get(&(namespace.to_owned(), name.to_owned()));
        let node = Some(self.watched).filter(|watched| membership == Membership::Node && watched.since > 0);
        own.or(node).map_or((None, 0.0), |heard| (Some(heard.since), heard.seconds))
    }
}

impl Workload {
    pub(super) fn of(ready: &Ready, of: &world::Workload, membership: Membership, known: &Known, tray: &Tray) -> Self {
        let (namespace, name) = (of.namespace.as_str(), of.name.as_str());
        let posture = ready.posture(namespace, name);
        let ports: Vec<(u16, Mtls)> =
            ready.ports(namespace, name).into_iter().map(|(port, at)| (port, at.mtls)).collect();
        let callers = known.callers(namespace, name);
        let (since, heard) = known.heard(namespace, name, membership);
        let quiet = callers.iter().map(|caller| caller.quiet).fold(heard, f64::min);
        let is = |wanted: Mtls| posture.mtls == wanted || ports.iter().any(|(_, mtls)| *mtls == wanted);
        let target =
            if is(Mtls::Disabled) { Some(Mode::Permissive) } else { is(Mtls::Permissive).then_some(Mode::Strict) };
        let pending = target.is_some_and(|target| {
            tray.items().iter().any(|item| {
                let selects = |wanted: Labels| selects(&wanted, &of.labels);
                (item.key.group == SECURITY && item.key.kind == KIND && item.key.namespace == namespace)
                    && selector(&item.body).is_some_and(selects)
                    && item.body.pointer("/spec/mtls/mode").is_some_and(|mode| mode == target.word())
            })
        });
        Self {
            name: name.to_owned(),
            mtls: posture.mtls,
            object: posture.object,
            path: posture.path,
            ports,
            stays: false,
            state: by_callers(target, quiet, &callers),
            target,
            since,
            quiet,
            callers,
            clear_ever: 0.0,
            pending,
        }
    }

    /// Every port of it takes mutual TLS alone.
    pub(super) fn is_strict(&self) -> bool {
        self.mtls == Mtls::Strict && self.ports.iter().all(|(_, mtls)| *mtls == Mtls::Strict)
    }
}

/// The policy that holds for a workload alone: the oldest that selects it. A policy of its own for one that has none.
pub(super) fn step(
    (live, world, tray): (&World, &World, &Tray),
    (namespace, workload): (&str, &str),
    target: Mode,
    version: &str,
) -> Result<Dish> {
    let labels = world.workload(namespace, workload).map(|of| of.labels.clone()).unwrap_or_default();
    if let Some(policy) = own(world, namespace, &labels) {
        let mut edits = vec![Edit::set("/spec/mtls/mode", target.word())];
        let ports = policy.at("/spec/portLevelMtls").and_then(Value::as_object).into_iter().flatten();
        let behind = |mode: &Value| match target {
            Mode::Strict => *mode != target.word(),
            Mode::Permissive => *mode == "DISABLE",
        };
        let behind = ports.filter(|(_, port)| behind(&port["mode"]));
        edits.extend(behind.map(|(port, _)| Edit::set(&format!("/spec/portLevelMtls/{port}/mode"), target.word())));
        return changed(live, tray, &policy.key, &edits);
    }
    let name = free_name(world, SECURITY, KIND, namespace, workload);
    let object = json!({"apiVersion": format!("{SECURITY}/{version}"), "kind": KIND,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": identifying(&labels)}, "mtls": {"mode": target.word()}}});
    let key = ObjectKey::new(SECURITY, KIND, namespace, &name);
    Ok(Dish { key, before: String::new(), after: yaml::write(&object), base: String::new() })
}

/// Upstream: as for `whole`, one level below.
fn own(world: &World, namespace: &str, labels: &Labels) -> Option<Arc<Document>> {
    let all = world.documents_of(SECURITY, KIND).filter(|policy| policy.key.namespace == namespace);
    let selecting = all.filter(|policy| selector(&policy.body).is_some_and(|wanted| selects(&wanted, labels)));
    selecting.min_by_key(|policy| (policy.created, policy.key.clone())).cloned()
}
