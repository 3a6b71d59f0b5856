//! Policies from traffic: those that let in whom was seen, and nobody else; in dry-run first, and then enforced.
//!
//! Proxies count who calls what at which port, and how it travels. They count neither methods nor paths: those come from their access logs, where
//! the user wants that and the proxies write any, and then only for callers whose requests stand in them. Where no HTTP goes, they count
//! connections as they are opened: callers get a rule by account and port. What goes over a connection, and who without a proxy opens one,
//! nobody counts; one that was opened before a window is not seen in it.

mod dry_run;
mod named;
mod requests;
mod seen;
pub mod write;

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh::{Observed, Outcome, Ready, Request, Unknown};
use serde_json::{Value, json};
use world::yaml::{self, Edit};
use world::{Change, Object, ObjectKey, Origin, Said, World};

pub(crate) use dry_run::is_dry;
pub use dry_run::{Counted, CountedAt, DryRun};
pub use named::Sample;
pub(crate) use named::requests_named;
use requests::Told;
use seen::{Call, Seen, port_of};
use write::{Asked, Grant, Policy};

use crate::change::tray::Tray;
use crate::map::Secured;
use crate::recipes::{Dish, SECURITY, changed};
use crate::says::{Line, says};
use crate::session::defect;
use crate::template::free_name;
use crate::traffic::Names;
use crate::{Result, Session};

pub(crate) const KIND: &str = "AuthorizationPolicy";
/// It only reports what it would refuse. Upstream: istio.io, "Dry Run"; for ALLOW and DENY alone.
pub(crate) const DRY_RUN: &str = "istio.io/dry-run";

/// Which traffic counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// That of the last so many seconds. What is older than the steps that are in memory comes from what is kept on disk.
    Last(u32),
    /// That of so many seconds before a time (seconds since 1970), from what is kept on disk, or as a Prometheus tells it.
    Before(u64, u32),
    /// All that the proxies have counted since each of them began.
    Ever,
}

/// What the policies shall be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// A namespace.
    pub namespace: String,
    /// One service in it; empty for all of them, and then for all its workloads.
    pub service: String,
    /// Which traffic counts.
    pub window: Window,
    /// Narrow callers to the methods and paths that the access logs show of them.
    pub requests: bool,
}

/// A caller that the policies let in.
#[derive(Clone, Debug, PartialEq)]
pub struct LetIn {
    /// Namespace and service account.
    pub account: Names,
    /// Its workloads that were seen.
    pub workloads: Vec<String>,
    /// Namespace and service.
    pub service: Names,
    /// Ports of the service; empty where nobody counted them.
    pub ports: Vec<u16>,
    /// It opens connections that carry no HTTP to its proxy.
    pub tcp: bool,
    /// What it may ask; empty for anything.
    pub requests: Vec<Asked>,
    /// Requests, or connections: a second, or in all.
    pub amount: f64,
}

/// Why somebody who was seen is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It comes in plaintext, so that the mesh cannot know it.
    Plaintext,
    /// Its pods are gone, and with them the name of its account.
    Gone,
    /// It is refused already.
    Refused,
    /// The service selects no pods of the mesh.
    NotInMesh,
    /// The engine says that the policies would still refuse it, or cannot say.
    Otherwise,
}

/// Somebody who was seen and is not let in.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    /// Namespace and workload; both empty for callers that no proxy counts.
    pub from: Names,
    /// Namespace and service.
    pub service: Names,
    /// It opens connections that carry no HTTP to its proxy.
    pub tcp: bool,
    /// Requests, or connections: a second, or in all.
    pub amount: f64,
    /// Why.
    pub why: Why,
    /// In the engine's words, for `Otherwise`.
    pub because: Said,
}

/// Policies for what was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tailored {
    /// What would go into the tray, in dry-run.
    pub dishes: Vec<Dish>,
    /// Who is let in.
    pub let_in: Vec<LetIn>,
    /// Who was seen and is not.
    pub left: Vec<Left>,
    /// What they would do once enforced, as the engine decides it.
    pub says: Vec<Line>,
    /// Policies in force besides that let more in.
    pub beside: Vec<ObjectKey>,
    /// Services that nobody was seen to call.
    pub silent: Vec<String>,
    /// For so many seconds of the window, or without one, there are steps to look at; `None` where another counted.
    pub watched: Option<f64>,
    /// Requests that were read in access logs.
    pub lines: usize,
    /// Access logs that could not be read.
    pub unknown: Vec<Unknown>,
}

