//! What a change does: the same requests asked of two worlds.

mod between;
pub(crate) mod words;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use world::{Document, ObjectKey, Said, World};

use crate::{Finding, Outcome, Ready, Request, Step, Verdict};
pub use between::Lapse;
use words::{difference, title};

/// Probes are bounded: a change of a thousand objects is asked about with this many requests.
const MOST_PROBES: usize = 400;

/// Traffic that was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// A request as it was seen.
    pub request: Request,
    /// How many of them a second.
    pub per_second: f64,
    /// Its sender stands for callers that nobody knows: those without a proxy.
    pub nameless: bool,
}

/// What a change does to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tone {
    /// It no longer arrives.
    Cuts,
    /// It arrives, and did not before.
    Opens,
    /// It, or a share of it, goes elsewhere.
    Moves,
    /// It goes the same way, but not in the same manner: timeout, retries, faults, headers, encryption.
    Watch,
    /// Nothing changes.
    Stays,
}

/// One request before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectChange {
    /// The request.
    pub request: Request,
    /// It was seen in traffic; else the engine thought of it.
    pub observed: bool,
    /// How many a second; 0 where it was not seen.
    pub per_second: f64,
    /// Its verdict before.
    pub before: Verdict,
    /// Its verdict after.
    pub after: Verdict,
    /// What the change does to it.
    pub tone: Tone,
    /// `productpage → reviews`
    pub title: Said,
    /// `10 % moves from v1 to v3`
    pub detail: Said,
    /// The object that decides it afterwards.
    pub object: Option<ObjectKey>,
    /// The field in it.
    pub path: String,
}

/// Everything that a change does.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Effect {
    /// Every request that was asked: the worst first, then the busiest.
    pub changes: Vec<EffectChange>,
    /// Findings that the change brings.
    pub findings_added: Vec<Arc<Finding>>,
    /// Findings that go.
    pub findings_removed: Vec<Arc<Finding>>,
}

/// Requests derived from the objects that differ, of both worlds: each once.
pub(crate) fn probes(before: &Ready, after: &Ready) -> Vec<Request> {
    let objects = differing(before.world(), after.world());
    let mut seen = HashSet::new();
    let all = after.probes(&objects).into_iter().chain(before.probes(&objects));
    all.filter(|request| seen.insert(Request { id: String::new(), ..request.clone() }))
        .take(MOST_PROBES)
        .enumerate()
        .map(|(at, request)| Request { id: format!("probe-{}", at + 1), ..request })
        .collect()
}

/// Documents that are in one world only, or that say something else.
fn differing(before: &World, after: &World) -> BTreeSet<ObjectKey> {
    let steps = after.since(before).documents.into_iter();
    let says = |document: &Option<Arc<Document>>| document.as_ref().map(|d| d.body.clone());
    let other = steps.filter(|(was, is)| says(was) != says(is));
    other.filter_map(|(was, is)| is.or(was)).map(|document| document.key.clone()).collect()
}

pub(crate) fn effect(before: &Ready, after: &Ready, observed: &[Observed]) -> Effect {
    let seen = observed.iter().map(|seen| (seen.request.clone(), Some(seen)));
    let probed = probes(before, after).into_iter().map(|request| (request, None));
    let mut changes: Vec<EffectChange> =
        seen.chain(probed).map(|(request, seen)| compare(before, after, request, seen)).collect();
    changes.sort_by(|a, b| {
        a.tone.cmp(&b.tone).then(b.observed.cmp(&a.observed)).then(b.per_second.total_cmp(&a.per_second))
    });
    let (old, new) = (before.check().findings, after.check().findings);
    Effect { changes, findings_added: beyond(&new, &old), findings_removed: beyond(&old, &new) }
}

/// Findings that are not among the others; both are in order.
fn beyond(these: &[Arc<Finding>], others: &[Arc<Finding>]) -> Vec<Arc<Finding>> {
    let there = |finding: &&Arc<Finding>| others.binary_search_by(|other| other.order(finding)).is_err();
    these.iter().filter(there).cloned().collect()
}

fn compare(before: &Ready, after: &Ready, request: Request, seen: Option<&Observed>) -> EffectChange {
    let (was, is) = (before.explain(&request), after.explain(&request));
    let (tone, detail) = difference(&was, &is);
    let deciding = deciding(&is).or_else(|| deciding(&was));
    EffectChange {
        title: title(after, &request, seen.is_some_and(|seen| seen.nameless)),
        observed: seen.is_some(),
        per_second: seen.map_or(0.0, |seen| seen.per_second),
        tone,
        detail,
        object: deciding.and_then(|step| step.object.clone()),
        path: deciding.and_then(|step| step.path.clone()).unwrap_or_default(),
        before: was,
        after: is,
        request,
    }
}

/// The step that a reader wants to be led to: the one that refused, else the last one that an object of a mesh decided.
pub(crate) fn deciding(verdict: &Verdict) -> Option<&Step> {
    let ours = |step: &&Step| step.object.as_ref().is_some_and(|key| !key.group.is_empty());
    let routes = |step: &&Step| matches!(step.step, "split" | "route" | "match");
    let mut steps = verdict.trace.iter().rev().filter(ours);
    if verdict.outcome == Outcome::Forwarded {
        return verdict.trace.iter().rev().filter(ours).find(routes).or_else(|| steps.next());
    }
    steps.next()
}
