//! What has to hold for a rollout to go on. Missing measurements are neither good nor bad: they are missing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Plan;
use crate::plan::duration;
use crate::query::{Asked, INTERVAL, VERSION, figure, unknown_placeholder};
use crate::reach::reach;
use world::Said;

/// A condition on what the canary does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// What is measured.
    pub metric: Metric,
    /// What is asked of Prometheus, where that is the metric; see [`crate::fill`] for its placeholders.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// What the answer is called; empty for “PromQL”.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// It has to be at least this: percent for a share, milliseconds for a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// It has to be at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// It may be worse than the stable version's by at most this, in the metric's own unit.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "maxOverStable")]
    pub over: Option<f64>,
}

/// What is measured of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Percent of requests that are answered without a server's error.
    SuccessRate,
    /// The middle of its answers' times, milliseconds.
    P50,
    /// The time within which 99 of 100 answers came, milliseconds.
    P99,
    /// Whatever a query of Prometheus gives.
    Promql,
}

/// What one version did in the last interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rates {
    /// Requests a second.
    pub per_second: f64,
    /// Share of them that failed, 0 to 1.
    pub error_share: f64,
    /// Milliseconds.
    pub p50: Option<f64>,
    /// Milliseconds.
    pub p99: Option<f64>,
}

/// What both versions did in the last interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The version that had the traffic.
    pub stable: Option<Rates>,
    /// The version that shall get it.
    pub canary: Option<Rates>,
}

/// What a look at a gate found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// Nobody knows.
    Unknown,
}

/// A gate, looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Which one.
    pub gate: Gate,
    /// What was found.
    pub verdict: Verdict,
    /// The figure, in the metric's unit.
    pub value: Option<f64>,
    /// The stable version's that it was compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stable: Option<f64>,
    /// Nothing is judged for so many seconds yet: until then its query reads what was before the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early: Option<f64>,
    /// The whole in words, with its numbers.
    pub because: String,
    /// The same in Chinese; empty where an earlier version looked.
    #[serde(default)]
    pub zh: String,
}

impl Judged {
    /// The whole in words.
    pub fn said(&self) -> Said {
        Said::new(&*self.because, &*self.zh)
    }
}

impl Metric {
    fn of(self, rates: &Rates) -> Option<f64> {
        match self {
            Self::SuccessRate => Some((1.0 - rates.error_share) * 100.0),
            Self::P50 => rates.p50,
            Self::P99 => rates.p99,
            Self::Promql => None,
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::SuccessRate => " %",
            Self::P50 | Self::P99 => " ms",
            Self::Promql => "",
        }
    }

    /// By how much the canary is worse.
    fn worse(self, canary: f64, stable: f64) -> f64 {
        if self == Self::SuccessRate { stable - canary } else { canary - stable }
    }
}

/// Nobody asked a gate's query.
const UNASKED: (&str, &str) = ("it was not asked", "没有询问");

/// A figure of the canary, and the stable version's beside it or why there is none.
type Read = (f64, Result<f64, Said>);

impl Gate {
    /// A gate on a metric, without a bound yet.
    pub fn of(metric: Metric) -> Self {
        Self { metric, query: String::new(), name: String::new(), min: None, max: None, over: None }
    }

