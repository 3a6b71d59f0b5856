//! Requests that tell the branches of routes and policies apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mesh::{Caller, Membership, Request, selects};
use world::{Labels, ObjectKey, Pod, Service};

use crate::kinds::authorization_policy::{AuthorizationPolicy, Rule};
use crate::kinds::destination_rule::decide::host_of;
use crate::kinds::gateway::Gateway;
use crate::kinds::service_entry::ServiceEntry;
use crate::kinds::virtual_service::spec::{HttpMatch, StringMatch, VirtualService};
use crate::kinds::{NETWORKING, Typed};
use crate::read::Index;
use crate::read::hosts::{fqdn, service_host, wildcard_matches};

/// No object asks more than this.
const MOST: usize = 60;
/// An address that is nobody's. Upstream: RFC 5737.
pub(crate) const OUTSIDE: &str = "203.0.113.1";

/// Who may be put at the sending end: one pod for each workload, by namespace and name.
type Callable<'a> = (&'a Arc<Pod>, Option<Membership>);

struct Callers<'a> {
    /// The mesh's root namespace.
    root: &'a str,
    all: BTreeMap<(&'a str, &'a str), Callable<'a>>,
}

/// A request without its sender.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
}

impl Default for Sample {
    fn default() -> Self {
        Self { method: "GET".into(), path: "/".into(), headers: BTreeMap::new() }
    }
}

/// Bounded, and in a stable order.
pub(crate) fn probes(index: &Index, objects: &BTreeSet<ObjectKey>) -> Vec<Request> {
    let callers = Callers::of(index);
    let of = |key: &ObjectKey| -> Vec<Request> {
        let mut asked = match key.kind.as_str() {
            "VirtualService" => {
                let found = index.virtual_services.named(&key.namespace, &key.name);
                found.map(|t| for_virtual_service(index, &callers, t)).unwrap_or_default()
            }
            "DestinationRule" => {
                let found = index.destination_rules.named(&key.namespace, &key.name);
                found.map(|t| for_host(index, &callers, &host_of(t))).unwrap_or_default()
            }
            "PeerAuthentication" => {
                let found = index.peer_authentications.named(&key.namespace, &key.name);
                let labels =
                    found.and_then(|t| t.spec.selector.as_ref()).map(|s| s.match_labels.clone()).unwrap_or_default();
                let whole = vec![Sample::default()];
                found.map(|_| for_workloads(index, &callers, &key.namespace, &labels, &whole, &[])).unwrap_or_default()
            }
            "AuthorizationPolicy" => {
                let found = index.authorization_policies.named(&key.namespace, &key.name);
                found.map(|t| for_policy(index, &callers, t)).unwrap_or_default()
            }
            "Gateway" if key.group == NETWORKING => {
                let found = index.gateways.named(&key.namespace, &key.name);
                found.map(|t| for_gateway(index, t, None)).unwrap_or_default()
            }
            "ServiceEntry" => {
                let found = index.service_entries.named(&key.namespace, &key.name);
                found.map(|t| for_entry(&callers, t, None)).unwrap_or_default()
            }
            "Sidecar" => for_workloads(index, &callers, &key.namespace, &Labels::new(), &[Sample::default()], &[]),
            _ => Vec::new(),
        };
        asked.truncate(MOST);
        asked
    };
    objects.iter().flat_map(of).collect()
}

impl<'a> Callers<'a> {
    fn of(index: &'a Index) -> Self {
        let mut all = BTreeMap::new();
        for pod in index.places.pods().filter(|p| p.ready) {
            let key = (pod.namespace.as_str(), pod.workload.1.as_str());
            all.entry(key).or_insert_with(|| (pod, index.membership(pod)));
        }
        Self { root: index.settings.root(), all }
    }

    /// Workloads that differ in what decides: two of the same namespace, one of another, one without proxy.
    fn towards(&self, service: &Service) -> Vec<Caller> {
        let own = |namespace: &str, labels: &Labels| {
            namespace == service.namespace && !service.selector.is_empty() && selects(&service.selector, labels)
        };
        self.besides(&service.namespace, own)
    }

