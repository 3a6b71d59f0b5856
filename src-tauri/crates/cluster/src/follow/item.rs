//! Items of lists and events of watches, decoded slimly: the head for bookkeeping, the rest straight into its facts.

use std::borrow::Cow;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use serde::Deserialize;
use serde_json::value::RawValue;
use world::{Change, Object, ObjectKey};

use crate::Api;
use crate::classify::{self, Status};
use crate::error::Cause;

use super::{Followed, Keep};

/// Namespace and name.
pub(super) type Names = (String, String);

/// One object as it is now.
pub(super) struct Item {
    pub(super) names: Names,
    pub(super) known: Known,
    /// `None` where it could not be decoded: the last good state stays.
    pub(super) change: Option<Change>,
}

/// What tells one state of an object from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// As a number, which versions of one server are (KEP-5504); 0 where it is none.
    pub(super) version: u64,
    /// A mark of its labels, where they alone are kept; else 0.
    labels: u64,
}

impl Known {
    /// Nothing that is kept of it is another.
    pub(super) fn says_the_same(self, other: Self) -> bool {
        (self.version != 0 && self.version == other.version) || (self.labels != 0 && self.labels == other.labels)
    }
}

/// One line of a watch.
#[allow(clippy::large_enum_variant, reason = "one at a time, moved once")]
pub(super) enum Event {
    Put(Item),
    Delete(Names),
    /// The version up to which all is known, and whether this ends a streaming list.
    Bookmark {
        version: String,
        end_of_list: bool,
    },
    Error(Cause),
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metadata<'a> {
    #[serde(borrow)]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    resource_version: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Line<'a> {
    r#type: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// A page of a list.
#[derive(Deserialize)]
pub(super) struct Page<'a> {
    #[serde(default)]
    pub(super) metadata: PageMetadata,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PageMetadata {
    pub(super) resource_version: String,
    pub(super) r#continue: Option<String>,
}

impl<'a> Page<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, String> {
        serde_json::from_slice(body).map_err(|error| error.to_string())
    }

    pub(super) fn items(&self, api: &Api, followed: &Followed) -> Result<Vec<Item>, String> {
        self.items.iter().flatten().map(|raw| item(raw.get(), api, followed)).collect()
    }
}

/// Annotation of an object by which processes agree who leads: it changes every few seconds and says nothing.
const LOCK: &str = "control-plane.alpha.kubernetes.io/leader";

fn item(json: &str, api: &Api, followed: &Followed) -> Result<Item, String> {
    let head: Head = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let names = names(&head);
    let version = number(&head.metadata.resource_version);
    if !followed.within.is_empty() && json.contains(LOCK) {
        return Ok(Item { names, known: Known { version, labels: 0 }, change: None });
    }
    let bare = match followed.keep {
        Keep::Whole => None,
        Keep::Heads => Some(bare(json)?),
        Keep::Labels => Some(labels(json)?),
    };
    let json = bare.as_deref().unwrap_or(json);
    let mark = (followed.keep == Keep::Labels).then(|| BuildHasherDefault::<DefaultHasher>::default().hash_one(json));
    let known = Known { version, labels: mark.unwrap_or_default() };
    let change = match Object::decode(json, &api.api_version(), &api.kind) {
        Ok(object) => Some(Change::Put(object)),
        Err(error) => {
            tracing::warn!(kind = api.kind, namespace = names.0, name = names.1, %error, "an object cannot be read");
            None
        }
    };
    Ok(Item { names, known, change })
}

/// What stands under `metadata`, without the copy of the whole object that kubectl leaves there: whatever a server sends, nothing of a
/// Secret's content is kept.
fn bare(json: &str) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Bare {
        metadata: serde_json::Value,
    }
    let Bare { mut metadata } = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if let Some(annotations) = metadata.get_mut("annotations").and_then(serde_json::Value::as_object_mut) {
        annotations.shift_remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    Ok(serde_json::json!({"metadata": metadata}).to_string())
}

/// Name and labels.
fn labels(json: &str) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Labelled {
        metadata: Named,
    }
    #[derive(Deserialize, serde::Serialize)]
    struct Named {
        namespace: Option<String>,
        name: String,
        labels: Option<world::Labels>,
    }
    let Labelled { metadata } = serde_json::from_str(json).map_err(|error| error.to_string())?;
    Ok(serde_json::json!({"metadata": metadata}).to_string())
}

fn names(head: &Head) -> Names {
    (head.metadata.namespace.as_deref().unwrap_or_default().to_owned(), head.metadata.name.clone().into_owned())
}

pub(super) fn number(version: &str) -> u64 {
    version.parse().unwrap_or(0)
}

