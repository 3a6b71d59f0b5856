//! No istiod knows a proxy: its configuration is as old as its last connection.

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave, span};
use crate::Alive;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "not-connected",
    grave: Grave::Bad,
    what: "It is not connected to its control plane, so its configuration no longer changes.",
    next: "Look whether istiod runs and whether the pod reaches it on port 15012.",
    zh: ("它没有连接到控制平面，其配置不再更新。", "请检查 istiod 是否运行，以及该 Pod 能否访问其 15012 端口。"),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    if of.row.alive != Alive::Running || !of.row.types.is_empty() || !of.row.family.is_xds() {
        return Answer::Quiet;
    }
    let since = of.lost.map(|(plane, at)| {
        said!("last seen connected to {plane} {} ago", "最近一次连接到 {plane} 是在 {} 前", span(at, of.mesh.now))
    });
    let planes = of.mesh.planes;
    match since {
        Some(since) if planes.is_empty() => Answer::ill([said!("no istiod runs", "没有 istiod 运行"), since]),
        None if planes.is_empty() => {
            Answer::Unknown(said!("no istiod runs in this cluster", "此集群中没有 istiod 运行"))
        }
        _ if planes.iter().any(|plane| !plane.answered) => Answer::Unknown(said!(
            "an istiod could not be asked, and may know it",
            "有 istiod 无法询问，它可能认识此代理"
        )),
        since => {
            let none = said!("none of {} istiods knows it", "{} 个 istiod 都不认识它", planes.len());
            Answer::ill(std::iter::once(none).chain(since))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases::{Case, at, hold, well};
    use super::check;
    use crate::{Alive, Plane};

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let alone = || well().row(|row| row.types.clear());
        let with = |planes: Vec<Plane>| Case { planes, ..alone() };
        let lost = |planes: Vec<Plane>| Case { lost: Some(("istio-system/istiod-1".into(), at(-1))), ..with(planes) };
        let silent = || {
            vec![Plane {
                pod: ("istio-system".into(), "a".into()),
                version: String::new(),
                answered: false,
                over_xds: false,
            }]
        };
        hold(
            check,
            &[alone(), lost(vec![])],
            &[
                with(vec![]).row(|row| row.alive = Alive::Missing),
                alone().row(|row| row.family = crate::family("Linkerd").unwrap()),
            ],
            &[with(vec![]), with(silent()), lost(silent())],
        );
    }
}
