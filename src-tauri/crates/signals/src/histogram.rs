//! Histograms of counters, their differences and quantiles.

/// A histogram as proxies write it: for each upper bound how many were at or below it, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// (upper bound, how many up to it).
    pub buckets: Vec<(f64, f64)>,
}

impl Histogram {
    /// Adds a bucket's line; lines may come in any order and for several series.
    pub fn add(&mut self, bound: f64, count: f64) {
        if bound.is_nan() || !count.is_finite() || count < 0.0 {
            return;
        }
        match self.buckets.binary_search_by(|(b, _)| b.total_cmp(&bound)) {
            Ok(at) => self.buckets[at].1 += count,
            Err(at) => self.buckets.insert(at, (bound, count)),
        }
    }

    /// What was counted since `before`, each bucket for itself, empty ones left out.
    pub(crate) fn since(&self, before: Option<&Self>) -> Parts {
        let up_to = |bound: f64| {
            let before = before.map(|h| h.buckets.as_slice()).unwrap_or_default();
            before.iter().find(|(b, _)| *b == bound).map_or(0.0, |(_, count)| *count)
        };
        let mut below = 0.0;
        let mut parts = Vec::new();
        for (bound, count) in &self.buckets {
            let grown = (count - up_to(*bound)).max(0.0);
            if grown > below {
                parts.push((*bound as f32, (grown - below) as f32));
                below = grown;
            }
        }
        Parts(parts)
    }
}

/// (upper bound, how many in its bucket).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Parts(pub(crate) Vec<(f32, f32)>);

/// All bounds that proxies use, summed over many parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spread(Vec<(f32, f64)>);

impl Spread {
    pub(crate) fn add(&mut self, parts: &Parts) {
        for (bound, count) in &parts.0 {
            match self.0.binary_search_by(|(b, _)| b.total_cmp(bound)) {
                Ok(at) => self.0[at].1 += f64::from(*count),
                Err(at) => self.0.insert(at, (*bound, f64::from(*count))),
            }
        }
    }

    /// The value below which this share of all lies, taken as even inside a bucket (as Prometheus does); `None` where
    /// nothing was counted. In the last, open bucket it is that bucket's lower bound.
    pub(crate) fn quantile(&self, share: f64) -> Option<f64> {
        let all: f64 = self.0.iter().map(|(_, count)| count).sum();
        if all <= 0.0 {
            return None;
        }
        let rank = share * all;
        let mut below = 0.0;
        for (index, (bound, count)) in self.0.iter().enumerate() {
            if below + count >= rank {
                let before = if index == 0 { 0.0 } else { f64::from(self.0[index - 1].0) };
                if bound.is_infinite() {
                    return Some(before);
                }
                let lower = lower_bound(*bound).max(before);
                let inside = if *count > 0.0 { (rank - below) / count } else { 0.0 };
                return Some(lower + (f64::from(*bound) - lower) * inside);
            }
            below += count;
        }
        self.0.last().map(|(bound, _)| f64::from(*bound))
    }
}

/// The bound before this one in Envoy's own buckets (envoy source/common/stats/histogram_impl.cc, in milliseconds): buckets
/// without a count are not kept, so the one before may be missing.
fn lower_bound(bound: f32) -> f64 {
    const BOUNDS: [f32; 19] =
        [0.5, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3, 1e4, 3e4, 6e4, 3e5, 6e5, 1.8e6, 3.6e6];
    BOUNDS.iter().rev().find(|b| **b < bound).map_or(0.0, |b| f64::from(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(buckets: &[(f64, f64)]) -> Histogram {
        let mut histogram = Histogram::default();
        for (bound, count) in buckets {
            histogram.add(*bound, *count);
        }
        histogram
    }

    #[test]
    fn quantiles_of_what_came_since() {
        let before = histogram(&[(1.0, 10.0), (5.0, 10.0), (10.0, 10.0), (f64::INFINITY, 10.0)]);
        let after = histogram(&[(f64::INFINITY, 112.0), (1.0, 10.0), (10.0, 110.0), (5.0, 60.0)]);
        let mut spread = Spread::default();
        spread.add(&after.since(Some(&before)));
        assert_eq!(spread.quantile(0.25), Some(1.0 + 4.0 * 25.5 / 50.0));
        assert_eq!(spread.quantile(0.75), Some(5.0 + 5.0 * 26.5 / 50.0));
        assert_eq!(spread.quantile(0.99), Some(10.0), "an open end is at least what is below it");
        assert_eq!(Spread::default().quantile(0.5), None);
    }

    #[test]
    fn hostile_buckets_are_left_out() {
        let odd =
            histogram(&[(f64::NAN, 1.0), (1.0, f64::NAN), (2.0, -1.0), (3.0, f64::INFINITY), (5.0, 4.0), (2.5, 7.0)]);
        assert_eq!(odd.buckets, [(2.5, 7.0), (5.0, 4.0)]);
        assert_eq!(
            odd.since(None),
            Parts(vec![(2.5, 7.0)]),
            "a bucket that is smaller than the one before adds nothing"
        );
    }
}
