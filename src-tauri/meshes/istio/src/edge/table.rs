//! What routes give to a door: for requests by host, for connections by server name.

use std::collections::BTreeSet;

use gateway_api::hosts::{best, common};
use mesh::Typed;
use world::{Labels, ObjectKey};

use super::derive::Derived;
use super::door::Door;
use crate::kinds::sidecar::Scope;
use crate::kinds::virtual_service::matches::{Asking, catches_all};
use crate::kinds::virtual_service::select::{Entry, entries, every};
use crate::kinds::virtual_service::spec::{BytesMatch, BytesRoute, VirtualService, Weighted};
use crate::read::Index;
use crate::read::hosts::fqdn;

/// The gateway of callers in the mesh.
pub(crate) const MESH: &str = "mesh";

/// A rule for connections.
#[derive(Clone, Debug)]
pub(crate) struct Layer4 {
    pub key: ObjectKey,
    /// `spec.tcp[0]`
    pub path: String,
    /// The port and the gateways that it asks for; any where none is named.
    pub port: Option<u16>,
    pub gateways: Vec<String>,
    /// Server names.
    pub sni: Vec<String>,
    pub route: Vec<Weighted>,
}

/// The gateway's workload, for what routes say about who routes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stand<'a> {
    pub namespace: &'a str,
    pub labels: &'a Labels,
}

