//! What a change does: the same requests asked of two worlds.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use world::{Document, ObjectKey, World};

use crate::{Caller, Finding, Mirror, Outcome, Ready, Request, Resolved, Step, Target, Transport, Verdict};

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
    pub title: String,
    /// `10 % moves from v1 to v3`
    pub detail: String,
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

fn difference(was: &Verdict, is: &Verdict) -> (Tone, String) {
    let last = |verdict: &Verdict| {
        let said = verdict.unknown.last().map(|u| u.because.clone());
        said.or_else(|| verdict.trace.last().map(|s| s.because.clone())).unwrap_or_default()
    };
    if is.outcome == Outcome::Unknown && was.outcome != Outcome::Unknown {
        return (Tone::Watch, format!("no longer known: {}", last(is)));
    }
    match (was.serves(), is.serves()) {
        (true, false) => (Tone::Cuts, format!("{}: {}", word(is), last(is))),
        (false, true) => (Tone::Opens, format!("{}; before, {}: {}", word(is), word(was), last(was))),
        (false, false) if was.outcome != is.outcome || was.status != is.status => {
            (Tone::Watch, format!("{} instead of {}: {}", word(is), word(was), last(is)))
        }
        (false, false) => (Tone::Stays, word(is)),
        (true, true) => between_served(was, is),
    }
}

fn between_served(was: &Verdict, is: &Verdict) -> (Tone, String) {
    if was.outcome != is.outcome {
        return (Tone::Moves, format!("{} instead of {}", word(is), word(was)));
    }
    if let Some(moved) = moved(was, is) {
        return (Tone::Moves, moved);
    }
    let mut manner: Vec<String> = Vec::new();
    if was.transport != is.transport {
        let name = |t: Option<Transport>| match t {
            Some(Transport::Mtls) => "mutual TLS",
            Some(Transport::Tls) => "TLS",
            Some(Transport::Plaintext) => "plaintext",
            None => "nothing",
        };
        manner.push(format!("{} instead of {}", name(is.transport), name(was.transport)));
    }
    if was.timeout != is.timeout {
        manner.push(format!("timeout {}", is.timeout.as_deref().unwrap_or("off")));
    }
    if was.retries != is.retries {
        manner.push(is.retries.as_ref().map_or("retries as by default".into(), |r| format!("{} retries", r.attempts)));
    }
    if was.fault != is.fault {
        manner.push(fault_words(is));
    }
    if was.mirror != is.mirror {
        manner.push(mirror_words(is));
    }
    for (differs, said) in [
        (was.rewrite != is.rewrite, "the rewrite changes"),
        (was.request_headers != is.request_headers, "request headers change"),
        (was.location != is.location || was.status != is.status, "the answer changes"),
    ] {
        if differs {
            manner.push(said.into());
        }
    }
    if manner.is_empty() { (Tone::Stays, String::new()) } else { (Tone::Watch, manner.join(", ")) }
}

fn fault_words(verdict: &Verdict) -> String {
    let abort = verdict.fault.abort.as_ref().map(|a| format!("{} for {}", a.status, percent(a.percent / 100.0)));
    let delay =
        verdict.fault.delay.as_ref().map(|d| format!("{} later for {}", d.duration, percent(d.percent / 100.0)));
    match (abort, delay) {
        (None, None) => "no injected fault".into(),
        (abort, delay) => format!("injected fault: {}", abort.into_iter().chain(delay).collect::<Vec<_>>().join(", ")),
    }
}

/// `a copy of 10 % goes to reviews v3`
fn mirror_words(verdict: &Verdict) -> String {
    let copy = |mirror: &Mirror| {
        let subset = mirror.subset.as_ref().map(|subset| format!(" {subset}")).unwrap_or_default();
        format!("a copy of {} goes to {}{subset}", percent(mirror.percent / 100.0), mirror.service.1)
    };
    let copies: Vec<String> = verdict.mirror.iter().map(copy).collect();
    if copies.is_empty() { "no copies any more".into() } else { copies.join(", ") }
}

