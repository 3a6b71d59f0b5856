//! What recipes work with: the world, the user's values, and objects to make or to change.

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh::{Outcome, Ready, Request};
use serde_json::{Value, json};
use world::yaml::{self, Edit};
use world::{Document, ObjectKey, Said, Service, World, said};

use super::{Ingredient, Takes};
use crate::change::touched::desired;
use crate::change::tray::{ChangeKind, Tray};
use crate::map::Flow;
use crate::policies::is_dry;
use crate::template::{TemplateKind, Wanted, free_name, names_service, write};
use crate::{Error, Result};

pub(super) const NETWORKING: &str = "networking.istio.io";
pub(crate) const SECURITY: &str = "security.istio.io";

/// An object as a recipe would have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Dish {
    /// Which object.
    pub key: ObjectKey,
    /// Its text now; empty for a new object.
    pub before: String,
    /// Its text then.
    pub after: String,
    /// The version that `before` is of; empty for a new object.
    pub base: String,
}

pub(super) struct Kitchen<'a> {
    /// As the mesh decides it, with the tray applied.
    pub(super) ready: &'a Ready,
    /// With the tray applied.
    pub(super) world: &'a World,
    /// As it is live.
    pub(super) live: &'a World,
    pub(super) tray: &'a Tray,
    pub(super) flows: &'a [Flow],
    pub(super) values: &'a BTreeMap<String, String>,
    pub(super) version: &'a dyn Fn(&str, &str) -> String,
}

fn refuse(field: &'static str, reason: impl Into<Said>) -> Error {
    Error::Field { field, reason: reason.into() }
}

