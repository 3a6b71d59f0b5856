//! Who owns which field, from `metadata.managedFields`, and what is sent in a server-side apply.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::touched::{Touched, desired, dotted};

/// One manager of an object and the fields that it set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldManager {
    /// Its name.
    pub name: String,
    /// `Apply` or `Update`.
    pub operation: String,
    /// Fields as people write them.
    pub fields: Vec<String>,
}

/// The managers of an object, as its server names them; those of the status left out.
pub fn managers(object: &Value) -> Vec<FieldManager> {
    entries(object)
        .map(|(name, operation, tree)| {
            let mut fields = Vec::new();
            leaves(tree, &mut String::new(), &mut fields);
            let fields = fields.iter().map(|path| dotted(path)).collect();
            FieldManager { name: name.into(), operation: operation.into(), fields }
        })
        .collect()
}

fn entries(object: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let list = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    list.into_iter().flatten().filter(|entry| entry.get("subresource").is_none()).filter_map(|entry| {
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        Some((text("manager")?, text("operation")?, entry.get("fieldsV1")?))
    })
}

/// Pointers of the leaves of a `fieldsV1` tree. Items of a list (`k:`, `v:`, `i:`) count as the list: see `touched`.
fn leaves(tree: &Value, path: &mut String, found: &mut Vec<String>) {
    let fields: Vec<_> =
        tree.as_object().into_iter().flatten().filter_map(|(k, v)| Some((k.strip_prefix("f:")?, v))).collect();
    if fields.is_empty() {
        if !path.is_empty() && !found.contains(path) {
            found.push(path.clone());
        }
        return;
    }
    let length = path.len();
    for (name, below) in fields {
        path.push('/');
        path.push_str(&name.replace('~', "~0").replace('/', "~1"));
        leaves(below, path, found);
        path.truncate(length);
    }
}

/// Which other managers own a field that is touched: field → managers.
pub fn others(object: &Value, fields: &[Touched], ours: &str) -> BTreeMap<String, Vec<String>> {
    let mut owned: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, _, tree) in entries(object).filter(|(name, ..)| *name != ours) {
        let mut paths = Vec::new();
        leaves(tree, &mut String::new(), &mut paths);
        for field in fields {
            if paths.iter().any(|path| covers(path, &field.path) || covers(&field.path, path)) {
                let names = owned.entry(dotted(&field.path)).or_default();
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        }
    }
    owned
}

fn covers(above: &str, below: &str) -> bool {
    below.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What is sent in a server-side apply of `wanted` over `live`: its identity, the fields that differ from what is live,
/// and those that our earlier applies own (an apply gives up what it does not name). Nothing else: naming a field makes
/// us its owner, and then its true owner could no longer remove it.
pub fn apply_body(live: &Value, wanted: &Value, fields: &[Touched], ours: &str) -> Value {
    let wanted = desired(wanted);
    let mut paths: Vec<String> = fields.iter().filter(|f| f.after.is_some()).map(|f| f.path.clone()).collect();
    for (_, _, tree) in entries(live).filter(|(name, operation, _)| *name == ours && *operation == "Apply") {
        leaves(tree, &mut String::new(), &mut paths);
    }
    let mut body = Map::new();
    for name in ["apiVersion", "kind"] {
        body.insert(name.into(), wanted.get(name).cloned().unwrap_or_default());
    }
    let mut body = Value::Object(body);
    for part in ["name", "namespace"] {
        copy(&wanted, &mut body, &format!("/metadata/{part}"));
    }
    for path in &paths {
        copy(&wanted, &mut body, path);
    }
    body
}

/// Copies the value at a pointer; its parents are made.
fn copy(from: &Value, to: &mut Value, pointer: &str) {
    let Some(value) = from.pointer(pointer) else { return };
    let mut place = to;
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Some(map) = place.as_object_mut() else { return };
        place = map.entry(name).or_insert(Value::Null);
    }
    *place = value.clone();
}

/// Field managers of those who set objects back. Upstream: argoproj/argo-cd common/common.go, `ArgoCDSSAManager`; the others name
/// themselves by their programs.
const KEEPERS: [(&str, &str); 5] = [
    ("argocd-controller", "Argo CD"),
    ("argocd-application-controller", "Argo CD"),
    ("kustomize-controller", "Flux"),
    ("helm-controller", "Flux"),
    ("helm", "Helm"),
];