    /// The same towards what has its home in a namespace, but for its own.
    fn besides(&self, home: &str, own: impl Fn(&str, &Labels) -> bool) -> Vec<Caller> {
        let mut near = Vec::new();
        let (mut far, mut plain, mut system) = (None, None, None);
        for ((namespace, workload), (pod, member)) in &self.all {
            if own(namespace, &pod.labels) || *namespace == "kube-system" {
                continue;
            }
            let caller = workload_named(namespace, workload);
            match member {
                Some(Membership::Sidecar) if *namespace == home => near.push(caller),
                Some(Membership::Sidecar) => far = far.or(Some(caller)),
                // The control plane stands for a caller without a proxy where there is no other.
                None if *namespace == self.root => system = system.or(Some(caller)),
                None => plain = plain.or(Some(caller)),
                Some(_) => {}
            }
        }
        near.truncate(2);
        near.into_iter().chain(far).chain(plain.or(system)).collect()
    }

    fn with_principal(&self, pattern: &str) -> Option<Caller> {
        let found = self.all.iter().find(|((namespace, _), (pod, _))| {
            let principal = format!("cluster.local/ns/{namespace}/sa/{}", pod.service_account);
            crate::kinds::authorization_policy::value::principal_fits(pattern, &principal)
        });
        found.map(|((namespace, workload), _)| workload_named(namespace, workload))
    }

    fn in_namespace(&self, pattern: &str) -> Option<Caller> {
        let fits = crate::kinds::authorization_policy::value::namespace_fits;
        let found = self.all.iter().find(|((namespace, _), _)| fits(pattern, namespace));
        found.map(|((namespace, workload), _)| workload_named(namespace, workload))
    }

    fn with_labels(&self, wanted: &Labels, namespace: &str) -> Option<Caller> {
        let found = self
            .all
            .iter()
            .find(|((ns, _), (pod, _))| selects(wanted, &pod.labels) && (namespace.is_empty() || namespace == *ns));
        found.map(|((namespace, workload), _)| workload_named(namespace, workload))
    }
}

fn workload_named(namespace: &str, workload: &str) -> Caller {
    Caller::Workload { namespace: namespace.into(), workload: workload.into() }
}

fn request(service: &Service, port: u16, from: Caller, sample: &Sample) -> Request {
    Request {
        id: String::new(),
        from,
        via: None,
        method: sample.method.clone(),
        url: format!("http://{}.{}:{port}{}", service.name, service.namespace, sample.path),
        headers: sample.headers.iter().map(|(n, v)| (n.clone(), v.clone())).collect(),
        at: None,
    }
}

fn services_at<'a>(index: &'a Index, host: &'a str) -> impl Iterator<Item = &'a Arc<Service>> {
    index.world.services().filter(move |s| {
        let name = service_host(&s.namespace, &s.name);
        name == host || wildcard_matches(host, &name)
    })
}

fn for_host(index: &Index, callers: &Callers, host: &str) -> Vec<Request> {
    let entries = index.service_entries.all().filter(|typed| typed.spec.hosts.iter().any(|own| own == host));
    let mut all: Vec<Request> = entries.flat_map(|typed| for_entry(callers, typed, Some(host))).collect();
    for service in services_at(index, host) {
        let Some(port) = service.ports.first().map(|p| p.port) else { continue };
        all.extend(callers.towards(service).into_iter().map(|from| request(service, port, from, &Sample::default())));
    }
    all
}

/// Requests to each host of a ServiceEntry (or this one) at each of its ports. Where it selects pods of its namespace, they are its own.
fn for_entry(callers: &Callers, typed: &Typed<ServiceEntry>, host: Option<&str>) -> Vec<Request> {
    let home = typed.document.key.namespace.as_str();
    let own = |namespace: &str, labels: &Labels| {
        let selected = typed.spec.workload_selector.as_ref();
        namespace == home && selected.is_some_and(|own| selects(&own.labels, labels))
    };
    let from = callers.besides(home, own);
    let hosts = typed.spec.hosts.iter().filter(|own| *own != "*" && host.is_none_or(|host| *own == host));
    let places = hosts.flat_map(|host| typed.spec.ports.iter().map(move |port| (host, port)));
    let asked = places.flat_map(|(host, port)| {
        let scheme = if matches!(port.protocol.to_uppercase().as_str(), "HTTPS" | "TLS") { "https" } else { "http" };
        let url = format!("{scheme}://{}:{}/", host.replacen('*', "any", 1), port.number);
        from.iter().map(move |from| Request {
            id: String::new(),
            from: from.clone(),
            via: None,
            method: "GET".into(),
            url: url.clone(),
            headers: Vec::new(),
            at: None,
        })
    });
    asked.collect()
}

