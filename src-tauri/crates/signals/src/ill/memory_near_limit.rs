//! A proxy uses nearly as much memory as it may.

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave, mib};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "memory-near-limit",
    grave: Grave::Warn,
    what: "It uses nearly all the memory that it may: it will be killed.",
    next: "Raise its memory limit, or give it less to know (Sidecar).",
    zh: ("它的内存用量接近上限：将会被终止。", "请提高其内存上限，或用 Sidecar 缩小其配置范围。"),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    let Some(usage) = of.usage else { return Answer::Quiet };
    let Some(limit) = usage.memory_limit.filter(|limit| *limit > 0).map(|limit| limit as f64) else {
        return Answer::Quiet;
    };
    let Some(used) = usage.memory_usage else {
        return Answer::Unknown(said!("its memory is not measured", "未测得其内存用量"));
    };
    Answer::when(used >= limit * NEAR, || said!("{0} of {1}", "{1} 中的 {0}", mib(used), mib(limit)))
}

/// This share of the limit is near.
const NEAR: f64 = 0.9;

#[cfg(test)]
mod tests {
    use super::super::cases::{hold, well};
    use super::check;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let uses = |bytes| well().using(|usage| usage.memory_usage = bytes);
        let free = uses(None).using(|usage| usage.memory_limit = None);
        hold(check, &[uses(Some(1.05e9))], &[uses(Some(5e8)), free], &[uses(None)]);
    }
}