/// Helm, Argo CD, Flux …: who may set an object back, by its marks or as the manager of its fields; empty for none.
pub fn owner(object: &Value) -> String {
    let mark = |kind: &str, name: &str| {
        let marks = object.pointer(&format!("/metadata/{kind}")).and_then(Value::as_object);
        marks.and_then(|marks| marks.get(name)).and_then(Value::as_str).map(str::to_owned)
    };
    if mark("annotations", "argocd.argoproj.io/tracking-id").is_some()
        || mark("labels", "argocd.argoproj.io/instance").is_some()
    {
        return "Argo CD".into();
    }
    if let Some(name) = mark("labels", "kustomize.toolkit.fluxcd.io/name") {
        return format!("Flux ({name})");
    }
    if let Some(name) = mark("labels", "helm.toolkit.fluxcd.io/name") {
        return format!("Flux ({name})");
    }
    if let Some(release) = mark("annotations", "meta.helm.sh/release-name") {
        return format!("Helm ({release})");
    }
    if mark("labels", "app.kubernetes.io/managed-by").as_deref() == Some("Helm") {
        return "Helm".into();
    }
    let mut managers = entries(object).map(|(name, ..)| name);
    if let Some(keeper) = managers.find_map(|name| KEEPERS.into_iter().find(|(manager, _)| *manager == name)) {
        return keeper.1.into();
    }
    let references = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let controller = references.into_iter().flatten().find(|reference| reference["controller"] == true);
    controller
        .map(|c| format!("{} {}", c["kind"].as_str().unwrap_or_default(), c["name"].as_str().unwrap_or_default()))
        .unwrap_or_default()
}

/// Takes away the marks by which an owner knows its objects: a copy is nobody's.
pub fn disown(object: &mut Value) {
    const MARKS: [&str; 8] = [
        "argocd.argoproj.io/",
        "kustomize.toolkit.fluxcd.io/",
        "helm.toolkit.fluxcd.io/",
        "meta.helm.sh/",
        "helm.sh/",
        "app.kubernetes.io/managed-by",
        "app.kubernetes.io/instance",
        "kubectl.kubernetes.io/last-applied-configuration",
    ];
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    metadata.shift_remove("ownerReferences");
    for kind in ["labels", "annotations"] {
        let Some(marks) = metadata.get_mut(kind).and_then(Value::as_object_mut) else { continue };
        marks.retain(|name, _| !MARKS.iter().any(|mark| name.starts_with(mark)));
        if marks.is_empty() {
            metadata.shift_remove(kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::touched::touched;
    use super::*;

    fn live() -> Value {
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": {"name": "r", "namespace": "shop", "labels": {"app": "r"}, "managedFields": [
                {"manager": "helm", "operation": "Update", "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": {".": {}, "f:hosts": {}, "f:http": {}}}},
                {"manager": "netloft", "operation": "Apply", "fieldsV1": {"f:spec": {"f:exportTo": {}}}},
                {"manager": "istiod", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}}]},
            "spec": {"hosts": ["r"], "http": [1], "exportTo": ["."]}})
    }

    #[test]
    fn only_what_changes_or_is_ours_is_sent() {
        let mut wanted = live();
        wanted["spec"]["http"] = json!([2]);
        let body = apply_body(&live(), &wanted, &touched(&live(), &wanted), "netloft");
        assert_eq!(
            body,
            json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "r", "namespace": "shop"}, "spec": {"http": [2], "exportTo": ["."]}})
        );
    }

    #[test]
    fn owners_of_touched_fields_by_name() {
        let mut wanted = live();
        wanted["spec"].as_object_mut().unwrap().remove("hosts");
        let owned = others(&live(), &touched(&live(), &wanted), "netloft");
        assert_eq!(owned, BTreeMap::from([("spec.hosts".to_owned(), vec!["helm".to_owned()])]));
        let names: Vec<_> = managers(&live()).into_iter().map(|m| (m.name, m.fields)).collect();
        assert_eq!(names[0].1, ["metadata.labels.app", "spec.hosts", "spec.http"]);
        assert_eq!(names.len(), 2, "the status is nobody's draft");
    }

    #[test]
    fn who_may_set_it_back() {
        for (marks, expected) in [
            (
                json!({"labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": {"meta.helm.sh/release-name": "shop"}}),
                "Helm (shop)",
            ),
            (json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}), "Flux (apps)"),
            (json!({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}), "Argo CD"),
            (json!({"ownerReferences": [{"controller": true, "kind": "Canary", "name": "r"}]}), "Canary r"),
            (json!({"managedFields": [{"manager": "kubectl", "operation": "Apply", "fieldsV1": {}}]}), ""),
            (
                json!({"managedFields": [{"manager": "argocd-controller", "operation": "Apply", "fieldsV1": {}}]}),
                "Argo CD",
            ),
            (json!({}), ""),
        ] {
            assert_eq!(owner(&json!({"metadata": marks})), expected);
        }
    }

    #[test]
    fn a_copy_is_nobodys() {
        let mut copy = json!({"metadata": {"name": "r", "ownerReferences": [{}],
            "labels": {"app": "r", "app.kubernetes.io/managed-by": "Helm"}, "annotations": {"meta.helm.sh/release-name": "shop"}}});
        disown(&mut copy);
        assert_eq!(copy, json!({"metadata": {"name": "r", "labels": {"app": "r"}}}));
        assert_eq!(owner(&copy), "");
    }
}
