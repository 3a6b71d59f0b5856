//! Gates that ask a Prometheus: whether they give a number before the start, and what they give at each look.

use std::collections::BTreeMap;

use rollout::{Asked, Gate, Metric, Plan, fill};

use world::{Said, said};

use super::check::{Obstacle, obstacle};
use crate::Session;
use crate::prometheus::Reliable;

/// The gates of a plan that ask, by their places in it.
fn asking(plan: &Plan) -> impl Iterator<Item = (usize, &Gate)> {
    plan.gates.iter().enumerate().filter(|(_, gate)| gate.metric == Metric::Promql)
}

impl Session {
    /// What the queries of a plan's gates give now. What cannot be asked, or gives no number, says why.
    pub(super) async fn gates_asked(&self, plan: &Plan) -> BTreeMap<usize, Asked> {
        let reliable = self.reliable().map_err(|unknown| Said::of(unknown.about, unknown.because));
        let looks = asking(plan).map(|(place, gate)| {
            let reliable = &reliable;
            async move {
                let of = async |version: &str| match reliable {
                    Ok(reliable) => ask(reliable, gate, plan, version).await,
                    Err(because) => Err(because.clone()),
                };
                let (canary, stable) = match gate.over {
                    Some(_) => {
                        let (canary, stable) = tokio::join!(of(&plan.canary), of(&plan.stable));
                        (canary, Some(stable))
                    }
                    None => (of(&plan.canary).await, None),
                };
                (place, Asked { canary, stable })
            }
        });
        // Collected first: a stream over the closure itself is not `Send` (rust-lang/rust#102211).
        let looks: Vec<_> = looks.collect();
        futures::future::join_all(looks).await.into_iter().collect()
    }

    /// Queries that give no number before the start: of the stable version, for the other has no traffic yet.
    pub(super) async fn queries_answer(&self, plan: &Plan) -> Vec<Obstacle> {
        let mut found = Vec::new();
        if asking(plan).next().is_none() {
            return found;
        }
        self.prometheus_looked().await;
        for (place, gate) in asking(plan) {
            let answer = match self.reliable() {
                Ok(reliable) => {
                    ask(&reliable, gate, plan, &plan.stable).await.map_err(|why| Said::of(reliable.name, why))
                }
                Err(unknown) => Err(Said::of(unknown.about, unknown.because)),
            };
            if let Err(because) = answer {
                let about = if gate.name.is_empty() { format!("gate {}", place + 1) } else { gate.name.clone() };
                found.push(obstacle(about, because));
            }
        }
        found
    }
}

pub(super) async fn ask(reliable: &Reliable, gate: &Gate, plan: &Plan, version: &str) -> Result<f64, Said> {
    let query = fill(&gate.query, plan, version)
        .ok_or_else(|| said!("“{version}” cannot be part of a query", "“{version}”不能放进查询"))?;
    let answer = reliable.client.query(&query, Some(crate::prometheus::now())).await.map_err(|error| error.said())?;
    // A part that did not answer is not the whole (Thanos, "partial response").
    if let Some(warning) = answer.warnings.first() {
        return Err(said!("it warns: {warning}", "它警告：{warning}"));
    }
    answer.number().map_err(|none| none.said())
}
