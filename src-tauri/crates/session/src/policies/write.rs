//! The policies that let in exactly those who are named. Pure: what it is given was seen by others.

use std::collections::{BTreeMap, BTreeSet};

use mesh::{Places, target_port};
use serde_json::{Value, json};
use world::{Service, World};

use crate::traffic::Names;

/// Who shall be let in to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Namespace and name of the caller's service account: by it the mesh knows a caller.
    pub account: Names,
    /// Namespace and name of the service.
    pub service: Names,
    /// Ports of the service at which it was called; empty where nobody counted them.
    pub ports: BTreeSet<u16>,
    /// It opens connections over which goes no HTTP: it is let in by port alone.
    pub tcp: bool,
    /// What it was seen to ask; empty where nobody wrote that down.
    pub requests: Vec<Asked>,
}

/// Requests that were seen: each of these methods on each of these paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// `GET`
    pub methods: BTreeSet<String>,
    /// As a policy has them: `/reviews/{*}`, `/static/*`.
    pub paths: BTreeSet<String>,
}

/// A caller's account, and whether it opens connections that carry no HTTP: a rule with a method or a path lets none of those in.
/// Upstream: istio/istio pilot/pkg/security/authz/model/model.go, `Generate`.
type Caller<'a> = (&'a Names, bool);

/// What is known of one caller of a service: `None` where it is not to be narrowed.
struct Known {
    /// Ports of the pods.
    ports: Option<BTreeSet<u16>>,
    requests: Option<BTreeSet<Asked>>,
}

/// One policy to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Its namespace: that of the service.
    pub namespace: String,
    /// Its name, if that is free.
    pub name: String,
    /// Its `spec`.
    pub spec: Value,
}

/// One policy for each service that somebody shall reach. Services that select no pods get none.
pub fn policies(world: &World, places: &Places, grants: &[Grant]) -> Vec<Policy> {
    let mut callers: BTreeMap<&Names, BTreeMap<Caller<'_>, Known>> = BTreeMap::new();
    for grant in grants {
        let Some(service) = world.service(&grant.service.0, &grant.service.1) else { continue };
        let ports = pod_ports(service, places, &grant.ports);
        let requests = Some(&grant.requests).filter(|all| !all.is_empty()).map(|all| all.iter().cloned());
        let nothing = || Known { ports: Some([].into()), requests: Some([].into()) };
        let known =
            callers.entry(&grant.service).or_default().entry((&grant.account, grant.tcp)).or_insert_with(nothing);
        // Who was once seen at a port, or with a request, that nobody wrote down cannot be held to those that were.
        known.ports = known.ports.take().zip(ports).map(|(known, more)| known.into_iter().chain(more).collect());
        known.requests =
            known.requests.take().zip(requests).map(|(known, more)| known.into_iter().chain(more).collect());
    }
    let policy = |(of, callers): (&Names, BTreeMap<Caller<'_>, Known>)| {
        let service = world.service(&of.0, &of.1).filter(|service| !service.selector.is_empty())?;
        let (whom, ports) = if has_waypoint(world, service) {
            // A waypoint stands before the service and sees its port, the pods behind it see the waypoint.
            (("targetRefs", json!([{"group": "", "kind": "Service", "name": service.name}])), false)
        } else {
            (("selector", json!({"matchLabels": service.selector})), true)
        };
        let mut spec = json!({"action": "ALLOW", "rules": rules(callers, ports)});
        spec[whom.0] = whom.1;
        Some(Policy { namespace: of.0.clone(), name: format!("callers-of-{}", of.1), spec })
    };
    callers.into_iter().filter_map(policy).collect()
}

/// The policy that lets nobody in whom no other names.
pub fn nobody_else(namespace: &str) -> Policy {
    Policy { namespace: namespace.to_owned(), name: "nobody-else".into(), spec: json!({}) }
}

/// A rule for each set of ports and requests, with all who use just these.
fn rules(callers: BTreeMap<Caller<'_>, Known>, with_ports: bool) -> Vec<Value> {
    let mut alike: BTreeMap<(BTreeSet<u16>, BTreeSet<Asked>), Vec<String>> = BTreeMap::new();
    for (((namespace, account), _), known) in callers {
        // `cluster.local` stands for the mesh's own trust domain, whatever its name: istio/istio
        // pilot/pkg/security/trustdomain/bundle.go, ReplaceTrustDomainAliases.
        let principal = format!("cluster.local/ns/{namespace}/sa/{account}");
        let ports = known.ports.filter(|_| with_ports).unwrap_or_default();
        alike.entry((ports, known.requests.unwrap_or_default())).or_default().push(principal);
    }
    let rule = |((ports, requests), principals): ((BTreeSet<u16>, BTreeSet<Asked>), Vec<String>)| {
        let mut rule = json!({"from": [{"source": {"principals": principals}}]});
        let operations = operations(&ports, &requests);
        if !operations.is_empty() {
            rule["to"] = Value::Array(operations);
        }
        rule
    };
    alike.into_iter().map(rule).collect()
}

fn operations(ports: &BTreeSet<u16>, requests: &BTreeSet<Asked>) -> Vec<Value> {
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    let with_ports = |mut operation: Value| {
        if !ports.is_empty() {
            operation["ports"] = json!(ports);
        }
        json!({"operation": operation})
    };
    if requests.is_empty() {
        return if ports.is_empty() { Vec::new() } else { vec![with_ports(json!({}))] };
    }
    requests.iter().map(|asked| with_ports(json!({"methods": asked.methods, "paths": asked.paths}))).collect()
}

/// The ports of the pods behind these ports of a service; `None` where that is not known. Of a service with one port it is that one.
fn pod_ports(service: &Service, places: &Places, ports: &BTreeSet<u16>) -> Option<BTreeSet<u16>> {
    let only = match service.ports.as_slice() {
        [only] if ports.is_empty() => [only.port].into(),
        _ if ports.is_empty() => return None,
        _ => ports.clone(),
    };
    let pods = places.of_service(service);
    let mut found = BTreeSet::new();
    for port in only {
        let port = service.ports.iter().find(|known| known.port == port)?;
        let behind: BTreeSet<u16> = pods.iter().filter_map(|pod| target_port(port, pod)).collect();
        if behind.is_empty() {
            return None;
        }
        found.extend(behind);
    }
    Some(found)
}

/// A waypoint decides who may reach it. Upstream: istio.io, "Configure waypoint proxies"; the label of the service counts before its namespace's.
fn has_waypoint(world: &World, service: &Service) -> bool {
    const LABEL: &str = "istio.io/use-waypoint";
    let Some(namespace) = world.namespace(&service.namespace) else { return false };
    let ambient = namespace.labels.get("istio.io/dataplane-mode").is_some_and(|mode| mode == "ambient");
    let named = service.labels.get(LABEL).or_else(|| namespace.labels.get(LABEL));
    ambient && named.is_some_and(|name| !name.is_empty() && name != "none")
}
