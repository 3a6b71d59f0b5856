//! Chance from a seed, so that the same cluster behaves the same.

/// A small generator (xorshift64*); nothing here is a secret.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// From `low` to `high`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.next() >> 11) as f64 / (1_u64 << 53) as f64)
    }

    /// One of the numbers below `count`; 0 where there is none.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        if count == 0 { 0 } else { (self.next() % count as u64) as usize }
    }

    /// A factor around 1 with a long tail, as latencies have.
    pub(crate) fn spread(&mut self) -> f64 {
        let sum: f64 = (0..6).map(|_| self.between(-1.0, 1.0)).sum();
        (sum * 0.35).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_enough() {
        let mut chance = Chance::new(1);
        let mean = (0..10_000).map(|_| chance.between(0.0, 1.0)).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
        assert!((0..1000).all(|_| chance.below(3) < 3) && chance.below(0) == 0);
    }
}
