//! What stands in the way of a rollout before it starts.

use jiff::Timestamp;
use mesh::Ready;
use rollout::{Metric, Plan, Split};
use serde_json::Value;

use super::drive::step_of;
use super::foreign;
use super::lease::Lease;
use super::versions::{measured, version, window};
use crate::write::plan::read;
use crate::{Result, Session};

/// What stands in the way of a rollout, or is worth knowing before it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// What it is about.
    pub about: String,
    /// What it is.
    pub because: String,
    /// It has to go before the rollout may start.
    pub blocks: bool,
    /// The manager that the rollout may take its fields over from, where that is all that stands in the way; else empty.
    pub owner: String,
}

pub(super) fn obstacle(about: impl Into<String>, because: impl Into<String>) -> Obstacle {
    Obstacle { about: about.into(), because: because.into(), blocks: true, owner: String::new() }
}

fn note(about: impl Into<String>, because: impl Into<String>) -> Obstacle {
    Obstacle { blocks: false, ..obstacle(about, because) }
}

impl Session {
    /// Looks, and gives the split that the route has.
    pub(super) async fn rollout_looked(
        &self,
        plan: &Plan,
        take_over: &[String],
    ) -> Result<(Vec<Obstacle>, Option<Split>)> {
        let key = plan.object();
        let route = key.to_string();
        let Some(live) = read(self.connection(), &key).await? else {
            return Ok((vec![obstacle(route, "it is not there: make the route first")], None));
        };
        let ready = self.ready().await?;
        let mut found = versions_there(&ready, plan);
        found.extend(held_by_others(plan, &live, self.driver()));
        found.extend(foreign::mover(ready.world(), &key).map(|because| obstacle(&route, because)));
        let service = &plan.service;
        if !ready.routes(&service.namespace, &service.name).iter().any(|one| one.object.as_ref() == Some(&key)) {
            let because =
                format!("it decides nothing for {}/{}: another route does, or none", service.namespace, service.name);
            found.push(obstacle(&route, because));
        }
        let split = match Split::read(plan, &live) {
            Err(unfit) => {
                found.push(obstacle(&route, unfit.to_string()));
                None
            }
            Ok(split) => {
                let first = plan.steps.first().map_or(0, |step| step.weight);
                if split.canary > first {
                    let because =
                        format!("{} gets {} % already, and the first step is {first} %", plan.canary, split.canary);
                    found.push(obstacle(&route, because));
                }
                found.extend(self.first_write(plan, live, take_over).await?);
                Some(split)
            }
        };
        found.extend(self.gates_measured(plan, &ready));
        found.extend(self.queries_answer(plan).await);
        Ok((found, split))
    }

    /// What the server says of the first step.
    async fn first_write(&self, plan: &Plan, live: Value, take_over: &[String]) -> Result<Vec<Obstacle>> {
        let first = plan.wanted(0).unwrap_or_default();
        let step = match step_of(self.connection(), plan, first, None, live).await? {
            Ok(step) => step,
            Err(unfit) => return Ok(vec![obstacle(plan.object().to_string(), unfit)]),
        };
        let mut found: Vec<Obstacle> = step
            .problems
            .iter()
            .map(|problem| Obstacle {
                blocks: problem.error,
                ..obstacle(step.key.to_string(), problem.message.clone())
            })
            .collect();
        let others = step.conflicts.iter().filter(|conflict| !take_over.contains(&conflict.manager));
        found.extend(others.map(|conflict| Obstacle {
            owner: conflict.manager.clone(),
            ..obstacle(&conflict.manager, format!("it owns {}: allow the rollout to take it over", conflict.field))
        }));
        let owner = step.owner();
        if !owner.is_empty() {
            found.push(note(owner, "it may set the weights back"));
        }
        Ok(found)
    }

    /// Gates need something to be measured.
    fn gates_measured(&self, plan: &Plan, ready: &Ready) -> Option<Obstacle> {
        if plan.gates.is_empty() {
            return Some(note("gates", "there is none: nothing but a person can stop it"));
        }
        if plan.gates.iter().all(|gate| gate.metric == Metric::Promql) {
            return None;
        }
        let traffic = self.traffic.borrow().clone();
        let window = window(plan);
        let stable = measured(ready, plan, &traffic.over(window, ready)).stable;
        match stable {
            Some(rates) if rates.per_second > 0.0 => None,
            _ => {
                let why = traffic.unknown.first().map_or_else(
                    || format!("no requests to {} were seen in the last {window} s", plan.stable),
                    |unknown| unknown.because.clone(),
                );
                Some(obstacle("gates", format!("nothing is measured for them to look at: {why}")))
            }
        }
    }
}

fn versions_there(ready: &Ready, plan: &Plan) -> Vec<Obstacle> {
    let look = |name: &String| match version(ready, plan, name) {
        None => Some(obstacle(name, format!("{}/{} has no such version", plan.service.namespace, plan.service.name))),
        Some(version) if version.ready == 0 => Some(obstacle(name, "it has no ready pod")),
        Some(_) => None,
    };
    [&plan.stable, &plan.canary].into_iter().filter_map(look).collect()
}

/// Somebody else drives this route.
fn held_by_others(plan: &Plan, live: &Value, driver: &str) -> Option<Obstacle> {
    let lease = Lease::of(live)?;
    if lease.holder == driver {
        return Some(obstacle(plan.object().to_string(), format!("this program drives it already: {}", lease.plan)));
    }
    if lease.until <= Timestamp::now() {
        let Lease { by, plan: name, .. } = &lease;
        return Some(note(plan.object().to_string(), format!("{by} drove “{name}” here and never ended it")));
    }
    Some(obstacle(plan.object().to_string(), lease.to_string()))
}
