//! Routes of the Gateway API as the VirtualServices that istiod derives from them, one for each gateway and host.
//! Upstream: istio/istio pilot/pkg/config/kube/gateway/route_collections.go.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use gateway_api::api::Api;
use gateway_api::attach::{Head, Parent, isolated};
use gateway_api::hosts::common;
use gateway_api::listeners::Opening;
use gateway_api::rank::Rank;
use gateway_api::spec::{ConnectionRoute, GrpcRoute, HttpRoute as ApiRoute, ParentRef};
use mesh::{Places, Typed};
use world::{ObjectKey, World};

use super::door::{internal, is_ours};
use super::rules::{From, destinations, grpc_match, http_match, of_grpc, of_http};
use super::table::{Layer4, MESH};
use crate::kinds::virtual_service::spec::{HttpMatch, HttpRoute};
use crate::read::hosts::service_host;

/// One rule of a route with one of its matches.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// The route.
    pub key: ObjectKey,
    /// Place of the rule and of the match in it.
    pub rule: usize,
    pub matching: usize,
    /// With at most this one match.
    pub http: HttpRoute,
    rank: Option<Rank>,
}

/// What routes give to one host at one gateway, or to callers in the mesh.
#[derive(Clone, Debug)]
pub(crate) struct Derived {
    /// `namespace/name` of the Gateway, or `mesh`.
    pub gateway: String,
    pub host: String,
    /// Namespace of the routes.
    pub namespace: String,
    /// Of the oldest of them.
    pub created: i64,
    /// The name that istiod gives it, by which equal ages are ordered.
    pub name: String,
    /// The rules for requests, in the order in which they are asked.
    pub rules: Vec<Rule>,
    /// The rules for connections, in order.
    pub tcp: Vec<Layer4>,
    pub tls: Vec<Layer4>,
}

/// Everything that a world's routes come to, oldest first.
pub(super) fn all(api: &Api, world: &World, places: &Places) -> Vec<Derived> {
    let mut parts: Vec<(String, Derived)> = Vec::new();
    let reader = Reader { api, world, places };
    for route in &api.http_routes {
        reader.requests(
            &Head::from(route),
            route.document.created,
            |mesh| http_rules(api, places, route, mesh),
            &mut parts,
        );
    }
    for route in &api.grpc_routes {
        reader.requests(
            &Head::from(route),
            route.document.created,
            |mesh| grpc_rules(api, places, route, mesh),
            &mut parts,
        );
    }
    let mut out = merged(parts);
    for route in &api.tcp_routes {
        reader.connections(&Head::tcp(route), route, &mut out);
    }
    for route in &api.tls_routes {
        reader.connections(&Head::tls(route), route, &mut out);
    }
    out.sort_by(|a, b| (a.created, &a.name, &a.namespace).cmp(&(b.created, &b.name, &b.namespace)));
    out
}

/// Rules of several routes for one host at one place are one list: by rank, then by age, namespace and name, then as written.
fn merged(mut parts: Vec<(String, Derived)>) -> Vec<Derived> {
    parts.sort_by(|(_, a), (_, b)| {
        let name = |d: &Derived| d.rules.first().map(|r| r.key.name.clone());
        (a.created, &a.namespace, name(a)).cmp(&(b.created, &b.namespace, name(b)))
    });
    let mut by_key: BTreeMap<String, Derived> = BTreeMap::new();
    for (key, part) in parts {
        match by_key.get_mut(&key) {
            Some(first) => first.rules.extend(part.rules),
            None => {
                let name = key.replace('/', "~");
                by_key.insert(key, Derived { name, ..part });
            }
        }
    }
    let mut all: Vec<Derived> = by_key.into_values().collect();
    for derived in &mut all {
        derived.rules.sort_by_key(|rule| Reverse(rule.rank));
    }
    all
}

