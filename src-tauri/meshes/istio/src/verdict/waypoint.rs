//! Requests that go through a waypoint: its policies see them, its routes send them on, and it calls the pods under its own name.

use std::sync::Arc;

use mesh::{Membership, Outcome, Step, Transport, Verdict};
use world::{Document, Labels, ObjectKey, Pod, Said, said};

use super::arrive::{Place, short};
use super::deliver::{Delivery, deliver};
use super::endpoint::Cluster;
use super::token::{check_at, taken};
use super::way::{Hop, Sender, Way};
use super::{bytes, follow, no_route, said, unread, untold};
use crate::kinds::authorization_policy::decide::{Admission, Arriving, waypoint::admit};
use crate::kinds::sidecar::Scope;
use crate::kinds::target::binds;
use crate::kinds::virtual_service::bytes::at_waypoint;
use crate::kinds::virtual_service::select::{self, Caught};
use crate::kinds::virtual_service::waypoint as routes;
use crate::read::Index;
use crate::read::headers::{Headers, REQUEST_ID};
use crate::read::registry::{Host, Speech};
use crate::read::waypoint::{GATEWAY_NAME, MANAGED, MANAGED_WAYPOINT, Waypoint};

/// What the caller asked for.
pub(super) enum Sought<'a> {
    /// A service, or a host that a ServiceEntry adds.
    Host(Host<'a>),
    /// A pod, by its own address.
    Pod(Arc<Pod>),
}

impl Sought<'_> {
    /// The object that policies are bound to; none for a pod.
    fn service(&self) -> Option<ObjectKey> {
        match self {
            Self::Host(Host::Service(s)) => Some(ObjectKey::new("", "Service", &s.namespace, &s.name)),
            Self::Host(Host::Entry(typed, ..)) => Some(typed.document.key.clone()),
            Self::Pod(_) => None,
        }
    }

    fn address(&self) -> &str {
        match self {
            Self::Host(Host::Service(s)) => s.cluster_ips.first().map_or("", String::as_str),
            Self::Host(Host::Entry(..)) => "",
            Self::Pod(pod) => &pod.ip,
        }
    }

    /// Whether the port carries bytes; what nobody said is looked at.
    fn is_bytes(&self, port: u16) -> bool {
        matches!(self, Self::Host(host) if host.speech(port) == Some(Speech::Tcp))
    }
}

/// Through a waypoint: by HBONE from the caller, and on under the waypoint's own name.
/// Upstream: istio/istio pilot/pkg/networking/core/listener_waypoint.go, buildWaypointInternal.
pub(super) fn through(hop: &Hop, way: &mut Way, waypoint: &Waypoint, sought: &Sought, verdict: &mut Verdict) {
    let (index, key) = (hop.index, &waypoint.key);
    let called = format!("{}/{}", key.namespace, key.name);
    let (by, path) = &waypoint.by;
    let because = said!(
        "{by} has its requests taken by waypoint {called}, to which ztunnel sends them by HBONE",
        "{by} 的请求由 waypoint {called} 接收，ztunnel 以 HBONE 发往它"
    );
    verdict.trace.push(Step::by("waypoint", by, path.clone(), because));
    let Some(sender) = sender(index, key) else {
        verdict.trace.push(Step::by(
            "deliver",
            key,
            "status",
            said!("waypoint {called} has no ready pods", "waypoint {called} 没有就绪的 Pod"),
        ));
        return verdict.ends(Outcome::NoDestination);
    };
    if way.is_encrypted() {
        let why = (
            "its sender encrypts it, so the waypoint sees no request in it",
            "发送方自行加密，所以 waypoint 看不到其中的请求",
        );
        *verdict = verdict.clone().because(("the request", "请求"), why);
        return;
    }
    let service = sought.service();
    if let Some(document) = changed_by_hand(index, key, service.as_ref()) {
        *verdict = verdict
            .clone()
            .because(("the waypoint", "waypoint"), said!("{} changes it by hand", "{} 直接修补了它", document.key));
        return;
    }
    if !sought.is_bytes(way.target.port) {
        if let Some(why) = way.read("http") {
            return unread(verdict, why);
        }
        if !taken(check_at(index, key, service.as_ref(), way), ("the waypoint", "waypoint"), way, verdict) {
            return;
        }
    }
    if !authorize(hop, way, waypoint, sought, verdict) {
        return;
    }
    let on = Hop { index, scope: Scope::whole(&key.namespace), from: &sender };
    send(&on, way, sought, verdict);
}

/// The waypoint's pod, by whose name it calls. One that no cluster has seen yet is taken as istiod will make it.
/// Upstream: istio/istio manifests/charts/istio-control/istio-discovery/files/waypoint.yaml.
fn sender(index: &Index, gateway: &ObjectKey) -> Option<Sender> {
    let labels = Labels::from([(GATEWAY_NAME, gateway.name.as_str()), (MANAGED, MANAGED_WAYPOINT)]);
    let named = labels.only(|name| name == GATEWAY_NAME);
    let pods = index.places.selected(&gateway.namespace, &named);
    if pods.is_empty() {
        return Some(Sender {
            namespace: gateway.namespace.clone(),
            account: gateway.name.clone(),
            ip: String::new(),
            node: String::new(),
            membership: Some(Membership::Gateway),
            labels,
        });
    }
    let ready = pods.into_iter().find(|pod| pod.ready)?;
    let mut sender = Sender::of(index, ready);
    sender.labels = sender.labels.with(&labels);
    Some(sender)
}