impl Kitchen<'_> {
    /// A value as the user gave it.
    pub(super) fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", |value| value.trim())
    }

    /// Whether a value can be used at all.
    pub(super) fn check(&self, need: &Ingredient) -> Result<()> {
        let value = self.value(need.name);
        let number = value.parse::<u32>().ok();
        let fits = match need.takes {
            Takes::Percent => number.is_some_and(|number| number <= 100),
            Takes::Number => number.is_some(),
            Takes::Service => return self.service().map(|_| ()),
            Takes::Version | Takes::Namespace | Takes::Text if need.one_of.is_empty() => !value.is_empty(),
            Takes::Version | Takes::Namespace | Takes::Text => need.one_of.contains(&value),
        };
        let reason = match need.takes {
            Takes::Percent => said!("0 to 100", "0 到 100"),
            Takes::Number => said!("a whole number", "整数"),
            _ if !need.one_of.is_empty() => said!("one of {}", "{} 之一", need.one_of.join(", ")),
            _ => said!("it is missing", "缺少该值"),
        };
        if fits { Ok(()) } else { Err(refuse(need.name, reason)) }
    }

    pub(super) fn number(&self, name: &str) -> u32 {
        self.value(name).parse().unwrap_or_default()
    }

    /// The service that the recipe is for.
    pub(super) fn service(&self) -> Result<&Arc<Service>> {
        let (namespace, name) = self.value("service").split_once('/').unwrap_or_default();
        let gone = || Error::gone(ObjectKey::new("", "Service", namespace, name));
        self.world.service(namespace, name).ok_or_else(gone)
    }

    /// Whether the mesh refuses a call that was seen.
    pub(super) fn refuses(&self, flow: &Flow) -> bool {
        let url = format!("http://{}.{}:{}/", flow.service.1, flow.service.0, flow.port);
        self.ready.explain(&Request::of_workload(&flow.from, "GET", url)).outcome == Outcome::Denied
    }

    /// Whether an ALLOW policy of the namespace selects pods with these labels: those that it does not name are refused then.
    pub(super) fn allows_by_name(&self, namespace: &str, labels: &world::Labels) -> bool {
        self.world.documents_of(SECURITY, "AuthorizationPolicy").any(|policy| {
            let allows = policy.at("/spec/action").and_then(Value::as_str).is_none_or(|action| action == "ALLOW");
            let bound = policy.at("/spec/targetRef").is_some() || policy.at("/spec/targetRefs").is_some();
            let selected = policy.at("/spec/selector/matchLabels").and_then(Value::as_object);
            let mut wanted = selected.into_iter().flatten();
            policy.key.namespace == namespace
                && (allows && !is_dry(policy) && !bound)
                && wanted.all(|(name, value)| labels.get(name).is_some_and(|own| value == own))
        })
    }

    /// A new object under a free name.
    pub(super) fn create(&self, group: &str, kind: &str, namespace: &str, name: &str, spec: Value) -> Dish {
        let name = free_name(self.world, group, kind, namespace, name);
        let version = (self.version)(group, kind);
        let object = json!({"apiVersion": format!("{group}/{version}"), "kind": kind,
            "metadata": {"name": name, "namespace": namespace}, "spec": spec});
        let key = ObjectKey::new(group, kind, namespace, &name);
        Dish { key, before: String::new(), after: yaml::write(&object), base: String::new() }
    }

    /// An object that is there, changed: the tray's text where it holds one, so that nothing of it is lost.
    pub(super) fn change(&self, key: &ObjectKey, edits: &[Edit]) -> Result<Dish> {
        changed(self.live, self.tray, key, edits)
    }

    /// The VirtualService that routes the service inside the mesh.
    pub(super) fn route(&self, service: &Service) -> Option<Arc<Document>> {
        self.world
            .documents_of(NETWORKING, "VirtualService")
            .find(|route| {
                let hosts = route.at("/spec/hosts").and_then(Value::as_array);
                let gateways = route.at("/spec/gateways").and_then(Value::as_array);
                let inside = gateways.is_none_or(|all| all.is_empty() || all.iter().any(|gateway| gateway == "mesh"));
                route.key.namespace == service.namespace
                    && inside
                    && hosts
                        .into_iter()
                        .flatten()
                        .any(|host| names_service(Some(host), &service.name, &service.namespace))
            })
            .cloned()
    }

    /// The DestinationRule of the service.
    pub(super) fn rule(&self, service: &Service) -> Option<Arc<Document>> {
        self.world
            .documents_of(NETWORKING, "DestinationRule")
            .find(|rule| {
                rule.key.namespace == service.namespace
                    && names_service(rule.at("/spec/host"), &service.name, &service.namespace)
            })
            .cloned()
    }

    /// Makes sure that versions can be named: what has to be written for it, if anything.
    pub(super) fn with_subsets(&self, service: &Service, versions: &[&str]) -> Result<Vec<Dish>> {
        let Some(rule) = self.rule(service) else {
            let wanted = Wanted {
                template: TemplateKind::DestinationRule,
                namespace: service.namespace.clone(),
                name: service.name.clone(),
                from: String::new(),
                to: String::new(),
            };
            let made = write(self.world, &wanted, self.version)?;
            return Ok(vec![Dish { key: made.key, before: String::new(), after: made.yaml, base: String::new() }]);
        };
        let subsets = rule.at("/spec/subsets").and_then(Value::as_array);
        let named = |version: &&&str| subsets.into_iter().flatten().any(|subset| subset["name"] == **version);
        let missing = versions.iter().filter(|version| !named(version));
        let missing: Vec<Value> =
            missing.map(|version| json!({"name": version, "labels": {"version": version}})).collect();
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let edits = match subsets {
            Some(_) => missing.into_iter().map(|subset| Edit::insert("/spec/subsets/-", subset)).collect(),
            None => vec![Edit::set("/spec/subsets", Value::Array(missing))],
        };
        Ok(vec![self.change(&rule.key, &edits)?])
    }

    /// Where requests go that no rule of the route catches before: as its last rule says, else to all pods alike.
    pub(super) fn ways(&self, service: &Service) -> Value {
        let route = self.route(service);
        let rules = route.as_ref().and_then(|route| route.at("/spec/http")).and_then(Value::as_array);
        let ways = rules.and_then(|rules| rules.last()).map(|rule| &rule["route"]);
        let some = ways.filter(|ways| ways.as_array().is_some_and(|ways| !ways.is_empty()));
        some.cloned().unwrap_or_else(|| json!([destination(service, "", None)]))
    }

    /// The version that most requests go to now, other than this one; empty where there is none.
    pub(super) fn stable(&self, service: &Service, version: &str) -> String {
        let route = self.route(service);
        let rules = route.as_ref().and_then(|route| route.at("/spec/http")).and_then(Value::as_array);
        let last = rules.and_then(|rules| rules.last());
        let routed = last.and_then(|rule| rule["route"].as_array()).into_iter().flatten();
        let heaviest = routed
            .filter(|one| one["destination"]["subset"].as_str().is_some_and(|subset| subset != version))
            .max_by_key(|one| one["weight"].as_u64().unwrap_or(100));
        if let Some(subset) = heaviest.and_then(|one| one["destination"]["subset"].as_str()) {
            return subset.to_owned();
        }
        let rule = self.rule(service);
        let subsets = rule.as_ref().and_then(|rule| rule.at("/spec/subsets")).and_then(Value::as_array);
        let other = subsets.into_iter().flatten().filter_map(|s| s["name"].as_str()).find(|name| *name != version);
        let labels = || {
            let of = self.world.workloads().filter(|w| w.namespace == service.namespace && is_of(service, &w.labels));
            of.filter_map(|w| w.labels.get("version")).filter(|label| *label != version).min().map(str::to_owned)
        };
        other.map(str::to_owned).or_else(labels).unwrap_or_default()
    }

    /// The route with a rule before all others; a new route where there is none.
    pub(super) fn rule_first(&self, service: &Service, rule: Value) -> Result<Dish> {
        let Some(route) = self.route(service) else {
            let rest = json!({"route": [destination(service, "", None)]});
            return Ok(self.new_route(service, json!([rule, rest])));
        };
        let edit = match route.at("/spec/http").and_then(Value::as_array) {
            Some(_) => Edit::insert("/spec/http/0", rule),
            None => Edit::set("/spec/http", json!([rule, {"route": [destination(service, "", None)]}])),
        };
        self.change(&route.key, &[edit])
    }

    /// The route with fields of its last rule set: the one that takes what no other takes.
    pub(super) fn rule_last(&self, service: &Service, fields: &[(&str, Value)]) -> Result<Dish> {
        let route = self.route(service);
        let last = route.as_ref().and_then(|route| route.at("/spec/http")).and_then(Value::as_array).map(Vec::len);
        match (route, last) {
            (Some(route), Some(count)) if count > 0 => {
                let at = |name: &str| format!("/spec/http/{}/{name}", count - 1);
                let edits: Vec<Edit> = fields.iter().map(|(name, value)| Edit::set(&at(name), value.clone())).collect();
                self.change(&route.key, &edits)
            }
            (route, _) => {
                let mut rule = json!({"route": [destination(service, "", None)]});
                for (name, value) in fields {
                    rule[*name] = value.clone();
                }
                match route {
                    Some(route) => self.change(&route.key, &[Edit::set("/spec/http", json!([rule]))]),
                    None => Ok(self.new_route(service, json!([rule]))),
                }
            }
        }
    }

    fn new_route(&self, service: &Service, http: Value) -> Dish {
        let spec = json!({"hosts": [service.name], "http": http});
        self.create(NETWORKING, "VirtualService", &service.namespace, &service.name, spec)
    }

    /// The DestinationRule with a part of its traffic policy set; a new one where there is none.
    pub(super) fn policy(&self, service: &Service, parts: &[(&str, Value)]) -> Result<Dish> {
        match self.rule(service) {
            Some(rule) => {
                let at = |name: &str| format!("/spec/trafficPolicy/{name}");
                let edits: Vec<Edit> = parts.iter().map(|(name, value)| Edit::set(&at(name), value.clone())).collect();
                self.change(&rule.key, &edits)
            }
            None => {
                let policy: serde_json::Map<_, _> =
                    parts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
                let spec = json!({"host": service.name, "trafficPolicy": policy});
                Ok(self.create(NETWORKING, "DestinationRule", &service.namespace, &service.name, spec))
            }
        }
    }
}