fn http_rules(api: &Api, places: &Places, route: &Typed<ApiRoute>, mesh: bool) -> Option<Vec<Rule>> {
    let from = From { api, places, kind: "HTTPRoute", home: &route.document.key.namespace, mesh };
    let mut out = Vec::new();
    for (at, rule) in route.spec.rules.iter().enumerate() {
        let http = of_http(from, rule).ok()?;
        let every = [gateway_api::spec::HttpMatch::default()];
        let matches = if rule.matches.is_empty() { &every[..] } else { &rule.matches };
        for (matching, m) in matches.iter().enumerate() {
            let http = HttpRoute { matches: vec![http_match(m)], ..http.clone() };
            out.push(Rule { key: route.document.key.clone(), rule: at, matching, http, rank: Some(Rank::of_http(m)) });
        }
    }
    Some(out)
}

fn grpc_rules(api: &Api, places: &Places, route: &Typed<GrpcRoute>, mesh: bool) -> Option<Vec<Rule>> {
    let from = From { api, places, kind: "GRPCRoute", home: &route.document.key.namespace, mesh };
    let mut out = Vec::new();
    for (at, rule) in route.spec.rules.iter().enumerate() {
        let http = of_grpc(from, &rule.filters, &rule.backend_refs).ok()?;
        let key = &route.document.key;
        if rule.matches.is_empty() {
            out.push(Rule { key: key.clone(), rule: at, matching: 0, http, rank: None });
            continue;
        }
        for (matching, m) in rule.matches.iter().enumerate() {
            let http = HttpRoute { matches: vec![grpc_match(m)], ..http.clone() };
            out.push(Rule { key: key.clone(), rule: at, matching, http, rank: Some(Rank::of_grpc(m)) });
        }
    }
    Some(out)
}

/// Attaches routes.
struct Reader<'a> {
    api: &'a Api,
    world: &'a World,
    places: &'a Places,
}

