//! A route sends to a service, or a port of it, that is not there.
//!
//! Kiali looks only at references that write their kind; a Service is meant where none is written.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use super::{Index, Reference, backends, list};
use crate::GROUP;

pub(crate) const RULE: Rule = Rule {
    name: "backend-not-found",
    level: Level::Error,
    aliases: &["KIA1402"],
    what: "The route names a service, or a port of one, that is not there.",
    why: "Requests that the rule catches are answered with 500; a route on a service that is not there is never asked.",
    fix: "Correct the name or the port: names are single words, the namespace stands beside them.",
    zh: Words {
        what: "路由所写的服务或其端口不存在。",
        why: "被规则接住的请求会得到 500；附着在不存在的服务上的路由永远不会被询问。",
        fix: "请更正名称或端口：名称只写一个词，命名空间写在旁边。",
    },
    about: &[
        About::Document(GROUP, "HTTPRoute"),
        About::Document(GROUP, "GRPCRoute"),
        About::Document(GROUP, "TLSRoute"),
        About::Document(GROUP, "TCPRoute"),
    ],
    reads: &[(GROUP, "HTTPRoute"), (GROUP, "GRPCRoute"), (GROUP, "TLSRoute"), (GROUP, "TCPRoute"), ("", "Service")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(route) = subject.document() else { return };
    let home = &route.key.namespace;
    let parents = list(&route.body, "/spec/parentRefs").iter().enumerate();
    let on = parents.map(|(at, value)| (format!("spec.parentRefs[{at}]"), Reference::parent(value, home), None));
    let to = backends(route).into_iter().map(|(path, value)| {
        let port = value.get("port").and_then(serde_json::Value::as_u64);
        (path, Reference::backend(value, home), port)
    });
    for (path, reference, port) in on.chain(to).filter(|(_, reference, _)| reference.is_service()) {
        let Some(service) = ask.places.service(reference.namespace, reference.name) else {
            out.at(
                format!("{path}.name"),
                said!("{} has no service {}", "{} 没有服务 {}", reference.namespace, reference.name),
            );
            continue;
        };
        if let Some(port) = port.filter(|port| !service.ports.iter().any(|own| u64::from(own.port) == *port)) {
            out.at(format!("{path}.port"), said!("{} has no port {port}", "{} 没有端口 {port}", service.name));
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: shop}, spec: {parentRefs: [{kind: Service, group: "", name: nobody}], rules: [{backendRefs: [{name: reviews.shop, port: 9080}, {name: reviews, port: 80}], filters: [{type: RequestMirror, requestMirror: {backendRef: {name: none, port: 80}}}]}]}}"#,
                    &[
                        "spec.parentRefs[0].name",
                        "spec.rules[0].backendRefs[0].name",
                        "spec.rules[0].backendRefs[1].port",
                        "spec.rules[0].filters[0].requestMirror.backendRef.name",
                    ],
                ),
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: shop}, spec: {parentRefs: [{kind: Service, group: core, name: reviews}], rules: [{backendRefs: [{name: reviews, port: 9080}, {name: batch, namespace: legacy, port: 9080}, {group: networking.istio.io, kind: Hostname, name: a.example.com, port: 443}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
