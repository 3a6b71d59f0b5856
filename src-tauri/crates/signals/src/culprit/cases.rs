//! What a genuine Envoy refused behind a genuine istiod 1.30 and its webhook, with the object that was applied to make it so. What is left
//! out of a text that repeats a configuration is marked by `[…]`.

use serde_json::Value;
use world::{Change, Labels, Object, Origin, World};

use super::{Place, Suspects};
use crate::nack::Nack;

/// When the refused configuration was sent.
const SENT: i64 = 1_800_000_000;

fn object(text: &str) -> Change {
    let value: Value = world::yaml::read(text).value;
    Change::Put(Object::read(value, Origin::Cluster).unwrap())
}

/// An object in a line, of the namespace `lab`, unless it says another.
fn of(version: &str, kind: &str, name: &str, spec: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("lab", name));
    format!(
        "apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}\n"
    )
}

fn networking(kind: &str, name: &str, spec: &str) -> String {
    of("networking.istio.io/v1", kind, name, spec)
}

fn security(kind: &str, name: &str, spec: &str) -> String {
    of("security.istio.io/v1", kind, name, &format!("selector: {{matchLabels: {{app: probe}}}}, {spec}"))
}

/// What else is in the namespace and reaches the proxy: one that is well of each kind.
fn bystanders() -> Vec<String> {
    vec![
        networking("VirtualService", "fine", "hosts: [other], http: [{route: [{destination: {host: other}}]}]"),
        networking("DestinationRule", "fine", "host: other, trafficPolicy: {tls: {mode: SIMPLE}}"),
        networking(
            "ServiceEntry",
            "fine",
            "hosts: [api.example.com], ports: [{number: 443, name: tls, protocol: TLS}]",
        ),
        networking(
            "EnvoyFilter",
            "fine",
            "configPatches: [{applyTo: HTTP_FILTER, match: {listener: {name: x}}, patch: {value: {name: lua}}}]",
        ),
        security("AuthorizationPolicy", "fine", "rules: [{to: [{operation: {paths: [/a]}}]}]"),
        of("telemetry.istio.io/v1", "Telemetry", "elsewhere/fine", "accessLogging: [{providers: [{name: envoy}]}]"),
    ]
}

/// What is found among bystanders: kind and name, with `?` where it is a guess.
fn found(broken: &[String], labels: &str, nack: &Nack) -> String {
    let world = World::new().after(bystanders().iter().chain(broken).map(|text| object(text)));
    let labels = Labels::from([("app".to_owned(), labels.to_owned())]);
    let place = Place { namespace: "lab", labels: &labels, root: "istio-system" };
    let found = Suspects::of(&world).culprit(place, nack);
    found.map_or_else(String::new, |found| {
        let mark = if found.is_guess { "?" } else { "" };
        assert_eq!(found.because.en.starts_with("a guess"), found.is_guess, "{:?}", found.because);
        format!("{} {}{mark}", found.object.kind, found.object.name)
    })
}

