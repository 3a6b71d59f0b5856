//! The requests that the rules of policies tell apart: by the methods, paths and headers that they name.

use std::fmt;

use mesh::{Ready, Request};
use serde_json::Value;
use world::Document;

use super::{KIND, dry_run};
use crate::recipes::SECURITY;
use crate::traffic::Names;

/// Methods as a pattern may mean them; the first is the one that is asked where none is named.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// A request that stands for others: those that a caller was seen to make, or that a policy names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sample {
    /// `POST`
    pub method: String,
    /// `/reserve`
    pub path: String,
    /// Headers: (`x-team`, `a`).
    pub headers: Vec<(String, String)>,
}

impl Sample {
    /// The generic one.
    pub fn any() -> Self {
        Self::of(METHODS[0], "/")
    }

    pub(crate) fn of(method: &str, path: &str) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), headers: Vec::new() }
    }

    /// The request that a workload makes so, at a URL without a path.
    pub(crate) fn request(&self, from: &Names, base: &str) -> Request {
        let request = Request::of_workload(from, &self.method, format!("{base}{}", self.path));
        Request { headers: self.headers.clone(), ..request }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        self.headers.iter().try_for_each(|(name, value)| write!(f, " {name}: {value}"))
    }
}

/// The generic request, and then those that the policies in force at a service name; up to so many, and how many more there are. Those that
/// ask for a host, for a token or for what else no request is written with count among the latter, one a rule.
pub(crate) fn requests_named(ready: &Ready, (namespace, service): (&str, &str), most: usize) -> (Vec<Sample>, usize) {
    let in_force = ready.in_force(namespace, service);
    let ours = in_force.iter().filter(|key| key.group == SECURITY && key.kind == KIND);
    let policies: Vec<_> =
        ours.filter_map(|key| ready.world().document(key)).filter(|policy| decides(policy)).collect();
    let rules = || policies.iter().filter_map(|policy| policy.at("/spec/rules").and_then(Value::as_array)).flatten();
    let mut all = vec![Sample::any()];
    for sample in rules().flat_map(of_rule) {
        if !all.contains(&sample) {
            all.push(sample);
        }
    }
    let left = all.len().saturating_sub(most.max(1)) + rules().filter(|rule| asks_more(rule)).count();
    all.truncate(most.max(1));
    (all, left)
}

/// Whether it lets anybody in or refuses anybody.
fn decides(policy: &Document) -> bool {
    !dry_run::is_dry(policy) && policy.at("/spec/action").is_none_or(|action| action != "AUDIT")
}

/// Requests within a rule and beside it.
fn of_rule(rule: &Value) -> Vec<Sample> {
    let operations = rule["to"].as_array().into_iter().flatten().map(|to| &to["operation"]);
    let mut all: Vec<Sample> = operations.flat_map(of_operation).collect();
    let headers: Vec<(String, String)> = conditions(rule).filter_map(header).collect();
    if headers.is_empty() {
        return all;
    }
    if all.is_empty() {
        all.push(Sample::any());
    }
    all.into_iter().flat_map(|bare| [Sample { headers: headers.clone(), ..bare.clone() }, bare]).collect()
}

fn conditions(rule: &Value) -> impl Iterator<Item = &Value> {
    rule["when"].as_array().into_iter().flatten()
}

/// A header with a value that a condition tells apart from others: one that it takes, else one that it does not.
fn header(condition: &Value) -> Option<(String, String)> {
    let name = condition["key"].as_str()?.strip_prefix("request.headers[")?.strip_suffix(']')?;
    let value = texts(&condition["values"]).into_iter().chain(texts(&condition["notValues"])).next()?;
    // What stands for the method, the path and the host in HTTP/2 is no header of a request.
    let plain = !name.starts_with(':') && !name.eq_ignore_ascii_case("host");
    plain.then(|| (name.to_owned(), value.replace('*', "1")))
}

/// Whether a rule asks for something that no sample has.
fn asks_more(rule: &Value) -> bool {
    let named = |of: &Value, fields: &[&str]| fields.iter().any(|field| !texts(&of[*field]).is_empty());
    let each = |list: &str| rule[list].as_array().into_iter().flatten();
    each("to").any(|to| named(&to["operation"], &["hosts", "notHosts"]))
        || each("from").any(|from| named(&from["source"], &["requestPrincipals", "notRequestPrincipals"]))
        || conditions(rule).any(|condition| {
            condition["key"].as_str().is_some_and(|key| key.starts_with("request.")) && header(condition).is_none()
        })
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
    at.iter().flat_map(|path| asked.iter().map(move |method| Sample::of(method, path))).collect()
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
            (asked.iter().map(Sample::to_string).collect::<Vec<_>>().join(", "), left)
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
            let found: Vec<String> = of_operation(&operation).iter().map(Sample::to_string).collect();
            assert_eq!(found, expected, "{operation}");
        }
    }

    #[test]
    fn headers_are_asked_with_and_what_no_request_is_written_with_is_counted() {
        let when = |key: &str, values: &str| json!([{"key": key, values: ["a*", "b"]}]);
        let operation = json!([{"operation": {"methods": ["POST"], "paths": ["/x"]}}]);
        for (rule, expected, more) in [
            (
                json!({"when": when("request.headers[x-team]", "values")}),
                ["GET / x-team: a1", "GET /"].as_slice(),
                false,
            ),
            (json!({"when": when("request.headers[x-team]", "notValues")}), &["GET / x-team: a1", "GET /"], false),
            (
                json!({"to": operation, "when": when("request.headers[x-team]", "values")}),
                &["POST /x x-team: a1", "POST /x"],
                false,
            ),
            (json!({"when": when("request.auth.claims[group]", "values")}), &[], true),
            (json!({"when": when("request.headers[:authority]", "values")}), &[], true),
            (json!({"when": when("source.namespace", "values")}), &[], false),
            (json!({"to": [{"operation": {"hosts": ["a.example.com"]}}]}), &[], true),
            (json!({"from": [{"source": {"requestPrincipals": ["*"]}}]}), &[], true),
        ] {
            let found: Vec<String> = of_rule(&rule).iter().map(Sample::to_string).collect();
            assert_eq!(found, expected, "{rule}");
            assert_eq!(asks_more(&rule), more, "{rule}");
        }
    }
}
