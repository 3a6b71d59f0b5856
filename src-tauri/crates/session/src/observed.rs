//! What was seen, as requests that the engine can be asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh::{Caller, Engine, Observed, Ready, Request};
use signals::Workload;
use world::{Pod, World};

use crate::traffic::{Names, Traffic, url};
use crate::workbench::CONTROL_PLANES;

/// Requests that are asked about are those of the last minute, in seconds.
const LATELY: u32 = 60;

impl Traffic {
    /// The requests of callers whose proxies count them.
    pub fn observed(&self, world: &World) -> Vec<Observed> {
        let mut seen: BTreeMap<(Names, String), f64> = BTreeMap::new();
        for edge in self.edges(f64::from(LATELY)) {
            let Some(Workload { namespace, name }) = edge.from.clone() else { continue };
            *seen.entry(((namespace, name), url(&edge, world))).or_default() += edge.requests_per_second;
        }
        let all = seen.into_iter().enumerate();
        all.map(|(at, ((from, url), per_second))| asked(at, &from, url, per_second, false)).collect()
    }

    /// The same, and those of callers without a proxy, whom only the called count.
    pub(crate) fn observed_of_all(&self, ready: &Ready, engine: &Engine) -> Vec<Observed> {
        let mut nameless: BTreeMap<Names, f64> = BTreeMap::new();
        for flow in self.over(LATELY, ready).into_iter().filter(|flow| flow.from.0.is_empty()) {
            *nameless.entry(flow.service).or_default() += flow.per_second;
        }
        let mut observed = self.observed(ready.world());
        observed.extend(of_nameless(&nameless, ready, engine));
        observed
    }
}

/// Requests of callers without a proxy to services, so many each. The first workload without one asks in their place: a mesh tells none of
/// them from another but by their address.
pub(crate) fn of_nameless(services: &BTreeMap<Names, f64>, ready: &Ready, engine: &Engine) -> Vec<Observed> {
    let world = ready.world();
    let bare = |pod: &&Arc<Pod>| pod.ready && !pod.host_network && engine.membership(world, pod).is_none();
    // Pods of the control plane are the least like a caller.
    let is_system = |pod: &&Arc<Pod>| CONTROL_PLANES.iter().any(|(_, namespace)| *namespace == pod.namespace);
    let others = ready.places().pods().filter(|pod| !is_system(pod)).find(bare);
    let Some(pod) = others.or_else(|| ready.places().pods().find(bare)) else { return Vec::new() };
    let stands = (pod.namespace.clone(), pod.workload.1.clone());
    let called = services.iter().filter(|(_, amount)| **amount > 0.0).enumerate();
    called
        .filter_map(|(at, (service, amount))| {
            let first = world.service(&service.0, &service.1)?.ports.first()?.port;
            let url = format!("http://{}.{}:{first}/", service.1, service.0);
            Some(asked(at, &stands, url, *amount, true))
        })
        .collect()
}

fn asked(at: usize, from: &Names, url: String, per_second: f64, nameless: bool) -> Observed {
    let id = if nameless { format!("nameless-{}", at + 1) } else { format!("seen-{}", at + 1) };
    let from = Caller::Workload { namespace: from.0.clone(), workload: from.1.clone() };
    let request = Request { id, from, via: None, method: "GET".into(), url, headers: Vec::new(), at: None };
    Observed { request, per_second, nameless }
}