const REPEATED_RULE: &str = "goo.gle/debugonly  \nname: \"outbound|9080||probe.lab.svc.cluster.local\"\ntype: EDS\n[…]ring_hash_lb_config {\n  minimum_ring_size {\n    value: 9000000\n  }\n}\nmetadata {\n  filter_metadata {\n    key: \"istio\"\n    value {\n      fields {\n        key: \"config\"\n        value {\n          string_value: \"/apis/networking.istio.io/v1/namespaces/lab/destination-rule/bad-hash\"\n        }\n      }\n[…]\n: Proto constraint validation failed (ClusterValidationError.RingHashLbConfig: embedded message failed validation | caused by RingHashLbConfigValidationError.MinimumRingSize: va...(truncated)";
const REPEATED_ROUTES: &str = "goo.gle/debugonly    \nname: \"9080\"\nvirtual_hosts {\n  name: \"details.shop.svc.cluster.local:9080\"\n  domains: \"details.shop.svc.cluster.local\"\n[…]    metadata {\n      filter_metadata {\n        key: \"istio\"\n        value {\n          fields {\n            key: \"config\"\n            value {\n              string_value: \"/apis/networking.istio.io/v1/namespaces/lab/virtual-service/bad-authority\"\n            }\n          }\n[…]        retry_host_pre...(truncated)";
const NO_ROUTE_NAMED: &str = "goo.gle/debugonly    \nname: \"9080\"\nvirtual_hosts {\n  name: \"details.shop.svc.cluster.local:9080\"\n[…]        host_selection_retry_max_attempts: 5\n      }\n   ...(truncated)";
const RULES: &str = "Error adding/updating listener(s) virtualInbound: goo.gle/debugonly    \nrules {\n  action: DENY\n  policies {\n    key: \"ns[lab]-policy[bad-when]-rule[0]\"\n[…]\n: Proto constraint validation failed (RBACValidationError.Rules: embedded message failed validation | caused by RBACValidationError.Policies[ns[lab]-policy[bad-when]-rule[0]]: embedded message failed validation)";
const TOKENS: &str = "Error adding/updating listener(s) virtualInbound: goo.gle/debugonly    \nproviders {\n  key: \"origins-0\"\n  value {\n    issuer: \"a.example\"\n[…]bypass_cors_preflight: true\n: Proto constraint validation failed (JwtAuthenticationValidationError.Providers[origins-0]: embedded message failed validation | caused by JwtProviderValidationError.FromHeaders[0]: embedded message failed validation | caused by JwtHeaderValidationError.Name: value does not match regex pattern \"^[^\\x00\\n\\r]*$\")";
const SERVER_NAME: &str = "Error adding/updating cluster(s) outbound|9080||probe.lab.svc.cluster.local: goo.gle/debugonly  \ncommon_tls_context {\n[…]}\nsni: \"aaaa[…]aaaa\"\n: Proto constraint validation failed (UpstreamTlsContextValidationError.Sni: value length must be at most 255 bytes)";