/// What one object, or several that istiod merges, say of where requests go.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Table<'a> {
    /// A VirtualService.
    Written(&'a Typed<VirtualService>),
    /// Routes of the Gateway API.
    Derived(&'a Derived),
}

impl<'a> Table<'a> {
    /// The object; of several the one whose rule is asked first.
    pub fn key(self) -> Option<&'a ObjectKey> {
        match self {
            Self::Written(t) => Some(&t.document.key),
            Self::Derived(d) => d.rules.first().map(|r| &r.key),
        }
    }

    /// The field that holds the rules.
    pub fn list(self) -> &'static str {
        match self {
            Self::Written(_) => "spec.http",
            Self::Derived(_) => "spec.rules",
        }
    }

    /// Every rule with each of its matches, whoever it concerns.
    pub fn every(self, index: &'a Index) -> Vec<Entry<'a>> {
        match self {
            Self::Written(t) => every(index, t),
            Self::Derived(d) => d.rules.iter().map(Entry::derived).collect(),
        }
    }

    /// The rules that concern who asks, in order.
    pub fn entries(self, index: &'a Index, asking: Asking, port: u16) -> Vec<Entry<'a>> {
        let at_port = |e: &Entry| e.condition().is_none_or(|m| m.port.is_none_or(|wanted| wanted == port));
        match self {
            Self::Written(t) => entries(index, t, asking, port),
            Self::Derived(d) => d.rules.iter().map(Entry::derived).filter(at_port).collect(),
        }
    }

    /// Where it is from.
    pub fn namespace(self) -> &'a str {
        match self {
            Self::Written(t) => &t.document.key.namespace,
            Self::Derived(d) => &d.namespace,
        }
    }

    pub(super) fn hosts(self) -> Vec<String> {
        match self {
            Self::Written(t) => t.spec.hosts.iter().map(|h| fqdn(h, self.namespace())).collect(),
            Self::Derived(d) => vec![d.host.to_ascii_lowercase()],
        }
    }

    /// Private ones first, then those exported by name, then routes of the Gateway API of the gateway's own namespace; each by age.
    /// Upstream: istio/istio pilot/pkg/model/push_context.go, VirtualServicesForGateway.
    pub fn rank(self, index: &Index, namespace: &str) -> (u8, i64, String, String) {
        let (first, created, name) = match self {
            Self::Written(t) => {
                let own = t.document.key.namespace == namespace;
                let rank = if index.rules_shown(t).is_public() { 3 } else { u8::from(!own) };
                (rank, t.document.created.unwrap_or(i64::MAX), t.document.key.name.clone())
            }
            Self::Derived(d) => (if d.namespace == namespace { 2 } else { 3 }, d.created, d.name.clone()),
        };
        (first, created, name, self.namespace().to_owned())
    }

    /// The rules for requests at a door, down to the first that lets nothing past.
    fn at_door(self, index: &'a Index, door: &Door, stand: Stand) -> Vec<Entry<'a>> {
        let scope = Scope::whole(stand.namespace);
        let gateway = Some(door.gateway.as_str());
        let asking = Asking { namespace: stand.namespace, labels: stand.labels, gateway, scope };
        let all = self.entries(index, asking, door.port);
        let end = all.iter().position(is_catch_all).map_or(all.len(), |at| at + 1);
        all.into_iter().take(end).collect()
    }

    fn layer4(self, tls: bool) -> Vec<Layer4> {
        match self {
            Self::Written(t) => {
                let (field, list) = if tls { ("tls", &t.spec.tls) } else { ("tcp", &t.spec.tcp) };
                let key = &t.document.key;
                list.iter()
                    .enumerate()
                    .flat_map(|(at, value)| written(key, &format!("spec.{field}[{at}]"), value))
                    .collect()
            }
            Self::Derived(d) => (if tls { &d.tls } else { &d.tcp }).clone(),
        }
    }
}

/// One rule for each of its matches.
fn written(key: &ObjectKey, path: &str, rule: &BytesRoute) -> Vec<Layer4> {
    let of = |m: &BytesMatch| Layer4 {
        key: key.clone(),
        path: path.to_owned(),
        port: m.port.filter(|p| *p != 0),
        gateways: m.gateways.iter().map(|g| full_name(g, &key.namespace)).collect(),
        sni: m.sni_hosts.iter().map(|h| h.to_ascii_lowercase()).collect(),
        route: rule.route.clone(),
    };
    if rule.matches.is_empty() {
        return vec![of(&BytesMatch::default())];
    }
    rule.matches.iter().map(of).collect()
}

pub(super) fn is_catch_all(entry: &Entry) -> bool {
    entry.condition().is_none_or(catches_all)
}

/// `namespace/name` of a gateway as a VirtualService of this namespace writes it.
/// Upstream: istio/istio pilot/pkg/model/config.go, resolveGatewayName.
pub(crate) fn full_name(written: &str, home: &str) -> String {
    match (written.split_once('/'), written.split_once('.')) {
        (Some((".", name)), _) => format!("{home}/{name}"),
        (Some(_), _) => written.to_owned(),
        (None, None) => format!("{home}/{written}"),
        (None, Some((name, rest))) => format!("{}/{name}", rest.split('.').next().unwrap_or_default()),
    }
}

/// What answers for a host at a door.
#[derive(Clone, Debug)]
pub(crate) struct Host<'a> {
    /// As it is written: a name, or a pattern.
    pub name: String,
    /// The door that sends plain requests to HTTPS.
    pub redirect: Option<&'a Door>,
    /// Rules with the port of the door that they were taken for, in the order in which they are asked.
    pub entries: Vec<(Entry<'a>, u16)>,
}

/// Rules that one object gives to one host at a door; none for a door that only sends to HTTPS.
struct Claim<'a> {
    host: String,
    /// The door that the rules were taken for.
    door: &'a Door,
    /// The door that is for the host.
    by: &'a Door,
    /// Place of the object among those bound to the door's gateway.
    table: Option<usize>,
    entries: Vec<Entry<'a>>,
}

/// A way for connections.
#[derive(Clone, Debug)]
pub(crate) struct Connection<'a> {
    pub door: &'a Door,
    pub rule: Layer4,
}

