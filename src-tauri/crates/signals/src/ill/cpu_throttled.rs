//! A proxy wants more CPU than it may have. The kernel counts the periods in which it was stopped; where nobody tells, use
//! near the limit says the same.

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "cpu-throttled",
    grave: Grave::Warn,
    what: "It is held back by its CPU limit: every request through it waits.",
    next: "Raise its CPU limit, or take it away.",
    zh: ("它受 CPU 上限限制：经过它的每个请求都要等待。", "请提高或取消其 CPU 上限。"),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    let Some(usage) = of.usage else { return Answer::Quiet };
    let Some(limit) = usage.cpu_limit.filter(|limit| *limit > 0) else { return Answer::Quiet };
    if let Some(share) = usage.throttled {
        return Answer::when(share >= OFTEN, || {
            said!(
                "stopped in {:.0} % of the time at a limit of {limit}m",
                "在 {:.0} % 的时间里被停下，上限为 {limit}m",
                share * 100.0
            )
        });
    }
    let Some(used) = usage.cpu_usage else {
        return Answer::Unknown(said!("its CPU is not measured", "未测得其 CPU 用量"));
    };
    Answer::when(used >= limit as f64 * NEAR, || {
        said!("it uses {used:.0}m of {limit}m", "它用了 {limit}m 中的 {used:.0}m")
    })
}

/// In this share of periods a caller feels it.
const OFTEN: f64 = 0.1;
/// This share of the limit is near.
const NEAR: f64 = 0.9;

#[cfg(test)]
mod tests {
    use super::super::cases::{hold, well};
    use super::check;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let stopped = |share| well().using(|usage| usage.throttled = share);
        let uses = |millicores| stopped(None).using(|usage| usage.cpu_usage = millicores);
        let free = uses(None).using(|usage| usage.cpu_limit = None);
        hold(
            check,
            &[stopped(Some(0.38)), uses(Some(1900.0))],
            &[stopped(Some(0.02)), uses(Some(50.0)), free],
            &[uses(None)],
        );
    }
}