/// What policies are made from.
struct Kept {
    live: World,
    tray: Tray,
    version: String,
}

impl Session {
    /// The policies that would have let in what was seen, and nothing else.
    ///
    /// # Errors
    /// Where the server does not say what it serves.
    pub async fn policies_seen(&self, scope: &Scope) -> Result<Tailored> {
        let (ready, kept) = (self.drafted().await?, self.kept().await?);
        let told = match scope.requests {
            true => requests::told(self.connection(), &ready, scope).await,
            false => Told::default(),
        };
        let seen = match self.seen(scope.window, &ready).await? {
            Ok(seen) => seen,
            Err(unknown) => return Ok(Tailored { unknown: vec![unknown], ..Tailored::default() }),
        };
        let (engine, scope) = (self.engine().clone(), scope.clone());
        let made = tokio::task::spawn_blocking(move || {
            let in_mesh = |service: &Names| {
                let world = ready.world();
                let pods = world.service(&service.0, &service.1).map(|service| ready.places().of_service(service));
                pods.into_iter().flatten().any(|pod| engine.membership(world, pod).is_some_and(|of| of.0 == "Istio"))
            };
            tailor(&ready, (seen, &told), &kept, &scope, &in_mesh)
        });
        made.await.map_err(|_| defect("reading policies from traffic"))?
    }

    /// What was seen in a window, or why that is not known.
    async fn seen(&self, window: Window, ready: &Arc<Ready>) -> Result<std::result::Result<Seen, Unknown>> {
        let counted = async |last: Option<u32>| {
            let (traffic, ready) = (self.traffic.borrow().clone(), ready.clone());
            let counted = tokio::task::spawn_blocking(move || Seen::counted(&traffic, &ready, last)).await;
            counted.map(Ok).map_err(|_| defect("reading what was counted"))
        };
        let (at, seconds) = match window {
            Window::Ever => return counted(None).await,
            Window::Last(seconds) if seconds <= seen::IN_MEMORY => return counted(Some(seconds)).await,
            Window::Last(seconds) => (jiff::Timestamp::now().as_second().max(0) as u64, seconds),
            Window::Before(at, seconds) => (at, seconds),
        };
        let told = self.past_flows(at, seconds).await?;
        let within = |kept: f64| kept.min(f64::from(seconds));
        Ok(told.map(|(flows, kept)| Seen::told(&flows, ready, kept.map(within))))
    }

    async fn kept(&self) -> Result<Kept> {
        let apis = self.connection().apis().await?;
        let version = apis.find(SECURITY, KIND).map_or_else(|| "v1".into(), |api| api.version.clone());
        Ok(Kept { live: self.world(), tray: self.tray.borrow().clone(), version })
    }
}

