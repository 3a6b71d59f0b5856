//! A proxy holds far more configuration than a workload calls.

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave};
use crate::Role;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "knows-too-much",
    grave: Grave::Warn,
    what: "It holds the configuration of far more services than a workload calls, which costs memory and time at every change.",
    next: "Give its namespace a Sidecar that names what it calls.",
    zh: (
        "它持有远多于工作负载所需的服务配置，每次变更都耗费内存和时间。",
        "请为其命名空间添加 Sidecar，只列出它所调用的服务。",
    ),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    let Some(size) = of.looked().and_then(|look| look.size) else { return Answer::Quiet };
    Answer::when(of.row.role == Role::Sidecar && size.clusters >= MANY, || {
        said!(
            "{} clusters, {:.1} MiB of configuration",
            "{} 个集群，{:.1} MiB 配置",
            size.clusters,
            size.bytes as f64 / 1_048_576.0
        )
    })
}

/// Clusters: more than any workload calls by itself.
const MANY: usize = 2000;

#[cfg(test)]
mod tests {
    use super::super::cases::{hold, well};
    use super::check;
    use crate::Role;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let knows = |clusters| well().looking(|look| look.size.as_mut().unwrap().clusters = clusters);
        hold(check, &[knows(3000)], &[knows(1000), knows(3000).row(|row| row.role = Role::Gateway)], &[]);
    }
}
