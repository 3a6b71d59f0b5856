//! What becomes of a request: the caller's proxy routes it, the destination's proxy lets it in.

mod arrive;
mod endpoint;
mod leave;
mod route;

pub(crate) use route::shares;

use std::sync::Arc;

use mesh::{Caller, Membership, Outcome, Request, Resolved, Step, Target, Verdict};
use world::{Labels, Pod};

use crate::detect::membership;
use crate::kinds::{NETWORKING, SECURITY};
use crate::read::Index;
use crate::read::path::normalized;

/// Kinds that decide every verdict.
const NEEDED: [(&str, &str); 8] = [
    (NETWORKING, "VirtualService"),
    (NETWORKING, "DestinationRule"),
    (NETWORKING, "ServiceEntry"),
    (NETWORKING, "Sidecar"),
    (NETWORKING, "EnvoyFilter"),
    (SECURITY, "PeerAuthentication"),
    (SECURITY, "AuthorizationPolicy"),
    ("extensions.istio.io", "WasmPlugin"),
];

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct From {
    pub namespace: String,
    pub labels: Labels,
    pub account: String,
    pub ip: String,
    pub membership: Option<Membership>,
}

impl From {
    /// `cluster.local/ns/shop/sa/client`
    pub fn principal(&self) -> String {
        format!("cluster.local/ns/{}/sa/{}", self.namespace, self.account)
    }

    pub fn has_sidecar(&self) -> bool {
        self.membership == Some(Membership::Sidecar)
    }
}

/// A request on its way: what its sender wrote, and what proxies made of it so far.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub from: From,
    pub target: Target,
    pub method: String,
    /// Names in lower case, `host` left out.
    pub headers: Vec<(String, String)>,
    pub authority: String,
    /// Normalised, without query.
    pub path: String,
}

/// The verdict; `None` where neither end is in the mesh.
pub(crate) fn decide(index: &Index, request: &Request) -> Option<Verdict> {
    let mut verdict = Verdict::unknown(request);
    let from = match caller(index, request) {
        Ok(from) => from,
        Err(because) => return index_has_istio(index).then(|| verdict.because("the caller", because)),
    };
    let target = Target::of(request)?;
    let resolved = index.places.resolve(&target.host, &from.namespace);
    if from.membership.is_none() && !ends_in_mesh(index, &resolved) {
        return None;
    }
    if let Some(because) = index.unreadable(&NEEDED) {
        return Some(verdict.because("the configuration", because));
    }
    verdict.trace.push(mesh::resolve_step(&target.host, &resolved));
    if let Resolved::Nowhere(_) = resolved {
        verdict.ends(Outcome::Unresolved);
        return Some(verdict);
    }
    let mut way = Way::new(from, target, request);
    match way.from.membership {
        Some(Membership::Sidecar) => leave::by_sidecar(index, &mut way, &resolved, &mut verdict),
        Some(Membership::Node) => {
            return Some(
                verdict.because("the way", "the caller is in ambient mode, which a later version decides".into()),
            );
        }
        Some(Membership::Gateway) => {
            return Some(verdict.because("the way", "the caller is a gateway, which a later version decides".into()));
        }
        None => {
            leave::plainly(index, &mut way, &resolved, &mut verdict);
            // The destination's proxy normalises what the caller had no proxy for.
            way.path = normalized(&way.path);
        }
    }
    finish(&way, &mut verdict);
    Some(verdict)
}

impl Way {
    fn new(from: From, target: Target, request: &Request) -> Self {
        let headers = request.headers.iter().map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()));
        let headers = headers.filter(|(name, _)| name != "host").collect();
        let path = if from.has_sidecar() { normalized(&target.path) } else { target.path.clone() };
        let method = if request.method.is_empty() { "GET".to_owned() } else { request.method.clone() };
        Self { from, authority: target.authority.clone(), target, method, headers, path }
    }
}

/// The path and authority that the destination sees, where they are not what was sent.
fn finish(way: &Way, verdict: &mut Verdict) {
    if verdict.outcome != Outcome::Forwarded {
        return;
    }
    if way.path != way.target.path {
        let query = way.target.query.as_ref().filter(|_| !way.path.contains('?'));
        verdict.rewrite.path = Some(query.map_or_else(|| way.path.clone(), |q| format!("{}?{q}", way.path)));
    }
    if way.authority != way.target.authority {
        verdict.rewrite.authority = Some(way.authority.clone());
    }
}

fn caller(index: &Index, request: &Request) -> Result<From, String> {
    let places = &index.places;
    let (pods, namespace, what) = match &request.from {
        Caller::Workload { namespace, workload } => {
            (places.of_workload(namespace, workload), namespace, format!("workload {namespace}/{workload}"))
        }
        Caller::ServiceAccount { namespace, service_account } => (
            places.of_account(namespace, service_account),
            namespace,
            format!("service account {namespace}/{service_account}"),
        ),
        Caller::Outside { .. } if request.via.is_some() => {
            return Err("requests through gateways are decided by a later version".into());
        }
        Caller::Outside { ip } => {
            return Err(format!("{ip} is outside, and no gateway is named by which it comes in"));
        }
    };
    let pod = pods.iter().find(|p| p.ready).or(pods.first());
    match pod {
        Some(pod) => Ok(From {
            namespace: namespace.clone(),
            labels: pod.labels.clone(),
            account: pod.service_account.clone(),
            ip: pod.ip.clone(),
            membership: membership(&index.world, pod),
        }),
        None => Err(format!("{what} has no pods, so it is not known whether it has a proxy")),
    }
}

fn index_has_istio(index: &Index) -> bool {
    index.places.pods().any(|pod| membership(&index.world, pod).is_some())
}

fn ends_in_mesh(index: &Index, resolved: &Resolved) -> bool {
    let member = |pod: &Arc<Pod>| membership(&index.world, pod).is_some();
    match resolved {
        Resolved::Service(service) => index.places.of_service(service).into_iter().any(member),
        Resolved::Pod(pod) => member(pod),
        Resolved::Outside(_) | Resolved::Nowhere(_) => false,
    }
}

/// A step without object.
pub(crate) fn said(verdict: &mut Verdict, step: &'static str, because: impl Into<String>) {
    verdict.trace.push(Step::said(step, because));
}
