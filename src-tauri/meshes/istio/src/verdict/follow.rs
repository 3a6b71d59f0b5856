//! What a rule of a VirtualService does with a request.

use mesh::{Membership, Outcome, Step, Verdict};
use world::{Said, said};

use super::change::{change, matched};
use super::deliver::{Delivery, deliver};
use super::endpoint::{Cluster, Nothing};
use super::said;
use super::way::{Hop, Way};
use crate::kinds::virtual_service::select::Entry;
use crate::kinds::virtual_service::spec::{Fault, HttpRoute, Redirect, Target, Weighted};
use crate::kinds::virtual_service::{cors, words};
use crate::read::hosts::{fqdn, service_of};
use crate::read::registry::Host;

/// Without a VirtualService: to the host itself.
pub(super) fn default(hop: &Hop, way: &mut Way, host: &Host, verdict: &mut Verdict) {
    let port = way.target.port;
    way.count();
    match Cluster::of(hop, &host.name(), port, None) {
        Ok(cluster) => deliver(hop, way, vec![Delivery { share: 1.0, cluster, plain: false }], verdict, Some(503)),
        Err(nothing) => {
            said(verdict, "deliver", nothing.because(&host.name(), port));
            verdict.ends(Outcome::NoDestination);
            verdict.status = Some(503);
        }
    }
}

/// Does what the rule says.
pub(super) fn follow(hop: &Hop, way: &mut Way, entry: &Entry, verdict: &mut Verdict) {
    let (key, rule) = (entry.key, &*entry.http);
    let caught = entry.condition().map(|m| Said::list(&words::conditions(m))).filter(|words| !words.en.is_empty());
    let Said { en, zh } = caught.unwrap_or_else(|| ("it has no conditions", "它没有条件").into());
    verdict.trace.push(Step::by(
        "route",
        key,
        entry.path(),
        said!("the first rule that catches it: {en}", "第一条匹配的规则：{zh}"),
    ));
    let at = |field: &str| entry.field(field);
    if let Some(redirect) = &rule.redirect {
        let location = replaced(rule).unwrap_or_else(|| location(redirect, entry, way));
        verdict.trace.push(Step::by("redirect", key, at("redirect"), said!("to {location}", "到 {location}")));
        verdict.ends(Outcome::Redirected);
        verdict.status = Some(if redirect.redirect_code == 0 { 301 } else { redirect.redirect_code });
        verdict.location = Some(location);
        return;
    }
    if let Some(direct) = &rule.direct_response {
        let because = said!("the caller's own proxy answers {}", "调用方自己的代理返回 {}", direct.status);
        verdict.trace.push(Step::by("answer", key, at("directResponse"), because));
        verdict.ends(Outcome::Direct);
        verdict.status = Some(direct.status);
        // Envoy names the place itself in an answer that is to name one.
        let own = || matches!(direct.status, 201 | 300..=399).then(|| location(&Redirect::default(), entry, way));
        verdict.location = replaced(rule).or_else(own);
        return;
    }
    if let Some(status) = inject(rule.fault.as_ref(), verdict) {
        verdict.trace.push(Step::by(
            "fault",
            key,
            at("fault.abort"),
            said!("every request is answered {status}", "每个请求都得到 {status}"),
        ));
        verdict.ends(Outcome::Aborted);
        verdict.status = Some(status);
        return;
    }
    if rule.cors_policy.as_ref().is_some_and(|policy| cors::answers(policy, &way.method, &way.headers)) {
        let because = (
            "a browser's question whether it may ask: the caller's own proxy answers",
            "浏览器的跨域预检：由调用方自己的代理应答",
        );
        verdict.trace.push(Step::by("answer", key, at("corsPolicy"), because));
        verdict.ends(Outcome::Direct);
        verdict.status = Some(200);
        return;
    }
    describe(&key.namespace, rule, verdict);
    for (place, Said { en, zh }) in words::answers(entry) {
        let because = said!("the answer's headers: {en}", "应答的 HTTP 头：{zh}");
        verdict.trace.push(Step::by("headers", key, place, because));
    }
    change(rule, entry, way, verdict);
    send(hop, way, entry, verdict);
}

/// The place that the rule puts into the header of the answer itself.
fn replaced(rule: &HttpRoute) -> Option<String> {
    let set = &rule.headers.as_ref()?.response.as_ref()?.set;
    set.iter().find(|(name, _)| name.eq_ignore_ascii_case("location")).map(|(_, value)| value.clone())
}

