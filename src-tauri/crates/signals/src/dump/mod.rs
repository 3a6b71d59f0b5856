//! What an Envoy works with: its `config_dump`, read in one pass into a line for each part, with the object that made it and the place of
//! its whole text. Nothing that is not shown is built; a dump that ends early gives what came before.
//!
//! Upstream: Envoy `api/envoy/admin/v3/config_dump.proto`; Istio names the objects in `filter_metadata.istio`
//! (pilot/pkg/networking/util/util.go, `BuildConfigInfoMetadata`; pilot/pkg/networking/core/cluster.go, `addTelemetryMetadata`).

mod bootstrap;
mod cluster;
mod listener;
mod origin;
mod route;
mod search;
mod secret;
mod ztunnel;

use std::ops::Range;

use crate::Certificate;
use crate::endpoint::Endpoint;
use crate::json::Scanner;
use crate::nack::Nack;

pub use bootstrap::Bootstrap;
pub use cluster::Cluster;
pub use listener::Listener;
pub use origin::Origin;
pub(crate) use origin::{address, of_path, of_policy, within};
pub use route::Route;
pub use search::{Found, Hit, search};
pub use secret::Secret;

/// Most parts of a sort that are kept; a proxy with more shows these.
const MOST: usize = 50_000;

/// Everything that one dump says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dump {
    /// Length of the dump in bytes.
    pub bytes: usize,
    /// Who the proxy is, and where it looks for its control plane.
    pub bootstrap: Bootstrap,
    /// Where it sends.
    pub clusters: Vec<Part<Cluster>>,
    /// Where it listens.
    pub listeners: Vec<Part<Listener>>,
    /// How it chooses, one for each route of each virtual host.
    pub routes: Vec<Part<Route>>,
    /// Certificates and roots; keys are never kept.
    pub secrets: Vec<Part<Secret>>,
    /// The workloads that a ztunnel knows; `None` where it is none. Its services stand with the clusters, its policies with the routes.
    pub workloads: Option<Vec<Endpoint>>,
    /// More parts were there, or may have been, than are kept.
    pub cut: bool,
    /// The text ended or broke before its end.
    pub broken: bool,
}

/// A list of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    /// Where it listens.
    Listeners,
    /// How it chooses.
    Routes,
    /// Where it sends.
    Clusters,
    /// The instances behind the clusters, which stand on another page than the rest.
    Endpoints,
    /// Certificates and roots.
    Secrets,
    /// Who it is.
    Bootstrap,
}

/// One part of a configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Part<T> {
    /// What it is.
    pub what: T,
    /// In force, being warmed, refused …
    pub state: State,
    /// The proxy's own words where its newest form was refused.
    pub error: Option<Nack>,
    /// The objects that made it, the deciding one first.
    pub from: Vec<Origin>,
    /// Where its text stands in the dump.
    pub text: Range<usize>,
}

impl<T: Default> Part<T> {
    /// One whose text begins here.
    fn begun(scanner: &mut Scanner<'_>, state: State) -> Self {
        let start = scanner.position();
        Self { what: T::default(), state, error: None, from: Vec::new(), text: start..start }
    }
}

/// How far a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum State {
    /// In force.
    #[default]
    Active,
    /// Came with the bootstrap.
    Static,
    /// Waits for something else before it works.
    Warming,
    /// Leaves: old connections still use it.
    Draining,
    /// Its newest form was refused; an older one may still work.
    Refused,
}

impl State {
    /// As the page and the bundle write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Static => "static",
            Self::Warming => "warming",
            Self::Draining => "draining",
            Self::Refused => "refused",
        }
    }
}

/// Reads a dump. Never fails: what is broken says so.
pub fn read(body: &[u8]) -> Dump {
    let mut dump = Dump { bytes: body.len(), ..Dump::default() };
    let mut scanner = Scanner::new(body);
    let whole = scanner.object(|scanner, name| match name {
        "configs" => scanner.list(|scanner| config(scanner, &mut dump)),
        _ if ztunnel::member(scanner, name, &mut dump)? => Some(()),
        _ => scanner.skip(),
    });
    dump.broken = whole.is_none();
    dump
}

