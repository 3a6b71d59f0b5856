//! Where each namespace stands, and which step is safe. Pure: what was seen is given.

use journal::Plaintext;
use mesh::{Engine, Membership, Observed, Ready, Tone};
use world::{Change, Object, Origin, World, yaml};

use super::workload::{Known, Workload, take_along};
use super::{KIND, SECURITY, selector, step, whole};
use crate::Result;
use crate::change::tray::Tray;
use crate::says::{Line, says};
use crate::traffic::Traffic;

/// A caller that was seen within so many seconds of looking stands in the way.
const LATELY: f64 = 600.0;
/// Looking for less than this proves little.
const YOUNG: f64 = 600.0;

/// A mode of mutual TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Both are taken.
    Permissive,
    /// Mutual TLS alone.
    Strict,
}

impl Mode {
    /// As a policy says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Permissive => "PERMISSIVE",
            Self::Strict => "STRICT",
        }
    }
}

/// Where a namespace, or a workload, stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Every workload takes mutual TLS alone.
    Done,
    /// Nobody was seen to call in plaintext, for long enough.
    Ready,
    /// The same, but nobody has looked for long.
    Young,
    /// Somebody calls in plaintext, or the engine says that somebody would break.
    Blocked,
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A namespace.
    Namespace,
    /// The root namespace, whose policy holds for the whole mesh.
    Mesh,
}

/// Somebody who called in plaintext.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainCaller {
    /// `namespace/workload`; empty for callers that no proxy counts.
    pub caller: String,
    /// The workload that was called.
    pub workload: String,
    /// When last, milliseconds since 1970.
    pub last: i64,
    /// For so many seconds somebody has looked since.
    pub quiet: f64,
}

/// A namespace on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name.
    pub namespace: String,
    /// The whole mesh, or a namespace.
    pub place: Place,
    /// The workloads of the mesh in it, by name.
    pub each: Vec<Workload>,
    /// Workloads of the mesh in it.
    pub workloads: u32,
    /// Those that take mutual TLS alone, at every port.
    pub strict: u32,
    /// Those that take none, but for ports that somebody names.
    pub off: u32,
    /// Workloads without a proxy: they stay as they are.
    pub outside: u32,
    /// Where it stands.
    pub state: State,
    /// What the next step makes of it; none where there is no next step.
    pub target: Option<Mode>,
    /// Seconds of looking in which nobody called those in plaintext whom the step changes: of the workload that was looked at least.
    pub quiet: f64,
    /// Who was ever seen to call those in plaintext, the latest first.
    pub callers: Vec<PlainCaller>,
    /// The largest share of plaintext connections that the proxies of one workload have counted since they began.
    pub clear_ever: f64,
    /// What the step would do to the traffic of the last minute, where it would do harm.
    pub says: Vec<Line>,
    /// The tray holds the step.
    pub pending: bool,
}

pub(super) fn rows(
    ready: &Ready,
    engine: &Engine,
    traffic: &Traffic,
    tray: &Tray,
    plaintext: &Plaintext,
) -> Result<Vec<Row>> {
    let world = ready.world();
    let observed = traffic.observed_of_all(ready, engine);
    let (clear, known, root) = (traffic.clear_ever(), Known::of(plaintext), root(ready));
    let mut rows: Vec<Row> = Vec::new();
    for namespace in world.namespaces() {
        let mut row = empty(&namespace.name, plaintext.watched.seconds);
        for workload in world.workloads().filter(|w| w.namespace == namespace.name) {
            let pods = ready.places().of_workload(&workload.namespace, &workload.name);
            let member = pods.first().and_then(|pod| engine.membership(world, pod)).filter(|of| of.0 == "Istio");
            match member.map(|of| of.1) {
                Some(Membership::Gateway) => continue,
                None if pods.is_empty() => continue,
                None => row.outside += 1,
                Some(membership @ (Membership::Sidecar | Membership::Node)) => {
                    let mut one = Workload::of(ready, workload, membership, &known, tray);
                    let of = signals::Workload { namespace: workload.namespace.clone(), name: workload.name.clone() };
                    one.clear_ever = clear.get(&of).copied().unwrap_or(0.0);
                    // A selector in the root namespace is for its own workloads alone, and is no level of its own there.
                    one.target = one.target.filter(|_| namespace.name != root);
                    row.each.push(one);
                }
            }
        }
        if !row.each.is_empty() {
            row.each.sort_by(|a, b| a.name.cmp(&b.name));
            take_along(&mut row.each, world, &namespace.name);
            complete(&mut row, world, &known);
            weigh(&mut row, ready, tray, &observed, &known)?;
            rows.push(row);
        }
    }
    rows.sort_by(|a, b| a.namespace.cmp(&b.namespace));
    // A policy in the root namespace holds for all: its own workloads take the last step, with the mesh.
    let own = rows.iter().position(|row| row.namespace == root).map(|at| rows.remove(at));
    rows.extend(whole_mesh(ready, tray, &rows, own.unwrap_or_else(|| empty(&root, plaintext.watched.seconds))));
    Ok(rows)
}