/// Upstream: envoyproxy/envoy source/common/router/config_impl.cc, newUri: a path of its own keeps the query unless it brings one; a host of
/// its own drops the port.
fn location(redirect: &Redirect, entry: &Entry, way: &Way) -> String {
    let scheme = if redirect.scheme.is_empty() { &way.scheme } else { &redirect.scheme };
    let port = match redirect.derive_port.as_deref() {
        Some("FROM_REQUEST_PORT") => Some(way.target.port),
        _ => redirect.port.filter(|p| *p != 0),
    };
    // istiod leaves the usual port away, and knows only whether the connection is encrypted.
    let usual = if redirect.scheme.is_empty() { &way.target.scheme } else { &redirect.scheme };
    let port = port.filter(|p| !matches!((usual.as_str(), p), ("http", 80) | ("https", 443)));
    let whole = if redirect.authority.is_empty() { &way.authority } else { &redirect.authority };
    // A change of the scheme takes the port of the old one away.
    let whole = match mesh::split_port(whole) {
        (host, Some(own))
            if *scheme != way.scheme && matches!((way.scheme.as_str(), own), ("http", "80") | ("https", "443")) =>
        {
            host
        }
        _ => whole,
    };
    // A port that the rule's own authority brings stays in front of another: Envoy takes it off the request's alone.
    let bare = if redirect.authority.is_empty() { mesh::split_port(whole).0 } else { whole };
    let host = port.map_or_else(|| whole.to_owned(), |port| format!("{bare}:{port}"));
    let path = match (redirect.prefix_rewrite.as_str(), redirect.uri.as_str()) {
        ("", "") => way.path.clone(),
        ("", uri) if uri.starts_with('/') => uri.to_owned(),
        ("", uri) => format!("/{uri}"),
        (prefix, _) => format!("{prefix}{}", way.path.get(matched(entry, &way.path)..).unwrap_or_default()),
    };
    let query = way.query.as_ref().filter(|_| !path.contains('?')).map(|q| format!("?{q}")).unwrap_or_default();
    format!("{scheme}://{host}{path}{query}")
}

/// Puts the faults into the verdict; the status where every request is aborted.
fn inject(fault: Option<&Fault>, verdict: &mut Verdict) -> Option<u16> {
    let fault = fault?;
    verdict.fault.delay = fault.delay.as_ref().and_then(|d| {
        let percent = d.percentage.map(|p| p.value).or(d.percent).unwrap_or(0.0);
        Some(mesh::Delay { duration: d.fixed_delay.clone()?, percent }).filter(|d| d.percent > 0.0)
    });
    verdict.fault.abort = fault.abort.as_ref().and_then(|a| {
        let percent = a.percentage.map_or(0.0, |p| p.value);
        // A request that is no gRPC is answered 200, with the other status in a header.
        let status = a.http_status.or(a.grpc_status.as_ref().map(|_| 200))?;
        Some(mesh::Abort { status, percent }).filter(|a| a.percent > 0.0)
    });
    verdict.fault.abort.as_ref().filter(|a| a.percent >= 100.0).map(|a| a.status)
}

/// What the rule adds without changing where the request goes.
fn describe(home: &str, rule: &HttpRoute, verdict: &mut Verdict) {
    verdict.timeout.clone_from(&rule.timeout);
    verdict.retries = rule.retries.as_ref().map(|r| mesh::Retries {
        attempts: r.attempts,
        per_try_timeout: r.per_try_timeout.clone(),
        on: r.retry_on.clone(),
    });
    let old = rule.mirror.as_ref().map(|m| {
        let percent = rule.mirror_percentage.map(|p| p.value).or(rule.mirror_percent).unwrap_or(100.0);
        mirror(m, home, percent)
    });
    let new = rule
        .mirrors
        .iter()
        .filter_map(|m| Some(mirror(m.destination.as_ref()?, home, m.percentage.map_or(100.0, |p| p.value))));
    verdict.mirror = old.into_iter().chain(new).filter(|m| m.percent > 0.0).collect();
}

fn mirror(target: &Target, home: &str, percent: f64) -> mesh::Mirror {
    let subset = Some(target.subset.clone()).filter(|s| !s.is_empty());
    mesh::Mirror { service: named(&fqdn(&target.host, home)), subset, percent }
}

