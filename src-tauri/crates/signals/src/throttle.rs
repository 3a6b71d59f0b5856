//! How often the kernel stopped a proxy, or an istiod, because of its CPU limit, from the kubelets' container statistics. They are large,
//! so a few nodes are asked at a time, and nobody is asked again who refused.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cluster::{Cause, Connection};
use world::{Container, World, said};

use crate::{Unknown, family_of, prometheus};

/// The container of istiod.
const ISTIOD: &str = "discovery";
/// How many nodes are asked in one round.
const NODES: usize = 10;

/// Namespace and pod.
type Place = (String, String);

/// Reads the counters of periods, again and again.
#[derive(Debug, Default)]
pub struct Throttling {
    /// (periods, of them stopped) at the last round, by the container's id.
    last: HashMap<String, (f64, f64)>,
    /// The node that was asked last: the next round goes on behind it.
    after: String,
    /// What is known: the share of periods.
    shares: HashMap<Place, f64>,
    /// Nodes may not be asked.
    closed: bool,
}

impl Throttling {
    /// Asks the next few nodes that have a proxy with a CPU limit. What is known of each proxy is the answer.
    pub async fn round(&mut self, connection: &Connection, world: &World) -> &HashMap<Place, f64> {
        let limited = limited(world);
        self.forget(&limited);
        let nodes: BTreeSet<&str> = limited.values().map(|(node, _)| node.as_str()).collect();
        let later = nodes.range::<str, _>((std::ops::Bound::Excluded(self.after.as_str()), std::ops::Bound::Unbounded));
        let due: Vec<String> =
            later.chain(nodes.iter()).take(NODES.min(nodes.len())).map(|node| (*node).to_owned()).collect();
        for node in due {
            if self.closed {
                break;
            }
            match connection.raw_get(&format!("/api/v1/nodes/{node}/proxy/metrics/cadvisor")).await {
                Ok(body) => self.take(&read(&body), &limited),
                Err(error) if matches!(error.cause, Cause::Forbidden { .. }) => self.closed = true,
                // A node that is away tells nothing of its containers.
                Err(_) => {}
            }
            self.after = node;
        }
        &self.shares
    }

    /// Asks every node that has one, a few at a time.
    pub async fn of_all(&mut self, connection: &Connection, world: &World) {
        let nodes: BTreeSet<String> = limited(world).into_values().map(|(node, _)| node).collect();
        for _ in 0..nodes.len().div_ceil(NODES) {
            self.round(connection, world).await;
        }
    }

    /// What is known of each: the share of periods in which it was stopped.
    pub fn shares(&self) -> &HashMap<(String, String), f64> {
        &self.shares
    }

    /// Some are counted of which no share is known yet: their counters have to grow.
    pub fn waits(&self) -> bool {
        self.last.len() > self.shares.len()
    }

    /// Of how many nothing is known, and why.
    pub fn untold(&self, world: &World) -> Option<Unknown> {
        let limited = limited(world);
        let unknown = limited.values().filter(|(_, place)| !self.shares.contains_key(place)).count();
        let because = match (self.closed, self.last.is_empty()) {
            (true, _) => (
                "the right to get nodes/proxy is missing, and the kubelets alone count it",
                "缺少 get nodes/proxy 权限，而只有 kubelet 统计它",
            ),
            (false, true) => ("no kubelet counts it", "没有 kubelet 统计它"),
            (false, false) => {
                ("the kubelets did not count them twice in that time", "kubelet 在这段时间内没有统计到两次")
            }
        };
        let all = limited.len();
        let about = said!(
            "how often their CPU limit stops {unknown} of {all} containers",
            "{all} 个容器中有 {unknown} 个被 CPU 上限限流的频率"
        );
        (unknown > 0).then(|| Unknown::new(about, because))
    }

    /// Forgets containers and pods that are gone.
    fn forget(&mut self, limited: &BTreeMap<String, (String, Place)>) {
        let there: HashSet<&Place> = limited.values().map(|(_, place)| place).collect();
        self.last.retain(|id, _| limited.contains_key(id));
        self.shares.retain(|place, _| there.contains(place));
    }

