//! PeerAuthentication: whether callers must use mutual TLS.

pub(crate) mod decide;

use std::collections::BTreeMap;

use mesh::Summary;
use serde::Deserialize;
use world::Document;

use crate::kinds::{Selector, or_default, read};

/// `spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PeerAuthentication {
    pub selector: Option<Selector>,
    pub mtls: Option<Mode>,
    #[serde(deserialize_with = "or_default")]
    pub port_level_mtls: BTreeMap<String, Mode>,
}

impl mesh::Spec for PeerAuthentication {
    const GROUP: &'static str = crate::kinds::SECURITY;
    const KIND: &'static str = "PeerAuthentication";
}

/// `mtls`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Mode {
    #[serde(deserialize_with = "or_default")]
    pub mode: String,
}

pub(crate) fn summary(document: &Document) -> Summary {
    let Ok(spec) = read::<PeerAuthentication>(document) else {
        return Summary { text: "cannot be read".into(), hosts: Vec::new() };
    };
    let mode = spec.mtls.map(|m| m.mode).filter(|m| !m.is_empty()).unwrap_or_else(|| "as inherited".into());
    let whom = match spec.selector.filter(|s| !s.match_labels.is_empty()) {
        Some(selector) => {
            let labels: Vec<_> = selector.match_labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("workloads with {}", labels.join(", "))
        }
        None => "all workloads".into(),
    };
    let ports: Vec<_> = spec.port_level_mtls.iter().map(|(port, mode)| format!("{port} {}", mode.mode)).collect();
    let ports = if ports.is_empty() { String::new() } else { format!(" · ports {}", ports.join(", ")) };
    Summary { text: format!("{mode} for {whom}{ports}"), hosts: Vec::new() }
}
