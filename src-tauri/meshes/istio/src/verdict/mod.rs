//! What becomes of a request: a proxy sends it on, the destination's proxy lets it in.
//!
//! Ways out (`leave` for sidecars and callers without proxy, `gateway`, `ambient`) choose a rule and `follow` it, or `deliver` at once; `deliver`
//! splits the shares among pods, and `arrive` says how one pod takes its own. None of the ways out knows another.

mod ambient;
mod arrive;
mod balance;
mod bytes;
mod capture;
#[cfg(test)]
mod cases;
mod change;
mod deliver;
mod door;
mod endpoint;
mod follow;
mod gateway;
mod gateway_doors;
mod gateway_entry;
mod leave;
mod listener;
mod oddities;
mod opaque;
mod peers;
mod preference;
mod requests;
mod token;
mod way;
mod waypoint;

pub(crate) use follow::shares;

use std::sync::Arc;

use mesh::{Caller, Membership, Outcome, Received, Request, Resolved, Step, Target, Unknown, Verdict};
use world::{Labels, Pod, Said};

use crate::kinds::virtual_service::select::Entry;
use crate::kinds::{NETWORKING, SECURITY};
use crate::read::Index;
use arrive::arrive;
use deliver::Delivery;
use endpoint::Cluster;
use peers::Peer;
use way::{Hop, Sender, Way};

/// Kinds that decide every verdict.
const NEEDED: [(&str, &str); 10] = [
    (NETWORKING, "VirtualService"),
    (NETWORKING, "DestinationRule"),
    (NETWORKING, "ServiceEntry"),
    (NETWORKING, "Sidecar"),
    (NETWORKING, "EnvoyFilter"),
    (SECURITY, "PeerAuthentication"),
    (SECURITY, "AuthorizationPolicy"),
    (SECURITY, "RequestAuthentication"),
    (NETWORKING, "WorkloadEntry"),
    ("extensions.istio.io", "WasmPlugin"),
];

/// The verdict; `None` where neither end is in the mesh.
pub(crate) fn decide(index: &Index, request: &Request) -> Option<Verdict> {
    let mut verdict = Verdict::unknown(request);
    if let Caller::Outside { .. } = request.from {
        return index_has_istio(index).then(|| gateway::enter(index, request, verdict));
    }
    let pod = match caller(index, request) {
        Ok(pod) => pod,
        Err(because) => return index_has_istio(index).then(|| verdict.because(("the caller", "调用方"), because)),
    };
    let from = Sender::of(index, pod);
    let target = Target::of(request)?;
    let resolved = index.places.resolve(&target.host, &from.namespace);
    if from.membership.is_none() && !ends_in_mesh(index, &resolved) {
        return None;
    }
    if let Some(because) = index.unreadable(&NEEDED) {
        return Some(verdict.because(("the configuration", "配置"), because));
    }
    verdict.trace.push(mesh::resolve_step(&target.host, &resolved));
    if let Resolved::Nowhere(_) = resolved {
        verdict.ends(Outcome::Unresolved);
        return Some(verdict);
    }
    let (hop, mut way) = (Hop::of(index, &from), Way::new(index, target, request));
    way.to = Some(resolved.clone());
    let past = capture::goes_past(&pod.annotations, &resolved, way.target.port);
    if let (Some(Membership::Sidecar), Some(because)) = (from.membership, past) {
        said(&mut verdict, "leave", because);
        leave::past_routes(&hop, &mut way, &resolved, &mut verdict, None);
        way.finish(&mut verdict);
        return Some(verdict);
    }
    let leave = match from.membership {
        Some(Membership::Sidecar) => leave::by_sidecar,
        Some(Membership::Node) => ambient::leave,
        Some(Membership::Gateway) => gateway::leave,
        None => leave::plainly,
    };
    leave(&hop, &mut way, &resolved, &mut verdict);
    way.finish(&mut verdict);
    Some(verdict)
}

