//! VirtualService. Upstream: ValidateVirtualService, validateTLSRoute, validateTCPRoute, validateGatewayNames.

use world::said;

use super::{Flaws, http_route, names, selector};
use crate::read::field::Field;
use crate::read::hosts::matches;

pub(super) fn check(namespace: &str, spec: &Field, flaws: &mut Flaws) {
    let hosts = spec.items("hosts");
    let delegate = hosts.is_empty();
    for name in ["gateways", "tls", "tcp"] {
        let wrong = delegate && !spec.items(name).is_empty();
        flaws.hold(
            &spec.get(name),
            wrong.then(|| {
                said!(
                    "without hosts it is a delegate, which has no {name}",
                    "没有 hosts 时它是被委托的路由，不能有 {name}"
                )
            }),
        );
    }
    let gateways = spec.items("gateways");
    gateway_names(spec, flaws);
    let at_gateways = !gateways.is_empty() && gateways.iter().all(|g| g.as_text() != "mesh");
    check_hosts(spec, &hosts, at_gateways, flaws);
    let (http, tls, tcp) = (spec.items("http"), spec.items("tls"), spec.items("tcp"));
    flaws.never(http.is_empty() && tls.is_empty() && tcp.is_empty(), spec, ("it has no rules", "它没有规则"));
    for route in &http {
        if !at_gateways {
            claims(route, flaws);
        }
        http_route::check(route, delegate, flaws);
    }
    for route in &tls {
        let matches = route.items("match");
        flaws.never(matches.is_empty(), route, ("a TLS rule needs a match", "TLS 规则需要 match"));
        for found in &matches {
            sni_hosts(found, &hosts, at_gateways, flaws);
            l4_match(found, flaws);
        }
        destinations(route, "route", flaws);
    }
    for route in &tcp {
        for found in route.items("match") {
            l4_match(&found, flaws);
        }
        destinations(route, "route", flaws);
    }
    selector::export_to(namespace, spec, false, false, flaws);
}

fn check_hosts(spec: &Field, hosts: &[Field], at_gateways: bool, flaws: &mut Flaws) {
    let sni = spec.items("tls").iter().flat_map(|t| t.items("match")).any(|m| m.get("sniHosts").len() > 0);
    let mut all_good = true;
    for host in hosts {
        let text = host.as_text();
        let wrong = host_of(text, at_gateways, sni).filter(|_| !names::is_ip(text)).or_else(|| {
            let everything = !at_gateways && text == "*";
            everything.then(|| ("* is for gateways alone", "* 只能用于网关").into())
        });
        all_good &= wrong.is_none();
        flaws.hold(host, wrong);
    }
    for (at, host) in hosts.iter().enumerate().filter(|_| all_good) {
        let twice = hosts.iter().take(at).find(|other| matches(other.as_text(), host.as_text()));
        if let Some(other) = twice {
            flaws.error(host, said!("{} and {} overlap", "{} 与 {} 重叠", other.as_text(), host.as_text()));
        }
    }
}

/// Gateways of other clusters route by names that istiod makes: `outbound_.80_._.HOST`.
fn host_of(host: &str, at_gateways: bool, sni: bool) -> names::Wrong {
    let made = at_gateways && sni && host.starts_with("outbound_");
    let good = || {
        host.split_once("_._.")
            .is_some_and(|(port, name)| port.contains(|c: char| c.is_ascii_digit()) && !name.is_empty())
    };
    if made && good() { None } else { names::wildcard_host(host) }
}

fn claims(route: &Field, flaws: &mut Flaws) {
    for found in route.items("match") {
        for (name, field) in found.entries("headers").into_iter().chain(found.entries("withoutHeaders")) {
            flaws.never(
                names::is_claim(name),
                &field,
                ("claims of a token route at gateways alone", "只有网关才能按令牌中的声明路由"),
            );
        }
    }
}

