//! A clock for rates: it only goes forward, and goes on while the machine sleeps.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// The clock that never jumps stands still during sleep, and the world's clock may be set: of both, each time, the longer way counts. Counters
/// that grew for hours are then not taken for the growth of two seconds.
pub(crate) struct Clock(Mutex<Tick>);

struct Tick {
    steady: Instant,
    world: SystemTime,
    now: f64,
}

impl Clock {
    /// Starts at the world's time.
    pub fn new() -> Self {
        let now = jiff::Timestamp::now().as_millisecond() as f64 / 1000.0;
        Self(Mutex::new(Tick { steady: Instant::now(), world: SystemTime::now(), now }))
    }

    /// Seconds since 1970 when it was started, and only forward since.
    pub fn now(&self) -> f64 {
        let mut tick = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (steady, world) = (Instant::now(), SystemTime::now());
        let passed = longer(steady - tick.steady, world.duration_since(tick.world).ok());
        *tick = Tick { steady, world, now: tick.now + passed.as_secs_f64() };
        tick.now
    }
}

/// The longer of both ways; one of the world's that went back is none.
fn longer(steady: Duration, world: Option<Duration>) -> Duration {
    world.map_or(steady, |world| world.max(steady))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_counts_and_a_clock_that_is_set_back_does_not() {
        let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
        assert_eq!(longer(second, Some(hour)), hour, "asleep");
        assert_eq!(longer(second, Some(Duration::ZERO)), second);
        assert_eq!(longer(second, None), second, "set back");
        let clock = Clock::new();
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}