fn tailor(
    ready: &Ready,
    (seen, told): (Seen, &Told),
    kept: &Kept,
    scope: &Scope,
    in_mesh: &dyn Fn(&Names) -> bool,
) -> Result<Tailored> {
    let world = ready.world();
    let about =
        |service: &Names| service.0 == scope.namespace && (scope.service.is_empty() || service.1 == scope.service);
    let calls: Vec<Call> = seen.calls.into_iter().filter(|call| about(&call.service)).collect();
    let mut left: Vec<Left> = Vec::new();
    for (service, amount) in seen.nameless.into_iter().filter(|(of, _)| about(of)) {
        let from = Names::default();
        left.push(Left { from, service, tcp: false, amount, why: Why::Plaintext, because: Said::default() });
    }
    let mut named: Vec<&Call> = Vec::new();
    for call in &calls {
        let why = why_not(ready, call, in_mesh);
        if why.is_none_or(|why| why == Why::Plaintext && call.secured == Secured::Mixed) {
            named.push(call);
        }
        left.extend(why.map(|why| leaves(call, why, Said::default())));
    }
    let grants: Vec<Grant> = named.iter().map(|call| grant(call, told)).collect();
    let mut policies = write::policies(world, ready.places(), &grants);
    if scope.service.is_empty() && !policies.is_empty() {
        policies.push(write::nobody_else(&scope.namespace));
    }
    let mut dishes = Vec::new();
    let mut enforced = Vec::new();
    for policy in &policies {
        let (dish, object) = kept.dish(world, policy)?;
        enforced.extend(Object::read(object, Origin::Draft).ok().map(Change::Put));
        dishes.push(dish);
    }
    let after = ready.after(&world.after(enforced));
    let mut let_in: Vec<LetIn> = Vec::new();
    for (call, grant) in named.into_iter().zip(grants) {
        match still_refused(&after, call, &sample(&grant.requests)) {
            Some(because) => left.push(leaves(call, Why::Otherwise, because)),
            None => admit(&mut let_in, grant, call),
        }
    }
    // Counters know neither method nor path: where no log tells them, what goes through now asks for what the policies in force let it.
    let stands_for = |call: &Call| {
        let requests = grant(call, told).requests;
        match requests.is_empty() {
            true => {
                let in_force = ready.in_force(&call.service.0, &call.service.1);
                let lets = in_force.iter().filter(|key| lets_in(world, key)).filter_map(|key| world.document(key));
                dry_run::stands_for(&lets.cloned().collect::<Vec<_>>(), call)
            }
            false => sample(&requests),
        }
    };
    let asked = calls.iter().enumerate().map(|(at, call)| observed(at, call, ready, &stands_for(call)));
    let observed: Vec<Observed> = asked.collect();
    let lines = says(&ready.effect(&after, &observed));
    let ours: BTreeSet<&ObjectKey> = dishes.iter().map(|dish| &dish.key).collect();
    let services: BTreeSet<Names> = services(world, scope);
    let beside = services.iter().flat_map(|(ns, name)| ready.in_force(ns, name)).filter(|key| !ours.contains(key));
    let called: BTreeSet<&Names> =
        calls.iter().map(|call| &call.service).chain(left.iter().map(|l| &l.service)).collect();
    Ok(Tailored {
        beside: beside.filter(|key| lets_in(world, key)).collect::<BTreeSet<_>>().into_iter().collect(),
        silent: services.iter().filter(|service| !called.contains(service)).map(|(_, name)| name.clone()).collect(),
        watched: seen.watched,
        lines: told.lines,
        unknown: told.unknown.clone(),
        says: lines,
        dishes,
        let_in,
        left,
    })
}

/// Why no policy can name this caller.
fn why_not(ready: &Ready, call: &Call, in_mesh: &dyn Fn(&Names) -> bool) -> Option<Why> {
    match call.secured {
        _ if !in_mesh(&call.service) => Some(Why::NotInMesh),
        _ if call.account.is_empty() => Some(Why::Gone),
        _ if call.denied > 0.0 && call.denied >= call.amount * 0.99 => Some(Why::Refused),
        // Who is refused a connection has made it: the engine alone tells them from those who are let in.
        _ if call.tcp && is_refused(ready, call) => Some(Why::Refused),
        Secured::Plaintext | Secured::Tls | Secured::Mixed => Some(Why::Plaintext),
        Secured::Mtls | Secured::Unknown => None,
    }
}

fn is_refused(ready: &Ready, call: &Call) -> bool {
    let refuses = |port: &u16| ready.explain(&request(call, *port, &Sample::any())).outcome == Outcome::Denied;
    !call.ports.is_empty() && call.ports.iter().all(refuses)
}

fn leaves(call: &Call, why: Why, because: Said) -> Left {
    let (from, service) = (call.from.clone(), call.service.clone());
    Left { from, service, tcp: call.tcp, amount: call.amount, why, because }
}

fn grant(call: &Call, told: &Told) -> Grant {
    let account = (call.from.0.clone(), call.account.clone());
    let asked = told.requests.get(&(account.clone(), call.service.clone())).filter(|_| !call.tcp);
    let requests = asked.cloned().unwrap_or_default();
    Grant { account, service: call.service.clone(), ports: call.ports.clone(), tcp: call.tcp, requests }
}