fn caller<'a>(index: &'a Index, request: &Request) -> Result<&'a Arc<Pod>, Said> {
    let places = &index.places;
    let (pods, what) = match &request.from {
        Caller::Workload { namespace, workload } => (
            places.of_workload(namespace, workload),
            world::said!("workload {namespace}/{workload}", "工作负载 {namespace}/{workload}"),
        ),
        Caller::ServiceAccount { namespace, service_account } => {
            let what =
                world::said!("service account {namespace}/{service_account}", "服务账号 {namespace}/{service_account}");
            (places.of_account(namespace, service_account), what)
        }
        Caller::Outside { ip } => return Err(world::said!("{ip} is outside", "{ip} 在外部")),
    };
    let pod = pods.iter().find(|p| p.ready).or(pods.first()).copied();
    pod.ok_or_else(|| {
        Said::new(
            format!("{} has no pods, so it is not known whether it has a proxy", what.en),
            format!("{} 没有 Pod，因此不知道它有没有代理", what.zh),
        )
    })
}

fn index_has_istio(index: &Index) -> bool {
    index.places.pods().any(|pod| index.membership(pod).is_some())
}

fn ends_in_mesh(index: &Index, resolved: &Resolved) -> bool {
    let member = |pod: &Arc<Pod>| index.membership(pod).is_some();
    match resolved {
        Resolved::Service(service) => {
            let kept = || index.places.kept(service, None).unwrap_or_default();
            let by_hand = || kept().iter().any(|kept| index.places.pod_at(&kept.address).is_some_and(member));
            index.places.of_service(service).into_iter().any(member) || by_hand()
        }
        Resolved::Pod(pod) => member(pod),
        Resolved::Outside(_) | Resolved::Nowhere(_) => false,
    }
}

/// How a pod of this mesh takes a request of somebody whom no proxy of this mesh sends; `None` where it is no pod of this mesh.
pub(crate) fn receive(index: &Index, request: &Request, ip: &str, pod: &Arc<Pod>, port: u16) -> Option<Received> {
    index.membership(pod)?;
    if let Some(because) = index.unreadable(&NEEDED) {
        let unknown = vec![Unknown { about: ("the configuration", "配置").into(), because }];
        return Some(Received { outcome: Outcome::Unknown, status: None, steps: Vec::new(), unknown });
    }
    let stranger = Sender {
        namespace: String::new(),
        labels: Labels::new(),
        account: String::new(),
        ip: ip.to_owned(),
        node: String::new(),
        membership: None,
    };
    let mut way = Way::new(index, Target::of(request)?, request);
    way.normalize();
    let peer = Peer::of(pod, port);
    let cluster = Cluster::at(pod, port);
    let arrival = arrive(&Hop::of(index, &stranger), &way, &Delivery { share: 1.0, cluster, plain: true }, &peer);
    let usual = (arrival.outcome == Outcome::Denied && !arrival.cut).then_some(403);
    let because = arrival.steps.last().map(|step| step.because.clone()).filter(|_| arrival.outcome == Outcome::Unknown);
    let unknown = because.map(|because| Unknown { about: ("the destination", "目的地").into(), because });
    let unknown = unknown.into_iter().collect();
    Some(Received { outcome: arrival.outcome, status: arrival.status.or(usual), steps: arrival.steps, unknown })
}

/// A step without object.
pub(crate) fn said(verdict: &mut Verdict, step: &'static str, because: impl Into<Said>) {
    verdict.trace.push(Step::said(step, because));
}

/// A proxy answers what it cannot read.
fn unread(verdict: &mut Verdict, because: Said) {
    said(verdict, "read", because);
    verdict.ends(Outcome::Direct);
    verdict.status = Some(400);
}

/// No rule is for the request.
fn no_route(verdict: &mut Verdict, step: Step) {
    verdict.trace.push(step);
    verdict.ends(Outcome::NoRoute);
    verdict.status = Some(404);
}

/// Whether a rule catches the request depends on what was not said of it.
fn untold(verdict: &mut Verdict, entry: &Entry, why: Said) {
    verdict.trace.push(Step::by("route", entry.key, entry.path(), why.clone()));
    *verdict = verdict.clone().because(("the request", "请求"), why);
}
