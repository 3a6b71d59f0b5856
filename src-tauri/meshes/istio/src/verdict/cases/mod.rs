//! Cases that follow from the sources of ztunnel and istiod, where no recording stands for them: objects beside a world, requests, answers.

use mesh::{Caller, Outcome, Request, Transport, Verdict};
use serde::Deserialize;
use world::{Change, World, yaml};

#[derive(Deserialize)]
struct Case {
    case: String,
    /// Objects beside the world, as manifests.
    #[serde(default)]
    objects: String,
    /// `NAMESPACE/WORKLOAD METHOD URL` to `OUTCOME STATUS TRANSPORT WORKLOADS`, with `-` for none.
    ask: Vec<(String, String)>,
    /// Words of some step of the last answer.
    #[serde(default)]
    says: Vec<String>,
}

fn with(world: &World, text: &str) -> World {
    let (objects, problems) = yaml::documents(text, "case.yaml");
    assert!(problems.is_empty(), "{problems:?} in {text}");
    world.after(objects.into_iter().map(Change::Put))
}

fn request(text: &str) -> Request {
    let parts: Vec<&str> = text.split(' ').collect();
    let (namespace, workload) = parts[0].split_once('/').unwrap();
    let headers = parts[3..].iter().map(|h| h.split_once(':').unwrap());
    Request {
        id: "1".into(),
        from: Caller::Workload { namespace: namespace.into(), workload: workload.into() },
        via: None,
        method: parts[1].into(),
        url: parts[2].into(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        at: None,
    }
}

fn told(verdict: &Verdict) -> String {
    let outcome = match verdict.outcome {
        Outcome::Forwarded => "forwarded",
        Outcome::Denied => "denied",
        Outcome::Direct => "direct",
        Outcome::Redirected => "redirected",
        Outcome::Aborted => "aborted",
        Outcome::NoRoute => "no-route",
        Outcome::NoDestination => "no-destination",
        Outcome::Refused => "refused",
        Outcome::Blocked => "blocked",
        Outcome::Unresolved => "unresolved",
        Outcome::Unknown => "unknown",
    };
    let transport = match verdict.transport {
        Some(Transport::Mtls) => "mtls",
        Some(Transport::Tls) => "tls",
        Some(Transport::Plaintext) => "plaintext",
        None => "-",
    };
    let status = verdict.status.map_or("-".into(), |s| s.to_string());
    let all: Vec<&str> = verdict.destinations.iter().flat_map(|d| &d.workloads).map(String::as_str).collect();
    let reached = verdict.outcome == Outcome::Forwarded && !all.is_empty();
    format!("{outcome} {status} {transport} {}", if reached { all.join(",") } else { "-".into() })
}

fn engine() -> mesh::Engine {
    mesh::Engine::new(vec![Box::new(crate::Istio)])
}

/// Every case of a file holds beside a world.
fn hold(world: &str, cases: &str) {
    let ground = with(&World::new(), world);
    let engine = engine();
    let cases: Vec<Case> = yaml::own::read(cases).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let world = with(&ground, &case.objects);
        let ready = engine.ready(&world);
        let mut said = String::new();
        for (ask, expected) in &case.ask {
            let verdict = ready.explain(&request(ask));
            said = verdict.trace.iter().map(|step| format!("{}: {}\n", step.step, step.because)).collect();
            said.extend(verdict.unknown.iter().map(|unknown| format!("{}\n", unknown.because)));
            let steps = verdict.trace.iter().map(|step| &step.because);
            for because in steps.chain(verdict.unknown.iter().map(|unknown| &unknown.because)) {
                crate::told::in_both(because, &world, &format!("{}: {ask}", case.case), &[]);
            }
            if told(&verdict) != *expected {
                wrong.push(format!(
                    "{}: {ask}\n  {expected} was expected\n  {} was said\n{said}",
                    case.case,
                    told(&verdict)
                ));
            }
        }
        let silent = case.says.iter().filter(|words| !said.contains(*words));
        wrong.extend(silent.map(|words| format!("{}: nothing says '{words}'\n{said}", case.case)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const AMBIENT: &str = include_str!("../../../../../../tests/worlds/ambient.yaml");

#[test]
fn at_ztunnel() {
    hold(AMBIENT, include_str!("ztunnel.yaml"));
}

#[test]
fn at_waypoints() {
    hold(AMBIENT, include_str!("waypoint.yaml"));
}

#[test]
fn what_two_subsets_share_is_said_once() {
    let objects = r#"
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: v, namespace: shop}, spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}, weight: 50}, {destination: {host: reviews, subset: v2}, weight: 50}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: d, namespace: shop}, spec: {host: reviews, trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}}, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}, trafficPolicy: {loadBalancer: {simple: RANDOM}}}]}}
"#;
    let world = with(&with(&World::new(), include_str!("../../../../../../tests/worlds/shop.yaml")), objects);
    let verdict = engine().ready(&world).explain(&request("shop/productpage-v1 GET http://reviews:9080/"));
    let facts = verdict.trace.iter().filter(|step| step.step == "policy").map(|step| step.because.en.as_str());
    assert_eq!(
        facts.collect::<Vec<_>>(),
        ["connections are limited: maxConnections 7", "pods are chosen: simple RANDOM"],
        "{:#?}",
        verdict.trace
    );
}