/// Each config is an object whose lists are named after what they hold; `@type` need not come first, so the names decide.
fn config(scanner: &mut Scanner<'_>, dump: &mut Dump) -> Option<()> {
    scanner.object(|scanner, name| {
        let state = match name.split('_').next().unwrap_or_default() {
            "static" => State::Static,
            _ if name.contains("warming") => State::Warming,
            _ => State::Active,
        };
        match name {
            "bootstrap" => {
                dump.bootstrap = bootstrap::read(scanner)?;
                Some(())
            }
            "static_clusters" | "dynamic_active_clusters" | "dynamic_warming_clusters" => {
                each(scanner, &mut dump.clusters, &mut dump.cut, |scanner, out| cluster::read(scanner, state, out))
            }
            "static_listeners" | "dynamic_listeners" => {
                each(scanner, &mut dump.listeners, &mut dump.cut, |scanner, out| listener::read(scanner, state, out))
            }
            "static_route_configs" | "dynamic_route_configs" => {
                let whole =
                    each(scanner, &mut dump.routes, &mut dump.cut, |scanner, out| route::read(scanner, state, out));
                // One configuration may hold more routes than are kept.
                dump.cut |= dump.routes.len() >= MOST;
                whole
            }
            "static_secrets" | "dynamic_active_secrets" | "dynamic_warming_secrets" => {
                each(scanner, &mut dump.secrets, &mut dump.cut, |scanner, out| secret::read(scanner, state, out))
            }
            _ => scanner.skip(),
        }
    })
}

fn each<T>(
    scanner: &mut Scanner<'_>,
    parts: &mut Vec<Part<T>>,
    cut: &mut bool,
    read: impl Fn(&mut Scanner<'_>, &mut Vec<Part<T>>) -> Option<()>,
) -> Option<()> {
    scanner.list(|scanner| {
        if parts.len() >= MOST {
            *cut = true;
            return scanner.skip();
        }
        read(scanner, parts)
    })
}

/// `error_state`: why the newest form was refused. Its own copy of the configuration is passed over.
fn refusal(scanner: &mut Scanner<'_>, kind: &str) -> Option<Nack> {
    let mut details = String::new();
    scanner.object(|scanner, name| {
        match name {
            "details" => details = scanner.plain()?,
            _ => scanner.skip()?,
        }
        Some(())
    })?;
    Some(Nack::read(kind, &details))
}

impl Dump {
    /// The certificate that the proxy shows; of a ztunnel, which has one for each identity, the one that ends first.
    pub fn certificate(&self) -> Option<Certificate> {
        if self.workloads.is_some() {
            let all = self.secrets.iter().filter_map(|secret| secret.what.certificate.as_ref());
            return all.min_by_key(|certificate| certificate.not_after).cloned();
        }
        self.secrets
            .iter()
            .find_map(|secret| (secret.what.name == "default").then(|| secret.what.certificate.clone())?)
    }

    /// Where the proxy writes its access log: paths and names of loggers, each once; empty where it writes none.
    pub fn logs(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.listeners.iter().flat_map(|part| &part.what.logs).map(String::as_str).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Where the text of a part stands.
    pub fn text(&self, sort: Sort, at: usize) -> Option<Range<usize>> {
        match sort {
            Sort::Listeners => self.listeners.get(at).map(|part| part.text.clone()),
            Sort::Routes => self.routes.get(at).map(|part| part.text.clone()),
            Sort::Clusters => self.clusters.get(at).map(|part| part.text.clone()),
            Sort::Secrets => self.secrets.get(at).map(|part| part.text.clone()),
            Sort::Endpoints => None,
            Sort::Bootstrap => (at == 0).then(|| self.bootstrap.text.clone()),
        }
    }

    /// What the roots that the proxy trusts are known by; empty where it has none.
    pub fn root(&self) -> &str {
        self.secrets.iter().find(|secret| secret.what.name == "ROOTCA").map_or("", |secret| secret.what.roots.as_str())
    }
}

#[cfg(test)]
mod tests;
