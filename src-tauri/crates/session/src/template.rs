//! New objects to start from, filled with what the world knows.

use serde_json::{Value, json};
use world::{Labels, ObjectKey, Workload, World};

use crate::Error;

const NETWORKING: &str = "networking.istio.io";
const SECURITY: &str = "security.istio.io";

/// What to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateKind {
    /// A route of a service.
    VirtualService,
    /// The subsets of a service.
    DestinationRule,
    /// Mutual TLS of a namespace or a workload.
    PeerAuthentication,
    /// Who may call a namespace or a workload.
    AuthorizationPolicy,
    /// One caller may call one callee.
    AllowEdge,
    /// One caller may not call one callee.
    DenyEdge,
}

/// What a template is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which template.
    pub template: TemplateKind,
    /// Where the object goes.
    pub namespace: String,
    /// A service, a workload, or empty.
    pub name: String,
    /// Node of the caller, for edges.
    pub from: String,
    /// Node of the callee, for edges.
    pub to: String,
}

/// A new object and its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Its identity.
    pub key: ObjectKey,
    /// As YAML.
    pub yaml: String,
}

/// Writes the object; `version` says at which version a kind (group, kind) is served.
///
/// # Errors
/// Where the service, the caller or the callee is not in the world.
pub fn write(world: &World, wanted: &Wanted, version: impl Fn(&str, &str) -> String) -> Result<Template, Error> {
    let (group, kind, namespace, name, spec) = match wanted.template {
        TemplateKind::VirtualService => (
            NETWORKING,
            "VirtualService",
            wanted.namespace.clone(),
            wanted.name.clone(),
            virtual_service(world, wanted)?,
        ),
        TemplateKind::DestinationRule => (
            NETWORKING,
            "DestinationRule",
            wanted.namespace.clone(),
            wanted.name.clone(),
            destination_rule(world, wanted)?,
        ),
        TemplateKind::PeerAuthentication => {
            let (name, spec) = scoped(world, wanted, json!({"mtls": {"mode": "STRICT"}}));
            (SECURITY, "PeerAuthentication", wanted.namespace.clone(), name, spec)
        }
        TemplateKind::AuthorizationPolicy => {
            let rules =
                json!({"action": "ALLOW", "rules": [{"from": [{"source": {"namespaces": [wanted.namespace]}}]}]});
            let (name, spec) = scoped(world, wanted, rules);
            (SECURITY, "AuthorizationPolicy", wanted.namespace.clone(), name, spec)
        }
        TemplateKind::AllowEdge | TemplateKind::DenyEdge => {
            let (namespace, name, spec) = edge(world, wanted)?;
            (SECURITY, "AuthorizationPolicy", namespace, name, spec)
        }
    };
    let name = free_name(world, group, kind, &namespace, &name);
    let key = ObjectKey::new(group, kind, &namespace, &name);
    let version = version(group, kind);
    let object = json!({
        "apiVersion": format!("{group}/{version}"), "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    });
    Ok(Template { key, yaml: world::yaml::write(&object) })
}

/// The name, or the name with the first number that is free.
pub(crate) fn free_name(world: &World, group: &str, kind: &str, namespace: &str, name: &str) -> String {
    let taken = |name: &str| world.document(&ObjectKey::new(group, kind, namespace, name)).is_some();
    if !taken(name) {
        return name.to_owned();
    }
    (2..).map(|n| format!("{name}-{n}")).find(|name| !taken(name)).unwrap_or_default()
}

/// All requests of the service; where subsets are defined, split evenly over them.
fn virtual_service(world: &World, wanted: &Wanted) -> Result<Value, Error> {
    let service = world
        .service(&wanted.namespace, &wanted.name)
        .ok_or_else(|| Error::gone(ObjectKey::new("", "Service", &wanted.namespace, &wanted.name)))?;
    let subsets: Vec<String> = world
        .documents_of(NETWORKING, "DestinationRule")
        .filter(|rule| {
            rule.key.namespace == wanted.namespace
                && names_service(rule.at("/spec/host"), &service.name, &service.namespace)
        })
        .flat_map(|rule| rule.at("/spec/subsets").and_then(Value::as_array).cloned().unwrap_or_default())
        .filter_map(|subset| subset["name"].as_str().map(str::to_owned))
        .collect();
    let route: Vec<Value> = if subsets.is_empty() {
        vec![json!({"destination": {"host": service.name}})]
    } else {
        let (share, rest) = (100 / subsets.len(), 100 % subsets.len());
        let weighted = subsets.iter().enumerate().map(|(at, subset)| {
            let weight = share + usize::from(at < rest);
            json!({"destination": {"host": service.name, "subset": subset}, "weight": weight})
        });
        weighted.collect()
    };
    Ok(json!({"hosts": [service.name], "http": [{"route": route}]}))
}

/// Whether a host, as written in an object of the service's own namespace, means this service.
pub(crate) fn names_service(host: Option<&Value>, name: &str, namespace: &str) -> bool {
    let Some(host) = host.and_then(Value::as_str) else { return false };
    host == name
        || host == format!("{name}.{namespace}")
        || host == format!("{name}.{namespace}.svc")
        || host == format!("{name}.{namespace}.svc.cluster.local")
}

/// One subset for each value of the label `version` behind the service.
fn destination_rule(world: &World, wanted: &Wanted) -> Result<Value, Error> {
    let service = world
        .service(&wanted.namespace, &wanted.name)
        .ok_or_else(|| Error::gone(ObjectKey::new("", "Service", &wanted.namespace, &wanted.name)))?;
    let mut versions: Vec<&str> = workloads_of(world, &wanted.namespace, &service.selector)
        .filter_map(|workload| workload.labels.get("version"))
        .collect();
    versions.sort();
    versions.dedup();
    let subsets: Vec<Value> =
        versions.iter().map(|version| json!({"name": version, "labels": {"version": version}})).collect();
    let mut spec = json!({"host": service.name});
    if !subsets.is_empty() {
        spec["subsets"] = Value::Array(subsets);
    }
    Ok(spec)
}

fn workloads_of<'a>(world: &'a World, namespace: &'a str, selector: &'a Labels) -> impl Iterator<Item = &'a Workload> {
    let selects = move |labels: &Labels| !selector.is_empty() && selector.iter().all(|(k, v)| labels.get(k) == Some(v));
    world.workloads().map(AsRef::as_ref).filter(move |w| w.namespace == namespace && selects(&w.labels))
}

