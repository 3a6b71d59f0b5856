//! What was seen, as requests that the engine can be asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh::{Engine, Observed, Outcome, Ready, Request};
use signals::Workload;
use world::{Pod, World};

use crate::policies::requests_named;
use crate::traffic::{Names, Traffic, url};
use crate::workbench::CONTROL_PLANES;

/// Requests that are asked about are those of the last minute, in seconds.
const LATELY: u32 = 60;

/// Of calls that are refused to this share, no other request is looked for.
const MOSTLY: f64 = 0.5;
/// Requests at most that are tried for one that gets through.
const TRIED: usize = 24;

/// One caller's requests to one address.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    /// The service, where the address is that of one.
    service: Option<Names>,
    /// As `GET /`.
    generic: Observed,
    /// Most of them are not refused.
    gets_through: bool,
}

impl Calls {
    /// What tells them from others, whatever their number.
    pub(crate) fn key(&self) -> (Request, bool) {
        (self.generic.request.clone(), self.gets_through)
    }

    /// As a request of now. Proxies count neither methods nor paths: where what is seen gets through and `GET /` would be refused, a
    /// request stands for it that the policies name and that gets through as well.
    pub(crate) fn observed(&self, now: &Ready) -> Observed {
        let refused = |request: &Request| now.explain(request).outcome == Outcome::Denied;
        let request = &self.generic.request;
        let Some((namespace, service)) = self.service.as_ref().filter(|_| self.gets_through && refused(request)) else {
            return self.generic.clone();
        };
        let (named, _) = requests_named(now, (namespace, service), TRIED);
        let others = named.into_iter().map(|sample| {
            let url = format!("{}{}", request.url.trim_end_matches('/'), sample.path);
            Request { method: sample.method, url, headers: sample.headers, ..request.clone() }
        });
        let other = others.into_iter().find(|other| !refused(other));
        Observed { request: other.unwrap_or_else(|| request.clone()), ..self.generic }
    }
}

impl Traffic {
    /// The requests of callers whose proxies count them, in the mesh of now.
    pub fn observed(&self, now: &Ready) -> Vec<Observed> {
        self.calls(now.world()).iter().map(|calls| calls.observed(now)).collect()
    }

    /// Who calls whom, by the callers whose proxies count it.
    pub(crate) fn calls(&self, world: &World) -> Vec<Calls> {
        let mut seen: BTreeMap<(Names, String), (f64, f64, Option<Names>)> = BTreeMap::new();
        for edge in self.edges(f64::from(LATELY)) {
            let Some(Workload { namespace, name }) = edge.from.clone() else { continue };
            let (all, denied, service) = seen.entry(((namespace, name), url(&edge, world))).or_default();
            *all += edge.requests_per_second;
            *denied += edge.denied_per_second;
            service.clone_from(&edge.to_service);
        }
        let all = seen.into_iter().enumerate();
        all.map(|(at, ((from, url), (per_second, denied, service)))| Calls {
            service,
            generic: asked(at, &from, url, per_second, false),
            gets_through: denied < per_second * MOSTLY,
        })
        .collect()
    }

    /// The same, and those of callers without a proxy, whom only the called count.
    pub(crate) fn observed_of_all(&self, ready: &Ready, engine: &Engine) -> Vec<Observed> {
        let mut nameless: BTreeMap<Names, f64> = BTreeMap::new();
        for flow in self.over(LATELY, ready).into_iter().filter(|flow| flow.from.0.is_empty()) {
            *nameless.entry(flow.service).or_default() += flow.per_second;
        }
        let mut observed = self.observed(ready);
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
    let request = Request { id, ..Request::of_workload(from, "GET", url) };
    Observed { request, per_second, nameless }
}
