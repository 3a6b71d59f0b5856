//! The requests that the rules of policies tell apart: by the methods and paths that they name.

use mesh::Ready;
use serde_json::Value;
use world::Document;

use super::{KIND, Sample, any_request, dry_run};
use crate::recipes::SECURITY;

/// Methods as a pattern may mean them; the first is the one that is asked where none is named.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// The generic request, and then those that the policies in force at a service name; up to so many, and how many more there are.
pub(crate) fn requests_named(ready: &Ready, (namespace, service): (&str, &str), most: usize) -> (Vec<Sample>, usize) {
    let in_force = ready.in_force(namespace, service);
    let ours = in_force.iter().filter(|key| key.group == SECURITY && key.kind == KIND);
    let policies: Vec<_> =
        ours.filter_map(|key| ready.world().document(key)).filter(|policy| decides(policy)).collect();
    let mut all = vec![any_request()];
    for sample in policies.into_iter().flat_map(|policy| of_policy(policy)) {
        if !all.contains(&sample) {
            all.push(sample);
        }
    }
    let left = all.len().saturating_sub(most.max(1));
    all.truncate(most.max(1));
    (all, left)
}

/// Whether it lets anybody in or refuses anybody.
fn decides(policy: &Document) -> bool {
    !dry_run::is_dry(policy) && policy.at("/spec/action").is_none_or(|action| action != "AUDIT")
}

fn of_policy(policy: &Document) -> Vec<Sample> {
    let rules = policy.at("/spec/rules").and_then(Value::as_array).into_iter().flatten();
    let operations = rules.filter_map(|rule| rule["to"].as_array()).flatten().map(|to| &to["operation"]);
    operations.flat_map(of_operation).collect()
}

/// Requests that an operation takes, and beside them one that it does not take where the generic request is not such a one.
fn of_operation(operation: &Value) -> Vec<Sample> {
    let (methods, not_methods) = (texts(&operation["methods"]), texts(&operation["notMethods"]));
    let (paths, not_paths) = (texts(&operation["paths"]), texts(&operation["notPaths"]));
    if [&methods, &not_methods, &paths, &not_paths].iter().all(|all| all.is_empty()) {
        return Vec::new();
    }
    let is_named = |method: &str| methods.iter().chain(&not_methods).any(|pattern| fits(pattern, method));
    let mut asked: Vec<String> = methods.iter().chain(&not_methods).filter_map(|pattern| method(pattern)).collect();
    let any_path = paths.is_empty() || paths.iter().any(|path| matches!(*path, "*" | "/*" | "/{**}"));
    if asked.is_empty() {
        asked.push(METHODS[0].to_owned());
    } else if any_path || !not_methods.is_empty() {
        asked.extend(METHODS.iter().find(|method| !is_named(method)).map(|method| (*method).to_owned()));
    }
    let mut at: Vec<String> = paths.iter().chain(&not_paths).map(|pattern| path(pattern)).collect();
    if paths.is_empty() {
        at.push("/".into());
    }
    if paths.contains(&"/") {
        at.push("/other".into());
    }
    at.iter().flat_map(|path| asked.iter().map(move |method| (method.clone(), path.clone()))).collect()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// As a policy compares: stars stand at an end. Upstream: istio/istio pilot/pkg/security/authz/matcher/string.go.
fn fits(pattern: &str, text: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => pattern == text,
    }
}

/// A method that the pattern means.
fn method(pattern: &str) -> Option<String> {
    let known = || METHODS.iter().find(|method| fits(pattern, method)).map(|method| (*method).to_owned());
    if pattern.contains('*') { known() } else { Some(pattern.to_owned()) }
}

/// A path that the pattern means.
fn path(pattern: &str) -> String {
    let plain = pattern.replace("{**}", "1").replace("{*}", "1").replace('*', "1");
    if plain.starts_with('/') { plain } else { format!("/{plain}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use world::{Change, Object, Origin, World};

    use super::*;

    #[test]
    fn what_policies_in_force_name_is_asked_and_the_rest_is_counted() {
        let paths = |name: &str, count: usize| (0..count).map(|n| format!("/{name}/{n}")).collect::<Vec<_>>();
        let policy = |name: &str, action: &str, dry: &str, count: usize| {
            json!({"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
                "metadata": {"name": name, "namespace": "shop", "annotations": {"istio.io/dry-run": dry}},
                "spec": {"action": action, "rules": [{"to": [{"operation": {"methods": ["POST"], "paths": paths(name, count)}}]}]}})
        };
        let world = World::new().after(
            [
                json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "cache", "namespace": "shop"},
                    "spec": {"selector": {"app": "cache"}, "ports": [{"name": "http", "port": 80}]}}),
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "cache", "namespace": "shop", "labels": {"app": "cache"}},
                    "spec": {"containers": [{"name": "cache"}, {"name": "istio-proxy"}]}, "status": {"phase": "Running"}}),
                policy("lets-in", "ALLOW", "false", 2),
                policy("only-reports", "DENY", "true", 1),
                policy("writes-down", "AUDIT", "false", 1),
            ]
            .map(|body| Change::Put(Object::read(body, Origin::Cluster).unwrap())),
        );
        let ready = meshes::engine().ready(&world);
        let asked = |most: usize| {
            let (asked, left) = requests_named(&ready, ("shop", "cache"), most);
            (asked.iter().map(|(method, path)| format!("{method} {path}")).collect::<Vec<_>>().join(", "), left)
        };
        assert_eq!(asked(9), ("GET /, POST /lets-in/0, POST /lets-in/1".into(), 0));
        assert_eq!(asked(2), ("GET /, POST /lets-in/0".into(), 1));
        assert_eq!(asked(0), ("GET /".into(), 2));
    }

    #[test]
    fn an_operation_is_asked_within_and_beside() {
        for (operation, expected) in [
            (json!({"ports": ["80"]}), [].as_slice()),
            (json!({"methods": ["POST"], "paths": ["/reserve"]}), &["POST /reserve"]),
            (json!({"methods": ["GET"]}), &["GET /", "POST /"]),
            (json!({"methods": ["GET"], "paths": ["/*"]}), &["GET /1", "POST /1"]),
            (json!({"notMethods": ["GET"]}), &["GET /", "POST /"]),
            (json!({"notMethods": ["GET"], "paths": ["/a"]}), &["GET /a", "POST /a"]),
            (json!({"methods": ["*"], "paths": ["/a/{*}/b"]}), &["GET /a/1/b"]),
            (json!({"methods": ["P*"], "paths": ["/a"]}), &["POST /a"]),
            (json!({"paths": ["/", "*/info"]}), &["GET /", "GET /1/info", "GET /other"]),
            (json!({"notPaths": ["/admin*"]}), &["GET /admin1", "GET /"]),
            (json!({"methods": ["POST"], "notPaths": ["/admin"]}), &["POST /admin", "GET /admin", "POST /", "GET /"]),
        ] {
            let found: Vec<String> =
                of_operation(&operation).into_iter().map(|(method, path)| format!("{method} {path}")).collect();
            assert_eq!(found, expected, "{operation}");
        }
    }
}
