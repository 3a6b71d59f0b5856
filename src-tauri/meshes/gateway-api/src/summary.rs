//! An object of the Gateway API in a line.

use mesh::Summary;
use serde::de::DeserializeOwned;
use world::{Document, Said, said};

use crate::spec::{
    BackendRef, ConnectionRoute, Gateway, GatewayClass, GrpcRoute, HttpRoute, Listener, ListenerSet, ParentRef,
};
use crate::{GROUP, KINDS};

/// What a rule without a backend does.
const SELF: (&str, &str) = ("answers 500 itself", "自行应答 500");
const NOWHERE: (&str, &str) = ("sends nowhere", "不发往任何地方");

/// What an object does, and the hosts that it is about; nothing for other groups.
pub(crate) fn of(document: &Document) -> Option<Summary> {
    if document.key.group != GROUP {
        return None;
    }
    match document.key.kind.as_str() {
        "GatewayClass" => read::<GatewayClass>(document, |c| {
            (said!("gateways made by {}", "由 {} 创建的网关", c.controller_name), vec![])
        }),
        "Gateway" => {
            read::<Gateway>(document, |g| opens(&g.listeners, said!("class {}", "类别 {}", g.gateway_class_name)))
        }
        "ListenerSet" => {
            read::<ListenerSet>(document, |l| opens(&l.listeners, said!("for {}", "用于 {}", l.parent_ref.object.name)))
        }
        "HTTPRoute" => read::<HttpRoute>(document, |r| {
            let last = r.rules.last().map(|rule| match rule.filters.iter().find_map(|f| f.request_redirect.as_ref()) {
                Some(to) => match to.hostname.as_deref().or(to.scheme.as_deref()) {
                    Some(elsewhere) => said!("redirect to {elsewhere}", "重定向到 {elsewhere}"),
                    None => said!("redirect to another path", "重定向到其他路径"),
                },
                None => split(&rule.backend_refs, SELF),
            });
            route(document, r.rules.len(), last, &r.parent_refs, r.hostnames)
        }),
        "GRPCRoute" => read::<GrpcRoute>(document, |r| {
            let last = r.rules.last().map(|rule| split(&rule.backend_refs, SELF));
            route(document, r.rules.len(), last, &r.parent_refs, r.hostnames)
        }),
        "TLSRoute" | "TCPRoute" | "UDPRoute" => read::<ConnectionRoute>(document, |r| {
            let last = r.rules.last().map(|rule| split(&rule.backend_refs, NOWHERE));
            route(document, r.rules.len(), last, &r.parent_refs, r.hostnames)
        }),
        kind => {
            let known = KINDS.iter().find(|k| k.kind == kind)?;
            Some(Summary::purpose(known.purpose))
        }
    }
}

fn read<T: DeserializeOwned + Default>(
    document: &Document,
    say: impl FnOnce(T) -> (Said, Vec<String>),
) -> Option<Summary> {
    let Ok(spec) = mesh::read_spec::<T>(document) else { return Some(Summary::unreadable()) };
    let (text, hosts) = say(spec);
    Some(Summary { text, hosts })
}

fn opens(listeners: &[Listener], more: Said) -> (Said, Vec<String>) {
    let ports: Vec<_> = listeners.iter().map(|l| format!("{} {}", l.protocol, l.port)).collect();
    let hosts = listeners.iter().filter_map(|l| l.hostname.clone()).collect();
    (Said::joined(&[said!("opens {}", "开放 {}", ports.join(", ")), more], " · "), hosts)
}