/// Which shares move from where to where; `None` where none does.
fn moved(was: &Verdict, is: &Verdict) -> Option<String> {
    let services: BTreeSet<_> = was.destinations.iter().chain(&is.destinations).map(|d| &d.service).collect();
    let one = services.len() == 1;
    let shares = |verdict: &Verdict| {
        let mut shares: BTreeMap<String, f64> = BTreeMap::new();
        for d in &verdict.destinations {
            let whole = if one { "all versions".to_owned() } else { d.service.1.clone() };
            let name = match &d.subset {
                Some(subset) if one => subset.clone(),
                Some(subset) => format!("{} {subset}", d.service.1),
                None => whole,
            };
            *shares.entry(name).or_default() += d.share;
        }
        shares
    };
    let (mut from, mut to): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    let (old, new) = (shares(was), shares(is));
    for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let change = new.get(name).unwrap_or(&0.0) - old.get(name).unwrap_or(&0.0);
        if change < -1e-9 {
            from.push((name.clone(), -change));
        } else if change > 1e-9 {
            to.push((name.clone(), change));
        }
    }
    (!from.is_empty()).then(|| pair_up(from, to).join(", "))
}

/// Sentences that account for everything that leaves and arrives.
fn pair_up(from: Vec<(String, f64)>, mut to: Vec<(String, f64)>) -> Vec<String> {
    let mut said = Vec::new();
    for (source, mut left) in from {
        for (sink, room) in &mut to {
            let share = left.min(*room);
            if share > 1e-9 {
                said.push(format!("{} moves from {source} to {sink}", percent(share)));
                left -= share;
                *room -= share;
            }
        }
    }
    said
}

/// `10 %`, `33.3 %`
fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).round() / 10.0;
    format!("{tenths} %")
}

fn word(verdict: &Verdict) -> String {
    let word = match verdict.outcome {
        Outcome::Forwarded => "forwarded",
        Outcome::Denied => "refused",
        Outcome::Direct => "answered by the route itself",
        Outcome::Redirected => "redirected",
        Outcome::Aborted => "aborted by an injected fault",
        Outcome::NoRoute => "no route",
        Outcome::NoDestination => "nowhere to go",
        Outcome::Refused => "connection refused",
        Outcome::Blocked => "blocked",
        Outcome::Unresolved => "the name does not resolve",
        Outcome::Unknown => "not known",
    };
    word.to_owned()
}

fn title(ready: &Ready, request: &Request, nameless: bool) -> String {
    let (namespace, from) = match &request.from {
        Caller::Workload { namespace, workload } => {
            let pods = ready.places().of_workload(namespace, workload);
            let app = pods.first().and_then(|p| p.labels.get("app.kubernetes.io/name").or(p.labels.get("app")));
            (namespace.as_str(), app.unwrap_or(workload.as_str()))
        }
        Caller::ServiceAccount { namespace, service_account } => (namespace.as_str(), service_account.as_str()),
        Caller::Outside { .. } => ("", "outside"),
    };
    let to = Target::of(request).map_or_else(|| request.url.clone(), |target| target.host);
    // Two namespaces may have callers of one name.
    let resolved = ready.places().resolve(&to, namespace);
    let crosses = matches!(&resolved, Resolved::Service(service) if service.namespace != namespace);
    let from = match () {
        () if nameless => "callers without a proxy".to_owned(),
        () if crosses && !namespace.is_empty() => format!("{namespace}/{from}"),
        () => from.to_owned(),
    };
    // A host that is no service of the cluster has its whole name.
    let short = to.split('.').next().filter(|_| request.via.is_none() && matches!(resolved, Resolved::Service(_)));
    let to = short.unwrap_or(&to);
    format!("{from} → {to}")
}
