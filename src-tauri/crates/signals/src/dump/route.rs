//! Routes: how a proxy chooses.

use crate::dump::origin::{of_metadata, within};
use crate::dump::{MOST, Part, State};
use crate::json::Scanner;

/// A route of a virtual host in a line.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Route {
    /// The route configuration: `9080`, `inbound|9080||`.
    pub config: String,
    /// The virtual host.
    pub host: String,
    /// Hosts that it is for, the first few.
    pub domains: Vec<String>,
    /// The route's own name; `default` where no object made it.
    pub name: String,
    /// What a request must have: `prefix /`, `path /x`, `headers end-user`.
    pub condition: String,
    /// Where it goes: clusters with their weights, a redirect, an answer.
    pub to: Vec<String>,
}

/// Most domains and destinations that are kept of a route.
const FEW: usize = 12;

pub(super) fn read(scanner: &mut Scanner<'_>, state: State, out: &mut Vec<Part<Route>>) -> Option<()> {
    let mut config = String::new();
    let first = out.len();
    within(scanner, "route_config", |scanner| {
        scanner.object(|scanner, name| match name {
            "name" => {
                config = scanner.plain()?;
                Some(())
            }
            "virtual_hosts" => scanner.list(|scanner| host(scanner, state, out)),
            _ => scanner.skip(),
        })
    })?;
    for part in out.iter_mut().skip(first) {
        part.what.config.clone_from(&config);
    }
    Some(())
}

fn host(scanner: &mut Scanner<'_>, state: State, out: &mut Vec<Part<Route>>) -> Option<()> {
    let (mut host, mut domains) = (String::new(), Vec::new());
    let first = out.len();
    scanner.object(|scanner, name| match name {
        "name" => {
            host = scanner.plain()?;
            Some(())
        }
        "domains" => scanner.list(|scanner| {
            let domain = scanner.plain()?;
            if domains.len() < FEW {
                domains.push(domain);
            }
            Some(())
        }),
        "routes" => scanner.list(|scanner| route(scanner, state, out)),
        _ => scanner.skip(),
    })?;
    for part in out.iter_mut().skip(first) {
        part.what.host.clone_from(&host);
        part.what.domains.clone_from(&domains);
    }
    Some(())
}

fn route(scanner: &mut Scanner<'_>, state: State, out: &mut Vec<Part<Route>>) -> Option<()> {
    if out.len() >= MOST {
        return scanner.skip();
    }
    let mut part = Part::<Route>::begun(scanner, state);
    scanner.object(|scanner, name| {
        match name {
            "name" => part.what.name = scanner.plain()?,
            "match" => part.what.condition = condition(scanner)?,
            "route" => to(scanner, &mut part.what.to)?,
            "redirect" => {
                part.what.to.push("redirect".into());
                scanner.skip()?;
            }
            "direct_response" => within(scanner, "status", |scanner| {
                part.what.to.push(format!("answer {}", scanner.plain()?));
                Some(())
            })?,
            "metadata" => of_metadata(scanner, &mut part.from)?,
            _ => scanner.skip()?,
        }
        Some(())
    })?;
    part.text.end = scanner.offset();
    out.push(part);
    Some(())
}

fn condition(scanner: &mut Scanner<'_>) -> Option<String> {
    let mut said = Vec::new();
    scanner.object(|scanner, name| match name {
        "prefix" | "path" | "path_separated_prefix" => {
            said.push(format!("{name} {}", scanner.plain()?));
            Some(())
        }
        "safe_regex" => within(scanner, "regex", |scanner| {
            said.push(format!("regex {}", scanner.plain()?));
            Some(())
        }),
        "headers" | "query_parameters" => scanner.list(|scanner| {
            within(scanner, "name", |scanner| {
                said.push(format!("{name} {}", scanner.plain()?));
                Some(())
            })
        }),
        _ => scanner.skip(),
    })?;
    Some(said.join(", "))
}

fn to(scanner: &mut Scanner<'_>, to: &mut Vec<String>) -> Option<()> {
    scanner.object(|scanner, name| match name {
        "cluster" => {
            to.push(scanner.plain()?);
            Some(())
        }
        "cluster_header" => {
            to.push(format!("header {}", scanner.plain()?));
            Some(())
        }
        "weighted_clusters" => within(scanner, "clusters", |scanner| {
            scanner.list(|scanner| {
                let (mut cluster, mut weight) = (String::new(), "0".to_owned());
                scanner.object(|scanner, name| {
                    match name {
                        "name" => cluster = scanner.plain()?,
                        "weight" => weight = scanner.plain()?,
                        _ => scanner.skip()?,
                    }
                    Some(())
                })?;
                if to.len() < FEW {
                    to.push(format!("{weight} × {cluster}"));
                }
                Some(())
            })
        }),
        _ => scanner.skip(),
    })
}