fn for_virtual_service(index: &Index, callers: &Callers, typed: &Typed<VirtualService>) -> Vec<Request> {
    let mut all = Vec::new();
    for gateway in &typed.spec.gateways {
        let (namespace, name) = gateway.split_once('/').unwrap_or((&typed.document.key.namespace, gateway));
        let found = index.gateways.named(namespace, name);
        all.extend(found.map(|t| for_gateway(index, t, Some(&typed.spec.hosts))).unwrap_or_default());
    }
    for host in &typed.spec.hosts {
        let host = fqdn(host, &typed.document.key.namespace);
        for service in services_at(index, &host) {
            for port in service.ports.iter().map(|p| p.port) {
                let from = callers.towards(service);
                all.extend(from.iter().map(|from| request(service, port, from.clone(), &Sample::default())));
                for m in typed.spec.http.iter().flat_map(|rule| &rule.matches) {
                    all.extend(around(m).iter().flat_map(|sample| {
                        let named = (!m.source_labels.is_empty() || !m.source_namespace.is_empty())
                            .then(|| callers.with_labels(&m.source_labels, &m.source_namespace))
                            .flatten();
                        let one = from.first().cloned();
                        named.into_iter().chain(one).map(|from| request(service, m.port.unwrap_or(port), from, sample))
                    }));
                }
            }
        }
    }
    all
}

/// Requests from outside to what a gateway opens, or to these hosts of it, by each Service before its pods.
fn for_gateway(index: &Index, typed: &Typed<Gateway>, hosts: Option<&[String]>) -> Vec<Request> {
    let selector = &typed.spec.selector;
    let before = |service: &&Arc<Service>| {
        !selector.is_empty() && index.places.of_service(service).into_iter().any(|pod| selects(selector, &pod.labels))
    };
    let mut all = Vec::new();
    for service in index.world.services().filter(before) {
        let via = (service.namespace.clone(), service.name.clone());
        for server in &typed.spec.servers {
            let scheme = match server.port.protocol.to_uppercase().as_str() {
                "HTTP" | "HTTP2" | "GRPC" => "http",
                "HTTPS" | "TLS" => "https",
                _ => continue,
            };
            let port = server.port.number;
            if !service.ports.iter().any(|open| open.port == port) {
                continue;
            }
            let named = hosts.unwrap_or(&server.hosts).iter().map(|host| host.rsplit('/').next().unwrap_or(host));
            all.extend(named.filter(|host| *host != "*").map(|host| Request {
                id: String::new(),
                from: Caller::Outside { ip: OUTSIDE.into() },
                via: Some(via.clone()),
                method: "GET".into(),
                url: format!("{scheme}://{}:{port}/", host.replacen('*', "any", 1)),
                headers: Vec::new(),
                at: None,
            }));
        }
    }
    all
}

/// A request that the match catches, and one beside it that differs in the path or the first header.
pub(crate) fn around(m: &HttpMatch) -> Vec<Sample> {
    let mut inside = Sample::default();
    let mut beside = None;
    if let Some(path) = m.uri.as_ref().and_then(example) {
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        beside = Some(Sample { path: format!("{path}-beside"), ..Sample::default() });
        inside.path = path;
    }
    inside.method = m.method.as_ref().and_then(example).unwrap_or(inside.method);
    for (name, of) in &m.headers {
        inside.headers.insert(name.clone(), example(of).unwrap_or_default());
    }
    if let Some(authority) = m.authority.as_ref().and_then(example) {
        inside.headers.insert("host".into(), authority);
    }
    let query: Vec<String> =
        m.query_params.iter().map(|(n, of)| format!("{n}={}", example(of).unwrap_or_default())).collect();
    if !query.is_empty() {
        inside.path = format!("{}?{}", inside.path, query.join("&"));
    }
    std::iter::once(inside).chain(beside).collect()
}

/// A text that the condition accepts: for an expression its literal letters, where they satisfy it.
fn example(of: &StringMatch) -> Option<String> {
    if let Some(text) = of.exact.clone().or_else(|| of.prefix.clone()) {
        return Some(text);
    }
    let Some(pattern) = &of.regex else { return Some("any".into()) };
    let literal: String = pattern.text.chars().filter(|c| !"^$.*+?()[]{}|\\".contains(*c)).collect();
    let candidates = [literal.clone(), format!("{literal}a"), format!("{literal}1"), "any".into()];
    candidates.into_iter().find(|text| pattern.matches(text))
}

