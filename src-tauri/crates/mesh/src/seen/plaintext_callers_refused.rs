//! Callers seen in traffic speak plaintext to a workload that takes only mutual TLS.

use crate::{Level, Outcome, Rule, Transport, Verdict, Words};

pub(crate) const RULE: Rule = Rule {
    name: "plaintext-callers-refused",
    level: Level::Error,
    aliases: &[],
    what: "Callers that are seen in traffic speak plaintext to a workload that takes only mutual TLS.",
    why: "Their connections are reset, now or as soon as the change is applied.",
    fix: "Give the callers a proxy, or take plaintext too (PERMISSIVE) until they have one.",
    zh: Words {
        what: "流量中可见的调用方用明文访问只接受双向 TLS 的工作负载。",
        why: "它们的连接会被重置：现在如此，或更改一应用就如此。",
        fix: "请给调用方装上代理，或在此之前也接受明文（PERMISSIVE）。",
    },
    about: &[],
    reads: &[],
};

pub(crate) fn holds(verdict: &Verdict) -> bool {
    verdict.outcome == Outcome::Refused && verdict.transport == Some(Transport::Plaintext)
}
