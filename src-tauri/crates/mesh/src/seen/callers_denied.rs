//! A policy refuses callers that are seen in traffic.

use crate::{Level, Outcome, Rule, Verdict, Words};

pub(crate) const RULE: Rule = Rule {
    name: "callers-denied",
    level: Level::Error,
    aliases: &[],
    what: "A policy refuses callers that are seen in traffic.",
    why: "They get 403 or a closed connection, now or as soon as the policy is applied.",
    fix: "Let them in by a rule, or make sure that they may be locked out.",
    zh: Words {
        what: "策略拒绝了流量中可见的调用方。",
        why: "它们会得到 403 或连接被关闭：现在如此，或策略一应用就如此。",
        fix: "请用规则放行它们，或确认可以把它们挡在外面。",
    },
    about: &[],
    reads: &[],
};

pub(crate) fn holds(verdict: &Verdict) -> bool {
    verdict.outcome == Outcome::Denied
}
