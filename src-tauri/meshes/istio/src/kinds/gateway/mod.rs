//! Gateway: the ports that a proxy at the edge opens.

use mesh::{Summary, Typed};
use serde::Deserialize;
use world::{Document, Labels, said};

use crate::kinds::or_default;

/// `spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Gateway {
    #[serde(deserialize_with = "or_default")]
    pub selector: Labels,
    #[serde(deserialize_with = "or_default")]
    pub servers: Vec<Server>,
}

impl mesh::Spec for Gateway {
    const GROUP: &'static str = crate::kinds::NETWORKING;
    const KIND: &'static str = "Gateway";

    /// Its ports with their hosts: `80/*.example.com`.
    fn found_by(typed: &Typed<Self>) -> Vec<String> {
        let of = |server: &Server| {
            let number = server.port.number;
            server.hosts.iter().map(|host| format!("{number}/{host}")).collect::<Vec<_>>()
        };
        typed.spec.servers.iter().flat_map(of).collect()
    }
}

/// `servers[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Server {
    pub port: Port,
    #[serde(deserialize_with = "or_default")]
    pub hosts: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub bind: String,
    pub tls: Option<Tls>,
}

/// `port`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Port {
    pub number: u16,
    #[serde(deserialize_with = "or_default")]
    pub protocol: String,
}

/// `tls`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Tls {
    #[serde(deserialize_with = "or_default")]
    pub mode: String,
    #[serde(deserialize_with = "or_default")]
    pub credential_name: String,
    pub https_redirect: bool,
}

pub(crate) fn summary(document: &Document) -> Summary {
    let Ok(spec) = mesh::read_spec::<Gateway>(document) else {
        return Summary::unreadable();
    };
    let ports: Vec<_> = spec.servers.iter().map(|s| format!("{} {}", s.port.protocol, s.port.number)).collect();
    let hosts = spec.servers.iter().flat_map(|s| &s.hosts).map(|h| h.rsplit('/').next().unwrap_or(h).to_owned());
    Summary { text: said!("opens {}", "开放 {}", ports.join(", ")), hosts: hosts.collect() }
}
