//! The container of a proxy is not ready.

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave, pushes};
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
    if row.alive != Alive::Running || row.ready {
        return Answer::Quiet;
    }
    let why = match &row.trouble {
        Some(why) => said!("{why}, {} restarts", "{why}，重启了 {} 次", row.restarts),
        None => said!("no reason is given, {} restarts", "没有给出原因，重启了 {} 次", row.restarts),
    };
    Answer::ill(std::iter::once(why).chain(pushes::not_ready(of)))
}

#[cfg(test)]
mod tests {
    use super::super::Answer;
    use super::super::cases::{hold, well};
    use super::check;
    use crate::{Alive, Complaint};

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let waits = || well().row(|row| row.ready = false);
        let loops = waits().row(|row| row.trouble = Some("CrashLoopBackOff".into()));
        let mut told = waits();
        let (proxy, about) = (("shop".to_owned(), "ratings-v1-x".to_owned()), "ratings-v1-x.shop".to_owned());
        told.complaints =
            vec![Complaint { metric: "pilot_endpoint_not_ready".into(), about, proxy, ..Complaint::default() }];
        let Answer::Ill(evidence, _) = told.ask(check) else { panic!("it is ready") };
        assert!(evidence.len() == 2 && evidence[1].en.contains("pilot_endpoint_not_ready"), "{evidence:?}");
        hold(check, &[waits(), loops, told], &[waits().row(|row| row.alive = Alive::Missing)], &[]);
    }
}