/// A policy for the named workload or service, or for the whole namespace.
fn scoped(world: &World, wanted: &Wanted, spec: Value) -> (String, Value) {
    let Some(labels) = selector(world, &wanted.namespace, &wanted.name) else { return ("default".into(), spec) };
    let mut selected = json!({"selector": {"matchLabels": labels}});
    if let (Some(into), Value::Object(from)) = (selected.as_object_mut(), spec) {
        into.extend(from);
    }
    (wanted.name.clone(), selected)
}

/// Labels that select a service's or workload's pods.
fn selector(world: &World, namespace: &str, name: &str) -> Option<Labels> {
    if let Some(service) = world.service(namespace, name) {
        return Some(service.selector.clone());
    }
    world.workload(namespace, name).map(|workload| identifying(&workload.labels))
}

/// The labels by which people tell workloads apart; the others would select too narrowly after the next release.
pub(crate) fn identifying(labels: &Labels) -> Labels {
    const NAMES: [&str; 5] =
        ["app", "version", "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/version"];
    let known = labels.only(|name| NAMES.contains(&name));
    if known.is_empty() { labels.clone() } else { known }
}

/// (namespace, name, spec) of a policy for one caller and one callee.
fn edge(world: &World, wanted: &Wanted) -> Result<(String, String, Value), Error> {
    let (to_namespace, to) = node(&wanted.to)?;
    let (from_namespace, from) = node(&wanted.from)?;
    let labels = selector(world, to_namespace, to)
        .ok_or_else(|| Error::gone(ObjectKey::new("", "Service", to_namespace, to)))?;
    let accounts = accounts(world, from_namespace, from);
    if accounts.is_empty() {
        return Err(Error::NoIdentity { node: format!("{from_namespace}/{from}") });
    }
    let principals: Vec<String> =
        accounts.iter().map(|account| format!("cluster.local/ns/{from_namespace}/sa/{account}")).collect();
    let (action, word) = if wanted.template == TemplateKind::AllowEdge { ("ALLOW", "allow") } else { ("DENY", "deny") };
    let spec = json!({
        "selector": {"matchLabels": labels}, "action": action,
        "rules": [{"from": [{"source": {"principals": principals}}]}],
    });
    Ok((to_namespace.to_owned(), format!("{word}-{from}-to-{to}"), spec))
}

