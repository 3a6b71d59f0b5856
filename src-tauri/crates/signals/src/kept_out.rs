//! Pods that are not there because an admission webhook kept them out: what their controllers wrote of it, where it still holds.
//!
//! Upstream: k8s.io/apiserver pkg/admission/plugin/webhook/errors/statuserror.go (`ToStatusErr`) and .../webhook/generic (`failed calling
//! webhook`); the controllers put their own words before it (k8s.io/kubernetes pkg/controller/controller_utils.go, `FailedCreate`).

use std::collections::BTreeMap;

use cluster::{Cause, Connection};
use serde::Deserialize;
use serde_json::Value;
use world::{ObjectKey, Said, World, said};

use crate::Unknown;
use crate::proxies::wants_proxies;

/// What controllers could not create; one request brings them all.
const EVENTS: &str = "/api/v1/events?fieldSelector=reason%3DFailedCreate&limit=500";
/// So many controllers are asked whether it still holds, at most.
const MOST: usize = 20;
/// Webhooks with these names are a mesh's own: what they keep out matters wherever it is.
const MESHES: [&str; 2] = ["istio.io", "linkerd.io"];

/// How a webhook kept pods out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// It answered, and its answer was no.
    Denied,
    /// It could not be asked.
    Failed,
    /// It was reached, and is not trusted: its `caBundle` is not of those who signed its certificate.
    Untrusted,
}

/// Pods that a webhook keeps out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeptOut {
    /// What would have made them: a Deployment, a StatefulSet …
    pub owner: ObjectKey,
    /// The webhook's name.
    pub webhook: String,
    /// How.
    pub why: Why,
    /// The reason that was given; empty where none was.
    pub words: String,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    items: Vec<Event>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Event {
    involved_object: Involved,
    message: Option<String>,
    last_timestamp: Option<String>,
}

#[derive(Clone, Deserialize, Default, PartialEq, Eq, PartialOrd, Ord)]
#[serde(default)]
struct Involved {
    kind: String,
    namespace: String,
    name: String,
}

/// Asks for the pods that webhooks keep out, in namespaces that want proxies, or by a mesh's own webhook.
///
/// # Errors
/// Why it cannot be known.
pub async fn kept_out(connection: &Connection, world: &World) -> Result<Vec<KeptOut>, Unknown> {
    let unknown = |because: Said| Unknown::new(("pods that a webhook keeps out", "被 webhook 拦下的 Pod"), because);
    let body = connection.raw_get(EVENTS).await.map_err(|error| match &error.cause {
        Cause::Forbidden { .. } => unknown(said!("you may not list events", "你无权 list events")),
        cause => unknown(cause.said()),
    })?;
    let list: List = serde_json::from_slice(&body)
        .map_err(|error| unknown(said!("events could not be read: {error}", "无法读取事件：{error}")))?;
    let matters = |controller: &Involved, webhook: &str| {
        MESHES.iter().any(|mesh| webhook.ends_with(mesh)) || wants_proxies(world, &controller.namespace)
    };
    let told = last_words(list.items).into_iter().filter(|(controller, words)| {
        read(words).is_some_and(|(_, webhook, _)| matters(controller, webhook)) && group(&controller.kind).is_some()
    });
    let asked = told.take(MOST).map(|(controller, words)| async move {
        let key = ObjectKey::new(group(&controller.kind)?, &controller.kind, &controller.namespace, &controller.name);
        still(&connection.get(&key).await.ok()?, key, &words)
    });
    let mut found: Vec<KeptOut> = futures::future::join_all(asked).await.into_iter().flatten().collect();
    found.sort();
    Ok(found)
}

/// The last that each controller wrote.
fn last_words(events: Vec<Event>) -> BTreeMap<Involved, String> {
    let mut last: BTreeMap<Involved, (String, String)> = BTreeMap::new();
    for event in events {
        let Some(words) = event.message else { continue };
        let at = event.last_timestamp.unwrap_or_default();
        let known = last.entry(event.involved_object).or_default();
        if at >= known.0 {
            *known = (at, words);
        }
    }
    last.into_iter().map(|(controller, (_, words))| (controller, words)).collect()
}

/// The API group of what makes pods.
fn group(kind: &str) -> Option<&'static str> {
    match kind {
        "ReplicaSet" | "StatefulSet" | "DaemonSet" => Some("apps"),
        "Job" => Some("batch"),
        _ => None,
    }
}

/// What a controller as it is now says of it; `None` where it has its pods. A ReplicaSet keeps the words itself, until it succeeds.
fn still(controller: &Value, key: ObjectKey, words: &str) -> Option<KeptOut> {
    let number = |pointer: &str| controller.pointer(pointer).and_then(Value::as_u64);
    let fails = |condition: &&Value| condition["type"] == "ReplicaFailure" && condition["status"] == "True";
    let (words, lacks) = match key.kind.as_str() {
        "ReplicaSet" => {
            let conditions = controller.pointer("/status/conditions").and_then(Value::as_array);
            let failure = conditions.into_iter().flatten().find(fails)?;
            (failure["message"].as_str()?, true)
        }
        "StatefulSet" => (words, number("/status/replicas") < number("/spec/replicas").or(Some(1))),
        "DaemonSet" => (words, number("/status/currentNumberScheduled") < number("/status/desiredNumberScheduled")),
        _ => {
            let done = controller.pointer("/status/completionTime").is_some();
            (words, !done && number("/status/active").unwrap_or_default() == 0)
        }
    };
    let (why, webhook, words) = read(words).filter(|_| lacks)?;
    let owners = controller.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let deployment = owners.into_iter().flatten().find(|owner| owner["kind"] == "Deployment");
    let owner = match deployment.and_then(|owner| owner["name"].as_str()) {
        Some(name) => ObjectKey::new("apps", "Deployment", &key.namespace, name),
        None => key,
    };
    Some(KeptOut { owner, webhook: webhook.to_owned(), why, words: words.to_owned() })
}

