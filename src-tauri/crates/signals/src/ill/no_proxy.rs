//! A pod that shall have a sidecar and has none.

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave};
use crate::Alive;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "no-proxy",
    grave: Grave::Warn,
    what: "Its namespace asks for a sidecar and the pod has none: rules of the mesh do not hold for it.",
    next: "Restart the workload; if it comes up without one again, look whether the injector's webhook answers.",
    zh: (
        "其命名空间要求注入 sidecar，但该 Pod 没有：网格规则对它无效。",
        "请重启该工作负载；若仍未注入，请检查注入器的 webhook 是否应答。",
    ),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    Answer::when(of.row.alive == Alive::Missing, || {
        said!("namespace {} is labelled for injection", "命名空间 {} 带有注入标签", of.row.namespace)
    })
}

#[cfg(test)]
mod tests {
    use super::super::cases::{hold, well};
    use super::check;
    use crate::Alive;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        hold(check, &[well().row(|row| row.alive = Alive::Missing)], &[], &[]);
    }
}