impl Index {
    /// Everything that is bound to a gateway and shown to its namespace, in order.
    pub(super) fn tables<'a>(&'a self, gateway: &str, namespace: &str) -> Vec<Table<'a>> {
        let bound = |t: &&Typed<VirtualService>| {
            let home = &t.document.key.namespace;
            t.spec.gateways.iter().any(|g| g != MESH && full_name(g, home) == gateway)
                && self.rules_shown(t).to(namespace)
        };
        let edge = self.edge();
        let derived = edge.at_gateway.get(gateway).into_iter().flatten().filter_map(|at| edge.derived.get(*at));
        let derived = derived.filter(|d| self.routes_shown(&d.namespace).to(namespace));
        let mut all: Vec<Table> = self.virtual_services.all().filter(bound).map(Table::Written).collect();
        all.extend(derived.map(Table::Derived));
        all.sort_by_cached_key(|table| table.rank(self, namespace));
        all
    }

    /// What answers for an authority at these doors, which share a port. Of all hosts the one that says most about it; rules of several
    /// objects for it come one after another, those that catch everything last.
    /// Upstream: istio/istio pilot/pkg/networking/core/gateway.go, buildGatewayHTTPRouteConfig.
    pub fn host_at<'a>(&'a self, doors: &[&'a Door], authority: &str, stand: Stand<'a>) -> Option<Host<'a>> {
        let asked = mesh::split_port(authority).0.to_ascii_lowercase();
        let mut claims: Vec<Claim> = Vec::new();
        for door in doors.iter().copied() {
            self.claim(door, stand, &mut claims);
        }
        let name = best(claims.iter().map(|c| c.host.as_str()), &asked)?.to_owned();
        claims.retain(|claim| claim.host == name);
        let redirect = claims.iter().map(|c| c.by).find(|door| door.redirect);
        let all = claims.iter().flat_map(|c| c.entries.iter().map(|entry| (entry.clone(), c.door.port)));
        let (last, mut entries): (Vec<_>, Vec<_>) = all.partition(|(e, _)| is_catch_all(e));
        entries.extend(last);
        Some(Host { name, redirect, entries })
    }

    /// What one door gives to hosts. Rules are taken once for each gateway, for the first of its doors that they fit.
    fn claim<'a>(&'a self, door: &'a Door, stand: Stand<'a>, claims: &mut Vec<Claim<'a>>) {
        for (at, table) in self.tables(&door.gateway, stand.namespace).into_iter().enumerate() {
            let hosts = table.hosts();
            let own = door.hosts_for(table.namespace());
            let shared = own.flat_map(|own| hosts.iter().filter_map(move |h| common(own, h)).map(str::to_owned));
            let names: BTreeSet<String> = shared.collect();
            let taken = claims.iter().find(|c| c.table == Some(at) && c.door.gateway == door.gateway).map(|c| c.door);
            let (by, door) = (door, taken.unwrap_or(door));
            let entries = table.at_door(self, door, stand);
            if !entries.is_empty() {
                let of = |host| Claim { host, door, by, table: Some(at), entries: entries.clone() };
                claims.extend(names.into_iter().map(of));
            }
        }
        if door.redirect {
            let plain = door.hosts.iter().filter(|(home, _)| home == "*");
            let of = |host: &String| Claim { host: host.clone(), door, by: door, table: None, entries: Vec::new() };
            claims.extend(plain.map(|(_, host)| of(host)));
        }
    }

    /// Where bytes go that come in by a door: the first rule of the first object that fits it.
    /// Upstream: gateway.go, buildGatewayNetworkFiltersFromTCPRoutes.
    pub fn bytes_at<'a>(&'a self, door: &'a Door, namespace: &str) -> Option<Connection<'a>> {
        for table in self.tables(&door.gateway, namespace).into_iter().filter(|t| meets(*t, door)) {
            let derived = matches!(table, Table::Derived(_));
            let tls = if derived { table.layer4(true) } else { Vec::new() };
            let rule = table.layer4(false).into_iter().chain(tls).find(|r| concerns(r, door));
            if let Some(rule) = rule {
                return Some(Connection { door, rule });
            }
        }
        None
    }

    /// Every way that a door which passes TLS on has, by server name; of two for one name the first counts.
    /// Upstream: gateway.go, buildGatewayNetworkFiltersFromTLSRoutes.
    pub fn passed_at<'a>(&'a self, door: &'a Door, namespace: &str) -> Vec<Connection<'a>> {
        let tables = self.tables(&door.gateway, namespace).into_iter().filter(|t| meets(*t, door));
        let rules = tables.flat_map(|t| t.layer4(true)).filter(|r| concerns(r, door) && !r.route.is_empty());
        rules.map(|rule| Connection { door, rule }).collect()
    }
}

/// Whether any host of the table is one of the door's.
fn meets(table: Table, door: &Door) -> bool {
    let hosts = table.hosts();
    door.hosts_for(table.namespace()).any(|own| hosts.iter().any(|h| common(own, h).is_some()))
}

fn concerns(rule: &Layer4, door: &Door) -> bool {
    rule.port.is_none_or(|port| port == door.port)
        && (rule.gateways.is_empty() || rule.gateways.contains(&door.gateway))
}
