//! What an istiod complains of while it makes configuration, in its own words: what two objects both want, and who has nobody behind it.

use std::collections::BTreeMap;

use world::{ObjectKey, Said, said};

use super::mesh::{Found, Whole};
use super::{Diagnosis, Evidence, Grave};
use crate::Complaint;

pub(super) const CONFLICT: Diagnosis = Diagnosis {
    code: "push-conflict",
    grave: Grave::Warn,
    what: "An istiod leaves out a part of what objects ask for.",
    next: "Give what collides another port, host or name. Istiod tells of the push before its newest, so this ends one change after it is mended.",
    zh: (
        "某个 istiod 略去了对象所要求的一部分。",
        "请为冲突之处换用别的端口、主机或名称。istiod 报告的是最新一次之前的推送，因此修正后要再有一次更改，此项才会消失。",
    ),
};

pub(super) const NOBODY_BEHIND: Diagnosis = Diagnosis {
    code: "push-nobody-behind",
    grave: Grave::Warn,
    what: "An istiod sends clusters that have nobody behind them: calls to them fail.",
    next: "Look whether pods of the service run and whether its selector or its subset matches them.",
    zh: (
        "某个 istiod 下发的集群后面没有任何实例：对它们的调用会失败。",
        "请检查该服务的 Pod 是否运行，以及其选择器或子集是否与之匹配。",
    ),
};

/// So many are told in full.
const TOLD: usize = 5;
/// Clusters without instances, and endpoints that no pod stands behind (istio pilot/pkg/model/push_context.go).
const NOBODY: [&str; 3] = ["pilot_eds_no_instances", "pilot_dns_cluster_without_endpoints", "endpoint_no_pod"];

/// A proxy whose endpoints are not ready: normal for one that starts, and evidence where it is ill.
const STARTING: &str = "pilot_endpoint_not_ready";

pub(super) fn conflicts(whole: &Whole<'_>) -> Found {
    told(whole, |one| !NOBODY.contains(&one.metric.as_str()) && one.metric != STARTING)
}

pub(super) fn nobody_behind(whole: &Whole<'_>) -> Found {
    told(whole, |one| NOBODY.contains(&one.metric.as_str()))
}

/// Once for each thing that is counted.
fn told(whole: &Whole<'_>, which: impl Fn(&Complaint) -> bool) -> Found {
    let mut by: BTreeMap<&str, Vec<&Complaint>> = BTreeMap::new();
    for one in whole.complaints.iter().filter(|one| which(one)) {
        by.entry(&one.metric).or_default().push(one);
    }
    let evidence = |all: Vec<&Complaint>| -> (Vec<Said>, Option<ObjectKey>) {
        let mut evidence: Vec<Said> = all.iter().take(TOLD).map(|one| says(one)).collect();
        if all.len() > TOLD {
            evidence.push(said!("and {} more", "另有 {} 项", all.len() - TOLD));
        }
        (evidence, all.iter().find_map(|one| one.object(whole.world)))
    };
    by.into_values().map(evidence).collect()
}

/// That its endpoints are not ready, where istiod says so.
pub(super) fn not_ready(of: &Evidence<'_>) -> Option<Said> {
    of.complaints.iter().find(|one| one.metric == STARTING).map(|one| says(one))
}

fn says(one: &Complaint) -> Said {
    let (plane, line) = (&one.plane, one.line());
    if one.proxy.1.is_empty() || one.is_of_proxy() {
        return said!("{plane} says {line}", "{plane} 称 {line}");
    }
    let (namespace, pod) = &one.proxy;
    said!("{plane} says {line}, last for {namespace}/{pod}", "{plane} 称 {line}，最近一次针对 {namespace}/{pod}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use world::World;

    use super::*;

    fn one(metric: &str, about: &str, pod: &str) -> Complaint {
        let proxy = if pod.is_empty() { Default::default() } else { ("shop".to_owned(), pod.to_owned()) };
        Complaint {
            metric: metric.into(),
            about: about.into(),
            proxy,
            words: "its words".into(),
            plane: "a/istiod-1".into(),
        }
    }

    #[test]
    fn each_thing_that_is_counted_is_told_once_in_its_own_words() {
        let mut complaints: Vec<_> =
            (0..8).map(|n| one("pilot_eds_no_instances", &format!("outbound|{n}||a"), "")).collect();
        complaints.push(one("pilot_endpoint_not_ready", "a-1.shop", "a-1"));
        complaints.push(one("pilot_conflict_outbound_listener_tcp_over_current_tcp", "0.0.0.0_1", "a-1"));
        let (world, none) = (World::new(), HashMap::new());
        let whole = Whole {
            world: &world,
            root: "",
            strains: &HashMap::new(),
            throttled: &none,
            kept_out: &[],
            complaints: &complaints,
        };
        let lines = |found: Found| found.into_iter().map(|(evidence, _)| evidence).collect::<Vec<_>>();
        let nobody = lines(nobody_behind(&whole));
        assert_eq!((nobody.len(), nobody[0].len(), nobody[0][5].en.as_str()), (1, 6, "and 3 more"));
        let conflicts = lines(conflicts(&whole));
        assert_eq!(conflicts.len(), 1);
        assert!(
            conflicts[0][0].en.ends_with("its words, last for shop/a-1") && conflicts[0][0].zh.contains("最近一次")
        );
    }
}