fn empty(namespace: &str, heard: f64) -> Row {
    Row {
        namespace: namespace.to_owned(),
        place: Place::Namespace,
        each: Vec::new(),
        workloads: 0,
        strict: 0,
        off: 0,
        outside: 0,
        state: State::Done,
        target: None,
        quiet: heard,
        callers: Vec::new(),
        clear_ever: 0.0,
        says: Vec::new(),
        pending: false,
    }
}

/// How far it is, and what comes next.
fn complete(row: &mut Row, world: &World, known: &Known) {
    row.workloads = row.each.len() as u32;
    row.strict = row.each.iter().filter(|one| one.is_strict()).count() as u32;
    row.off = row.each.iter().filter(|one| one.is_off()).count() as u32;
    row.clear_ever = row.each.iter().map(|one| one.clear_ever).fold(0.0, f64::max);
    // A namespace without mutual TLS at all takes both first: nobody breaks by that.
    row.target = match row {
        Row { strict, workloads, .. } if strict == workloads => None,
        Row { off, .. } if *off > 0 => Some(Mode::Permissive),
        _ => Some(Mode::Strict),
    };
    look(row, world, known);
}

/// Who was seen to call those whom the step changes, and what that comes to.
fn look(row: &mut Row, world: &World, known: &Known) {
    let concerned = || row.each.iter().filter(|one| !one.stays);
    let services = world.services_in(&row.namespace);
    let of_services = services.flat_map(|service| known.callers(&row.namespace, &service.name));
    // A workload that has the name of its service was called as a workload.
    let of_services = of_services.filter(|caller| row.each.iter().all(|one| one.name != caller.workload));
    let mut callers: Vec<PlainCaller> =
        concerned().flat_map(|one| one.callers.iter().cloned()).chain(of_services).collect();
    callers.sort_by_key(|caller| std::cmp::Reverse(caller.last));
    // One that is not up cannot be read, and would hold the others up for as long as it is not.
    let read = concerned().filter(|one| one.is_up).map(|one| one.quiet);
    row.quiet = read.chain(callers.iter().map(|caller| caller.quiet)).fold(known.seconds(), f64::min);
    row.state = by_callers(row.target, row.quiet, &callers);
    row.callers = callers;
}

/// Where it stands, by what the next step would make of it and by who was seen to call.
pub(super) fn by_callers(target: Option<Mode>, quiet: f64, callers: &[PlainCaller]) -> State {
    match target {
        None => State::Done,
        Some(Mode::Permissive) => State::Ready,
        Some(Mode::Strict) if callers.iter().any(|caller| caller.quiet < LATELY) => State::Blocked,
        Some(Mode::Strict) if quiet < YOUNG => State::Young,
        Some(Mode::Strict) => State::Ready,
    }
}

/// Whom the step changes, and what the engine says that it would do to what is seen now.
fn weigh(row: &mut Row, ready: &Ready, tray: &Tray, observed: &[Observed], known: &Known) -> Result<()> {
    let Some(first) = row.target else { return Ok(()) };
    let world = ready.world();
    // Those without mutual TLS may be so by policies of their own: then the others go on past them.
    for target in [Mode::Permissive, Mode::Strict].into_iter().skip_while(|mode| *mode != first) {
        let dish = step(world, world, &Tray::default(), &row.namespace, target, "v1")?;
        let Ok(object) = Object::read(yaml::read(&dish.after).value, Origin::Draft) else { return Ok(()) };
        let after = ready.after(&world.after([Change::Put(object)]));
        for one in row.each.iter_mut().filter(|one| one.state != State::Done) {
            let then = |of: &Ready| (of.posture(&row.namespace, &one.name), of.ports(&row.namespace, &one.name));
            one.stays = then(ready) == then(&after);
        }
        // Taking both is for those that take no mutual TLS: whoever else is changed by it would be weaker than before.
        let is_for = |one: &&Workload| one.state != State::Done && (target == Mode::Strict || one.is_off());
        if row.each.iter().filter(is_for).any(|one| !one.stays) {
            row.target = Some(target);
            row.pending = waits(tray, &row.namespace, target);
            look(row, world, known);
            harm(row, ready, &after, observed);
            return Ok(());
        }
    }
    // What is left are policies of workloads: the namespace has no step of its own.
    row.target = None;
    row.state = by_callers(Some(Mode::Strict), row.quiet, &row.callers);
    Ok(())
}

