//! Requests that come in by a gateway, that a gateway sends, or that are sent to one.

use std::sync::Arc;

use gateway_api::GROUP;
use mesh::{Caller, Membership, Outcome, Request, Resolved, Step, Target, Transport, Verdict, target_port};
use world::{Pod, Said, Service, ServicePort, said};

use super::deliver::{Arrival, Delivery, deliver};
use super::endpoint::Cluster;
use super::gateway_doors::{Visit, through};
use super::peers::Peer;
use super::way::{Hop, Sender, Way};
use super::waypoint::{Sought, through as through_waypoint};
use super::{leave, said};
use crate::detect::is_waypoint;
use crate::kinds::NETWORKING;
use crate::kinds::sidecar::Scope;
use crate::read::Index;
use crate::read::hosts::service_host;
use crate::read::registry::Host;
use crate::read::waypoint::Binding;

/// Kinds that decide beside those of every verdict.
const NEEDED: [(&str, &str); 8] = [
    (NETWORKING, "Gateway"),
    (GROUP, "Gateway"),
    (GROUP, "ListenerSet"),
    (GROUP, "HTTPRoute"),
    (GROUP, "GRPCRoute"),
    (GROUP, "TLSRoute"),
    (GROUP, "TCPRoute"),
    (GROUP, "ReferenceGrant"),
];

/// A gateway's pod that takes a request at one of its ports.
#[derive(Clone, Copy)]
pub(super) struct Gatehouse<'a> {
    pub pod: &'a Pod,
    pub services: &'a [Arc<Service>],
    pub port: u16,
}

/// From outside, by the gateway that the request names.
pub(super) fn enter(index: &Index, request: &Request, mut verdict: Verdict) -> Verdict {
    let (Caller::Outside { ip }, Some((namespace, name))) = (&request.from, &request.via) else {
        let because = (
            "it comes from outside, and no gateway is named by which it comes in",
            "它来自外部，而没有指定经哪个网关进入",
        );
        return verdict.because(("the caller", "调用方"), because);
    };
    let Some(target) = Target::of(request) else {
        return verdict.because(
            ("the request", "请求"),
            said!("{} names no host and port", "{} 没有写明主机和端口", request.url),
        );
    };
    if let Some(because) = index.unreadable(&super::NEEDED).or_else(|| index.unreadable(&NEEDED)) {
        return verdict.because(("the configuration", "配置"), because);
    }
    let Some((service, pods)) = entrance(index, namespace, name) else {
        return verdict.because(
            ("the gateway", "网关"),
            said!("no Service is called {namespace}/{name}", "没有名为 {namespace}/{name} 的 Service"),
        );
    };
    let mut way = Way::new(index, target, request);
    let Some(port) = service.ports.iter().find(|p| p.port == way.target.port) else {
        said(
            &mut verdict,
            "connect",
            said!(
                "Service {namespace}/{name} has no port {}",
                "Service {namespace}/{name} 没有端口 {}",
                way.target.port
            ),
        );
        verdict.ends(Outcome::Refused);
        return verdict;
    };
    let Some(pod) = pods.iter().find(|p| p.ready) else {
        said(
            &mut verdict,
            "connect",
            said!("Service {namespace}/{name} has no ready pods", "Service {namespace}/{name} 没有就绪的 Pod"),
        );
        verdict.ends(Outcome::Refused);
        return verdict;
    };
    if index.membership(pod) == Some(Membership::Gateway) {
        let Some(inner) = target_port(port, pod) else {
            return verdict.because(
                ("the gateway", "网关"),
                said!("its pods have no port for {}", "其 Pod 没有对应端口 {} 的端口", port.port),
            );
        };
        let because = said!(
            "port {} of Service {namespace}/{name} leads to port {inner} of its pods",
            "Service {namespace}/{name} 的端口 {} 通往其 Pod 的端口 {inner}",
            port.port
        );
        said(&mut verdict, "connect", because);
        let other = |s: &&Arc<Service>| (&s.namespace, &s.name) != (&service.namespace, &service.name);
        let others = index.services_of(pod).filter(other).cloned();
        let services: Vec<_> = std::iter::once(service.clone()).chain(others).collect();
        let gatehouse = Gatehouse { pod, services: &services, port: inner };
        through(index, gatehouse, &Visit::outside(ip), &mut way, &mut verdict);
    } else {
        let (labels, account) = Default::default();
        let from =
            Sender { namespace: String::new(), labels, account, ip: ip.clone(), node: String::new(), membership: None };
        let hop = Hop { index, scope: Scope::whole(""), from: &from };
        leave::plainly(&hop, &mut way, &Resolved::Service(service), &mut verdict);
    }
    way.finish(&mut verdict);
    verdict
}

