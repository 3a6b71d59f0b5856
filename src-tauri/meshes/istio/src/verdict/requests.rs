//! Requests that the caller's proxy reads: the authority names a host, the host's rules decide.
//! Upstream: istio/istio pilot/pkg/networking/core/httproute.go, BuildSidecarOutboundVirtualHosts.

use mesh::{Outcome, Resolved, Step, Verdict};
use world::said;

use super::leave::past_routes;
use super::listener::{loopback, registry_only};
use super::way::{Hop, Way};
use super::{bytes, follow, no_route, said, unread, untold};
use crate::edge::Table;
use crate::kinds::virtual_service::matches::Asking;
use crate::kinds::virtual_service::select::{self, Caught, Entry};
use crate::read::Index;
use crate::read::domains::{Named, domain};
use crate::read::hosts::{fqdn, is_wildcard};
use crate::read::registry::{Speech, speech};

/// On a port that all hosts share: the authority names one of them.
pub(super) fn routed(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    let (index, caller, port) = (hop.index, hop.from.namespace.as_str(), way.target.port);
    let known = index.named(&hop.scope.on(port), &way.authority, caller);
    let known = known.filter(|n| n.host.speech(port).is_some_and(Speech::reads_requests));
    to_host(hop, way, resolved, known, verdict);
}

/// By a proxy that is asked by name. It knows hosts of port 80 alone: those of other ports stand in its routes with their port, and the port of what
/// is asked for is cut off before it is looked up. Upstream: httproute.go, mergeAllVirtualHosts, IgnorePortInHostMatching.
pub(super) fn by_name(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    const PORT: u16 = 80;
    let listening = way.target.port;
    let known = hop.index.named(&hop.scope.on(listening), &way.authority, &hop.from.namespace);
    let known = known.filter(|n| n.host.speech(PORT).is_some_and(Speech::reads_requests));
    if known.is_none() {
        return unknown_host(hop, way, resolved, verdict);
    }
    way.target.port = PORT;
    let hop = Hop { scope: hop.scope.on(listening), ..*hop };
    to_host(&hop, way, resolved, known, verdict);
}

/// To a host that is known, or to what rules say of one that is not.
pub(super) fn to_host(hop: &Hop, way: &mut Way, resolved: &Resolved, known: Option<Named>, verdict: &mut Verdict) {
    if let Some(why) = way.read("http") {
        return unread(verdict, why);
    }
    if way.is_schemeless() {
        let because =
            ("x-forwarded-proto is empty, and so no rule is asked", "x-forwarded-proto 为空，因此不会匹配任何规则");
        return no_route(verdict, Step::said("route", because));
    }
    let (index, caller, port) = (hop.index, hop.from.namespace.as_str(), way.target.port);
    let asking = hop.asking(port);
    let has = |host: &str| {
        let alias = |s: &world::Service| s.kind == "ExternalName" && s.ports.iter().any(|p| p.port == port);
        let known = || {
            index.host(&asking.scope, host, caller).is_some_and(|h| h.speech(port).is_some())
                || index.service_called(host).is_some_and(|s| alias(s))
        };
        if is_wildcard(host) { index.fits_any(&asking.scope, host, port, caller) } else { known() }
    };
    let found = match &known {
        Some(named) => of_host(index, named, asking, port),
        None => {
            // An ExternalName Service is a name of the mesh, also where what it stands for is none.
            let asked = domain(&way.authority);
            let full = Some(fqdn(&asked, caller)).filter(|full| index.service_called(full).is_some());
            select::for_unknown(index, &full.unwrap_or(asked), asking, port, has)
        }
    };
    match (found, known) {
        (Some((table, entries)), _) => match select::first(entries, &way.sent()) {
            Caught::By(entry) => follow::follow(hop, way, &entry, verdict),
            Caught::Perhaps(entry, why) => untold(verdict, &entry, why),
            Caught::Not => {
                let because = said!("none of its rules catches {} {}", "它的规则都不匹配 {} {}", way.method, way.path);
                let step = match table.key() {
                    Some(key) => Step::by("route", key, table.list(), because),
                    None => Step::said("route", because),
                };
                no_route(verdict, step);
            }
        },
        (None, Some(Named { host, .. })) => {
            said(
                verdict,
                "route",
                said!(
                    "no VirtualService routes {}, so every ready pod may get it",
                    "没有 VirtualService 路由 {}，所以任何就绪的 Pod 都可能收到",
                    host.name()
                ),
            );
            follow::default(hop, way, &host, verdict);
        }
        (None, None) => unknown_host(hop, way, resolved, verdict),
    }
}

/// The routes of a host. One that another name stands for may have routes by either name: those that go first count.
fn of_host<'a>(index: &'a Index, named: &Named, asking: Asking<'a>, port: u16) -> Option<(Table<'a>, Vec<Entry<'a>>)> {
    let own = select::for_host(index, &named.host.name(), asking, port);
    let alias = named.alias.as_ref().and_then(|alias| {
        let service = index.service_called(alias)?;
        let has = service.ports.iter().any(|p| p.port == port && speech(p).reads_requests());
        select::for_host(index, alias, asking, port).filter(|_| has)
    });
    let mut both: Vec<_> = own.into_iter().chain(alias).collect();
    both.sort_by_cached_key(|(table, _)| table.rank(index, asking.namespace));
    both.into_iter().next()
}

fn unknown_host(hop: &Hop, way: &mut Way, resolved: &Resolved, verdict: &mut Verdict) {
    let who = way.authority.clone();
    way.count();
    if let Some((key, path)) = registry_only(hop) {
        let because = said!(
            "{who} is no host that this proxy knows, and it lets nothing unknown out",
            "此代理不认识主机 {who}，且不放行未知的外部请求"
        );
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
    if loopback(resolved).is_some() {
        let because = said!(
            "{who} is no host that this proxy knows, and the caller chose no address for it",
            "此代理不认识主机 {who}，调用方也没有选定地址"
        );
        said(verdict, "route", because);
        verdict.ends(Outcome::NoDestination);
        verdict.status = Some(503);
        return;
    }
    let because = said!(
        "{who} is no host that this proxy knows: it goes in plaintext to the address that the caller chose",
        "此代理不认识主机 {who}：以明文发往调用方选定的地址"
    );
    said(verdict, "route", because);
    past_routes(hop, way, resolved, verdict, Some(503));
}
