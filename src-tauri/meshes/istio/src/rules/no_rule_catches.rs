//! Some requests for a host are caught by no rule.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::kinds::NETWORKING;
use crate::kinds::virtual_service::matches::catches_all;
use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "no-rule-catches",
    level: Level::Warning,
    aliases: &[],
    what: "Every rule has conditions, so some requests are caught by none.",
    why: "A VirtualService takes over its hosts whole: what no rule catches is answered 404, it does not fall back to the service.",
    fix: "Add a last rule without conditions that sends the rest where it should go.",
    zh: Words {
        what: "每条规则都带条件，因此有些请求不会命中任何规则。",
        why: "VirtualService 会整个接管它的主机：没有规则命中的请求会得到 404，不会退回到服务本身。",
        fix: "请在最后加一条不带条件的规则，把其余请求送到该去的地方。",
    },
    about: &[About::Document(NETWORKING, "VirtualService")],
    reads: &[("networking.istio.io", "VirtualService")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(typed) = ask.virtual_services.subject(subject) else { return };
    let spec = &typed.spec;
    let in_mesh = spec.gateways.is_empty() || spec.gateways.iter().any(|g| g == "mesh");
    // Conditions on port and caller are settled before the proxy sees the rule, so they alone leave nothing out for it.
    let open = spec.http.iter().any(|rule| rule.matches.is_empty() || rule.matches.iter().any(catches_all));
    if in_mesh && !spec.http.is_empty() && !open {
        let hosts = spec.hosts.join(", ");
        out.at(
            "spec.http",
            said!(
                "requests for {hosts} that no rule catches are answered 404",
                "对 {hosts} 的请求如果不命中任何规则，会得到 404"
            ),
        );
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
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.http"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /}}], route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}}]}, {route: [{destination: {host: reviews}}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
