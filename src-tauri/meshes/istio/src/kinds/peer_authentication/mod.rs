//! PeerAuthentication: whether callers must use mutual TLS.

pub(crate) mod decide;

use std::collections::BTreeMap;

use mesh::Summary;
use serde::Deserialize;
use world::{Document, Said, said};

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
        return Summary::unreadable();
    };
    let mode = spec.mtls.map(|m| m.mode).filter(|m| !m.is_empty());
    let mode = mode.map_or_else(|| said!("as inherited", "沿用上级"), Said::from);
    let whom = match spec.selector.filter(|s| !s.match_labels.is_empty()) {
        Some(selector) => {
            let labels: Vec<_> = selector.match_labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
            said!("workloads with {}", "带有 {} 的工作负载", labels.join(", "))
        }
        None => said!("all workloads", "所有工作负载"),
    };
    let ports: Vec<_> = spec.port_level_mtls.iter().map(|(port, mode)| format!("{port} {}", mode.mode)).collect();
    let ports = if ports.is_empty() { Said::default() } else { said!("ports {}", "端口 {}", ports.join(", ")) };
    let rule = Said::new(format!("{} for {}", mode.en, whom.en), format!("{}，用于{}", mode.zh, whom.zh));
    Summary { text: Said::joined(&[rule, ports], " · "), hosts: Vec::new() }
}
