//! What this server serves: versions, groups, resources and their schemas.

use serde_json::{Map, Value, json};

use crate::kinds::{Kind, Kinds};

/// The Kubernetes version that this server speaks as.
pub(crate) const VERSION: &str = "v1.33.4";

/// Plural, kind, namespaced and verbs of a resource without objects.
type Virtual = (&'static str, &'static str, bool, &'static [&'static str]);

/// Groups that hold no objects: questions that are answered at once, and measurements.
const VIRTUAL: [(&str, &str, &[Virtual]); 3] = [
    ("authentication.k8s.io", "v1", &[("selfsubjectreviews", "SelfSubjectReview", false, &["create"])]),
    (
        "authorization.k8s.io",
        "v1",
        &[
            ("selfsubjectaccessreviews", "SelfSubjectAccessReview", false, &["create"]),
            ("selfsubjectrulesreviews", "SelfSubjectRulesReview", false, &["create"]),
        ],
    ),
    (
        "metrics.k8s.io",
        "v1beta1",
        &[("nodes", "NodeMetrics", false, &["get", "list"]), ("pods", "PodMetrics", true, &["get", "list"])],
    ),
];

const VERBS: [&str; 7] = ["create", "delete", "get", "list", "patch", "update", "watch"];

pub(crate) fn version() -> Value {
    json!({"major": "1", "minor": "33", "gitVersion": VERSION, "gitCommit": "demo", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "none", "compiler": "rustc", "platform": "linux/amd64"})
}

pub(crate) fn core_versions() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

fn groups(kinds: &Kinds) -> Vec<(String, Vec<String>)> {
    let stored = kinds.groups().into_iter().filter(|g| !g.is_empty());
    let stored = stored.map(|g| (g.to_owned(), kinds.versions(g).into_iter().map(str::to_owned).collect()));
    stored.chain(VIRTUAL.iter().map(|(group, version, _)| ((*group).to_owned(), vec![(*version).to_owned()]))).collect()
}

