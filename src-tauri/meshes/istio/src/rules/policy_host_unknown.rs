//! A policy names a host of the cluster that is not there.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::SECURITY;
use crate::read::Index;
use crate::read::hosts::service_host;

pub(crate) const RULE: Rule = Rule {
    name: "policy-host-unknown",
    level: Level::Warning,
    aliases: &["KIA0104"],
    what: "The policy names a host of this cluster that no service has.",
    why: "Hosts are compared with what callers ask for; nobody asks for a service that is not there, so this entry matches nothing.",
    fix: "Correct the name, or remove the entry.",
    zh: Words {
        what: "策略写了本集群中任何服务都没有的主机名。",
        why: "主机名与调用方请求的主机比较；没人会请求不存在的服务，因此这一项什么都匹配不到。",
        fix: "请更正名称，或删除这一项。",
    },
    about: &[About::Document(SECURITY, "AuthorizationPolicy")],
    reads: &[
        ("security.istio.io", "AuthorizationPolicy"),
        ("", "Service"),
        ("", "Namespace"),
        ("networking.istio.io", "ServiceEntry"),
        ("networking.istio.io", "VirtualService"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.authorization_policies.subject(subject) else { return };
    for (at, rule) in typed.spec.rules.iter().enumerate() {
        for (n, operation) in rule.to.iter().map(|to| &to.operation).enumerate() {
            for (field, list) in [("hosts", &operation.hosts), ("notHosts", &operation.not_hosts)] {
                for (h, host) in list.iter().enumerate() {
                    let Some(full) = of_this_cluster(ask, host, &typed.document.key.namespace) else { continue };
                    if !ask.knows(&full) && ask.exactly(&full).next().is_none() {
                        let path = format!("spec.rules[{at}].to[{n}].operation.{field}[{h}]");
                        out.at(
                            path,
                            said!("{host} would be {full}, which is not there", "{host} 即 {full}，而它不存在"),
                        );
                    }
                }
            }
        }
    }
}

/// The full name of a host that only this cluster could answer; `None` for patterns and for names of the world outside.
fn of_this_cluster(ask: &Index, host: &str, home: &str) -> Option<String> {
    let (name, _) = mesh::split_port(host);
    if name.contains('*') || name.is_empty() {
        return None;
    }
    match name.split('.').collect::<Vec<_>>()[..] {
        // A policy of the root namespace speaks of all namespaces: whose short name it means cannot be told.
        [short] => (home != ask.root).then(|| service_host(home, short)),
        [short, namespace] => ask.world.namespace(namespace).map(|_| service_host(namespace, short)),
        [short, namespace, "svc"] => Some(service_host(namespace, short)),
        _ => name.ends_with(".svc.cluster.local").then(|| name.to_ascii_lowercase()),
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
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{to: [{operation: {hosts: [nobody, nobody.shop, "nobody.shop.svc.cluster.local:80"]}}]}]}}"#,
                    &[
                        "spec.rules[0].to[0].operation.hosts[0]",
                        "spec.rules[0].to[0].operation.hosts[1]",
                        "spec.rules[0].to[0].operation.hosts[2]",
                    ],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{to: [{operation: {hosts: [reviews, "reviews.shop:9080", "*.nowhere.com", api.example.com, example.com, extra]}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [extra], http: [{route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