#[test]
fn what_a_genuine_envoy_refused_leads_to_what_was_applied() {
    let http = "gateway.networking.k8s.io/v1";
    let wasm = "extensions.istio.io/v1alpha1";
    let table = [
        // A header's value with a command that Envoy does not know, and a pattern that is none: the reason alone.
        (
            "RDS",
            "Not supported field in StreamInfo: NOSUCH",
            networking(
                "VirtualService",
                "bad-header",
                r#"hosts: [probe], http: [{headers: {request: {add: {x-a: "%NOSUCH(x)%"}}}}]"#,
            ),
            "VirtualService bad-header",
        ),
        (
            "RDS",
            "missing ): /a(b",
            of(
                http,
                "HTTPRoute",
                "bad-route",
                r#"rules: [{matches: [{path: {type: RegularExpression, value: "/a(b"}}]}]"#,
            ),
            "HTTPRoute bad-route",
        ),
        // istiod keeps 4,096 characters of a refusal: the whole configuration of a port's routes takes more.
        (
            "RDS",
            REPEATED_ROUTES,
            networking("VirtualService", "bad-authority", r#"hosts: [probe], http: [{rewrite: {authority: "a\nb"}}]"#),
            "VirtualService bad-authority?",
        ),
        (
            "CDS",
            REPEATED_RULE,
            networking(
                "DestinationRule",
                "bad-hash",
                "host: probe, trafficPolicy: {loadBalancer: {consistentHash: {ringHash: {minimumRingSize: 9000000}}}}",
            ),
            "DestinationRule bad-hash",
        ),
        (
            "CDS",
            SERVER_NAME,
            networking("DestinationRule", "bad-sni", "host: probe, trafficPolicy: {tls: {mode: SIMPLE, sni: aaaa}}"),
            "DestinationRule bad-sni?",
        ),
        (
            "LDS",
            RULES,
            security(
                "AuthorizationPolicy",
                "bad-when",
                r#"action: DENY, rules: [{when: [{key: "request.headers[x-a\nb]", values: [x]}]}]"#,
            ),
            "AuthorizationPolicy bad-when",
        ),
        (
            "LDS",
            TOKENS,
            security(
                "RequestAuthentication",
                "bad-claim",
                r#"jwtRules: [{issuer: a.example, fromHeaders: [{name: "x-a\n"}]}]"#,
            ),
            "RequestAuthentication bad-claim",
        ),
        (
            "LDS",
            "Error adding/updating listener(s) virtualInbound: Provider 'origins-1' in jwt_authn config has invalid local jwks: Jwks Oct key is an invalid Base64\n",
            security(
                "RequestAuthentication",
                "bad-jwks",
                r#"jwtRules: [{issuer: b.example, jwks: '{"keys": [{"kty":"oct","k":""}]}'}]"#,
            ),
            "RequestAuthentication bad-jwks",
        ),
        (
            "LDS",
            "Error adding/updating listener(s) 0.0.0.0_15010: Didn't find a registered implementation for 'istio.stats' with type URL: 'stats.PluginConfig'\n0.0.0.0_9080: Didn't find a registered implementation for 'istio.stats' with type URL: 'stats.PluginConfig'\n",
            of("telemetry.istio.io/v1", "Telemetry", "bad-metric", "metrics: [{providers: [{name: prometheus}]}]"),
            "Telemetry bad-metric",
        ),
        (
            "LDS",
            "Error adding/updating listener(s) 10.96.0.1_443: failed to create an expression: No overload found in reference resolve step for nosuchfn\nvirtualInbound: failed to create an expression: No overload found in reference resolve step for nosuchfn\n",
            of(
                "telemetry.istio.io/v1",
                "Telemetry",
                "bad-filter",
                r#"accessLogging: [{filter: {expression: "request.nosuchfn(1) == 'x'"}}]"#,
            ),
            "Telemetry bad-filter",
        ),
        (
            "LDS",
            "Error adding/updating listener(s) 0.0.0.0_15001: error adding listener: '0.0.0.0_15001' has duplicate address '0.0.0.0:15001' as existing listener, to check if the listener has duplicated addresses with other listeners or 'enable_reuse_port' is set to 'false' for the listener\n",
            networking(
                "ServiceEntry",
                "bad-15001",
                "hosts: [x.example.com], ports: [{number: 15001, name: tcp, protocol: TCP}]",
            ),
            "ServiceEntry bad-15001?",
        ),
        (
            "LDS",
            "Error adding/updating listener(s) unix:///nosuch/dir/x.sock_0: cannot bind '/nosuch/dir/x.sock': No such file or directory\n",
            networking("Sidecar", "sc-socket", "egress: [{bind: 'unix:///nosuch/dir/x.sock'}]"),
            "Sidecar sc-socket",
        ),
        (
            "EDS",
            "Path \"/aaaaaaaaaaaa\" exceeds maximum UNIX domain socket path size of 108.. Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'",
            networking(
                "ServiceEntry",
                "bad-uds",
                "hosts: [uds.example.com], endpoints: [{address: 'unix:///aaaaaaaaaaaa'}]",
            ),
            "ServiceEntry bad-uds",
        ),
        (
            "ECDS",
            "Unable to create Wasm plugin lab.bad-wasm-file~istio-translated-wasmplugin",
            of(wasm, "WasmPlugin", "bad-wasm-file", "url: file:///etc/hostname"),
            "WasmPlugin bad-wasm-file",
        ),
    ];
    for (kind, raw, broken, expected) in table {
        let nack = Nack::read(kind, raw);
        assert_eq!(found(&[broken], "probe", &nack), expected, "{raw}");
        assert!(!nack.text.contains("virtual_hosts"), "what is repeated is no reason: {}", nack.text);
    }
}

#[test]
fn a_broken_certificate_leads_to_the_only_secret_and_its_gateway() {
    const MISMATCH: &str = "Failed to load private key from <inline>, Cause: error:0b000074:X.509 certificate routines:OPENSSL_internal:KEY_VALUES_MISMATCH";
    let gateway = |name: &str, secret: &str| {
        let spec = format!(
            "selector: {{app: edge}}, servers: [{{port: {{number: 443, name: https, protocol: HTTPS}}, tls: {{mode: SIMPLE, credentialName: {secret}}}}}]"
        );
        networking("Gateway", name, &spec)
    };
    let nack = Nack::read("SDS", MISMATCH);
    assert_eq!(found(&[gateway("bad-gw", "broken")], "edge", &nack), "Secret broken");
    assert_eq!(found(&[gateway("bad-gw", "broken")], "probe", &nack), "", "no gateway of this proxy");
    assert_eq!(found(&[gateway("bad-gw", "broken"), gateway("more", "fine")], "edge", &nack), "", "one of two");
}

/// A part is made of one object and changed by another: what the reason says decides.
#[test]
fn an_envoy_filter_that_broke_the_part_of_another_is_named() {
    let raw = REPEATED_RULE.split("\n: ").next().unwrap().to_owned()
        + "\n: Proto constraint validation failed (ClusterValidationError.ConnectTimeout: value must be greater than 0s)";
    let rule = networking("DestinationRule", "bad-hash", "host: probe");
    let filter =
        networking("EnvoyFilter", "slow", "configPatches: [{applyTo: CLUSTER, patch: {value: {connect_timeout: 0s}}}]");
    let nack = Nack::read("CDS", &raw);
    assert_eq!(nack.made_of.len(), 1);
    assert_eq!(found(&[rule.clone(), filter], "probe", &nack), "EnvoyFilter slow");
    assert_eq!(found(&[rule], "probe", &nack), "DestinationRule bad-hash");
}

/// `'enable_reuse_port' is set to 'false'` is Envoy's advice, and no object that says "false" is about it.
#[test]
fn what_envoy_says_of_itself_leads_nowhere() {
    let nack = Nack::read(
        "LDS",
        "Error adding/updating listener(s) 0.0.0.0_15001: error adding listener: '0.0.0.0_15001' has duplicate address '0.0.0.0:15001' as existing listener, to check if the listener has duplicated addresses with other listeners or 'enable_reuse_port' is set to 'false' for the listener\n",
    );
    let policy = security(
        "AuthorizationPolicy",
        "no-canary",
        r#"rules: [{when: [{key: "request.headers[x-canary]", values: ["false"]}]}]"#,
    );
    let entry = networking(
        "ServiceEntry",
        "bad-15001",
        "hosts: [x.example.com], ports: [{number: 15001, name: tcp, protocol: TCP}]",
    );
    assert_eq!(found(&[policy.clone(), entry], "probe", &nack), "ServiceEntry bad-15001?");
    assert_eq!(found(&[policy], "probe", &nack), "EnvoyFilter fine?", "the only kind that writes Envoy's own");
}

/// A Gateway of the Kubernetes API is for the proxies that run for it, and for no other of the mesh.
#[test]
fn a_gateway_is_suspected_by_its_own_proxies_alone() {
    let nack = Nack::read("LDS", "Error adding/updating listener(s) 0.0.0.0_80: malformed port-level option");
    let of = |spec: &str| of("gateway.networking.k8s.io/v1", "Gateway", "web", spec);
    let found = |gateway: String, namespace: &str, name: &str| {
        let world = World::new().after([object(&gateway)]);
        let labels = Labels::from([("gateway.networking.k8s.io/gateway-name".to_owned(), name.to_owned())]);
        let place = Place { namespace, labels: &labels, root: "istio-system" };
        Suspects::of(&world).culprit(place, &nack).map(|found| found.object.name)
    };
    let own = || of("gatewayClassName: istio, listeners: [{name: web, port: 80, protocol: HTTP}]");
    assert_eq!(found(own(), "lab", "web").as_deref(), Some("web"));
    assert_eq!(found(own(), "lab", "other"), None);
    assert_eq!(found(own(), "prod", "web"), None);
    let elsewhere = of("addresses: [{type: Hostname, value: ingress.istio-system.svc.cluster.local}]");
    assert_eq!(found(elsewhere, "istio-system", "").as_deref(), Some("web"), "others serve it");
}

/// Nothing in the text leads anywhere: what was written right before it was sent is likely, and said to be a guess.
#[test]
fn what_was_written_last_is_guessed() {
    let rule = |name: &str, second: &str| {
        let text = networking("DestinationRule", name, "host: probe");
        let time = format!("managedFields: [{{manager: x, operation: Update, time: '2027-01-15T07:59:{second}Z'}}]");
        text.replace("namespace: lab}", &format!("namespace: lab, {time}}}"))
    };
    let nack = Nack { sent_at: Some(SENT), ..Nack::read("RDS", NO_ROUTE_NAMED) };
    assert!(nack.is_cut && nack.made_of.is_empty() && nack.resource == "9080");
    let both = [rule("before", "52"), rule("last", "58")];
    assert_eq!(found(&both, "probe", &nack), "DestinationRule last?");
    let long_after = Nack { sent_at: Some(SENT + 600), ..nack.clone() };
    assert_eq!(found(&both, "probe", &long_after), "", "it was sent before");
    assert_eq!(found(&both, "probe", &Nack { sent_at: None, ..nack }), "");
}
