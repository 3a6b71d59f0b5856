//! Requests that the caller's proxy reads: the authority names a host, the host's rules decide.
//! Upstream: istio/istio pilot/pkg/networking/core/httproute.go, BuildSidecarOutboundVirtualHosts.

use mesh::{Outcome, Resolved, Step, Verdict};

use super::leave::past_routes;
use super::listener::registry_only;
use super::way::{Hop, Way};
use super::{bytes, follow, said};
use crate::kinds::virtual_service::matches::Sent;
use crate::kinds::virtual_service::select;
use crate::read::Index;
use crate::read::hosts::{of_authority, service_host, service_of};
use crate::read::registry::Host;

/// On a port that all hosts share: the authority names one of them.
pub(super) fn routed(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    let (index, caller, port) = (hop.index, hop.from.namespace.as_str(), way.target.port);
    let name = named_by(index, &way.authority, caller);
    let known = index.host(&hop.scope.on(port), &name, caller);
    let known = known.filter(|host| host.speech(port).is_some_and(|s| s.reads_requests()));
    to_host(hop, way, resolved, known, verdict);
}

/// By a proxy that is asked by name: the port too is the authority's.
pub(super) fn by_name(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    let port = mesh::split_port(&way.authority).1.and_then(|p| p.parse().ok()).unwrap_or(80);
    let listening = way.target.port;
    let name = named_by(hop.index, &way.authority, &hop.from.namespace);
    let known = hop.index.host(&hop.scope.on(listening), &name, &hop.from.namespace);
    let known = known.filter(|host| host.speech(port).is_some_and(|s| s.reads_requests()));
    if known.is_none() {
        return unknown_host(hop, way, resolved, verdict);
    }
    way.target.port = port;
    let hop = Hop { scope: hop.scope.on(listening), ..*hop };
    to_host(&hop, way, resolved, known, verdict);
}

/// To a host that is known, or to what rules say of one that is not.
pub(super) fn to_host(hop: &Hop, way: &mut Way, resolved: &Resolved, known: Option<Host>, verdict: &mut Verdict) {
    way.normalize();
    let (index, caller, port) = (hop.index, hop.from.namespace.as_str(), way.target.port);
    let asking = hop.asking(port);
    let has = |host: &str| index.host(&asking.scope, host, caller).is_some_and(|h| h.speech(port).is_some());
    let found = match &known {
        Some(host) => select::for_host(index, &host.name(), asking, port),
        None => select::for_unknown(index, &named_by(index, &way.authority, caller), asking, port, has),
    };
    match (found, known) {
        (Some((table, entries)), _) => {
            let sent = Sent {
                scheme: &way.target.scheme,
                method: &way.method,
                authority: &way.authority,
                path: &way.path,
                query: way.target.query.as_deref(),
                headers: &way.headers,
            };
            match select::first(entries, &sent) {
                Some(entry) => follow::follow(hop, way, &entry, verdict),
                None => {
                    let because = format!("none of its rules catches {} {}", way.method, way.path);
                    verdict.trace.push(match table.key() {
                        Some(key) => Step::by("route", key, table.list(), because),
                        None => Step::said("route", because),
                    });
                    verdict.ends(Outcome::NoRoute);
                    verdict.status = Some(404);
                }
            }
        }
        (None, Some(host)) => {
            said(verdict, "route", format!("no VirtualService routes {}, so every ready pod may get it", host.name()));
            follow::default(hop, way, &host, verdict);
        }
        (None, None) => unknown_host(hop, way, resolved, verdict),
    }
}

/// The host that an authority names: a service by any of its names or its address, else what is written.
fn named_by(index: &Index, authority: &str, caller: &str) -> String {
    let host = mesh::split_port(authority).0.trim_end_matches('.').to_ascii_lowercase();
    if let (Ok(_), Resolved::Service(service)) = (host.parse::<std::net::IpAddr>(), index.places.resolve(&host, caller))
    {
        return service_host(&service.namespace, &service.name);
    }
    let full = of_authority(authority, caller);
    let known = service_of(&full).is_some_and(|(namespace, name)| index.places.service(namespace, name).is_some());
    if known { full } else { host }
}

fn unknown_host(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    let who = way.authority.clone();
    if let Some((key, path)) = registry_only(hop) {
        let because = format!("{who} is no host that this proxy knows, and it lets nothing unknown out");
        verdict.trace.push(Step::by("route", &key, path, because));
        verdict.ends(Outcome::Blocked);
        verdict.status = Some(502);
        return;
    }
    if hop.scope.outbound_policy().is_some_and(|(policy, _)| policy.egress_proxy.is_some()) {
        bytes::unknown(hop, way, resolved, verdict);
        if matches!(verdict.outcome, Outcome::NoDestination | Outcome::Refused) {
            verdict.status = Some(503);
        }
        return;
    }
    let because =
        format!("{who} is no host that this proxy knows: it goes in plaintext to the address that the caller chose");
    said(verdict, "route", because);
    past_routes(hop, way, resolved, verdict, Some(503));
}
