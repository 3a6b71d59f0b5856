//! Which object made a proxy refuse its configuration. A refusal names what Envoy could not take, never the object: only an
//! EnvoyFilter writes Envoy's own configuration, so those that reach the proxy and change the refused type are asked whether
//! they say what the refusal says.
//!
//! Upstream: istio/istio pilot/pkg/model/push_context.go, `EnvoyFilters` (root and own namespace, selector);
//! pilot/pkg/model/envoyfilter.go for what `applyTo` changes.

use serde_json::Value;
use world::{Document, Labels, ObjectKey, Said, World, said};

use crate::nack::Nack;

/// Shortest word that may tell one object from another.
const SHORTEST: usize = 4;

/// An object, and why it is thought to be the cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// The object.
    pub object: ObjectKey,
    /// Why it, in one sentence.
    pub because: Said,
}

/// The proxy that refused.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Namespace of the pod.
    pub namespace: &'a str,
    /// Labels of the pod.
    pub labels: &'a Labels,
    /// Where objects for the whole mesh lie.
    pub root: &'a str,
}

/// The object that a refusal is about; `None` where none that reaches the proxy can be.
pub fn culprit(world: &World, place: Place<'_>, nack: &Nack) -> Option<Culprit> {
    let mut reaching: Vec<(usize, String, &Document)> = world
        .documents_of("networking.istio.io", "EnvoyFilter")
        .filter(|filter| reaches(filter, place) && changes(filter, &nack.kind))
        .map(|filter| {
            let (score, word) = said(filter, nack);
            (score, word, &**filter)
        })
        .collect();
    reaching.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.key.cmp(&b.2.key)));
    let alone = reaching.len() == 1;
    let (score, word, filter) = reaching.into_iter().next()?;
    let because = match (score, alone) {
        (0, false) => return None,
        (0, true) => {
            let (what, zh) = of_type(&nack.kind);
            said!("no other EnvoyFilter changes {what} of this proxy", "没有别的 EnvoyFilter 修改此代理的{zh}")
        }
        _ => said!("its text has what the proxy names: {word}", "其内容含有代理所指出的：{word}"),
    };
    Some(Culprit { object: filter.key.clone(), because })
}

fn of_type(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "CDS" => ("clusters", "集群"),
        "LDS" => ("listeners", "监听器"),
        "RDS" => ("routes", "路由"),
        "ECDS" => ("extensions", "扩展"),
        _ => ("the configuration", "配置"),
    }
}

fn reaches(filter: &Document, place: Place<'_>) -> bool {
    if filter.key.namespace != place.namespace && filter.key.namespace != place.root {
        return false;
    }
    let selected = filter.at("/spec/workloadSelector/labels").and_then(Value::as_object);
    selected.is_none_or(|labels| labels.iter().all(|(name, value)| place.labels.get(name) == value.as_str()))
}

fn changes(filter: &Document, kind: &str) -> bool {
    let patches = filter.at("/spec/configPatches").and_then(Value::as_array);
    patches.into_iter().flatten().any(|patch| {
        let to = patch["applyTo"].as_str().unwrap_or_default();
        match kind {
            "CDS" => to == "CLUSTER",
            // Routes of what comes in lie inside its listener.
            "LDS" => matches!(
                to,
                "LISTENER"
                    | "FILTER_CHAIN"
                    | "NETWORK_FILTER"
                    | "HTTP_FILTER"
                    | "LISTENER_FILTER"
                    | "VIRTUAL_HOST"
                    | "HTTP_ROUTE"
                    | "ROUTE_CONFIGURATION"
            ),
            "RDS" => matches!(to, "VIRTUAL_HOST" | "HTTP_ROUTE" | "ROUTE_CONFIGURATION"),
            "ECDS" => to == "EXTENSION_CONFIG",
            _ => false,
        }
    })
}

