//! A plan under way. It moves forward only on what was measured: nothing heard, nothing measured and somebody else's hand
//! are no reasons to go on.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::gate::{Gate, Judged, Measured, Metric, Verdict};
use crate::plan::duration;
use crate::query::Asked;
use crate::{Failure, Interrupted, Pause, Plan, Split};
use world::Said;

/// Looks that are remembered.
const REMEMBERED: usize = 500;
/// A write that is refused so often in a row is refused for good; once may be a race with another hand.
const REFUSALS: u32 = 3;

/// Where a rollout stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "phase", content = "because")]
pub enum Phase {
    /// Its step has yet to be written.
    Moving,
    /// Its step is written, and is looked at.
    Watching,
    /// A person has to promote it.
    Waiting,
    /// It stands still, because …
    Paused(Said),
    /// The stable version has yet to get everything back, because …
    Returning(Said),
    /// It is done: the last step held.
    Done,
    /// It failed, and the stable version has everything again, because …
    Returned(Said),
    /// It is no longer driven, and the split is as somebody else left it, because …
    Stopped(Said),
}

impl Phase {
    /// It is over.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Done | Self::Returned(_) | Self::Stopped(_))
    }

    /// Why it paused, returns or stopped.
    pub fn because(&self) -> Option<&Said> {
        match self {
            Self::Paused(because) | Self::Returning(because) | Self::Returned(because) | Self::Stopped(because) => {
                Some(because)
            }
            Self::Moving | Self::Watching | Self::Waiting | Self::Done => None,
        }
    }
}

/// What a person may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// On to the next step now.
    Promote,
    /// Stand still.
    Pause,
    /// Go on.
    Resume,
    /// Everything back to the stable version.
    Abort,
}

/// A command that has no meaning now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rollout {0}")]
pub struct Refused(pub Said);

/// What the driver sees at a look.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Time since the last look, by a clock that never jumps.
    pub elapsed: Duration,
    /// Why what is known of the cluster is old; `None` where it is fresh.
    pub stale: Option<Said>,
    /// The split that the route has, or why it has none.
    pub live: Result<Split, Said>,
    /// What both versions did since the last look.
    pub measured: Measured,
    /// What the queries of gates gave, by the gate's place in the plan.
    pub asked: BTreeMap<usize, Asked>,
}

/// What the driver shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Write this split, then say so by [`Run::wrote`].
    Write(Split),
    /// Look again after the plan's interval.
    Wait,
    /// It is over.
    End,
}

/// One look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Seconds since the rollout began, without the time in which nobody drove it.
    pub at: f64,
    /// The step, from 0.
    pub step: usize,
    /// The split then.
    pub split: Split,
    /// What was measured.
    pub measured: Measured,
    /// What the gates said.
    pub judged: Vec<Judged>,
}

/// A rollout under way; all of it is kept on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What was planned.
    pub plan: Plan,
    /// The step, from 0.
    pub step: usize,
    /// Where it stands.
    #[serde(flatten)]
    pub phase: Phase,
    /// What the route has, as far as this run wrote it.
    pub split: Split,
    /// What was to be written, and is not known to be.
    #[serde(default)]
    pub asked: Option<Split>,
    /// Time driven.
    pub driven: Duration,
    /// Time driven since this split was written.
    #[serde(default)]
    pub age: Duration,
    /// How long all gates of this step held.
    pub held: Duration,
    /// How long this step had no measurements.
    pub silent: Duration,
    /// Looks in a row at which a gate failed.
    pub failures: u32,
    /// How often in a row the write was refused.
    #[serde(default)]
    pub refusals: u32,
    /// The last looks, oldest first.
    pub checks: VecDeque<Check>,
}

impl Run {
    /// Begins a plan on a route that has this split now.
    pub fn begin(plan: Plan, live: Split) -> Self {
        Self {
            plan,
            step: 0,
            phase: Phase::Moving,
            split: live,
            asked: None,
            driven: Duration::ZERO,
            age: Duration::ZERO,
            held: Duration::ZERO,
            silent: Duration::ZERO,
            failures: 0,
            refusals: 0,
            checks: VecDeque::new(),
        }
    }

