//! What a reading says of a service, a workload or an object, besides verdicts.

use world::{ObjectKey, Said, said};

use crate::Request;

/// One destination of a route with its share.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// `v1` for a subset, `ratings` for another service.
    pub name: String,
    /// Share of the requests, 0 to 1.
    pub share: f64,
}

/// One rule of a service's routes.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Conditions in words, all of which must hold; empty for "all else".
    pub when: Vec<Said>,
    /// Where its requests go; empty where the rule answers itself.
    pub destinations: Vec<Share>,
    /// The object that holds the rule; `None` for the mesh's own default.
    pub object: Option<ObjectKey>,
    /// The rule in it: `spec.http[0].match[1]`.
    pub path: String,
}

/// A request from outside by which a route is asked at a gateway.
#[derive(Clone, Debug, PartialEq)]
pub struct Entering {
    /// The Gateway that lets it in.
    pub gateway: ObjectKey,
    /// Namespace and name of the workload whose proxies route it.
    pub workload: (String, String),
    /// The request.
    pub request: Request,
    /// Namespace and name of the services that its rule sends requests to.
    pub services: Vec<(String, String)>,
}

/// How a workload takes connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mtls {
    /// Only mutual TLS.
    Strict,
    /// Mutual TLS and plaintext.
    Permissive,
    /// Plaintext alone.
    Disabled,
    /// No mesh protects it.
    None,
}

/// How protected a workload is, and what says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posture {
    /// How it takes connections.
    pub mtls: Mtls,
    /// The object that decides it; `None` for the mesh's default.
    pub object: Option<ObjectKey>,
    /// The field in it; empty for the mesh's default.
    pub path: String,
}

/// An object in a line, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Summary {
    /// What it does.
    pub text: Said,
    /// The hosts that it is about, as written.
    pub hosts: Vec<String>,
}

impl Summary {
    /// Of what is no object of its kind.
    pub fn unreadable() -> Self {
        Self { text: said!("cannot be read", "无法读取"), hosts: Vec::new() }
    }

    /// Of a kind that says nothing of its objects: what it is there for. In Chinese the window says that itself.
    pub fn purpose(words: &str) -> Self {
        Self { text: Said::new(words.trim_end_matches('.'), ""), hosts: Vec::new() }
    }
}
