//! Which rule of `tcp` and `tls` a connection meets whose bytes the caller's proxy does not read.
//! Upstream: istio/istio pilot/pkg/networking/core/tls.go.

use world::ObjectKey;

use super::matches::Asking;
use super::select::{DERIVED, derived, in_mesh};
use super::spec::{BytesMatch, BytesRoute, Weighted};
use crate::edge::{Layer4, Table};
use crate::kinds::authorization_policy::value::block_holds;
use crate::kinds::sidecar::Scope;
use crate::read::Index;
use crate::read::hosts::wildcard_matches;

/// A connection, as the caller's proxy sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection<'a> {
    pub port: u16,
    /// Where the caller connects to; empty where it is not known.
    pub address: &'a str,
    /// The name that the caller asks for in the open, where it encrypts.
    pub sni: Option<&'a str>,
}

/// A rule with the match that holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BytesRule<'a> {
    pub key: &'a ObjectKey,
    /// `spec.tcp` or `spec.tls`; `spec.rules` of a route of the Gateway API.
    pub list: &'static str,
    pub rule: usize,
    pub matching: Option<usize>,
    pub route: &'a [Weighted],
}

impl BytesRule<'_> {
    /// `spec.tcp[0].match[1]`
    pub fn path(&self) -> String {
        let at = self.matching.map(|at| format!(".match[{at}]")).unwrap_or_default();
        format!("{}[{}]{at}", self.list, self.rule)
    }

    /// The destination at a place of the rule: `spec.tcp[0].route[1].destination`
    pub fn destination(&self, at: usize) -> String {
        let field =
            if self.list == DERIVED { format!("backendRefs[{at}]") } else { format!("route[{at}].destination") };
        format!("{}[{}].{field}", self.list, self.rule)
    }
}

/// The rules of a route of the Gateway API that are for this port, with the names that each is for.
fn of_route(all: &[Layer4], port: u16) -> impl Iterator<Item = (BytesRule<'_>, &[String])> {
    let mine = all.iter().enumerate().filter(move |(_, l)| l.port.is_none_or(|p| p == port) && !l.route.is_empty());
    mine.map(|(rule, l)| (BytesRule { key: &l.key, list: DERIVED, rule, matching: None, route: &l.route }, &l.sni[..]))
}

/// What `tls` rules say of a connection.
pub(crate) enum Named<'a> {
    Rule(BytesRule<'a>),
    /// There are rules for this port, and none is for this name: nothing leads to the host any more.
    Other,
    /// No rule is for this port.
    None,
}

/// Every route of the host or a pattern of it, in the order in which proxies take them: here one that lists it does not go first.
fn touching<'a>(index: &'a Index, host: &str, asking: Asking<'a>) -> Vec<Table<'a>> {
    let patterns = index.by_pattern().filter(|(pattern, _)| wildcard_matches(pattern, host)).map(|(_, typed)| typed);
    let mut all: Vec<_> = index.exactly(host).chain(patterns).filter(|typed| in_mesh(index, typed, asking)).collect();
    all.sort_by_key(|typed| &typed.document.key);
    all.dedup_by_key(|typed| &typed.document.key);
    let written = all.into_iter().map(Table::Written);
    let mut all: Vec<_> = written.chain(derived(index, host, asking.namespace)).collect();
    all.sort_by_cached_key(|table| table.rank(index, asking.namespace));
    all
}

fn concerns(m: &BytesMatch, asking: Asking, port: u16) -> bool {
    m.port.is_none_or(|wanted| wanted == 0 || wanted == port)
        && (m.gateways.is_empty() || m.gateways.iter().any(|g| g == "mesh"))
        && mesh::selects(&m.source_labels, asking.labels)
        && (m.source_namespace.is_empty() || m.source_namespace == asking.namespace)
}

/// How narrow the narrowest of these blocks is that holds the address; `None` where none does.
fn narrowest(blocks: &[String], address: &str) -> Option<u32> {
    let width = |block: &str| block.split_once('/').and_then(|(_, bits)| bits.parse().ok()).unwrap_or(128);
    blocks.iter().filter(|block| block_holds(block, address)).map(|block| width(block)).max()
}