/// `workload:shop/reviews-v1` or `service:shop/reviews`.
fn node(id: &str) -> Result<(&str, &str), Error> {
    let name = id.split_once(':').filter(|(kind, _)| matches!(*kind, "workload" | "service")).map(|(_, name)| name);
    name.and_then(|name| name.split_once('/')).ok_or_else(|| Error::NoSuchNode { node: id.to_owned() })
}

/// The service accounts that a workload, or the workloads behind a service, run as.
fn accounts(world: &World, namespace: &str, name: &str) -> Vec<String> {
    let mut found: Vec<String> = match world.workload(namespace, name) {
        Some(workload) => vec![workload.service_account.clone()],
        None => world
            .service(namespace, name)
            .map(|service| {
                workloads_of(world, namespace, &service.selector).map(|w| w.service_account.clone()).collect()
            })
            .unwrap_or_default(),
    };
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use world::{Change, Object, Origin};

    use super::*;

    fn world() -> World {
        let workload = |version: &str| {
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "shop", "name": format!("reviews-{version}")},
                "spec": {"template": {"metadata": {"labels": {"app": "reviews", "version": version}}, "spec": {"serviceAccountName": "reviews"}}}})
        };
        let objects = [
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "reviews"}, "spec": {"selector": {"app": "reviews"}}}),
            workload("v1"),
            workload("v2"),
            workload("v3"),
            json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"namespace": "shop", "name": "reviews"},
                "spec": {"host": "reviews.shop.svc.cluster.local", "subsets": [{"name": "v1"}, {"name": "v2"}, {"name": "v3"}]}}),
        ];
        World::new().after(objects.map(|o| Change::Put(Object::read(o, Origin::Cluster).unwrap())))
    }

    fn spec(template: TemplateKind, name: &str, from: &str, to: &str) -> (ObjectKey, Value) {
        let wanted = Wanted { template, namespace: "shop".into(), name: name.into(), from: from.into(), to: to.into() };
        let made = write(&world(), &wanted, |_, _| "v1".into()).unwrap();
        (made.key, world::yaml::read(&made.yaml).value["spec"].clone())
    }

    #[test]
    fn a_route_over_the_subsets_that_exist() {
        let (key, spec) = spec(TemplateKind::VirtualService, "reviews", "", "");
        let weights: Vec<_> =
            spec["http"][0]["route"].as_array().unwrap().iter().map(|r| r["weight"].clone()).collect();
        assert_eq!(weights, [34, 33, 33]);
        assert_eq!(key.to_string(), "VirtualService shop/reviews");
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        let (key, spec) = spec(TemplateKind::DestinationRule, "reviews", "", "");
        assert_eq!(key.name, "reviews-2");
        assert_eq!(spec["subsets"][2], json!({"name": "v3", "labels": {"version": "v3"}}));
    }

    #[test]
    fn a_drawn_edge_names_the_callers_identity() {
        let (key, spec) = spec(TemplateKind::DenyEdge, "", "workload:shop/reviews-v2", "service:shop/reviews");
        assert_eq!(key.name, "deny-reviews-v2-to-reviews");
        assert_eq!(spec["rules"][0]["from"][0]["source"]["principals"], json!(["cluster.local/ns/shop/sa/reviews"]));
        assert_eq!(spec["selector"], json!({"matchLabels": {"app": "reviews"}}));
    }

    #[test]
    fn who_is_not_there_is_named() {
        let wanted = Wanted {
            template: TemplateKind::VirtualService,
            namespace: "shop".into(),
            name: "nobody".into(),
            from: String::new(),
            to: String::new(),
        };
        let error = write(&world(), &wanted, |_, _| "v1".into()).unwrap_err().to_string();
        assert_eq!(error, "Service shop/nobody is not there");
    }
}
