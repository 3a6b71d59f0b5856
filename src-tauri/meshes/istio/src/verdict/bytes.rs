//! Connections whose bytes the caller's proxy forwards unread.

use mesh::{Outcome, Resolved, Step, Verdict};
use world::said;

use super::deliver::{Delivery, deliver};
use super::endpoint::Cluster;
use super::leave::past_routes;
use super::listener::{Listener, listener, registry_only};
use super::way::{Hop, Way};
use super::{follow, said};
use crate::kinds::virtual_service::bytes::{BytesRule, Connection, Named, tcp, tls};
use crate::read::hosts::fqdn;
use crate::read::registry::{Host, Speech};

/// The caller encrypts by itself: no proxy on the way reads the request.
pub(super) fn encrypted(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    let because = (
        "the caller encrypts by itself, so the proxy forwards what it cannot read",
        "调用方自行加密，所以代理转发它读不懂的内容",
    );
    said(verdict, "listen", because);
    match listener(hop, way, resolved) {
        Listener::Bytes(host, speech) => forwarded(hop, way, &host, speech, resolved, verdict),
        Listener::Only(host) => forwarded(hop, way, &host, Speech::Tcp, resolved, verdict),
        Listener::Requests | Listener::Proxy | Listener::None => unknown(hop, way, resolved, verdict),
    }
}

/// To a host by its own rules for connections, else to the host itself.
pub(super) fn forwarded(
    hop: &Hop,
    way: &mut Way,
    host: &Host,
    speech: Speech,
    resolved: &Resolved,
    verdict: &mut Verdict,
) {
    let asking = hop.asking(way.target.port);
    let address = match resolved {
        Resolved::Service(service) => service.cluster_ips.first().map_or("", String::as_str),
        Resolved::Pod(pod) => &pod.ip,
        Resolved::Outside(address) => address,
        Resolved::Nowhere(_) => "",
    };
    let connection = Connection { port: way.target.port, address, sni: way.sni() };
    let rule = match speech {
        Speech::Tls => match tls(hop.index, &host.name(), asking, connection) {
            Named::Rule(rule) => Some(rule),
            Named::None => None,
            Named::Other => {
                let because = match way.sni() {
                    Some(name) => said!("no rule for TLS leads {name} on", "没有 TLS 规则路由 {name}"),
                    None => {
                        said!("no rule for TLS leads a caller without a name on", "没有 TLS 规则路由不带名称的调用方")
                    }
                };
                said(verdict, "route", because);
                return unknown(hop, way, resolved, verdict);
            }
        },
        _ => tcp(hop.index, &host.name(), asking, connection),
    };
    match rule {
        Some(rule) => by_rule(hop, way, &rule, verdict),
        None => to_host(hop, way, host, verdict),
    }
}

pub(super) fn to_host(hop: &Hop, way: &mut Way, host: &Host, verdict: &mut Verdict) {
    let port = host.only_port().unwrap_or(way.target.port);
    match Cluster::of(hop, &host.name(), port, None) {
        Ok(cluster) => connect(hop, way, vec![Delivery { share: 1.0, cluster, plain: false }], verdict),
        Err(nothing) => {
            said(verdict, "deliver", nothing.because(&host.name(), port));
            verdict.ends(Outcome::NoDestination);
        }
    }
    cut_short(verdict);
}

pub(super) fn by_rule(hop: &Hop, way: &mut Way, rule: &BytesRule, verdict: &mut Verdict) {
    verdict.trace.push(Step::by(
        "route",
        rule.key,
        rule.path(),
        ("the rule for connections that holds", "生效的连接规则"),
    ));
    let hop = Hop { scope: hop.scope.behind_rules(), ..*hop };
    let mut deliveries = Vec::new();
    for (at, share) in follow::shares(rule.route) {
        let Some(target) = rule.route.get(at).map(|r| &r.destination) else { continue };
        let host = fqdn(&target.host, &rule.key.namespace);
        let port = target.port.as_ref().map(|p| p.number).filter(|p| *p != 0);
        let found = hop.index.host(&hop.scope, &host, &hop.from.namespace);
        let port = port.or(found.and_then(|h| h.only_port())).unwrap_or(way.target.port);
        let subset = Some(target.subset.as_str()).filter(|s| !s.is_empty());
        let cluster = Cluster::of(&hop, &host, port, subset).unwrap_or_else(|nothing| {
            verdict.trace.push(Step::by("destination", rule.key, rule.destination(at), nothing.because(&host, port)));
            Cluster::named(follow::named(&host), port)
        });
        deliveries.push(Delivery { share, cluster, plain: false });
    }
    connect(&hop, way, deliveries, verdict);
    cut_short(verdict);
}

/// Opens connections whose bytes are not read, through a tunnel where a rule asks for one.
fn connect(hop: &Hop, way: &mut Way, deliveries: Vec<Delivery>, verdict: &mut Verdict) {
    match deliveries.iter().find_map(|delivery| delivery.cluster.odd.tunnel.clone()) {
        Some((to, (key, path))) => {
            let because = said!(
                "whether what stands there opens a tunnel to {to} is not known",
                "那里是否会打开到 {to} 的隧道不得而知"
            );
            verdict.trace.push(Step::by("tunnel", &key, path, because.clone()));
            *verdict = verdict.clone().because(("the destination", "目的地"), because);
        }
        None => deliver(hop, way, deliveries, verdict, None),
    }
}

/// Nobody answers for a connection that fails: the caller sees it closed.
fn cut_short(verdict: &mut Verdict) {
    if matches!(verdict.outcome, Outcome::NoDestination | Outcome::Refused) {
        verdict.status = None;
    }
}

/// No listener knows where it goes: to the address itself, unless nothing unknown may leave.
pub(super) fn unknown(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    if let Some((key, path)) = registry_only(hop) {
        let because = (
            "nothing unknown may leave, and the proxy does not know where this goes",
            "不放行未知的外部请求，而代理不知道它去往何处",
        );
        verdict.trace.push(Step::by("route", &key, path, because));
        verdict.ends(Outcome::Refused);
        return;
    }
    if let Some((policy, key)) = hop.scope.outbound_policy()
        && let Some(proxy) = &policy.egress_proxy
    {
        let port = proxy.port.as_ref().map_or(0, |p| p.number);
        let because = said!("what is unknown goes to {}", "未知的请求发往 {}", proxy.host);
        verdict.trace.push(Step::by("route", key, "spec.outboundTrafficPolicy.egressProxy", because));
        match Cluster::of(
            hop,
            &proxy.host.to_ascii_lowercase(),
            port,
            Some(proxy.subset.as_str()).filter(|s| !s.is_empty()),
        ) {
            Ok(cluster) => deliver(hop, way, vec![Delivery { share: 1.0, cluster, plain: false }], verdict, None),
            Err(nothing) => {
                said(verdict, "deliver", nothing.because(&proxy.host, port));
                verdict.ends(Outcome::NoDestination);
            }
        }
        return cut_short(verdict);
    }
    past_routes(hop, way, resolved, verdict, None);
}
