//! What stands in the way of a rollout before it starts.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mesh::{Membership, Ready};
use rollout::{Metric, Plan, Rates, Said, Split};
use serde_json::Value;
use world::{Pod, said};

use super::callers::{Callers, gateways};
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
    pub because: Said,
    /// It has to go before the rollout may start.
    pub blocks: bool,
    /// The manager that the rollout may take its fields over from, where that is all that stands in the way; else empty.
    pub owner: String,
}

/// What a look before the start gives.
#[derive(Default)]
pub(super) struct Looked {
    pub obstacles: Vec<Obstacle>,
    /// The split that the route has.
    pub split: Option<Split>,
    /// The Gateways at which the route decides.
    pub gateways: Vec<String>,
}

pub(super) fn obstacle(about: impl Into<String>, because: impl Into<Said>) -> Obstacle {
    Obstacle { about: about.into(), because: because.into(), blocks: true, owner: String::new() }
}

fn note(about: impl Into<String>, because: impl Into<Said>) -> Obstacle {
    Obstacle { blocks: false, ..obstacle(about, because) }
}

impl Session {
    /// Looks, and gives what else a rollout begins with.
    pub(super) async fn rollout_looked(&self, plan: &Plan, take_over: &[String]) -> Result<Looked> {
        let key = plan.object();
        let route = key.to_string();
        let Some(live) = read(self.connection(), &key).await? else {
            let missing = obstacle(route, ("it is not there: make the route first", "它不存在：请先创建路由"));
            return Ok(Looked { obstacles: vec![missing], ..Looked::default() });
        };
        let ready = self.ready().await?;
        let mut found = versions_there(&ready, plan);
        found.extend(held_by_others(plan, &live, self.driver()));
        found.extend(foreign::mover(ready.world(), &key).map(|because| obstacle(&route, because)));
        let service = &plan.service;
        let callers = Callers::of(&ready, plan);
        if callers.is_nobody() {
            let of = format!("{}/{}", service.namespace, service.name);
            let en = format!("it decides nothing for {of}, in the mesh or at a gateway: another route does, or none");
            let zh = format!("它对 {of} 不起作用，无论在网格内还是在网关上：由别的路由决定，或没有路由");
            found.push(obstacle(&route, Said::new(en, zh)));
        }
        let split = match Split::read(plan, &live) {
            Err(unfit) => {
                found.push(obstacle(&route, unfit.said()));
                None
            }
            Ok(split) => {
                let first = plan.steps.first().map_or(0, |step| step.weight);
                if split.canary > first {
                    let (canary, has) = (&plan.canary, split.canary);
                    let en = format!("{canary} gets {has} % already, and the first step is {first} %");
                    found.push(obstacle(&route, Said::new(en, format!("{canary} 已有 {has} %，而第一步是 {first} %"))));
                }
                found.extend(self.first_write(plan, live, take_over).await?);
                Some(split)
            }
        };
        found.extend(self.copies_counted(plan, &ready));
        found.extend(self.gates_measured(plan, &callers, &ready));
        found.extend(self.queries_answer(plan).await);
        Ok(Looked { obstacles: found, split, gateways: gateways(&callers.entering) })
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
                ..obstacle(step.key.to_string(), problem.message.en.clone())
            })
            .collect();
        let others = step.conflicts.iter().filter(|conflict| !take_over.contains(&conflict.manager));
        found.extend(others.map(|conflict| Obstacle {
            owner: conflict.manager.clone(),
            ..obstacle(
                &conflict.manager,
                Said::new(
                    format!("it owns {}: allow the rollout to take it over", conflict.field),
                    format!("{} 归它所有：请允许此发布接管", conflict.field),
                ),
            )
        }));
        let owner = step.owner();
        if !owner.is_empty() {
            found.push(note(owner, ("it may set the weights back", "它可能会把权重改回去")));
        }
        Ok(found)
    }

    /// Gates need something to be measured.
    /// Steps of copies alone, to pods that have no proxy of their own: who gets a copy is who counts it, where callers tell of Istio's metrics
    /// alone.
    fn copies_counted(&self, plan: &Plan, ready: &Ready) -> Option<Obstacle> {
        let judged = plan.gates.iter().any(|gate| gate.metric != Metric::Promql);
        if !judged || !plan.steps.iter().any(|step| step.weight == 0 && step.mirror > 0) {
            return None;
        }
        let workloads = version(ready, plan, &plan.canary)?.workloads;
        let mut pods = workloads.iter().flat_map(|(namespace, name)| ready.places().of_workload(namespace, name));
        let counts =
            |pod: &Pod| self.engine().membership(ready.world(), pod).is_some_and(|(_, how)| how == Membership::Sidecar);
        if pods.any(|pod| counts(pod)) {
            return None;
        }
        let because = (
            "its pods have no proxy of their own, so copies of requests may be counted by nobody: a step of copies alone would fail",
            "它的 Pod 没有自己的代理，请求副本可能无人统计：仅有副本的步骤会失败",
        );
        Some(note(&plan.canary, because))
    }

    fn gates_measured(&self, plan: &Plan, callers: &Callers, ready: &Ready) -> Vec<Obstacle> {
        if plan.gates.is_empty() {
            let because = ("there is none: nothing but a person can stop it", "没有条件：只有人能让它停下");
            return vec![note("gates", because)];
        }
        if plan.gates.iter().all(|gate| gate.metric == Metric::Promql) {
            return Vec::new();
        }
        let traffic = self.traffic.borrow().clone();
        let window = window(plan);
        let stable = measured(ready, plan, callers, &traffic.over(window, ready)).stable;
        match stable.filter(|rates| rates.per_second > 0.0) {
            Some(rates) => untold(plan, &rates),
            None => {
                let why = traffic.unknown.first().map_or_else(
                    || {
                        let stable = &plan.stable;
                        let en = format!("no requests to {stable} were seen in the last {window} s");
                        Said::new(en, format!("最近 {window} 秒没有看到发往 {stable} 的请求"))
                    },
                    |unknown| unknown.because.clone(),
                );
                let en = format!("nothing is measured for them to look at: {}", why.en);
                vec![obstacle("gates", Said::new(en, format!("没有可供条件检查的数据：{}", why.zh)))]
            }
        }
    }
}

