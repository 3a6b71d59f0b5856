//! A proxy asks for many times the memory that it uses.

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave, mib};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "memory-reserved",
    grave: Grave::Warn,
    what: "It asks for far more memory than it uses: nodes keep it free in vain.",
    next: "Lower its memory request.",
    zh: ("它请求的内存远多于实际用量：节点白白为它预留。", "请降低其内存请求量。"),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    let Some((used, request)) = of.usage.and_then(|usage| Some((usage.memory_usage?, usage.memory_request? as f64)))
    else {
        return Answer::Quiet;
    };
    Answer::when(request > SMALL && request > used * TIMES, || {
        said!("it asks for {} and uses {}", "它请求 {}，实际用了 {}", mib(request), mib(used))
    })
}

/// A request more than this many times the use is reserved in vain.
const TIMES: f64 = 10.0;
/// Below this a generous request costs nothing: 128 MiB, what the injector gives.
const SMALL: f64 = 134_217_728.0;

#[cfg(test)]
mod tests {
    use super::super::cases::{hold, well};
    use super::check;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let asks = |bytes| well().using(|usage| usage.memory_request = bytes);
        hold(check, &[asks(Some(1 << 30))], &[asks(Some(1 << 28)), asks(None)], &[]);
    }
}