    /// Looks, and says what to do.
    pub fn next(&mut self, seen: &Observation) -> Act {
        if self.phase.is_over() {
            return Act::End;
        }
        if seen.stale.is_some() {
            return Act::Wait;
        }
        self.driven += seen.elapsed;
        self.age += seen.elapsed;
        // An answer that was lost on its way: the write was done. Since then a person, or the plan, may want something else.
        if let (Some(asked), Ok(live)) = (self.asked, &seen.live)
            && asked == *live
        {
            let is_wanted = match self.phase {
                Phase::Moving => asked == self.wanted(),
                Phase::Returning(_) => asked == Split::default(),
                _ => false,
            };
            if is_wanted {
                self.wrote(asked);
                return if self.phase.is_over() { Act::End } else { Act::Wait };
            }
            self.took(asked);
        }
        match &seen.live {
            Err(because) => {
                let en = format!("the route can no longer be driven: {because}");
                return self.stop(Said::new(en, format!("路由无法再驱动：{}", because.zh)));
            }
            Ok(live) if *live != self.split => {
                let (found, ours) = (live.canary, self.split.canary);
                let en = format!(
                    "somebody else changed the split: {found} % to the canary, where this rollout had set {ours} %"
                );
                let zh = format!("有人改了分流：新版本得到 {found} %，而此发布设的是 {ours} %");
                return self.stop(Said::new(en, zh));
            }
            Ok(_) => {}
        }
        match self.phase {
            Phase::Moving => self.write(self.wanted()),
            Phase::Returning(_) => self.write(Split::default()),
            _ => self.look(seen),
        }
    }

    fn write(&mut self, split: Split) -> Act {
        self.asked = Some(split);
        Act::Write(split)
    }

    /// The driver has written this split.
    pub fn wrote(&mut self, split: Split) {
        self.took(split);
        self.phase = match std::mem::replace(&mut self.phase, Phase::Watching) {
            Phase::Returning(because) => Phase::Returned(because),
            _ => Phase::Watching,
        };
    }

    /// The route has another split, and everything that was counted begins anew.
    fn took(&mut self, split: Split) {
        (self.split, self.asked, self.age) = (split, None, Duration::ZERO);
        (self.held, self.silent, self.failures, self.refusals) = (Duration::ZERO, Duration::ZERO, 0, 0);
    }

    /// The write was refused: by the server, or because somebody else owns the fields. Refused for good, it stands still and a person
    /// decides; a server that is away refuses nothing.
    pub fn refused(&mut self, because: &Said) {
        self.refusals += 1;
        if self.refusals < REFUSALS {
            return;
        }
        self.asked = None;
        let because = match &self.phase {
            Phase::Returning(why) => {
                let stable = &self.plan.stable;
                let en = format!("it could not go back to {stable} ({why}): {because}");
                Said::new(en, format!("无法退回 {stable}（{}）：{}", why.zh, because.zh))
            }
            _ => {
                // The way back may still be free.
                self.refusals = 0;
                let en = format!("its step could not be written: {because}");
                Said::new(en, format!("这一步无法写入：{}", because.zh))
            }
        };
        self.phase = Phase::Paused(because);
    }

    /// A person wants something.
    ///
    /// # Errors
    /// Where it has no meaning now.
    pub fn command(&mut self, command: Command) -> Result<(), Refused> {
        if self.phase.is_over() {
            return Err(Refused(Said::new("is over", "已结束")));
        }
        self.refusals = 0;
        match (command, &self.phase) {
            (Command::Abort, Phase::Returning(_)) => {
                return Err(Refused(Said::new("is on its way back already", "已在退回")));
            }
            (_, Phase::Returning(_)) => return Err(Refused(Said::new("is on its way back", "正在退回"))),
            (Command::Abort, _) => self.phase = Phase::Returning(("somebody aborted it", "有人中止了它").into()),
            (Command::Pause, Phase::Paused(_)) => return Err(Refused(Said::new("is paused already", "已暂停"))),
            (Command::Pause, _) => self.phase = Phase::Paused(("somebody paused it", "有人暂停了它").into()),
            // What was not yet written is written now; a step that holds is looked at again.
            (Command::Resume, Phase::Paused(_)) if self.split == self.wanted() => self.phase = Phase::Watching,
            (Command::Resume, Phase::Paused(_)) => self.phase = Phase::Moving,
            (Command::Resume, _) => return Err(Refused(Said::new("is not paused", "没有暂停"))),
            (Command::Promote, Phase::Moving) => return Err(Refused(Said::new("is just moving", "正在推进"))),
            (Command::Promote, _) => self.advance(),
        }
        Ok(())
    }

    /// The program that drove it was away, and is back.
    pub fn interrupted(&mut self) {
        if self.phase.is_over() || matches!(self.phase, Phase::Returning(_)) {
            return;
        }
        let because = Said::from(("the program that drove it was away", "驱动它的程序曾经离开"));
        self.phase = match self.plan.interrupted {
            Interrupted::Hold => Phase::Paused(because),
            Interrupted::Return => Phase::Returning(because),
        };
    }

    /// It cannot be driven any more.
    pub fn stop(&mut self, because: Said) -> Act {
        self.phase = Phase::Stopped(because);
        Act::End
    }

    fn wanted(&self) -> Split {
        self.plan.wanted(self.step).unwrap_or(self.split)
    }