fn admit(let_in: &mut Vec<LetIn>, Grant { account, service, ports, tcp, requests }: Grant, call: &Call) {
    let is_it = |known: &&mut LetIn| (&known.account, &known.service, known.tcp) == (&account, &service, tcp);
    match let_in.iter_mut().find(is_it) {
        Some(known) => {
            known.amount += call.amount;
            known.workloads.push(call.from.1.clone());
            known.ports.extend(ports);
            known.ports.sort_unstable();
            known.ports.dedup();
        }
        None => let_in.push(LetIn {
            account,
            workloads: vec![call.from.1.clone()],
            service,
            ports: ports.into_iter().collect(),
            tcp,
            requests,
            amount: call.amount,
        }),
    }
}

fn sample(requests: &[Asked]) -> Sample {
    let first = requests.first().and_then(|asked| Some((asked.methods.first()?, asked.paths.first()?)));
    first.map_or_else(Sample::any, |(method, path)| Sample::of(method, &path.replace("{*}", "1").replace('*', "1")))
}

fn request(call: &Call, port: u16, sample: &Sample) -> Request {
    sample.request(&call.from, &format!("http://{}.{}:{port}", call.service.1, call.service.0))
}

fn observed(at: usize, call: &Call, ready: &Ready, sample: &Sample) -> Observed {
    let request = request(call, port_of(&call.ports, &call.service, ready), sample);
    Observed {
        request: Request { id: format!("seen-{}", at + 1), ..request },
        per_second: call.amount,
        nameless: false,
    }
}

/// What the engine says of a caller that the policies do not let in though they name it.
fn still_refused(after: &Ready, call: &Call, sample: &Sample) -> Option<Said> {
    let first = BTreeSet::from([port_of(&call.ports, &call.service, after)]);
    let ports = if call.ports.is_empty() { &first } else { &call.ports };
    ports.iter().find_map(|port| {
        let verdict = after.explain(&request(call, *port, sample));
        let said = || verdict.trace.last().map(|step| step.because.clone());
        let unknown = verdict.unknown.first().map(|unknown| unknown.because.clone());
        (!verdict.serves()).then(|| unknown.or_else(said).unwrap_or_default())
    })
}

/// Services of the scope that select pods.
fn services(world: &World, scope: &Scope) -> BTreeSet<Names> {
    let wanted = world.services().filter(|s| {
        s.namespace == scope.namespace
            && !s.selector.is_empty()
            && (scope.service.is_empty() || s.name == scope.service)
    });
    wanted.map(|service| (service.namespace.clone(), service.name.clone())).collect()
}

/// Whether it is a policy in force that lets somebody in.
fn lets_in(world: &World, key: &ObjectKey) -> bool {
    let Some(policy) = world.document(key).filter(|document| document.key.kind == KIND) else { return false };
    let allows = policy.at("/spec/action").is_none_or(|action| action == "ALLOW");
    let rules = policy.at("/spec/rules").and_then(Value::as_array).is_some_and(|rules| !rules.is_empty());
    allows && rules && !dry_run::is_dry(policy)
}

impl Kept {
    /// A policy as it goes into the tray, in dry-run, and as it would be once enforced. One of the same name that is in dry-run still is
    /// brought up to date; one that is enforced stays as it is.
    fn dish(&self, world: &World, policy: &Policy) -> Result<(Dish, Value)> {
        let Policy { namespace, name, spec } = policy;
        let key = ObjectKey::new(SECURITY, KIND, namespace, name);
        let object = |name: &str, annotations: Option<Value>| {
            let mut metadata = json!({"name": name, "namespace": namespace});
            if let Some(annotations) = annotations {
                metadata["annotations"] = annotations;
            }
            json!({"apiVersion": format!("{SECURITY}/{}", self.version), "kind": KIND, "metadata": metadata, "spec": spec})
        };
        if world.document(&key).is_some_and(|known| dry_run::is_dry(known)) {
            let dish = changed(&self.live, &self.tray, &key, &[Edit::set("/spec", spec.clone())])?;
            return Ok((dish, object(name, None)));
        }
        let name = free_name(world, SECURITY, KIND, namespace, name);
        let dry = object(&name, Some(json!({DRY_RUN: "true"})));
        let key = ObjectKey::new(SECURITY, KIND, namespace, &name);
        let dish = Dish { key, before: String::new(), after: yaml::write(&dry), base: String::new() };
        Ok((dish, object(&name, None)))
    }
}
