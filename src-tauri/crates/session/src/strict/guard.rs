//! Whether a step has broken a caller: what was counted before the write against what is counted since.

use std::collections::{BTreeMap, BTreeSet};

use journal::{Entry, EntryId, Filter, State};
use mesh::Ready;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use world::{Said, said};

use super::made_strict;
use super::plan::root;
use crate::map::Flow;
use crate::traffic::{Names, Traffic};
use crate::{Result, Session};

/// So many seconds before the write are compared with.
const BEFORE: f64 = 120.0;
/// Proxies take a change up, and callers notice, within so many seconds: what is counted meanwhile says nothing.
const SETTLES: f64 = 5.0;
/// With less than this after the write nothing is said.
const ENOUGH: f64 = 10.0;
/// A step older than this is no longer watched: it is what counters are kept for.
pub(super) const WATCHED: f64 = 840.0;
/// Requests a second below which a caller may just be resting.
const RESTING: f64 = 0.2;

/// A caller that a step has broken.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// The entry of the journal that wrote the step.
    pub entry: EntryId,
    /// Where it made callers come under mutual TLS.
    pub namespace: String,
    /// Namespace and workload of the caller; empty for callers that no proxy counts.
    pub from: Names,
    /// The service that it calls.
    pub service: Names,
    /// Requests a second before, and since.
    pub per_second: (f64, f64),
    /// Share of errors before, and since.
    pub errors: (f64, f64),
}

impl Broken {
    /// `legacy/batch → catalog`
    pub fn words(&self) -> Said {
        let from: Said = if self.from.1.is_empty() {
            ("callers without a proxy", "没有代理的调用方").into()
        } else {
            format!("{}/{}", self.from.0, self.from.1).into()
        };
        let to = &self.service.1;
        Said::new(format!("{} → {to}", from.en), format!("{} → {to}", from.zh))
    }

    /// `legacy/batch → catalog: 2.0 requests a second before, 0.0 since`
    pub fn why(&self) -> Said {
        let ((before, since), (was, is)) = (self.per_second, self.errors);
        let why = if is > was {
            let (was, is) = (was * 100.0, is * 100.0);
            said!("{was:.1} % errors before, {is:.1} % since", "此前错误率 {was:.1} %，此后 {is:.1} %")
        } else {
            said!(
                "{before:.1} requests a second before, {since:.1} since",
                "此前每秒 {before:.1} 个请求，此后 {since:.1} 个"
            )
        };
        Said::of(self.words(), why)
    }
}

impl Session {
    /// Callers that the last steps have broken, as far as counters tell.
    ///
    /// # Errors
    /// Where the disk fails.
    pub async fn strict_broken(&self) -> Result<Vec<Broken>> {
        let traffic = self.traffic.borrow().clone();
        if traffic.revision == 0 {
            return Ok(Vec::new());
        }
        let guards = self.opening.records.guards(&self.cluster_name()).await?;
        let since = Some(traffic.at - (WATCHED * 1000.0) as i64);
        let filter = Filter { cluster: Some(self.cluster_name()), since, ..Filter::default() };
        let mut entries = self.opening.records.list(filter).await?;
        // A guard that was interrupted goes on with what it knew, however long ago that was.
        for id in guards.iter().filter_map(|guard| guard.entry) {
            if entries.iter().all(|entry| entry.id != id) {
                entries.push(self.opening.records.get(id).await?);
            }
        }
        let steps = entries.into_iter().filter(|entry| entry.state == State::Applied && entry.undoes.is_none());
        let mut broken = Vec::new();
        for entry in steps {
            let ready = self.ready().await?;
            let root = root(&ready);
            for namespace in made_strict(&entry) {
                let guard = guards.iter().find(|guard| guard.entry == Some(entry.id) && guard.namespace == namespace);
                let begun = begun(&traffic, guard.map_or(entry.at, |guard| guard.resumed.max(entry.at)));
                if traffic.now - begun < SETTLES + ENOUGH {
                    continue;
                }
                // What stands in the root namespace holds everywhere.
                let within = Some(namespace.as_str()).filter(|namespace| *namespace != root);
                let kept = guard.and_then(|guard| kept(&guard.before));
                let before = kept.unwrap_or_else(|| counted_before(&traffic, &entry, within, &ready));
                let (flows, counting) = traffic.between(begun + SETTLES, traffic.now, &ready);
                broken.extend(compare((entry.id, &namespace), before, &(sums(&flows, within), counting)));
            }
        }
        Ok(broken)
    }
}

/// From when on this program has counted what a step did, by the poller's clock: since the step, or since it looks at all.
fn begun(traffic: &Traffic, at: i64) -> f64 {
    traffic.clock(at).max(traffic.now - traffic.watched())
}

/// What was counted before a step was written, within a namespace or everywhere.
pub(super) fn counted_before(traffic: &Traffic, entry: &Entry, within: Option<&str>, ready: &Ready) -> Sums {
    let written = traffic.clock(entry.at);
    sums(&traffic.between(written - BEFORE, written, ready).0, within)
}

/// Requests and errors a second of a caller to a service, and the workloads that took them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sum {
    requests: f64,
    errors: f64,
    takers: BTreeSet<Names>,
}

/// By caller and service.
pub(super) type Sums = BTreeMap<(Names, Names), Sum>;

/// As a guard keeps it.
pub(super) fn to_keep(sums: &Sums) -> Value {
    let rows: Vec<_> = sums.iter().collect();
    serde_json::to_value(rows).unwrap_or_default()
}

/// What a guard has kept; `None` where it knows nothing of the time before.
fn kept(before: &Value) -> Option<Sums> {
    let rows: Vec<((Names, Names), Sum)> = serde_json::from_value(before.clone()).ok()?;
    Some(rows.into_iter().collect()).filter(|sums: &Sums| !sums.is_empty())
}