    pub(crate) fn sense(&self) -> Result<(), &'static str> {
        let bounds = [self.min, self.max, self.over];
        let is_query = self.metric == Metric::Promql;
        if bounds.iter().all(Option::is_none) {
            return Err("it has no bound: min, max or maxOverStable");
        }
        if bounds.iter().flatten().any(|bound| !bound.is_finite()) {
            return Err("a bound is a number");
        }
        if bounds.iter().flatten().any(|bound| *bound < 0.0 && !is_query) || self.over.is_some_and(|over| over < 0.0) {
            return Err("a bound is a number that is not negative");
        }
        if self.metric == Metric::SuccessRate && [self.min, self.max].iter().flatten().any(|bound| *bound > 100.0) {
            return Err("a success rate is 0 to 100 percent");
        }
        if is_query == self.query.trim().is_empty() {
            return Err(if is_query { "its query is empty" } else { "a query is for the metric promql alone" });
        }
        if unknown_placeholder(&self.query) {
            return Err(
                "its query has a placeholder that is none of {{namespace}}, {{service}}, {{version}}, {{interval}}",
            );
        }
        if is_query && self.over.is_some() && !self.is_of_version() {
            return Err("maxOverStable asks the same of the stable version: the query has to say {{version}}");
        }
        // Any interval will do to read it.
        reach(&self.query.replace(INTERVAL, "1m")).map(|_| ())
    }

    /// How long a step has to be written until the query reads nothing that was before it.
    pub fn ripe(&self, plan: &Plan) -> Duration {
        match (self.metric, reach(&self.query.replace(INTERVAL, &duration::write(plan.interval)))) {
            (Metric::Promql, Ok(reach)) => reach.saturating_add(plan.lag),
            // It is in no plan that makes sense.
            (Metric::Promql, Err(_)) => Duration::MAX,
            _ => Duration::ZERO,
        }
    }

    /// It cannot be judged for so long yet.
    pub(crate) fn too_early(&self, wait: Duration) -> Judged {
        let seconds = Duration::from_secs(wait.as_secs_f64().ceil() as u64);
        let left = duration::write(seconds);
        let because = Said::new(
            format!("its query still reads what was before the step, for {left}"),
            format!("它的查询在 {left} 内仍会读到这一步之前的数据"),
        );
        Judged { early: Some(wait.as_secs_f64()), ..self.weigh(Err(because)) }
    }

    /// Its query asks of one version, and not of the service or of anything else.
    pub fn is_of_version(&self) -> bool {
        self.query.contains(VERSION)
    }

    fn called(&self) -> &str {
        match self.metric {
            Metric::SuccessRate => "success",
            Metric::P50 => "p50",
            Metric::P99 => "p99",
            Metric::Promql if self.name.is_empty() => "PromQL",
            Metric::Promql => &self.name,
        }
    }

    fn figure(&self, value: f64) -> String {
        let unit = self.metric.unit();
        if self.metric == Metric::Promql { figure(value) } else { format!("{value:.1}{unit}") }
    }

    /// Looks at it. `fewest` is how many requests a second of the canary tell something; where it gets copies alone, none of them is
    /// another reason than no request.
    pub(crate) fn judge(&self, measured: &Measured, fewest: f64, copies: bool) -> Judged {
        self.weigh(self.read(measured, fewest, copies))
    }

    /// Looks at what its query gave. `last` is what it gave of the stable version, when that last had traffic.
    pub(crate) fn judge_asked(&self, asked: Option<&Asked>, last: Option<f64>) -> Judged {
        let read = match asked {
            None => Err(UNASKED.into()),
            Some(asked) => {
                let stable = match (&asked.stable, last) {
                    (Some(Ok(stable)), _) => Ok(*stable),
                    (_, Some(stable)) => Ok(stable),
                    (Some(Err(because)), None) => Err(because.clone()),
                    (None, None) => Err(UNASKED.into()),
                };
                asked.canary.clone().map(|value| (value, stable))
            }
        };
        self.weigh(read)
    }

    fn read(&self, measured: &Measured, fewest: f64, copies: bool) -> Result<Read, Said> {
        let nothing = if copies {
            Said::new("no copy was seen to reach the canary", "没有看到任何副本到达新版本")
        } else {
            Said::new("nothing was measured of the canary", "没有测到新版本的任何数据")
        };
        let is_seen = |rates: &Rates| rates.per_second.is_finite() && (!copies || rates.per_second > 0.0);
        let canary = measured.canary.filter(is_seen).ok_or(nothing)?;
        if canary.per_second < fewest {
            let (few, wanted) = (canary.per_second, fewest);
            return Err(Said::new(
                format!("{few:.2} requests a second are too few to tell ({wanted:.2} are wanted)"),
                format!("每秒 {few:.2} 个请求太少，无法判断（需要 {wanted:.2}）"),
            ));
        }
        let value = self.metric.of(&canary).filter(|value| value.is_finite());
        let value = value.ok_or_else(|| Said::new("the proxies do not tell it", "代理没有给出这个数据"))?;
        let stable = measured.stable.filter(|rates| rates.per_second > 0.0).and_then(|rates| self.metric.of(&rates));
        let stable = stable.filter(|stable| stable.is_finite());
        let stable = stable.ok_or_else(|| Said::new("nothing was measured", "没有测到数据"));
        Ok((value, stable))
    }

    fn weigh(&self, read: Result<Read, Said>) -> Judged {
        let (name, unit) = (self.called(), self.metric.unit());
        let zh_name = if self.metric == Metric::SuccessRate { "成功率" } else { name };
        let judged = |verdict, value, stable, said: Said| Judged {
            gate: self.clone(),
            verdict,
            value,
            stable,
            early: None,
            because: said.en,
            zh: said.zh,
        };
        let unknown = |why: Said| judged(Verdict::Unknown, None, None, Said::of(Said::new(name, zh_name), why));
        let (value, stable) = match read {
            Ok(read) => read,
            Err(because) => return unknown(because),
        };
        let beside = stable.as_ref().ok().copied();
        let said = |verdict, en: String, zh: String| {
            let figure = self.figure(value);
            let said = Said::new(format!("{name} {figure}, {en}"), format!("{zh_name} {figure}，{zh}"));
            judged(verdict, Some(value), beside, said)
        };
        if let Some(min) = self.min.filter(|min| value < *min) {
            return said(Verdict::Fails, format!("below {min}{unit}"), format!("低于 {min}{unit}"));
        }
        if let Some(max) = self.max.filter(|max| value > *max) {
            return said(Verdict::Fails, format!("above {max}{unit}"), format!("高于 {max}{unit}"));
        }
        let Some(over) = self.over else { return said(Verdict::Holds, "as it shall be".into(), "符合要求".into()) };
        match stable {
            Err(why) => unknown(Said::new(
                format!("{} of the stable version to compare with", why.en),
                format!("没有稳定版本可比较：{}", why.zh),
            )),
            Ok(stable) => {
                let figure = self.figure(stable);
                if self.metric.worse(value, stable) > over {
                    let en = format!("worse than the stable version's {figure} by more than {over}{unit}");
                    return said(Verdict::Fails, en, format!("比稳定版本的 {figure} 差 {over}{unit} 以上"));
                }
                let en = format!("beside the stable version's {figure}");
                said(Verdict::Holds, en, format!("稳定版本为 {figure}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(per_second: f64, error_share: f64, p99: f64) -> Option<Rates> {
        Some(Rates { per_second, error_share, p50: None, p99: Some(p99) })
    }

    #[test]
    fn holds_fails_or_is_not_known() {
        let gate = |metric, min, max, over| Gate { min, max, over, ..Gate::of(metric) };
        let success = gate(Metric::SuccessRate, Some(99.0), None, None);
        let slow = gate(Metric::P99, None, Some(500.0), None);
        let beside = gate(Metric::P99, None, None, Some(50.0));
        let middle = gate(Metric::P50, None, Some(1.0), None);
        let stable = rates(10.0, 0.0, 100.0);
        for (gate, stable, canary, expected, said) in [
            (&success, stable, rates(5.0, 0.0, 9.0), Verdict::Holds, "success 100.0 %"),
            (&success, stable, rates(5.0, 0.02, 9.0), Verdict::Fails, "success 98.0 %, below 99 %"),
            (&success, stable, rates(0.2, 0.0, 9.0), Verdict::Unknown, "too few"),
            (&success, stable, None, Verdict::Unknown, "nothing was measured"),
            (&success, stable, rates(5.0, f64::NAN, 9.0), Verdict::Unknown, "do not tell"),
            (&success, stable, rates(f64::INFINITY, 0.0, 9.0), Verdict::Unknown, "nothing was measured"),
            (&slow, stable, rates(5.0, 0.0, 501.0), Verdict::Fails, "above 500 ms"),
            (&beside, stable, rates(5.0, 0.0, 149.0), Verdict::Holds, "beside"),
            (&beside, stable, rates(5.0, 0.0, 151.0), Verdict::Fails, "worse than the stable version's 100.0 ms"),
            (&beside, None, rates(5.0, 0.0, 151.0), Verdict::Unknown, "to compare with"),
            (&middle, stable, rates(5.0, 0.0, 1.0), Verdict::Unknown, "do not tell"),
        ] {
            let judged = gate.judge(&Measured { stable, canary }, 1.0, false);
            assert_eq!(judged.verdict, expected, "{judged:?}");
            assert!(judged.because.contains(said), "{}", judged.because);
        }
        for canary in [None, rates(0.0, 0.0, 9.0)] {
            let judged = success.judge(&Measured { stable, canary }, 1.0, true);
            assert_eq!(
                (judged.verdict, &*judged.because),
                (Verdict::Unknown, "success: no copy was seen to reach the canary")
            );
        }
    }

    #[test]
    fn a_query_that_gives_no_number_is_not_known() {
        let text = "{metric: promql, name: orders, query: 'sum(orders{v=\"{{version}}\"})', min: 0.5, max: 20, maxOverStable: 1}";
        let gate: Gate = serde_json::from_value(world::yaml::read(text).value).unwrap();
        assert_eq!(gate.sense(), Ok(()));
        let nothing = || Err("it has no data for this".into());
        for (canary, stable, last, expected, said) in [
            (Ok(1.25), Ok(1.0), None, Verdict::Holds, "orders 1.25, beside the stable version's 1"),
            (Ok(0.012345), Ok(1.0), None, Verdict::Fails, "orders 0.01235, below 0.5"),
            (Ok(123.456), Ok(1.0), None, Verdict::Fails, "orders 123.5, above 20"),
            (Ok(9.0), Ok(1.0), None, Verdict::Fails, "worse than the stable version's 1 by more than 1"),
            (nothing(), Ok(1.0), None, Verdict::Unknown, "orders: it has no data for this"),
            (Ok(9.0), nothing(), None, Verdict::Unknown, "it has no data for this of the stable version"),
            (Ok(9.0), nothing(), Some(8.5), Verdict::Holds, "beside the stable version's 8.5"),
        ] {
            let judged = gate.judge_asked(Some(&Asked { canary, stable: Some(stable) }), last);
            assert_eq!(judged.verdict, expected, "{judged:?}");
            assert!(judged.because.contains(said), "{}", judged.because);
        }
        assert_eq!(gate.judge_asked(None, None).verdict, Verdict::Unknown);
    }

    #[test]
    fn gates_that_make_no_sense() {
        for (text, said) in [
            ("{metric: promql, query: up}", "no bound"),
            ("{metric: promql, min: 1}", "query is empty"),
            ("{metric: p99, query: up, max: 1}", "promql alone"),
            ("{metric: promql, query: 'up{a=\"{{what}}\"}', min: 1}", "placeholder"),
            ("{metric: promql, query: up, maxOverStable: 1}", "{{version}}"),
            ("{metric: p99, max: -1}", "not negative"),
            ("{metric: promql, query: 'up[x]', min: 1}", "how far back"),
            ("{metric: promql, query: 'up @ 1700000000', min: 1}", "fixed time"),
        ] {
            let gate: Gate = serde_json::from_value(world::yaml::read(text).value).unwrap();
            let refused = gate.sense().unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
        let below: Gate =
            serde_json::from_value(world::yaml::read("{metric: promql, query: up, min: -1}").value).unwrap();
        assert_eq!(below.sense(), Ok(()));
    }
}
