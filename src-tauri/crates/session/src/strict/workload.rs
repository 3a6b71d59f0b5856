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
    /// What a step of its own makes of it; none where there is none. PERMISSIVE is for what takes no mutual TLS at all, be it a port alone.
    pub target: Option<Mode>,
    /// The others that its step changes as well, by name: no policy selects it alone.
    pub also: Vec<String>,
    /// A pod of it is ready, so that its proxy can be read.
    pub is_up: bool,
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

    /// For so many seconds somebody looked.
    pub(super) fn seconds(&self) -> f64 {
        self.watched.seconds
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
                    && behind(&item.body, posture.mtls, target).is_empty()
            })
        });
        let pods = ready.places().of_workload(namespace, name);
        Self {
            name: name.to_owned(),
            mtls: posture.mtls,
            object: posture.object,
            path: posture.path,
            ports,
            stays: false,
            state: by_callers(target, quiet, &callers),
            target,
            also: Vec::new(),
            is_up: pods.iter().any(|pod| pod.ready),
            since,
            quiet,
            callers,
            clear_ever: 0.0,
            pending,
        }
    }

    /// It takes no mutual TLS at all, but for ports that somebody names.
    pub(super) fn is_off(&self) -> bool {
        self.mtls == Mtls::Disabled
    }

    /// Every port of it takes mutual TLS alone.
    pub(super) fn is_strict(&self) -> bool {
        self.mtls == Mtls::Strict && self.ports.iter().all(|(_, mtls)| *mtls == Mtls::Strict)
    }
}

/// Whom the step of each takes along: it is as safe as that of the least safe of them.
pub(super) fn take_along(each: &mut [Workload], world: &World, namespace: &str) {
    let near = Near::of(world, namespace);
    let steps: Vec<Step> = each.iter().map(|one| near.step(&one.name)).collect();
    let alone = each.to_vec();
    for (one, step) in each.iter_mut().zip(&steps) {
        let Some(target) = one.target else { continue };
        // Whom an older policy of its own selects is not changed by this one.
        let goes_along = |(other, of): &(&Workload, &Step)| {
            other.name != one.name && of.key() == step.key() && selects(&step.selector, &of.labels)
        };
        let others: Vec<&Workload> = alone.iter().zip(&steps).filter(goes_along).map(|(other, _)| other).collect();
        let quiet = others.iter().filter(|other| other.is_up).map(|other| other.quiet).fold(one.quiet, f64::min);
        let callers: Vec<_> = others.iter().flat_map(|other| &other.callers).chain(&one.callers).cloned().collect();
        let also = others.iter().map(|other| other.name.clone()).collect();
        (one.state, one.also) = (by_callers(Some(target), quiet, &callers), also);
    }
}

/// What the step of a workload alone writes into: the policy that holds for it, else a new one with this selector.
struct Step {
    policy: Option<Arc<Document>>,
    selector: Labels,
    /// Of the workload itself.
    labels: Labels,
}

impl Step {
    fn key(&self) -> Option<&ObjectKey> {
        self.policy.as_ref().map(|policy| &policy.key)
    }
}

/// The policies and the workloads of a namespace.
struct Near<'a> {
    policies: Vec<&'a Arc<Document>>,
    workloads: Vec<&'a world::Workload>,
}

impl<'a> Near<'a> {
    fn of(world: &'a World, namespace: &str) -> Self {
        let policies = world.documents_of(SECURITY, KIND).filter(|policy| policy.key.namespace == namespace);
        let workloads = world.workloads().map(AsRef::as_ref).filter(|of| of.namespace == namespace);
        Self { policies: policies.collect(), workloads: workloads.collect() }
    }

    /// The oldest policy that selects a workload holds for it; a younger one would not. Upstream: as for `whole`, one level below.
    fn step(&self, workload: &str) -> Step {
        let found = self.workloads.iter().find(|of| of.name == workload);
        let labels = found.map(|of| of.labels.clone()).unwrap_or_default();
        let wanted = |policy: &Document| selector(&policy.body).filter(|wanted| selects(wanted, &labels));
        let selecting = self.policies.iter().filter_map(|policy| Some((*policy, wanted(policy)?)));
        match selecting.min_by_key(|(policy, _)| (policy.created, policy.key.clone())) {
            Some((policy, selector)) => Step { policy: Some(policy.clone()), selector, labels },
            None => Step { policy: None, selector: self.narrow(workload, &labels), labels },
        }
    }

    /// The labels by which people tell workloads apart, and one more where others have those as well.
    fn narrow(&self, workload: &str, labels: &Labels) -> Labels {
        let others = || self.workloads.iter().filter(|other| other.name != workload);
        let is_alone = |wanted: &Labels| !others().any(|other| selects(wanted, &other.labels));
        let usual = identifying(labels);
        if is_alone(&usual) {
            return usual;
        }
        let narrower = labels.iter().map(|label| usual.with([label])).find(is_alone);
        narrower.unwrap_or(usual)
    }
}

/// The step of a workload alone: every mode that is behind, in the policy that holds for it; a policy of its own for one that has none.
pub(super) fn step(
    (live, drafted, tray): (&World, &Ready, &Tray),
    (namespace, workload): (&str, &str),
    target: Mode,
    version: &str,
) -> Result<Dish> {
    let world = drafted.world();
    let Step { policy, selector, .. } = Near::of(world, namespace).step(workload);
    if let Some(policy) = policy {
        let whole = drafted.posture(namespace, workload).mtls;
        let fields = behind(&policy.body, whole, target);
        let edits: Vec<Edit> = fields.iter().map(|field| Edit::set(field, target.word())).collect();
        return changed(live, tray, &policy.key, &edits);
    }
    let name = free_name(world, SECURITY, KIND, namespace, workload);
    let object = json!({"apiVersion": format!("{SECURITY}/{version}"), "kind": KIND,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": selector}, "mtls": {"mode": target.word()}}});
    let key = ObjectKey::new(SECURITY, KIND, namespace, &name);
    Ok(Dish { key, before: String::new(), after: yaml::write(&object), base: String::new() })
}

/// The fields of a policy whose mode is behind what a step makes of them; `whole` is in force where the policy names none for the whole
/// workload. What is there already stays as it is: nothing is ever weakened.
fn behind(policy: &Value, whole: Mtls, target: Mode) -> Vec<String> {
    let is_behind = |mtls: &Mtls| match target {
        Mode::Strict => *mtls != Mtls::Strict,
        Mode::Permissive => *mtls == Mtls::Disabled,
    };
    let whole = policy.pointer("/spec/mtls/mode").and_then(mode).unwrap_or(whole);
    let ports = policy.pointer("/spec/portLevelMtls").and_then(Value::as_object).into_iter().flatten();
    let ports = ports.filter(|(_, port)| mode(&port["mode"]).as_ref().is_some_and(is_behind));
    let ports = ports.map(|(port, _)| format!("/spec/portLevelMtls/{port}/mode"));
    is_behind(&whole).then(|| "/spec/mtls/mode".to_owned()).into_iter().chain(ports).collect()
}

/// A mode as a policy says it; `None` for one that inherits.
fn mode(word: &Value) -> Option<Mtls> {
    match word.as_str()? {
        "STRICT" => Some(Mtls::Strict),
        "PERMISSIVE" => Some(Mtls::Permissive),
        "DISABLE" => Some(Mtls::Disabled),
        _ => None,
    }
}