    fn take(&mut self, now: &HashMap<String, (f64, f64)>, limited: &BTreeMap<String, (String, Place)>) {
        for (id, (_, place)) in limited {
            let Some(now) = now.get(id) else { continue };
            let before = self.last.insert(id.clone(), *now);
            if let Some((periods, stopped)) = before.map(|before| (now.0 - before.0, now.1 - before.1))
                && periods > 0.0
            {
                self.shares.insert(place.clone(), (stopped / periods).clamp(0.0, 1.0));
            }
        }
    }
}

/// Container id → node and pod, of proxies and istiods with a CPU limit.
fn limited(world: &World) -> BTreeMap<String, (String, Place)> {
    let proxies = world.pods().filter(|pod| pod.phase == "Running").filter_map(|pod| {
        let plane = crate::health::is_istiod(pod);
        let is_meant = |c: &&Container| if plane { c.name == ISTIOD } else { family_of(&c.name).is_some() };
        let container = pod.containers.iter().find(is_meant)?;
        let container = Some(container).filter(|c| c.resources.cpu_limit.is_some() && !c.id.is_empty())?;
        Some((container.id.clone(), (pod.node.clone(), (pod.namespace.clone(), pod.name.clone()))))
    });
    proxies.collect()
}

/// (periods, of them stopped) by container id, which ends the name of its control group.
fn read(body: &[u8]) -> HashMap<String, (f64, f64)> {
    let mut all: HashMap<String, (f64, f64)> = HashMap::new();
    let wanted = |name: &[u8]| name.starts_with(b"container_cpu_cfs_");
    prometheus::scan(body, wanted, |sample| {
        let Some(group) = sample.labels.get("id") else { return };
        let name = group.rsplit('/').next().unwrap_or_default();
        // systemd writes `cri-containerd-<id>.scope`.
        let id = name.trim_end_matches(".scope").rsplit('-').next().unwrap_or_default();
        match sample.name {
            "container_cpu_cfs_periods_total" => all.entry(id.to_owned()).or_default().0 = sample.value,
            "container_cpu_cfs_throttled_periods_total" => all.entry(id.to_owned()).or_default().1 = sample.value,
            _ => {}
        }
    });
    all
}

#[cfg(test)]
mod tests {
    use world::{Change, Object};

    use super::*;
    use crate::proxies::tests::pod;

    #[test]
    fn the_share_of_the_time_between_two_rounds() {
        let mut limited_pod = pod("shop", "a-1", &["a", "istio-proxy"], &[]);
        limited_pod.containers[1].id = "8619".into();
        limited_pod.containers[1].resources.cpu_limit = Some(20);
        let world = World::new().after([
            Change::Put(Object::Pod(limited_pod)),
            Change::Put(Object::Pod(pod("shop", "b-1", &["b", "istio-proxy"], &[]))),
        ]);
        let limited = limited(&world);
        let text = |periods: u32, stopped: u32| {
            format!(
                "container_cpu_cfs_periods_total{{container=\"\",id=\"/kubepods/burstable/pod01/8619\"}} {periods} 1795676701864\n\
                 container_cpu_cfs_throttled_periods_total{{container=\"istio-proxy\",id=\"/kubepods.slice/cri-containerd-8619.scope\"}} {stopped}\n\
                 container_cpu_cfs_throttled_periods_total{{id=\"/kubepods/other\"}} 9\n"
            )
        };
        let mut throttling = Throttling::default();
        let said = |throttling: &Throttling| throttling.untold(&world).map(|unknown| unknown.because);
        assert!(!throttling.waits() && said(&throttling).unwrap().en.contains("no kubelet"));
        throttling.take(&read(text(100, 10).as_bytes()), &limited);
        assert!(throttling.shares.is_empty() && throttling.waits(), "one look tells no share");
        assert!(said(&throttling).unwrap().en.contains("twice"));
        throttling.take(&read(text(200, 48).as_bytes()), &limited);
        let share = throttling.shares[&("shop".to_owned(), "a-1".to_owned())];
        assert!((share - 0.38).abs() < 1e-9 && throttling.shares.len() == 1, "{:?}", throttling.shares);
        assert!(!throttling.waits() && said(&throttling).is_none());
        throttling.forget(&BTreeMap::new());
        assert!(throttling.shares.is_empty() && throttling.last.is_empty(), "what is gone is forgotten");
    }
}