/// `gateways`, of the whole or of one match.
pub(super) fn gateway_names(of: &Field, flaws: &mut Flaws) {
    for gateway in of.items("gateways") {
        let text = gateway.as_text();
        let Some((namespace, name)) = text.split_once('/') else {
            if text.contains('.') {
                flaws.warn(
                    &gateway,
                    (
                        "write NAMESPACE/NAME; names with dots are an old form",
                        "请写 NAMESPACE/NAME；带点的名称是旧写法",
                    ),
                );
            }
            flaws.hold(&gateway, names::fqdn(text));
            // istiod looks no further than the first short name.
            return;
        };
        flaws.hold(&gateway, names::label(namespace).or_else(|| names::label(name)));
    }
}

fn sni_hosts(found: &Field, hosts: &[Field], at_gateways: bool, flaws: &mut Flaws) {
    let all = found.items("sniHosts");
    flaws.never(all.is_empty(), &found.get("sniHosts"), ("a TLS match needs sniHosts", "TLS 的 match 需要 sniHosts"));
    for sni in &all {
        let text = sni.as_text();
        match host_of(text, at_gateways, true) {
            Some(_) if names::is_ip(text) => {
                flaws.warn(sni, ("clients send no address as server name", "客户端不会把地址当作服务器名称发送"))
            }
            Some(wrong) => flaws.error(sni, wrong),
            None => {
                let within = hosts.iter().any(|host| within(text, host.as_text()));
                flaws.hold(
                    sni,
                    (!within).then(|| {
                        said!(
                            "{text} is none of the hosts of this VirtualService",
                            "{text} 不是此 VirtualService 的主机之一"
                        )
                    }),
                );
            }
        }
    }
}

/// Whether every name that one pattern stands for, the other stands for too. Upstream: pkg/config/host/name.go, SubsetOf.
fn within(narrow: &str, wide: &str) -> bool {
    match wide.strip_prefix('*') {
        Some(suffix) => narrow.strip_prefix('*').unwrap_or(narrow).ends_with(suffix),
        None => narrow == wide,
    }
}

fn l4_match(found: &Field, flaws: &mut Flaws) {
    for subnet in found.items("destinationSubnets") {
        flaws.hold(&subnet, names::ip_range(subnet.as_text()));
    }
    if found.number("port") != 0.0 {
        flaws.hold(&found.get("port"), names::port(found.number("port")));
    }
    flaws.labels(found, "sourceLabels");
    gateway_names(found, flaws);
}

fn destinations(route: &Field, name: &str, flaws: &mut Flaws) {
    let all = route.items(name);
    flaws.never(all.is_empty(), route, ("a rule needs a destination", "规则需要目的地"));
    weighted(&all, &route.get(name), flaws);
}

/// Destinations with weights. Upstream: validateRouteDestinations.
pub(super) fn weighted(all: &[Field], route: &Field, flaws: &mut Flaws) {
    for one in all {
        flaws.never(!one.has("destination"), one, ("the destination is missing", "缺少 destination"));
        destination(&one.get("destination"), flaws);
        flaws.never(one.number("weight") < 0.0, &one.get("weight"), ("the weight is negative", "权重为负数"));
    }
    let none = all.len() > 1 && all.iter().map(|one| one.number("weight")).sum::<f64>() == 0.0;
    flaws.never(none, route, ("the weights add up to 0", "各权重相加为 0"));
}

/// Upstream: validateDestination.
pub(super) fn destination(destination: &Field, flaws: &mut Flaws) {
    if destination.is_set() {
        let host = destination.get("host");
        flaws.never(host.as_text() == "*", &host, ("* is no destination", "* 不能作为目的地"));
        flaws.hold(&host, names::wildcard_host(host.as_text()));
        let subset = destination.get("subset");
        flaws.hold(&subset, names::label(subset.as_text()).filter(|_| !subset.as_text().is_empty()));
        let port = destination.get("port");
        flaws.hold(&port, names::port(port.number("number")).filter(|_| port.is_set()));
    }
}