pub(crate) fn group_list(kinds: &Kinds) -> Value {
    let all: Vec<Value> = groups(kinds).iter().map(|(group, versions)| api_group(group, versions)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": all})
}

fn api_group(group: &str, versions: &[String]) -> Value {
    let version = |v: &String| json!({"groupVersion": format!("{group}/{v}"), "version": v});
    json!({"name": group, "versions": versions.iter().map(version).collect::<Vec<_>>(),
        "preferredVersion": versions.first().map(version)})
}

/// `/apis/<group>`
pub(crate) fn group(kinds: &Kinds, name: &str) -> Option<Value> {
    let (group, versions) = groups(kinds).into_iter().find(|(g, _)| g == name)?;
    let mut found = api_group(&group, &versions);
    found["kind"] = "APIGroup".into();
    found["apiVersion"] = "v1".into();
    Some(found)
}

/// `/api/v1`, `/apis/<group>/<version>`
pub(crate) fn resources(kinds: &Kinds, group: &str, version: &str) -> Option<Value> {
    let mut found = Vec::new();
    for kind in kinds.iter().filter(|k| k.group == group && k.version(version).is_some()) {
        let mut resource = json!({"name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced,
            "kind": kind.kind, "verbs": VERBS});
        if !kind.short_names.is_empty() {
            resource["shortNames"] = json!(kind.short_names);
        }
        if !kind.categories.is_empty() {
            resource["categories"] = json!(kind.categories);
        }
        found.push(resource);
        for (sub, sub_kind, verbs) in subresources(kind, version) {
            found.push(
                json!({"name": format!("{}/{sub}", kind.plural), "singularName": "", "namespaced": kind.namespaced,
                "kind": sub_kind, "verbs": verbs}),
            );
        }
    }
    for (_, _, resources) in VIRTUAL.iter().filter(|(g, v, _)| (*g, *v) == (group, version)) {
        for (name, kind, namespaced, verbs) in *resources {
            found.push(
                json!({"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": verbs}),
            );
        }
    }
    if found.is_empty() {
        return None;
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    Some(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": found}))
}

fn subresources(kind: &Kind, version: &str) -> Vec<(String, String, Vec<&'static str>)> {
    let mut found: Vec<_> = kind
        .subresources
        .iter()
        .map(|sub| match sub.as_str() {
            "portforward" => (sub.clone(), "PodPortForwardOptions".to_owned(), vec!["create", "get"]),
            "proxy" => {
                let verbs = vec!["create", "delete", "get", "patch", "update"];
                (sub.clone(), format!("{}ProxyOptions", kind.kind), verbs)
            }
            _ => (sub.clone(), kind.kind.clone(), vec!["get"]),
        })
        .collect();
    if kind.version(version).is_some_and(|v| v.status) {
        found.push(("status".into(), kind.kind.clone(), vec!["get", "patch", "update"]));
    }
    found
}

/// Content type of aggregated discovery, as k8s.io/apiserver's endpoints/discovery/aggregated writes it.
pub(crate) const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Everything at once, as clients ask for since Kubernetes 1.26: `/api` holds the core group, `/apis` the others.
pub(crate) fn aggregated(kinds: &Kinds, core: bool) -> Value {
    let all = if core { vec![(String::new(), vec!["v1".to_owned()])] } else { groups(kinds) };
    let items: Vec<Value> = all
        .iter()
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions.iter().map(|v| aggregated_version(kinds, group, v)).collect();
            let metadata = if group.is_empty() { json!({}) } else { json!({"name": group}) };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn aggregated_version(kinds: &Kinds, group: &str, version: &str) -> Value {
    let scope = |namespaced: bool| if namespaced { "Namespaced" } else { "Cluster" };
    let response = |kind: &str| json!({"group": group, "version": version, "kind": kind});
    let mut found: Vec<Value> = Vec::new();
    for kind in kinds.iter().filter(|k| k.group == group && k.version(version).is_some()) {
        let subresources: Vec<Value> = subresources(kind, version)
            .iter()
            .map(|(sub, sub_kind, verbs)| json!({"subresource": sub, "responseKind": response(sub_kind), "verbs": verbs}))
            .collect();
        found.push(json!({"resource": kind.plural, "responseKind": response(&kind.kind), "scope": scope(kind.namespaced),
            "singularResource": kind.singular, "verbs": VERBS, "shortNames": kind.short_names, "categories": kind.categories,
            "subresources": subresources}));
    }
    for (_, _, resources) in VIRTUAL.iter().filter(|(g, v, _)| (*g, *v) == (group, version)) {
        for (name, kind, namespaced, verbs) in *resources {
            found.push(json!({"resource": name, "responseKind": response(kind), "scope": scope(*namespaced), "singularResource": "",
                "verbs": verbs}));
        }
    }
    json!({"version": version, "resources": found, "freshness": "Current"})
}

/// `/openapi/v3`
pub(crate) fn openapi_index(kinds: &Kinds) -> Value {
    let mut paths = Map::new();
    let mut add = |path: String| {
        let link = json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={VERSION}")});
        paths.insert(path, link);
    };
    add("api/v1".into());
    for group in kinds.groups().into_iter().filter(|g| !g.is_empty()) {
        for version in kinds.versions(group) {
            add(format!("apis/{group}/{version}"));
        }
    }
    json!({"paths": paths})
}

/// `/openapi/v3/apis/<group>/<version>`: the schemas, named as the genuine server names them (the group's parts turned round).
pub(crate) fn openapi(kinds: &Kinds, group: &str, version: &str) -> Option<Value> {
    const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
    let package = match group {
        "" => "io.k8s.api.core".to_owned(),
        "apps" | "batch" => format!("io.k8s.api.{group}"),
        _ => group.split('.').rev().collect::<Vec<_>>().join("."),
    };
    let mut schemas = Map::new();
    let mut paths = Map::new();
    for kind in kinds.iter().filter(|k| k.group == group) {
        let Some(schema) = kind.schema(version) else { continue };
        let name = format!("{package}.{version}.{}", kind.kind);
        let mut document = schema.raw().clone();
        let properties = json!({"apiVersion": {"type": "string"}, "kind": {"type": "string"},
            "metadata": {"allOf": [{"$ref": format!("#/components/schemas/{META}")}]}});
        let mut properties = properties.as_object().cloned().unwrap_or_default();
        properties.extend(document["properties"].as_object().cloned().unwrap_or_default());
        document["properties"] = properties.into();
        let gvk = json!({"group": group, "version": version, "kind": kind.kind});
        document["x-kubernetes-group-version-kind"] = json!([gvk]);
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        schemas.insert(name, document);
        let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        let scope = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
        let answer = json!({"200": {"description": "OK", "content": {"application/json": {"schema": reference}}}});
        let operation = |action: &str| json!({"responses": answer, "x-kubernetes-action": action, "x-kubernetes-group-version-kind": gvk});
        let path = format!("{root}{scope}/{}/{{name}}", kind.plural);
        paths.insert(path, json!({"get": operation("get"), "put": operation("put"), "patch": patch(operation("patch")), "delete": operation("delete")}));
    }
    if schemas.is_empty() {
        return None;
    }
    schemas.insert(META.into(), crate::schema::metadata());
    Some(json!({"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": VERSION}, "paths": paths,
        "components": {"schemas": schemas}}))
}

/// kubectl asks here whether a dry-run and field validation are understood.
fn patch(mut operation: Value) -> Value {
    let parameters: Vec<Value> = ["dryRun", "fieldManager", "fieldValidation", "force"]
        .iter()
        .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}}))
        .collect();
    operation["parameters"] = parameters.into();
    operation
}
