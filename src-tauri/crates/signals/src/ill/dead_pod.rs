//! The pod of a proxy does not run.

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave};
use crate::Alive;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "dead-pod",
    grave: Grave::Bad,
    what: "Its pod does not run, so nobody answers there.",
    next: "Look at the events of the pod.",
    zh: ("其 Pod 未运行，因此无人应答。", "请查看该 Pod 的事件。"),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    let Alive::Dead(phase) = &of.row.alive else { return Answer::Quiet };
    Answer::ill([match &of.row.trouble {
        Some(why) => said!("the pod is {phase}, its proxy waits: {why}", "Pod 处于 {phase}，其代理在等待：{why}"),
        None => said!("the pod is {phase}", "Pod 处于 {phase}"),
    }])
}

#[cfg(test)]
mod tests {
    use super::super::cases::{hold, well};
    use super::check;
    use crate::Alive;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        hold(check, &[well().row(|row| row.alive = Alive::Dead("Pending".into()))], &[], &[]);
    }
}