/// The `tcp` rule of a host: the first that asks for no address ends the list; those that ask for one go before it where they hold.
pub(crate) fn tcp<'a>(
    index: &'a Index,
    host: &str,
    asking: Asking<'a>,
    connection: Connection,
) -> Option<BytesRule<'a>> {
    let mut by_address: Option<(u32, BytesRule)> = None;
    for table in touching(index, host, asking) {
        let typed = match table {
            Table::Written(typed) => typed,
            Table::Derived(d) => match of_route(&d.tcp, connection.port).next() {
                Some((found, _)) => return Some(by_address.map_or(found, |(_, rule)| rule)),
                None => continue,
            },
        };
        for (rule, tcp) in routed(&typed.spec.tcp) {
            let found =
                |matching| BytesRule { key: &typed.document.key, list: "spec.tcp", rule, matching, route: &tcp.route };
            let mine = || tcp.matches.iter().enumerate().filter(|(_, m)| concerns(m, asking, connection.port));
            let open = mine().find(|(_, m)| m.destination_subnets.is_empty()).map(|(at, _)| Some(at));
            if let Some(matching) = open.or(tcp.matches.is_empty().then_some(None)) {
                return Some(by_address.map_or_else(|| found(matching), |(_, rule)| rule));
            }
            for (at, m) in mine() {
                if let Some(width) = narrowest(&m.destination_subnets, connection.address)
                    && by_address.as_ref().is_none_or(|(best, _)| width > *best)
                {
                    by_address = Some((width, found(Some(at))));
                }
            }
        }
    }
    by_address.map(|(_, rule)| rule)
}

/// The `tls` rule of a host: of those whose names fit the one with the narrowest addresses, then the longest name, then the first.
pub(crate) fn tls<'a>(index: &'a Index, host: &str, asking: Asking<'a>, connection: Connection) -> Named<'a> {
    let mut best: Option<((u32, usize), BytesRule)> = None;
    let mut any = false;
    for table in touching(index, host, asking) {
        let typed = match table {
            Table::Written(typed) => typed,
            Table::Derived(d) => {
                for (found, names) in of_route(&d.tls, connection.port) {
                    any = true;
                    let rank = named(names, connection.sni).map(|name| (0, name));
                    if let Some(rank) = rank.filter(|rank| best.as_ref().is_none_or(|(best, _)| rank > best)) {
                        best = Some((rank, found));
                    }
                }
                continue;
            }
        };
        for (rule, tls) in routed(&typed.spec.tls) {
            for (at, m) in tls.matches.iter().enumerate().filter(|(_, m)| concerns(m, asking, connection.port)) {
                any = true;
                let address = if m.destination_subnets.is_empty() {
                    Some(0)
                } else {
                    narrowest(&m.destination_subnets, connection.address).map(|width| width + 1)
                };
                let (Some(address), Some(name)) = (address, named(&m.sni_hosts, connection.sni)) else { continue };
                if best.as_ref().is_none_or(|(rank, _)| (address, name) > *rank) {
                    let key = &typed.document.key;
                    let found = BytesRule { key, list: "spec.tls", rule, matching: Some(at), route: &tls.route };
                    best = Some(((address, name), found));
                }
            }
        }
    }
    match best {
        Some((_, rule)) => Named::Rule(rule),
        None if any => Named::Other,
        None => Named::None,
    }
}

/// The rule that a waypoint has for the bytes of one of its services: it knows neither names that callers ask for nor who they are.
/// Upstream: istio/istio pilot/pkg/networking/core/listener_waypoint.go, getWaypointTCPRoutes.
pub(crate) fn at_waypoint<'a>(all: &[Table<'a>], host: &str, port: u16) -> Option<BytesRule<'a>> {
    let nobody = world::Labels::new();
    let asking = Asking { namespace: "", labels: &nobody, gateway: None, scope: Scope::whole("") };
    let own = |m: &BytesMatch| matches!(m.sni_hosts.as_slice(), [one] if one == host);
    let found = |table: &Table<'a>, list: &'static str, fits: &dyn Fn(&BytesMatch) -> bool| match *table {
        Table::Written(typed) => {
            let rules = if list == "spec.tls" { &typed.spec.tls } else { &typed.spec.tcp };
            rules.iter().enumerate().find_map(|(rule, bytes)| {
                let at = bytes.matches.iter().position(|m| fits(m) && concerns(m, asking, port));
                let holds = at.is_some() || bytes.matches.is_empty();
                let key = &typed.document.key;
                holds.then_some(BytesRule { key, list, rule, matching: at, route: &bytes.route })
            })
        }
        Table::Derived(d) => {
            let rules = if list == "spec.tls" { &d.tls } else { &d.tcp };
            of_route(rules, port).next().map(|(rule, _)| rule)
        }
    };
    let tls = all.iter().find_map(|table| found(table, "spec.tls", &own));
    tls.or_else(|| all.iter().find_map(|table| found(table, "spec.tcp", &|_| true)))
}

fn routed(all: &[BytesRoute]) -> impl Iterator<Item = (usize, &BytesRoute)> {
    all.iter().enumerate().filter(|(_, route)| !route.route.is_empty())
}

/// How exactly the name fits: in full, by a longer pattern, by a shorter one; 0 where none is asked for.
fn named(hosts: &[String], sni: Option<&str>) -> Option<usize> {
    if hosts.is_empty() {
        return Some(0);
    }
    let sni = sni?;
    let fits = |host: &String| match host.as_str() {
        exact if exact.eq_ignore_ascii_case(sni) => Some(usize::MAX),
        pattern if wildcard_matches(pattern, sni) => Some(pattern.len()),
        _ => None,
    };
    hosts.iter().filter_map(fits).max()
}