/// How, which webhook, and the reason, in the API server's words; `None` where no webhook is to blame.
fn read(words: &str) -> Option<(Why, &str, &str)> {
    let named = |after: &str| words.split_once(after)?.1.split_once('"');
    if let Some((webhook, rest)) = named("admission webhook \"")
        && let Some(reason) = rest.strip_prefix(" denied the request")
    {
        return Some((Why::Denied, webhook, reason.strip_prefix(": ").unwrap_or_default()));
    }
    let (webhook, rest) = named("failed calling webhook \"")?;
    let why = if rest.contains("x509: ") { Why::Untrusted } else { Why::Failed };
    Some((why, webhook, rest.trim_start_matches([':', ' '])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// As the controllers of a genuine cluster wrote them.
    const DENIED: &str = "Create Pod refused-0 in StatefulSet refused failed error: admission webhook \"images.policy.example.com\" denied the request: images must come from the company's registry";
    const GONE: &str = "Error creating: Internal error occurred: failed calling webhook \"gone.policy.example.com\": failed to call webhook: Post \"https://nobody.nl-webhook.svc:443/v?timeout=10s\": service \"nobody\" not found";
    const SILENT: &str = "Error creating: Internal error occurred: failed calling webhook \"silent.policy.example.com\": failed to call webhook: Post \"https://127.0.0.1:19444/v?timeout=10s\": dial tcp 127.0.0.1:19444: connect: connection refused";
    const UNTRUSTED: &str = "Internal error occurred: failed calling webhook \"namespace.sidecar-injector.istio.io\": failed to call webhook: Post \"https://istiod.istio-system.svc:443/inject?timeout=10s\": tls: failed to verify certificate: x509: certificate signed by unknown authority";

    #[test]
    fn words_of_genuine_controllers() {
        let rest = |(why, webhook, words): (Why, &'static str, &'static str)| {
            (why, webhook, words.rsplit(": ").next().unwrap_or_default())
        };
        for (words, expected) in [
            (DENIED, (Why::Denied, "images.policy.example.com", "images must come from the company's registry")),
            (GONE, (Why::Failed, "gone.policy.example.com", "service \"nobody\" not found")),
            (SILENT, (Why::Failed, "silent.policy.example.com", "connection refused")),
            (
                UNTRUSTED,
                (Why::Untrusted, "namespace.sidecar-injector.istio.io", "certificate signed by unknown authority"),
            ),
            (
                "Error creating: admission webhook \"a.b\" denied the request without explanation",
                (Why::Denied, "a.b", ""),
            ),
        ] {
            assert_eq!(read(words).map(rest), Some(expected), "{words}");
        }
        for other in ["Error creating: pods \"x\" is forbidden: exceeded quota: q", "", "admission webhook \"x", "\""] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn what_still_holds() {
        let of = |kind: &str, words: &str, controller: Value| {
            let key = ObjectKey::new(group(kind).unwrap(), kind, "shop", "a-5f6b");
            still(&controller, key, words).map(|kept| (kept.owner.kind, kept.owner.name, kept.why))
        };
        let found = |kind: &str, name: &str, why| Some((kind.to_owned(), name.to_owned(), why));
        let failing = |status: &str| {
            json!({"metadata": {"ownerReferences": [{"kind": "Deployment", "name": "a"}]},
                "status": {"replicas": 0, "conditions": [{"type": "ReplicaFailure", "status": status, "message": UNTRUSTED}]}})
        };
        assert_eq!(of("ReplicaSet", DENIED, failing("True")), found("Deployment", "a", Why::Untrusted));
        assert_eq!(of("ReplicaSet", DENIED, failing("False")), None);
        assert_eq!(of("ReplicaSet", DENIED, json!({"status": {"replicas": 1}})), None, "it has them by now");
        let set = |there: u32| json!({"spec": {"replicas": 2}, "status": {"replicas": there}});
        assert_eq!(of("StatefulSet", DENIED, set(0)), found("StatefulSet", "a-5f6b", Why::Denied));
        assert_eq!(of("StatefulSet", DENIED, set(2)), None);
        let nodes = |there: u32| json!({"status": {"currentNumberScheduled": there, "desiredNumberScheduled": 1}});
        assert_eq!(of("DaemonSet", GONE, nodes(0)), found("DaemonSet", "a-5f6b", Why::Failed));
        assert_eq!(of("DaemonSet", GONE, nodes(1)), None);
        assert_eq!(of("Job", GONE, json!({"status": {}})), found("Job", "a-5f6b", Why::Failed));
        assert_eq!(of("Job", GONE, json!({"status": {"completionTime": "2026-11-26T00:00:00Z"}})), None);
    }

    #[test]
    fn the_last_words_count() {
        let event = |at: &str, words: &str| Event {
            involved_object: Involved { kind: "ReplicaSet".into(), namespace: "shop".into(), name: "a".into() },
            message: Some(words.into()),
            last_timestamp: Some(at.into()),
        };
        let told = last_words(vec![event("2026-11-26T18:20:00Z", "b"), event("2026-11-26T18:19:33Z", "a")]);
        assert_eq!(told.into_values().collect::<Vec<_>>(), ["b"]);
    }

    proptest::proptest! {
        #[test]
        fn no_words_break_it(words in "\\PC*|(admission webhook |failed calling webhook |denied the request|\"|: |x509: |[a-z]){0,12}") {
            if let Some((_, webhook, reason)) = read(&words) {
                proptest::prop_assert!(words.contains(webhook) && words.contains(reason));
            }
        }
    }
}
