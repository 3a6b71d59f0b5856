//! Traffic that is seen arrives nowhere.

use crate::{Level, Outcome, Rule, Verdict, Words};

pub(crate) const RULE: Rule = Rule {
    name: "traffic-lost",
    level: Level::Error,
    aliases: &[],
    what: "Requests that are seen in traffic arrive nowhere.",
    why: "No rule catches them, nothing is ready behind the one that does, or the connection is refused: callers get errors.",
    fix: "Add a rule that catches them, or send them where something is ready.",
    zh: Words {
        what: "流量中可见的请求到不了任何地方。",
        why: "没有规则接住它们，接住的规则背后没有就绪的目的地，或连接被拒绝：调用方得到错误。",
        fix: "请添加能接住它们的规则，或把它们发往已就绪的地方。",
    },
    about: &[],
    reads: &[],
};

pub(crate) fn holds(verdict: &Verdict) -> bool {
    match verdict.outcome {
        Outcome::NoRoute | Outcome::NoDestination | Outcome::Refused | Outcome::Blocked | Outcome::Unresolved => true,
        Outcome::Forwarded
        | Outcome::Denied
        | Outcome::Direct
        | Outcome::Redirected
        | Outcome::Aborted
        | Outcome::Unknown => false,
    }
}