/// The service by which a gateway is reached, and its pods; those that istiod makes for a Kubernetes Gateway are as it makes them where they are not
/// there yet.
fn entrance(index: &Index, namespace: &str, name: &str) -> Option<(Arc<Service>, Vec<Arc<Pod>>)> {
    let promised = index.edge().promised(namespace, name);
    let named = promised.as_ref().map_or(name, |(service, _)| service.name.as_str());
    match (index.places.service(namespace, named), promised) {
        (Some(service), made) => {
            // istiod adds the ports of listeners that come later.
            let mut service = (**service).clone();
            let ports = made.map(|(made, _)| made.ports).unwrap_or_default();
            let missing = |port: &ServicePort| !service.ports.iter().any(|p| p.port == port.port);
            let more: Vec<ServicePort> = ports.into_iter().filter(missing).collect();
            service.ports.extend(more);
            let pods = index.places.of_service(&service).into_iter().cloned().collect();
            Some((Arc::new(service), pods))
        }
        (None, Some((service, pod))) => Some((Arc::new(service), vec![Arc::new(pod)])),
        (None, None) => None,
    }
}

/// A gateway's pod calls: a service of the mesh as what its routes came to, anything else as if it came in by the gateway itself.
pub(super) fn leave(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    let from = hop.from;
    let hop = &Hop { index: hop.index, scope: Scope::whole(&from.namespace), from };
    way.normalize();
    if let Resolved::Service(service) = resolved {
        let because =
            ("the caller is a gateway, whose routes have led to this service", "调用方是网关，其路由已通往此服务");
        said(verdict, "leave", because);
        match Cluster::of(hop, &service_host(&service.namespace, &service.name), way.target.port, None) {
            Ok(cluster) => {
                deliver(hop, way, vec![Delivery { share: 1.0, cluster, plain: false }], verdict, Some(503));
            }
            Err(nothing) => {
                said(verdict, "deliver", nothing.because(&way.target.host, way.target.port));
                verdict.ends(Outcome::NoDestination);
                verdict.status = Some(503);
            }
        }
        return;
    }
    let pods = hop.index.places.selected(&from.namespace, &from.labels);
    let Some(pod) = pods.into_iter().find(|p| p.ready) else {
        *verdict =
            verdict.clone().because(("the caller", "调用方"), ("the gateway has no ready pods", "网关没有就绪的 Pod"));
        return;
    };
    let services: Vec<_> = hop.index.services_of(pod).cloned().collect();
    let port = services.iter().flat_map(|s| &s.ports).find(|p| p.port == way.target.port);
    let port = port.and_then(|p| target_port(p, pod)).unwrap_or(way.target.port);
    let gatehouse = Gatehouse { pod, services: &services, port };
    through(hop.index, gatehouse, &Visit::outside(""), way, verdict);
}

