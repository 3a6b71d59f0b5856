//! The container of a proxy is not ready.

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave};
use crate::Alive;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "not-ready",
    grave: Grave::Bad,
    what: "Its container is not ready: the pod gets no requests.",
    next: "Look at the log of the container.",
    zh: ("其容器未就绪：该 Pod 收不到请求。", "请查看该容器的日志。"),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    let row = of.row;
    Answer::when(row.alive == Alive::Running && !row.ready, || match &row.trouble {
        Some(why) => said!("{why}, {} restarts", "{why}，重启了 {} 次", row.restarts),
        None => said!("no reason is given, {} restarts", "没有给出原因，重启了 {} 次", row.restarts),
    })
}

#[cfg(test)]
mod tests {
    use super::super::cases::{hold, well};
    use super::check;
    use crate::Alive;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let waits = || well().row(|row| row.ready = false);
        let loops = waits().row(|row| row.trouble = Some("CrashLoopBackOff".into()));
        hold(check, &[waits(), loops], &[waits().row(|row| row.alive = Alive::Missing)], &[]);
    }
}
