//! DestinationRule: versions of a service, and how its callers connect.

pub(crate) mod decide;
pub(crate) mod facts;

use mesh::Summary;
use serde::Deserialize;
use serde_json::Value;
use world::{Document, Said, said};

use crate::kinds::virtual_service::spec::Port;
use crate::kinds::{Selector, or_default, read};
use crate::read::hosts::is_wildcard;

/// `spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DestinationRule {
    pub host: String,
    pub traffic_policy: Option<TrafficPolicy>,
    #[serde(deserialize_with = "or_default")]
    pub subsets: Vec<Subset>,
    #[serde(deserialize_with = "or_default")]
    pub export_to: Vec<String>,
    pub workload_selector: Option<Selector>,
}

impl mesh::Spec for DestinationRule {
    const GROUP: &'static str = crate::kinds::NETWORKING;
    const KIND: &'static str = "DestinationRule";

    /// Its namespace and its host in full, `*` for any with a star.
    fn found_by(typed: &mesh::Typed<Self>) -> Vec<String> {
        let host = decide::host_of(typed);
        let host = if is_wildcard(&host) { "*" } else { &host };
        vec![format!("{}/{host}", typed.document.key.namespace)]
    }
}

/// `trafficPolicy`, as far as it decides what becomes of a request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TrafficPolicy {
    pub tls: Option<Tls>,
    #[serde(deserialize_with = "or_default")]
    pub port_level_settings: Vec<PortPolicy>,
    pub proxy_protocol: Option<Value>,
    pub tunnel: Option<Tunnel>,
    pub retry_budget: Option<Value>,
    #[serde(flatten)]
    pub facts: Facts,
}

/// What a policy says besides: no single request shows it, so it is told as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Facts {
    pub connection_pool: Option<Value>,
    pub outlier_detection: Option<Value>,
    pub load_balancer: Option<Value>,
}

/// `tunnel`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Tunnel {
    #[serde(deserialize_with = "or_default")]
    pub target_host: String,
    pub target_port: u16,
}

/// `portLevelSettings[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PortPolicy {
    pub port: Option<Port>,
    pub tls: Option<Tls>,
    #[serde(flatten)]
    pub facts: Facts,
}

/// `tls`
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Tls {
    #[serde(deserialize_with = "or_default")]
    pub mode: String,
    #[serde(deserialize_with = "or_default")]
    pub sni: String,
    #[serde(deserialize_with = "or_default")]
    pub subject_alt_names: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub credential_name: String,
    #[serde(deserialize_with = "or_default")]
    pub client_certificate: String,
    #[serde(deserialize_with = "or_default")]
    pub ca_certificates: String,
}

/// `subsets[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Subset {
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub labels: world::Labels,
    pub traffic_policy: Option<TrafficPolicy>,
}

pub(crate) fn summary(document: &Document) -> Summary {
    let Ok(spec) = read::<DestinationRule>(document) else {
        return Summary::unreadable();
    };
    let mut parts = Vec::new();
    if !spec.subsets.is_empty() {
        let names: Vec<_> = spec.subsets.iter().map(|s| s.name.as_str()).collect();
        parts.push(said!("subsets {}", "子集 {}", names.join(", ")));
    }
    if let Some(tls) = spec.traffic_policy.as_ref().and_then(|p| p.tls.as_ref()) {
        parts.push(format!("TLS {}", tls.mode).into());
    }
    let text = if parts.is_empty() { said!("traffic policy", "流量策略") } else { Said::joined(&parts, " · ") };
    Summary { text, hosts: vec![spec.host] }
}