/// Gates whose figure the proxies do not tell of the stable version, and would not of the other.
fn untold(plan: &Plan, stable: &Rates) -> Vec<Obstacle> {
    let asked: BTreeSet<Metric> = plan.gates.iter().map(|gate| gate.metric).collect();
    let quantile = |metric| match metric {
        Metric::P50 => Some(("p50", stable.p50)),
        Metric::P99 => Some(("p99", stable.p99)),
        Metric::SuccessRate | Metric::Promql => None,
    };
    let missing = asked.into_iter().filter_map(quantile).filter(|(_, value)| value.is_none());
    let because = said!(
        "the proxies that count the requests to {} tell no times of answers: have them count those, or leave this gate out",
        "统计发往 {} 的请求的代理没有给出应答时间：请让它们统计，或去掉此条件",
        plan.stable
    );
    missing.map(|(name, _)| obstacle(name, because.clone())).collect()
}

fn versions_there(ready: &Ready, plan: &Plan) -> Vec<Obstacle> {
    let look = |name: &String| match version(ready, plan, name) {
        None => {
            let of = format!("{}/{}", plan.service.namespace, plan.service.name);
            Some(obstacle(name, Said::new(format!("{of} has no such version"), format!("{of} 没有这个版本"))))
        }
        Some(version) if version.ready == 0 => Some(obstacle(name, ("it has no ready pod", "它没有就绪的 Pod"))),
        Some(_) => None,
    };
    [&plan.stable, &plan.canary].into_iter().filter_map(look).collect()
}

/// Somebody else drives this route.
fn held_by_others(plan: &Plan, live: &Value, driver: &str) -> Option<Obstacle> {
    let lease = Lease::of(live)?;
    if lease.holder == driver {
        let (en, zh) =
            (format!("this program drives it already: {}", lease.plan), format!("本程序已在驱动它：{}", lease.plan));
        return Some(obstacle(plan.object().to_string(), Said::new(en, zh)));
    }
    if lease.has_run_out(Timestamp::now()) {
        return Some(note(plan.object().to_string(), lease.abandoned()));
    }
    Some(obstacle(plan.object().to_string(), lease.said()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::Gate;

    #[test]
    fn a_quantile_that_no_proxy_tells_stands_in_the_way() {
        let text = "{name: p, service: {namespace: a, name: b}, route: {kind: VirtualService, name: b}, stable: v1, canary: v2, steps: [{weight: 1}]}";
        let mut plan = Plan::read(text).unwrap();
        plan.gates = [Metric::SuccessRate, Metric::P50, Metric::P99, Metric::P99].map(Gate::of).into();
        let found = |p50, p99| {
            let rates = Rates { per_second: 1.0, error_share: 0.0, p50, p99 };
            untold(&plan, &rates).into_iter().map(|one| (one.about, one.blocks)).collect::<Vec<_>>()
        };
        assert_eq!(found(Some(1.0), Some(2.0)), []);
        assert_eq!(found(Some(1.0), None), [("p99".to_owned(), true)]);
        assert_eq!(found(None, None), [("p50".to_owned(), true), ("p99".to_owned(), true)]);
        plan.gates.truncate(1);
        let untold = untold(&plan, &Rates::default());
        assert_eq!(untold, [], "success is told by every count");
    }
}
