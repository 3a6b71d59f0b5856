//! A proxy has not answered what was sent last.

use std::time::Duration;

use world::{Said, said};

use super::{Answer, Diagnosis, Evidence, Grave, span};
use crate::SyncState;

/// A well proxy answers within a second, a busy one in a few: who looks again and again need not be alarmed by each change. When it was sent
/// does not tell, for a busy istiod sends anew before the answer comes.
const SOON: Duration = Duration::from_secs(10);

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "behind",
    grave: Grave::Warn,
    what: "It has not acknowledged what was sent last.",
    next: "Look whether it is short of CPU, or whether its link to istiod is slow.",
    zh: ("它尚未确认最近下发的配置。", "请检查它的 CPU 是否不足，或它与 istiod 之间的连接是否缓慢。"),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    if of.behind.is_some_and(|since| of.mesh.now.duration_since(since).unsigned_abs() < SOON) {
        return Answer::Quiet;
    }
    let stale = of.row.types.iter().filter(|(_, sync)| sync.state == SyncState::Stale);
    let evidence: Vec<Said> = stale
        .map(|(name, sync)| match sync.sent_at {
            Some(at) => said!("{name} was sent {} ago", "{name} 于 {} 前下发", span(at, of.mesh.now)),
            None => said!("{name} was sent", "{name} 已下发"),
        })
        .collect();
    if evidence.is_empty() { Answer::Quiet } else { Answer::Ill(evidence, None) }
}

#[cfg(test)]
mod tests {
    use super::super::cases::{Case, at, hold, well};
    use super::{SOON, check};
    use crate::SyncState;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let stale = |sent_at| {
            well().row(|row| row.types.values_mut().for_each(|t| (t.state, t.sent_at) = (SyncState::Stale, sent_at)))
        };
        let seen = |since| Case { behind: Some(since), ..stale(Some(at(0))) };
        let ill = [stale(None), stale(Some(at(-1))), seen(at(0) - SOON)];
        hold(check, &ill, &[well().refuses("LDS", "no"), seen(at(0) - SOON / 2)], &[]);
    }
}
