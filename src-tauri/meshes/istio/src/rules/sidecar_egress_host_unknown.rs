//! A Sidecar lets proxies see a host that is not there.
//!
//! Kiali expands short names, proxies do not: `./reviews` shows them nothing.
//! Upstream: istio/istio pilot/pkg/model/sidecar.go, convertIstioListenerToWrapper and selectServices.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;
use world::yaml::Edit;

use crate::kinds::NETWORKING;
use crate::read::Index;
use crate::read::hosts::fqdn;
use crate::read::hosts::is_wildcard;
use crate::read::hosts::wildcard_matches;
use crate::read::hosts::{service_host, service_of};

pub(crate) const RULE: Rule = Rule {
    name: "sidecar-egress-host-unknown",
    level: Level::Warning,
    aliases: &["KIA1004"],
    what: "The Sidecar lists a host that neither a service nor a ServiceEntry there has.",
    why: "Proxies see of the mesh only what is listed: a slip in a name hides the host that was meant.",
    fix: "Write namespace/host with the full name of the host, NAME.NAMESPACE.svc.cluster.local for a service.",
    zh: Words {
        what: "Sidecar 列出的主机，在那里既没有服务也没有 ServiceEntry。",
        why: "代理只看得到列出的部分：名称写错就会隐藏真正想要的主机。",
        fix: "请写成 命名空间/主机，主机用全名；服务为 NAME.NAMESPACE.svc.cluster.local。",
    },
    about: &[About::Document(NETWORKING, "Sidecar")],
    reads: &[
        ("networking.istio.io", "Sidecar"),
        ("", "Service"),
        ("networking.istio.io", "ServiceEntry"),
        ("networking.istio.io", "VirtualService"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.sidecars.subject(subject) else { return };
    let own = &typed.document.key.namespace;
    for (e, egress) in typed.spec.egress.iter().enumerate() {
        for (h, host) in egress.hosts.iter().enumerate() {
            let Some((namespace, name)) = host.split_once('/') else { continue };
            if name == "*" || namespace == "~" {
                continue;
            }
            let home = if namespace == "." { own } else { namespace };
            if known(ask, home, name) {
                continue;
            }
            let path = format!("spec.egress[{e}].hosts[{h}]");
            let full = service_host(home, name);
            if !name.contains('.') && home != "*" && ask.knows(&full) {
                let message = said!(
                    "{name} is not expanded here: the service's full name is {full}",
                    "{name} 在这里不会展开：该服务的全名是 {full}"
                );
                let pointer = format!("/spec/egress/{e}/hosts/{h}");
                out.mend(path, message, vec![Edit::set(&pointer, format!("{namespace}/{full}"))]);
            } else {
                let nothing = match home {
                    "*" => said!("nothing in any namespace is called {name}", "任何命名空间中都没有名为 {name} 的主机"),
                    home => said!("nothing in {home} is called {name}", "{home} 中没有名为 {name} 的主机"),
                };
                out.at(path, nothing);
            }
        }
    }
}

/// Whether anything of this namespace, `*` for any, has this name or fits this pattern.
fn known(ask: &Index, namespace: &str, name: &str) -> bool {
    let home = |ns: &str| namespace == "*" || namespace == ns;
    let fits = |host: &str| host.eq_ignore_ascii_case(name) || wildcard_matches(name, host);
    let service = match service_of(name) {
        Some((ns, service)) if !is_wildcard(name) => home(ns) && ask.world.service(ns, service).is_some(),
        _ if is_wildcard(name) => {
            ask.world.services().any(|s| home(&s.namespace) && fits(&service_host(&s.namespace, &s.name)))
        }
        _ => false,
    };
    let entry = || {
        ask.service_entries.all().any(|t| {
            home(&t.document.key.namespace) && t.spec.hosts.iter().any(|h| fits(h) || wildcard_matches(h, name))
        })
    };
    let route = || {
        ask.virtual_services.all().any(|t| {
            let ns = &t.document.key.namespace;
            home(ns) && t.spec.hosts.iter().any(|h| fits(&fqdn(h, ns)))
        })
    };
    service || entry() || route()
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {egress: [{hosts: [./reviews, shop/nobody.shop.svc.cluster.local, legacy/reviews.shop.svc.cluster.local, "*/nobody.example.com"]}]}}"#,
                    &[
                        "spec.egress[0].hosts[0]",
                        "spec.egress[0].hosts[1]",
                        "spec.egress[0].hosts[2]",
                        "spec.egress[0].hosts[3]",
                    ],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {egress: [{hosts: ["./*", "istio-system/*", ./reviews.shop.svc.cluster.local, "*/*.shop.svc.cluster.local", "*/api.example.com", "~/*"]}]}}
---
{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: a, namespace: shop}, spec: {hosts: [api.example.com], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS}}"#,
                    &[],
                ),
            ],
        );
    }
}