/// By caller and service, within a namespace or everywhere.
fn sums(flows: &[Flow], within: Option<&str>) -> Sums {
    let mut sums = Sums::new();
    for flow in flows.iter().filter(|flow| within.is_none_or(|namespace| flow.service.0 == namespace)) {
        // Callers that nobody counts have no name of their own.
        let from = if flow.from.0.is_empty() { Names::default() } else { flow.from.clone() };
        let sum = sums.entry((from, flow.service.clone())).or_default();
        sum.requests += flow.per_second;
        sum.errors += flow.per_second * flow.error_share;
        sum.takers.insert((flow.service.0.clone(), flow.workload.clone()));
    }
    sums
}

/// Those that fail far more than before, and of callers without a proxy those that no longer arrive, where the proxies of those that they
/// called still count. A caller with a proxy that falls silent rests: its proxy would have counted what fails.
fn compare((entry, namespace): (EntryId, &str), was: Sums, (now, counting): &(Sums, BTreeSet<Names>)) -> Vec<Broken> {
    let broken = was.into_iter().filter_map(|((from, service), old)| {
        let none = Sum::default();
        let new = now.get(&(from.clone(), service.clone())).unwrap_or(&none);
        let counted = from.1.is_empty() && old.takers.is_subset(counting);
        let share = |sum: &Sum| if sum.requests > 0.0 { sum.errors / sum.requests } else { 0.0 };
        let errors = (share(&old), share(new));
        let vanished = counted && old.requests >= RESTING && new.requests < old.requests * 0.1;
        let fails = new.requests > 0.0 && errors.1 > errors.0 + 0.05 && errors.1 > errors.0 * 2.0;
        (vanished || fails).then(|| Broken {
            entry,
            namespace: namespace.to_owned(),
            from,
            service,
            per_second: (old.requests, new.requests),
            errors,
        })
    });
    broken.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use signals::envoy;
    use world::{Change, Object, Origin, World};

    use super::*;
    use crate::map::Secured;

    fn flow(from: &str, service: &str, per_second: f64, error_share: f64) -> Flow {
        let from = if from.is_empty() { (String::new(), "nobody".into()) } else { ("shop".into(), from.into()) };
        Flow {
            from,
            service: ("shop".into(), service.into()),
            port: 80,
            workload: "w".into(),
            protocol: "http".into(),
            per_second,
            error_share,
            denied_per_second: 0.0,
            p50: None,
            p99: None,
            secured: Secured::Unknown,
        }
    }

    #[test]
    fn a_program_that_was_started_a_moment_ago_has_counted_nothing_before() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "page", "namespace": "shop"},
            "spec": {"containers": [{"name": "page"}, {"name": "istio-proxy"}]}, "status": {"phase": "Running"}});
        let world = World::new().after([Change::Put(Object::read(pod, Origin::Cluster).unwrap())]);
        let proxy = signals::proxies(&world).remove(0);
        let traffic = Traffic { now: 100.0, at: 1_000_000, ..Traffic::default() };
        let counted = |at: f64, count: u32| {
            let line = format!(
                "envoy_cluster_upstream_cx_total{{cluster_name=\"outbound|80||cart.shop.svc.cluster.local\"}} {count}\n"
            );
            traffic.store.write().unwrap().record(&proxy, at, envoy::read(line.as_bytes()));
        };
        assert_eq!(begun(&traffic, 960_000), 100.0, "nothing is counted yet");
        counted(92.0, 1);
        counted(100.0, 2);
        assert_eq!(begun(&traffic, 960_000), 92.0, "the step is forty seconds old, and the program eight");
        assert_eq!(begun(&traffic, 995_000), 95.0, "the program is older than the step");
    }

    #[test]
    fn who_vanishes_or_fails_is_broken() {
        let before = [flow("web", "cart", 10.0, 0.01), flow("", "cart", 5.0, 0.0), flow("web", "mail", 0.1, 0.0)];
        let names = |name: &str| ("shop".to_owned(), name.to_owned());
        let all = BTreeSet::from(["web", "w"].map(names));
        for (since, expected) in [
            (vec![flow("web", "cart", 9.0, 0.02), flow("", "cart", 4.0, 0.0)], vec![]),
            (vec![flow("web", "cart", 9.0, 0.5), flow("", "cart", 5.0, 0.0)], vec!["shop/web → cart"]),
            (vec![flow("web", "cart", 9.0, 0.0)], vec!["callers without a proxy → cart"]),
            // Who has a proxy and asks no more is not broken: what fails would have been counted.
            (vec![], vec!["callers without a proxy → cart"]),
        ] {
            let within = |flows: &[Flow]| sums(flows, Some("shop"));
            // A guard that was asleep compares with what it had kept.
            let old = kept(&to_keep(&within(&before))).unwrap();
            assert_eq!(old, within(&before));
            let broken = compare((3, "shop"), old, &(within(&since), all.clone()));
            assert_eq!(broken.iter().map(|one| one.words().en).collect::<Vec<_>>(), expected, "{since:?}");
        }
        let nothing = (Sums::new(), all);
        assert!(
            compare((3, "dev"), sums(&before, Some("dev")), &nothing).is_empty(),
            "another namespace is not concerned"
        );
        assert_eq!(compare((3, "istio-system"), sums(&before, None), &nothing).len(), 1, "the whole mesh is");
        let uncounted = (Sums::new(), BTreeSet::new());
        assert!(compare((3, "shop"), sums(&before, None), &uncounted).is_empty(), "nobody has counted since");
        assert_eq!(kept(&Value::Null), None);
    }
}