/// Asked of a genuine mesh: of 120 requests to reviews, whose v3 alone was guarded so, 45 were answered with 403 by v3's proxy.
#[test]
fn a_policy_for_one_version_takes_its_share() {
    let objects = r#"
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: guard, namespace: shop}, spec: {selector: {matchLabels: {app: reviews, version: v3}}, action: DENY, rules: [{when: [{key: "request.headers[x-h2]", values: ["1"]}]}]}}
"#;
    let world = with(&with(&World::new(), include_str!("../../../../../../tests/worlds/shop.yaml")), objects);
    let ready = engine().ready(&world);
    let verdict = ready.explain(&request("shop/productpage-v1 GET http://reviews:9080/ x-h2:1"));
    assert_eq!(told(&verdict), "forwarded - mtls reviews-v1,reviews-v2");
    let [lost] = &verdict.lost[..] else { panic!("{:#?}", verdict.lost) };
    let by = lost.step.object.as_ref().map(|key| key.name.as_str());
    assert_eq!((lost.outcome, lost.status, by), (Outcome::Denied, Some(403), Some("guard")));
    assert_eq!(lost.workloads, ["reviews-v3"]);
    let deviation = 3.0 * (120.0 * lost.share * (1.0 - lost.share)).sqrt();
    assert!((45.0 - 120.0 * lost.share).abs() < deviation, "{}", lost.share);
    let other = ready.explain(&request("shop/productpage-v1 GET http://reviews:9080/"));
    assert!(other.lost.is_empty() && other.outcome == Outcome::Forwarded, "{other:#?}");
}

#[test]
fn istiods_environment_counts() {
    let route = r#"
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: shop}, spec: {parentRefs: [{group: "", kind: Service, name: reviews}], rules: [{backendRefs: [{name: ratings, port: 9080}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: WorkloadEntry, metadata: {name: e, namespace: shop}, spec: {address: 192.0.2.7, labels: {app: ratings}}}
"#;
    let istiod = |name: &str| {
        format!(
            r#"
---
{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: istiod, namespace: istio-system}}, spec: {{template: {{metadata: {{labels: {{app: istiod}}}}, spec: {{containers: [{{name: discovery, env: [{{name: {name}, value: "false"}}]}}]}}}}}}}}
"#
        )
    };
    let shop = with(&World::new(), include_str!("../../../../../../tests/worlds/shop.yaml"));
    for (flag, reviews, outside) in [
        (None, "ratings-v1", true),
        (Some("PILOT_ENABLE_GATEWAY_API"), "reviews-v1,reviews-v2,reviews-v3", true),
        (Some("PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES"), "ratings-v1", false),
    ] {
        let text = flag.map(istiod).unwrap_or_default();
        let ready = engine().ready(&with(&shop, &format!("{route}{text}")));
        let verdict = |url: &str| ready.explain(&request(&format!("shop/productpage-v1 GET {url}")));
        let answered =
            verdict("http://reviews:9080/").destinations.iter().flat_map(|d| d.workloads.clone()).collect::<Vec<_>>();
        assert_eq!(answered.join(","), reviews, "{flag:?}");
        let trace = verdict("http://ratings:9080/").trace;
        assert_eq!(trace.iter().any(|step| step.because.en.contains("192.0.2.7")), outside, "{flag:?} {trace:#?}");
    }
}
