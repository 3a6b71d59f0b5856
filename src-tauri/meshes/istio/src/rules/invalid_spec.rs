//! A field has a value that istiod refuses.

use mesh::{Found, Level, Rule, Subject, Words};

use crate::read::Index;
use crate::valid::{ABOUT, READS, flaws};

pub(crate) const RULE: Rule = Rule {
    name: "invalid-spec",
    level: Level::Error,
    aliases: &["IST0106"],
    what: "A field has a value, or fields are combined in a way, that istiod does not accept.",
    why: "With the validation webhook the object is refused; without it, istiod ignores it, wholly or in part.",
    fix: "Correct the field that is named.",
    zh: Words {
        what: "某个字段的取值或字段的组合不被 istiod 接受。",
        why: "启用校验 webhook 时该对象会被拒绝；否则 istiod 会全部或部分忽略它。",
        fix: "请更正所指出的字段。",
    },
    about: ABOUT,
    reads: READS,
};

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    let Some(document) = subject.document() else { return };
    for flaw in flaws(document).into_iter().filter(|flaw| flaw.refused) {
        out.at(flaw.path, flaw.message);
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
                    r#"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: shop}, spec: {servers: [{hosts: ["*"], port: {number: 80, name: http, protocol: HTTP}, tls: {mode: SIMPLE}}]}}"#,
                    &["spec.servers[0].tls.serverCertificate", "spec.servers[0].tls.privateKey", "spec.servers[0].tls"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: ["*"], http: [{match: [{uri: {regex: "("}}], timeout: 0s, route: [{destination: {host: reviews}}]}]}}"#,
                    &["spec.hosts[0]", "spec.http[0].match[0].uri", "spec.http[0].timeout"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, trafficPolicy: {}}}"#,
                    &["spec.trafficPolicy"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example.com, b.example.com], resolution: DNS, ports: [{number: 1, name: tcp, protocol: TCP}]}}"#,
                    &["spec.hosts"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a, namespace: shop}, spec: {egress: [{hosts: [reviews]}]}}"#,
                    &["spec.egress[0].hosts[0]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: a, namespace: shop}, spec: {configPatches: [{applyTo: CLUSTER, match: {listener: {}}, patch: {operation: MERGE, value: {}}}]}}"#,
                    &["spec.configPatches[0].match"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: WorkloadEntry, metadata: {name: a, namespace: shop}, spec: {address: "not an address"}}"#,
                    &["spec.address"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: a, namespace: shop}, spec: {template: {}, probe: {}}}"#,
                    &["spec.probe"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {action: DENY}}"#,
                    &["spec.rules"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {ipBlocks: [10.0.0.0/40]}}], to: [{operation: {paths: ["/{a}"]}}], when: [{key: nonsense, values: [a]}]}]}}"#,
                    &[
                        "spec.rules[0].from[0].source.ipBlocks[0]",
                        "spec.rules[0].to[0].operation.paths[0]",
                        "spec.rules[0].when[0].key",
                    ],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: shop}, spec: {portLevelMtls: {"0": {mode: STRICT}}}}"#,
                    &["spec.portLevelMtls", "spec.portLevelMtls.0"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: a, namespace: shop}, spec: {jwtRules: [{jwks: "no keys"}]}}"#,
                    &["spec.jwtRules[0]", "spec.jwtRules[0].jwks"],
                ),
                (
                    r#"{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: a, namespace: shop}, spec: {tracing: [{randomSamplingPercentage: 101}]}}"#,
                    &["spec.tracing[0].randomSamplingPercentage"],
                ),
                (
                    r#"{apiVersion: extensions.istio.io/v1alpha1, kind: WasmPlugin, metadata: {name: a, namespace: shop}, spec: {url: "ftp://a"}}"#,
                    &["spec.url"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: shop}, spec: {selector: {istio: ingressgateway}, servers: [{hosts: ["*"], port: {number: 443, name: https, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: a}}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: b, namespace: shop}, spec: {hosts: [reviews], http: [{match: [{uri: {prefix: ""}}], retries: {attempts: 2, retryOn: "5xx,503"}, route: [{destination: {host: reviews, port: {number: 9080}}, weight: 1}, {destination: {host: details}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: c, namespace: shop}, spec: {egress: [{hosts: ["./*", "istio-system/*"]}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: d, namespace: shop}, spec: {rules: [{to: [{operation: {paths: ["/a/{*}/b/{**}"]}}], when: [{key: "request.headers[x]", values: [a]}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: e, namespace: shop}, spec: {hosts: ["*.example.com"], resolution: NONE, ports: [{number: 443, name: tls, protocol: TLS}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