/// How much of what the refusal names is in the object, and the longest such word.
fn said(filter: &Document, nack: &Nack) -> (usize, String) {
    let text = filter.at("/spec").map(Value::to_string).unwrap_or_default();
    let mut words = words(&nack.text);
    // `outbound|9080|v1|reviews.shop.svc.cluster.local` is matched by its host.
    words.extend(nack.resource.rsplit('|').next().filter(|word| word.len() >= SHORTEST).map(str::to_owned));
    let found: Vec<String> = words.into_iter().filter(|word| text.contains(word.as_str())).collect();
    let longest = found.iter().max_by_key(|word| word.len()).cloned().unwrap_or_default();
    (found.iter().map(String::len).sum(), longest)
}

/// What a refusal names: texts in quotes, names with dots, and fields (`ConnectTimeout` as `connect_timeout` too).
fn words(text: &str) -> Vec<String> {
    let quoted = text.split(['\'', '"']).skip(1).step_by(2);
    let named = text
        .split(|c: char| !(c.is_alphanumeric() || "._-".contains(c)))
        .flat_map(|word| word.split("Error."))
        .filter(|word| word.contains(['.', '_']) || word.chars().skip(1).any(char::is_uppercase));
    let mut words: Vec<String> = quoted
        .chain(named)
        .map(|word| word.trim_matches(|c: char| ".:… ".contains(c)))
        .flat_map(|word| [word.to_owned(), snake(word), lower_camel(word)])
        .filter(|word| word.len() >= SHORTEST)
        .collect();
    words.sort();
    words.dedup();
    words
}

fn snake(word: &str) -> String {
    let mut out = String::new();
    for c in word.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn lower_camel(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use world::{Change, Object};

    use super::*;

    fn filter(namespace: &str, name: &str, app: Option<&str>, to: &str, value: &str) -> Change {
        let selector = app.map(|app| format!("workloadSelector: {{labels: {{app: {app}}}}}, ")).unwrap_or_default();
        let text = format!(
            "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
             spec: {{{selector}configPatches: [{{applyTo: {to}, patch: {{operation: MERGE, value: {value}}}}}]}}\n"
        );
        let value = world::yaml::read(&text).value;
        Change::Put(Object::read(value, world::Origin::Draft).unwrap())
    }

    fn found(filters: Vec<Change>, kind: &str, raw: &str) -> Option<String> {
        let world = World::new().after(filters);
        let labels = Labels::from([("app".to_owned(), "ratings".to_owned())]);
        let place = Place { namespace: "shop", labels: &labels, root: "istio-system" };
        culprit(&world, place, &Nack::read(kind, raw)).map(|c| format!("{}/{}", c.object.namespace, c.object.name))
    }

    const STAMP: &str = "Error adding/updating listener(s) virtualInbound: Didn't find a registered implementation for 'stamp' with type URL: 'shop.filters.HeaderStamp'";
    const TIMEOUT: &str =
        "Proto constraint validation failed (ClusterValidationError.ConnectTimeout: value must be greater than 0s)";

    #[test]
    fn the_object_that_says_what_was_refused() {
        let stamp = || filter("shop", "stamp", Some("ratings"), "HTTP_FILTER", "{type_url: shop.filters.HeaderStamp}");
        let other = || filter("shop", "other", None, "HTTP_FILTER", "{name: lua}");
        let cluster = || filter("istio-system", "slow", None, "CLUSTER", "{connect_timeout: 0s}");
        assert_eq!(found(vec![stamp(), other(), cluster()], "LDS", STAMP).as_deref(), Some("shop/stamp"));
        assert_eq!(found(vec![stamp(), other(), cluster()], "CDS", TIMEOUT).as_deref(), Some("istio-system/slow"));
        assert_eq!(found(vec![other()], "LDS", STAMP).as_deref(), Some("shop/other"), "the only one that can be");
        let second = filter("shop", "second", None, "LISTENER", "{name: x}");
        assert_eq!(found(vec![other(), second], "LDS", STAMP), None, "two that say nothing of it");
        let elsewhere = filter("dev", "stamp", None, "HTTP_FILTER", "{type_url: shop.filters.HeaderStamp}");
        let unselected =
            filter("shop", "stamp", Some("details"), "HTTP_FILTER", "{type_url: shop.filters.HeaderStamp}");
        assert_eq!(found(vec![elsewhere, unselected], "LDS", STAMP), None);
        assert_eq!(found(vec![], "LDS", STAMP), None);
    }
}
