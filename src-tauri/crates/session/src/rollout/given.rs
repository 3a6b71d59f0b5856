//! What the queries of a plan's gates give while it is played: what is supposed, or what a Prometheus has of the time that it is played on.

use std::collections::BTreeMap;

use rollout::{Asked, Gate, Metric, Plan, fill};

use signals::promql::NoNumber;
use world::{Said, said};

use super::queries::ask;
use crate::Session;
use crate::past::keep::STEP;
use crate::prometheus::Reliable;

/// Where what a gate's query gives in a play comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is supposed.
    Supposed,
    /// A Prometheus has it of that time.
    Recorded,
    /// A Prometheus has it of the stable version, and of the canary nothing.
    Stable,
    /// Nobody knows it, because …: the gate is not played.
    Unplayed(Said),
}

/// A gate whose query is asked, in a play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its place in the plan.
    pub gate: usize,
    /// Where what it gives comes from.
    pub source: Source,
}

/// What a query gave at each moment, or why it gave nothing.
type Line = Vec<Result<f64, Said>>;

impl Session {
    /// What the queries of a plan give at these moments (seconds since 1970), or now where there are none; by the places of their gates in
    /// the plan, of which those that cannot be played are taken.
    pub(super) async fn gates_given(
        &self,
        plan: &mut Plan,
        moments: &[u64],
        supposed: &BTreeMap<usize, f64>,
    ) -> (Vec<Given>, BTreeMap<usize, Vec<Asked>>) {
        let (mut given, mut asked) = (Vec::new(), BTreeMap::new());
        let reliable = self.reliable().map_err(|unknown| Said::of(unknown.about, unknown.because));
        let mut gates = Vec::new();
        for (place, mut gate) in std::mem::take(&mut plan.gates).into_iter().enumerate() {
            if gate.metric != Metric::Promql {
                gates.push(gate);
                continue;
            }
            let of = async |version: &str| recorded(&reliable, &gate, plan, version, moments).await;
            let stable = of(&plan.stable).await;
            let canary = if gate.is_of_version() { of(&plan.canary).await } else { stable.clone() };
            let played = choose(&gate, supposed.get(&place).copied(), canary, &stable);
            let source = match played {
                Err(because) => Source::Unplayed(because),
                Ok((source, line)) => {
                    let is_beside = any(&stable) && gate.over.is_some();
                    gate.over = gate.over.filter(|_| is_beside);
                    let stable = |at: usize| is_beside.then(|| stable[at].clone());
                    let line = line.into_iter().enumerate().map(|(at, canary)| Asked { canary, stable: stable(at) });
                    asked.insert(gates.len(), line.collect());
                    gates.push(gate);
                    source
                }
            };
            given.push(Given { gate: place, source });
        }
        plan.gates = gates;
        (given, asked)
    }
}

fn any(line: &Line) -> bool {
    line.iter().any(Result::is_ok)
}

/// Which of them is played.
fn choose(gate: &Gate, supposed: Option<f64>, canary: Line, stable: &Line) -> Result<(Source, Line), Said> {
    if gate.min.is_none() && gate.max.is_none() && !any(stable) {
        let Said { en, zh } = stable.iter().find_map(|one| one.as_ref().err()).cloned().unwrap_or_default();
        return Err(said!("nothing of the stable version to compare with: {en}", "稳定版本没有可比的数据：{zh}"));
    }
    if let Some(value) = supposed {
        return Ok((Source::Supposed, vec![Ok(value); canary.len()]));
    }
    if any(&canary) {
        return Ok((Source::Recorded, canary));
    }
    if any(stable) {
        return Ok((Source::Stable, stable.clone()));
    }
    Err(canary.into_iter().find_map(Result::err).unwrap_or_default())
}

/// What a Prometheus has of a version at these moments, or now.
async fn recorded(reliable: &Result<Reliable, Said>, gate: &Gate, plan: &Plan, version: &str, moments: &[u64]) -> Line {
    let nothing = |because: Said| vec![Err(because); moments.len().max(1)];
    let reliable = match reliable {
        Ok(reliable) => reliable,
        Err(because) => return nothing(because.clone()),
    };
    let (Some(first), Some(last)) = (moments.first(), moments.last()) else {
        return vec![ask(reliable, gate, plan, version).await];
    };
    let Some(query) = fill(&gate.query, plan, version) else {
        return nothing(said!("“{version}” cannot be part of a query", "“{version}”不能放进查询"));
    };
    let step = STEP.as_secs_f64();
    match reliable.client.over(&query, (*first as f64, *last as f64), step).await {
        Err(trouble) => nothing(trouble.said()),
        Ok(lines) => match lines.as_slice() {
            [] => nothing(said!("it has no data of that time", "它没有那时的数据")),
            [line] => moments.iter().map(|moment| nearest(&line.points, *moment as f64, step)).collect(),
            several => nothing(NoNumber::Several(several.len()).said()),
        },
    }
}

/// The value nearest to a moment, if there is one in that minute.
fn nearest(points: &[(f64, f64)], moment: f64, step: f64) -> Result<f64, Said> {
    let away = |point: &&(f64, f64)| (point.0 - moment).abs();
    let near = points.iter().filter(|point| away(point) <= step / 2.0 && point.1.is_finite());
    let found = near.min_by(|a, b| away(a).total_cmp(&away(b)));
    found.map(|point| point.1).ok_or_else(|| said!("it has no data of that minute", "它没有那一分钟的数据"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_supposed_goes_before_what_was_recorded() {
        let gate = Gate { query: "x{v=\"{{version}}\"}".into(), max: Some(1.0), ..Gate::of(Metric::Promql) };
        let (some, none): (Line, Line) = (vec![Ok(3.0), Err("gap".into())], vec![Err("none".into()); 2]);
        let chosen = |supposed, canary: &Line, stable: &Line| choose(&gate, supposed, canary.clone(), stable);
        assert_eq!(chosen(Some(2.0), &some, &some), Ok((Source::Supposed, vec![Ok(2.0); 2])));
        assert_eq!(chosen(Some(2.0), &none, &none), Ok((Source::Supposed, vec![Ok(2.0); 2])));
        assert_eq!(chosen(None, &some, &none), Ok((Source::Recorded, some.clone())));
        assert_eq!(chosen(None, &none, &some), Ok((Source::Stable, some.clone())));
        assert_eq!(chosen(None, &none, &none), Err("none".into()));
        let beside = Gate { max: None, over: Some(1.0), ..gate.clone() };
        let refused = choose(&beside, Some(2.0), some, &none).unwrap_err();
        assert_eq!(refused.en, "nothing of the stable version to compare with: none");
    }

    #[test]
    fn a_minute_without_a_value_stays_one() {
        let points = [(60.0, 1.0), (120.0, f64::NAN), (180.0, 3.0)];
        let values: Vec<_> = [60.0, 70.0, 120.0, 200.0].map(|at| nearest(&points, at, 60.0).ok()).into();
        assert_eq!(values, [Some(1.0), Some(1.0), None, Some(3.0)]);
    }
}