impl Reader<'_> {
    /// The listeners that a reference means and that take the route.
    fn openings(&self, head: &Head, parent: &ParentRef) -> (Vec<Opening<'_>>, Vec<Opening<'_>>) {
        let all = self.api.meant(&Parent::of(parent, &head.key.namespace), |class| is_ours(self.api, class));
        let taking = all.iter().filter(|o| head.attaches(parent, o).is_ok()).cloned().collect();
        (taking, all)
    }

    /// Hosts that a reference to a service means; `None` where it means no service.
    fn mesh_hosts(&self, head: &Head, parent: &ParentRef) -> Option<Vec<String>> {
        match Parent::of(parent, &head.key.namespace) {
            Parent::Service(namespace, name) => {
                self.places.service(&namespace, &name)?;
                Some(vec![service_host(&namespace, &name)])
            }
            Parent::Host(namespace, name) => {
                let key = ObjectKey::new(crate::kinds::NETWORKING, "ServiceEntry", &namespace, &name);
                let hosts = self.world.document(&key)?.at("/spec/hosts")?.as_array()?;
                Some(hosts.iter().filter_map(|h| h.as_str().map(str::to_owned)).collect())
            }
            _ => None,
        }
    }

    fn requests(
        &self,
        head: &Head,
        created: Option<i64>,
        rules: impl Fn(bool) -> Option<Vec<Rule>>,
        out: &mut Vec<(String, Derived)>,
    ) {
        let namespace = &head.key.namespace;
        let part = |gateway: &str, host: &str, rules: Vec<Rule>| Derived {
            gateway: gateway.to_owned(),
            host: host.to_owned(),
            namespace: namespace.clone(),
            created: created.unwrap_or(i64::MAX),
            name: String::new(),
            rules,
            tcp: Vec::new(),
            tls: Vec::new(),
        };
        let (mut at_gateway, mut in_mesh) = (None, None);
        for parent in head.parents {
            if let Some(hosts) = self.mesh_hosts(head, parent) {
                let rules = in_mesh.get_or_insert_with(|| rules(true).unwrap_or_default());
                let rules = at_port(rules, parent.port);
                let port = parent.port.map(|port| format!("/{port}")).unwrap_or_default();
                for host in hosts.iter().filter(|_| !rules.is_empty()) {
                    out.push((format!("{namespace}{port}/{host}"), part(MESH, host, rules.clone())));
                }
                continue;
            }
            let (taking, all) = self.openings(head, parent);
            for opening in &taking {
                let rules = at_gateway.get_or_insert_with(|| rules(false).unwrap_or_default());
                let (home, name) = internal(opening);
                for host in head.hosts().filter(|host| !rules.is_empty() && isolated(host, opening, &all)) {
                    let gateway = format!("{home}/{name}");
                    out.push((format!("{gateway}/{host}"), part(&gateway, host, rules.clone())));
                }
            }
        }
    }

    fn connections(&self, head: &Head, route: &Typed<ConnectionRoute>, out: &mut Vec<Derived>) {
        let kind = head.kind;
        let mut count = 0;
        for parent in head.parents {
            let hosts = self.mesh_hosts(head, parent);
            let rules = |port, sni: &[String]| self.layer4(kind, route, hosts.is_some(), port, sni).unwrap_or_default();
            let mut push = |gateway: &str, host: &str, rules: Vec<Layer4>| {
                let (tcp, tls) = if kind == "TCPRoute" { (rules, Vec::new()) } else { (Vec::new(), rules) };
                out.push(Derived {
                    gateway: gateway.to_owned(),
                    host: host.to_owned(),
                    namespace: head.key.namespace.clone(),
                    created: route.document.created.unwrap_or(i64::MAX),
                    name: format!("{}~{}~{count}", head.key.name, kind.trim_end_matches("Route").to_ascii_lowercase()),
                    rules: Vec::new(),
                    tcp,
                    tls,
                });
                count += 1;
            };
            if let Some(hosts) = &hosts {
                let own: Vec<String> = head.hosts().map(str::to_owned).collect();
                let sni = if own == ["*"] { hosts } else { &own };
                hosts.iter().for_each(|host| push(MESH, host, rules(parent.port, sni)));
                continue;
            }
            for opening in &self.openings(head, parent).0 {
                let (home, name) = internal(opening);
                let shared: Vec<String> =
                    head.hosts().filter_map(|h| common(h, opening.hostname())).map(str::to_owned).collect();
                let hosts = if kind == "TCPRoute" { vec!["*".to_owned()] } else { shared.clone() };
                for host in &hosts {
                    push(&format!("{home}/{name}"), host, rules(None, &shared));
                }
            }
        }
    }

    fn layer4(
        &self,
        kind: &'static str,
        route: &Typed<ConnectionRoute>,
        mesh: bool,
        port: Option<u16>,
        sni: &[String],
    ) -> Option<Vec<Layer4>> {
        let from = From { api: self.api, places: self.places, kind, home: &route.document.key.namespace, mesh };
        let rules = route.spec.rules.iter().enumerate();
        let sni = if kind == "TLSRoute" { sni.to_vec() } else { Vec::new() };
        rules
            .map(|(at, rule)| {
                let path = format!("spec.rules[{at}]");
                let route_to = destinations(from, &rule.backend_refs).ok()?;
                Some(Layer4 {
                    key: route.document.key.clone(),
                    path,
                    port,
                    gateways: Vec::new(),
                    sni: sni.clone(),
                    route: route_to,
                })
            })
            .collect()
    }
}

/// A reference to one port of a service binds every rule to it.
fn at_port(rules: &[Rule], port: Option<u16>) -> Vec<Rule> {
    let mut rules = rules.to_vec();
    for rule in rules.iter_mut().filter(|_| port.is_some()) {
        if rule.http.matches.is_empty() {
            rule.http.matches.push(HttpMatch::default());
        }
        rule.http.matches.iter_mut().for_each(|m| m.port = port);
    }
    rules
}