/// Reads a line of a watch, with the version that it brings us to.
pub(super) fn event(line: &[u8], api: &Api, followed: &Followed) -> Result<(Event, Option<String>), String> {
    #[derive(Deserialize)]
    struct Bookmark {
        #[serde(default)]
        metadata: BookmarkMetadata,
    }
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase", default)]
    struct BookmarkMetadata {
        resource_version: String,
        annotations: Option<std::collections::BTreeMap<String, String>>,
    }
    let said = |error: serde_json::Error| error.to_string();
    let line: Line = serde_json::from_slice(line).map_err(said)?;
    let json = line.object.get();
    match line.r#type {
        "ADDED" | "MODIFIED" => {
            let head: Head = serde_json::from_str(json).map_err(said)?;
            let version = head.metadata.resource_version.clone().into_owned();
            Ok((Event::Put(item(json, api, followed)?), Some(version)))
        }
        "DELETED" => {
            let head: Head = serde_json::from_str(json).map_err(said)?;
            Ok((Event::Delete(names(&head)), Some(head.metadata.resource_version.clone().into_owned())))
        }
        "BOOKMARK" => {
            let Bookmark { metadata } = serde_json::from_str(json).map_err(said)?;
            let end_of_list = metadata
                .annotations
                .is_some_and(|all| all.get("k8s.io/initial-events-end").is_some_and(|value| value == "true"));
            Ok((
                Event::Bookmark { version: metadata.resource_version.clone(), end_of_list },
                Some(metadata.resource_version),
            ))
        }
        "ERROR" => {
            let status: Status = serde_json::from_str(json).map_err(said)?;
            Ok((Event::Error(classify::status_cause(status.code, status)), None))
        }
        other => Err(format!("an event of the unknown type '{}'", classify::shorten(other))),
    }
}

/// The deletion of an object of this kind.
pub(super) fn deleted(api_group: &str, kind: &str, names: &Names) -> Change {
    Change::Delete(ObjectKey::new(api_group, kind, &names.0, &names.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(kind: &str) -> Api {
        Api {
            group: String::new(),
            version: "v1".into(),
            kind: kind.into(),
            plural: String::new(),
            namespaced: true,
            verbs: Vec::new(),
            versions: Vec::new(),
        }
    }

    fn read(followed: &Followed, json: &str) -> Option<Object> {
        match item(json, &api(&followed.kind), followed).unwrap().change {
            Some(Change::Put(object)) => Some(object),
            _ => None,
        }
    }

    #[test]
    fn of_a_secret_nothing_but_its_head_is_kept() {
        let secrets = Followed { keep: Keep::Heads, ..Followed::new("", "Secret") };
        let json = r#"{"metadata": {"name": "a", "namespace": "b", "labels": {"c": "d"}, "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hidden"}}, "data": {"key": "hidden"}}"#;
        let Some(Object::Document(document)) = read(&secrets, json) else { panic!("no document") };
        assert!(document.labels.contains_key("c"));
        assert!(!format!("{document:?}").contains("hidden"), "{document:?}");
    }

    #[test]
    fn of_a_node_nothing_but_its_labels_is_kept_and_tells_it_from_before() {
        let nodes = Followed { keep: Keep::Labels, ..Followed::new("", "Node") };
        let node = |version: u64, zone: &str| {
            format!(
                r#"{{"metadata": {{"name": "n", "resourceVersion": "{version}", "uid": "u", "labels": {{"zone": "{zone}"}}, "annotations": {{"a": "b{version}"}}}}}}"#
            )
        };
        let Some(Object::Document(document)) = read(&nodes, &node(1, "a")) else { panic!("no document") };
        assert_eq!(document.labels.get("zone"), Some("a"));
        assert!(document.annotations.is_empty() && document.resource_version.is_empty(), "{document:?}");
        let known = |json: &str| item(json, &api("Node"), &nodes).unwrap().known;
        let first = known(&node(1, "a"));
        assert!(first.says_the_same(known(&node(2, "a"))));
        assert!(!first.says_the_same(known(&node(2, "b"))));
    }

    #[test]
    fn locks_are_no_news() {
        let maps = Followed { within: "istio-system".into(), ..Followed::new("", "ConfigMap") };
        let lock = r#"{"metadata": {"name": "a", "namespace": "istio-system", "annotations": {"control-plane.alpha.kubernetes.io/leader": "x"}}}"#;
        assert!(read(&maps, lock).is_none());
        assert!(
            read(&maps, r#"{"metadata": {"name": "istio", "namespace": "istio-system"}, "data": {"mesh": ""}}"#)
                .is_some()
        );
    }
}