/// An object that changes what the waypoint does with a request in ways that cannot be read from it.
fn changed_by_hand<'a>(index: &'a Index, waypoint: &ObjectKey, service: Option<&ObjectKey>) -> Option<&'a Document> {
    index.opaque().map(AsRef::as_ref).find(|d| binds(d, waypoint, service, &index.root))
}

/// Asks the policies at the waypoint. They see the caller by its own name, the request as it was sent, and the port that was asked for.
fn authorize(hop: &Hop, way: &Way, waypoint: &Waypoint, sought: &Sought, verdict: &mut Verdict) -> bool {
    let (index, key, service) = (hop.index, &waypoint.key, sought.service());
    let bytes = sought.is_bytes(way.target.port);
    let request = Arriving {
        principal: Some(hop.principal()),
        ip: &hop.from.ip,
        remote_ip: &hop.from.ip,
        method: &way.method,
        authority: &way.authority,
        path: &way.path,
        query: way.query.as_deref(),
        headers: Headers { sent: &way.headers, made: &[REQUEST_ID], method: &way.method },
        port: way.target.port,
        destination_ip: sought.address(),
        sni: None,
        settings: Some(&index.settings),
        claims: way.claims.as_ref(),
        tcp: bytes,
    };
    let place = |key: &ObjectKey, path: String| -> Place { (key.clone(), path) };
    let mut status = 403;
    let (ends, (by, path), because) = match admit(index, key, service.as_ref(), &request) {
        Admission::Allowed(None) => {
            let because =
                said!("no policy is bound to waypoint {} for it", "waypoint {} 上没有为它绑定的策略", key.name);
            said(verdict, "authorize", because);
            return true;
        }
        Admission::Allowed(Some((by, path))) => {
            let because = said!("{} allows it at waypoint {}", "{} 在 waypoint {} 处允许它", short(&by), key.name);
            verdict.trace.push(Step::by("authorize", &by, path, because));
            return true;
        }
        Admission::Denied(by, path) => {
            (Outcome::Denied, place(&by, path), said!("a rule of {} denies it", "{} 的一条规则拒绝它", short(&by)))
        }
        Admission::Failed(by, path, said) => {
            status = said;
            (
                Outcome::Denied,
                place(&by, path),
                said!("the authorizer that {} names does not answer", "{} 所指的授权服务没有应答", short(&by)),
            )
        }
        Admission::NotAllowed(by, path) => {
            (Outcome::Denied, place(&by, path), said!("no rule of {} allows it", "{} 没有规则允许它", short(&by)))
        }
        Admission::Unknown(by, why) => {
            let why = Said::of(by.to_string(), why);
            *verdict = verdict.clone().because(("the policies of the waypoint", "waypoint 的策略"), why);
            return false;
        }
    };
    verdict.trace.push(Step::by("authorize", &by, path, because));
    verdict.ends(ends);
    verdict.transport = Some(Transport::Mtls);
    verdict.status = (!bytes).then_some(status);
    false
}

/// The waypoint sends it on: as its routes say, else to the pods that were asked for.
fn send(on: &Hop, way: &mut Way, sought: &Sought, verdict: &mut Verdict) {
    let port = way.target.port;
    let host = match sought {
        Sought::Host(host) => host,
        Sought::Pod(pod) => {
            let cluster = Cluster::at(pod, port);
            return deliver(on, way, vec![Delivery { share: 1.0, cluster, plain: false }], verdict, Some(503));
        }
    };
    let waypoint = on.from.namespace.as_str();
    let all = routes::for_host(on.index, &host.name(), host.namespace(), waypoint);
    if sought.is_bytes(port) {
        return match at_waypoint(&all, &host.name(), port) {
            Some(rule) => bytes::by_rule(on, way, &rule, verdict),
            None => bytes::to_host(on, way, host, verdict),
        };
    }
    let rules = routes::rules(on.index, &all, waypoint, port);
    let first = rules.first().map(|rule| (rule.key, rule.list));
    match (select::first(rules, &way.sent()), first) {
        (Caught::By(entry), _) => follow::follow(on, way, &entry, verdict),
        (Caught::Perhaps(entry, why), _) => untold(verdict, &entry, why),
        (Caught::Not, Some((key, list))) => {
            let because = said!("none of its rules catches {} {}", "它的规则都不匹配 {} {}", way.method, way.path);
            no_route(verdict, Step::by("route", key, list, because));
        }
        (Caught::Not, None) => {
            said(
                verdict,
                "route",
                said!(
                    "the waypoint has no route for {}, so every ready pod may get it",
                    "waypoint 没有用于 {} 的路由，所以任何就绪的 Pod 都可能收到",
                    host.name()
                ),
            );
            follow::default(on, way, host, verdict);
        }
    }
}