/// A route's last rule is the one that most requests reach. Its hosts are also the services that it attaches to.
fn route(
    document: &Document,
    rules: usize,
    last: Option<Said>,
    parents: &[ParentRef],
    hostnames: Vec<String>,
) -> (Said, Vec<String>) {
    let text = match (rules, last) {
        (_, None) => said!("routes nothing", "不路由任何请求"),
        (1, Some(last)) => last,
        (n, Some(last)) => Said::new(format!("{n} rules, else {}", last.en), format!("{n} 条规则，其余：{}", last.zh)),
    };
    let (services, gateways): (Vec<_>, Vec<_>) =
        parents.iter().partition(|p| p.object.kind.as_deref() == Some("Service"));
    let home = |p: &ParentRef| p.object.namespace.clone().unwrap_or_else(|| document.key.namespace.clone());
    let services = services.into_iter().map(|p| format!("{}.{}.svc.cluster.local", p.object.name, home(p)));
    let names: Vec<&str> = gateways.into_iter().map(|p| p.object.name.as_str()).collect();
    let at = if names.is_empty() { Said::default() } else { said!("at {}", "经 {}", names.join(", ")) };
    (Said::joined(&[text, at], " · "), hostnames.into_iter().chain(services).collect())
}

fn split(backends: &[BackendRef], none: (&str, &str)) -> Said {
    let weight = |b: &BackendRef| b.weight.unwrap_or(1).max(0);
    let total: i32 = backends.iter().map(weight).sum();
    let taking: Vec<_> = backends.iter().filter(|b| weight(b) > 0).collect();
    match taking.as_slice() {
        [] => none.into(),
        [one] => one.object.name.as_str().into(),
        many => {
            let percent = |b: &BackendRef| (f64::from(weight(b)) / f64::from(total) * 1000.0).round() / 10.0;
            many.iter().map(|b| format!("{} {} %", b.object.name, percent(b))).collect::<Vec<_>>().join(", ").into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: &str, spec: &str) -> (String, Vec<String>) {
        let text =
            format!("{{apiVersion: {GROUP}/v1, kind: {kind}, metadata: {{name: a, namespace: shop}}, spec: {spec}}}");
        let body = world::yaml::own::read(&text).unwrap();
        let world::Object::Document(document) = world::Object::read(body, world::Origin::default()).unwrap() else {
            panic!("{text} is no document");
        };
        let summary = of(&document).unwrap();
        (summary.text.en, summary.hosts)
    }

    #[test]
    fn each_kind_says_what_it_does() {
        let cases = [
            (
                "GatewayClass",
                "{controllerName: istio.io/gateway-controller}",
                "gateways made by istio.io/gateway-controller",
            ),
            (
                "Gateway",
                "{gatewayClassName: istio, listeners: [{port: 80, protocol: HTTP}]}",
                "opens HTTP 80 · class istio",
            ),
            ("ListenerSet", "{parentRef: {name: g}, listeners: [{port: 1, protocol: TCP}]}", "opens TCP 1 · for g"),
            (
                "HTTPRoute",
                "{parentRefs: [{name: g}], rules: [{backendRefs: [{name: a, weight: 3}, {name: b}]}]}",
                "a 75 %, b 25 % · at g",
            ),
            (
                "HTTPRoute",
                "{rules: [{}, {filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}]}",
                "2 rules, else redirect to https",
            ),
            ("GRPCRoute", "{rules: [{backendRefs: [{name: a, weight: 0}]}]}", "answers 500 itself"),
            ("TCPRoute", "{rules: [{backendRefs: [{name: a, port: 1}, {name: b, weight: 0}]}]}", "a"),
            ("ReferenceGrant", "{}", "Lets other namespaces refer to this one's objects"),
            ("HTTPRoute", "{rules: 1}", "cannot be read"),
        ];
        for (kind, spec, text) in cases {
            assert_eq!(said(kind, spec).0, text, "{kind} {spec}");
        }
    }

    #[test]
    fn a_route_is_about_its_hosts_and_the_services_that_it_attaches_to() {
        let spec = "{parentRefs: [{kind: Service, group: '', name: reviews}, {kind: Service, name: b, namespace: c}, {name: g}], hostnames: [x.example.com]}";
        let (text, hosts) = said("HTTPRoute", spec);
        assert_eq!(text, "routes nothing · at g");
        assert_eq!(hosts, ["x.example.com", "reviews.shop.svc.cluster.local", "b.c.svc.cluster.local"]);
    }
}
