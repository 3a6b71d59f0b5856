//! Listeners: where a proxy listens.

use crate::dump::origin::{address, of_metadata, of_policy, within};
use crate::dump::{Part, State, refusal};
use crate::json::Scanner;

/// A listener in a line.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Listener {
    /// `virtualInbound`, `0.0.0.0_9080`
    pub name: String,
    /// `0.0.0.0:15006`
    pub address: String,
    /// `INBOUND`, `OUTBOUND`; empty where it does not say.
    pub direction: String,
    /// Chains of filters.
    pub chains: u32,
    /// Names of its filters, each once, in their order.
    pub filters: Vec<String>,
    /// Route configurations that its filters ask for.
    pub routes: Vec<String>,
    /// Where it writes its access log: a path, or the name of a logger that is no file.
    pub logs: Vec<String>,
}

/// Most names that are kept of a listener.
const NAMES: usize = 40;

pub(super) fn read(scanner: &mut Scanner<'_>, state: State, out: &mut Vec<Part<Listener>>) -> Option<()> {
    let mut part = Part::<Listener>::begun(scanner, state);
    scanner.object(|scanner, name| {
        match name {
            "name" => part.what.name = scanner.plain()?,
            // A static listener has no states.
            "listener" => listener(scanner, &mut part)?,
            "active_state" => of_state(scanner, &mut part, state)?,
            "warming_state" => of_state(scanner, &mut part, State::Warming)?,
            "draining_state" if part.what.chains > 0 => scanner.skip()?,
            "draining_state" => of_state(scanner, &mut part, State::Draining)?,
            "error_state" => part.error = Some(refusal(scanner, "LDS")?),
            _ => scanner.skip()?,
        }
        Some(())
    })?;
    part.text.end = scanner.offset();
    if let Some(error) = &part.error {
        part.state = State::Refused;
        if part.what.name.is_empty() {
            // Envoy also lists the last refusal alone, without a name; the listener that it names has it already.
            if out.iter().any(|other| other.error.is_some() && other.what.name == error.resource) {
                return Some(());
            }
            part.what.name.clone_from(&error.resource);
        }
    }
    out.push(part);
    Some(())
}

fn of_state(scanner: &mut Scanner<'_>, part: &mut Part<Listener>, state: State) -> Option<()> {
    part.state = state;
    within(scanner, "listener", |scanner| listener(scanner, part))
}

fn listener(scanner: &mut Scanner<'_>, part: &mut Part<Listener>) -> Option<()> {
    scanner.object(|scanner, name| {
        match name {
            "name" => part.what.name = scanner.plain()?,
            "address" => part.what.address = address(scanner)?,
            "traffic_direction" => part.what.direction = scanner.plain()?,
            "metadata" => of_metadata(scanner, &mut part.from)?,
            "access_log" => scanner.list(|scanner| log(scanner, part))?,
            "filter_chains" => scanner.list(|scanner| chain(scanner, part))?,
            "default_filter_chain" => chain(scanner, part)?,
            _ => scanner.skip()?,
        }
        Some(())
    })
}

fn chain(scanner: &mut Scanner<'_>, part: &mut Part<Listener>) -> Option<()> {
    part.what.chains += 1;
    scanner.object(|scanner, name| match name {
        "metadata" => of_metadata(scanner, &mut part.from),
        "filters" => scanner.list(|scanner| filter(scanner, part)),
        _ => scanner.skip(),
    })
}

/// A filter of connections, or one of requests inside of it.
fn filter(scanner: &mut Scanner<'_>, part: &mut Part<Listener>) -> Option<()> {
    scanner.object(|scanner, name| match name {
        "name" => {
            let name = scanner.plain()?;
            once(&mut part.what.filters, name.trim_start_matches("envoy.filters.").to_owned());
            Some(())
        }
        "typed_config" => scanner.object(|scanner, name| match name {
            "access_log" => scanner.list(|scanner| log(scanner, part)),
            "http_filters" => scanner.list(|scanner| filter(scanner, part)),
            "rds" => within(scanner, "route_config_name", |scanner| {
                once(&mut part.what.routes, scanner.plain()?);
                Some(())
            }),
            "rules" | "shadow_rules" => policies(scanner, part),
            _ => scanner.skip(),
        }),
        _ => scanner.skip(),
    })
}

/// An access log: where it goes.
fn log(scanner: &mut Scanner<'_>, part: &mut Part<Listener>) -> Option<()> {
    let mut to = String::new();
    scanner.object(|scanner, name| match name {
        "name" if to.is_empty() => {
            to = scanner.plain()?;
            Some(())
        }
        "typed_config" => within(scanner, "path", |scanner| {
            to = scanner.plain()?;
            Some(())
        }),
        _ => scanner.skip(),
    })?;
    once(&mut part.what.logs, to);
    Some(())
}

/// The rules of an RBAC filter are named after the policies that made them.
fn policies(scanner: &mut Scanner<'_>, part: &mut Part<Listener>) -> Option<()> {
    within(scanner, "policies", |scanner| {
        scanner.object(|scanner, name| {
            if let Some(origin) = of_policy(name) {
                once(&mut part.from, origin);
            }
            scanner.skip()
        })
    })
}

fn once<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if list.len() < NAMES && !list.contains(&item) {
        list.push(item);
    }
}
