//! A plan played before the real one: on the traffic that was recorded, or as it is now, with the split that the engine says the route would
//! make, by the code that drives the real one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mesh::{Outcome, Ready, Request};
use rollout::{Asked, Measured, Pause, Plan, Played, Rates, RouteKind, Scene, Split, play};
use serde_json::Value;
use world::{Change, Object, Origin, Said};

use super::callers::Callers;
use super::given::Given;
use super::versions::{measured, version, window};
use crate::map::Flow;
use crate::past::keep::STEP;
use crate::session::defect;
use crate::{Error, Result, Session};

/// What is supposed of the canary; what is left out is as it was measured, or else as the stable version's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Supposed {
    /// Share of its requests that fail, 0 to 1.
    pub error_share: Option<f64>,
    /// Milliseconds.
    pub p50: Option<f64>,
    /// Milliseconds.
    pub p99: Option<f64>,
    /// What queries give of it, by their gates' places in the plan.
    pub queries: BTreeMap<usize, f64>,
}

/// A plan as it would go.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// The steps and the end.
    pub played: Played,
    /// From and to when the traffic was recorded, seconds since 1970; `None` where it is that of now.
    pub recorded: Option<(u64, u64)>,
    /// Requests a second of both versions, in the mean.
    pub per_second: f64,
    /// The canary had traffic of its own: what is not supposed of it was measured.
    pub canary_known: bool,
    /// Requests of so large a share go another way than the split says: by the rules of the route, or of another. 0 to 1.
    pub astray: f64,
    /// The gates whose queries are asked.
    pub given: Vec<Given>,
}

/// What a plan is played on.
struct Stage {
    /// From and to when it was recorded, seconds since 1970; `None` where it is that of now.
    recorded: Option<(u64, u64)>,
    moments: Vec<Vec<Flow>>,
    /// What queries give at each of them, by their gates' places in the plan that is played.
    asked: BTreeMap<usize, Vec<Asked>>,
    supposed: Supposed,
}

impl Session {
    /// Plays a plan.
    ///
    /// # Errors
    /// Where the plan makes no sense, the cluster cannot be asked, or the route cannot be driven.
    pub async fn rollout_simulate(&self, plan: Plan, supposed: Supposed) -> Result<Simulated> {
        plan.sense().map_err(|broken| Error::Refused { reason: broken.to_string().into() })?;
        let mut plan = plan;
        let ready = self.ready().await?;
        let key = plan.object();
        let live = ready.world().document(&key).map(|document| document.body.clone());
        let live = live.ok_or_else(|| Error::gone(key))?;
        let kept = self.rollout_traffic(&plan, &ready).await?;
        let times: Vec<u64> = kept.iter().map(|(at, _)| *at).collect();
        let (given, asked) = self.gates_given(&mut plan, &times, &supposed.queries).await;
        let recorded = times.first().copied().zip(times.last().copied());
        let mut moments: Vec<Vec<Flow>> = kept.into_iter().map(|(_, flows)| flows).collect();
        if moments.is_empty() {
            let traffic = self.traffic.borrow().clone();
            moments.push(traffic.over(window(&plan).max(60), &ready));
        }
        let stage = Stage { recorded, moments, asked, supposed };
        let played = move || simulate(&ready, plan, &live, &stage, given);
        tokio::task::spawn_blocking(played).await.map_err(|_| defect("playing a rollout"))?
    }

    /// The last moments (seconds since 1970) that were recorded of its versions, as many as the plan is long.
    async fn rollout_traffic(&self, plan: &Plan, ready: &Ready) -> Result<Vec<(u64, Vec<Flow>)>> {
        let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0);
        let kept = self.past_moments(now.saturating_sub(needs(plan).as_secs())).await?;
        let callers = Callers::of(ready, plan);
        let seen = |flows: &[Flow]| measured(ready, plan, &callers, flows).stable.is_some();
        Ok(kept.into_iter().filter(|(_, flows)| seen(flows)).collect())
    }
}

/// How long it takes where every gate holds at once.
fn needs(plan: &Plan) -> Duration {
    let pauses = plan.steps.iter().map(|step| match step.pause {
        Pause::For(time) => time.saturating_add(plan.interval),
        Pause::Manual => plan.interval,
    });
    let pauses = pauses.map(|time| time.saturating_add(plan.ripe()));
    pauses.fold(STEP, Duration::saturating_add)
}

fn simulate(ready: &Ready, plan: Plan, live: &Value, stage: &Stage, given: Vec<Given>) -> Result<Simulated> {
    let Stage { recorded, moments, asked, supposed } = stage;
    let refused = |unfit: rollout::Unfit| Error::Refused { reason: Said::of(plan.object().to_string(), unfit.said()) };
    let begin = Split::read(&plan, live).map_err(refused)?;
    let callers = Callers::of(ready, &plan);
    let requests = requests(ready, &plan, &callers, moments);
    let mut shares: Vec<(Split, Shares)> = Vec::new();
    for split in (0..plan.steps.len()).filter_map(|step| plan.wanted(step)).chain([begin, Split::default()]) {
        if shares.iter().all(|(known, _)| *known != split) {
            let body = split.written(&plan, live).map_err(refused)?;
            shares.push((split, Shares::of(ready, &plan, split, body, &requests)));
        }
    }
    let seen: Vec<Measured> = moments.iter().map(|flows| measured(ready, &plan, &callers, flows)).collect();
    // A sum of nothing is −0.
    let total = |one: &Measured| 0.0 + [one.stable, one.canary].iter().flatten().map(|r| r.per_second).sum::<f64>();
    let per_second = (0.0 + seen.iter().map(total).sum::<f64>()) / seen.len().max(1) as f64;
    let canary_known = seen.iter().any(|one| one.canary.is_some_and(|rates| rates.per_second > 0.0));
    let astray = shares.iter().map(|(_, shares)| shares.astray).fold(0.0, f64::max);
    let played = play(plan, begin, |at, split| {
        let moment = (at.as_secs() / STEP.as_secs()) as usize % seen.len().max(1);
        let Some(seen) = seen.get(moment) else { return Scene::default() };
        let shares = shares.iter().find(|(known, _)| *known == split).map_or(Shares::by(split), |(_, shares)| *shares);
        let now = asked.iter().filter_map(|(gate, line)| Some((*gate, line.get(moment)?.clone())));
        let measured = under(seen, total(seen), shares, supposed);
        Scene { measured, asked: now.collect(), copied: total(seen) * shares.copied }
    });
    Ok(Simulated { played, recorded: *recorded, per_second, canary_known, astray, given })
}