/// Every service that leads to a workload which the labels select, asked by its usual callers and by these.
fn for_workloads(
    index: &Index,
    callers: &Callers,
    namespace: &str,
    labels: &Labels,
    samples: &[Sample],
    extra: &[Caller],
) -> Vec<Request> {
    let mut all = Vec::new();
    for service in index.world.services() {
        let here = service.namespace == namespace || namespace == index.root;
        let guarded = index.places.of_service(service).into_iter().any(|pod| selects(labels, &pod.labels));
        let (true, true, Some(port)) = (here, guarded, service.ports.first().map(|p| p.port)) else { continue };
        let from: Vec<Caller> = extra.iter().cloned().chain(callers.towards(service)).collect();
        for sample in samples {
            all.extend(from.iter().map(|from| request(service, port, from.clone(), sample)));
        }
    }
    all
}

fn for_policy(index: &Index, callers: &Callers, typed: &Typed<AuthorizationPolicy>) -> Vec<Request> {
    let (mut samples, mut named) = (vec![Sample::default()], Vec::new());
    for rule in &typed.spec.rules {
        named.extend(named_callers(rule, callers));
        samples.extend(operations(rule));
    }
    named.truncate(6);
    samples.truncate(8);
    let labels = typed.spec.labels().cloned().unwrap_or_default();
    let namespace = typed.document.key.namespace.as_str();
    let mut all = at_the_edge(index, namespace, &labels, &samples);
    all.extend(for_workloads(index, callers, namespace, &labels, &samples, &named));
    all
}

/// Requests from outside to what the gateways that the labels select open.
fn at_the_edge(index: &Index, namespace: &str, labels: &Labels, samples: &[Sample]) -> Vec<Request> {
    let guarded = |request: &Request| {
        let service = request.via.as_ref().and_then(|(ns, name)| index.world.service(ns, name));
        service.is_some_and(|service| {
            let here = service.namespace == namespace || namespace == index.root;
            here && index.places.of_service(service).into_iter().any(|pod| selects(labels, &pod.labels))
        })
    };
    let opened = index.gateways.all().flat_map(|typed| for_gateway(index, typed, None)).filter(guarded);
    let as_sample = |request: &Request, sample: &Sample| Request {
        method: sample.method.clone(),
        url: format!("{}{}", request.url.trim_end_matches('/'), sample.path),
        headers: sample.headers.iter().map(|(n, v)| (n.clone(), v.clone())).collect(),
        ..request.clone()
    };
    opened.flat_map(|request| samples.iter().map(|sample| as_sample(&request, sample)).collect::<Vec<_>>()).collect()
}

fn named_callers(rule: &Rule, callers: &Callers) -> Vec<Caller> {
    let mut all = Vec::new();
    for source in rule.from.iter().map(|f| &f.source) {
        all.extend(source.principals.iter().chain(&source.not_principals).filter_map(|p| callers.with_principal(p)));
        all.extend(source.namespaces.iter().chain(&source.not_namespaces).filter_map(|n| callers.in_namespace(n)));
    }
    all
}

fn operations(rule: &Rule) -> Vec<Sample> {
    let plain = |pattern: &str| pattern.replace("{**}", "x").replace("{*}", "x").replace('*', "x");
    let mut headers = BTreeMap::new();
    for condition in &rule.when {
        let name = condition.key.strip_prefix("request.headers[").and_then(|rest| rest.strip_suffix(']'));
        if let (Some(name), Some(value)) = (name, condition.values.first().or(condition.not_values.first())) {
            headers.insert(name.to_owned(), plain(value));
        }
    }
    let with = |path: &str, method: &str| Sample {
        path: path.to_owned(),
        method: method.to_owned(),
        headers: headers.clone(),
    };
    let mut all = Vec::new();
    for operation in rule.to.iter().map(|t| &t.operation) {
        let first = operation.methods.first().map_or("GET", String::as_str);
        let paths = operation.paths.iter().chain(&operation.not_paths);
        all.extend(paths.map(|p| with(&format!("/{}", plain(p).trim_start_matches('/')), first)));
        all.extend(operation.methods.iter().chain(&operation.not_methods).map(|m| with("/", m)));
    }
    if all.is_empty() && !headers.is_empty() {
        all.push(with("/", "GET"));
    }
    all
}
