//! What proxies used over days, where a Prometheus has their container series.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use futures::{StreamExt, TryStreamExt};
use mesh::Unknown;
use signals::promql::questions::{Curve, curve, curve_of_mesh, curve_of_part, parts, pods_of};
use signals::promql::{Line, OVER, Trouble, sizes};
use tokio::sync::Mutex;
use world::World;

use super::{Reliable, now};
use crate::Session;
use crate::resources::{Names, Sample};

/// From one point of a line to the next.
const STEP: f64 = 900.0;
/// Workloads whose curves are kept until they have a new point.
const KEPT: usize = 50;
/// Namespaces that it is asked of at once: each is three queries over days.
const AT_ONCE: usize = 2;

/// What the proxies of one workload used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Seconds that the oldest of them was seen.
    pub seen: f64,
    /// Thousandths of a core at the 95th percentile of the busiest.
    pub cpu_p95: f64,
    /// Bytes at the most of the largest.
    pub memory_most: f64,
}

/// Curves that were asked for lately: by which Prometheus told them, and whose they are.
pub(super) type Curves = Mutex<HashMap<(String, String, String), (Instant, Vec<Sample>)>>;

/// By namespace and workload.
pub type Uses = HashMap<Names, Usage>;

impl Session {
    /// What proxies used over days, as it was last asked.
    pub(crate) fn uses(&self) -> std::sync::Arc<Uses> {
        self.prometheus.uses.borrow().clone()
    }

    /// The same, once there was a look at whom to ask, or after a while without one.
    ///
    /// # Errors
    /// Why it is not known.
    pub async fn uses_asked(&self) -> Result<Uses, Unknown> {
        self.prometheus_looked().await;
        self.uses_now().await
    }

    /// The same, asked now.
    ///
    /// # Errors
    /// Why it is not known.
    pub async fn uses_now(&self) -> Result<Uses, Unknown> {
        let reliable = self.reliable()?;
        let world = self.world();
        let mut namespaces: BTreeMap<String, usize> = BTreeMap::new();
        for proxy in signals::proxies(&world) {
            *namespaces.entry(proxy.namespace).or_default() += 1;
        }
        let asked: Vec<_> =
            namespaces.iter().map(|(name, pods)| of_namespace(&reliable, &world, (name, *pods))).collect();
        let all: Vec<Uses> = futures::stream::iter(asked)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
            .map_err(|trouble| unknown(&reliable, &trouble))?;
        Ok(all.into_iter().flatten().collect())
    }

    /// What the proxies of a workload used before a time (milliseconds since 1970), the oldest first; those of a namespace where no workload is
    /// named, of the mesh of this name where no namespace is.
    pub(crate) async fn uses_before(
        &self,
        namespace: &str,
        workload: &str,
        before: f64,
    ) -> Result<Vec<Sample>, Unknown> {
        let reliable = self.reliable()?;
        let mut curves = self.prometheus.curves.lock().await;
        let key = (self.prometheus.standing.borrow().asked.clone(), namespace.to_owned(), workload.to_owned());
        let earlier = |all: &[Sample]| all.iter().copied().filter(|sample| sample.at < before).collect();
        if let Some((at, known)) = curves.get(&key)
            && at.elapsed().as_secs_f64() < STEP
        {
            return Ok(earlier(known));
        }
        let asked = self.curves_of(namespace, workload, &reliable.only);
        let to = (now() / STEP).floor() * STEP;
        let span = (to - OVER.1, to);
        let line = async |query: &str| reliable.client.over(query, span, STEP).await.map(values);
        let mut moments: BTreeMap<i64, Sample> = BTreeMap::new();
        for Curve { cpu: [cpu, cpu_most, with_cpu], memory: [memory, memory_most, with_memory] } in &asked {
            let cpu = async { tokio::try_join!(line(cpu), line(cpu_most), line(with_cpu)) };
            let memory = async { tokio::try_join!(line(memory), line(memory_most), line(with_memory)) };
            let lines = tokio::try_join!(cpu, memory).map_err(|trouble| unknown(&reliable, &trouble))?;
            for (at, sample) in samples(&lines) {
                moments.entry(at).and_modify(|sum| sum.add(&sample)).or_insert(sample);
            }
        }
        let all: Vec<Sample> = moments.into_values().collect();
        let before = earlier(&all);
        if curves.len() >= KEPT {
            curves.clear();
        }
        curves.insert(key, (Instant::now(), all));
        Ok(before)
    }
}

impl Session {
    /// What is asked: nothing of a mesh that is none; of a workload at once, of a namespace or of a mesh in as many parts as its pods need.
    fn curves_of(&self, namespace: &str, workload: &str, only: &str) -> Vec<Curve> {
        let world = self.world();
        let count =
            |own: &dyn Fn(&signals::Proxy) -> bool| signals::proxies(&world).iter().filter(|one| own(one)).count();
        if namespace.is_empty() {
            // Without the names of its containers every one of the cluster would be asked for.
            let Some(containers) = signals::family(workload).map(|family| family.containers) else { return Vec::new() };
            let count = count(&|proxy| proxy.family.mesh == workload);
            return parts(count).iter().map(|part| curve_of_mesh(containers, part, only)).collect();
        }
        if workload.is_empty() {
            let count = count(&|proxy| proxy.namespace == namespace);
            return parts(count).iter().map(|part| curve_of_part(namespace, part, only)).collect();
        }
        let kind = world.workload(namespace, workload).map_or("Deployment".to_owned(), |found| found.kind.clone());
        vec![curve(namespace, &pods_of(&kind, workload), only)]
    }
}