    fn look(&mut self, seen: &Observation) -> Act {
        let fewest = f64::from(self.plan.min_requests) / self.plan.interval.as_secs_f64();
        let measured = self.beside(seen.measured);
        let copies = self.split.canary == 0 && self.split.mirror > 0;
        let judge = |(place, gate): (usize, &Gate)| match gate.metric {
            Metric::Promql => match gate.ripe(&self.plan).checked_sub(self.age).filter(|wait| !wait.is_zero()) {
                Some(wait) => gate.too_early(wait),
                None => gate.judge_asked(seen.asked.get(&place), self.last_asked(place)),
            },
            _ => gate.judge(&measured, fewest, copies),
        };
        let judged: Vec<Judged> = self.plan.gates.iter().enumerate().map(judge).collect();
        let failed = judged.iter().find(|one| one.verdict == Verdict::Fails).map(Judged::said);
        let open = judged.iter().filter(|one| one.verdict == Verdict::Unknown && self.measurable(&one.gate));
        let (early, unknown): (Vec<&Judged>, Vec<&Judged>) = open.partition(|one| one.early.is_some());
        let is_early = !early.is_empty();
        let unknown = unknown.first().map(|one| one.said());
        self.remember(seen, judged);
        match (failed, unknown) {
            (Some(because), _) => {
                self.failures += 1;
                if self.failures > self.plan.tolerance { self.fail(because) } else { Act::Wait }
            }
            (None, Some(because)) => {
                self.silent += seen.elapsed;
                let patience = self.plan.patience;
                if self.silent < patience {
                    return Act::Wait;
                }
                let time = duration::write(patience);
                let Said { en, zh } = because;
                self.fail(Said::new(format!("{en}, for {time}"), format!("{zh}，已持续 {time}")))
            }
            // Time alone will tell, and nothing is missing.
            (None, None) if is_early => Act::Wait,
            _ => {
                self.failures = 0;
                self.held += seen.elapsed;
                self.go_on()
            }
        }
    }

    /// Where the canary gets nothing, not even copies, there is nothing to measure of it: a cohort may have nobody in it. What is measured
    /// is judged all the same.
    fn measurable(&self, gate: &Gate) -> bool {
        match gate.metric {
            Metric::Promql => !gate.is_of_version() || self.split != Split::default(),
            Metric::SuccessRate | Metric::P50 | Metric::P99 => self.split.canary > 0 || self.split.mirror > 0,
        }
    }

    /// Where the canary gets everything, there is nothing of the stable version to compare with but what it did last.
    fn beside(&self, seen: Measured) -> Measured {
        let has_some = |measured: &Measured| measured.stable.is_some_and(|rates| rates.per_second > 0.0);
        if self.split.canary < 100 || has_some(&seen) {
            return seen;
        }
        let last = self.checks.iter().rev().map(|check| check.measured).find(has_some);
        Measured { stable: last.and_then(|last| last.stable), ..seen }
    }

    /// The same for a gate's query: what it gave of the stable version last, where the canary gets everything now.
    fn last_asked(&self, place: usize) -> Option<f64> {
        let stable = || self.checks.iter().rev().find_map(|check| check.judged.get(place)?.stable);
        (self.split.canary == 100).then(stable).flatten()
    }

    fn go_on(&mut self) -> Act {
        let pause = self.plan.steps.get(self.step).map_or(Pause::default(), |step| step.pause);
        match (&self.phase, pause) {
            (Phase::Watching, Pause::Manual) => self.phase = Phase::Waiting,
            (Phase::Watching, Pause::For(time)) if self.held >= time => {
                self.advance();
                return if self.phase == Phase::Moving { self.write(self.wanted()) } else { Act::End };
            }
            _ => {}
        }
        Act::Wait
    }

    fn advance(&mut self) {
        if self.step + 1 < self.plan.steps.len() {
            self.step += 1;
            self.phase = Phase::Moving;
        } else {
            self.phase = Phase::Done;
        }
    }

    fn fail(&mut self, because: Said) -> Act {
        // A way back that was refused is not tried again until a person wants it.
        if self.plan.on_failure == Failure::Hold || self.refusals >= REFUSALS {
            if !matches!(self.phase, Phase::Paused(_)) {
                self.phase = Phase::Paused(because);
            }
            return Act::Wait;
        }
        self.phase = Phase::Returning(because);
        self.write(Split::default())
    }

    fn remember(&mut self, seen: &Observation, judged: Vec<Judged>) {
        if self.checks.len() == REMEMBERED {
            self.checks.pop_front();
        }
        let at = self.driven.as_secs_f64();
        self.checks.push_back(Check { at, step: self.step, split: self.split, measured: seen.measured, judged });
    }
}

#[cfg(test)]
mod tests;
