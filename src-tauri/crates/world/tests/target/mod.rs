//! A property of made-up inputs, asked until its time is over: some seconds, or what `NETLOFT_FUZZ_SECONDS` says. A failure is shrunk, and the
//! seed that it is printed with asks the same again as `NETLOFT_FUZZ_SEED`.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestCaseResult, TestRng, TestRunner};

/// Inputs of one seed.
const CASES: u32 = 16;
/// Seconds, unless others are asked for.
const SECONDS: u64 = 3;

/// Panics where the property does not hold.
pub fn target<S: Strategy>(name: &str, strategy: &S, holds: impl Fn(S::Value) -> TestCaseResult) {
    let set = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let until = Instant::now() + Duration::from_secs(set("NETLOFT_FUZZ_SECONDS").unwrap_or(SECONDS));
    let first = set("NETLOFT_FUZZ_SEED").unwrap_or_else(|| RandomState::new().hash_one(name));
    let mut seed = first;
    loop {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed.to_le_bytes(); 4].concat());
        let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
        if let Err(failure) = TestRunner::new_with_rng(config, rng).run(strategy, &holds) {
            panic!("{name}: {failure}\nthe same again: NETLOFT_FUZZ_SEED={seed}");
        }
        seed = seed.wrapping_add(1);
        if Instant::now() >= until {
            break;
        }
    }
    println!("{name}: {} cases from seed {first}", seed.wrapping_sub(first) * u64::from(CASES));
}
