//! A pod that shall have a sidecar and has none.

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave};
use crate::Alive;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "no-proxy",
    grave: Grave::Warn,
    what: "It or its namespace asks for a sidecar and the pod has none: rules of the mesh do not hold for it.",
    next: "Restart the workload; if it comes up without one again, look whether the injector's webhook answers.",
    zh: (
        "该 Pod 或其命名空间要求注入 sidecar，但它没有：网格规则对它无效。",
        "请重启该工作负载；若仍未注入，请检查注入器的 webhook 是否应答。",
    ),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    Answer::when(of.row.alive == Alive::Missing, || {
        said!(
            "{}'s injector is asked for it in namespace {}",
            "在命名空间 {1} 中要求 {0} 的注入器注入它",
            of.row.family.mesh,
            of.row.namespace
        )
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