fn unknown(reliable: &Reliable, trouble: &Trouble) -> Unknown {
    Unknown { about: reliable.name.into(), because: trouble.said() }
}

async fn of_namespace(reliable: &Reliable, world: &World, (namespace, pods): (&str, usize)) -> Result<Uses, Trouble> {
    let mut uses = Uses::new();
    for (pod, size) in sizes(&reliable.client, namespace, pods, &reliable.only, now()).await? {
        let Some(workload) = workload_of(world, namespace, &pod) else { continue };
        let known = uses.entry((namespace.to_owned(), workload)).or_default();
        known.seen = known.seen.max(size.seen);
        known.cpu_p95 = known.cpu_p95.max(size.cpu_p95 * 1000.0);
        known.memory_most = known.memory_most.max(size.memory_most);
    }
    Ok(uses)
}

/// The workload of a pod: of one that is gone, by its name, where such a workload is there.
fn workload_of(world: &World, namespace: &str, pod: &str) -> Option<String> {
    if let Some(pod) = world.pod(namespace, pod) {
        return Some(pod.workload.1.clone());
    }
    let (once, end) = pod.rsplit_once('-')?;
    let owned = |name: &str, kinds: &[&str]| {
        world.workload(namespace, name).filter(|found| kinds.contains(&found.kind.as_str())).map(|_| name.to_owned())
    };
    let kinds: &[&str] = if end.bytes().all(|b| b.is_ascii_digit()) { &["StatefulSet"] } else { &["DaemonSet"] };
    owned(once, kinds).or_else(|| owned(once.rsplit_once('-')?.0, &["Deployment"]))
}

/// Points of one line; none where it has nothing to say of the workload.
fn values(lines: Vec<Line>) -> HashMap<i64, f64> {
    let points = lines.into_iter().take(1).flat_map(|line| line.points);
    points.filter(|(_, value)| value.is_finite()).map(|(at, value)| (at.round() as i64, value)).collect()
}

type Points = HashMap<i64, f64>;

/// The sum, the most of one, and how many were measured.
type Three = (Points, Points, Points);

/// What was used at each time of which all is known. Of a proxy that has just begun the memory is known and the CPU is not.
fn samples(((cpu, cpu_most, with_cpu), (memory, memory_most, with_memory)): &(Three, Three)) -> Vec<(i64, Sample)> {
    let sample = |at: &i64| {
        let of = |line: &Points, unit: f64| line.get(at).map(|value| (value * unit) as f32);
        let (with_cpu, with_memory) = (with_cpu.get(at)?, with_memory.get(at)?);
        let sample = Sample {
            at: *at as f64 * 1000.0,
            cpu: of(cpu, 1000.0)?,
            cpu_peak: of(cpu_most, 1000.0)?,
            memory: of(memory, 1.0)?,
            memory_peak: of(memory_most, 1.0)?,
            unknown: (with_cpu - with_memory).abs() as u32,
        };
        Some((*at, sample))
    };
    memory.keys().filter_map(sample).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use world::{Change, Object, Origin};

    use super::*;

    #[test]
    fn pods_that_are_gone_belong_to_whom_their_name_says() {
        let of = |kind: &str, name: &str| {
            let body = json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"},
                "spec": {"selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}}}}});
            Change::Put(Object::read(body, Origin::Cluster).unwrap())
        };
        let all = [of("Deployment", "reviews-v1"), of("StatefulSet", "db"), of("DaemonSet", "agent")];
        let world = World::new().after(all);
        for (pod, expected) in [
            ("reviews-v1-66ccbf7cdd-jbcjq", Some("reviews-v1")),
            ("reviews-v1-canary-66ccbf7cdd-jbcjq", None),
            ("db-0", Some("db")),
            ("agent-x2x4z", Some("agent")),
            ("db-x2x4z", None),
            ("reviews-v1", None),
            ("one", None),
        ] {
            assert_eq!(workload_of(&world, "shop", pod).as_deref(), expected, "{pod}");
        }
    }

    #[test]
    fn a_time_of_which_not_all_is_known_is_left_out() {
        let line = |points: &[(i64, f64)]| points.iter().copied().collect::<Points>();
        let (both, one) = (line(&[(900, 0.5), (1800, 0.25)]), line(&[(900, 1.0), (1800, 1.0)]));
        let memory = (line(&[(1800, 64.0), (900, 32.0)]), line(&[(900, 32.0)]), line(&[(900, 3.0), (1800, 3.0)]));
        let found = samples(&((both.clone(), both, one), memory));
        let only = Sample { at: 900_000.0, cpu: 500.0, cpu_peak: 500.0, memory: 32.0, memory_peak: 32.0, unknown: 2 };
        assert_eq!(found, [(900, only)], "two of three have no CPU yet");
    }
}