/// What both versions would have done at a moment, had the requests been split so.
fn under(seen: &Measured, per_second: f64, shares: Shares, supposed: &Supposed) -> Measured {
    let of = |rates: Option<Rates>, share: f64| {
        rates.filter(|_| share > 0.0).map(|rates| Rates { per_second: per_second * share, ..rates })
    };
    let canary = seen.canary.filter(|rates| rates.per_second > 0.0).or(seen.stable).map(|as_seen| Rates {
        error_share: supposed.error_share.unwrap_or(as_seen.error_share),
        p50: supposed.p50.or(as_seen.p50),
        p99: supposed.p99.or(as_seen.p99),
        ..as_seen
    });
    // Whoever gets a copy counts it like any request.
    let canary = of(canary, shares.canary + shares.copied);
    Measured { stable: of(seen.stable.or(seen.canary), shares.stable), canary }
}

/// What goes through the route, with how many requests a second over all moments. What comes in by a gateway is supposed to meet its rules
/// equally often.
fn requests(ready: &Ready, plan: &Plan, callers: &Callers, moments: &[Vec<Flow>]) -> Vec<(Request, f64)> {
    let of = |name: &String| version(ready, plan, name).map(|version| version.workloads).unwrap_or_default();
    let workloads: BTreeSet<_> = [&plan.stable, &plan.canary].into_iter().flat_map(of).collect();
    let mut found: Vec<(Request, f64)> = Vec::new();
    let mut add = |request: Request, per_second: f64| match found.iter_mut().find(|(known, _)| *known == request) {
        Some((_, sum)) => *sum += per_second,
        None => found.push((request, per_second)),
    };
    for flow in moments.iter().flatten().filter(|flow| callers.include(flow)) {
        let answers = (flow.service.0.clone(), flow.workload.clone());
        if flow.from.0.is_empty() || !workloads.contains(&answers) {
            continue;
        }
        let by_gateway: Vec<_> = callers.entering.iter().filter(|entering| entering.workload == flow.from).collect();
        for entering in &by_gateway {
            add(entering.request.clone(), flow.per_second / by_gateway.len() as f64);
        }
        if by_gateway.is_empty() {
            let url = format!("http://{}.{}:{}/", plan.service.name, plan.service.namespace, flow.port);
            add(Request::of_workload(&flow.from, "GET", url), flow.per_second);
        }
    }
    found
}

/// How the requests are split, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shares {
    stable: f64,
    canary: f64,
    /// Requests that go elsewhere.
    astray: f64,
    /// Requests of which the canary gets a copy.
    copied: f64,
}

impl Shares {
    /// As the weights say.
    fn by(split: Split) -> Self {
        let canary = f64::from(split.canary) / 100.0;
        Self { stable: 1.0 - canary, canary, astray: 0.0, copied: f64::from(split.mirror) / 100.0 }
    }

    /// As the engine says, once the route is this; where it does not know, as the weights say.
    fn of(ready: &Ready, plan: &Plan, split: Split, body: Value, requests: &[(Request, f64)]) -> Self {
        let all: f64 = requests.iter().map(|(_, per_second)| per_second).sum();
        let Ok(object) = Object::read(body, Origin::Draft) else { return Self::by(split) };
        if all <= 0.0 {
            return Self::by(split);
        }
        let ready = ready.after(&ready.world().after([Change::Put(object)]));
        let mut sum = Self { stable: 0.0, canary: 0.0, astray: 0.0, copied: 0.0 };
        for (request, per_second) in requests {
            let verdict = ready.explain(request);
            let one = if verdict.outcome == Outcome::Forwarded {
                let to = |wanted: &str| {
                    let is = |one: &&mesh::Destination| is_version(plan, &one.service, one.subset.as_deref(), wanted);
                    verdict.destinations.iter().filter(is).map(|one| one.share).sum::<f64>()
                };
                let is = |one: &&mesh::Mirror| is_version(plan, &one.service, one.subset.as_deref(), &plan.canary);
                let copied = verdict.mirror.iter().filter(is).map(|one| one.percent / 100.0).sum();
                let (stable, canary) = (to(&plan.stable), to(&plan.canary));
                Self { stable, canary, astray: (1.0 - stable - canary).max(0.0), copied }
            } else {
                Self::by(split)
            };
            let weight = per_second / all;
            sum.stable += one.stable * weight;
            sum.canary += one.canary * weight;
            sum.astray += one.astray * weight;
            sum.copied += one.copied * weight;
        }
        sum
    }
}

fn is_version(plan: &Plan, (namespace, name): &(String, String), subset: Option<&str>, wanted: &str) -> bool {
    let of_service = *namespace == plan.service.namespace;
    match plan.route.kind {
        RouteKind::VirtualService => of_service && *name == plan.service.name && subset == Some(wanted),
        RouteKind::HttpRoute => of_service && name == wanted,
    }
}