/// An object that is there, changed: the tray's text where it holds one, else what is live.
pub(crate) fn changed(live: &World, tray: &Tray, key: &ObjectKey, edits: &[Edit]) -> Result<Dish> {
    let waiting = tray.items().iter().find(|item| item.key == *key && item.kind != ChangeKind::Delete);
    let (text, base) = match (waiting, live.document(key)) {
        (Some(item), _) => (item.yaml.clone(), item.base.clone()),
        (None, Some(live)) => (yaml::write(&desired(&live.body)), live.resource_version.clone()),
        (None, None) => return Err(Error::gone(key.clone())),
    };
    let cannot = |error: yaml::EditError| Error::NotAnObject { line: 1, reason: error.said() };
    let after = yaml::edit(&text, edits).map_err(cannot)?;
    Ok(Dish { key: key.clone(), before: text, after, base })
}

/// The edits that take an annotation off an object, and the mapping with it where it is the last.
pub(crate) fn without(object: &Value, annotation: &str) -> Vec<Edit> {
    match object.pointer("/metadata/annotations").and_then(Value::as_object) {
        Some(all) if all.contains_key(annotation) && all.len() == 1 => vec![Edit::remove("/metadata/annotations")],
        Some(all) if all.contains_key(annotation) => {
            vec![Edit::remove(&format!("/metadata/annotations/{}", annotation.replace('/', "~1")))]
        }
        _ => Vec::new(),
    }
}

fn is_of(service: &Service, labels: &world::Labels) -> bool {
    !service.selector.is_empty() && mesh::selects(&service.selector, labels)
}

/// One way of a route.
pub(super) fn destination(service: &Service, subset: &str, weight: Option<u32>) -> Value {
    let mut way = json!({"destination": {"host": service.name}});
    if !subset.is_empty() {
        way["destination"]["subset"] = subset.into();
    }
    if let Some(weight) = weight {
        way["weight"] = weight.into();
    }
    way
}
