//! Who may do what: three users; one may only read, one may run programs in pods beside that. Asked about by reviews, enforced on every request.

use http::Method;
use serde_json::{Value, json};

use crate::ask::{Ask, Target};
use crate::refusal::Refusal;

const READS: [&str; 3] = ["get", "list", "watch"];

/// Refuses what the user may not.
pub(crate) fn authorize(ask: &Ask, target: &Target) -> Result<(), Refusal> {
    let verb = match (&ask.method, &target.name) {
        (&Method::POST, _) => "create",
        (&Method::PUT, _) => "update",
        (&Method::PATCH, _) => "patch",
        (&Method::DELETE, Some(_)) => "delete",
        (&Method::DELETE, None) => "deletecollection",
        (_, Some(_)) => "get",
        _ => "list",
    };
    let sub = target.subresource.as_deref();
    if may(ask, verb, &target.kind.plural, sub.unwrap_or_default()) {
        return Ok(());
    }
    let resource = sub.map_or_else(|| target.kind.plural.clone(), |sub| format!("{}/{sub}", target.kind.plural));
    let place =
        target.namespace.as_ref().map_or("at the cluster scope".to_owned(), |n| format!("in the namespace {n:?}"));
    let group = &target.kind.group;
    Err(Refusal::Forbidden {
        group: group.clone(),
        plural: target.kind.plural.clone(),
        name: target.name.clone().unwrap_or_default(),
        detail: format!("User {:?} cannot {verb} resource {resource:?} in API group {group:?} {place}", ask.user()),
    })
}

/// Whether the user may. A stream of a pod is asked for by a GET, and its verb is `get`, as it is for every server before 1.35.
fn may(ask: &Ask, verb: &str, resource: &str, sub: &str) -> bool {
    let may_read = match sub {
        "exec" => ask.may_run(),
        "portforward" | "proxy" => false,
        _ => !matches!(resource, "secrets" | "*"),
    };
    ask.may_write() || READS.contains(&verb) && may_read
}

/// Answers a review; `None` where the request is none.
pub(crate) fn answer(ask: &Ask) -> Option<Result<Value, Refusal>> {
    if ask.method != Method::POST {
        return None;
    }
    let status: fn(&Ask, &Value) -> Value = match ask.path.as_str() {
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => access,
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews" => |ask, _| rules(ask),
        "/apis/authentication.k8s.io/v1/selfsubjectreviews" => |ask, _| {
            let group = if ask.may_write() { "system:masters" } else { "demo:viewers" };
            json!({"userInfo": {"username": ask.user(), "uid": ask.user(), "groups": [group, "system:authenticated"]}})
        },
        _ => return None,
    };
    let read = serde_json::from_slice::<Value>(&ask.body).map_err(|e| Refusal::BadRequest(e.to_string()));
    Some(read.map(|mut body| {
        body["status"] = status(ask, &body);
        body
    }))
}

fn access(ask: &Ask, body: &Value) -> Value {
    let attribute = |name: &str| {
        body.pointer(&format!("/spec/resourceAttributes/{name}")).and_then(Value::as_str).unwrap_or_default()
    };
    let path = body.pointer("/spec/nonResourceAttributes/path").is_some();
    json!({"allowed": path || may(ask, attribute("verb"), attribute("resource"), attribute("subresource"))})
}

fn rules(ask: &Ask) -> Value {
    let everything = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]});
    // A rule cannot leave one resource out; the secrets' group is therefore listed by name.
    let core = json!({"verbs": READS, "apiGroups": [""],
        "resources": ["namespaces", "nodes", "services", "serviceaccounts", "pods", "pods/log", "configmaps", "events"]});
    let others = json!({"verbs": READS, "resources": ["*"],
        "apiGroups": ["apps", "batch", "discovery.k8s.io", "networking.istio.io", "security.istio.io", "telemetry.istio.io",
            "extensions.istio.io", "gateway.networking.k8s.io", "networking.k8s.io", "metrics.k8s.io", "argoproj.io", "flagger.app"]});
    let reviews = json!({"verbs": ["create"], "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]});
    let granted = if ask.may_write() { json!([reviews, everything]) } else { json!([reviews, core, others]) };
    let paths = json!([{"verbs": ["get"], "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/openapi/*", "/version"]}]);
    json!({"resourceRules": granted, "nonResourceRules": paths, "incomplete": false})
}