/// (namespace, service), or ("", host).
pub(super) fn named(host: &str) -> (String, String) {
    service_of(host).map_or_else(|| (String::new(), host.to_owned()), |(ns, name)| (ns.to_owned(), name.to_owned()))
}

/// Shares by weight: a single destination takes all whatever its weight, a weight of zero takes none, and weights need not add up to 100.
/// Upstream: istio/istio pilot/pkg/networking/core/route/route.go, applyHTTPRouteDestination.
pub(crate) fn shares(route: &[Weighted]) -> Vec<(usize, f64)> {
    if route.len() == 1 {
        return vec![(0, 1.0)];
    }
    let total: i64 = route.iter().map(|r| i64::from(r.weight.max(0))).sum();
    #[allow(clippy::cast_precision_loss, reason = "weights are small")]
    let share = |weight: i32| f64::from(weight) / total as f64;
    route.iter().enumerate().filter(|(_, r)| r.weight > 0).map(|(at, r)| (at, share(r.weight))).collect()
}

/// Without a port of its own, a destination is asked for on the port that the caller chose; by a gateway, on the only port of its host where
/// it has but one. A sidecar knows at each port only the hosts that have it.
/// Upstream: istio/istio pilot/pkg/networking/core/route/route.go, GetDestinationCluster.
pub(super) fn port_of(hop: &Hop, target: &Target, host: &str, asked: u16) -> u16 {
    let said = target.port.as_ref().map(|p| p.number).filter(|p| *p != 0);
    let only = || hop.index.host(&hop.scope, host, &hop.from.namespace)?.only_port();
    let gateway = hop.from.membership == Some(Membership::Gateway);
    said.or_else(|| only().filter(|_| gateway)).unwrap_or(asked)
}

fn send(hop: &Hop, way: &mut Way, entry: &Entry, verdict: &mut Verdict) {
    let hop = &Hop { scope: hop.scope.behind_rules(), ..*hop };
    way.count();
    let (key, route) = (entry.key, &entry.http.route);
    let field = |at: usize| entry.field(&format!("route[{at}]"));
    let split = shares(route);
    if split.is_empty() {
        verdict.trace.push(Step::by(
            "split",
            key,
            entry.field("route"),
            ("no destination has a weight", "没有目的地带权重"),
        ));
        verdict.ends(Outcome::NoDestination);
        verdict.status = Some(503);
        return;
    }
    if split.len() > 1 {
        let because = said!("{} by weight", "按权重：{}", words::action(&entry.http));
        verdict.trace.push(Step::by("split", key, entry.field("route"), because));
    }
    let (mut deliveries, mut absent, mut missing) = (Vec::new(), 0.0, Vec::new());
    for (at, share) in split {
        let Some(weighted) = route.get(at) else { continue };
        let target = &weighted.destination;
        let host = fqdn(&target.host, &key.namespace);
        let port = port_of(hop, target, &host, way.target.port);
        let subset = Some(target.subset.as_str()).filter(|s| !s.is_empty());
        let unlisted =
            hop.from.membership == Some(Membership::Sidecar) && hop.index.alias_lacks(&host, way.target.port);
        match Cluster::of(hop, &host, port, subset) {
            Ok(cluster) if !unlisted => {
                if let Some((name, object, path)) = &cluster.subset {
                    verdict.trace.push(Step::by(
                        "subset",
                        object,
                        path.clone(),
                        said!("{name} is defined here", "{name} 在此定义"),
                    ));
                }
                deliveries.push(Delivery { share, cluster, plain: false });
            }
            found => {
                absent += share;
                missing.push(deliveries.len());
                let nothing = found.err().unwrap_or(Nothing::Port);
                let because = nothing.because(&host, port);
                verdict.trace.push(Step::by("destination", key, format!("{}.destination", field(at)), because));
                let mut cluster = Cluster::named(named(&host), port);
                cluster.subset = subset.map(|s| (s.to_owned(), key.clone(), field(at)));
                deliveries.push(Delivery { share, cluster, plain: false });
            }
        }
    }
    deliver(hop, way, deliveries, verdict, Some(503));
    // The Gateway API asks for 500 where a backend is not there; one without pods stays 503.
    if entry.is_derived() && verdict.outcome == Outcome::NoDestination && absent >= 0.5 {
        verdict.status = Some(500);
    }
    for lost in verdict.lost.iter_mut().filter(|lost| entry.is_derived() && lost.outcome == Outcome::NoDestination) {
        if missing.contains(&lost.destination) {
            lost.status = Some(500);
        }
    }
}