/// What the engine says that the step would do to what is seen now, where that is harm.
fn harm(row: &mut Row, ready: &Ready, after: &Ready, observed: &[Observed]) {
    let concerns = |seen: &&Observed| {
        mesh::Target::of(&seen.request).is_some_and(|to| {
            let mut parts = to.host.split('.').skip(1);
            parts.next().is_none_or(|namespace| namespace == row.namespace)
        })
    };
    let here: Vec<Observed> = observed.iter().filter(concerns).cloned().collect();
    let harm = says(&ready.effect(after, &here)).into_iter();
    row.says = harm.filter(|line| line.observed && matches!(line.tone, Tone::Cuts | Tone::Watch)).collect();
    if row.says.iter().any(|line| line.tone == Tone::Cuts) {
        row.state = State::Blocked;
    }
}

/// Whether the tray holds a step.
fn waits(tray: &Tray, namespace: &str, target: Mode) -> bool {
    tray.items().iter().any(|item| {
        item.key.group == SECURITY
            && item.key.kind == KIND
            && item.key.namespace == namespace
            && selector(&item.body).is_none()
            && item.body.pointer("/spec/mtls/mode").is_some_and(|mode| mode == target.word())
    })
}

/// The last step: one policy in the root namespace, once every other namespace is there. `own` is what holds of the root namespace itself.
fn whole_mesh(ready: &Ready, tray: &Tray, rows: &[Row], own: Row) -> Option<Row> {
    let is_strict = whole(ready.world(), &own.namespace)
        .is_some_and(|policy| policy.at("/spec/mtls/mode").is_some_and(|mode| mode == Mode::Strict.word()));
    let all = rows.iter().all(|row| row.state == State::Done);
    if (rows.is_empty() && own.workloads == 0) || !(all || is_strict) {
        return None;
    }
    let sum = |of: fn(&Row) -> u32| of(&own) + rows.iter().map(of).sum::<u32>();
    let quiet = rows.iter().map(|row| row.quiet).fold(own.quiet, f64::min);
    let (state, target) = match own.state {
        _ if is_strict => (State::Done, None),
        State::Done => (State::Ready, Some(Mode::Strict)),
        state => (state, own.target),
    };
    let pending = target.is_some_and(|target| waits(tray, &own.namespace, target));
    let (workloads, strict, outside) = (sum(|row| row.workloads), sum(|row| row.strict), sum(|row| row.outside));
    Some(Row { place: Place::Mesh, workloads, strict, outside, state, target, quiet, pending, ..own })
}

/// The root namespace: where policies hold for the whole mesh.
pub(super) fn root(ready: &Ready) -> String {
    let map = world::ObjectKey::new("", "ConfigMap", "istio-system", "istio");
    let settings = ready.world().document(&map).and_then(|map| map.at("/data/mesh").cloned());
    let read = settings.as_ref().and_then(|text| text.as_str()).map(|text| yaml::read(text).value);
    let named = read.as_ref().and_then(|mesh| mesh["rootNamespace"].as_str()).filter(|name| !name.is_empty());
    named.unwrap_or("istio-system").to_owned()
}

/// The namespace to go on with: the quietest, and of several the smallest; none at which nobody has looked.
pub(super) fn next(rows: &[Row]) -> Option<String> {
    let is_open = |row: &&Row| row.target.is_some() && matches!(row.state, State::Ready | State::Young);
    let can = rows.iter().filter(|row| is_open(row) && row.quiet > 0.0 && !row.pending);
    let best = can.min_by(|a, b| {
        let young = |row: &Row| row.state == State::Young;
        young(a).cmp(&young(b)).then(a.workloads.cmp(&b.workloads)).then(a.namespace.cmp(&b.namespace))
    });
    best.map(|row| row.namespace.clone())
}