/// What a gateway sends to a service whose waypoint takes what comes from outside; the deliveries back where it goes to pods.
pub(super) fn by_waypoint(
    hop: &Hop,
    way: &mut Way,
    all: Vec<Delivery>,
    verdict: &mut Verdict,
) -> Option<Vec<Delivery>> {
    if hop.from.membership != Some(Membership::Gateway) || is_waypoint(&hop.from.labels) {
        return Some(all);
    }
    let bound = |delivery: &Delivery| {
        let (namespace, name) = &delivery.cluster.name;
        let service = hop.index.places.service(namespace, name)?;
        Some((service.clone(), hop.index.waypoint_for_gateways(service))).filter(|(_, b)| *b != Binding::Pods)
    };
    let mut found = all.iter().filter_map(bound);
    let (service, binding) = match (found.next(), all.len()) {
        (None, _) => return Some(all),
        (Some(first), 1) => first,
        (Some((service, _)), _) => {
            let why = said!(
                "a share of the requests goes to the waypoint of {}, and others do not",
                "一部分请求去往 {} 的 waypoint，其余不去",
                service.name
            );
            *verdict = verdict.clone().because(("the waypoint", "waypoint"), why);
            return None;
        }
    };
    match binding {
        Binding::Waypoint(waypoint) => {
            way.target.port = all.first().map_or(way.target.port, |delivery| delivery.cluster.port);
            through_waypoint(hop, way, &waypoint, &Sought::Host(Host::Service(service)), verdict);
            None
        }
        Binding::Unknown(why) => {
            *verdict = verdict.clone().because(("the waypoint", "waypoint"), why);
            None
        }
        Binding::Unbound((key, path), why) => {
            let because = Said::new(
                format!("{}: requests go straight to the pods", why.en),
                format!("{}：请求直接发往 Pod", why.zh),
            );
            verdict.trace.push(Step::by("waypoint", &key, path, because));
            Some(all)
        }
        Binding::Pods => Some(all),
    }
}

/// Whether every pod of the only destination is a gateway's: it routes the request on.
pub(super) fn takes<'a>(hop: &Hop, deliveries: &'a [Delivery]) -> Option<(&'a Delivery, &'a Peer)> {
    let [only] = deliveries else { return None };
    let gateway = |peer: &Peer| hop.index.membership(&peer.pod) == Some(Membership::Gateway);
    let all = only.cluster.addresses.is_empty() && only.cluster.peers.iter().all(gateway);
    only.cluster.peers.first().filter(|_| all).map(|peer| (only, peer))
}

/// A request from inside is routed on by a gateway. Gateways take it as they take one from outside: the caller's proxy speaks no TLS of its own
/// to them unless a DestinationRule says so.
pub(super) fn pass_on(hop: &Hop, way: &Way, delivery: &Delivery, peer: &Peer, verdict: &mut Verdict) {
    let services: Vec<_> = hop.index.services_of(&peer.pod).cloned().collect();
    let gatehouse = Gatehouse { pod: &peer.pod, services: &services, port: peer.port };
    let mode = delivery.cluster.tls.as_ref().filter(|_| !delivery.plain).map(|(mode, ..)| mode.as_str());
    let visit = Visit {
        ip: &hop.from.ip,
        principal: (mode == Some("ISTIO_MUTUAL")).then(|| hop.principal()),
        tls: matches!(mode, Some("SIMPLE" | "MUTUAL" | "ISTIO_MUTUAL")).then(|| asked_name(way, delivery, mode)),
    };
    let mut way = way.clone();
    through(hop.index, gatehouse, &visit, &mut way, verdict);
    way.finish(verdict);
}

/// The name that the caller's proxy asks for in TLS: the rule's own, else in mutual TLS that of the cluster, else that of the request.
/// Upstream: istio/istio pilot/pkg/networking/core/cluster_tls.go, buildUpstreamTLSSettings, applyUpstreamTLSSettings.
fn asked_name(way: &Way, delivery: &Delivery, mode: Option<&str>) -> String {
    let cluster = &delivery.cluster;
    match (cluster.sni.as_str(), mode) {
        ("", Some("ISTIO_MUTUAL")) => {
            let subset = cluster.subset.as_ref().map_or("", |(name, ..)| name.as_str());
            format!("outbound_.{}_.{subset}_.{}", cluster.port, service_host(&cluster.name.0, &cluster.name.1))
        }
        ("", _) => mesh::split_port(&way.authority).0.to_owned(),
        (sni, _) => sni.to_owned(),
    }
}

/// A share of the requests reaches a gateway's pod, while others go elsewhere.
pub(super) fn arrive(peer: &Peer, transport: Transport) -> Arrival {
    let because = said!(
        "{} is a gateway, and only a share of the requests goes to it",
        "{} 是网关，而只有一部分请求去往它",
        peer.name()
    );
    Arrival::at(Outcome::Unknown, transport, Step::said("deliver", because))
}
