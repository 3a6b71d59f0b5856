//! What has to hold for a rollout to go on. Missing measurements are neither good nor bad: they are missing.

use serde::{Deserialize, Serialize};

/// A condition on what the canary does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// What is measured.
    pub metric: Metric,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Percent of requests that are answered without a server's error.
    SuccessRate,
    /// The middle of its answers' times, milliseconds.
    P50,
    /// The time within which 99 of 100 answers came, milliseconds.
    P99,
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
    /// The whole in words, with its numbers.
    pub because: String,
}

impl Metric {
    fn of(self, rates: &Rates) -> Option<f64> {
        match self {
            Self::SuccessRate => Some((1.0 - rates.error_share) * 100.0),
            Self::P50 => rates.p50,
            Self::P99 => rates.p99,
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::SuccessRate => ("success", " %"),
            Self::P50 => ("p50", " ms"),
            Self::P99 => ("p99", " ms"),
        }
    }

    /// By how much the canary is worse.
    fn worse(self, canary: f64, stable: f64) -> f64 {
        if self == Self::SuccessRate { stable - canary } else { canary - stable }
    }
}

impl Gate {
    pub(crate) fn sense(&self) -> Result<(), &'static str> {
        let bounds = [self.min, self.max, self.over];
        if bounds.iter().all(Option::is_none) {
            return Err("it has no bound: min, max or maxOverStable");
        }
        if bounds.iter().flatten().any(|bound| !bound.is_finite() || *bound < 0.0) {
            return Err("a bound is a number that is not negative");
        }
        if self.metric == Metric::SuccessRate && [self.min, self.max].iter().flatten().any(|bound| *bound > 100.0) {
            return Err("a success rate is 0 to 100 percent");
        }
        Ok(())
    }

    /// Looks at it. `fewest` is how many requests a second of the canary tell something.
    pub(crate) fn judge(&self, measured: &Measured, fewest: f64) -> Judged {
        let (name, unit) = self.metric.words();
        let unknown = |because: String| Judged { gate: *self, verdict: Verdict::Unknown, value: None, because };
        let Some(canary) = measured.canary.filter(|rates| rates.per_second.is_finite()) else {
            return unknown(format!("{name}: nothing was measured of the canary"));
        };
        if canary.per_second < fewest {
            let (few, wanted) = (canary.per_second, fewest);
            return unknown(format!("{name}: {few:.2} requests a second are too few to tell ({wanted:.2} are wanted)"));
        }
        let Some(value) = self.metric.of(&canary).filter(|value| value.is_finite()) else {
            return unknown(format!("{name}: the proxies do not tell it"));
        };
        let said = |verdict, bound: String| {
            let because = format!("{name} {value:.1}{unit}, {bound}");
            Judged { gate: *self, verdict, value: Some(value), because }
        };
        if let Some(min) = self.min.filter(|min| value < *min) {
            return said(Verdict::Fails, format!("below {min}{unit}"));
        }
        if let Some(max) = self.max.filter(|max| value > *max) {
            return said(Verdict::Fails, format!("above {max}{unit}"));
        }
        let Some(over) = self.over else { return said(Verdict::Holds, "as it shall be".to_owned()) };
        let stable = measured.stable.filter(|rates| rates.per_second > 0.0).and_then(|rates| self.metric.of(&rates));
        match stable.filter(|stable| stable.is_finite()) {
            None => unknown(format!("{name}: nothing was measured of the stable version to compare with")),
            Some(stable) if self.metric.worse(value, stable) > over => said(
                Verdict::Fails,
                format!("worse than the stable version's {stable:.1}{unit} by more than {over}{unit}"),
            ),
            Some(stable) => said(Verdict::Holds, format!("beside the stable version's {stable:.1}{unit}")),
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
        let gate = |metric, min, max, over| Gate { metric, min, max, over };
        let success = gate(Metric::SuccessRate, Some(99.0), None, None);
        let slow = gate(Metric::P99, None, Some(500.0), None);
        let beside = gate(Metric::P99, None, None, Some(50.0));
        let middle = gate(Metric::P50, None, Some(1.0), None);
        let stable = rates(10.0, 0.0, 100.0);
        for (gate, stable, canary, expected, said) in [
            (success, stable, rates(5.0, 0.0, 9.0), Verdict::Holds, "success 100.0 %"),
            (success, stable, rates(5.0, 0.02, 9.0), Verdict::Fails, "success 98.0 %, below 99 %"),
            (success, stable, rates(0.2, 0.0, 9.0), Verdict::Unknown, "too few"),
            (success, stable, None, Verdict::Unknown, "nothing was measured"),
            (success, stable, rates(5.0, f64::NAN, 9.0), Verdict::Unknown, "do not tell"),
            (success, stable, rates(f64::INFINITY, 0.0, 9.0), Verdict::Unknown, "nothing was measured"),
            (slow, stable, rates(5.0, 0.0, 501.0), Verdict::Fails, "above 500 ms"),
            (beside, stable, rates(5.0, 0.0, 149.0), Verdict::Holds, "beside"),
            (beside, stable, rates(5.0, 0.0, 151.0), Verdict::Fails, "worse than the stable version's 100.0 ms"),
            (beside, None, rates(5.0, 0.0, 151.0), Verdict::Unknown, "to compare with"),
            (middle, stable, rates(5.0, 0.0, 1.0), Verdict::Unknown, "do not tell"),
        ] {
            let judged = gate.judge(&Measured { stable, canary }, 1.0);
            assert_eq!(judged.verdict, expected, "{judged:?}");
            assert!(judged.because.contains(said), "{}", judged.because);
        }
    }
}
